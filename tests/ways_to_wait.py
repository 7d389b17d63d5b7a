"""Ways to wait, to give up and to ask, as pollers have them; each is tried with each."""

from __future__ import annotations

import asyncio
import concurrent.futures
import multiprocessing.pool
import os
import queue
import sched
import select
import socket
import threading
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import datetime, timedelta, timezone
from time import monotonic as imported_monotonic
from time import sleep as imported_sleep
from typing import Any

import aiohttp
import anyio
import httpx
import requests
import trio

HEADERS = {"X-Auth-Token": "t"}
EVERY, PATIENCE = 30, 3_600


def _by_condition() -> None:
    condition = threading.Condition()
    with condition:
        condition.wait(EVERY)


def _by_queue() -> None:
    with suppress(queue.Empty):
        queue.Queue[None]().get(timeout=EVERY)


def _by_simple_queue() -> None:
    with suppress(queue.Empty):
        queue.SimpleQueue[None]().get(timeout=EVERY)


def _by_timer() -> None:
    timer = threading.Timer(EVERY, lambda: None)
    timer.start()
    timer.join()


def _by_future() -> None:
    with suppress(concurrent.futures.TimeoutError):
        concurrent.futures.Future[None]().result(timeout=EVERY)


def _by_lock() -> None:
    lock = threading.Lock()
    lock.acquire()
    lock.acquire(timeout=EVERY)


def _by_join() -> None:
    ended = threading.Event()
    thread = threading.Thread(target=ended.wait)
    thread.start()
    thread.join(EVERY)
    ended.set()
    thread.join()


def _by_sched() -> None:
    scheduler = sched.scheduler()
    scheduler.enter(EVERY, 1, lambda: None)
    scheduler.run()


def _by_pool() -> None:
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        pool.submit(time.sleep, EVERY).result()


def _by_what_is_left() -> None:
    until = imported_monotonic() + EVERY
    while (left := until - imported_monotonic()) > 0:
        imported_sleep(min(left, 7))


def _by_poll() -> None:
    reader, writer = os.pipe()
    watched = select.poll()
    watched.register(reader, select.POLLIN)
    watched.poll(EVERY * 1_000)
    os.close(reader)
    os.close(writer)


def _by_epoll() -> None:
    reader, writer = os.pipe()
    with select.epoll() as watched:
        watched.register(reader, select.EPOLLIN)
        watched.poll(EVERY)
    os.close(reader)
    os.close(writer)


def _by_socket() -> None:
    one, other = socket.socketpair()
    with one, other:
        one.settimeout(EVERY)
        with suppress(TimeoutError):
            one.recv(1)


def _by_barrier() -> None:
    with suppress(threading.BrokenBarrierError):
        threading.Barrier(2).wait(EVERY)


def _by_futures() -> None:
    concurrent.futures.wait([concurrent.futures.Future[None]()], timeout=EVERY)


def _by_thread_pool() -> None:
    with multiprocessing.pool.ThreadPool(1) as pool, suppress(multiprocessing.TimeoutError):
        pool.apply_async(time.sleep, (EVERY * 2,)).get(EVERY)


def _by_timers() -> None:
    over = threading.Event()
    threading.Timer(EVERY / 2, lambda: threading.Timer(EVERY / 2, over.set).start()).start()
    over.wait()


class _OwnEvent(threading.Event):
    def wait(self, timeout: float | None = None) -> bool:
        return super().wait(timeout)


_EARLY_EVENT, _EARLY_QUEUE = _OwnEvent(), queue.Queue[None]()
"""Made before any block."""


def _by_early_queue() -> None:
    with suppress(queue.Empty):
        _EARLY_QUEUE.get(timeout=EVERY)


SYNC_WAITS: dict[str, Callable[[], Any]] = {
    "time.sleep": lambda: time.sleep(EVERY),
    "from time import sleep": lambda: imported_sleep(EVERY),
    "Event.wait": lambda: threading.Event().wait(EVERY),
    "Condition.wait": _by_condition,
    "Queue.get": _by_queue,
    "SimpleQueue.get": _by_simple_queue,
    "Timer": _by_timer,
    "Future.result": _by_future,
    "Semaphore.acquire": lambda: threading.Semaphore(0).acquire(timeout=EVERY),
    "Lock.acquire": _by_lock,
    "Thread.join": _by_join,
    "sched": _by_sched,
    "select.select": lambda: select.select([], [], [], EVERY),
    "ThreadPoolExecutor": _by_pool,
    "what is left": _by_what_is_left,
    "select.poll": _by_poll,
    "select.epoll": _by_epoll,
    "socket": _by_socket,
    "Barrier": _by_barrier,
    "futures.wait": _by_futures,
    "ThreadPool": _by_thread_pool,
    "Timers": _by_timers,
    "Event from before the block": lambda: _EARLY_EVENT.wait(EVERY),
    "Queue from before the block": _by_early_queue,
}


