"""Any OpenAPI document as the mock's one form: OpenAPI 3.1, with what it leaves unsaid filled in.

Swagger 2.0 and OpenAPI 3.0 are brought to 3.1 (`swagger2.py`, `schema_forms.py`); parameters of a path come to its
operations; operations get ids, services names. A document with `x-service` is written for this mock: nothing in it is left
out, its mistakes are errors. Of any other one, what makes no sense is left out, with a note.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..errors import DefinitionError, excerpt
from . import swagger2
from .files import Files
from .notes import Notes
from .operation_forms import PATH_NAME, OperationForms
from .router import PLAIN
from .schema_forms import alone, to_2020
from .schema_slips import mend
from .walk import METHODS, Part, Walk


@dataclass
class Taken:
    """What other documents have already: ids of operations, and paths by method (the names in braces left out)."""

    ids: set[str] = field(default_factory=set)
    routes: dict[tuple[str, str], str] = field(default_factory=dict)
    shipped: dict[tuple[str, str], str] = field(default_factory=dict)

    def add(self, document: Mapping[str, Any], shipped: bool = False) -> None:
        """Take note of a document in the normal form; a shipped one's paths may be taken by a user's."""
        routes = self.shipped if shipped else self.routes
        for path, item in document.get("paths", {}).items():
            for method in METHODS:
                node = item.get(method) if isinstance(item, dict) else None
                if isinstance(node, dict):
                    self.ids.add(str(node.get("operationId")))
                    whose = node.get("operationId") if shipped else f"another document's {path}"
                    routes[(method, PATH_NAME.sub("{}", path))] = str(whose)


def normalise(files: Files, name: str, notes: Notes, service: str | None = None, taken: Taken | None = None) -> None:
    """Brings a document, and what its references lead to, to the normal form, in place.

    Args:
        files: the documents read so far; those that references lead to are added.
        name: which one.
        notes: takes what was left out.
        service: the service's name, if the document itself has none.
        taken: what other documents have already.

    Raises:
        DefinitionError: for what is no OpenAPI document, and for a reference to nowhere.
    """
    document = files.documents[name]
    if not isinstance(document, dict):
        raise DefinitionError(name, "", f"a {type(document).__name__}", "an OpenAPI document (an object)")
    _Form(files, name, notes, taken or Taken()).bring(service)


class _Form:
    """One document on its way to the normal form."""

    def __init__(self, files: Files, name: str, notes: Notes, taken: Taken) -> None:
        self._files = files
        self._taken = taken
        self._name = name
        self._notes = notes
        self._document: dict[str, Any] = files.documents[name]
        self._strict = "x-service" in self._document
        self._before_31 = False
        self._old: set[str] = set()
        self._walk = Walk(files, self._was_swagger, self._mend, self._leads_elsewhere)
        self._operations = OperationForms(self._walk, notes, self._strict)

    def bring(self, service: str | None) -> None:
        document = self._document
        self._version(document)
        document.setdefault("components", {})
        if not self._strict:
            self._fill_in(document, service)
        self._walk.visit(self._name)

    def _version(self, document: dict[str, Any]) -> None:
        if str(document.get("swagger", "")).startswith("2"):
            self._was_swagger(self._name)
            self._before_31 = True
            return
        version = str(document.get("openapi", ""))
        if re.match(r"3\.[0-2]", version) and (not self._strict or version.startswith("3.0")):
            self._before_31 = version.startswith("3.0")
            document["openapi"] = "3.1.0"
        elif not self._strict:
            member = next((name for name in ("openapi", "swagger") if name in document), None)
            actual = f"{member} {document[member]!r}" if member else "no member 'openapi'"
            raise DefinitionError(
                self._name, f"/{member}" if member else "", actual, "OpenAPI 3.0, 3.1 or 3.2, or Swagger 2.0"
            )

    def _was_swagger(self, name: str) -> bool:
        document = self._files.documents[name]
        if name not in self._old and isinstance(document, dict) and str(document.get("swagger", "")).startswith("2"):
            swagger2.convert(document)
            self._old.add(name)
        return name in self._old

    def _fill_in(self, document: dict[str, Any], service: str | None) -> None:
        info = document.get("info")
        info = document["info"] = dict(info) if isinstance(info, dict) else {}
        info["title"], info["version"] = str(info.get("title") or Path(self._name).stem), str(info.get("version") or "0")
        paths = document.get("paths")
        if not isinstance(paths, dict):
            if paths is not None:
                raise DefinitionError(self._name, "/paths", excerpt(paths), "an object")
            self._notes.add(self._name, (), "no paths", "no operations")
        document["paths"] = self._servable(paths or {})
        document["x-service"] = {
            "name": service or _slug(str(info["title"])) or _slug(Path(self._name).stem) or "api",
            "vendor": PLAIN,
            "envelope": PLAIN,
            "prefixes": _prefixes(document["paths"]),
        }

    def _servable(self, paths: dict[str, Any]) -> dict[str, Any]:
        servable: dict[str, Any] = {}
        for path, item in paths.items():
            if path.startswith("x-"):
                continue
            plain = path if path.startswith("/") else "/" + path
            if item is None or (isinstance(item, dict) and not item):
                continue
            if "#" in plain or "?" in plain or not _balanced(plain):
                self._notes.add(
                    self._name, ("paths", path), f"the path {path!r}", "left out: a path has no ?, no # and whole {names}"
                )
            else:
                servable[plain] = item
        return servable

    def _mend(self, part: Part) -> None:
        if part.kind == "document":
            self._items(part)
        elif part.kind == "schema":
            self._schema(part)
        else:
            self._operations.bring(part)

    def _leads_elsewhere(self, part: Part, kind: str) -> bool:
        """Mends a part whose reference leads to another kind: a schema of anything, or a response of a schema."""
        if self._strict or (part.kind, kind) in (("parameter", "header"), ("header", "parameter")):
            return False
        reference = {"$ref": part.node["$ref"]}
        if part.kind == "schema":
            del part.node["$ref"]
            instead = "left out: any value"
        elif (part.kind, kind) == ("response", "schema"):
            part.node.clear()
            part.node.update(description="", content={"application/json": {"schema": reference}})
            instead = "read as a response of that schema"
        else:
            return False
        self._notes.add(part.name, (*part.parts, "$ref"), f"{reference['$ref']!r}, which is a {kind}", instead)
        return True

    def _items(self, root: Part) -> None:
        """Each path item's parameters to its operations, which get their ids."""
        ids, allowed, routes = set(self._taken.ids), set[int](), dict(self._taken.routes)
        paths = root.node.get("paths", {})
        if not isinstance(paths, dict):
            raise root.error(excerpt(paths), "an object", "paths")
        _unshare(paths)
        for path, item in list(paths.items()):
            if not isinstance(item, dict):
                raise root.error(excerpt(item), "an object (a path item)", "paths", path)
            place = self._walk.resolved(Part(root.name, ("paths", path), "pathItem", item))
            if ("$ref" in item and place.name == root.name) or id(place.node) in allowed:  # each path has its own operations
                place = Part(root.name, ("paths", path), "pathItem", copy.deepcopy(place.node))
                root.node["paths"][path] = place.node
            allowed.add(id(place.node))
            if "parameters" in place.node and not isinstance(place.node["parameters"], list):
                raise place.error(excerpt(place.node["parameters"]), "a list", "parameters")
            for method in METHODS:
                operation = place.node.get(method)
                if isinstance(operation, dict) and self._is_new(place, method, path, routes):
                    self._operations.complete(Part(place.name, (*place.parts, method), "operation", operation), path, place)
                    if not self._strict or "operationId" not in operation:
                        _identify(operation, method, path, ids)
                    if not self._strict:
                        operation.setdefault("security", root.node.get("security") or [])

    def _is_new(self, item: Part, method: str, path: str, routes: dict[tuple[str, str], str]) -> bool:
        """Whether no path before has this method and differs in nothing but the names of its parameters."""
        key = (method, PATH_NAME.sub("{}", path))
        first = routes.setdefault(key, path)
        if first == path and key in self._taken.shipped:
            place, what = (*item.parts, method), f"{method.upper()} {path}"
            self._notes.add(item.name, place, what, f"served in the place of {self._taken.shipped[key]}, which is shipped")
        if first == path or self._strict:
            return True
        del item.node[method]
        self._notes.add(
            item.name, (*item.parts, method), f"{method.upper()} {path}", f"left out: {first} takes the same requests"
        )
        return False

    def _schema(self, part: Part) -> None:
        if self._before_31 and "$ref" in part.node:
            nullable = part.node.get("nullable") or part.node.get("x-nullable")
            alone(part.node)
            if nullable is True:
                part.node["nullable"] = True
        to_2020(part.node)
        if not self._strict:
            mend(part.node, part.name, part.parts, self._notes)


