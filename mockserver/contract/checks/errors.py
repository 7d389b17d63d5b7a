"""Checks of errors: the vendor's form, and a code that the operation's catalogue has under this HTTP status."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ...definitions import Definitions, Example, Operation
from ...definitions.model import VENDORS
from ...errors import excerpt
from ..findings import Finding, finding

_GATEWAY = re.compile(r"^APIGW?\.")


@dataclass(frozen=True, slots=True)
class ErrorBody:
    """An error read from a body: its form, its code and message, and the pointers to these two."""

    form: str
    code: str
    message: str
    code_pointer: str
    message_pointer: str


_FORMS: tuple[tuple[str, str, str, str], ...] = (
    # form, the member of the code, that of the message, an object around them
    ("cdm", "errCode", "externalMessage", ""),
    ("cdm", "errCode", "message", ""),
    ("service", "error_code", "error_msg", ""),
    ("apim-status", "apim_status", "apim_refreshtoken", ""),
    ("enos", "code", "msg", ""),
    ("apim-token", "status", "msg", ""),
    ("apim-token", "stauts", "msg", ""),
    ("iam", "code", "message", "error"),
)


def read_error(body: Any) -> ErrorBody | None:
    """The error in a body; None if the body has none of the vendors' error forms."""
    for form, code, message, wrapper in _FORMS:
        error = body.get(wrapper) if wrapper and isinstance(body, dict) else body
        if (
            isinstance(error, dict)
            and isinstance(error.get(code), str | int)
            and (message in error or form == "apim-status")
        ):
            prefix = f"/{wrapper}" if wrapper else ""
            text = error.get(message, "")
            form_name = "gateway" if form == "service" and "request_id" in error else form
            return ErrorBody(form_name, str(error[code]), str(text), f"{prefix}/{code}", f"{prefix}/{message}")
    return None


def is_error(operation: Operation, status: int, body: Any) -> bool:
    """True if the HTTP status is an error, or the body has an error code though the status is 200 (EnOS)."""
    if status >= 400:
        return True
    error = read_error(body)
    if error is None:
        return False
    if any(status in example.statuses for example in operation.errors()):
        return error.form == "apim-status" or error.code != "0"
    return error.form == "iam" or (
        _envelope_name(error.form) in _documented_forms(operation) and error.code not in ("0", "")
    )


def check_error(definitions: Definitions, operation: Operation, status: int, body: Any) -> list[Finding]:
    """Check form, code, status and message. For a user's document that names no codes, the schema check is enough."""
    if operation.vendor not in VENDORS and not operation.errors():
        return []
    error = read_error(body)
    examples_of_status = [example for example in operation.errors() if status in example.statuses]
    forms = sorted(
        {_envelope_name(example.envelope) for example in examples_of_status}
        if status >= 400
        else _documented_forms(operation)
    )
    has_other_documented_form = error is not None and any(
        example.envelope == error.form and max(example.statuses) >= 400 and _same_code(example, error.code)
        for example in operation.errors()
    )
    if error is None or (forms and _envelope_name(error.form) not in forms and not has_other_documented_form):
        actual = excerpt(body) if error is None else f"the form {error.form}: {excerpt(body)}"
        source = operation.answers[status].place if status in operation.answers else operation.place
        return [
            finding(
                "envelope-wrong", "body", "", actual, f"an error in the form {' or '.join(forms) or 'documented'}", source
            )
        ]
    if status >= 400 and error.code == "0" and error.form in ("enos", "apim-token"):
        actual, documented = f"{status} with code 0, which says that all went well", "code 0 under 200 alone"
        return [finding("error-status-wrong", "status", "", actual, documented, operation.place)]
    examples_of_code = [example for example in operation.errors() if _same_code(example, error.code)]
    if not examples_of_code:
        findings = list(_check_code(definitions, operation, error))
        return (
            findings if examples_of_status or status >= 400 else [_error_under_success(operation, status, error), *findings]
        )
    matches = [example for example in examples_of_code if status in example.statuses]
    if not matches:
        statuses = ", ".join(sorted({str(item) for example in examples_of_code for item in example.statuses}))
        actual, documented = f"{status} with the error {error.code}", f"{error.code} stands under {statuses}"
        return [
            finding("error-status-wrong", "status", "", actual, documented, operation.place, examples_of_code[0].provenance)
        ]
    return list(_check_message(definitions, operation, matches, error))


def _documented_forms(operation: Operation) -> set[str]:
    return {_envelope_name(example.envelope) for example in operation.errors()}


def _error_under_success(operation: Operation, status: int, error: ErrorBody) -> Finding:
    statuses = sorted({documented for example in operation.errors() for documented in example.statuses})
    documented = f"errors under {', '.join(map(str, statuses))}"
    return finding("error-status-wrong", "status", "", f"{status} with the error {error.code}", documented, operation.place)


def _envelope_name(form: str) -> str:
    return "service" if form == "gateway" else form


def _same_code(example: Example, code: str) -> bool:
    assert example.error is not None
    return _GATEWAY.sub("APIG.", str(example.error["code"])) == _GATEWAY.sub("APIG.", code)


def _check_code(definitions: Definitions, operation: Operation, error: ErrorBody) -> Iterator[Finding]:
    """A finding, unless the service has this code at another operation: then it is still one of the vendor's codes."""
    service = definitions.services.get(operation.service)
    if service and any(_same_code(example, error.code) for example in service.catalogue.values()):
        return
    allowed = ", ".join(dict.fromkeys(str(example.error["code"]) for example in operation.errors() if example.error))
    yield finding("error-code-unknown", "body", error.code_pointer, error.code, f"one of {allowed}", operation.place)


def _check_message(
    definitions: Definitions, operation: Operation, examples: list[Example], error: ErrorBody
) -> Iterator[Finding]:
    texts = [text for example in examples for text in _documented_messages(definitions, example)]
    if texts and error.form != "apim-status" and not any(_message_pattern(text).fullmatch(error.message) for text in texts):
        documented = " or ".join(repr(text) for text in dict.fromkeys(texts))
        provenance = examples[0].provenance
        yield finding(
            "error-message-differs",
            "body",
            error.message_pointer,
            excerpt(error.message),
            documented,
            operation.place,
            provenance,
        )


def _documented_messages(definitions: Definitions, example: Example) -> list[str]:
    assert example.error is not None
    if "messages" in example.error:
        return list(definitions.switches[example.error["messages"]["switch"]].values.values())
    return [str(example.error["message"])]


def _message_pattern(text: str) -> re.Pattern[str]:
    return re.compile(".*".join(map(re.escape, re.split(r"{\w+}", text))), re.DOTALL)


def name_of(operation: Operation, status: int, body: Any) -> str | None:
    """The name of the documented error that the body holds; None if it isn't documented under this status."""
    error = read_error(body)
    if error is None:
        return None
    examples = [item for item in operation.errors() if status in item.statuses and _same_code(item, error.code)]
    with_this_message = [
        item
        for item in examples
        if item.error and "messages" not in item.error and _message_pattern(item.error["message"]).fullmatch(error.message)
    ]
    return next((item.name for item in [*with_this_message, *examples]), None)
