"""Values by their names in any text: JSON (also inside strings, at any depth), Python, YAML, XML, forms, multipart, logs.

Each scan takes time in proportion to the text: a pattern starts only where a run of its characters begins, and what was
read as a value isn't read again.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from urllib.parse import unquote

Named = Callable[[str], bool]
"""Whether what has this name is wanted."""

_BLANK = r"\s*(?:\\+[nrt]\s*){0,8}"
_NAME = re.compile(rf"(?<![\w.-])(?=(?P<name>[\w.-]+))(?P=name)(?P<close>\\*[\"'])?{_BLANK}(?P<sign>[:=])")
_CODE = r"%[0-9a-fA-F]{2}|\\+u00[0-9a-fA-F]{2}"
_ENCODED_NAME = re.compile(
    rf"(?<![\w.%+\\-])(?P<name>(?:[\w.+-]|{_CODE}){{1,128}})(?P<close>\\*[\"'])?{_BLANK}(?P<sign>[:=])"
)
_ELEMENT = re.compile(r"<(?:[\w.-]+:)?(?P<name>[\w.-]+)(?:\s[^<>]*)?>\s*(?:<!\[CDATA\[(?P<data>[^\]<]+)|(?P<text>[^<]+))")
_QUOTE = re.compile(r"\\*[\"']")
_NUMBER = re.compile(r"-?\d+(?![\w.])")
_BARE = re.compile(r"[^\s&;,\"'\\<>]+")
_LINE = re.compile(r"[^\r\n]+")
_QUOTED_LINE = re.compile(r"[^\r\n\"'\\]+")
_FLOW = re.compile(r"[^\r\n\"'\\,{}\[\]]+")
_BLOCK = re.compile(r"[|>][+-]?\d?[ \t]*\r?\n(?P<lines>(?:[ \t]+[^\r\n]*\r?\n?|\r?\n){1,1000})")
_FIELD = re.compile(r"\\*[\"']?([^\s\"'\\;]{1,256})")
_PART = re.compile(r"[^\r\n]{0,1000}\r?\n(?:[^\r\n]{1,1000}\r?\n){0,20}\r?\n")
_AFTER_SIGN = re.compile(rf"=?>?{_BLANK}")
_SPACES = re.compile(r"[ \t]*")
_BACK = 48
_STRUCTURE = frozenset({
    "user", "domain", "project", "catalog", "roles", "methods", "scope", "name", "type", "expires", "expires_at",
    "issued_at", "region", "description", "endpoints", "links",
})  # fmt: skip
"""Members of an object that has a secret's name (IAM's `token`, `password`) which are none themselves."""


@dataclass(frozen=True, slots=True)
class Member:
    """A value in a text: its name; where it stands; as it stands there.

    `level` says how deep in strings that hold JSON a quoted value stands (0: in none); None for any other value. A number of
    JSON is `numeric`: what stands in its place must be one.
    """

    name: str
    start: int
    end: int
    value: str
    level: int | None = None
    numeric: bool = False


def members(text: str, is_wanted: Named) -> Iterator[Member]:
    """The members of JSON with these names, also those in strings that hold JSON; the text need not be whole."""
    return (item for item in _named_members(text, is_wanted, _NAME, False) if item.level is not None or item.numeric)


def values(text: str, is_wanted: Named) -> list[Member]:
    """The values with these names in all forms, in order; everything in an object or a list that has such a name."""
    matches = list(_named_members(text, is_wanted, _NAME, True))
    if "%" in text or "\\u00" in text:
        matches += _named_members(text, is_wanted, _ENCODED_NAME, True)
    if "</" in text or "<!" in text:
        matches += _elements(text, is_wanted)
    return ordered(matches)


def ordered(result: Iterable[Member]) -> list[Member]:
    """Values in the order of the text, none inside another."""
    remaining: list[Member] = []
    for item in sorted(result, key=lambda member: (member.start, -member.end)):
        end = remaining[-1].end if remaining else 0
        if item.start >= end:
            remaining.append(item)
        elif item.end > end:
            remaining.append(replace(item, start=end, value=item.value[end - item.start :]))
    return remaining


def replaced(text: str, result: Iterable[Member], by: Callable[[Member], str]) -> str:
    """Text in which something else stands for the values of members."""
    parts, at = [], 0
    for member in result:
        parts += [text[at : member.start], by(member)]
        at = member.end
    return "".join([*parts, text[at:]])


def plain(member: Member) -> str:
    """A member's value without the escapes of the strings it stands in; as it is where they are cut."""
    result = member.value
    for _ in range(0 if member.level is None or "\\" not in result else member.level + 1):
        try:
            result = str(json.loads(f'"{result}"', strict=False))
        except (ValueError, RecursionError):
            break
    return result


def _named_members(text: str, is_wanted: Named, names: re.Pattern[str], deep: bool) -> Iterator[Member]:
    at = 0
    while match := names.search(text, at):
        at = match.end()
        name, after_escape = _name_of_match(text, match)
        if names is _ENCODED_NAME and name == match["name"]:
            continue
        if deep and name == "name" and match["sign"] == "=":
            result = _form_field(text, at, is_wanted)
        elif is_wanted(name):
            result, at = _value_after(text, match, (name, after_escape), is_wanted, deep)
        else:
            continue
        yield from result
        at = max(at, result[-1].end if result else 0)


def _name_of_match(text: str, match: re.Match[str]) -> tuple[str, bool]:
    """The name without what encodes it, and without the escape in front of it (`\\nToken`), and whether there was one."""
    name, start = match["name"], match.start("name")
    escaped = len(name) > 1 and name[0] in "nrt" and text[start - 1 : start] == "\\"
    name = name[1:] if escaped else name
    if "%" in name:
        name = unquote(name)
    if "\\" in name:
        name = re.sub(r"\\+u00([0-9a-fA-F]{2})", lambda code: chr(int(code[1], 16)), name)
    return name, escaped


