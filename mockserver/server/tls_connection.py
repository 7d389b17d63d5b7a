"""A connection that speaks TLS: the same as a plain one, above a layer of TLS."""

from __future__ import annotations

import contextlib
import ssl
from typing import TYPE_CHECKING, Any

from .connection import Connection
from .reading import TLS, Refusal

if TYPE_CHECKING:
    from .http_server import HttpServer

_PIECE = 256 * 1024


class TlsTransport:
    """A transport that encrypts what is written to it, and decrypts what it is fed.

    Args:
        transport: The one below.
        context: By which it speaks TLS, as a server.
    """

    def __init__(self, transport: Any, context: ssl.SSLContext) -> None:
        self._below = transport
        self._received, self._to_send = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._received, self._to_send, server_side=True)
        self._ready = False
        self.ends_in_order = True
        """Whether the client is notified of the end, as TLS wants it."""
        self.abort = transport.abort
        self.can_write_eof = transport.can_write_eof
        self.get_extra_info = transport.get_extra_info
        self.pause_reading, self.resume_reading = transport.pause_reading, transport.resume_reading
        self.set_write_buffer_limits = transport.set_write_buffer_limits

    def feed(self, data: bytes) -> bytes:
        """Take bytes from below; what they say. Raises ssl.SSLError, once the client was sent the alert."""
        self._received.write(data)
        pieces = []
        try:
            if not self._ready:
                self._tls.do_handshake()
                self._ready = True
            while piece := self._tls.read(_PIECE):
                pieces.append(piece)
        except ssl.SSLWantReadError:
            pass
        except ssl.SSLZeroReturnError:
            self._received.write_eof()
        finally:
            self._flush()
        return b"".join(pieces)

    def write(self, data: bytes) -> None:
        """Send bytes."""
        if data:
            self._tls.write(data)
            self._flush()

    def write_plain(self, data: bytes) -> None:
        """Send bytes as they are."""
        self._below.write(data)

    def write_eof(self) -> None:
        """Send no more."""
        self._say_goodbye()
        self._below.write_eof()

    def close(self) -> None:
        """End the connection, once all is sent."""
        self._say_goodbye()
        self._below.close()

    def _say_goodbye(self) -> None:
        if self._ready and self.ends_in_order:
            self.ends_in_order = False
            with contextlib.suppress(ssl.SSLError):  # the client hasn't said so yet: nobody waits for it
                self._tls.unwrap()
            self._flush()

    def _flush(self) -> None:
        if self._to_send.pending:
            self._below.write(self._to_send.read())


class TlsConnection(Connection):
    """A connection from its first byte to its last."""

    def __init__(self, server: HttpServer) -> None:
        super().__init__(server)
        assert server.tls is not None
        self._context = server.tls
        self._greeted = False

    def connection_made(self, transport: Any) -> None:
        """A client is there."""
        super().connection_made(TlsTransport(transport, self._context))

    def data_received(self, data: bytes) -> None:
        """Decrypt what came, and read it."""
        transport: TlsTransport = self.transport
        if not self._greeted:
            self._greeted = True
            if data[:1] != TLS:
                self._turn_away(b"", Refusal(400, "the client speaks plain HTTP, but this port speaks TLS: use https://"))
                return
            if alert := self._handler.tls_alert():
                self._turn_away(alert)
                return
        if self._lingering:
            super().data_received(data)
            return
        try:
            plain = transport.feed(data)
        except ssl.SSLError:  # no common version, or the client doesn't trust us: it knows
            transport.ends_in_order = False
            self._end_connection(lingering=True)
            return
        if plain:
            super().data_received(plain)

    def _turn_away(self, said: bytes, refusal: Refusal | None = None) -> None:
        """End a connection that speaks no TLS yet."""
        if refusal is not None:
            said = self._refusal(refusal)
        self.transport.write_plain(said)
        self.transport.ends_in_order = False
        self._end_connection(lingering=True)
