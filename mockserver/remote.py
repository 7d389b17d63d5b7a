"""How the command line talks to a running server."""

from __future__ import annotations

import http.client
import json
import ssl
from collections.abc import Mapping
from typing import Any

from .client import Client, RemoteTime
from .errors import InputError
from .jobs.clock import Stopwatch
from .server.address import url_of
from .server.certificates import trust_file, uses_tls
from .settings import Settings

_PAUSE_SECONDS = 0.05


def wait(settings: Settings, timeout: float) -> str:
    """Wait until a server answers.

    Args:
        settings: Where it listens.
        timeout: How long to wait at most, in real seconds.

    Returns:
        A line that says where it answers.

    Raises:
        InputError: No server answers in time.
    """
    watch = Stopwatch()
    url = _url(settings)
    while (reason := _why_not_ready(settings, min(5.0, max(0.1, timeout)))) is not None:
        if watch.seconds() >= timeout:
            raise InputError(f"no mockserver answered at {url} within {timeout:g} s ({reason}); is it started there?")
        watch.pause(_PAUSE_SECONDS)
    return f"mockserver answers on {url}"


def _url(settings: Settings) -> str:
    return url_of(settings.host, settings.port, "https" if uses_tls(settings) else "http")


def _connection(settings: Settings, timeout: float) -> http.client.HTTPConnection:
    if not uses_tls(settings):
        return http.client.HTTPConnection(settings.host, settings.port, timeout=timeout)
    file = trust_file(settings)
    context = ssl.create_default_context(cafile=file if file.exists() else None)
    return http.client.HTTPSConnection(settings.host, settings.port, timeout=timeout, context=context)


def _why_not_ready(settings: Settings, timeout: float) -> str | None:
    """Why the server isn't ready yet; None if it is."""
    connection = _connection(settings, timeout)
    try:
        connection.request("GET", "/_mock/health")
        response = connection.getresponse()
        health = json.loads(response.read())
    except (OSError, http.client.HTTPException, ValueError) as error:
        return str(error) or type(error).__name__
    finally:
        connection.close()
    is_ours = response.status == 200 and isinstance(health, dict) and health.get("status") == "pass"
    return None if is_ours else f"something else answered there, with status {response.status}"


def client_of(settings: Settings, namespace: str) -> Client:
    """A client of the server of these settings; one that listens everywhere is called at its loopback address."""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(settings.host, settings.host)  # noqa: S104 - not bound to
    tls = uses_tls(settings)
    url = url_of(host, settings.port, "https" if tls else "http")
    file = trust_file(settings) if tls else None
    return Client(url, namespace, settings.control_token, str(file) if file and file.exists() else None)


def show_clock(settings: Settings, namespace: str) -> str:
    """What the server's clock shows, as a line. Raises InputError where no server answers."""
    with client_of(settings, namespace) as client:
        return _clock_line(client.clock.show())


def change_clock(settings: Settings, namespace: str, change: Mapping[str, Any]) -> str:
    """Change the server's clock; what it shows then. Raises InputError where no server answers, or it refuses."""
    if "speed" in change:
        try:
            change = {"speed": float(change["speed"])}
        except ValueError:
            raise InputError(f"{change['speed']!r} is not a speed; allowed: a number, 0 or more") from None
    with client_of(settings, namespace) as client:
        return _clock_line(client.clock.change(**change))


def _clock_line(clock: RemoteTime) -> str:
    pace = "frozen" if clock.speed == 0 else f"speed {clock.speed:g}"
    return f"{clock.iso}  {pace}" + (f", {clock.tick:g} s a poll" if clock.tick else "")
