"""The access log: one line for each exchange."""

from __future__ import annotations

from functools import lru_cache
from urllib.parse import quote

from ..jobs.clock import SECOND, utc
from ..journal import JournalEntry
from ..steps.render import one_line


def access_line(exchange: JournalEntry) -> str:
    """One line of ASCII, made of the journal's redacted exchange: the mock's time (UTC), method, target, status, duration,
    problem, fault."""
    method, path, query, status, problem, fault = exchange.line()
    second, millisecond = divmod(exchange.time, SECOND)
    line = f"{_clock(second)}.{millisecond:03} {_begin(method, path, query)} {status} {exchange.micros / 1000:.1f}ms"
    if problem:
        line += f"  {one_line(problem)}"
    if fault:
        line += f"  [fault {fault.number}: {fault.kind}]"
    return line


@lru_cache(64)
def _clock(second: int) -> str:
    return f"{utc(second * SECOND):%H:%M:%S}"


@lru_cache(1_024)
def _begin(method: str, path: str, query: str) -> str:
    target = quote(path, "/[]:@!$&'()*+,;=~", errors="surrogateescape") + ("?" + query if query else "")
    return one_line(f"{method} {target[:500]}")
