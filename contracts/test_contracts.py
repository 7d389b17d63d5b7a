"""Runs the contract cases in `cases/`: what a request gets, by the definitions; see README.md for their format."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

import pytest

from mockserver.contract import Exchange, Session
from mockserver.contract.cases import Case, read_cases, request_of, shipped_cases
from mockserver.definitions import Definitions, Example, Operation, load
from mockserver.definitions.read import read_documents
from mockserver.errors import PROBLEMS
from mockserver.jobs.clock import Clock, parse_time
from mockserver.mock import Mock
from mockserver.model import Request, Response
from mockserver.verify import settings_from_case

Json = dict[str, Any]


@pytest.fixture(autouse=True)
def _for_the_mock(pytestconfig: pytest.Config) -> None:
    if pytestconfig.getoption("--contract-target"):
        pytest.skip("needs a mock that it can set up; test_service.py asks the target")


NOT_SECURED = "the operation takes no credentials"
NOT_CHECKED = "how far apim-timestamp may be off is documented nowhere, so the mock doesn't check it"
EVERYWHERE = {
    "throttled": "the mock never throttles by itself: Prefer and magic ids ask for it",
    "internal-error": "only a bug of the mock has this answer",
}
ABOUT_JOBS = {"unknown-id", "job-exists", "job-running", "job-not-running"}
UNREACHABLE: Mapping[str, Mapping[str, str]] = {
    "GetTaskInstance": dict.fromkeys(("signature-expired",), NOT_CHECKED),
    "GetTaskInstanceLog": dict.fromkeys(("signature-expired",), NOT_CHECKED),
    "TriggerFlow": dict.fromkeys(("signature-expired",), NOT_CHECKED),
    "GetFlowInstance": dict.fromkeys(("signature-expired",), NOT_CHECKED),
    "CancelFlowInstance": dict.fromkeys(("signature-expired",), NOT_CHECKED),
    "KeystoneCreateUserTokenByPassword": {
        **dict.fromkeys(("credential-missing", "credential-malformed", "access-key-unknown"), NOT_SECURED),
        **dict.fromkeys(("token-invalid", "token-expired", "signature-mismatch", "signature-expired"), NOT_SECURED),
    },
    "KeystoneListProjects": {"project-unknown": "no parameter is a project's id"},
    "KeystoneShowCatalog": {
        "project-unknown": "no parameter is a project's id",
        "parameter-invalid": "it has no parameter",
    },
    "KeystoneValidateToken": {
        "project-unknown": "no parameter is a project's id",
        "parameter-invalid": "its parameters are any texts",
    },
}
"""Problems that no ordinary request to an operation has, and why; beside what `excuses` reads in its definition."""


CASES = read_cases(shipped_cases("cases"), load())


@pytest.fixture(scope="module")
def definitions() -> Definitions:
    return load()


def leaves(value: Any, where: str = "") -> dict[str, Any]:
    """The values in a body by their place; what is empty counts as one."""
    children = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    matches = {path: leaf for key, child in children for path, leaf in leaves(child, f"{where}/{key}").items()}
    return matches or {where: value}


def check_error(body: Json, example: Example, case: Case, definitions: Definitions) -> None:
    """The body is the error's: its code and message, in its envelope, whose form the example in the definition has."""
    error = example.error
    assert error is not None, f"{example.name} is not an error"
    chosen = case.settings.get("switches", {})
    found, sample = leaves(body), leaves(example.value)
    if not chosen:
        assert set(found) == set(sample), "the envelope has other members"
        assert all(isinstance(found[place], type(leaf)) for place, leaf in sample.items())
    code = str(error["code"])
    if example.envelope == "gateway":
        code = code.replace("APIGW", chosen.get("gateway-prefix", "APIGW"))
    assert code in map(str, found.values())
    message = str(error["message"])
    if "messages" in error:
        switch = definitions.switches[error["messages"]["switch"]]
        message = switch.values[chosen.get(switch.name, switch.default)]
    form = re.compile(".+".join(map(re.escape, re.split(r"{\w+}", message))))
    shown = [text for text in found.values() if isinstance(text, str) and form.fullmatch(text)]
    assert shown or not message
    assert case.expect.get("message", message if "{" not in message else shown[0]) in (shown or [""])


