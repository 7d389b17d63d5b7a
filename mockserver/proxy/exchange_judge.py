"""Judges and records one exchange within limits of size and time, so that a hostile answer can't cost more."""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Callable, Iterator
from dataclasses import replace
from types import FrameType
from typing import Protocol

from ..contract.findings import Finding
from ..contract.result import Judgement, Result
from ..exchanges.exchange import Exchange
from ..redaction.content_coding import package_for, unknown_coding, without_coding
from .notices import Notices, clean, name_of

JUDGED_BYTES = 16 * 1024 * 1024
"""The longest body that is judged, in bytes as sent; longer ones are passed on, but not judged."""

JUDGED_SECONDS = 2.0
"""How much CPU time it may take to judge, or to record, one exchange."""

_REPEAT_SECONDS = 0.5

Record = Callable[[Exchange], None]
"""Records an exchange; it takes the secrets out itself."""


class Judge(Protocol):
    """The part of `contract.session.Session` that the proxy needs."""

    def check(self, exchange: Exchange, case: str = "") -> Judgement:
        """Judge an exchange."""

    def result(self, target: str, seconds: float = 0) -> Result:
        """The result of everything judged so far."""


class _OutOfTime(BaseException):
    """The time limit is over. It is not an Exception, so that no check catches it."""


class ExchangeJudge:
    """Judges and records exchanges, and reports the findings. For one thread.

    Args:
        judge: Judges exchanges (None: they are not judged).
        record_exchange: Records exchanges (None: they are not recorded).
        notices: Gets the findings, and what could not be judged or recorded.
        seconds: The limit of CPU time for each exchange; 0: none. It only works in the main thread of a process.
    """

    def __init__(self, judge: Judge | None, record_exchange: Record | None, notices: Notices, seconds: float = 0.0) -> None:
        self._judge, self._record_exchange, self._notices, self._seconds = judge, record_exchange, notices, seconds

    def record(self, exchange: Exchange) -> None:
        """Record an exchange; if that fails, the result will say so."""
        if self._record_exchange is not None:
            try:
                with _time_limit(self._seconds):
                    self._record_exchange(exchange)
            except _OutOfTime:
                self._notices.fail(name_of(exchange.request), f"not recorded: that took longer than {self._seconds:g} s")
            except Exception as error:  # a full disk or a bug: the traffic goes on
                self._notices.fail("recording", f"an exchange could not be recorded: {_error_text(exchange, error)}")

    def judge(self, exchange: Exchange) -> None:
        """Judge an exchange, and report its findings or why it was not judged."""
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
                self._notices.report(line)
        except _OutOfTime:
            self._skip(exchange, f"that took longer than {self._seconds:g} s")
        except Exception as error:  # a bug in a check must not break the proxy
            self._notices.fail(name_of(exchange.request), f"could not be judged: {_error_text(exchange, error)}")

    def _skip(self, exchange: Exchange, reason: str) -> None:
        self._notices.skip(name_of(exchange.request), f"not judged: {reason}")


@contextlib.contextmanager
def _time_limit(seconds: float) -> Iterator[None]:
    """Raise _OutOfTime in this (the main) thread after so many seconds of CPU time, even inside a regex; 0: never."""
    if not seconds or not hasattr(signal, "setitimer"):
        yield
        return

    def raise_out_of_time(_number: int, _frame: FrameType | None) -> None:
        raise _OutOfTime

    handler_before = signal.signal(signal.SIGPROF, raise_out_of_time)
    try:
        signal.setitimer(signal.ITIMER_PROF, seconds, _REPEAT_SECONDS)  # again: the first may be ignored
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, handler_before)


def _finding_line(exchange: Exchange, judgement: Judgement, finding: Finding) -> str:
    subject = f"#{judgement.number} {judgement.operation or name_of(exchange.request)} {exchange.response.status}"
    return f"{subject}: {clean(exchange.request, str(finding))}"


def _error_text(exchange: Exchange, error: Exception) -> str:
    text = clean(exchange.request, str(error))
    return text if type(error).__name__ == "InputError" else f"{type(error).__name__}: {text}"
