"""Errors: in the vendor's form, with a code that the operation's catalogue has under this HTTP status."""

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
    """An error as its body has it: the form, where code and message stand, and what they are."""

    form: str
    code: str
    message: str
    code_at: str
    message_at: str


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
    """The error in a body; None where it has none of the vendors' forms."""
    for form, code, message, around in _FORMS:
        inner = body.get(around) if around and isinstance(body, dict) else body
        if (
            isinstance(inner, dict)
            and isinstance(inner.get(code), str | int)
            and (message in inner or form == "apim-status")
        ):
            start = f"/{around}" if around else ""
            text = inner.get(message, "")
            whose = "gateway" if form == "service" and "request_id" in inner else form
            return ErrorBody(whose, str(inner[code]), str(text), f"{start}/{code}", f"{start}/{message}")
    return None


def is_error(operation: Operation, status: int, body: Any) -> bool:
    """Whether an answer is an error: by its HTTP status, or by a code in a body that came with 200 (EnOS)."""
    if status >= 400:
        return True
    error = read_error(body)
    if error is None:
        return False
    if any(status in example.statuses for example in operation.errors()):
        return error.form == "apim-status" or error.code != "0"
    return error.form == "iam" or (_envelope_name(error.form) in _forms_of(operation) and error.code not in ("0", ""))


def check_error(definitions: Definitions, operation: Operation, status: int, body: Any) -> list[Finding]:
    """Form, code, status and message of an error. Of a user's document that names no codes, the schema says all."""
    if operation.vendor not in VENDORS and not operation.errors():
        return []
    error = read_error(body)
    here = [example for example in operation.errors() if status in example.statuses]
    forms = sorted({_envelope_name(example.envelope) for example in here} if status >= 400 else _forms_of(operation))
    elsewhere = error is not None and any(
        example.envelope == error.form and max(example.statuses) >= 400 and _same_code(example, error.code)
        for example in operation.errors()
    )
    if error is None or (forms and _envelope_name(error.form) not in forms and not elsewhere):
        result = excerpt(body) if error is None else f"the form {error.form}: {excerpt(body)}"
        source = operation.answers[status].place if status in operation.answers else operation.place
        return [
            finding(
                "envelope-wrong", "body", "", result, f"an error in the form {' or '.join(forms) or 'documented'}", source
            )
        ]
    if status >= 400 and error.code == "0" and error.form in ("enos", "apim-token"):
        result, documented = f"{status} with code 0, which says that all went well", "code 0 under 200 alone"
        return [finding("error-status-wrong", "status", "", result, documented, operation.place)]
    matching = [example for example in operation.errors() if _same_code(example, error.code)]
    if not matching:
        unknown = list(_unknown_code(definitions, operation, error))
        return unknown if here or status >= 400 else [_under_success(operation, status, error), *unknown]
    standing = [example for example in matching if status in example.statuses]
    if not standing:
        statuses = ", ".join(sorted({str(item) for example in matching for item in example.statuses}))
        result, documented = f"{status} with the error {error.code}", f"{error.code} stands under {statuses}"
        return [finding("error-status-wrong", "status", "", result, documented, operation.place, matching[0].provenance)]
    return list(_message(definitions, operation, standing, error))


def _forms_of(operation: Operation) -> set[str]:
    return {_envelope_name(example.envelope) for example in operation.errors()}


def _under_success(operation: Operation, status: int, error: ErrorBody) -> Finding:
    statuses = sorted({item for example in operation.errors() for item in example.statuses})
    documented = f"errors under {', '.join(map(str, statuses))}"
    return finding("error-status-wrong", "status", "", f"{status} with the error {error.code}", documented, operation.place)


def _envelope_name(form: str) -> str:
    return "service" if form == "gateway" else form


def _same_code(example: Example, code: str) -> bool:
    assert example.error is not None
    return _GATEWAY.sub("APIG.", str(example.error["code"])) == _GATEWAY.sub("APIG.", code)


def _unknown_code(definitions: Definitions, operation: Operation, error: ErrorBody) -> Iterator[Finding]:
    """A code that the service has elsewhere is still a code of the vendor's."""
    service = definitions.services.get(operation.service)
    if service and any(_same_code(example, error.code) for example in service.catalogue.values()):
        return
    allowed = ", ".join(dict.fromkeys(str(example.error["code"]) for example in operation.errors() if example.error))
    yield finding("error-code-unknown", "body", error.code_at, error.code, f"one of {allowed}", operation.place)


def _message(definitions: Definitions, operation: Operation, standing: list[Example], error: ErrorBody) -> Iterator[Finding]:
    texts = [text for example in standing for text in _message_texts(definitions, example)]
    if texts and error.form != "apim-status" and not any(_form(text).fullmatch(error.message) for text in texts):
        documented = " or ".join(repr(text) for text in dict.fromkeys(texts))
        provenance = standing[0].provenance
        yield finding(
            "error-message-differs",
            "body",
            error.message_at,
            excerpt(error.message),
            documented,
            operation.place,
            provenance,
        )


def _message_texts(definitions: Definitions, example: Example) -> list[str]:
    assert example.error is not None
    if "messages" in example.error:
        return list(definitions.switches[example.error["messages"]["switch"]].values.values())
    return [str(example.error["message"])]


def _form(text: str) -> re.Pattern[str]:
    return re.compile(".*".join(map(re.escape, re.split(r"{\w+}", text))), re.DOTALL)


def name_of(operation: Operation, status: int, body: Any) -> str | None:
    """The documented error that a body is, by its name; None for one that isn't documented under this status."""
    error = read_error(body)
    if error is None:
        return None
    result = [item for item in operation.errors() if status in item.statuses and _same_code(item, error.code)]
    exact = [
        item
        for item in result
        if item.error and "messages" not in item.error and _form(item.error["message"]).fullmatch(error.message)
    ]
    return next((item.name for item in [*exact, *result]), None)
