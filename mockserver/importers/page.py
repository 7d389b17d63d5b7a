"""A draft of an OpenAPI document from the saved text of a vendor's page, Chinese or English: tables, examples, statuses."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

from ..errors import InputError

_CALL = re.compile(r"\b(GET|POST|PUT|PATCH|DELETE|HEAD)\s+(?:https?://)?(?:\{[^}/]+\}|[\w.-]+)?(/[^\s?]*)(?:\?\S*)?")
_NAME = re.compile(r"[A-Za-z_][\w.\[\]-]{0,80}")
_TYPE = re.compile(
    r"(?:Array of (?P<array>[\w.-]+)(?: objects?)?|List<(?P<list>\w+)>|Map<.*>|(?P<named>[\w.-]+) objects?"
    r"|(?P<plain>String|Integer|int|Long|Number|Float|Double|Boolean|Bool|Object|JSONObject|Date|DateTime))",
    re.IGNORECASE,
)
_REQUIRED = {"是": True, "必需": True, "必选": True, "yes": True, "mandatory": True, "required": True,
             "否": False, "可选": False, "no": False, "optional": False}  # fmt: skip
_LOCATIONS = {"path": "path", "query": "query", "header": "header", "body": "body"}
_STATUS = re.compile(r"(?:状态码|Status Code)\s*[::]\s*(\d{3})", re.IGNORECASE)
_PLAIN = {"string": "string", "integer": "integer", "int": "integer", "long": "integer", "number": "number",
          "float": "number",
          "double": "number", "boolean": "boolean", "bool": "boolean", "object": "object", "jsonobject": "object",
          "date": "string", "datetime": "string"}  # fmt: skip
_ANSWERS = ("响应参数", "响应消息", "Response Parameters", "Response")
_HEADERS = ("请求参数", "请求Header", "Request Parameters")

Schema = dict[str, Any]


@dataclass
class _Row:
    """A row of a table: a name, its type, whether it is required (None: not said), where it belongs, what is told of it."""

    name: str
    kind: str
    required: bool | None = None
    location: str = ""
    text: str = ""


@dataclass
class _Table:
    """Rows that stand together: in which part of the page, of which answer."""

    part: str
    status: str
    rows: list[_Row] = field(default_factory=list)


def draft_of_page(path: Path) -> tuple[dict[str, Any], list[str]]:
    """The draft, and its gaps in words. Raises InputError for a file that can't be read, or names no call."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"can't read {path}: {error}") from None
    call = _CALL.search(text)
    if call is None:
        raise InputError(f"{path} names no call; allowed: a page with a line such as GET /v1/{{project_id}}/jobs/{{job_id}}")
    lines = [line.strip().removesuffix("|").strip() for line in text.splitlines()]
    title = next((line.rstrip("¶") for line in lines if line and not line.startswith("更新时间")), path.stem)
    tables = list(_tables([line for line in lines if line and not set(line) <= set("-| ")]))
    responses, gaps = _responses(tables, _statuses(lines), _examples(text))
    parameters = list(_parameters(tables, call[2]))
    gaps += [] if parameters else ["no parameters were found"]
    operation = {
        "operationId": _identifier(title, call[1], call[2]),
        "summary": title,
        "parameters": parameters,
        "responses": responses,
    }
    document = {
        "openapi": "3.1.0",
        "info": {"title": title, "version": "0"},
        "x-sources": {"page": {"title": title}},
        "x-provenance": {"kind": "documented", "source": "page"},
        "paths": {call[2]: {call[1].lower(): operation}},
    }
    return document, [*gaps, "which values end a job, and how long it takes, no page says: `mockserver init` proposes it"]


def _identifier(title: str, method: str, path: str) -> str:
    words = re.findall(r"[A-Za-z]+", title) or [method.lower(), *re.findall(r"[A-Za-z]+", re.sub(r"{[^}]*}", "", path))]
    first: str = words[0].lower()
    return first + "".join(word.capitalize() for word in words[1:])


def _tables(lines: list[str]) -> Iterator[_Table]:
    """Rows begin with a name, and a type stands in one of the next three lines; a heading begins another table."""
    part, status, table, index = "uri", "", _Table("uri", ""), 0
    while index < len(lines):
        line = lines[index]
        heading = "response" if line.startswith(_ANSWERS) else "request" if line.startswith(_HEADERS) else ""
        marked = _STATUS.search(line)
        part, status = heading or part, str(marked[1]) if marked and not heading else status
        row, used = _row(lines, index)
        if row is not None:
            table.rows.append(row)
            index += used
            continue
        if table.rows and (heading or _STATUS.search(line) or _is_head(line)):
            yield table
            table = _Table(part, status)
        table.part, table.status = (part, status) if not table.rows else (table.part, table.status)
        if table.rows and not heading:
            table.rows[-1].text = f"{table.rows[-1].text} {line}".strip()[:500]
        index += 1
    if table.rows:
        yield table