def _unshare(paths: dict[str, Any]) -> None:
    """Path items and operations that stand in several places, as aliases of YAML do, become objects of their own."""
    node_ids = set[int]()

    def unshare(holder: dict[str, Any]) -> None:
        for name, node in holder.items():
            if id(node) in node_ids and isinstance(node, dict):
                holder[name] = copy.deepcopy(node)
            node_ids.add(id(node))

    unshare(paths)
    for item in paths.values():
        if isinstance(item, dict):
            unshare(item)


def _identify(operation: dict[str, Any], method: str, path: str, ids: set[str]) -> None:
    name = operation.get("operationId")
    if not isinstance(name, str) or not name.strip():
        words = re.findall(r"[A-Za-z0-9]+", path)
        name = method + "".join(word[0].upper() + word[1:] for word in words)
    name, number = " ".join(name.split()), 2
    unique = name
    while unique in ids:
        unique, number = f"{name}-{number}", number + 1
    ids.add(unique)
    operation["operationId"] = unique


def _slug(text: str) -> str:
    """Text as a service's name: lower case, words with dashes between them."""
    words = re.findall(r"[a-z0-9]+", re.sub(r"([a-z])([A-Z])", r"\1 \2", text).lower())
    return "-".join(words)[:40].strip("-").lstrip("0123456789-")


def _prefixes(paths: dict[str, Any]) -> list[str]:
    firsts = {"/" + path.lstrip("/").split("/", 1)[0] for path in paths}
    return sorted(first for first in firsts if "{" not in first and first != "/")


def _balanced(path: str) -> bool:
    return not re.search(r"[{}]", PATH_NAME.sub("", path))
