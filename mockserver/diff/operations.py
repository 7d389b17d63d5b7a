"""Finds the operations of two sets of documents, pairs them, and compares how they are reached."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urlsplit

from ..definitions.node import Documents, Node, node_at
from ..errors import DefinitionError
from .change import ABSENT, Changes
from .schema_text import expanded, is_added

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
            if holder.get("servers"):
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
            if holder.find("security"):
                requirements = [self._credentials(item.as_object()) for item in holder.items("security")]
                return requirements if all(requirements) else []
        return []

    def _credentials(self, item: Node) -> dict[str, str | None]:
        components = self.root.find("components")
        schemes = components.find("securitySchemes") if components else None
        return {name: _scheme(schemes, name) for name in map(str, item.value)}


def _scheme(schemes: Node | None, name: str) -> str | None:
    if schemes is None or name not in schemes.as_object().value:
        return None
    try:
        return expanded(schemes.child(name).resolved())
    except DefinitionError:  # documents of older mocks have some that refer to themselves
        return None


def _url(server: Node) -> str:
    node = server.as_object().find("url")
    url = node.as_text() if node and not is_added(server, "url") else "/"
    for name, variable in server.members("variables").items():
        url = url.replace(f"{{{name}}}", str(variable.get("default", "")))
    try:
        urlsplit(url)
    except ValueError as error:
        raise server.error(f"the URL {url!r} ({error})", "a URL") from None
    return url


def calls(documents: Documents) -> list[Call]:
    """Every operation. Raises DefinitionError for what can't be read as one."""
    result = []
    for name in documents:
        root = node_at(documents, name)
        for path, item in root.members("paths").items():
            for method in METHODS:
                node = item.as_object().find(method)
                if node is not None and not path.startswith("x-"):
                    identity = node.as_object().find("operationId")
                    result.append(Call(identity.as_text() if identity else "", method.upper(), path, node, item, root))
    return result


def paired(old: list[Call], new: list[Call]) -> list[tuple[Call, Call]]:
    """Which operation of OLD is which of NEW: by route, by id, else by likeness of path and answers."""
    left, right = list(old), list(new)
    pairs = []
    for same in (_same_both, _same_route, _same_id, _alike):
        for old_call in list(left):
            new_call = next((candidate for candidate in right if same(old_call, candidate)), None)
            if new_call is not None:
                pairs.append((old_call, new_call))
                left.remove(old_call)
                right.remove(new_call)
    return sorted(pairs, key=lambda pair: old.index(pair[0]))


def _same_both(old: Call, new: Call) -> bool:
    return _same_id(old, new) and _same_route(old, new)


def _same_route(old: Call, new: Call) -> bool:
    return bool(old.routes & new.routes)


def _same_id(old: Call, new: Call) -> bool:
    return bool(old.id) and old.id == new.id


def _alike(old: Call, new: Call) -> bool:
    if old.method != new.method or difflib.SequenceMatcher(None, old.path, new.path).ratio() < _PATHS_ALIKE:
        return False
    return expanded(old.node.child("responses")) == expanded(new.node.child("responses")) if _answers(old, new) else False


def _answers(*sides: Call) -> bool:
    return all("responses" in call.node.value for call in sides)


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
    if new.node.get("deprecated") is True and old.node.get("deprecated") is not True:
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
    if before and after and not before <= after:  # the server of a mock's own document is not a vendor's
        values = (sorted(before), sorted(after))
        changes.add("server-host-changed", new.name, "servers", (old.root, new.root), *values)


def _host_names(urls: Iterable[str]) -> set[str]:
    return {parts.netloc for parts in map(urlsplit, urls) if parts.netloc}


def _security(changes: Changes, old: Call, new: Call) -> None:
    before, after = old.security, new.security
    gone = [old_item for old_item in before if not any(_same_credentials(old_item, new_item) for new_item in after)]
    come = [new_item for new_item in after if not any(_same_credentials(old_item, new_item) for old_item in before)]
    where = (old.node, new.node)
    values = (_scheme_names(before), _scheme_names(after))
    if before and not after:
        changes.add("security-dropped", new.name, "security", where, *values)
    elif gone and _scheme_names(gone) == _scheme_names(come):
        for old_item, new_item in zip(gone, come, strict=True):
            changes.add("security-scheme-changed", new.name, "security", where, old_item, new_item)
    elif gone or (come and not before):
        changes.add("security-changed", new.name, "security", where, *values)
    elif come:
        changes.add("security-added", new.name, "security", where, ABSENT, _scheme_names(come))


def _same_credentials(old: dict[str, str | None], new: dict[str, str | None]) -> bool:
    return old.keys() == new.keys() and all(old[name] == new[name] or None in (old[name], new[name]) for name in old)


def _scheme_names(alternatives: list[dict[str, str | None]]) -> list[str]:
    return [" + ".join(sorted(alternative)) for alternative in alternatives]
