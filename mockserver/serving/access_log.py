"""The access log: one line on stderr for each exchange."""

from __future__ import annotations

import sys
from urllib.parse import quote

from ..journal import JournalEntry
from ..steps.render import one_line


def log_exchange(exchange: JournalEntry) -> None:
    """One line on stderr, made of the journal's redacted exchange."""
    request, response = exchange.request, exchange.response
    path = quote(request.path, "/[]:@!$&'()*+,;=~", errors="surrogateescape")
    target = path + ("?" + request.query if request.query else "")
    note = f"  {response.problem}" if response.problem else ""
    if response.fault:
        note += f"  [fault {response.fault.number}: {response.fault.kind}]"
    line = f"{request.method} {target[:500]} {response.status} {exchange.micros / 1000:.1f}ms{note}"
    sys.stderr.write(one_line(line) + "\n")
