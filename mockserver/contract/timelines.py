"""The polls of each job, for the drawings: thinned where there are many, so that a long run takes no more memory."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, field, replace

from .result import Poll, Timeline

JOBS = 10_000
"""Of so many jobs, the polls are remembered."""
LONGEST = 1_000
"""So many looks at one job are remembered; of more, those that show nothing new stand together."""
MOST = 20_000
"""So many looks are remembered in all, and from then on little more than the changes."""


@dataclass
class _Polls:
    """The polls of one job, for its timeline."""

    operation: str
    job: str
    polls: list[Poll] = field(default_factory=list)


class Timelines:
    """What the polls of each job showed, in order."""

    def __init__(self) -> None:
        self._by_job: dict[Hashable, _Polls] = {}
        self._count = 0

    def add(self, key: Hashable, operation: str, job: str, poll: Poll) -> None:
        """Remember a poll. `key` says whose, `job` says it for people."""
        if key not in self._by_job and len(self._by_job) >= JOBS:
            return
        polls = self._by_job.setdefault(key, _Polls(operation, job)).polls
        if len(polls) >= LONGEST:
            self._count -= len(polls)
            polls[:] = _thinned(polls)
            self._count += len(polls)
        full = len(polls) >= LONGEST
        if (full or self._count >= MOST) and len(polls) > 1 and _alike(polls[-2], polls[-1], poll):
            polls[-1] = replace(poll, times=polls[-1].times + poll.times)
        elif not full:  # of a job that does nothing but change, the first changes are enough
            polls.append(poll)
            self._count += 1

    def all(self) -> list[Timeline]:
        """The timelines, in the order of their first polls."""
        return [Timeline(item.operation, item.job, tuple(item.polls)) for item in self._by_job.values()]


def _alike(*polls: Poll) -> bool:
    """Whether they show the same."""
    return len({(poll.state, poll.http, poll.terminal) for poll in polls}) == 1


def _thinned(polls: list[Poll]) -> list[Poll]:
    """About half of the polls: of two that show the same as the one before them, the first stands for both.

    The first poll of a status and the last of all stay.
    """
    thinned = polls[:1]
    for before, poll, after in zip(polls, polls[1:], polls[2:], strict=False):
        if _alike(before, poll, after) and thinned[-1] is before:
            thinned[-1] = replace(before, times=before.times + poll.times)
        else:
            thinned.append(poll)
    return thinned + polls[-1:]
