"""Why no answer came, in words."""

from __future__ import annotations

import socket
import ssl

import requests
import urllib3

_PROXY = "the proxy of the environment does not answer, or refuses; see HTTPS_PROXY and NO_PROXY"
_NAME = "its name is unknown; check the URL and the network"
_LATE = "it took the request, but did not answer in time"
_CAUSES: tuple[tuple[type[BaseException], str], ...] = (
    (urllib3.exceptions.ProxyError, _PROXY),
    (requests.exceptions.ProxyError, _PROXY),
    (urllib3.exceptions.NameResolutionError, _NAME),
    (socket.gaierror, _NAME),
    (ConnectionRefusedError, "it refuses connections; is it running, and is the port right?"),
    (urllib3.exceptions.ConnectTimeoutError, "it takes no connection; check the URL, firewalls and proxies"),
    (urllib3.exceptions.ReadTimeoutError, _LATE),
    (requests.exceptions.ReadTimeout, _LATE),
    (TimeoutError, _LATE),
    (urllib3.exceptions.IncompleteRead, "it closed the connection in the middle of its answer"),
    (urllib3.exceptions.ProtocolError, "it closed the connection, or what it sent is not HTTP"),
    (ssl.SSLError, "TLS failed; does it speak HTTPS at this port?"),
    (ConnectionError, "it closed the connection"),
    (UnicodeError, "the request can't be written: only ASCII can stand in a URL"),
)
"""What errors mean; the first entry that fits counts."""


def why_no_answer(error: BaseException) -> str:
    """Why no answer came, in our own words, because the libraries' texts contain the URL."""
    chain = causes_of(error)
    for cause in chain:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return f"its certificate is not trusted ({cause.verify_message}); --ca-bundle FILE trusts others"
    for kind, text in _CAUSES:
        if any(isinstance(cause, kind) for cause in chain):
            return text
    own_texts = [str(cause) for cause in chain if type(cause) is OSError and not cause.errno]
    return own_texts[0] if own_texts else f"{type(error).__name__}"


def causes_of(error: BaseException) -> list[BaseException]:
    """The error and all its causes, which the libraries keep in different places."""
    errors: list[BaseException] = []
    remaining: list[object] = [error]
    while remaining:
        item = remaining.pop(0)
        if isinstance(item, BaseException) and item not in errors:
            errors.append(item)
            remaining += [item.__cause__, item.__context__, getattr(item, "reason", None), *item.args]
    return errors
