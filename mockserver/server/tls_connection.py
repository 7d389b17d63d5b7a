"""A connection that speaks TLS: a plain connection on top of a TLS layer."""

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
    """A transport that encrypts what is written to it, and decrypts the bytes that it is fed.

    Args:
        transport: The transport below, which sends the encrypted bytes.
        context: The server's TLS context.
    """

    def __init__(self, transport: Any, context: ssl.SSLContext) -> None:
        self._transport_below = transport
        self._received, self._to_send = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._received, self._to_send, server_side=True)
        self._ready = False
        self.sends_close_notify = True
        """Whether the client is told about the end of the connection, as TLS requires."""
        self.abort = transport.abort
        self.can_write_eof = transport.can_write_eof
        self.get_extra_info = transport.get_extra_info
        self.pause_reading, self.resume_reading = transport.pause_reading, transport.resume_reading
        self.set_write_buffer_limits = transport.set_write_buffer_limits

    def feed(self, data: bytes) -> bytes:
        """Decrypt bytes from the client. Raises ssl.SSLError after the alert was sent to the client."""
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
        """Send bytes unencrypted."""
        self._transport_below.write(data)

    def write_eof(self) -> None:
        """Tell the client that nothing more is sent."""
        self._send_close_notify()
        self._transport_below.write_eof()

    def close(self) -> None:
        """Close the connection once everything is sent."""
        self._send_close_notify()
        self._transport_below.close()

    def _send_close_notify(self) -> None:
        if self._ready and self.sends_close_notify:
            self.sends_close_notify = False
            with contextlib.suppress(ssl.SSLError):  # the client hasn't sent its own yet; we don't wait for that
                self._tls.unwrap()
            self._flush()

    def _flush(self) -> None:
        if self._to_send.pending:
            self._transport_below.write(self._to_send.read())


class TlsConnection(Connection):
    """A connection from its first byte to its last, with TLS."""

    def __init__(self, server: HttpServer) -> None:
        super().__init__(server)
        assert server.tls is not None
        self._context = server.tls
        self._has_received_bytes = False

    def connection_made(self, transport: Any) -> None:
        """Called when a client has connected."""
        super().connection_made(TlsTransport(transport, self._context))

    def data_received(self, data: bytes) -> None:
        """Decrypt the bytes, and read them."""
        transport: TlsTransport = self.transport
        if not self._has_received_bytes:
            self._has_received_bytes = True
            if data[:1] != TLS:
                self._reject(b"", Refusal(400, "the client speaks plain HTTP, but this port speaks TLS: use https://"))
                return
            if alert := self._handler.tls_alert():
                self._reject(alert)
                return
        if self._linger_bytes_left:
            super().data_received(data)
            return
        try:
            decrypted = transport.feed(data)
        except ssl.SSLError:  # no common version, or the client doesn't trust us; it got the alert
            transport.sends_close_notify = False
            self._end_connection(linger=True)
            return
        if decrypted:
            super().data_received(decrypted)

    def _reject(self, answer: bytes, refusal: Refusal | None = None) -> None:
        """Answer a client that doesn't speak TLS, and close the connection."""
        if refusal is not None:
            answer = self._refusal(refusal)
        self.transport.write_plain(answer)
        self.transport.sends_close_notify = False
        self._end_connection(linger=True)
