"""One client's connection: its requests are answered in their order, at once or as a fault wants it."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from functools import partial
from typing import TYPE_CHECKING, Any

from ..faults.kinds import delivery_actions
from ..model import RawRequest, Response
from .encoding import encode
from .handler import problem
from .player import Player
from .reading import TLS, Refusal, RequestReader

if TYPE_CHECKING:
    from .http_server import HttpServer

_LOG = logging.getLogger("mockserver")
_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
_LINGER_SECONDS = 0.5
_LINGER_BYTES = 64 * 1024 * 1024
_QUEUED = 64
"""So many requests of a client wait for their turn; more stay in its socket."""
_REMEMBERED_BYTES = 2 * 1024
_LAST = RawRequest("", b"", keep_alive=False)
"""In place of a request that couldn't be read."""


class Connection(asyncio.Protocol):
    """A connection from its first byte to its last.

    Attributes:
        at_work: Whether an answer is being made in a thread.
        close_next: Whether the connection is to be closed after that answer.
    """

    def __init__(self, server: HttpServer) -> None:
        self._server = server
        self._handler = server.handler
        self._memory = server.memory
        self._reader = RequestReader(self, server.handler.body_limit)
        self._queue: deque[RawRequest] = deque()
        self._player: Player | None = None
        self._linger_timer: asyncio.TimerHandle | None = None
        self._lingering = 0
        self.at_work = self.close_next = False
        self._ending = self._unsent = self._client_done = self._continue_due = self._under_way = False
        self._read = 0
        self._last: RawRequest = _LAST

    # What the loop calls

    def connection_made(self, transport: Any) -> None:
        """A client is there."""
        self.transport = transport
        transport.set_write_buffer_limits(0)  # so that it is known what the client doesn't have yet
        self._server.joined(self)

    def connection_lost(self, _error: Exception | None) -> None:
        """The connection is gone."""
        self._ending = True
        self._queue.clear()
        self._unsent = False
        if self._player:
            self._player.stop()
        if self._linger_timer:
            self._linger_timer.cancel()
        self._note()
        self._server.left(self)

    def data_received(self, data: bytes) -> None:
        """Read what came, and answer what is whole."""
        if not self._reader.in_message and (allowed := self._memory.get(data)) is not None:
            self.request_read(allowed)
        elif not self._ending:
            self._feed(data)
        elif self._lingering:
            self._lingering -= len(data)
            if self._lingering <= 0:
                self.transport.abort()

    def eof_received(self) -> bool:
        """The client sends no more. Whether the connection stays open: it may still read."""
        self._client_done = True
        self._server.unwatch(self)
        if self._lingering or (self._player and self._player.hangs):
            return False
        self._reader.end()
        return self._waits() or self._unsent

    def pause_writing(self) -> None:
        """The client takes more time to read than the answers to be made: what it asks meanwhile stays unread."""
        self._unsent = True
        self._read_on()
        self._note()

    def resume_writing(self) -> None:
        """The client has all that was sent."""
        self._unsent = False
        self._read_on()
        self._note()

    # What the reader tells

    def request_read(self, request: RawRequest) -> None:
        """Answer a request, or let it wait for its turn."""
        self._read += 1
        self._last = request
        if self._waits():
            self._queue.append(request)
            self._read_on()
        elif not self._ending:
            self._answer_request(request)

    def body_awaited(self) -> None:
        """Let the client send its body, once the answers before it are sent."""
        self._continue_due = True
        if not self._waits():
            self._go_on()

    def refused(self, refusal: Refusal) -> None:
        """Say why, and end the connection."""
        if not self._ending:
            self._send(_LAST, self._handler.refuse(refusal))

    def _refusal(self, refusal: Refusal) -> bytes:
        return b"".join(encode(_LAST, self._handler.refuse(refusal)))

    # Answering

    def _feed(self, data: bytes) -> None:
        reader = self._reader
        fresh = not reader.in_message
        if fresh and data[:1] == TLS and (alert := self._handler.tls_alert()):
            self.transport.write(alert)
            self._end_connection(lingering=True)
            return
        self._read = 0
        reader.feed(data)
        if fresh and self._read == 1 and not reader.in_message and len(data) <= _REMEMBERED_BYTES and self._last.keep_alive:
            self._server.remember(data, self._last)
        self._note()

    def _answer_request(self, request: RawRequest) -> None:
        if self._handler.is_slow(request):
            self.at_work = True
            self._note()
            self._server.work(partial(self._answer_in_thread, request))
        else:
            self._send(request, self._made(request))

    def _made(self, request: RawRequest) -> Response:
        try:
            return self._handler.answer(request)
        except Exception:
            _LOG.exception("mockserver failed to answer a request")
            return problem(500, "Internal error", "the server failed: a bug, see its log and please report it")

    def _answer_in_thread(self, request: RawRequest) -> None:
        response = self._made(request)
        self._server.call_soon(partial(self._answered, request, response))

    def _answered(self, request: RawRequest, response: Response) -> None:
        self.at_work = False
        if not self._ending:
            self._send(request, response)
            self._go_on()
        self._note()

    def _send(self, request: RawRequest, response: Response) -> None:
        if response.wire is not None and request.method == "GET" and request.keep_alive and not request.http_1_0:
            self.transport.write(response.wire)
            return
        head, body = encode(request, response)
        if response.delivery is not None:
            actions = delivery_actions(head, body, response.delivery)
            self._player = Player(self._server.loop, self.transport, actions, partial(self._delivered, request))
            self._player.play()
            if self._player and self._player.hangs:
                self._server.unwatch(self)  # what it sends now is not read, as long as it waits
            self._note()
            return
        self.transport.write(head + body)
        if not request.keep_alive or self.close_next:
            self._end_connection(lingering=request is _LAST or request.body_size > len(request.body))

    def _delivered(self, request: RawRequest, whole: bool) -> None:
        self._player = None
        if self._ending:
            return
        if not whole or not request.keep_alive:
            self._end_connection(lingering=whole and request.body_size > len(request.body))
        else:
            self._server.watch(self)
            self._go_on()
        self._note()

    def _go_on(self) -> None:
        """Answer the requests that waited."""
        while self._queue and not self._ending and not self.at_work and self._player is None:
            self._answer_request(self._queue.popleft())
        if self._ending or self._waits():
            return
        if self._continue_due:
            self._continue_due = False
            self.transport.write(_CONTINUE)
        if self._client_done:
            self.transport.close()
        self._read_on()

    def _waits(self) -> bool:
        return self.at_work or self._player is not None or bool(self._queue)

    def _read_on(self) -> None:
        """Read from the client, or leave in its socket what it sends."""
        if self._unsent or len(self._queue) >= _QUEUED:
            self.transport.pause_reading()
        else:
            self.transport.resume_reading()

    def _note(self) -> None:
        """Tell the server whether something is under way: an answer that is late is, one that never comes is not."""
        hangs = self._player is not None and self._player.hangs
        under_way = not (self._ending or hangs) and (self._reader.in_message or self._unsent or self._waits())
        if under_way != self._under_way:
            self._under_way = under_way
            self._server.under_way += 1 if under_way else -1

    # The end

    def hang_up(self) -> None:
        """Close the connection; where an answer is being made in a thread, after it."""
        if self.at_work:
            self.close_next = True
        elif not self._ending:
            self._end_connection(lingering=False)

    def hang_up_at_rest(self) -> None:
        """Close the connection, if nothing is under way on it; else after the answer to that."""
        if self._under_way:
            self.close_next = True
        elif not self._ending and self._player is None:
            self._end_connection(lingering=False)

    def _end_connection(self, lingering: bool) -> None:
        """Close the connection once all is sent; `lingering`: let the client read it although it still sends.

        Closed at once with bytes unread, the connection would be reset.
        """
        self._ending = True
        self._server.unwatch(self)
        if lingering and not self._client_done and self.transport.can_write_eof():
            self._lingering = _LINGER_BYTES
            self._linger_timer = self._server.loop.call_later(_LINGER_SECONDS, self.transport.abort)
            self.transport.write_eof()
        else:
            self.transport.close()