def check_definition(session: Session, operation: Operation, request: Request, response: Response) -> None:
    """The answer is what the operation's definition says, and has the headers of its vendor."""
    judged = session.check(Exchange(request, response), expected_operation=operation, request=False)
    assert not judged.findings, "\n".join(map(str, judged.findings))
    assert (response.header("X-Request-Id") is not None) == (operation.vendor == "huaweicloud")
    assert (response.header("Allow") is not None) == (response.status == 405)
    tokens = {"KeystoneCreateUserTokenByPassword": 201, "KeystoneValidateToken": 200}
    token = response.status == tokens.get(operation.id)
    assert (response.header("X-Subject-Token") is not None) == token


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_contract(case: Case, definitions: Definitions) -> None:
    """The request gets the answer that the case expects, and the answer is as the definition says."""
    operation, expect = definitions.operation(case.operation), case.expect
    mock = Mock(settings_from_case(case.settings), Clock(parse_time(case.clock), 0.0), definitions)
    for job in case.jobs:
        mock.job(job["service"], **{name: value for name, value in job.items() if name != "service"})
    request = request_of(case, operation, {}, mock.clock.now())
    response = mock.handle(request)
    body = json.loads(response.body) if response.status != 204 else {}
    assert response.status == expect["status"], f"{response.body.decode()[:300]} {response.problem}"
    check_definition(Session(definitions), operation, request, response)
    if expect["error"] is not None:
        check_error(body, operation.examples[expect["error"]], case, definitions)
    elif "example" in expect:
        example = operation.examples[expect["example"]].value
        assert json.dumps(body) == json.dumps(example)
    hint = response.header("X-Mock-Problem")
    if expect["problem"] is None:
        assert hint is None
    else:
        assert operation.problems[expect["problem"]].name == expect["error"]
        assert hint is not None
        assert expect["hint"] in hint
        assert hint.isascii()


def test_cases_are_well_formed(definitions: Definitions) -> None:
    """Ids are unique, members are known, and every problem has an error and a hint."""
    names = [case.name for case in CASES]
    assert len(set(names)) == len(names)
    for case in CASES:
        assert {"status", "error", "problem"} <= set(case.expect) <= {*case.expect, "hint", "message", "example"}, case.name
        assert case.operation in {operation.id for operation in definitions.operations}
        if case.expect["problem"] is not None:
            assert case.expect["problem"] in PROBLEMS
            assert case.expect["error"]
            assert case.expect["hint"]


def excuses(operation: Operation) -> dict[str, str]:
    """Problems that no request to this operation has by ordinary requests, and why; errors are shared within a service."""
    result = {**EVERYWHERE, **UNREACHABLE.get(operation.id, {})}
    if operation.body_errors is None:
        result |= dict.fromkeys(("body-invalid", "body-missing"), "the operation has no body")
    elif not operation.body_required:
        result["body-missing"] = "the body is optional"
    if not any(parameter.required and parameter.location != "path" for parameter in operation.parameters):
        result["parameter-missing"] = "what it requires is in the path: without it there is no route"
    possible = {"unknown-id"} if operation.job else set(operation.action.problems) if operation.action else set()
    result |= dict.fromkeys(ABOUT_JOBS - possible, "it does nothing to a job that could have this problem")
    return result


def alike(documents: Mapping[str, Json]) -> set[str]:
    """Operations that are written as like another one, with its errors; tests/actions calls each by the vendor's SDK."""
    operations = [
        node for document in documents.values() for item in document.get("paths", {}).values() for node in item.values()
    ]
    return {node["operationId"] for node in operations if "x-like" in node}


def test_every_operation_has_a_case_that_is_served(definitions: Definitions) -> None:
    """There are cases of success, not only of failure."""
    served = {case.operation for case in CASES if case.expect["error"] is None}
    assert served >= {operation.id for operation in definitions.operations} - alike(read_documents())


def test_every_problem_of_every_operation_has_a_case(definitions: Definitions) -> None:
    """Each problem that a request can have has a case in each operation, or a reason why not."""
    operations = [operation for operation in definitions.operations if operation.id not in alike(read_documents())]
    pairs = {(operation.id, kind) for operation in operations for kind in operation.problems}
    covered = {(case.operation, case.expect["problem"]) for case in CASES if case.expect["problem"] is not None}
    excused = {(operation.id, kind) for operation in operations for kind in excuses(operation)} & pairs
    assert sorted(pairs - covered - excused) == [], "no case, and no reason"
    assert sorted(covered & excused) == [], "a reason, but there is a case"
    assert sorted(covered - pairs) == [], "the operation has no such problem"
    unneeded = {(name, kind) for name, kinds in UNREACHABLE.items() for kind in kinds} - pairs
    assert sorted(unneeded) == [], "a reason, but the operation has no such problem"
