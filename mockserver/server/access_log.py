"""The access log: one line for each exchange."""

from __future__ import annotations

from functools import lru_cache
from urllib.parse import quote

from ..jobs.clock import utc
from ..journal import JournalEntry
from ..steps.render import one_line


def access_line(exchange: JournalEntry) -> str:
    """One line of ASCII, made of the journal's redacted exchange: the mock's time (UTC), method, target, status, duration,
    problem, fault."""
    request, response = exchange.request, exchange.response
    at = f"{utc(exchange.time):%H:%M:%S}.{exchange.time % 1000:03}"
    line = f"{at} {_begin(request.method, request.path, request.query)} {response.status} {exchange.micros / 1000:.1f}ms"
    if response.problem:
        line += f"  {one_line(response.problem)}"
    if response.fault:
        line += f"  [fault {response.fault.number}: {response.fault.kind}]"
    return line


@lru_cache(1_024)
def _begin(method: str, path: str, query: str) -> str:
    target = quote(path, "/[]:@!$&'()*+,;=~", errors="surrogateescape") + ("?" + query if query else "")
    return one_line(f"{method} {target[:500]}")
