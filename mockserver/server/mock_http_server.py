"""The mock on a port of this machine."""

from __future__ import annotations

import ssl
from types import TracebackType

from ..errors import ControlError
from ..mock import Mock
from ..model import RawRequest, Response
from ..steps.render import misuse_answer, response
from ..steps.route import BODY_LIMIT
from .control_calls import ControlCalls, is_control_call
from .handler import Handler
from .http_server import HttpServer
from .reading import Refusal

_HANDSHAKE_FAILURE = bytes.fromhex("15030300020228")
"""A TLS record: alert, fatal, handshake_failure (RFC 8446, 6; 5.1 for the record)."""


class MockHandler(Handler):
    """Answers the vendors' operations on the loop, and calls of the control API in threads.

    Args:
        mock: The mock that answers.
    """

    body_limit = BODY_LIMIT

    def __init__(self, mock: Mock) -> None:
        self._mock = mock
        self._control = ControlCalls(mock)

    def is_slow(self, request: RawRequest) -> bool:
        """True for a call of the control API."""
        return is_control_call(request.target)

    def answer(self, request: RawRequest) -> Response:
        """The mock's answer."""
        if is_control_call(request.target):
            return self._control.answer(request)
        return self._mock.handle_raw(request)

    def refuse(self, refusal: Refusal) -> Response:
        """A problem in the form of RFC 9457."""
        answer = misuse_answer(ControlError("Bad request", refusal.detail, refusal.status))
        return response(answer, self._mock.clock.now(), "", "")

    def tls_alert(self) -> bytes:
        """The alert of the fault TLS_ERROR if that is declared; then the fault is counted."""
        faults = self._mock.namespace().faults
        entry = faults.listening("TLS_ERROR", self._mock.clock.now())
        if entry is None:
            return b""
        faults.count(entry)
        return _HANDSHAKE_FAILURE

    def refuses_connections(self) -> bool:
        """True if the fault CONNECTION_REFUSED closes the port now."""
        return self._mock.namespace().faults.listening("CONNECTION_REFUSED", self._mock.clock.now()) is not None

    def port_may_change(self) -> bool:
        """True if the port may open or close as the clock runs."""
        return self._mock.clock.speed > 0 and self._mock.namespace().faults.has_listener_faults()


class MockHttpServer:
    """Serves a mock on a port of this machine, from a thread of this process.

    The port is bound at once, in the caller's thread. Requests are answered from `start` to `stop`, or within a `with`
    block.

    Args:
        mock: The mock that answers.
        host: A name or an address of this machine.
        port: 0: any free port.
        tls: The TLS context for HTTPS. Default: HTTP.
        quick: Run on the quickest loop that is installed. Virtual time can't ask such a server whether it is at rest.

    Raises:
        InputError: The host or the port can't be bound.
    """

    def __init__(
        self, mock: Mock, host: str = "127.0.0.1", port: int = 0, *, tls: ssl.SSLContext | None = None, quick: bool = False
    ) -> None:
        self.mock = mock
        self._server = HttpServer(MockHandler(mock), host, port, tls=tls, quick=quick)

    @property
    def port(self) -> int:
        """The port that it listens on."""
        return self._server.port

    @property
    def url(self) -> str:
        """The server's URL, without a slash at the end."""
        return self._server.url

    def start(self) -> MockHttpServer:
        """Begin to answer. Raises RuntimeError if the server was already started or stopped."""
        self._server.start()
        self.mock.namespace().faults.watch(self._server.refresh_port)
        self.mock.clock.watch(self._refresh_port_at_clock_change)
        return self

    def stop(self) -> None:
        """Close the port and all connections; exchanges under way are cut off."""
        self.mock.namespace().faults.unwatch(self._server.refresh_port)
        self.mock.clock.unwatch(self._refresh_port_at_clock_change)
        self._server.stop()

    def __enter__(self) -> MockHttpServer:
        return self.start()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.stop()

    def _refresh_port_at_clock_change(self) -> None:
        if self.mock.namespace().faults.has_listener_faults():
            self._server.refresh_port()
