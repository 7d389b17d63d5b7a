"""Where a document's operations are, by its `servers`: their URLs, and what stands in a path before the operation's own."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from urllib.parse import unquote, urlsplit


def server_urls(servers: Any) -> tuple[str, ...]:
    """The URLs of a list of servers, their variables at their defaults; those that are none are left out."""
    return tuple(
        dict.fromkeys(url for server in servers if isinstance(server, dict) if (url := _url(server)) is not None)
        if isinstance(servers, list)
        else ()
    )


def _url(server: dict[str, Any]) -> str | None:
    url, variables = server.get("url"), server.get("variables")
    if not isinstance(url, str):
        return None
    for name, variable in variables.items() if isinstance(variables, dict) else ():
        default = variable.get("default") if isinstance(variable, dict) else None
        url = url.replace("{" + str(name) + "}", str(default)) if default is not None else url
    try:
        urlsplit(url)
    except ValueError:
        return None
    return None if "{" in urlsplit(url).path else url


def paths_of(urls: Iterable[str]) -> list[str]:
    """The paths in servers' URLs, without a slash at the end; empty ones are left out."""
    paths = dict.fromkeys(unquote(urlsplit(url).path).rstrip("/") for url in urls)
    return [path if path.startswith("/") else f"/{path}" for path in paths if path]


def hosts_of(urls: Iterable[str]) -> list[str]:
    """The names of hosts in servers' URLs, but for this machine's."""
    names = dict.fromkeys((urlsplit(url).hostname or "").lower() for url in urls)
    return [name for name in names if name and name not in ("localhost", "127.0.0.1", "::1", "0.0.0.0")]  # noqa: S104
