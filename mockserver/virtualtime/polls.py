"""`select.poll` and `select.epoll` whose timeouts go by virtual time. Objects from before the block wait for real."""

from __future__ import annotations

import select
from typing import Any

from . import engine as engines
from .engine import Patch
from .file_waits import READ, wait_for_files

_MILLISECONDS = 1_000
_poll, _epoll = getattr(select, "poll", None), getattr(select, "epoll", None)


class DrivenPoll:
    """In the place of `select.poll`."""

    def __init__(self) -> None:
        assert _poll is not None
        self._poll: Any = _poll()
        self._watched: dict[int, int] = {}

    def register(self, file: Any, events: int = select.POLLIN | select.POLLPRI | select.POLLOUT, /) -> None:
        """Watch a file."""
        self._poll.register(file, events)
        self._watched[_file_number(file)] = events

    def modify(self, file: Any, events: int, /) -> None:
        """Watch a file for something else."""
        self._poll.modify(file, events)
        self._watched[_file_number(file)] = events

    def unregister(self, file: Any, /) -> None:
        """Watch a file no more."""
        self._poll.unregister(file)
        self._watched.pop(_file_number(file), None)

    def poll(self, timeout: float | None = None, /) -> list[tuple[int, int]]:
        """What has happened; `timeout` in milliseconds, None or less than 0: for ever."""
        engine = engines.engine_of_thread()
        if engine is None or timeout == 0:
            return list(self._poll.poll(timeout))
        until = None if timeout is None or timeout < 0 else engine.after(timeout / _MILLISECONDS)
        left = wait_for_files(engine, list(self._watched.items()), until, "select.poll")
        return list(self._poll.poll(None if left is None else left * _MILLISECONDS))


class DrivenEpoll:
    """In the place of `select.epoll`."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        assert _epoll is not None
        self._epoll = _epoll(*args, **kwargs)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._epoll, name)

    def __enter__(self) -> DrivenEpoll:
        return self

    def __exit__(self, *_: object) -> None:
        self._epoll.close()

    def poll(self, timeout: float | None = None, maxevents: int = -1) -> list[tuple[int, int]]:
        """What has happened; `timeout` in seconds, None or less than 0: for ever."""
        engine = engines.engine_of_thread()
        if engine is None or timeout == 0:
            return list(self._epoll.poll(timeout, maxevents))
        until = None if timeout is None or timeout < 0 else engine.after(timeout)
        left = wait_for_files(engine, [(self._epoll.fileno(), READ)], until, "select.epoll")
        return list(self._epoll.poll(left, maxevents))


def _file_number(file: Any) -> int:
    return file if isinstance(file, int) else int(file.fileno())


def patches() -> list[Patch]:
    """What makes those that are made in a block wait by virtual time."""
    kinds = [("poll", _poll, DrivenPoll), ("epoll", _epoll, DrivenEpoll)]
    return [(select, name, driven) for name, original, driven in kinds if original is not None]
