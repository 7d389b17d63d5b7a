"""A monitor that watches many TICS jobs at once: one asyncio task for each, asking in threads.

It survives the whole torture rack: `Watch` of robust_poller.py decides.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable

import requests
from robust_poller import TICS, Trouble, Watch, asked


def look_at(session: requests.Session, league: str, job: str) -> Callable[[], str]:
    """One look at the newest run of a job."""
    path = f"/v1/0605767a5780d5762fc5c0118072a564/leagues/{league}/job-instances"
    query: dict[str, str | int] = {"job_id": job, "limit": 1, "offset": 0}

    def look() -> str:
        answer = asked(lambda: session.get(path, params=query, timeout=30, allow_redirects=False))
        if answer.status_code != 200:
            raise Trouble(f"HTTP {answer.status_code} for {job}")
        return str(asked(lambda: answer.json()["lists"][0]["status"]))

    return look


async def watch(session: requests.Session, league: str, job: str, every: float, patience: float = 12 * 3600) -> str:
    """Wait until the newest run of a job has succeeded; its status. Raises JobFailed, JobUnclear, TimeoutError."""
    watched, look = Watch(f"TICS job {job}", TICS, every, patience), look_at(session, league, job)
    while (status := await asyncio.to_thread(watched.look, look)) is None:
        await asyncio.sleep(watched.pause)
    return status


async def watch_all(session: requests.Session, league: str, jobs: Iterable[str], every: float = 60) -> dict[str, str]:
    """How each job has ended: its status, or what went wrong."""
    names = list(jobs)
    ends = await asyncio.gather(*(watch(session, league, name, every) for name in names), return_exceptions=True)
    return {
        name: end if isinstance(end, str) else f"{type(end).__name__}: {end}" for name, end in zip(names, ends, strict=True)
    }