def _is_head(line: str) -> bool:
    return line in ("参数", "名称", "Parameter", "Name") or bool(re.match(r"表\s?\d+|Table \d+", line))


def _row(lines: list[str], index: int) -> tuple[_Row | None, int]:
    if not _NAME.fullmatch(lines[index]) or _TYPE.fullmatch(lines[index]):
        return None, 0
    row = _Row(lines[index], "")
    for step, cell in enumerate(lines[index + 1 : index + 4], 1):
        plain = cell.lower()
        if plain in _REQUIRED:
            row.required = _REQUIRED[plain]
        elif plain in _LOCATIONS:
            row.location = _LOCATIONS[plain]
        elif _TYPE.fullmatch(cell):
            row.kind = cell
            return row, step + 1
        else:
            break
    return None, 0


def _parameters(tables: list[_Table], path: str) -> Iterator[dict[str, Any]]:
    for table in tables:
        for row in table.rows if table.part != "response" else ():
            place = (
                "path"
                if "{" + row.name + "}" in path
                else row.location or ("header" if table.part == "request" else "query")
            )
            if place == "body" or (place == "header" and row.name.lower() in ("content-type", "accept")):
                continue
            required = place == "path" or bool(row.required)
            yield {"name": row.name, "in": place, "required": required, "schema": _schema(row, {}), "description": row.text}


def _schema(row: _Row, named: Mapping[str, Schema]) -> Schema:
    match = _TYPE.fullmatch(row.kind)
    if match is None:
        return {}
    inner = match["array"] or match["list"]
    if inner:
        return {"type": "array", "items": _named(inner, named)}
    return _named(match["named"] or match["plain"] or "object", named)


def _named(name: str, named: Mapping[str, Schema]) -> Schema:
    plain = _PLAIN.get(name.lower())
    return {"type": plain} if plain else dict(named.get(name, {"type": "object"}))


def _responses(tables: list[_Table], statuses: Mapping[str, str], examples: list[Any]) -> tuple[dict[str, Any], list[str]]:
    """The answers by status, the nested tables put where an earlier one names them; and what is missing."""
    gaps: list[str] = []
    answers = [table for table in tables if table.part == "response"]
    responses: dict[str, Any] = {status: {"description": text} for status, text in statuses.items()}
    for status in dict.fromkeys(table.status or "200" for table in answers):
        mine = [table for table in answers if (table.status or "200") == status]
        expected = [name for table in mine for row in table.rows for name in _names_in(row)]
        named: dict[str, Schema] = {}
        for name, table in reversed(list(zip(dict.fromkeys(expected), mine[1:], strict=False))):
            named[name] = _object(table, named)
        gaps += [f"{status}: no table for {name}" for name in dict.fromkeys(expected) if name not in named]
        response = responses.setdefault(status, {"description": ""})
        response["content"] = {"application/json": {"schema": _object(mine[0], named)}}
    success = responses.setdefault("200", {"description": "OK"})
    if examples:
        success.setdefault("content", {}).setdefault("application/json", {})["examples"] = {
            "documented": {"value": examples[-1]}
        }
    else:
        gaps.append("no example of an answer")
    return responses, gaps


def _names_in(row: _Row) -> list[str]:
    match = _TYPE.fullmatch(row.kind)
    name = (match["array"] or match["list"] or match["named"]) if match else None
    return [name] if name and name.lower() not in _PLAIN else []


def _object(table: _Table, named: Mapping[str, Schema]) -> Schema:
    properties = {row.name: {**_schema(row, named), **({"description": row.text} if row.text else {})} for row in table.rows}
    return {"type": "object", "properties": properties}


def _statuses(lines: list[str]) -> dict[str, str]:
    """The pairs of the page's table of status codes."""
    filled = [line for line in lines if line]
    return {code: text for code, text in pairwise(filled) if re.fullmatch(r"[1-5]\d\d", code) and not text.isdecimal()}


def _examples(text: str) -> list[Any]:
    """The JSON objects of the page, in order."""
    decoder, result, at = json.JSONDecoder(), [], 0
    while (start := text.find("{", at)) >= 0:
        try:
            value, at = decoder.raw_decode(text, start)
        except ValueError:
            at = start + 1
            continue
        if isinstance(value, dict) and value:
            result.append(value)
    return result
