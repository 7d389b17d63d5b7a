"""The parameters and members that identify a tenant: those that the definitions mark `x-tenant`."""

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

_SUBSCHEMAS = ("if", "then", "else", "contentSchema")
_SUBSCHEMA_LISTS = ("allOf", "anyOf", "oneOf")
_VAGUE = {"id", "name", "instance", "instance_id", "*"}  # names that mean a tenant in some places, and a job in others
_USUAL = (
    "project_id", "project_name", "enterprise_project_id", "domain_id", "domain_name", "tenant_id", "tenant_name", "user_id",
    "user_name", "user", "account", "account_id", "account_name", "org_id", "org_name", "ou_id", "workspace", "workspace_id",
    "workspace_name", "cluster_id", "cluster_name", "league_id", "instance_name", "creator", "create_user", "created_by",
    "update_user", "updated_by", "owner", "email", "e_mail", "mail", "phone", "mobile",
)  # fmt: skip


def is_tenant(operation: Operation, name: str) -> bool:
    """True if the parameter with this name (in any case) is marked."""
    return any(p.name.lower() == name.lower() and p.schema.get("x-tenant") is True for p in operation.parameters)


class Tenants:
    """The parameters and members that all definitions mark.

    `names` are their names; `is_tenant_name` also knows the names that vendors use elsewhere.
    """

    def __init__(self, definitions: Definitions) -> None:
        self._places: dict[tuple[str, int], tuple[str, ...]] = {}
        marked_names: set[str] = set()
        for operation in definitions.operations:
            marked_names.update(p.name for p in operation.parameters if p.schema.get("x-tenant") is True)
            for status, schema in [*_response_schemas(operation), (0, _body_schema(definitions, operation))]:
                pointers = tuple(sorted(set(_marked_pointers(schema, ""))))
                self._places[operation.id, status] = pointers
                marked_names.update(parts_of(pointer)[-1] for pointer in pointers if pointer)
        self.names = tuple(sorted(marked_names - {"*"}))
        self._pattern = re.compile(_name_pattern(sorted((marked_names - _VAGUE) | set(_USUAL))))
        self.is_tenant_name = lru_cache(maxsize=4_096)(self._matches_tenant_name)

    def places(self, operation: Operation, status: int = 0) -> tuple[str, ...]:
        """The pointers (with `*`) of marked members in an answer with this HTTP status, or (0) in the request's body."""
        return self._places.get((operation.id, status), ())

    def _matches_tenant_name(self, name: str) -> bool:
        """True if a header, a query parameter or a member with this name identifies a tenant, wherever it stands."""
        return self._pattern.fullmatch(name) is not None


def _response_schemas(operation: Operation) -> Iterator[tuple[int, Any]]:
    return ((status, response_spec.schema) for status, response_spec in operation.answers.items())


def _body_schema(definitions: Definitions, operation: Operation) -> Any:
    file, _, pointer = operation.place.partition("#")
    try:
        media_type = node_at(definitions.documents, file, parts_of(pointer)) / "requestBody" / "content" / "application/json"
        return inlined(media_type / "schema")
    except (DefinitionError, KeyError):
        return None


def _marked_pointers(schema: Any, pointer: str) -> Iterator[str]:
    if not isinstance(schema, Mapping):
        return
    if schema.get("x-tenant") is True:
        yield pointer
    for name, child in schema.get("properties", {}).items():
        yield from _marked_pointers(child, pointer + join(name))
    yield from _marked_pointers(schema.get("items"), pointer + "/*")
    for keyword in _SUBSCHEMAS:
        yield from _marked_pointers(schema.get(keyword), pointer)
    for keyword in _SUBSCHEMA_LISTS:
        for child in schema.get(keyword, ()):
            yield from _marked_pointers(child, pointer)


def _name_pattern(names: list[str]) -> str:
    """A pattern for the names, in any case, with or without separators between their words, and with the X- of headers."""
    without_separators = sorted({re.sub(r"[_-]", "", re.sub(r"([a-z])([A-Z])", r"\1_\2", name)).lower() for name in names})
    with_separators = ["[_-]?".join(_words_of_name(name)) for name in names]
    return "(?i:(?:x-)?(?:" + "|".join(sorted({*with_separators, *without_separators}, key=len, reverse=True)) + "))"


def _words_of_name(name: str) -> list[str]:
    separated = re.sub(r"([a-z])([A-Z])", r"\1_\2", name)
    return [re.escape(word) for word in re.split(r"[_-]", separated.lower()) if word]
