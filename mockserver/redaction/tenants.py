"""What of requests and answers tells whose they are: the parameters and members that the definitions mark `x-tenant`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

from ..definitions import Definitions, Operation
from ..definitions.inlined import inlined
from ..definitions.node import node_at
from ..definitions.pointer import join, parts_of
from ..errors import DefinitionError

_SAME_PLACE = ("if", "then", "else", "contentSchema")
_LISTS = ("allOf", "anyOf", "oneOf")
_VAGUE = {"id", "name", "instance", "instance_id", "*"}  # names that mean a tenant in some places only; a job in others
_USUAL = (
    "project_id", "project_name", "enterprise_project_id", "domain_id", "domain_name", "tenant_id", "tenant_name", "user_id",
    "user_name", "user", "account", "account_id", "account_name", "org_id", "org_name", "ou_id", "workspace", "workspace_id",
    "workspace_name", "cluster_id", "cluster_name", "league_id", "instance_name", "creator", "create_user", "created_by",
    "update_user", "updated_by", "owner", "email", "e_mail", "mail", "phone", "mobile",
)  # fmt: skip


def is_tenant(operation: Operation, name: str) -> bool:
    """Whether a parameter (by its name, in any case) is marked."""
    return any(p.name.lower() == name.lower() and p.schema.get("x-tenant") is True for p in operation.parameters)


class Tenants:
    """The marks of all definitions.

    `names` are those of marked parameters and members; `named` also knows those that the vendors use elsewhere.
    """

    def __init__(self, definitions: Definitions) -> None:
        self._places: dict[tuple[str, int], tuple[str, ...]] = {}
        marked: set[str] = set()
        for operation in definitions.operations:
            marked.update(p.name for p in operation.parameters if p.schema.get("x-tenant") is True)
            for status, schema in [*_answers(operation), (0, _body_schema(definitions, operation))]:
                matches = tuple(sorted(set(_marked(schema, ""))))
                self._places[operation.id, status] = matches
                marked.update(parts_of(place)[-1] for place in matches if place)
        self.names = tuple(sorted(marked - {"*"}))
        self._pattern = re.compile(_name_pattern(sorted((marked - _VAGUE) | set(_USUAL))))
        self.named = lru_cache(maxsize=4_096)(self._means_tenant)

    def places(self, operation: Operation, status: int = 0) -> tuple[str, ...]:
        """Where marked members stand in an answer with this HTTP status, or (0) in the request's body: pointers with `*`."""
        return self._places.get((operation.id, status), ())

    def _means_tenant(self, name: str) -> bool:
        """Whether a header, a query parameter or a member of this name means a tenant wherever it stands."""
        return self._pattern.fullmatch(name) is not None


def _answers(operation: Operation) -> Iterator[tuple[int, Any]]:
    return ((status, answers.schema) for status, answers in operation.answers.items())


def _body_schema(definitions: Definitions, operation: Operation) -> Any:
    file, _, pointer = operation.place.partition("#")
    try:
        place = node_at(definitions.documents, file, parts_of(pointer)) / "requestBody" / "content" / "application/json"
        return inlined(place / "schema")
    except (DefinitionError, KeyError):
        return None


def _marked(schema: Any, place: str) -> Iterator[str]:
    if not isinstance(schema, Mapping):
        return
    if schema.get("x-tenant") is True:
        yield place
    for name, child in schema.get("properties", {}).items():
        yield from _marked(child, place + join(name))
    yield from _marked(schema.get("items"), place + "/*")
    for keyword in _SAME_PLACE:
        yield from _marked(schema.get(keyword), place)
    for keyword in _LISTS:
        for child in schema.get(keyword, ()):
            yield from _marked(child, place)


def _name_pattern(names: list[str]) -> str:
    """Names in any case, with or without what parts their words, and with the X- of headers."""
    words = sorted({re.sub(r"[_-]", "", re.sub(r"([a-z])([A-Z])", r"\1_\2", name)).lower() for name in names})
    spelled = ["[_-]?".join(_words_of_name(name)) for name in names]
    return "(?i:(?:x-)?(?:" + "|".join(sorted({*spelled, *words}, key=len, reverse=True)) + "))"


def _words_of_name(name: str) -> list[str]:
    parted = re.sub(r"([a-z])([A-Z])", r"\1_\2", name)
    return [re.escape(word) for word in re.split(r"[_-]", parted.lower()) if word]
