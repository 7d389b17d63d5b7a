"""The polls of each job, for the drawings in reports; thinned out if there are many, to save memory in long runs."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, field, replace

from .result import Poll, Timeline

MOST_JOBS = 10_000
"""The polls of so many jobs are remembered."""
MOST_POLLS_OF_JOB = 1_000
"""So many polls of one job are remembered; of more, equal ones are stored as one."""
MOST_POLLS = 20_000
"""So many polls are remembered in all; after that, little more than changes."""


@dataclass
class _Polls:
    """The polls of one job, for its timeline."""

    operation: str
    job: str
    polls: list[Poll] = field(default_factory=list)


class Timelines:
    """The polls of each job, in order."""

    def __init__(self) -> None:
        self._by_job: dict[Hashable, _Polls] = {}
        self._count = 0

    def add(self, key: Hashable, operation: str, job: str, poll: Poll) -> None:
        """Remember a poll. `key` identifies the job, `job` is its name for people."""
        if key not in self._by_job and len(self._by_job) >= MOST_JOBS:
            return
        polls = self._by_job.setdefault(key, _Polls(operation, job)).polls
        if len(polls) >= MOST_POLLS_OF_JOB:
            self._count -= len(polls)
            polls[:] = _thin_out(polls)
            self._count += len(polls)
        is_full = len(polls) >= MOST_POLLS_OF_JOB
        if (is_full or self._count >= MOST_POLLS) and len(polls) > 1 and _are_equal(polls[-2], polls[-1], poll):
            polls[-1] = replace(poll, times=polls[-1].times + poll.times)
        elif not is_full:  # for a job that changes with every poll, the first changes are enough
            polls.append(poll)
            self._count += 1

    def all(self) -> list[Timeline]:
        """The timelines, in the order of their first polls."""
        return [Timeline(item.operation, item.job, tuple(item.polls)) for item in self._by_job.values()]


def _are_equal(*polls: Poll) -> bool:
    """True if the polls show the same."""
    return len({(poll.state, poll.http, poll.terminal) for poll in polls}) == 1


def _thin_out(polls: list[Poll]) -> list[Poll]:
    """About half of the polls: of two polls equal to the one before them, the first stands for both.

    The first poll of each status, and the last poll, stay.
    """
    thinned = polls[:1]
    for before, poll, after in zip(polls, polls[1:], polls[2:], strict=False):
        if _are_equal(before, poll, after) and thinned[-1] is before:
            thinned[-1] = replace(before, times=before.times + poll.times)
        else:
            thinned.append(poll)
    return thinned + polls[-1:]
