"""The schema that many JSON values have in common: members, types, null, JSON in strings, small sets of values."""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from .merged_schema import json_type
from .schemas import STATUS_NAME

_WORD = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,31}")
_FREE = re.compile(r"(?:name|user|owner|id|path|desc|description|msg|message|summary|details?|date|time)$", re.IGNORECASE)
_TOTALS = ("total", "total_count", "totalCount", "count")
_MOST_VALUES = 12
_MOST_STATUSES = 50


@dataclass(frozen=True, slots=True)
class Page:
    """What a request asked for of a list: rows at most, rows left out before; None where it didn't say."""

    limit: int | None = None
    offset: int = 0


@dataclass
class Sample:
    """What was seen in one place. `rows` is the longest list, `cut` whether a page was shorter than limit and total say."""

    count: int = 0
    types: Counter[str] = field(default_factory=Counter)
    members: dict[str, Sample] = field(default_factory=dict)
    items: Sample | None = None
    embedded: Sample | None = None
    embeds: int = 0
    values: dict[str, Any] = field(default_factory=dict)
    rows: int | None = None
    cut: bool = False

    def add(self, value: Any, page: Page) -> None:
        """Take in one more value."""
        self.count += 1
        self.types[json_type(value)] += 1
        if isinstance(value, dict):
            for name, child in value.items():
                self.members.setdefault(name, Sample()).add(child, page)
            self._pages(value, page)
        elif isinstance(value, list):
            self.items = self.items or Sample()
            for child in value:
                self.items.add(child, page)
        elif isinstance(value, str):
            self._add_text(value, page)
        if not isinstance(value, dict | list) and value is not None and len(self.values) <= _MOST_STATUSES:
            self.values[json.dumps(value)] = value

    def _add_text(self, value: str, page: Page) -> None:
        if value[:1].strip() and value.lstrip()[:1] not in "{[":
            return
        try:
            inner = json.loads(value)
        except (ValueError, RecursionError):
            return
        if isinstance(inner, dict | list):
            self.embeds += 1
            self.embedded = self.embedded or Sample()
            self.embedded.add(inner, page)

    def _pages(self, value: dict[str, Any], page: Page) -> None:
        total = next((value[name] for name in _TOTALS if type(value.get(name)) is int), None)
        for name, rows in value.items():
            if isinstance(rows, list) and page.limit is not None:
                child = self.members[name]
                child.rows = max(child.rows or 0, len(rows))
                child.cut |= total is not None and len(rows) < page.limit and page.offset + len(rows) < total

    def schema(self, name: str = "") -> dict[str, Any]:
        """The schema of what was seen; `name` is the member's, which tells a status from other words."""
        types = set(self.types)
        if "number" in types:
            types.discard("integer")
        result: dict[str, Any] = {"type": sorted(types), "x-inferred": True}
        if self.types["object"]:
            result["properties"] = {key: child.schema(key) for key, child in self.members.items()}
            result["required"] = [key for key, child in self.members.items() if child.count == self.types["object"]]
        if self.items is not None and self.items.count:
            result["items"] = self.items.schema(name)
        if self.rows is not None:
            result["x-page-rows"] = {"rows": self.rows, "cut": self.cut}
        if self.embedded is not None and self.embeds == self.types["string"]:
            result |= {"contentMediaType": "application/json", "contentSchema": self.embedded.schema()}
        elif not self.types["object"] and not self.types["array"]:
            result |= self._set_of_values(name)
        return result

    def _set_of_values(self, name: str) -> dict[str, Any]:
        values = [self.values[key] for key in sorted(self.values)]
        if not values or len(values) > _MOST_STATUSES:
            return {}
        if STATUS_NAME.search(name):
            return {"enum": [*values, *([None] if self.types["null"] else [])]}
        words = all(isinstance(value, str) and _WORD.fullmatch(value) for value in values)
        return {"x-seen": values} if words and len(values) <= _MOST_VALUES and not _FREE.search(name) else {}
