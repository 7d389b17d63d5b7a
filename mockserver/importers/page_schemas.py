"""Schemas from a page's tables: types as pages write them, and structures that have tables of their own."""

from __future__ import annotations

import re
from typing import Any

from .page_text import TYPE, Table

Schema = dict[str, Any]

_PLAIN = {"string": "string", "integer": "integer", "int": "integer", "int32": "integer", "int64": "integer",
          "long": "integer", "number": "number", "float": "number", "double": "number", "boolean": "boolean",
          "bool": "boolean", "object": "object", "jsonobject": "object", "date": "string", "datetime": "string",
          "array": "array", "jsonarray": "array", "list": "array"}  # fmt: skip
_LINK = re.compile(r"(?:详见|请?参[见考照]|see|refer to|defined in)\s*[::]?\s*(?:the )?([A-Za-z][\w-]*)", re.IGNORECASE)
_NUMBER = re.compile(r"^(表\s?\d+|Table \d+[.:]?)\s*", re.IGNORECASE)
_TITLES = ("结构体", "参数说明", "对象", "数据结构", "数据结构参数说明", "struct", "structure", "object")
_STATUS = re.compile(r"(^|_|[a-z])(status|state|phase)$", re.IGNORECASE)
_STATE = re.compile(r"(?<![A-Za-z_-])([A-Z][A-Z]+(?:[_-][A-Z]+)*|[A-Z][a-z]+)(?=\s*[((::一-鿿])")
_MOST_STATES = 3


class Structures:
    """The tables that describe a structure: by a heading before them, else in the order in which rows name them."""

    def __init__(self, tables: list[Table]) -> None:
        self._tables = tables
        self.missing: list[str] = []

    def object_of(self, mine: list[Table]) -> Schema:
        """The object that the first of some tables describes; the others are structures in it."""
        if not mine:
            return {"type": "object"}
        wanted = list(dict.fromkeys(name for table in mine for row in table.rows if (name := self._structure_name(row))))
        titled = {name: table for name in wanted for table in self._tables if self._is_about(table, name)}
        titled = {name: table for name, table in titled.items() if table is not mine[0]}
        rest = [table for table in mine[1:] if not any(table is other for other in titled.values())]
        same = [table for table in mine if not wanted and not titled and table is not mine[0]]
        if same:  # rows of one body, each a table of its own
            mine[0].rows += [row for table in same for row in table.rows]
        named = {**dict(zip((name for name in wanted if name not in titled), rest, strict=False)), **titled}
        self.missing += [name for name in wanted if name not in named and name not in self.missing]
        return self._object(mine[0], named, ())

    def _object(self, table: Table, named: dict[str, Table], above: tuple[str, ...]) -> Schema:
        properties = {}
        for row in table.rows:
            name = self._structure_name(row)
            inner = (
                self._object(named[name], named, (*above, name))
                if name in named and name not in above
                else {"type": "object"}
            )
            schema = schema_of_type(row.get("type", ""), inner)
            properties[row["name"]] = {**schema, **_states(row), **({"description": row["text"]} if row.get("text") else {})}
        return {"type": "object", "properties": properties}

    def _structure_name(self, row: dict[str, str]) -> str:
        """The structure that a row is of: as its type names it, or a link in its description."""
        match = TYPE.fullmatch(row.get("type", ""))
        if match is None:
            return ""
        name = next((match[key] for key in ("array", "list", "brackets", "named") if match[key]), "") or ""
        if name and name.lower() not in _PLAIN:
            return name
        objects = (name or match["plain"] or "").lower() in ("object", "jsonobject", "array", "jsonarray", "list")
        links = _LINK.findall(row.get("text", "")) if objects else []
        return next((link for link in links if any(self._is_about(table, link) for table in self._tables)), "")

    def _is_about(self, table: Table, name: str) -> bool:
        """Whether one of the last headings before a table names a structure."""
        titles = (_NUMBER.sub("", line).strip() for line in table.before)
        return any(title == name or title.removeprefix(name).strip().lower() in _TITLES for title in titles if name in title)


def schema_of_type(text: str, inner: Schema) -> Schema:
    """The schema of a type as pages write it; `inner` is the structure that it names."""
    match = TYPE.fullmatch(text)
    if match is None:
        return {}
    if match["map"]:
        return {"type": "object", "additionalProperties": True}
    item = match["array"] or match["list"] or match["brackets"]
    if item:
        plain = _PLAIN.get(item.lower(), "object")
        return {"type": "array", "items": inner if plain == "object" else {"type": plain}}
    plain = _PLAIN.get((match["named"] or match["plain"] or "").lower(), "object")
    if plain == "array":
        return {"type": "array", "items": inner if inner.get("properties") else {}}
    return inner if plain == "object" else {"type": plain}


def parameter_schema(row: dict[str, str]) -> Schema:
    """The schema of a parameter."""
    fixed = re.match(r"(?:固定值|固定为|Fixed value)\s*[::]?\s*[“\"]?([\w.-]+)", row.get("text", ""), re.IGNORECASE)
    schema = schema_of_type(row.get("type", ""), {"type": "object"})
    return {**schema, "const": fixed[1]} if fixed and schema.get("type") == "string" else schema


def _states(row: dict[str, str]) -> Schema:
    """The values of a status, where its description lists them: `NEW新建,RUNNING运行中`, `FAILED: it failed`."""
    if not _STATUS.search(row["name"]) or row.get("type", "").lower() != "string":
        return {}
    words = list(dict.fromkeys(_STATE.findall(row.get("text", ""))))
    return {"enum": words} if len(words) >= _MOST_STATES else {}
