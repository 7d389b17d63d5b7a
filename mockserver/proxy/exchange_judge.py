"""One exchange judged and recorded, within a budget of size and time: a hostile answer costs no more than that."""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Callable, Iterator
from dataclasses import replace
from types import FrameType
from typing import Protocol

from ..contract.findings import Finding
from ..contract.result import Judged, Result
from ..exchanges.exchange import Exchange
from ..redaction.content_coding import package_for, unknown_coding, without_coding
from .notices import Notices, clean, name_of

JUDGED_BYTES = 16 * 1024 * 1024
"""The longest body that is judged, in bytes as it was sent; longer ones are passed on all the same."""

JUDGED_SECONDS = 2.0
"""How much CPU time judging, or recording, one exchange may take."""

_AGAIN_SECONDS = 0.5

Keep = Callable[[Exchange], None]
"""Records an exchange, taking secrets out itself."""


class Judge(Protocol):
    """What the proxy needs of `contract.session.Session`."""

    def check(self, exchange: Exchange, case: str = "") -> Judged:
        """Judge an exchange."""

    def result(self, target: str, seconds: float = 0) -> Result:
        """All that was found."""


class _OutOfTime(BaseException):
    """The budget is spent. Not an Exception: no check may take it for one of its own."""


class ExchangeJudge:
    """Judges and records exchanges, and tells what is found. For one thread.

    Args:
        judge: Judges (None: nobody does).
        keep: Records (None: nobody does).
        notices: Is told findings, and what could not be judged or recorded.
        seconds: The budget of CPU time for each exchange; 0: none. Only a process's main thread can have one.
    """

    def __init__(self, judge: Judge | None, keep: Keep | None, notices: Notices, seconds: float = 0.0) -> None:
        self._judge, self._keep, self._notices, self._seconds = judge, keep, notices, seconds

    def record(self, exchange: Exchange) -> None:
        """Record an exchange; where that fails the result says so."""
        if self._keep is not None:
            try:
                with _time_limit(self._seconds):
                    self._keep(exchange)
            except _OutOfTime:
                self._notices.fail(name_of(exchange.request), f"not recorded: that took longer than {self._seconds:g} s")
            except Exception as error:  # a disk, a bug: the traffic goes on, and the end says so
                self._notices.fail("recording", f"an exchange could not be recorded: {_error_words(exchange, error)}")

    def judge(self, exchange: Exchange) -> None:
        """Judge an exchange and tell what is found, or why it was not judged."""
        if self._judge is None:
            return
        if max(len(exchange.request.body), len(exchange.response.body)) > JUDGED_BYTES:
            self._skip(exchange, f"its body is longer than {JUDGED_BYTES} bytes")
        elif coding := unknown_coding(exchange.response):
            package = package_for(coding)
            hint = f" (pip install {package})" if package else ""
            self._skip(exchange, f"its body is packed by {coding}, which can't be unpacked here{hint}")
        else:
            self._check_exchange(self._judge, exchange)

    def _check_exchange(self, judge: Judge, exchange: Exchange) -> None:
        try:
            with _time_limit(self._seconds):
                response = exchange.response
                headers, body = without_coding(response.headers, response.body)
                judged = judge.check(replace(exchange, response=replace(response, headers=headers, body=body)))
                lines = [_finding_line(exchange, judged, finding) for finding in judged.findings]
            for line in lines:
                self._notices.tell(line)
        except _OutOfTime:
            self._skip(exchange, f"that took longer than {self._seconds:g} s")
        except Exception as error:  # a bug in a check must break nothing
            self._notices.fail(name_of(exchange.request), f"could not be judged: {_error_words(exchange, error)}")

    def _skip(self, exchange: Exchange, reason: str) -> None:
        self._notices.skip(name_of(exchange.request), f"not judged: {reason}")


@contextlib.contextmanager
def _time_limit(seconds: float) -> Iterator[None]:
    """Raise _OutOfTime in this (the main) thread after so many seconds of CPU time, within a pattern, too; 0: never."""
    if not seconds or not hasattr(signal, "setitimer"):
        yield
        return

    def stop(_number: int, _frame: FrameType | None) -> None:
        raise _OutOfTime

    before = signal.signal(signal.SIGPROF, stop)
    try:
        signal.setitimer(signal.ITIMER_PROF, seconds, _AGAIN_SECONDS)  # again: it may be raised where nobody hears it
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


def _finding_line(exchange: Exchange, judged: Judged, finding: Finding) -> str:
    where = f"#{judged.number} {judged.operation or name_of(exchange.request)} {exchange.response.status}"
    return f"{where}: {clean(exchange.request, str(finding))}"


def _error_words(exchange: Exchange, error: Exception) -> str:
    text = clean(exchange.request, str(error))
    return text if type(error).__name__ == "InputError" else f"{type(error).__name__}: {text}"
