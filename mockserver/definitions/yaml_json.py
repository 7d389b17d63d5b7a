"""YAML as JSON can say it (YAML 1.2): `on`, `22:30:00` and dates stay text, keys are text, and aliases have a limit."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from .limits import DEPTH, NODES

_NULL = re.compile(r"null|Null|NULL|~|")
_BOOLEAN = re.compile(r"true|True|TRUE|false|False|FALSE")
_INTEGER = re.compile(r"[-+]?[0-9]{1,400}")
_RADIX = re.compile(r"0o[0-7]{1,400}|0x[0-9a-fA-F]{1,400}")
_NUMBER = re.compile(r"[-+]?(\.[0-9]{1,400}|[0-9]{1,400}(\.[0-9]{0,400})?)([eE][-+]?[0-9]{1,3})?")
_TAGS: dict[str, Callable[[str], Any]] = {
    "tag:yaml.org,2002:str": str,
    "tag:yaml.org,2002:int": lambda text: int(text.replace("_", "")),
    "tag:yaml.org,2002:float": lambda text: float(text.replace("_", "")),
    "tag:yaml.org,2002:bool": lambda text: text.lower() in ("true", "yes", "on"),
    "tag:yaml.org,2002:null": lambda _text: None,
    "tag:yaml.org,2002:timestamp": str,
}
_COLLECTIONS = ("tag:yaml.org,2002:map", "tag:yaml.org,2002:seq", "tag:yaml.org,2002:omap")


class YamlError(ValueError):
    """A text that is not YAML, or says what JSON can't."""


@dataclass(slots=True)
class _Open:
    """A collection that is being read: `key` is the pending key of an object, `size` how many nodes it has so far."""

    value: Any
    anchor: str | None
    mark: Any
    key: str | None = None
    has_key: bool = False
    size: int = 1
    merged: list[Any] = field(default_factory=list)


def parse_yaml(text: str) -> Any:
    """The value of a YAML document. Raises YamlError, which says the line, and names what is too large or too deep."""
    import yaml  # only users' own documents are YAML, and it takes 20 ms

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    reader = _Reader()
    try:
        for event in yaml.parse(text, loader):
            reader.take(event)
    except (yaml.YAMLError, RecursionError) as error:
        raise YamlError(" ".join(str(error).split())) from error
    return reader.result


class _Reader:
    """Builds the value from events, without recursion: aliases share what they point to, and count as often."""

    def __init__(self) -> None:
        self.result: Any = None
        self._open: list[_Open] = []
        self._anchors: dict[str, tuple[Any, int]] = {}
        self._documents = 0

    def take(self, event: Any) -> None:
        kind = type(event).__name__
        if kind == "ScalarEvent":
            self._scalar(event)
        elif kind in ("MappingStartEvent", "SequenceStartEvent"):
            self._start(event, {} if kind == "MappingStartEvent" else [])
        elif kind in ("MappingEndEvent", "SequenceEndEvent"):
            self._end_collection(event)
        elif kind == "AliasEvent":
            self._alias(event)
        elif kind == "DocumentStartEvent":
            self._documents += 1
            if self._documents > 1:
                raise _yaml_error(event, "a second document in one file (after ---)")

    def _start(self, event: Any, value: Any) -> None:
        if event.tag not in (None, "!", *_COLLECTIONS):
            raise _yaml_error(event, f"could not determine a constructor for the tag {event.tag!r}, which JSON doesn't have")
        if self._open and isinstance(self._open[-1].value, dict) and not self._open[-1].has_key:
            raise _yaml_error(event, "a key that is not a text")
        if len(self._open) >= DEPTH:
            raise _yaml_error(event, f"values nested deeper than {DEPTH} levels")
        self._open.append(_Open(value, event.anchor, event.start_mark))

    def _end_collection(self, event: Any) -> None:
        done = self._open.pop()
        for other in done.merged:
            for key, value in other.items():
                done.value.setdefault(key, value)
        if done.anchor:
            self._anchors[done.anchor] = (done.value, done.size)
        self._put(event, done.value, done.size)

    def _scalar(self, event: Any) -> None:
        plain = event.implicit[0]
        top = self._open[-1] if self._open else None
        if top is not None and isinstance(top.value, dict) and not top.has_key:
            top.key, top.has_key = event.value, True
            if event.anchor:
                self._anchors[event.anchor] = (event.value, 1)
            return
        value = _plain_scalar(event.value) if plain and event.tag is None else self._tagged(event)
        if event.anchor:
            self._anchors[event.anchor] = (value, 1)
        self._put(event, value, 1)

    @staticmethod
    def _tagged(event: Any) -> Any:
        if event.tag in (None, "!"):
            return event.value
        form = _TAGS.get(event.tag)
        try:
            if form is not None:
                return form(event.value)
        except ValueError:
            raise _yaml_error(event, f"{event.value!r} with the tag {event.tag!r}") from None
        raise _yaml_error(event, f"could not determine a constructor for the tag {event.tag!r}, which JSON doesn't have")

    def _alias(self, event: Any) -> None:
        if event.anchor not in self._anchors:
            circle = any(place.anchor == event.anchor for place in self._open)
            why = "Circular reference detected: the alias" if circle else "undefined alias"
            raise _yaml_error(event, f"{why} *{event.anchor}{' is inside what it points to' if circle else ''}")
        value, size = self._anchors[event.anchor]
        top = self._open[-1] if self._open else None
        if top is not None and isinstance(top.value, dict) and not top.has_key:
            top.key, top.has_key = str(value), True
            return
        self._put(event, value, size)

    def _put(self, event: Any, value: Any, size: int) -> None:
        if not self._open:
            self.result = value
            return
        top = self._open[-1]
        top.size += size
        if top.size > NODES:
            raise _yaml_error(event, f"more than {NODES:,} values, aliases counted as often as they are used")
        if isinstance(top.value, list):
            top.value.append(value)
            return
        if top.key == "<<" and isinstance(value, dict | list):
            top.merged += [part for part in (value if isinstance(value, list) else [value]) if isinstance(part, dict)]
        else:
            top.value[top.key] = value
        top.has_key = False


def _plain_scalar(text: str) -> Any:
    """A scalar without quotes, by YAML 1.2's core schema."""
    if _NULL.fullmatch(text):
        return None
    if _BOOLEAN.fullmatch(text):
        return text.lower() == "true"
    if _INTEGER.fullmatch(text):
        return int(text)
    if _RADIX.fullmatch(text):
        return int(text, 0)
    if _NUMBER.fullmatch(text):
        value = float(text)
        return value if value - value == 0 else text  # infinity is not JSON
    return text


def _yaml_error(event: Any, what: str) -> YamlError:
    return YamlError(f"{what}, in line {event.start_mark.line + 1}")
