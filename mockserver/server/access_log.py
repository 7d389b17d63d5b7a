"""The access log: one line for each exchange."""

from __future__ import annotations

from functools import lru_cache
from urllib.parse import quote

from ..jobs.clock import SECOND, utc
from ..journal import JournalEntry
from ..steps.render import one_line


def access_line(exchange: JournalEntry) -> str:
    """An exchange of the journal (redacted) as one line of ASCII: the mock's time (UTC), method, target, status, duration,
    problem, fault."""
    method, path, query, status, problem, fault = exchange.line()
    second, millisecond = divmod(exchange.time, SECOND)
    time = f"{_clock_time(second)}.{millisecond:03}"
    line = f"{time} {_method_and_target(method, path, query)} {status} {exchange.micros / 1000:.1f}ms"
    if problem:
        line += f"  {one_line(problem)}"
    if fault:
        line += f"  [fault {fault.number}: {fault.kind}]"
    return line


@lru_cache(64)
def _clock_time(second: int) -> str:
    return f"{utc(second * SECOND):%H:%M:%S}"


@lru_cache(1_024)
def _method_and_target(method: str, path: str, query: str) -> str:
    target = quote(path, "/[]:@!$&'()*+,;=~", errors="surrogateescape") + ("?" + query if query else "")
    return one_line(f"{method} {target[:500]}")
