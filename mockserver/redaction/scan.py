"""Finds values by their names in any text: JSON (also inside strings), Python, YAML, XML, forms, multipart, logs.

Each scan takes time in proportion to the text: a pattern starts only where a run of its characters begins, and a value is
never read twice.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from urllib.parse import unquote

NameTest = Callable[[str], bool]
"""True for a name whose value is wanted."""

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
_LOOK_BACK = 48
_STRUCTURE = frozenset({
    "user", "domain", "project", "catalog", "roles", "methods", "scope", "name", "type", "expires", "expires_at",
    "issued_at", "region", "description", "endpoints", "links",
})  # fmt: skip
"""Members that are not secrets, though their object is named like one (IAM's `token`, `password`)."""


@dataclass(frozen=True, slots=True)
class Member:
    """A named value in a text.

    Attributes:
        name: Its name.
        start: Where the value begins in the text.
        end: Where it ends.
        value: The value as it stands in the text.
        level: How deep a quoted value is inside strings that hold JSON (0: in none); None for any other value.
        numeric: Whether it is a JSON number, which only a number may replace.
    """

    name: str
    start: int
    end: int
    value: str
    level: int | None = None
    numeric: bool = False


def members(text: str, is_wanted: NameTest) -> Iterator[Member]:
    """The JSON members with these names, also those in strings that hold JSON; the text may be a part of a document."""
    return (member for member in _named_members(text, is_wanted, _NAME, False) if member.level is not None or member.numeric)


def values(text: str, is_wanted: NameTest) -> list[Member]:
    """The values with these names, in all forms and in order; of a named object or list, every value in it."""
    matches = list(_named_members(text, is_wanted, _NAME, True))
    if "%" in text or "\\u00" in text:
        matches += _named_members(text, is_wanted, _ENCODED_NAME, True)
    if "</" in text or "<!" in text:
        matches += _elements(text, is_wanted)
    return ordered(matches)


def ordered(members: Iterable[Member]) -> list[Member]:
    """The values in the order of the text, without overlaps."""
    outermost: list[Member] = []
    for member in sorted(members, key=lambda member: (member.start, -member.end)):
        end = outermost[-1].end if outermost else 0
        if member.start >= end:
            outermost.append(member)
        elif member.end > end:
            outermost.append(replace(member, start=end, value=member.value[end - member.start :]))
    return outermost


def replace_members(text: str, members: Iterable[Member], replacement_of: Callable[[Member], str]) -> str:
    """The text with the values of these members replaced."""
    parts, position = [], 0
    for member in members:
        parts += [text[position : member.start], replacement_of(member)]
        position = member.end
    return "".join([*parts, text[position:]])


def unescaped(member: Member) -> str:
    """A member's value without the escapes of the strings around it; as it is if an escape is cut off."""
    value = member.value
    for _ in range(0 if member.level is None or "\\" not in value else member.level + 1):
        try:
            value = str(json.loads(f'"{value}"', strict=False))
        except (ValueError, RecursionError):
            break
    return value


def _named_members(text: str, is_wanted: NameTest, name_pattern: re.Pattern[str], deep: bool) -> Iterator[Member]:
    position = 0
    while match := name_pattern.search(text, position):
        position = match.end()
        name, after_escape = match["name"], False
        if name[0] in "nrt" or not name.isidentifier():
            name, after_escape = _decoded_name(text, match)
        if name_pattern is _ENCODED_NAME and name == match["name"]:
            continue
        if deep and name == "name" and match["sign"] == "=":
            members = _form_field(text, position, is_wanted)
        elif is_wanted(name):
            members, position = _value_after(text, match, (name, after_escape), is_wanted, deep)
        else:
            continue
        yield from members
        position = max(position, members[-1].end if members else 0)


def _decoded_name(text: str, match: re.Match[str]) -> tuple[str, bool]:
    """The decoded name, without an escape in front of it (`\\nToken`), and whether there was such an escape."""
    name, start = match["name"], match.start("name")
    has_escape = len(name) > 1 and name[0] in "nrt" and text[start - 1 : start] == "\\"
    name = name[1:] if has_escape else name
    if "%" in name:
        name = unquote(name)
    if "\\" in name:
        name = re.sub(r"\\+u00([0-9a-fA-F]{2})", lambda code: chr(int(code[1], 16)), name)
    return name, has_escape


def _value_after(
    text: str, match: re.Match[str], called: tuple[str, bool], is_wanted: NameTest, deep: bool
) -> tuple[list[Member], int]:
    """The values after a name, and where to read on. `called`: the name, and whether an escape is in front of it."""
    name = called[0]
    if match["close"] and match["sign"] == ":":
        return _json_value(text, _end_of_match(_AFTER_SIGN, text, match.end()), name, is_wanted if deep else None)
    if not deep:
        return [], match.end()
    start = _end_of_match(_SPACES, text, match.end())
    if match["sign"] == "=":
        start = _end_of_match(_SPACES, text, start + text.startswith("=", start))
        quote = _QUOTE.match(text, start)
        return [_string_member(text, quote, name)] if quote else _run_of_characters(text, start, name, _BARE), match.end()
    return _rest_of_line(text, start, match.start("name"), called, is_wanted)


def _end_of_match(pattern: re.Pattern[str], text: str, start: int) -> int:
    match = pattern.match(text, start)
    return match.end() if match else start


def _json_value(text: str, start: int, name: str, is_wanted: NameTest | None) -> tuple[list[Member], int]:
    """A JSON or Python value: a string, a number, or everything inside brackets."""
    quote = _QUOTE.match(text, start)
    if quote:
        return [_string_member(text, quote, name)], start
    if is_wanted is not None and text[start : start + 1] in ("{", "["):
        return _values_in_brackets(text, start, name, is_wanted)
    number = _NUMBER.match(text, start)
    return [Member(name, start, number.end(), number[0], numeric=True)] if number else [], start


def _string_member(text: str, quote: re.Match[str], name: str) -> Member:
    slashes, mark = len(quote[0]) - 1, quote[0][-1]
    end = _end_of_string(text, quote.end(), slashes, mark)
    level = (slashes + 1).bit_length() - 1 if mark == '"' else None
    return Member(name, quote.end(), end, text[quote.end() : end], level)


def _end_of_string(text: str, start: int, slashes: int, mark: str) -> int:
    """The end of a string whose quotes have `slashes` backslashes; the end of the text if the string isn't closed."""
    position = text.find(mark, start)
    while position >= 0:
        before = position
        while before > start and text[before - 1] == "\\":
            before -= 1
        count = position - before
        if count >= slashes and (count - slashes) // (slashes + 1) % 2 == 0:
            return position - slashes
        position = text.find(mark, position + 1)
    return len(text)


_LEXEME = re.compile(r"[{}\[\],]|\\*[\"']|-?\d+(?![\w.])")


def _values_in_brackets(text: str, start: int, name: str, is_wanted: NameTest) -> tuple[list[Member], int]:
    """Every string and number in the brackets that open here, except names and the values of `_STRUCTURE`."""
    members: list[Member] = []
    stack: list[bool] = []
    is_secret, position = True, start
    while lexeme_match := _LEXEME.search(text, position):
        position, lexeme = lexeme_match.end(), lexeme_match[0]
        if lexeme in "{[":
            stack.append(is_secret)
        elif lexeme in "}]":
            is_secret = stack.pop()
            if not stack:
                return members, position
        elif lexeme == ",":
            is_secret = stack[-1]
        elif lexeme[-1] not in "\"'":
            members += [Member(name, lexeme_match.start(), lexeme_match.end(), lexeme, numeric=True)] if is_secret else []
        else:
            member = _string_member(text, lexeme_match, name)
            position = min(len(text), member.end + len(lexeme))
            if text.startswith(":", _end_of_match(_SPACES, text, position)):
                is_secret = (stack[-1] and member.value not in _STRUCTURE) or is_wanted(member.value[:256])
            elif is_secret:
                members.append(member)
    return members, len(text)


def _rest_of_line(
    text: str, start: int, name_start: int, called: tuple[str, bool], is_wanted: NameTest
) -> tuple[list[Member], int]:
    """The value after a `name:` that begins a line (YAML, headers), a string or a part of a YAML {flow}."""
    name, after_escape = called
    text_before = text[max(0, name_start - _LOOK_BACK) : name_start].rstrip(" \t-<>*") if not after_escape else "\\n"
    last_character = text_before[-1:] or ("\n" if name_start <= _LOOK_BACK else "")
    if not last_character or (last_character not in "\r\n{,\"'" and not text_before.endswith(("\\n", "\\r"))):
        return [], start
    members, end = (
        _json_value(text, start, name, is_wanted) if text[start : start + 1] in ('"', "'", "{", "[", "\\") else ([], start)
    )
    if members:
        return members, end
    block = _BLOCK.match(text, start)
    if block:
        return [Member(name, block.start("lines"), block.end("lines"), block["lines"])], end
    return _run_of_characters(
        text, start, name, _FLOW if last_character in "{," else _LINE if last_character in "\r\n" else _QUOTED_LINE
    ), end


def _run_of_characters(text: str, start: int, name: str, characters: re.Pattern[str]) -> list[Member]:
    match = characters.match(text, start)
    return [Member(name, start, match.end(), match[0])] if match else []


def _form_field(text: str, start: int, is_wanted: NameTest) -> list[Member]:
    """The content of a field of multipart/form-data, whose name follows `name=`."""
    if "form-data" not in text[max(0, start - 120) : start].lower():
        return []
    field = _FIELD.match(text, start)
    part = _PART.match(text, field.end()) if field and is_wanted(field[1]) else None
    if field is None or part is None:
        return []
    ends = [position for position in (text.find("\r\n--", part.end()), text.find("\n--", part.end())) if position >= 0]
    end = min(ends, default=len(text))
    return [Member(field[1], part.end(), end, text[part.end() : end])]


def _elements(text: str, is_wanted: NameTest) -> Iterator[Member]:
    for match in _ELEMENT.finditer(text):
        if is_wanted(match["name"]):
            group = "data" if match["data"] is not None else "text"
            yield Member(match["name"], *match.span(group), match[group])
