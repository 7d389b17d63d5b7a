"""Prints what virtual time costs: `python tests/bench_virtual_time.py`.

The many pollers use light clients (http.client, aiohttp): requests and httpx take longer for as many calls than all else,
without virtual time, too.
"""

from __future__ import annotations

import asyncio
import http.client
import json
import statistics
import threading
import time

import aiohttp
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
    """One driven sleep and one request by `requests` over a kept connection; and the same request in real time."""
    with mockserver.running() as mock, requests.Session() as session:
        mock.job("cdm", job_name="j0", life="hangs")

        def median_of(pause: float) -> float:
            took = []
            for _ in range(550):
                began = real_time.perf_counter()
                session.get(mock.url + path(0), headers=HEADERS)
                if pause:
                    time.sleep(pause)
                took.append(real_time.perf_counter() - began)
            return statistics.median(took[50:]) * 1_000  # the first ones import things

        with mock.clock.drive():
            both = median_of(30)
        alone = median_of(0)
    print(f"a driven sleep and a request: {both:.2f} ms; the request in real time: {alone:.2f} ms (medians)")


def _jobs(mock: mockserver.MockServer) -> None:
    for number in range(JOBS):
        mock.job("cdm", job_name=f"j{number}", life=LIFE)


def by_threads() -> None:
    """A hundred threads."""

    def poll(base: str, number: int) -> None:
        connection = http.client.HTTPConnection(base.removeprefix("http://"))
        status = ""
        while status != "SUCCEEDED":
            if status:
                time.sleep(30)
            connection.request("GET", path(number), headers=HEADERS)
            status = json.loads(connection.getresponse().read())["submissions"][0]["status"]
            counts[number] += 1
        connection.close()

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

    async def poll(session: aiohttp.ClientSession, number: int) -> int:
        polls = 0
        while True:
            polls += 1
            async with session.get(path(number), headers=HEADERS) as answer:
                status = (await answer.json())["submissions"][0]["status"]
            if status == "SUCCEEDED":
                return polls
            await asyncio.sleep(30)

    async def everybody(base: str) -> list[int]:
        async with aiohttp.ClientSession(base) as session:
            return await asyncio.gather(*(poll(session, number) for number in range(JOBS)))

    with mockserver.running() as mock:
        _jobs(mock)
        began = real_time.perf_counter()
        with mock.clock.drive():
            counts = asyncio.run(everybody(mock.url))
    print(f"{JOBS} tasks: {real_time.perf_counter() - began:.1f} s; {set(counts)} polls each")


if __name__ == "__main__":
    for bench in (a_sleep, a_poll, by_threads, by_tasks):
        bench()
