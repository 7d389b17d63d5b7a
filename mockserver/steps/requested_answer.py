"""An answer that the caller asks for: by the header `Prefer`, by a magic id, or by the documented example's own ids."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..answers.made_answer import key_of
from ..definitions import Example, Operation
from ..definitions.magic_ids import error_name
from ..definitions.model import VENDORS
from ..definitions.pointer import at, parts_of
from ..errors import ControlError

_PREFERENCE = re.compile(r'\s*([A-Za-z_-]+)\s*=\s*(?:"([^"]*)"|([^",;\s]+))\s*')


@dataclass(frozen=True, slots=True)
class Preference:
    """What `Prefer` asks for, in Prism's grammar: `code=500`, `example=NAME`, `dynamic=true`."""

    code: int | None = None
    example: str | None = None
    dynamic: bool = False


def read_preference(header: str) -> Preference:
    """The wish in a `Prefer` header; preferences that are not the mock's (RFC 7240) are left alone. Raises ControlError."""
    collected: dict[str, str] = {}
    for part in re.split(r"[,;]", header):
        match = _PREFERENCE.fullmatch(part)
        if match:
            collected.setdefault(match[1].lower(), match[2] if match[2] is not None else match[3])
    code, dynamic = collected.get("code"), collected.get("dynamic", "false")
    if code is not None and not re.fullmatch(r"[1-5]\d\d", code):
        raise ControlError("Unknown preference", f"Prefer has code={code}; allowed: an HTTP status, such as code=500")
    if dynamic not in ("true", "false"):
        raise ControlError("Unknown preference", f"Prefer has dynamic={dynamic}; allowed: dynamic=true or dynamic=false")
    return Preference(int(code) if code else None, collected.get("example"), dynamic == "true")


def preferred_status(operation: Operation, requested: Preference) -> str | None:
    """The status that `Prefer` names, as the document writes it, where its answer has to be made: it has no example."""
    if requested.code is None or requested.example is not None:
        return None
    if operation.vendor in VENDORS and requested.code != 204:
        return None
    if any(requested.code in example.statuses for example in operation.examples.values()) or (
        requested.code < 300 and operation.job
    ):
        return None
    return key_of(operation, requested.code)


def preferred_example(
    operation: Operation, requested: Preference, switches: Mapping[str, str]
) -> tuple[Example, int] | None:
    """The example that `Prefer` names, and the HTTP status to send it with.

    Raises ControlError for one that isn't documented.
    """
    if requested.example is not None:
        example = operation.examples.get(requested.example)
        if example is None:
            raise _no_example(operation, requested.example)
        return example, _status(example, requested.code, switches)
    if requested.code is None:
        return None
    if requested.code not in operation.responses:
        allowed_text = ", ".join(str(status) for status in sorted(operation.responses))
        raise ControlError(
            "Unknown preference", f"{operation.id} documents no {requested.code}; documented: {allowed_text}", 404
        )
    served = requested.code < 300 and operation.action is None  # the job as it is; a call that acts on jobs does nothing
    if requested.dynamic or served:
        return None
    if preferred_status(operation, requested) is not None:
        return None
    standing = [example for example in operation.examples.values() if requested.code in example.statuses]
    if not standing:  # it has no body: 204
        return None
    usual = [example for example in standing if example.status(switches) == requested.code]
    return (usual or standing)[0], requested.code


def _status(example: Example, code: int | None, switches: Mapping[str, str]) -> int:
    if code is None:
        return example.status(switches)
    if code not in example.statuses:
        stands = ", ".join(map(str, example.statuses))
        raise ControlError(
            "Unknown preference", f"the example {example.name!r} stands under {stands}, not under {code}", 404
        )
    return code


def _no_example(operation: Operation, name: str) -> ControlError:
    near = difflib.get_close_matches(name, operation.examples, 3)
    allowed_text = "; did you mean " + " or ".join(near) + "?" if near else f"; documented: {', '.join(operation.examples)}"
    return ControlError("Unknown preference", f"{operation.id} has no example {name!r}{allowed_text}", 404)


def example_of_magic_id(operation: Operation, parameters: Mapping[str, Any], body: Any) -> Example | str | None:
    """The error that a magic id names; a str is an unknown one's explanation, None an ordinary id."""
    if operation.magic is None:
        return None
    if operation.magic.parameter:
        value = parameters.get(operation.magic.parameter)
    else:
        try:
            value = at(body, parts_of(operation.magic.body or ""))
        except KeyError:
            value = None
    name = error_name(value) if isinstance(value, str) else None
    if name is None:
        return None
    errors = {example.name: example for example in operation.errors()}
    near = difflib.get_close_matches(name, errors, 3)
    hint = " or ".join(near) or ", ".join(errors)
    return (
        errors.get(name) or f"{value!r} is a magic id, but {operation.id} has no error {name!r}; try mock-error- and {hint}"
    )


def documented_example(operation: Operation, parameters: Mapping[str, Any]) -> Example | None:
    """The documented example, where the request has the documented example's ids."""
    expected = operation.documented_request
    if expected and expected.items() <= parameters.items():
        return operation.examples["documented"]
    return None
