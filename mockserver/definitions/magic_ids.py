"""Magic ids: a name in place of an ordinary id asks for a documented error, since SDK callers can't add headers."""

from __future__ import annotations

from .model import Operation

PREFIXES = ("mock-error-", "mock_error_")


def magic_id(operation: Operation, name: str) -> str | None:
    """The id that asks this operation for the error `name`; None where the parameter's schema admits no form of it."""
    if operation.magic is None:
        return None
    dashed = PREFIXES[0] + name
    if operation.magic.body:
        return dashed
    parameter = next(p for p in operation.parameters if p.name == operation.magic.parameter)
    forms = (dashed, dashed.replace("-", "_"))
    return next((form for form in forms if not any(parameter.errors(form))), None)


def magic_form(operation: Operation) -> str:
    """How this operation's magic ids are written: a parameter that takes no `-` has `_` in their place."""
    forms = [magic_id(operation, example.name) or "" for example in operation.errors()]
    dashes = all(form.startswith(PREFIXES[0]) for form in forms)
    return "mock-error-NAME" if dashes else "mock_error_NAME (with _ for each -)"


def error_name(value: str) -> str | None:
    """The error that an id asks for; None where it is an ordinary id."""
    for prefix in PREFIXES:
        if value.startswith(prefix):
            return value[len(prefix) :].replace("_", "-")
    return None
