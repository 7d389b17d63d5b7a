"""Delivers an answer over a connection, action by action; pauses are timers of the loop, not threads."""

from __future__ import annotations

import asyncio
import socket
import struct
import sys
from collections.abc import Callable, Iterator
from typing import Any

from ..faults.delivery import Action, End, Hang

_RESET = struct.pack("hh" if sys.platform == "win32" else "ii", 1, 0)


class Player:
    """Delivers one answer.

    Args:
        loop: Whose timers are used.
        transport: The connection.
        actions: The script.
        on_end: Called at its end with whether the connection can carry another answer. It is not called after `stop`.
    """

    def __init__(
        self, loop: asyncio.AbstractEventLoop, transport: Any, actions: Iterator[Action], on_end: Callable[[bool], object]
    ) -> None:
        self._loop = loop
        self._transport = transport
        self._actions = actions
        self._on_end = on_end
        self._timer: asyncio.TimerHandle | None = None
        self.hangs = False
        """True while it only waits for the client to give up."""

    def play(self) -> None:
        """Do the next actions, up to the next pause."""
        for action in self._actions:
            if isinstance(action, bytes):
                self._transport.write(action)
            elif isinstance(action, End):
                self._end_connection(action)
                return
            else:
                self.hangs = isinstance(action, Hang)
                if action.seconds is not None:
                    self._timer = self._loop.call_later(action.seconds, self.play)
                return
        self._on_end(True)

    def stop(self) -> None:
        """Stop the delivery."""
        if self._timer is not None:
            self._timer.cancel()

    def _end_connection(self, end: End) -> None:
        if end is End.RESET:
            reset_on_close(self._transport)
        self._on_end(False)


def reset_on_close(transport: Any) -> None:
    """Make the later close of the connection a reset (RST), instead of a normal end (FIN)."""
    if hasattr(transport, "sends_close_notify"):  # TLS would send its own message at the end
        transport.sends_close_notify = False
    transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
