"""The kit bites: it finds every kind of wrong answer, at its place and by its name, and finds nothing in right ones."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from mutant_kinds import KINDS, by_kind
from mutants import Verdict, judge
from valid_exchanges import CALLS, DEFINITIONS, JOBS, OPERATIONS, courses, documented, each_switch, valid_answers

from mockserver.contract.session import Session
from mockserver.definitions.embedded import Validator
from mockserver.exchanges.json_path import parsed

QUICK = ("GetAccessToken", "ShowJobStatus", "ListInstanceHistory")
"""Those whose mutants are quickly made: the first that has a kind shows it in the quick run."""
CHUNKS = 20
ANSWERS = int(os.environ.get("VALID_ANSWERS", "20000"))
"""How many valid answers are judged; VALID_ANSWERS=100000 is for the patient."""
exhaustive = pytest.mark.exhaustive


def _each() -> Iterator[Any]:
    for kind, operations in KINDS.items():
        quick = next((item for item in QUICK if item in operations), None)
        for operation in operations:
            yield pytest.param(kind, operation, id=f"{kind} - {operation}", marks=() if operation == quick else exhaustive)


def _operations(*quick: str) -> list[Any]:
    return [pytest.param(operation, marks=() if operation in quick else exhaustive) for operation in OPERATIONS]


@pytest.mark.parametrize(("kind", "operation"), tuple(_each()))
def test_mutants_are_killed(kind: str, operation: str, record_property: Callable[[str, object], None]) -> None:
    """Every mutant is found, at a right place and with a right code; what came before it was right."""
    verdicts = [judge(DEFINITIONS, item) for item in by_kind(operation)[kind]]
    killed = sum(verdict.killed for verdict in verdicts)
    placed = sum(verdict.at_the_right_place for verdict in verdicts)
    record_property("mutants", [kind, operation, len(verdicts), killed, placed])
    print(f"{kind}: {operation}: {len(verdicts)} mutants, {killed} killed, {placed} at the right place")
    assert _shown(verdict for verdict in verdicts if not verdict.at_the_right_place) == ""
    assert _shown(verdict for verdict in verdicts if verdict.before) == ""


@pytest.mark.parametrize("operation", [pytest.param(call, marks=() if call == "StopJob" else exhaustive) for call in CALLS])
def test_mutants_of_calls_are_killed(operation: str) -> None:
    """What is wrong with an answer of a call that does something to jobs is found, at a right place; it was right before."""
    verdicts = [judge(DEFINITIONS, item) for ones in by_kind(operation).values() for item in ones]
    assert _shown(verdict for verdict in verdicts if not verdict.at_the_right_place) == ""
    assert _shown(verdict for verdict in verdicts if verdict.before) == ""
    assert len(by_kind(operation)) > 40


def _shown(verdicts: Iterator[Verdict]) -> str:
    return "\n".join(map(str, verdicts))[:5_000]


@pytest.mark.parametrize("operation", _operations(*QUICK))
def test_the_table_of_kinds_is_whole(operation: str) -> None:
    """An operation has mutants of exactly the kinds that the table gives it."""
    assert set(by_kind(operation)) == {kind for kind, operations in KINDS.items() if operation in operations}


def test_there_are_many_kinds() -> None:
    """The table has the breadth that it was made for."""
    assert len(KINDS) >= 40
    assert {operation for operations in KINDS.values() for operation in operations} == set(OPERATIONS)


@pytest.mark.parametrize("operation", _operations("GetAccessToken"))
def test_the_quick_judge_agrees_with_jsonschema(operation: str) -> None:
    """What is compiled for speed accepts exactly what the validator accepts: on every mutant of a body."""
    asked = DEFINITIONS.operation(operation)
    disagreed = []
    for item in (item for ones in by_kind(operation).values() for item in ones):
        status, body = item.exchange.response.status, _json(item.exchange.response.body)
        if status in asked.answers and body is not None:
            slow = Validator(asked.answers[status].schema, format_checker=Draft202012Validator.FORMAT_CHECKER).is_valid(body)
            if slow == any(asked.responses[status](body)):
                disagreed.append(item.name)
    assert disagreed == []


def _json(body: bytes) -> Any:
    try:
        return parsed(body.decode())
    except ValueError:
        return None


@pytest.mark.parametrize("chunk", [0, *(pytest.param(chunk, marks=exhaustive) for chunk in range(1, CHUNKS))])
def test_valid_answers_give_no_finding(chunk: int) -> None:
    """Thousands of right answers (seeds, services, lives, instants, pages, switches) give no finding of any severity."""
    judged = 0
    session, told = Session(DEFINITIONS), []
    for begins, exchange in valid_answers(chunk, ANSWERS // CHUNKS):
        if begins:
            session = Session(DEFINITIONS)
        told += [str(finding) for finding in session.check(exchange).findings]
        judged += 1
    assert told[:5] == []
    assert judged == ANSWERS // CHUNKS


@pytest.mark.parametrize(
    "operation", [*_operations("ListInstanceHistory"), *(pytest.param(call, marks=exhaustive) for call in CALLS)]
)
def test_documented_answers_give_no_finding(operation: str) -> None:
    """Every example and every error of the documents, under every value of every switch, is accepted."""
    for switches in ({}, *each_switch()):
        for exchange in documented(DEFINITIONS.operation(operation), switches):
            assert [str(finding) for finding in Session(DEFINITIONS).check(exchange).findings] == []


@pytest.mark.parametrize("operation", [pytest.param(job, marks=() if job in QUICK else exhaustive) for job in JOBS])
def test_whole_courses_give_no_finding(operation: str) -> None:
    """Every life of every job, polled from birth to end and beyond, is accepted, whichever polls are left out."""
    for course in courses(operation):
        for step in (1, 2, 3, 5):
            session = Session(DEFINITIONS)
            told = [str(finding) for exchange in course.exchanges[::step] for finding in session.check(exchange).findings]
            assert told == []