def _value_after(
    text: str, match: re.Match[str], called: tuple[str, bool], is_wanted: Named, deep: bool
) -> tuple[list[Member], int]:
    """The values after a name (`called`: the name, and whether an escape is in front of it), and where to read on."""
    name = called[0]
    if match["close"] and match["sign"] == ":":
        return _after(text, _skip(_AFTER_SIGN, text, match.end()), name, is_wanted if deep else None)
    if not deep:
        return [], match.end()
    start = _skip(_SPACES, text, match.end())
    if match["sign"] == "=":
        start = _skip(_SPACES, text, start + text.startswith("=", start))
        quote = _QUOTE.match(text, start)
        return [_string(text, quote, name)] if quote else _run_of_characters(text, start, name, _BARE), match.end()
    return _rest_of_line(text, start, match.start("name"), called, is_wanted)


def _skip(what: re.Pattern[str], text: str, start: int) -> int:
    match = what.match(text, start)
    return match.end() if match else start


def _after(text: str, start: int, name: str, is_wanted: Named | None) -> tuple[list[Member], int]:
    """A value of JSON or Python: a string, a number, or everything inside brackets."""
    quote = _QUOTE.match(text, start)
    if quote:
        return [_string(text, quote, name)], start
    if is_wanted is not None and text[start : start + 1] in ("{", "["):
        return _inside(text, start, name, is_wanted)
    number = _NUMBER.match(text, start)
    return [Member(name, start, number.end(), number[0], numeric=True)] if number else [], start


def _string(text: str, quote: re.Match[str], name: str) -> Member:
    slashes, sign = len(quote[0]) - 1, quote[0][-1]
    end = _closing(text, quote.end(), slashes, sign)
    level = (slashes + 1).bit_length() - 1 if sign == '"' else None
    return Member(name, quote.end(), end, text[quote.end() : end], level)


def _closing(text: str, start: int, slashes: int, sign: str) -> int:
    """Where the string ends whose quotes have so many backslashes; the end of the text, where it isn't closed."""
    at = text.find(sign, start)
    while at >= 0:
        before = at
        while before > start and text[before - 1] == "\\":
            before -= 1
        count = at - before
        if count >= slashes and (count - slashes) // (slashes + 1) % 2 == 0:
            return at - slashes
        at = text.find(sign, at + 1)
    return len(text)


_TOKEN = re.compile(r"[{}\[\],]|\\*[\"']|-?\d+(?![\w.])")


def _inside(text: str, start: int, name: str, is_wanted: Named) -> tuple[list[Member], int]:
    """Every string and number in the brackets that open here, but for names and for what says only how it is built."""
    collected: list[Member] = []
    stack: list[bool] = []
    hidden, at = True, start
    while token := _TOKEN.search(text, at):
        at, sign = token.end(), token[0]
        if sign in "{[":
            stack.append(hidden)
        elif sign in "}]":
            hidden = stack.pop()
            if not stack:
                return collected, at
        elif sign == ",":
            hidden = stack[-1]
        elif sign[-1] not in "\"'":
            collected += [Member(name, token.start(), token.end(), sign, numeric=True)] if hidden else []
        else:
            member = _string(text, token, name)
            at = min(len(text), member.end + len(sign))
            if text.startswith(":", _skip(_SPACES, text, at)):
                hidden = (stack[-1] and member.value not in _STRUCTURE) or is_wanted(member.value[:256])
            elif hidden:
                collected.append(member)
    return collected, len(text)


def _rest_of_line(
    text: str, start: int, name_at: int, called: tuple[str, bool], is_wanted: Named
) -> tuple[list[Member], int]:
    """What follows `name:` where that begins a line (YAML, headers), a string or a part of YAML's {flow}."""
    name, after_escape = called
    before = text[max(0, name_at - _BACK) : name_at].rstrip(" \t-<>*") if not after_escape else "\\n"
    opening = before[-1:] or ("\n" if name_at <= _BACK else "")
    if not opening or (opening not in "\r\n{,\"'" and not before.endswith(("\\n", "\\r"))):
        return [], start
    result, end = (
        _after(text, start, name, is_wanted) if text[start : start + 1] in ('"', "'", "{", "[", "\\") else ([], start)
    )
    if result:
        return result, end
    block = _BLOCK.match(text, start)
    if block:
        return [Member(name, block.start("lines"), block.end("lines"), block["lines"])], end
    return _run_of_characters(
        text, start, name, _FLOW if opening in "{," else _LINE if opening in "\r\n" else _QUOTED_LINE
    ), end


def _run_of_characters(text: str, start: int, name: str, characters: re.Pattern[str]) -> list[Member]:
    match = characters.match(text, start)
    return [Member(name, start, match.end(), match[0])] if match else []


def _form_field(text: str, start: int, is_wanted: Named) -> list[Member]:
    """The content of a field of multipart/form-data, whose name follows `name=`."""
    if "form-data" not in text[max(0, start - 120) : start].lower():
        return []
    field = _FIELD.match(text, start)
    part = _PART.match(text, field.end()) if field and is_wanted(field[1]) else None
    if field is None or part is None:
        return []
    ends = [at for at in (text.find("\r\n--", part.end()), text.find("\n--", part.end())) if at >= 0]
    end = min(ends, default=len(text))
    return [Member(field[1], part.end(), end, text[part.end() : end])]


def _elements(text: str, is_wanted: Named) -> Iterator[Member]:
    for match in _ELEMENT.finditer(text):
        if is_wanted(match["name"]):
            group = "data" if match["data"] is not None else "text"
            yield Member(match["name"], *match.span(group), match[group])
