"""One client's connection: its requests are answered in order, at once or as a fault says."""

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
_QUEUE_LIMIT = 64
"""So many requests of a client wait in the queue; further ones stay in its socket."""
_REMEMBERED_BYTES = 2 * 1024
_UNREADABLE_REQUEST = RawRequest("", b"", keep_alive=False)
"""Stands for a request that couldn't be read."""


class Connection(asyncio.Protocol):
    """A connection from its first byte to its last.

    Attributes:
        is_answering_in_thread: Whether a thread is making an answer.
        close_after_answer: Whether the connection is to be closed after that answer.
    """

    def __init__(self, server: HttpServer) -> None:
        self._server = server
        self._handler = server.handler
        self._memory = server.memory
        self._reader = RequestReader(self, server.handler.body_limit)
        self._queue: deque[RawRequest] = deque()
        self._player: Player | None = None
        self._linger_timer: asyncio.TimerHandle | None = None
        self._linger_bytes_left = 0
        self.is_answering_in_thread = self.close_after_answer = False
        self._is_ending = self._has_unsent_bytes = self._client_sent_all = self._continue_due = self._under_way = False
        self._read_count = 0
        self._last_request: RawRequest = _UNREADABLE_REQUEST

    # Called by the loop

    def connection_made(self, transport: Any) -> None:
        """Called when a client has connected."""
        self.transport = transport
        transport.set_write_buffer_limits(0)  # so that the loop tells us when the client is slow
        self._server.add_connection(self)

    def connection_lost(self, _error: Exception | None) -> None:
        """Called when the connection is closed."""
        self._is_ending = True
        self._queue.clear()
        self._has_unsent_bytes = False
        if self._player:
            self._player.stop()
        if self._linger_timer:
            self._linger_timer.cancel()
        self._update_under_way()
        self._server.remove_connection(self)

    def data_received(self, data: bytes) -> None:
        """Read the bytes, and answer the requests that are complete."""
        if not self._reader.in_message and (request := self._memory.get(data)) is not None:
            self.request_read(request)
        elif not self._is_ending:
            self._feed(data)
        elif self._linger_bytes_left:
            self._linger_bytes_left -= len(data)
            if self._linger_bytes_left <= 0:
                self.transport.abort()

    def eof_received(self) -> bool:
        """Called when the client has sent all. Returns True to keep the connection open: the client may still read."""
        self._client_sent_all = True
        self._server.unwatch(self)
        if self._linger_bytes_left or (self._player and self._player.hangs):
            return False
        self._reader.end()
        return self._is_waiting() or self._has_unsent_bytes

    def pause_writing(self) -> None:
        """Called when the client reads more slowly than answers are made: its next requests stay unread meanwhile."""
        self._has_unsent_bytes = True
        self._update_reading()
        self._update_under_way()

    def resume_writing(self) -> None:
        """Called when the client has received everything."""
        self._has_unsent_bytes = False
        self._update_reading()
        self._update_under_way()

    # Called by the reader

    def request_read(self, request: RawRequest) -> None:
        """Answer a request, or put it into the queue."""
        self._read_count += 1
        self._last_request = request
        if self._is_waiting():
            self._queue.append(request)
            self._update_reading()
        elif not self._is_ending:
            self._answer_request(request)

    def body_awaited(self) -> None:
        """Let the client send its body, once the answers before are sent."""
        self._continue_due = True
        if not self._is_waiting():
            self._answer_queued()

    def request_refused(self, refusal: Refusal) -> None:
        """Answer why the request is refused, and close the connection."""
        if not self._is_ending:
            self._send(_UNREADABLE_REQUEST, self._handler.refuse(refusal))

    def _refusal(self, refusal: Refusal) -> bytes:
        return b"".join(encode(_UNREADABLE_REQUEST, self._handler.refuse(refusal)))

    # Answering

    def _feed(self, data: bytes) -> None:
        reader = self._reader
        begins_message = not reader.in_message
        if begins_message and data[:1] == TLS and (alert := self._handler.tls_alert()):
            self.transport.write(alert)
            self._end_connection(linger=True)
            return
        self._read_count = 0
        reader.feed(data)
        if (
            begins_message
            and self._read_count == 1
            and not reader.in_message
            and len(data) <= _REMEMBERED_BYTES
            and self._last_request.keep_alive
        ):
            self._server.remember(data, self._last_request)
        self._update_under_way()

    def _answer_request(self, request: RawRequest) -> None:
        if self._handler.is_slow(request):
            self.is_answering_in_thread = True
            self._update_under_way()
            self._server.run_in_thread(partial(self._answer_in_thread, request))
        else:
            self._send(request, self._response_to(request))

    def _response_to(self, request: RawRequest) -> Response:
        try:
            return self._handler.answer(request)
        except Exception:
            _LOG.exception("mockserver failed to answer a request")
            return problem(500, "Internal error", "the server failed: a bug, see its log and please report it")

    def _answer_in_thread(self, request: RawRequest) -> None:
        response = self._response_to(request)
        self._server.call_soon(partial(self._answer_from_thread, request, response))

    def _answer_from_thread(self, request: RawRequest, response: Response) -> None:
        self.is_answering_in_thread = False
        if not self._is_ending:
            self._send(request, response)
            self._answer_queued()
        self._update_under_way()

    def _send(self, request: RawRequest, response: Response) -> None:
        if response.wire is not None and request.method == "GET" and request.keep_alive and not request.http_1_0:
            self.transport.write(response.wire)
            return
        head, body = encode(request, response)
        if response.delivery is not None:
            actions = delivery_actions(head, body, response.delivery)
            self._player = Player(self._server.loop, self.transport, actions, partial(self._after_delivery, request))
            self._player.play()
            if self._player and self._player.hangs:
                self._server.unwatch(self)  # what the client sends while it waits is not read
            self._update_under_way()
            return
        self.transport.write(head + body)
        if not request.keep_alive or self.close_after_answer:
            self._end_connection(linger=request is _UNREADABLE_REQUEST or request.body_size > len(request.body))

    def _after_delivery(self, request: RawRequest, can_continue: bool) -> None:
        self._player = None
        if self._is_ending:
            return
        if not can_continue or not request.keep_alive:
            self._end_connection(linger=can_continue and request.body_size > len(request.body))
        else:
            self._server.watch(self)
            self._answer_queued()
        self._update_under_way()

    def _answer_queued(self) -> None:
        """Answer the requests in the queue."""
        while self._queue and not self._is_ending and not self.is_answering_in_thread and self._player is None:
            self._answer_request(self._queue.popleft())
        if self._is_ending or self._is_waiting():
            return
        if self._continue_due:
            self._continue_due = False
            self.transport.write(_CONTINUE)
        if self._client_sent_all:
            self.transport.close()
        self._update_reading()

    def _is_waiting(self) -> bool:
        return self.is_answering_in_thread or self._player is not None or bool(self._queue)

    def _update_reading(self) -> None:
        """Read from the client, or pause reading if too much waits."""
        if self._has_unsent_bytes or len(self._queue) >= _QUEUE_LIMIT:
            self.transport.pause_reading()
        else:
            self.transport.resume_reading()

    def _update_under_way(self) -> None:
        """Tell the server whether an exchange is under way: a delayed answer is, an answer that never comes is not."""
        hangs = self._player is not None and self._player.hangs
        under_way = not (self._is_ending or hangs) and (
            self._reader.in_message or self._has_unsent_bytes or self._is_waiting()
        )
        if under_way != self._under_way:
            self._under_way = under_way
            self._server.under_way += 1 if under_way else -1

    # The end

    def close_soon(self) -> None:
        """Close the connection, after the answer if a thread is making one."""
        if self.is_answering_in_thread:
            self.close_after_answer = True
        elif not self._is_ending:
            self._end_connection(linger=False)

    def close_if_at_rest(self) -> None:
        """Close the connection if no exchange is under way on it; else after that exchange."""
        if self._under_way:
            self.close_after_answer = True
        elif not self._is_ending and self._player is None:
            self._end_connection(linger=False)

    def _end_connection(self, linger: bool) -> None:
        """Close the connection once everything is sent. `linger`: let the client read it, even if it is still sending.

        If a connection is closed with unread bytes, the system resets it.
        """
        self._is_ending = True
        self._server.unwatch(self)
        if linger and not self._client_sent_all and self.transport.can_write_eof():
            self._linger_bytes_left = _LINGER_BYTES
            self._linger_timer = self._server.loop.call_later(_LINGER_SECONDS, self.transport.abort)
            self.transport.write_eof()
        else:
            self.transport.close()
