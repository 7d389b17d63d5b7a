"""Holds a service against the definitions: the mock, or with --contract-target URL any other; cases in `service/`."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from mockserver.contract import Exchange, Finding, Session
from mockserver.contract.cases import Case, read_cases, read_profile, shipped_cases
from mockserver.contract.findings import at_least
from mockserver.contract.runner import Endpoint, Pace, run_case
from mockserver.contract.sending import Sender
from mockserver.contract.target import target_of
from mockserver.credentials import credentials_of, mock_credentials, signer
from mockserver.definitions import Definitions, load
from mockserver.jobs.clock import Clock
from mockserver.model import Request
from mockserver.settings import Settings
from mockserver.verify import IN_PROCESS, mock_target

CASES = read_cases(shipped_cases(), load())
RunCase = Callable[[Case], list[Finding]]


@pytest.fixture(scope="session")
def definitions() -> Definitions:
    """The shipped definitions."""
    return load()


@pytest.fixture(scope="session")
def session(definitions: Definitions) -> Session:
    """Judges every answer, also beside those of other cases."""
    return Session(definitions)


@pytest.fixture(scope="session")
def run_on_target(pytestconfig: pytest.Config, definitions: Definitions, session: Session) -> Iterator[RunCase]:
    """Runs a case on the target; skips what only the mock can be asked."""
    profile = read_profile(_profile(pytestconfig), os.environ)
    url = pytestconfig.getoption("--contract-target")
    if url is None:
        yield lambda case: run_case(case, session, mock_target(case, Settings(), definitions, profile), profile, IN_PROCESS)
        return
    plain = Sender(url, allow_methods=("POST",))
    target, credentials = target_of(url), credentials_of(os.environ)
    credentials = credentials.or_else(mock_credentials()) if target.loopback else credentials
    sign = signer(definitions, credentials, plain.send, prefix=target.prefix)
    with Sender(url, sign) as sender:

        def send(request: Request, credential: bool) -> Exchange:
            return sender.send(request, signed=credential)

        endpoint = Endpoint(send, Clock().now, time.sleep)
        yield lambda case: run_case(case, session, endpoint, profile, Pace())


def _profile(config: pytest.Config) -> Path | None:
    path = config.getoption("--contract-profile")
    return Path(path) if path else None


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_service(case: Case, run_on_target: RunCase) -> None:
    """The service answers as documented, and as the case expects."""
    findings = at_least(run_on_target(case), "warning")
    assert not findings, case.title + "\n" + "\n".join(map(str, findings))
