"""Threads for tasks that would block an event loop."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from queue import SimpleQueue

_LOG = logging.getLogger("mockserver")
Task = Callable[[], object]


class Workers:
    """Threads that are started when they are needed; they end with the process, even in the middle of a task.

    Args:
        limit: The largest number of threads.
        name: Their name, after `mockserver-`.
    """

    def __init__(self, limit: int, name: str) -> None:
        self._limit, self._name = limit, name
        self._tasks: SimpleQueue[Task | None] = SimpleQueue()
        self._lock = threading.Lock()
        self._threads: list[threading.Thread] = []
        self._unfinished_count = 0

    def submit(self, task: Task) -> None:
        """Run a task as soon as a thread is free."""
        with self._lock:
            self._unfinished_count += 1
            if self._unfinished_count > len(self._threads) < self._limit:
                thread = threading.Thread(target=self._run_tasks, name=f"mockserver-{self._name}", daemon=True)
                thread.mockserver_real_time = True  # type: ignore[attr-defined]
                thread.start()
                self._threads.append(thread)
        self._tasks.put(task)

    def stop(self, seconds: float) -> None:
        """End the threads once they are free, and wait for them, for at most so many real seconds in all."""
        with self._lock:
            threads, self._threads = self._threads, []
        for _ in threads:
            self._tasks.put(None)
        for thread in threads:
            thread.join(seconds)
            seconds = 0.0 if thread.is_alive() else seconds  # the first busy thread has used up all of them

    def _run_tasks(self) -> None:
        while (task := self._tasks.get()) is not None:
            try:
                task()
            except Exception:
                _LOG.exception("mockserver failed in the thread %s", threading.current_thread().name)
            with self._lock:
                self._unfinished_count -= 1
