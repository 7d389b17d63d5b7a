"""What a session remembers of answers in order changes no verdict: mutants are judged after good polls, again and again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from email.utils import format_datetime
from itertools import islice
from typing import Any

import pytest
from mutant_kinds import all_mutants
from valid_exchanges import DEFINITIONS, OPERATIONS

from mockserver.contract.session import Session
from mockserver.definitions.model import Header
from mockserver.exchanges.exchange import Exchange
from mockserver.jobs.clock import utc

ODD = ("", " ", "x", "0", "-1", "a" * 32, "A" * 32, "0" * 31, "0" * 33, "\u00e9", "gzip", "*/*", "application/json", "1.5")


def told(session: Session, exchange: Exchange) -> list[str]:
    return [str(item) for item in session.check(exchange).findings]


@pytest.mark.parametrize(
    ("operation", "step"),
    [("GetAccessToken", 10), *(pytest.param(name, 1, marks=pytest.mark.exhaustive) for name in OPERATIONS)],
)
def test_a_mutant_is_found_among_polls_that_are_remembered(operation: str, step: int) -> None:
    """A session that has seen the good answer three times finds in a mutant what a new one finds after one."""
    for mutant in islice(all_mutants(operation), 0, None, step):
        good, bad = mutant.before[-1:] if mutant.before else (), mutant.exchange
        new, old = Session(DEFINITIONS), Session(DEFINITIONS)
        expected = [told(new, exchange) for exchange in (*good, bad)][-1]
        for _ in range(3):
            for exchange in good:
                assert told(old, exchange) == []
        assert told(old, bad) == expected


def test_an_answer_that_was_in_order_is_not_at_an_earlier_time() -> None:
    """Its times lie in the future then."""
    good = next(mutant.before[-1] for mutant in all_mutants("ShowGaussMySqlJobInfo") if mutant.before)
    early = _at(good, (good.time or 0) - 400 * 86_400_000)
    session = Session(DEFINITIONS)
    assert told(session, good) == []
    assert any("time-in-future" in text for text in told(Session(DEFINITIONS), early))
    assert any("time-in-future" in text for text in told(session, early))


def _at(exchange: Exchange, time: int) -> Exchange:
    headers = tuple(
        (name, format_datetime(utc(time), usegmt=True) if name == "Date" else value)
        for name, value in exchange.response.headers
    )
    return replace(exchange, time=time, sent=None, response=replace(exchange.response, headers=headers))


def headers() -> Iterator[Header]:
    for operation in DEFINITIONS.operations:
        for answers in operation.answers.values():
            yield from answers.headers


def test_quick_checks_of_headers_agree_with_jsonschema() -> None:
    """`allows` is False exactly where there are errors."""
    seen: dict[str, Any] = {}
    for header in headers():
        seen.setdefault(header.name, header)
    assert len(seen) == 3
    for header in seen.values():
        for text in ODD:
            assert header.allows(text) is (next(iter(header.errors(text)), None) is None), (header.name, text)
