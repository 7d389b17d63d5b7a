"""What is remembered of made-up jobs is bounded, and a job that is polled stays."""

from __future__ import annotations

import json

import pytest

from mockserver.definitions import load
from mockserver.jobs import store
from mockserver.jobs.store import Birth, Store
from mockserver.mock import Mock
from mockserver.model import Request
from mockserver.settings import Settings

PATH = "/v1.1/p/clusters/c/cdm/job/{}/status"


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> int:
    """A store that remembers few jobs."""
    monkeypatch.setattr(store, "REMEMBERED", 100)
    return 100


def test_births_are_bounded(small: int) -> None:
    """Of many jobs the last ones are known."""
    births = Store()
    for number in range(10 * small):
        births.birth(("cdm", str(number)), number)
    known = [births.known_birth(("cdm", str(number))) for number in range(10 * small)]
    assert small / 2 <= sum(birth is not None for birth in known) <= small
    assert known[-1] == Birth(10 * small - 1, "")
    assert births.birth(("cdm", "0"), 7) == Birth(7, "")


def test_births_have_owners() -> None:
    """Who asked first is whose job it is."""
    births = Store()
    assert births.birth(("enos", "t"), 1, "me") == births.birth(("enos", "t"), 2, "you") == Birth(1, "me")
    assert births.known_birth(("enos", "t")) == Birth(1, "me")


@pytest.mark.parametrize("between", [1, 10, 49])
def test_a_job_that_is_polled_stays_what_it_is(small: int, between: int) -> None:
    """Whatever else is asked for between two polls: even a job whose answer is remembered never begins again."""
    mock = Mock(Settings(auth="off", time="2023-11-14T22:13:20Z", speed=0.0), definitions=load())

    def created(name: str) -> int:
        answer = mock.handle(Request("GET", PATH.format(name)))
        return int(json.loads(answer.body)["submissions"][0]["creation-date"])

    first, others = created("mine"), iter(range(1_000_000))
    for _ in range(20 * small // between):
        for _ in range(between):
            created(f"j{next(others)}")
        mock.clock.advance(0.001)
        assert created("mine") == first
    assert created("j0") > first, "a job that nobody polled was forgotten"
