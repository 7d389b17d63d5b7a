"""Cases for many operations are written out, each for its operation."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from mockserver.contract.case_sets import merged
from mockserver.contract.cases import read_cases
from mockserver.definitions import load
from mockserver.errors import InputError

START = {"method": "PUT", "path": "/start", "headers": {"X-Auth-Token": "t"}, "jobs": [{"service": "cdm", "job_name": "a"}]}
STOP = {"method": "PUT", "path": "/stop", "query": {"a": "1", "b": "2"}}


def file_of(folder: Path, **case: Any) -> Path:
    """A file with one case for StartJob and StopJob."""
    content = {
        "service": "cdm",
        "requests": {"StartJob": START, "StopJob": STOP},
        "cases": [{"id": "x", "expect": {"status": 401}, **case}],
    }
    path = folder / "cases.json"
    path.write_text(json.dumps(content))
    return path


def test_a_case_for_all_operations_stands_for_each(tmp_path: Path) -> None:
    """Each operation's own request is changed by what all have in common, and by what is its own; jobs go with it."""
    change = {"headers": {"X-Auth-Token": None}, "query": {"a": None}}
    path = file_of(tmp_path, operations="all", change=change, changes={"StopJob": {"path": "/halt"}})
    start, stop = read_cases([path], load())
    assert (start.name, stop.name) == ("cdm:StartJob.x", "cdm:StopJob.x")
    assert start.request == {"method": "PUT", "path": "/start", "headers": {}, "query": {}}
    assert stop.request == {"method": "PUT", "path": "/halt", "query": {"b": "2"}, "headers": {}}
    assert (start.jobs, stop.jobs) == (({"service": "cdm", "job_name": "a"},), ())


def test_a_case_may_have_jobs_of_its_own(tmp_path: Path) -> None:
    """They are declared in place of the request's."""
    (case,) = read_cases([file_of(tmp_path, operations=["StartJob"], jobs=[])], load())
    assert case.jobs == ()


@pytest.mark.parametrize(
    ("case", "told"),
    [
        ({"operations": ["StartJobs"]}, "#/cases/0/operations: found 'StartJobs'; did you mean 'StartJob'?"),
        ({"operations": ["StartJob"], "request": START}, "#/cases/0"),
        ({"operations": "every"}, "#/cases/0"),
    ],
)
def test_a_mistake_is_told_with_its_place(case: dict[str, Any], told: str, tmp_path: Path) -> None:
    """An operation without a request, a case of two forms, another word than all."""
    with pytest.raises(InputError, match=r"cases\.json") as caught:
        read_cases([file_of(tmp_path, **case)], load())
    assert told in str(caught.value)


def test_a_merge_patch_is_that_of_the_rfc() -> None:
    """The examples of RFC 7396, appendix A, that objects can have."""
    assert merged({"a": "b"}, {"a": "c"}) == {"a": "c"}
    assert merged({"a": "b"}, {"b": "c"}) == {"a": "b", "b": "c"}
    assert merged({"a": "b"}, {"a": None}) == {}
    assert merged({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}) == {"a": {"b": "d"}}
    assert merged({"a": [{"b": "c"}]}, {"a": [1]}) == {"a": [1]}
    assert merged({}, {"a": {"bb": {"ccc": None}}}) == {"a": {"bb": {}}}
    assert merged(["c"], {"a": "b"}) == {"a": "b"}
