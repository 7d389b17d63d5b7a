"""Credentials as an OpenAPI document's security schemes ask for them: whether one is there, not whether it is right."""

from __future__ import annotations

from typing import Any

from ..definitions import Operation
from ..definitions.styles import cookies_of
from ..errors import RequestProblem
from ..model import ANONYMOUS, Caller, Request
from ..settings import Settings


def identify(operation: Operation, request: Request, settings: Settings) -> Caller:
    """Who the caller is. Raises RequestProblem where no alternative of the operation's `security` is sent whole."""
    if settings.auth == "off":
        return ANONYMOUS
    document = operation.source.documents[operation.source.name]
    schemes = document.get("components", {}).get("securitySchemes", {})
    expected = []
    for alternative in operation.source.value.get("security", ()):
        missing = [_description(schemes.get(name)) for name in alternative if not _is_sent(schemes.get(name), request)]
        if not missing:
            return Caller("token")
        expected.append(" and ".join(missing))
    raise RequestProblem("credential-missing", f"send {' or '.join(dict.fromkeys(expected))}, or start with --auth off")


def _is_sent(scheme: Any, request: Request) -> bool:
    if not isinstance(scheme, dict) or scheme.get("type") == "mutualTLS":
        return True
    if scheme.get("type") != "apiKey":
        sent = request.headers.get("authorization", "").partition(" ")[0].lower()
        return sent == scheme.get("scheme", "bearer").lower() if scheme.get("type") == "http" else bool(sent)
    name, place = str(scheme.get("name", "")), scheme.get("in")
    if place == "header":
        return bool(request.headers.get(name.lower()))
    if place == "cookie":
        return name in cookies_of(request.headers.get("cookie", ""))
    return f"{name}=" in request.query


def _description(scheme: Any) -> str:
    if scheme.get("type") == "apiKey":
        return f"{scheme.get('name')} in the {scheme.get('in')}"
    return f"Authorization: {str(scheme.get('scheme', 'Bearer')).capitalize()} ..."
