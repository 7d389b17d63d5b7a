"""`x-action` and `x-like` in a user's own definition: what works, and which mistakes are named."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from mockserver.definitions import load
from mockserver.errors import DefinitionError
from mockserver.testing.running import running

PATH = "/v3/{project_id}/instances/{instance_id}/proxy/{proxy_id}/drain"


def own(**operation: Any) -> dict[str, Any]:
    node = {
        "x-like": "RestartGaussMySqlInstance",
        "operationId": "DrainProxyInstance",
        "x-action": {"facts": {"name": {"value": "DrainGaussDBforMySQLProxy"}}},
        **operation,
    }
    service = {"name": "mine", "vendor": "huaweicloud", "envelope": "service", "prefixes": ["/v3"]}
    return {
        "openapi": "3.1.0",
        "info": {"title": "mine", "version": "1"},
        "x-service": service,
        "paths": {PATH: {"post": node}},
    }


def written(folder: Path, document: dict[str, Any]) -> Path:
    file = folder / "own.json"
    file.write_text(json.dumps(document), encoding="utf-8")
    return file


def test_one_small_entry_adds_a_call_that_makes_a_job(tmp_path: Path) -> None:
    """With `x-like`, a call of one's own has answers, errors and an effect, and references nothing."""
    with running(definitions=[str(written(tmp_path, own()))]) as mock:
        mock.clock.freeze()
        path = f"/v3/{'0' * 32}/instances/{'a' * 32}in07/proxy/p1/drain"
        job_id = mock.client().post(path).json()["job_id"]
        mock.clock.advance(5)
        job = mock.client().get(f"/v3/{'0' * 32}/jobs", params={"id": job_id}).json()["job"]
        assert job["name"] == "DrainGaussDBforMySQLProxy"
        magic = path.replace(f"{'a' * 32}in07", "mock-error-not-authorized")
        assert mock.client().post(magic).json()["error_code"] == "DBS.200010"


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"x-like": "Nobody"}, "'Nobody', which no document has"),
        ({"x-action": {"jobs": "GetAccessToken"}}, "an operation with x-job"),
        ({"x-action": {"identity": {"id": {"new": "uuid"}, "order": {"value": "1"}}}}, "'order'"),
        ({"x-action": {"identity": {"id": {"fact": "/id"}}}}, "a part of the identity from 'fact'"),
        ({"x-action": {"to": "Asleep"}}, "'Asleep'"),
        ({"x-action": {"do": "create"}}, "whose jobs can't be seen before"),
        ({"x-action": {"do": "dance"}}, "dance"),
        ({"x-action": {"answer": {"/job_id": {"identity": "id", "value": 1}}}}, "oneOf"),
    ],
)
def test_mistakes_are_named(tmp_path: Path, change: dict[str, Any], named: str) -> None:
    """A definition with a mistake in what it says of jobs isn't loaded."""
    with pytest.raises(DefinitionError) as caught:
        load([written(tmp_path, own(**change))])
    assert named in str(caught.value)
