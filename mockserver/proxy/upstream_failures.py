"""What went wrong with the service behind the proxy, and the proxy's own answer that says so."""

from __future__ import annotations

import http.client
import socket
import ssl
from typing import Any

import urllib3

from ..contract.failures import causes_of
from .exact_connections import WrongAnswer


class ProxyError(Exception):
    """An answer of the proxy itself: `status`, a title, and a detail that says what went wrong, with advice."""

    def __init__(self, status: int, title: str, detail: str) -> None:
        super().__init__(detail)
        self.status, self.title, self.detail = status, title, detail


_EXPLANATIONS: tuple[tuple[Any, tuple[int, str, str]], ...] = (
    (
        ssl.SSLCertVerificationError,
        (502, "Not trusted", "the certificate of {name}: {reason}; --ca-bundle FILE trusts others, --insecure any"),
    ),
    (WrongAnswer, (502, "Wrong answer", "what {name} sent is not HTTP/1.1: {reason}")),
    (http.client.LineTooLong, (502, "Wrong answer", "what {name} sent can't be passed on: {reason}")),
    (
        (urllib3.exceptions.NewConnectionError, urllib3.exceptions.ProxyError, socket.gaierror),
        (502, "No connection", "{name}: {reason}; is it there, and is the URL right?"),
    ),
    (urllib3.exceptions.ReadTimeoutError, (504, "No answer in time", "{name} did not answer in {seconds:g} s")),
    (urllib3.exceptions.ConnectTimeoutError, (504, "No connection", "{name} did not take the connection in time")),
    (ssl.SSLError, (502, "No connection", "{name}: TLS failed; does it speak HTTPS at this port?")),
    (http.client.RemoteDisconnected, (502, "No answer", "{name} closed the connection {reason}")),
    (ConnectionError, (502, "No answer", "{name} closed the connection before it answered: {reason}")),
)
"""What errors mean; the first entry that fits counts."""


def explained(error: Exception, name: str, seconds: float) -> ProxyError:
    """The proxy's own answer for an error of the service.

    Args:
        error: What was raised.
        name: The service's host and port.
        seconds: How long the proxy waited for an answer.
    """
    causes = causes_of(error)
    for kinds, (status, title, text) in _EXPLANATIONS:
        cause = next((cause for cause in causes if isinstance(cause, kinds)), None)
        if cause is not None:
            return ProxyError(status, title, text.format(name=name, seconds=seconds, reason=_reason(cause)))
    return ProxyError(502, "No answer", f"{name}: {_reason(error)}")


def _reason(error: BaseException) -> str:
    """The reason in the system's or our own words, because the libraries' texts contain addresses of objects."""
    for cause in causes_of(error):
        if isinstance(cause, ssl.SSLCertVerificationError):
            return cause.verify_message
        if isinstance(cause, OSError) and cause.strerror:
            return cause.strerror
        if isinstance(cause, WrongAnswer | http.client.RemoteDisconnected):
            return str(cause)
    return type(causes_of(error)[-1]).__name__


def how_cut(error: BaseException, byte_count: int) -> str:
    """How an answer ended too soon, in words."""
    causes = causes_of(error)
    if any(isinstance(cause, ValueError) and not isinstance(cause, urllib3.exceptions.HTTPError) for cause in causes):
        return f"after {byte_count} bytes: a chunk does not begin with its length"
    if any(isinstance(cause, TimeoutError) for cause in causes):
        return f"after {byte_count} bytes: nothing more came in time"
    return f"after {byte_count} bytes: the connection ended"


def on_one_line(value: str) -> str:
    """A header's value on one line, as RFC 9112 (section 5.2) requires of a proxy."""
    return " ".join(line.strip(" \t") for line in value.splitlines()) if "\n" in value else value
