"""Holds a service against the definitions: the mock, or with --contract-target URL any other; cases in `service/`."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from mockserver.contract import Finding
from mockserver.contract.cases import Case, read_cases, shipped_cases
from mockserver.definitions import load

CASES = read_cases(shipped_cases(), load())


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_service(case: Case, run_on_target: Callable[[Case], list[Finding]]) -> None:
    """The service answers as documented, and as the case expects."""
    findings = run_on_target(case)
    assert not findings, case.title + "\n" + "\n".join(map(str, findings))
