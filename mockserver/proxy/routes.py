"""Which service behind the proxy a request goes to."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence

from ..contract.target import TargetUrl, target_of
from ..definitions import Definitions
from ..errors import InputError


def parse_upstreams(texts: Sequence[str], definitions: Definitions) -> dict[str, TargetUrl]:
    """The targets of `URL` and `SERVICE=URL`, by service; the one for all others by the empty name.

    Raises InputError for a service that no definition has, one given twice, or none at all.
    """
    collected: dict[str, TargetUrl] = {}
    for text in texts:
        name, sign, url = text.partition("=")
        service, url = (name.strip(), url) if sign and "://" not in name else ("", text)
        _check_service(service, definitions)
        if service in collected:
            raise InputError(f"--upstream is given twice for {service or 'all services'}; give SERVICE=URL for each service")
        collected[service] = target_of(url)
    if not collected:
        raise InputError("no --upstream; give --upstream URL, or --upstream SERVICE=URL for each service")
    return collected


def _check_service(service: str, definitions: Definitions) -> None:
    allowed = sorted({operation.service for operation in definitions.operations})
    if service and service not in allowed:
        near = difflib.get_close_matches(service, allowed, 1)
        hint = f"did you mean {near[0]!r}? " if near else ""
        raise InputError(f"--upstream: no service is called {service!r}; {hint}known: {', '.join(allowed)}")


def service_of(definitions: Definitions, method: str, path: str) -> str:
    """The service that a request is for by the definitions' paths; nothing where none has it."""
    fits = [item for item in definitions.operations if item.pattern.fullmatch(path)]
    best = next((item for item in fits if item.method == method), fits[0] if fits else None)
    if best is not None:
        return best.service
    owner = definitions.service_at(path)
    return owner.name if owner else ""


def pick(names: Mapping[str, object], definitions: Definitions, method: str, path: str) -> str | None:
    """The name of the upstream that a request goes to; None where there is none for it."""
    service = service_of(definitions, method, path)
    return service if service in names else "" if "" in names else None
