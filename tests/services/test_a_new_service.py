"""A new service is one definition and at most one module: a copy of the package with both is used through every door."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import requests

from mockserver.package_data import folder

ROOT = Path(__file__).parents[2]

MODULE = '''
"""Warehouse: how a load looks at an instant."""

from __future__ import annotations

from typing import Any

from ..generate import Fake
from ..jobs.made_up_jobs import Identity
from ..jobs.trajectory import Job
from .base import SingleJobService, Switches


def profile(fake: Fake, _identity: Identity) -> dict[str, Any]:
    """What never changes of a load."""
    return {"table": fake.name()}


def body(job: Job, _switches: Switches) -> dict[str, Any]:
    """The answer of ShowLoad."""
    return {"load": {"id": job.identity["load_id"], "state": job.moment.status, "table": job.profile["table"],
                     "made_at": job.moment.born}}


SERVICE = SingleJobService(profile=profile, body=body)
'''

TESTS = """
import time

import pytest
import requests

from mockserver import torture


def look(client, url=""):
    answer = client.get(f"{url}/v9/p1/loads/l1", timeout=30, headers={"X-Auth-Token": "t"})
    answer.raise_for_status()
    load = answer.json()["load"]
    assert load["id"] == "l1", load
    return load["state"]


def test_a_load_that_fails(mockserver):
    mockserver.job("warehouse", load_id="l1", life="fails", facts={"table": "orders"})
    client = mockserver.client()
    assert look(client) == "QUEUED"
    mockserver.clock.advance("1h")
    assert look(client) == "BROKEN"
    mockserver.fail("warehouse", error="load-unknown", times=1)
    assert client.get("/v9/p1/loads/l1").json()["error_code"] == "WH.404"
    mockserver.assert_polled("warehouse", load_id="l1")


HAZARDS = ["ends-*", "status-null", "doubled-member", "another-job-s-answer"]


@pytest.mark.mockserver_torture("warehouse", load_id="l1", only=HAZARDS)
def test_a_poller(hazard):
    def wait():
        seen = []
        while True:
            try:
                seen.append(look(requests, hazard.mock.url))
            except (AssertionError, requests.RequestException, TypeError, KeyError):
                pass
            if len(seen) > 1 and seen[-1] == seen[-2] and seen[-1] in ("LOADED", "BROKEN"):
                return seen[-1]
            time.sleep(20)

    hazard.run(wait)
"""

TOKEN = {"X-Auth-Token": "any"}


def definition() -> dict[str, Any]:
    """The service's document, in the form of those under schemas/."""
    problems = [
        *("no-route", "wrong-method", "request-malformed", "uri-too-long", "header-too-large", "body-too-large"),
        *("parameter-missing", "parameter-invalid", "parameter-unknown", "internal-error"),
        *("credential-missing", "credential-malformed", "token-invalid", "token-expired", "access-key-unknown"),
        *("signature-mismatch", "signature-expired"),
    ]
    text = {"type": "string", "pattern": "^[A-Za-z0-9_-]{1,64}$"}
    invented = {"x-provenance": {"kind": "invented", "note": "A service of a test."}}
    states = ("QUEUED", 5), ("LOADING", 60)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Warehouse", "version": "1"},
        "servers": [{"url": "https://warehouse.example.com"}],
        "x-service": {"name": "warehouse", "vendor": "huaweicloud", "envelope": "service", "prefixes": ["/v9"]},
        **invented,
        "paths": {
            "/v9/{project_id}/loads/{load_id}": {
                "get": {
                    "operationId": "ShowLoad",
                    "security": [{"X-Auth-Token": []}],
                    "parameters": [
                        {"name": name, "in": "path", "required": True, "schema": text} for name in ("project_id", "load_id")
                    ],
                    "responses": {
                        "200": {"description": "A load.", "content": _json("Load", {"documented": {"value": {"load": {
                            "id": "load-1", "state": "LOADED", "table": "sales", "made_at": 1_767_225_600_000}}}})},
                        "400": {"description": "An error.", "content": _json("Error", {
                            "wrong": _error("WH.400", problems)})},
                        "404": {"description": "An error.", "content": _json("Error", {
                            "load-unknown": _error("WH.404", ["unknown-id"])})},
                    },
                    "x-magic": {"parameter": "load_id"},
                    "x-documented-request": {"project_id": "p0", "load_id": "load-1"},
                    "x-job": {
                        "identity": ["project_id", "load_id"],
                        **invented,
                        "states": {
                            **{name: {"summary": name.lower(), "seconds": seconds} for name, seconds in states},
                            **{name: {"summary": name.lower(), "terminal": True} for name in ("LOADED", "BROKEN")},
                        },
                        "transitions": {"QUEUED": ["LOADING"], "LOADING": ["LOADED", "BROKEN"]},
                        "lives": {
                            "succeeds": {"summary": "Loads.", "weight": 8, "steps": ["QUEUED", "LOADING", "LOADED"]},
                            "fails": {"summary": "Breaks.", "weight": 1, "steps": ["QUEUED", "LOADING", "BROKEN"]},
                        },
                        "actions": {"fail": "BROKEN"},
                    },
                    "x-observation": {
                        "jobs": "/load",
                        "status": "/state",
                        "same": [{"parameter": "load_id", "at": ["/id"], "code": "id-mismatch"}],
                        "times": [{"at": "/made_at", "form": "epoch-ms"}],
                        "constant": ["/table"],
                        **invented,
                    },
                }
            }
        },
        "components": {
            "securitySchemes": {"X-Auth-Token": {"type": "apiKey", "in": "header", "name": "X-Auth-Token"}},
            "schemas": {
                "Load": {"type": "object", "required": ["load"]},
                "Error": {"type": "object", "required": ["error_code", "error_msg"]},
            },
        },
    }  # fmt: skip


