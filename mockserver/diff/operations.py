"""Finds the operations of two sets of documents, pairs them, and compares how they are reached."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urlsplit

from ..errors import DefinitionError
from .change import ABSENT, Changes
from .nodes import Documents, Node, expanded, root_of

METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
_PATHS_ALIKE = 0.8


@dataclass(frozen=True, slots=True)
class Call:
    """An operation as its document has it: `item` is its path item, `root` its document."""

    id: str
    method: str
    path: str
    node: Node
    item: Node
    root: Node

    @property
    def name(self) -> str:
        """The operationId, or method and path."""
        return self.id or f"{self.method} {self.path}"

    @property
    def servers(self) -> list[str]:
        """The URLs of the nearest `servers`, their variables at their defaults."""
        for holder in (self.node, self.item, self.root):
            if holder.plain("servers"):
                return [_url(server) for server in holder.items("servers")]
        return ["/"]

    @property
    def prefixes(self) -> set[str]:
        """What stands before the path in the servers' URLs."""
        return {urlsplit(url).path.rstrip("/") for url in self.servers}

    @property
    def routes(self) -> set[str]:
        """Method and whole path, parameters without their names."""
        return {f"{self.method} {prefix}{re.sub('{[^{}]*}', '{}', self.path)}" for prefix in self.prefixes}

    @property
    def security(self) -> list[dict[str, str | None]]:
        """The alternatives of credentials: for each credential, as text, where it goes (None: not said); none where none
        is needed.
        """
        for holder in (self.node, self.root):
            if holder.get("security"):
                found = [self._credentials(item.as_object()) for item in holder.items("security")]
                return found if all(found) else []
        return []

    def _credentials(self, item: Node) -> dict[str, str | None]:
        components = self.root.get("components")
        schemes = components.get("securitySchemes") if components else None
        return {name: _scheme(schemes, name) for name in map(str, item.value)}


def _scheme(schemes: Node | None, name: str) -> str | None:
    if schemes is None or name not in schemes.as_object().value:
        return None
    try:
        return expanded(schemes.child(name).resolved())
    except DefinitionError:  # documents of older mocks have some that refer to themselves
        return None


def _url(server: Node) -> str:
    node = server.as_object().get("url")
    url = node.as_text() if node else "/"
    for name, variable in server.members("variables").items():
        url = url.replace(f"{{{name}}}", str(variable.plain("default", "")))
    try:
        urlsplit(url)
    except ValueError as error:
        raise server.error(f"the URL {url!r} ({error})", "a URL") from None
    return url


def calls(documents: Documents) -> list[Call]:
    """Every operation. Raises DefinitionError for what can't be read as one."""
    found = []
    for name in documents:
        root = root_of(documents, name)
        for path, item in root.members("paths").items():
            for method in METHODS:
                node = item.as_object().get(method)
                if node is not None and not path.startswith("x-"):
                    identity = node.as_object().get("operationId")
                    found.append(Call(identity.as_text() if identity else "", method.upper(), path, node, item, root))
    return found


def paired(old: list[Call], new: list[Call]) -> list[tuple[Call, Call]]:
    """Which operation of OLD is which of NEW: by route, by id, else by likeness of path and answers."""
    left, right = list(old), list(new)
    found = []
    for same in (_same_both, _same_route, _same_id, _alike):
        for one in list(left):
            other = next((candidate for candidate in right if same(one, candidate)), None)
            if other is not None:
                found.append((one, other))
                left.remove(one)
                right.remove(other)
    return sorted(found, key=lambda pair: old.index(pair[0]))


def _same_both(one: Call, other: Call) -> bool:
    return _same_id(one, other) and _same_route(one, other)


def _same_route(one: Call, other: Call) -> bool:
    return bool(one.routes & other.routes)


def _same_id(one: Call, other: Call) -> bool:
    return bool(one.id) and one.id == other.id


def _alike(one: Call, other: Call) -> bool:
    if one.method != other.method or difflib.SequenceMatcher(None, one.path, other.path).ratio() < _PATHS_ALIKE:
        return False
    return (
        expanded(one.node.child("responses")) == expanded(other.node.child("responses")) if _answers(one, other) else False
    )


def _answers(*found: Call) -> bool:
    return all("responses" in call.node.value for call in found)


def compare_reach(changes: Changes, old: Call, new: Call) -> None:
    """Compare id, path, method, servers, credentials of one operation."""
    where = (old.node, new.node)
    if old.id != new.id:
        changes.add("operation-id-changed", new.name, "operationId", where, old.id, new.id)
    if old.method != new.method:
        changes.add("method-changed", new.name, "method", where, old.method, new.method)
    if not {route.partition(" ")[2] for route in old.routes} & {route.partition(" ")[2] for route in new.routes}:
        _path_changed(changes, old, new)
    elif old.path != new.path and old.prefixes == new.prefixes:
        changes.add("path-parameter-renamed", new.name, "path", where, old.path, new.path)
    _hosts(changes, old, new)
    if new.node.plain("deprecated") is True and old.node.plain("deprecated") is not True:
        changes.add("operation-deprecated", new.name, "deprecated", where, False, True)
    _security(changes, old, new)


def _path_changed(changes: Changes, old: Call, new: Call) -> None:
    if re.sub("{[^{}]*}", "{}", old.path) == re.sub("{[^{}]*}", "{}", new.path):
        values = (sorted(old.prefixes), sorted(new.prefixes))
        changes.add("server-prefix-changed", new.name, "servers", (old.root, new.root), *values)
    else:
        changes.add("path-changed", new.name, "path", (old.node, new.node), old.path, new.path)


def _hosts(changes: Changes, old: Call, new: Call) -> None:
    before, after = (_host_names(call.servers) for call in (old, new))
    if before and after and not before <= after:  # a mock's own document has "/": no host to compare
        values = (sorted(before), sorted(after))
        changes.add("server-host-changed", new.name, "servers", (old.root, new.root), *values)


def _host_names(urls: Iterable[str]) -> set[str]:
    return {parts.netloc for parts in map(urlsplit, urls) if parts.netloc}


def _security(changes: Changes, old: Call, new: Call) -> None:
    before, after = old.security, new.security
    gone = [one for one in before if not any(_same_credentials(one, other) for other in after)]
    come = [other for other in after if not any(_same_credentials(one, other) for one in before)]
    where = (old.node, new.node)
    values = (_names(before), _names(after))
    if before and not after:
        changes.add("security-dropped", new.name, "security", where, *values)
    elif gone and _names(gone) == _names(come):
        for one, other in zip(gone, come, strict=True):
            changes.add("security-scheme-changed", new.name, "security", where, one, other)
    elif gone or (come and not before):
        changes.add("security-changed", new.name, "security", where, *values)
    elif come:
        changes.add("security-added", new.name, "security", where, ABSENT, _names(come))


def _same_credentials(one: dict[str, str | None], other: dict[str, str | None]) -> bool:
    return one.keys() == other.keys() and all(one[name] == other[name] or None in (one[name], other[name]) for name in one)


def _names(alternatives: list[dict[str, str | None]]) -> list[str]:
    return [" + ".join(sorted(one)) for one in alternatives]
