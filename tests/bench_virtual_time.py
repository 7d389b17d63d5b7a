"""Prints what virtual time costs: `python tests/bench_virtual_time.py`."""

from __future__ import annotations

import asyncio
import threading
import time

import httpx
import requests

import mockserver
from mockserver import Clock, real_time
from mockserver.virtualtime import virtual_time

HEADERS = {"X-Auth-Token": "t"}
JOBS, LIFE = 100, [("RUNNING", "2h"), ("SUCCEEDED", None)]
DUE = 241
"""Polls of each: every 30 s for two hours, and the one that sees the end."""


def path(number: int) -> str:
    """Where the status of a job stands."""
    return f"/v1.1/p/clusters/c/cdm/job/j{number}/status"


def a_sleep() -> None:
    """One driven sleep, without other threads."""
    with virtual_time(Clock()):
        began = real_time.perf_counter()
        for _ in range(10_000):
            time.sleep(30)
        print(f"a driven sleep: {(real_time.perf_counter() - began) * 100:.1f} us")


def a_poll() -> None:
    """One driven sleep and one request over a kept connection."""
    with mockserver.running() as mock, requests.Session() as session:
        mock.job("cdm", job_name="j0", life="hangs")
        with mock.clock.drive():
            began = real_time.perf_counter()
            for _ in range(500):
                session.get(mock.url + path(0), headers=HEADERS)
                time.sleep(30)
            both = real_time.perf_counter() - began
        began = real_time.perf_counter()
        for _ in range(500):
            session.get(mock.url + path(0), headers=HEADERS)
        alone = real_time.perf_counter() - began
    print(f"a driven sleep and a request: {both * 2:.2f} ms; the request alone: {alone * 2:.2f} ms")


def _jobs(mock: mockserver.MockServer) -> None:
    for number in range(JOBS):
        mock.job("cdm", job_name=f"j{number}", life=LIFE)


def by_threads() -> None:
    """A hundred threads."""

    def poll(base: str, number: int) -> None:
        with requests.Session() as session:
            while True:
                answer = session.get(base + path(number), headers=HEADERS).json()
                counts[number] += 1
                if answer["submissions"][0]["status"] == "SUCCEEDED":
                    return
                time.sleep(30)

    counts = [0] * JOBS
    with mockserver.running() as mock:
        _jobs(mock)
        began = real_time.perf_counter()
        with mock.clock.drive():
            threads = [threading.Thread(target=poll, args=(mock.url, number)) for number in range(JOBS)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
    print(f"{JOBS} threads: {real_time.perf_counter() - began:.1f} s; {set(counts)} polls each")


def by_tasks() -> None:
    """A hundred tasks."""

    async def poll(http: httpx.AsyncClient, number: int) -> int:
        polls = 0
        while True:
            polls += 1
            answer = await http.get(path(number), headers=HEADERS)
            if answer.json()["submissions"][0]["status"] == "SUCCEEDED":
                return polls
            await asyncio.sleep(30)

    async def everybody(base: str) -> list[int]:
        async with httpx.AsyncClient(base_url=base, limits=httpx.Limits(max_connections=JOBS)) as http:
            return await asyncio.gather(*(poll(http, number) for number in range(JOBS)))

    with mockserver.running() as mock:
        _jobs(mock)
        began = real_time.perf_counter()
        with mock.clock.drive():
            counts = asyncio.run(everybody(mock.url))
    print(f"{JOBS} tasks: {real_time.perf_counter() - began:.1f} s; {set(counts)} polls each")


if __name__ == "__main__":
    for bench in (a_sleep, a_poll, by_threads, by_tasks):
        bench()
