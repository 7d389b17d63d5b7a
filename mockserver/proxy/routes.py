"""Finds the service behind the proxy for a request."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ..contract.target import TargetUrl, target_of
from ..definitions import Definitions
from ..errors import InputError, did_you_mean


def parse_upstreams(texts: Sequence[str], definitions: Definitions) -> dict[str, TargetUrl]:
    """The targets in `URL` and `SERVICE=URL`, by service; the target of a plain `URL` has the name "".

    Raises InputError for an unknown service, for a service that is given twice, and if there is no target.
    """
    targets: dict[str, TargetUrl] = {}
    for text in texts:
        name, equals, url = text.partition("=")
        service, url = (name.strip(), url) if equals and "://" not in name else ("", text)
        _check_service(service, definitions)
        if service in targets:
            raise InputError(f"--upstream is given twice for {service or 'all services'}; give SERVICE=URL for each service")
        targets[service] = target_of(url)
    if not targets:
        raise InputError("no --upstream; give --upstream URL, or --upstream SERVICE=URL for each service")
    return targets


def _check_service(service: str, definitions: Definitions) -> None:
    allowed = sorted({operation.service for operation in definitions.operations})
    if service and service not in allowed:
        hint = did_you_mean(service, allowed)
        raise InputError(f"--upstream: no service is called {service!r}{hint}; known: {', '.join(allowed)}")


def pick_upstream(names: Mapping[str, object], definitions: Definitions, method: str, path: str) -> str | None:
    """The name of the upstream for a request; None if there is none."""
    matches = [operation for _, operation, _ in definitions.router.matches(path.split("/"))]
    operation = next((match for match in matches if match.method == method), matches[0] if matches else None)
    owner = definitions.service_at(path)
    service = operation.service if operation else owner.name if owner else ""
    return service if service in names else "" if "" in names else None
