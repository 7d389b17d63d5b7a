"""Judges recordings from any tool. Exchanges that are about no documented operation are left out, with the reason."""

from __future__ import annotations

import fnmatch
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from ..definitions import Definitions, Operation
from ..errors import InputError
from ..exchanges.exchange import Exchange
from ..exchanges.har import stream_any
from .session import Session

_NOTES = 20


@dataclass(frozen=True, slots=True)
class ExchangeFilter:
    """Selects the exchanges that are judged.

    Args:
        only: Patterns of operations or services, such as `ShowJobStatus` or `cdm`; empty: all.
        hosts: Patterns of hosts, such as `*.myhuaweicloud.com`; empty: all.
    """

    only: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()

    def matches(self, exchange: Exchange, operation: Operation | None) -> bool:
        """True if an exchange is to be judged."""
        host = urlsplit(exchange.origin).hostname or exchange.request.headers.get("host", "").partition(":")[0]
        names = (operation.id, operation.service) if operation else ()
        return (not self.hosts or _matches_any_pattern(host, self.hosts)) and (
            not self.only or any(_matches_any_pattern(name, self.only) for name in names)
        )


def _matches_any_pattern(name: str, patterns: Iterable[str]) -> bool:
    return any(fnmatch.fnmatchcase(name.lower(), pattern.lower()) for pattern in patterns)


def judge_files(
    session: Session,
    definitions: Definitions,
    files: Iterable[Path],
    exchange_filter: ExchangeFilter,
    progress: Callable[[int, str], None] = lambda _number, _file: None,
) -> list[tuple[str, str]]:
    """Judge the exchanges of recordings; returns the files in which exchanges were left out, with the reasons.

    A HAR file may hold everything that a browser did, so its requests to no documented operation are left out, unless
    `hosts` names their host. `progress` gets the number of each exchange and its file.
    Raises InputError for a file that can't be read, and if nothing is left to judge.
    """
    judged_count, left_out = 0, list[tuple[str, str]]()
    for path in files:
        notes: list[str] = []
        is_har, exchanges = stream_any(path, notes)
        counts: Counter[str] = Counter()
        for exchange in exchanges:
            operation = definitions.operation_at(exchange.request.method, exchange.request.path)
            reason = _reason(exchange, operation, exchange_filter, is_har)
            if reason:
                counts[reason] += 1
                continue
            judged_count += 1
            progress(judged_count, path.name)
            session.check(exchange, exchange.source)
        left_out += [(str(path), note) for note in _without_path(path, notes)]
        left_out += [(str(path), f"{count} left out: {reason}") for reason, count in counts.items()]
    if not judged_count:
        reasons = "; ".join(reason for _, reason in left_out) or "there is no exchange in it"
        raise InputError(f"nothing to judge in {', '.join(map(str, files))}: {reasons}")
    return left_out


def _reason(exchange: Exchange, operation: Operation | None, exchange_filter: ExchangeFilter, is_har: bool) -> str | None:
    """Why an exchange is not judged, in words; None if it is judged."""
    if not exchange_filter.matches(exchange, operation):
        return "not chosen by --only or --host"
    if is_har and operation is None and exchange.request.method.upper() == "OPTIONS":
        return "preflights of a browser (OPTIONS)"
    if is_har and operation is None and not exchange_filter.hosts:
        return "requests to no documented operation; --host judges all those to a host"
    return None


def _without_path(path: Path, notes: list[str]) -> Iterator[str]:
    yield from (note.removeprefix(f"{path}") for note in notes[:_NOTES])
    if len(notes) > _NOTES:
        yield f"and {len(notes) - _NOTES} more"
