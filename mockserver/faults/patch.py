"""JSON Patch (RFC 6902: add, replace, remove, test) that also reaches into strings that hold JSON.

If a pointer leads into a string, as in `/body/rows/0/status`, the string is read as JSON, changed, and written back in the
same format: with the same indentation, or compact.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ..definitions.pointer import parts_of
from ..errors import InputError, did_you_mean

OPERATIONS = ("add", "replace", "remove", "test")
_POINTER = re.compile(r"(?:/(?:[^~/]|~[01])*)*")
_INDEX = re.compile(r"0|[1-9][0-9]{0,8}")
_INDENT = re.compile(r"\s*[\[{]\r?\n([ \t]+)")


@dataclass(frozen=True, slots=True)
class Step:
    """One step: `op` is one of `OPERATIONS`, `path` its pointer as it was written, `value` what it adds or expects."""

    op: str
    path: str
    parts: tuple[str, ...]
    value: Any = None


class Unpatchable(Exception):
    """A patch doesn't fit the document; the text says which step, and why."""


class TestFailed(Exception):
    """A `test` step found another value, so the whole patch is not meant for this document."""

    __test__ = False


def read_patch(value: Any) -> tuple[Step, ...]:
    """The steps of a patch, which is a list of objects. Raises InputError for a step that RFC 6902 doesn't allow."""
    if not isinstance(value, list | tuple) or not value:
        raise InputError(
            f"patch is {_short_repr(value)}; allowed: a list of steps, such as {{op: replace, path: /a, value: 1}}"
        )
    return tuple(_patch_step(index, item) for index, item in enumerate(value))


def _patch_step(index: int, item: Any) -> Step:
    where = f"patch/{index}"
    if not isinstance(item, Mapping):
        raise InputError(f"{where} is {_short_repr(item)}; allowed: an object with op, path and value")
    for name in item:
        if name not in ("op", "path", "value"):
            raise InputError(f"{where} has {name!r}{did_you_mean(name, ('op', 'path', 'value'))}; allowed: op, path, value")
    op, path = item.get("op"), item.get("path")
    if op not in OPERATIONS:
        raise InputError(f"{where}/op is {_short_repr(op)}{did_you_mean(op, OPERATIONS)}; allowed: {', '.join(OPERATIONS)}")
    if not isinstance(path, str) or not _POINTER.fullmatch(path):
        raise InputError(f"{where}/path is {_short_repr(path)}; allowed: a JSON pointer, such as /rows/0/status (RFC 6901)")
    if op == "remove" and (not path or "value" in item):
        mistake = "has a value" if path else "removes the whole document"
        raise InputError(f"{where} {mistake}; allowed: remove with a path alone")
    if op != "remove" and "value" not in item:
        raise InputError(f"{where} has no value; {op} needs one")
    _check_json(where, item.get("value"))
    return Step(op, path, parts_of(path), item.get("value"))


def _check_json(where: str, value: Any) -> None:
    try:
        json.dumps(value, allow_nan=False)
    except (TypeError, ValueError, RecursionError) as error:
        raise InputError(f"{where}/value is not JSON: {error}") from None


def apply_patch(document: Any, steps: tuple[Step, ...]) -> Any:
    """A patched copy of the document.

    Raises Unpatchable for a pointer that leads to nothing, TestFailed if a `test` finds another value.
    """
    for number, step in enumerate(steps):
        try:
            document = _apply(document, step.parts, step)
        except _PathNotFound as error:
            raise Unpatchable(f"patch/{number} ({step.op} {step.path or 'the whole document'}): {error}") from None
    return document


class _PathNotFound(Exception):
    pass


def _apply(value: Any, parts: tuple[str, ...], step: Step) -> Any:
    if not parts:
        if step.op == "test":
            _check_test(value, step)
            return value
        return step.value
    if isinstance(value, str):
        return _change_embedded(value, lambda inner: _apply(inner, parts, step), parts[0])
    if isinstance(value, dict):
        return _in_object(value, parts, step)
    if isinstance(value, list):
        return _in_list(value, parts, step)
    raise _PathNotFound(f"nothing can be at {parts[0]!r} in {_short_repr(value)}")


def _in_object(value: dict[str, Any], parts: tuple[str, ...], step: Step) -> dict[str, Any]:
    name, last = parts[0], len(parts) == 1
    if name not in value and not (last and step.op == "add"):
        raise _PathNotFound(f"there is no {name!r}{did_you_mean(name, value)}; there are {', '.join(value) or 'no members'}")
    if last and step.op == "remove":
        return {key: child for key, child in value.items() if key != name}
    return {**value, name: _apply(value.get(name), parts[1:], step)}


def _in_list(value: list[Any], parts: tuple[str, ...], step: Step) -> list[Any]:
    last = len(parts) == 1
    is_add = last and step.op == "add"
    if parts[0] == "-" and is_add:
        return [*value, step.value]
    if not _INDEX.fullmatch(parts[0]):
        raise _PathNotFound(f"{parts[0]!r} is not an index of a list{' (or -)' if is_add else ''}")
    index = int(parts[0])
    if index >= len(value) + is_add:
        raise _PathNotFound(f"the list has {len(value)} items, and none at {index}")
    if is_add:
        return [*value[:index], step.value, *value[index:]]
    if last and step.op == "remove":
        return value[:index] + value[index + 1 :]
    return [*value[:index], _apply(value[index], parts[1:], step), *value[index + 1 :]]


def _check_test(value: Any, step: Step) -> None:
    """RFC 6902, 4.6: equal as JSON, so that 1 is 1.0 but not true."""
    if json.dumps(_normalized_numbers(value), sort_keys=True) != json.dumps(_normalized_numbers(step.value), sort_keys=True):
        raise TestFailed(f"test {step.path}: found {_short_repr(value)}")


def _normalized_numbers(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _normalized_numbers(child) for key, child in value.items()}
    if isinstance(value, list | tuple):
        return [_normalized_numbers(child) for child in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _change_embedded(text: str, change: Callable[[Any], Any], part: str) -> str:
    """The text with the JSON in it changed; exactly the same text if nothing changed."""
    try:
        inner = json.loads(text)
    except (ValueError, RecursionError):
        raise _PathNotFound(f"nothing can be at {part!r} in {_short_repr(text)}, which holds no JSON") from None
    if not isinstance(inner, dict | list):
        raise _PathNotFound(f"nothing can be at {part!r} in {_short_repr(text)}")
    changed = change(inner)
    return text if repr(changed) == repr(inner) else _dump_in_same_format(text, inner, changed)


def _dump_in_same_format(text: str, inner: Any, changed: Any) -> str:
    indent = _INDENT.match(text)
    if indent:
        is_tight = json.dumps(inner, ensure_ascii=False, indent=indent[1], separators=(",", ":")) == text
        separators = (",", ":") if is_tight else (",", ": ")
        return json.dumps(changed, ensure_ascii=False, indent=indent[1], separators=separators)
    is_loose = json.dumps(inner, ensure_ascii=False) == text
    return json.dumps(changed, ensure_ascii=False, separators=(", ", ": ") if is_loose else (",", ":"))


def _short_repr(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 80 else text[:77] + "..."