def _json(schema: str, examples: dict[str, Any]) -> dict[str, Any]:
    return {"application/json": {"schema": {"$ref": f"#/components/schemas/{schema}"}, "examples": examples}}


def _error(code: str, when: list[str]) -> dict[str, Any]:
    message = "The load is wrong."
    return {
        "summary": message,
        "value": {"error_code": code, "error_msg": message},
        "x-error": {"code": code, "message": message, "when": when},
    }


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkout with a sixth service: its document under schemas/, its module under services/, and nothing else."""
    root = tmp_path_factory.mktemp("checkout")
    shutil.copytree(ROOT / "mockserver", root / "mockserver", ignore=shutil.ignore_patterns("__pycache__", "_data"))
    for name in ("schemas", "fixtures", "contracts"):
        shutil.copytree(folder(name), root / name)
    (root / "schemas/huaweicloud/warehouse.json").write_text(json.dumps(definition()), encoding="utf-8")
    (root / "mockserver/services/warehouse.py").write_text(MODULE.strip() + "\n", encoding="utf-8")
    return root


def python(checkout: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """What Python says in a process that has the new checkout."""
    return subprocess.run(
        [sys.executable, *words], cwd=checkout, env=_environment(checkout), capture_output=True, text=True, check=False
    )


def _environment(checkout: Path) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(checkout)}


def test_it_is_listed(checkout: Path) -> None:
    """`mockserver operations` lists it, `generate` makes jobs of it."""
    assert "ShowLoad" in python(checkout, "-m", "mockserver", "operations").stdout
    made = python(checkout, "-m", "mockserver", "generate", "warehouse", "--count", "2", "--seed", "1")
    jobs = json.loads(made.stdout)["jobs"]
    assert [job["life"] for job in jobs] == ["succeeds", "fails"]
    assert all(job["load_id"] and job["facts"]["table"] for job in jobs)


def test_it_is_served(checkout: Path) -> None:
    """`mockserver serve` answers for it as for the others: a job that goes on, its errors, a declared job."""
    command = [sys.executable, "-m", "mockserver", "serve", "--port", "0", "--no-access-log", "--speed", "0"]
    with subprocess.Popen(
        command, cwd=checkout, env=_environment(checkout), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        assert process.stdout is not None
        try:
            url = next(word for line in process.stdout for word in line.split() if word.startswith("http://")).rstrip(".,;")
            assert requests.get(f"{url}/v9/p1/loads/l1", headers=TOKEN, timeout=10).json()["load"]["state"] == "QUEUED"
            assert requests.get(f"{url}/v9/p1/loads/l1", timeout=10).json()["error_code"] == "WH.400"
            job = {"service": "warehouse", "load_id": "l2", "life": "fails", "age": "1h"}
            made = requests.post(f"{url}/_mock/jobs", json=job, timeout=10)
            assert made.status_code == 201, made.text
            assert requests.get(f"{url}/v9/p1/loads/l2", headers=TOKEN, timeout=10).json()["load"]["state"] == "BROKEN"
        finally:
            process.terminate()


def test_it_is_verified(checkout: Path) -> None:
    """`mockserver verify` has cases for its lives, changes and errors, and finds nothing wrong."""
    result = python(checkout, "-m", "mockserver", "verify", "--only", "warehouse:*", "--report", "json=report.json")
    assert result.returncode == 0, result.stdout + result.stderr
    covered = json.dumps(json.loads((checkout / "report.json").read_text(encoding="utf-8")))
    assert all(word in covered for word in ("ShowLoad", "BROKEN", "load-unknown"))


def test_the_fixture_and_the_rack_have_it(checkout: Path) -> None:
    """Tests declare its jobs, fail its calls and assert on its polls; the torture rack has hazards in its words."""
    (checkout / "test_warehouse.py").write_text(TESTS, encoding="utf-8")
    result = python(checkout, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_warehouse.py")
    assert "6 passed" in result.stdout, result.stdout + result.stderr
