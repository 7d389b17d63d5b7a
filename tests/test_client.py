"""A running server driven from another process: the typed client, and the commands on top of it."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
import requests
from sdk_clients import Server

from mockserver import Client, InputError
from mockserver.cli import main


@pytest.fixture
def client(server: Server) -> Iterator[Client]:
    """A client of a server that knows nothing."""
    with Client(server.url) as found:
        found.reset()
        yield found
        found.reset()


def test_jobs(client: Client) -> None:
    """Jobs are declared, shown, changed and taken away."""
    job = client.job("cdm", job_name="x", life=[("BOOTING", 30), ("RUNNING", "2h"), ("SUCCEEDED", None)], age=31)
    assert (job.number, job.service, job.match, job.status, job.terminal) == (1, "cdm", {"job_name": "x"}, "RUNNING", False)
    many = client.job("tics", league_id="l", count=3, every="1h", progress="immediate")
    assert [job.number for job in client.jobs()] == [job.number, many.number]
    assert client.change(job, "fail").status == client.refresh(1).status == "FAILED"
    client.delete(job)
    with pytest.raises(InputError, match="there is no declared job 1"):
        client.refresh(job)


def test_faults_and_journal(client: Client, server: Server) -> None:
    """Faults are counted, and the journal says which exchange had one."""
    fault = client.fail("cdm", status=502, times=1, job_name=None)
    assert [(fault.kind, fault.served) for fault in client.faults()] == [("status:502", 0)]
    requests.get(f"{server.url}/v1.1/p/clusters/c/cdm/job/x/status", timeout=10)
    (exchange,) = client.journal()
    assert (exchange.operation, exchange.response["status"]) == ("ShowJobStatus", 502)
    assert exchange.fault == {"number": fault.number, "kind": "status:502"}
    client.delete_fault(fault)
    client.clear_faults()
    assert client.faults() == []


def test_the_clock(client: Client) -> None:
    """It is set, advanced, frozen and let run, by durations and times as everywhere."""
    client.clock.freeze()
    assert client.clock.set("2026-11-21T08:00:00Z").iso == "2026-11-21T08:00:00.000+00:00"
    assert client.clock.advance("1h30m").iso == "2026-11-21T09:30:00.000+00:00"
    assert (client.clock.tick(30).tick, client.clock.run(60).speed) == (30, 60)
    with pytest.raises(InputError, match="too far"):
        client.clock.advance(31_536_000_000)


def test_namespaces(client: Client, server: Server) -> None:
    """A client of another namespace sees nothing of this one's."""
    client.job("cdm", job_name="x")
    with Client(server.url, "other") as other:
        assert other.jobs() == []
    assert "other" in client.namespaces()
    client.delete_namespace("other")
    assert "other" not in client.namespaces()


@pytest.mark.parametrize("url", ["127.0.0.1:6210", "ftp://127.0.0.1", "", "http://"])
def test_addresses_that_are_none(url: str) -> None:
    """What is no address is refused with the form that is."""
    with pytest.raises(InputError, match="allowed: http://HOST:PORT"):
        Client(url)


def said(capsys: pytest.CaptureFixture[str], server: Server, *words: str) -> tuple[int, str, str]:
    """Exit status and output of a command for this server."""
    status = main([words[0], "--port", str(server.port), *words[1:]])
    return (status, *capsys.readouterr())


def test_the_commands(client: Client, server: Server, capsys: pytest.CaptureFixture[str]) -> None:
    """`mockserver jobs|faults|journal|reset` do what the client does."""
    assert said(capsys, server, "jobs") == (0, "no jobs are declared\n", "")
    line = "1  cdm  job_name=orders  BOOTING\n"
    assert said(capsys, server, "jobs", "add", "cdm", "job_name=orders", "--life", "fails") == (0, line, "")
    assert said(capsys, server, "jobs") == (0, line, "")
    assert said(capsys, server, "jobs", "fail", "1") == (0, "1  cdm  job_name=orders  FAILED (ended)\n", "")
    assert json.loads(said(capsys, server, "jobs", "list", "--json")[1])["status"] == "FAILED"
    assert said(capsys, server, "jobs", "delete", "1") == (0, "", "")
    words = ("faults", "add", "cdm", "status=502", "times=3")
    assert said(capsys, server, *words) == (0, "1  cdm  status:502  served 0\n", "")
    requests.get(f"{server.url}/v1.1/p/clusters/c/cdm/job/x/status", timeout=10)
    assert said(capsys, server, "faults")[1] == "1  cdm  status:502  served 1\n"
    assert "GET /v1.1/p/clusters/c/cdm/job/x/status  502" in said(capsys, server, "journal")[1]
    assert said(capsys, server, "faults", "clear") == (0, "", "")
    assert said(capsys, server, "reset") == (0, "", "")
    assert said(capsys, server, "journal") == (0, "nothing was asked\n", "")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("jobs", "add"), "what is it about? Allowed: mockserver jobs add SERVICE NAME=VALUE ..."),
        (("jobs", "add", "cdm", "orders"), "'orders' is not of the form NAME=VALUE"),
        (("jobs", "add", "cdn"), "'cdn' is not a service with jobs; did you mean 'cdm'? Known: "),
        (("jobs", "rerun"), "which one? Found ''; allowed: one number"),
        (("jobs", "rerun", "7"), "there is no declared job 7"),
        (("jobs", "list", "1"), "list takes nothing more; found '1'"),
        (("jobs", "fail", "1", "--life", "fails"), "--life goes with: mockserver jobs add SERVICE"),
        (("faults", "add", "cdm"), "the fault does nothing"),
        (("faults", "delete", "x"), "which one? Found 'x'"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_mistakes(
    client: Client, server: Server, words: tuple[str, ...], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """A command that makes no sense ends with exit status 2 and a line that says what is allowed."""
    status, out, err = said(capsys, server, *words)
    assert (status, out) == (2, "")
    assert message in err


def test_no_server(capsys: pytest.CaptureFixture[str]) -> None:
    """Where nobody listens, each command says so."""
    for command in ("jobs", "faults", "journal", "reset"):
        assert main([command, "--port", "1"]) == 2
        assert "no mockserver answers at http://127.0.0.1:1" in capsys.readouterr().err
