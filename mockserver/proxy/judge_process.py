"""Records and judges exchanges in a process of its own, so that the traffic never waits for that.

The exchanges go there as pickles through a socket. After a kill -9 of the proxy, the process records all that it was sent,
then ends.
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
_NO_PROGRESS_SECONDS = 60.0
_LAST_SECONDS = 5.0


class JudgeProcess:
    """The proxy's side of the judging process. Thread-safe.

    Args:
        settings: The settings of the process.
        print_line: Takes lines for the user, as for `Notices`.
    """

    def __init__(self, settings: JudgeSettings, print_line: Callable[[str], None] | None = None) -> None:
        self.notices = Notices(print_line)
        self._socket, theirs = socket.socketpair()
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SOCKET_BYTES)
        number, nothing = theirs.fileno(), subprocess.DEVNULL
        code = f"import sys; sys.path[:] = {sys.path!r}; from mockserver.proxy.judge_worker import main; main({number})"
        command = [sys.executable, "-c", code]
        # A session of its own, so that Ctrl-C and signals to the process group only reach the proxy.
        self._process = subprocess.Popen(  # noqa: S603 - our own program
            command, stdin=nothing, stdout=nothing, pass_fds=[number], start_new_session=True
        )
        self.pid: int = self._process.pid
        theirs.close()
        self._change = threading.Condition()
        self._unsent: deque[tuple[bytes, int]] = deque()
        self._backlog = Backlog()
        self._submitted = self._done = 0
        self._ended = False
        self._messages: queue.SimpleQueue[tuple[str, Any]] = queue.SimpleQueue()
        works = self._send_unsent, self._read_messages
        self._threads = [threading.Thread(target=work, name="mockserver-judge", daemon=True) for work in works]
        for thread in self._threads:
            thread.start()
        self._send(settings)

    def ready(self, definitions: Definitions) -> list[str]:
        """Wait until the process is ready.

        Args:
            definitions: The definitions that the process uses, for the result.

        Returns:
            Notes about the recording.

        Raises:
            InputError: For wrong settings.
        """
        self._definitions = definitions
        kind, value = self._messages.get()
        if kind != "ready":
            self._close()
            raise InputError(value or "the judging process ended at its start, see above")
        notes: list[str] = value
        return notes

    def put(self, exchange: Exchange) -> None:
        """Send an exchange to be recorded and judged. Never waits: if there is no room, it is left out, and reported."""
        if self._send(exchange):
            with self._change:
                self._submitted += 1

    def waiting(self) -> int:
        """The number of exchanges that are still to be judged."""
        return 0 if self._ended else self._submitted - self._done

    def finish(self, target: str, seconds: float) -> Result:
        """Wait until everything is judged; returns the result, with what could not be judged. Ctrl-C ends it early."""
        self._send(Finish(target, seconds))
        try:
            kind, value = self._last_message(_NO_PROGRESS_SECONDS)
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
        result = self._result_from_parts(target, seconds, value if kind == "result" else None)
        self.notices.finish(result)
        return result

    def _close(self) -> None:
        self._process.kill()
        self._process.wait()
        for thread in self._threads:
            thread.join(1.0)
        self._socket.close()

    def _last_message(self, patience: float) -> tuple[str, Any]:
        """The last message of the process; ("", None) if it makes no progress for `patience` seconds."""
        idle, done = 0.0, self._done
        while idle < patience:
            with contextlib.suppress(queue.Empty):
                return self._messages.get(timeout=0.2)
            idle, done = (idle + 0.2, done) if done == self._done else (0.0, self._done)
        return "", None

    def _result_from_parts(self, target: str, seconds: float, parts: Any) -> Result:
        coverage = Coverage(self._definitions)
        if parts is None:
            return Result(target, "", coverage, seconds=seconds)
        counts, (mode, *rest) = parts
        coverage.add(counts)
        return Result(target, mode, coverage, *rest)

    # The socket

    def _send(self, item: object) -> bool:
        """Send an item: as much as the socket takes now, the rest from a thread. Returns False if there is no room."""
        data = pickle.dumps(item, pickle.HIGHEST_PROTOCOL)
        with self._change:
            if self._ended or not self._backlog.take(len(data)):
                return False
            sent = 0
            if not self._unsent:
                with contextlib.suppress(OSError):  # the socket is full; `_read_messages` notices a broken one
                    sent = self._socket.send(data, socket.MSG_DONTWAIT)
            if sent == len(data):
                self._backlog.done(len(data))
            else:
                self._unsent.append((data[sent:], len(data)))
                self._change.notify_all()
        return True

    def _send_unsent(self) -> None:
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

    def _read_messages(self) -> None:
        try:
            with self._socket.makefile("rb") as file:
                while True:
                    self._handle_message(*pickle.load(file))  # noqa: S301 - from the process that this one started
        except (EOFError, OSError, pickle.UnpicklingError):
            with self._change:
                self._ended = True
                self._change.notify_all()
            self._messages.put(("", None))

    def _handle_message(self, kind: str, value: Any) -> None:
        if kind == "line":
            self.notices.report(value)
        elif kind == "done":
            self._done = value
        else:
            self._messages.put((kind, value))
