"""Threads for what would hold up an event loop."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from queue import SimpleQueue

_LOG = logging.getLogger("mockserver")
Task = Callable[[], object]


class Workers:
    """Threads that are started as they are needed; they end with the process, whatever they are at.

    Args:
        limit: How many there are at most.
        name: How they are called, after `mockserver-`.
    """

    def __init__(self, limit: int, name: str) -> None:
        self._limit, self._name = limit, name
        self._tasks: SimpleQueue[Task | None] = SimpleQueue()
        self._lock = threading.Lock()
        self._threads: list[threading.Thread] = []
        self._to_do = 0

    def submit(self, task: Task) -> None:
        """Run a task as soon as a thread is free."""
        with self._lock:
            self._to_do += 1
            if self._to_do > len(self._threads) < self._limit:
                thread = threading.Thread(target=self._run_tasks, name=f"mockserver-{self._name}", daemon=True)
                thread.mockserver_real_time = True  # type: ignore[attr-defined]
                thread.start()
                self._threads.append(thread)
        self._tasks.put(task)

    def stop(self, seconds: float) -> None:
        """End the threads that are free, and those at work after it; all are waited for so long (real seconds)."""
        with self._lock:
            threads, self._threads = self._threads, []
        for _ in threads:
            self._tasks.put(None)
        for thread in threads:
            thread.join(seconds)
            seconds = 0.0 if thread.is_alive() else seconds  # the first one at work has had all of it

    def _run_tasks(self) -> None:
        while (task := self._tasks.get()) is not None:
            try:
                task()
            except Exception:
                _LOG.exception("mockserver failed in the thread %s", threading.current_thread().name)
            with self._lock:
                self._to_do -= 1
