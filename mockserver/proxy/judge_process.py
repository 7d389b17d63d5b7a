"""Exchanges recorded and judged in a process of its own: whatever an answer holds, the traffic doesn't wait for it.

They go there as pickles through a socket. What it was given survives a kill -9 of the proxy: it records it all, then ends.
"""

from __future__ import annotations

import contextlib
import pickle
import queue
import signal
import socket
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Callable
from typing import Any

from ..contract.coverage import Coverage
from ..contract.result import Result
from ..definitions import Definitions
from ..errors import InputError
from ..exchanges.exchange import Exchange
from .judge_queue import LEFT_OUT, Backlog
from .judge_worker import Finish, JudgeSettings
from .notices import Notices

_SOCKET_BYTES = 4 * 1024 * 1024
_STUCK_SECONDS = 60.0
_LAST_SECONDS = 5.0


class JudgeProcess:
    """The process, as the proxy has it. Thread-safe.

    Args:
        settings: What it is to do.
        say: Takes lines for the user, as `Notices` has it.
    """

    def __init__(self, settings: JudgeSettings, say: Callable[[str], None] | None = None) -> None:
        self.notices = Notices(say)
        self._socket, theirs = socket.socketpair()
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SOCKET_BYTES)
        number, nothing = theirs.fileno(), subprocess.DEVNULL
        code = f"import sys; sys.path[:] = {sys.path!r}; from mockserver.proxy.judge_worker import main; main({number})"
        command = [sys.executable, "-c", code]
        # A session of its own: Ctrl-C, and a kill of the whole group, are for the proxy.
        self._process = subprocess.Popen(  # noqa: S603 - this very program
            command, stdin=nothing, stdout=nothing, pass_fds=[number], start_new_session=True
        )
        self.pid: int = self._process.pid
        theirs.close()
        self._change = threading.Condition()
        self._unsent: deque[tuple[bytes, int]] = deque()
        self._backlog = Backlog()
        self._submitted = self._done = 0
        self._ended = False
        self._answers: queue.SimpleQueue[tuple[str, Any]] = queue.SimpleQueue()
        works = self._send_rest, self._listen
        self._threads = [threading.Thread(target=work, name="mockserver-judge", daemon=True) for work in works]
        for thread in self._threads:
            thread.start()
        self._send(settings)

    def ready(self, definitions: Definitions) -> list[str]:
        """Wait until it can work.

        Args:
            definitions: The same ones as the process has, for the result.

        Returns:
            What there is to say of the recording.

        Raises:
            InputError: The settings are wrong.
        """
        self._definitions = definitions
        kind, value = self._answers.get()
        if kind != "ready":
            self._close()
            raise InputError(value or "the judging process ended at its start, see above")
        notes: list[str] = value
        return notes

    def put(self, exchange: Exchange) -> None:
        """Have an exchange recorded and judged. Never waits: what doesn't fit is left out, and told at the end."""
        if self._send(exchange):
            with self._change:
                self._submitted += 1

    def waiting(self) -> int:
        """How many exchanges are still to be judged."""
        return 0 if self._ended else self._submitted - self._done

    def finish(self, target: str, seconds: float) -> Result:
        """Judge all that waits; the result, with what could not be judged. Ctrl-C ends the judging early."""
        self._send(Finish(target, seconds))
        try:
            kind, value = self._last_message(_STUCK_SECONDS)
        except KeyboardInterrupt:
            self.notices.fail("proxy", f"{self.waiting()} exchanges were not judged: interrupted")
            self._process.send_signal(signal.SIGINT)
            kind, value = self._last_message(_LAST_SECONDS)
        self._close()
        if self._backlog.left_out:
            self.notices.fail("proxy", f"{self._backlog.left_out} exchanges {LEFT_OUT}")
        if kind != "result":
            lost = self._submitted - self._done
            self.notices.fail("proxy", f"the judging process ended early, and its result with it; {lost} exchanges waited")
        result = self._restored(target, seconds, value if kind == "result" else None)
        self.notices.finish(result)
        return result

    def _close(self) -> None:
        self._process.kill()
        self._process.wait()
        for thread in self._threads:
            thread.join(1.0)
        self._socket.close()

    def _last_message(self, patience: float) -> tuple[str, Any]:
        """What the process says at last; nothing where it makes no headway for so many seconds."""
        quiet, done = 0.0, self._done
        while quiet < patience:
            with contextlib.suppress(queue.Empty):
                return self._answers.get(timeout=0.2)
            quiet, done = (quiet + 0.2, done) if done == self._done else (0.0, self._done)
        return "", None

    def _restored(self, target: str, seconds: float, parts: Any) -> Result:
        coverage = Coverage(self._definitions)
        if parts is None:
            return Result(target, "", coverage, seconds=seconds)
        counts, (mode, *rest) = parts
        coverage.add(counts)
        return Result(target, mode, coverage, *rest)

    # The socket

    def _send(self, item: object) -> bool:
        """Give the process something: as much as the socket takes now, the rest from a thread. False: it doesn't fit."""
        data = pickle.dumps(item, pickle.HIGHEST_PROTOCOL)
        with self._change:
            if self._ended or not self._backlog.take(len(data)):
                return False
            sent = 0
            if not self._unsent:
                with contextlib.suppress(OSError):  # the socket is full; one that is broken is heard of by _listen
                    sent = self._socket.send(data, socket.MSG_DONTWAIT)
            if sent == len(data):
                self._backlog.done(len(data))
            else:
                self._unsent.append((data[sent:], len(data)))
                self._change.notify_all()
        return True

    def _send_rest(self) -> None:
        while True:
            with self._change:
                self._change.wait_for(lambda: self._unsent or self._ended)
                if self._ended:
                    return
                data, size = self._unsent[0]
            with contextlib.suppress(OSError):
                self._socket.sendall(data)
            with self._change:
                self._unsent.popleft()
                self._backlog.done(size)

    def _listen(self) -> None:
        try:
            with self._socket.makefile("rb") as file:
                while True:
                    self._heard(*pickle.load(file))  # noqa: S301 - from the process that this one started
        except (EOFError, OSError, pickle.UnpicklingError):
            with self._change:
                self._ended = True
                self._change.notify_all()
            self._answers.put(("", None))

    def _heard(self, kind: str, value: Any) -> None:
        if kind == "line":
            self.notices.tell(value)
        elif kind == "done":
            self._done = value
        else:
            self._answers.put((kind, value))
