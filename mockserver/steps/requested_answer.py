"""The step for answers that the caller asks for: by the header `Prefer`, a magic id, or the documented example's ids."""

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
    """The preference in a `Prefer` header; other preferences (RFC 7240) are ignored. Raises ControlError."""
    values: dict[str, str] = {}
    for part in re.split(r"[,;]", header):
        match = _PREFERENCE.fullmatch(part)
        if match:
            values.setdefault(match[1].lower(), match[2] if match[2] is not None else match[3])
    code, dynamic = values.get("code"), values.get("dynamic", "false")
    if code is not None and not re.fullmatch(r"[1-5]\d\d", code):
        raise ControlError("Unknown preference", f"Prefer has code={code}; allowed: an HTTP status, such as code=500")
    if dynamic not in ("true", "false"):
        raise ControlError("Unknown preference", f"Prefer has dynamic={dynamic}; allowed: dynamic=true or dynamic=false")
    return Preference(int(code) if code else None, values.get("example"), dynamic == "true")


def preferred_status(operation: Operation, preference: Preference) -> str | None:
    """The status that `Prefer` names, as the document writes it, if it has no example, so that an answer must be made."""
    if preference.code is None or preference.example is not None:
        return None
    if operation.vendor in VENDORS and preference.code != 204:
        return None
    if any(preference.code in example.statuses for example in operation.examples.values()) or (
        preference.code < 300 and operation.job
    ):
        return None
    return key_of(operation, preference.code)


def preferred_example(
    operation: Operation, preference: Preference, switches: Mapping[str, str]
) -> tuple[Example, int] | None:
    """The example that `Prefer` names, and the HTTP status to send it with.

    Raises ControlError for an undocumented one.
    """
    if preference.example is not None:
        example = operation.examples.get(preference.example)
        if example is None:
            raise _no_example(operation, preference.example)
        return example, _status(example, preference.code, switches)
    if preference.code is None:
        return None
    if preference.code not in operation.responses:
        documented = ", ".join(str(status) for status in sorted(operation.responses))
        raise ControlError(
            "Unknown preference", f"{operation.id} documents no {preference.code}; documented: {documented}", 404
        )
    is_answered_by_job = preference.code < 300 and operation.action is None
    if preference.dynamic or is_answered_by_job:
        return None
    if preferred_status(operation, preference) is not None:
        return None
    examples = [example for example in operation.examples.values() if preference.code in example.statuses]
    if not examples:  # it has no body: 204
        return None
    default_examples = [example for example in examples if example.status(switches) == preference.code]
    return (default_examples or examples)[0], preference.code


def _status(example: Example, code: int | None, switches: Mapping[str, str]) -> int:
    if code is None:
        return example.status(switches)
    if code not in example.statuses:
        documented = ", ".join(map(str, example.statuses))
        raise ControlError(
            "Unknown preference", f"the example {example.name!r} stands under {documented}, not under {code}", 404
        )
    return code


def _no_example(operation: Operation, name: str) -> ControlError:
    nearest = difflib.get_close_matches(name, operation.examples, 3)
    hint = "; did you mean " + " or ".join(nearest) + "?" if nearest else f"; documented: {', '.join(operation.examples)}"
    return ControlError("Unknown preference", f"{operation.id} has no example {name!r}{hint}", 404)


def example_of_magic_id(operation: Operation, parameters: Mapping[str, Any], body: Any) -> Example | str | None:
    """The error that a magic id names; a str explains an unknown one; None means an ordinary id."""
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
    nearest = difflib.get_close_matches(name, errors, 3)
    hint = " or ".join(nearest) or ", ".join(errors)
    return (
        errors.get(name) or f"{value!r} is a magic id, but {operation.id} has no error {name!r}; try mock-error- and {hint}"
    )


def documented_example(operation: Operation, parameters: Mapping[str, Any]) -> Example | None:
    """The documented example, if the request has its ids; else None."""
    documented_ids = operation.documented_request
    if documented_ids and documented_ids.items() <= parameters.items():
        return operation.examples["documented"]
    return None