async def _for_an_event() -> None:
    with suppress(asyncio.TimeoutError):
        await asyncio.wait_for(asyncio.Event().wait(), EVERY)


async def _by_call_later() -> None:
    loop = asyncio.get_running_loop()
    over = loop.create_future()
    loop.call_later(EVERY, over.set_result, None)
    await over


async def _by_wait() -> None:
    task = asyncio.ensure_future(asyncio.Event().wait())
    await asyncio.wait([task], timeout=EVERY)
    task.cancel()


async def _by_move_on() -> None:
    with anyio.move_on_after(EVERY):
        await anyio.Event().wait()


async def _by_queue_of_tasks() -> None:
    with suppress(asyncio.TimeoutError):
        await asyncio.wait_for(asyncio.Queue[None]().get(), EVERY)


async def _by_executor() -> None:
    await asyncio.get_running_loop().run_in_executor(None, time.sleep, EVERY)


async def _by_fail_after() -> None:
    with suppress(TimeoutError):
        with anyio.fail_after(EVERY):
            await anyio.sleep_forever()


async def _by_wall_clock() -> None:
    """As APScheduler does: timers for what is left by the wall clock."""
    due = datetime.now(timezone.utc) + timedelta(seconds=EVERY)
    while (left := (due - datetime.now(timezone.utc)).total_seconds()) > 0:
        await asyncio.sleep(left)


ASYNC_WAITS: dict[str, Callable[[], Awaitable[Any]]] = {
    "asyncio.sleep": lambda: asyncio.sleep(EVERY),
    "wait_for(event)": _for_an_event,
    "call_later": _by_call_later,
    "asyncio.wait": _by_wait,
    "anyio.sleep": lambda: anyio.sleep(EVERY),
    "anyio.move_on_after": _by_move_on,
    "to_thread(time.sleep)": lambda: asyncio.to_thread(time.sleep, EVERY),
    "run_in_executor": _by_executor,
    "asyncio.Queue": _by_queue_of_tasks,
    "anyio.fail_after": _by_fail_after,
    "what is left by the wall clock": _by_wall_clock,
}

TRIO_WAITS: dict[str, Callable[[], Awaitable[Any]]] = {
    "trio.sleep": lambda: trio.sleep(EVERY),
    "anyio.sleep on trio": lambda: anyio.sleep(EVERY),
    "move_on_after on trio": _by_move_on,
}

CLOCKS: dict[str, Callable[[], float]] = {
    "time.monotonic": lambda: time.monotonic() + 0,
    "from time import monotonic": lambda: imported_monotonic() + 0,
    "time.time": time.time,
    "perf_counter": time.perf_counter,
    "clock_gettime": lambda: time.clock_gettime(time.CLOCK_MONOTONIC),
    "time_ns": lambda: time.time_ns() / 1e9,
    "datetime.now": lambda: datetime.now().timestamp(),
    "datetime.now(utc)": lambda: datetime.now(timezone.utc).timestamp(),
}
"""What a poller measures its patience by."""


def with_requests(url: str) -> str:
    """One poll by requests."""
    return str(requests.get(url, headers=HEADERS, timeout=10).json()["submissions"][0]["status"])


def with_httpx(url: str) -> str:
    """One poll by httpx, with its own timeout of five seconds."""
    return str(httpx.get(url, headers=HEADERS, verify=False).json()["submissions"][0]["status"])


async def with_async_httpx(url: str) -> str:
    """One poll by httpx's asynchronous client."""
    async with httpx.AsyncClient(verify=False) as client:
        return str((await client.get(url, headers=HEADERS)).json()["submissions"][0]["status"])


async def with_aiohttp(url: str) -> str:
    """One poll by aiohttp, ten seconds at most."""
    timeout = aiohttp.ClientTimeout(total=10)
    async with aiohttp.ClientSession(timeout=timeout) as client, client.get(url, headers=HEADERS) as answer:
        return str((await answer.json())["submissions"][0]["status"])


SYNC_CLIENTS = {"requests": with_requests, "httpx": with_httpx}
ASYNC_CLIENTS = {"httpx": with_async_httpx, "aiohttp": with_aiohttp}


def poll(url: str, ask: Callable[[str], str], wait: Callable[[], Any], now: Callable[[], float]) -> str:
    """Poll until the job has ended, an hour at most. Raises TimeoutError."""
    end = now() + PATIENCE
    while now() < end:
        if (status := ask(url)) in ("SUCCEEDED", "FAILED"):
            return status
        wait()
    raise TimeoutError


async def poll_async(
    url: str, ask: Callable[[str], Awaitable[str]], wait: Callable[[], Awaitable[Any]], now: Callable[[], float]
) -> str:
    """The same in an event loop. Raises TimeoutError."""
    end = now() + PATIENCE
    while now() < end:
        if (status := await ask(url)) in ("SUCCEEDED", "FAILED"):
            return status
        await wait()
    raise TimeoutError
