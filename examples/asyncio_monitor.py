"""A monitor that watches many TICS jobs at once: one asyncio task for each, asking in threads."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

import requests


async def watch(session: requests.Session, league: str, job: str, every: float) -> str:
    """The status in which the newest run of a job has ended."""
    path = f"/v1/0605767a5780d5762fc5c0118072a564/leagues/{league}/job-instances"
    query: dict[str, str | int] = {"job_id": job, "limit": 1, "offset": 0}
    while True:
        answer = await asyncio.to_thread(session.get, path, params=query)
        answer.raise_for_status()
        run = answer.json()["lists"][0]
        if "end_time" in run:
            return str(run["status"])
        await asyncio.sleep(every)


async def watch_all(session: requests.Session, league: str, jobs: Iterable[str], every: float = 60) -> dict[str, str]:
    """How each job has ended."""
    names = list(jobs)
    ends = await asyncio.gather(*(watch(session, league, name, every) for name in names))
    return dict(zip(names, ends, strict=True))
