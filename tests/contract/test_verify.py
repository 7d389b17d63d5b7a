"""`mockserver verify`, `check` and `explain`: the mock itself, a service over a socket, another mock that tells one lie."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from sdk_clients import Server

from mockserver.cli import main
from mockserver.contract.cases import read_cases, read_profile, shipped_cases
from mockserver.contract.codes import CODES
from mockserver.contract.made_cases import error_cases
from mockserver.definitions import Definitions, load, strict_ids
from mockserver.definitions.read import read_documents
from mockserver.errors import InputError
from mockserver.exchanges.exchange import Exchange, request_from, response_from
from mockserver.exchanges.har_writing import write
from mockserver.exchanges.recording import Recorder, read
from mockserver.redaction.redactor import Redactor
from mockserver.settings import DEFAULT_ACCESS_KEY, DEFAULT_SECRET_KEY, Settings
from mockserver.verify import Plan, cases_for, verify_mock

ROOT = Path(__file__).parents[2]
Start = Callable[..., Server]


@pytest.fixture
def credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    """The mock's own credentials in the environment, as a user has the cloud's."""
    monkeypatch.setenv("HUAWEICLOUD_SDK_AK", DEFAULT_ACCESS_KEY)
    monkeypatch.setenv("HUAWEICLOUD_SDK_SK", DEFAULT_SECRET_KEY)
    app, secret = next(iter(Settings().apps.items()))
    monkeypatch.setenv("ENOS_APP_KEY", app)
    monkeypatch.setenv("ENOS_APP_SECRET", secret)


@pytest.fixture(scope="module")
def fixtures_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Jobs with the ids of the default profile."""
    profile = read_profile(None, {})
    many = {"dataarts": {"count": 8, "every": "1h"}, "tics": {"count": 8, "every": "1h"}}
    jobs = []
    for service, ids in profile.items():
        named = {name: value for name, value in ids.items() if name not in ("workspace_id", "userId", "orgId")}
        jobs.append({"service": service, "life": "succeeds", "age": "1h", **named, **many.get(service, {})})
    path = tmp_path_factory.mktemp("verify") / "jobs.json"
    path.write_text(json.dumps({"jobs": jobs}), encoding="utf-8")
    return path


def test_the_mock_keeps_its_contract_and_all_of_it_is_seen(shipped: Definitions) -> None:
    """All cases, lives, changes of status and documented errors: no finding, and all of what polls can meet was seen."""
    profile = read_profile(None, {})
    result = verify_mock(Plan(cases_for([], profile, shipped, True, True), profile), Settings())
    assert [str(finding) for _, finding in result.findings()] == []
    assert (result.skipped, result.failed) == ([], [])
    coverage = result.coverage
    assert [item.id for item in shipped.operations if item.job and coverage.percent([item.id]) < 100] == []
    assert coverage.percent() > 99, coverage.as_json()
    assert (result.exit_code(fail_under=99), result.exit_code(fail_under=100)) == (0, 1)


def test_verify_on_the_command_line(capsys: pytest.CaptureFixture[str]) -> None:
    """A clean run exits with 0 and says what was judged."""
    assert main(["verify", "--only", "cdm:status", "--only", "enos:*polled"]) == 0
    out = capsys.readouterr().out
    assert "ShowJobStatus" in out
    assert "PASS" in out


def test_coverage_decides_the_exit_status(capsys: pytest.CaptureFixture[str]) -> None:
    """Too little seen: exit status 1, though nothing was found."""
    assert main(["verify", "--only", "cdm:status", "--fail-under", "50"]) == 1
    assert "FAIL" in capsys.readouterr().out


def test_strict_finds_what_the_examples_show(capsys: pytest.CaptureFixture[str]) -> None:
    """Read strictly, EnOS's data must be the list that the table says; the switch makes the mock send one."""
    options = ["verify", "--only", "enos:status", "--strict", "E-1"]
    assert main(options) == 1
    assert "type-wrong" in capsys.readouterr().out
    assert main([*options, "--switch", "enos-data=list"]) == 0
    assert main(["verify", "--strict", "E-99"]) == 2
    assert "E-99" in capsys.readouterr().err


@pytest.mark.usefixtures("credentials")
def test_a_service_over_a_socket(start: Start, fixtures_file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Signed requests to a server that verifies signatures: clean, polled to the end, no secret in what is printed."""
    options = ["--auth", "verify", "--unknown-ids", "reject", "--fixtures", str(fixtures_file)]
    with start(*options) as server:
        arguments = ["verify", "--target", server.url, "--poll", "--interval", "0", "--report", "json"]
        assert main(arguments) == 0, capsys.readouterr().out
        out, err = capsys.readouterr()
        report = json.loads(out)
    assert report["verdict"]["passed"] if isinstance(report.get("verdict"), dict) else True
    for secret in (DEFAULT_ACCESS_KEY, DEFAULT_SECRET_KEY, *Settings().apps, *Settings().apps.values(), "Signature="):
        assert secret not in out + err + server.stderr


def test_a_token_and_ids_of_a_profile(start: Start, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """--token is sent, ids come from the profile file, and neither the token nor the project is printed."""
    profile = tmp_path / "mine.yaml"
    profile.write_text("cdm:\n  job_name: mine\n  project_id: '11111111111111111111111111111111'\n", encoding="utf-8")
    server = start()
    arguments = ["verify", "--target", server.url, "--token", "my-own-token", "--profile", str(profile)]
    assert main([*arguments, "--only", "cdm:status", "--report", "json", "--report", "console"]) == 0
    paths = [exchange["request"]["path"] for exchange in server.journal()]
    assert paths == [
        "/v1.1/11111111111111111111111111111111/clusters/6ec9a0a4-76be-4262-8697-e7af1fac7920/cdm/job/mine/status"
    ]
    out, err = capsys.readouterr()
    assert "my-own-token" not in out + err
    assert "11111111111111111111111111111111" not in out + err


def test_without_credentials_nothing_is_sent(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """No credential in the environment, and a service that isn't on this machine: exit status 2, with the variables."""
    for name in ("HUAWEICLOUD_SDK_AK", "HUAWEICLOUD_SDK_SK", "MOCKSERVER_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    assert main(["verify", "--target", "http://192.0.2.1", "--only", "cdm:status"]) == 2
    assert "HUAWEICLOUD_SDK_AK" in capsys.readouterr().out


@pytest.mark.usefixtures("credentials")
def test_nobody_there(capsys: pytest.CaptureFixture[str]) -> None:
    """A target that doesn't answer: exit status 2, and why."""
    assert main(["verify", "--target", "http://127.0.0.1:1", "--only", "cdm:status"]) == 2
    assert "127.0.0.1" in capsys.readouterr().out


class Liar(BaseHTTPRequestHandler):
    """A static mock, as general ones are: the page's one example for whatever is asked."""

    body = b""

    def do_GET(self) -> None:
        """Answer with the example."""
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(self.body)))
        self.end_headers()
        self.wfile.write(self.body)

    def log_message(self, *_args: Any) -> None:
        """Say nothing."""


@pytest.fixture
def static(shipped: Definitions) -> Iterator[str]:
    """The URL of a static mock that answers CDM's documented example."""
    Liar.body = json.dumps(shipped.operation("ShowJobStatus").examples["documented"].value).encode()
    server = ThreadingHTTPServer(("127.0.0.1", 0), Liar)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.mark.usefixtures("credentials")
def test_a_static_mock_is_found_out(static: str, capsys: pytest.CaptureFixture[str]) -> None:
    """One example for every request: another job's answer, no error for an unknown one, and a job that never ends."""
    arguments = ["verify", "--target", static, "--only", "cdm:*", "--poll", "--interval", "0", "--max-polls", "5"]
    assert main([*arguments, "--report", "json"]) == 1
    codes = {finding["code"] for finding in all_findings(json.loads(capsys.readouterr().out))}
    assert {"id-mismatch", "answer-unexpected", "job-never-ends", "header-missing"} <= codes


def all_findings(value: Any) -> Iterator[dict[str, Any]]:
    """Every finding in a JSON report, wherever it stands."""
    if isinstance(value, dict):
        if "code" in value and "severity" in value:
            yield value
        value = list(value.values())
    if isinstance(value, list):
        for child in value:
            yield from all_findings(child)


ASKED = {"id": "a", "operation": "ShowJobStatus", "parameters": {}, "expect": {"status": 200}}
MISTAKES: list[tuple[list[dict[str, Any]], str]] = [
    ([], "#/cases"),
    ([{**ASKED, "operation": "ShowJobStatos"}], "did you mean 'ShowJobStatus'"),
    ([{**ASKED, "parameters": {"jobname": "x"}}], "did you mean 'job_name'"),
    ([{**ASKED, "expect": {"error": "job-not-fond"}}], "did you mean 'job-not-found'"),
    ([{**ASKED, "expect": {}}], "expect"),
    ([{name: value for name, value in ASKED.items() if name != "parameters"}], "#/cases/0"),
]


@pytest.mark.parametrize(("cases", "told"), MISTAKES)
def test_mistakes_in_case_files(
    cases: list[dict[str, Any]], told: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A wrong case file: exit status 2; the message names file, place, what was found, and the nearest that is allowed."""
    path = tmp_path / "cases.json"
    path.write_text(json.dumps({"service": "cdm", "cases": cases}), encoding="utf-8")
    assert main(["verify", "--case", str(path)]) == 2
    err = capsys.readouterr().err
    assert str(path) in err
    assert told in err


def test_a_placeholder_without_a_value(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A case that needs an id which the profile hasn't got can't be run: exit status 2, and which id."""
    path = tmp_path / "cases.json"
    case = {"id": "a", "operation": "ShowJobStatus", "parameters": {"job_name": "{job}"}, "expect": {"status": 200}}
    path.write_text(json.dumps({"service": "cdm", "cases": [case]}), encoding="utf-8")
    assert main(["verify", "--case", str(path)]) == 2
    assert "{job}" in capsys.readouterr().out


def test_mistakes_in_profiles(tmp_path: Path) -> None:
    """A profile of another form, or with an unknown service, is refused with the nearest service."""
    path = tmp_path / "profile.json"
    path.write_text('{"cmd": {"job_name": "x"}}', encoding="utf-8")
    with pytest.raises(InputError, match="did you mean 'cdm'"):
        read_profile(path, {})
    path.write_text('{"cdm": {"job_name": 7}}', encoding="utf-8")
    with pytest.raises(InputError, match="job_name"):
        read_profile(path, {})


def test_the_environment_fills_the_profile() -> None:
    """A project id for all services, and any other id by its variable."""
    profile = read_profile(None, {"HUAWEICLOUD_SDK_PROJECT_ID": "p1", "MOCKSERVER_PROFILE_CDM_JOB_NAME": "mine"})
    assert profile["cdm"]["job_name"] == "mine"
    assert {ids["project_id"] for ids in profile.values() if "project_id" in ids} == {"p1"}


def test_no_case_of_this_name(capsys: pytest.CaptureFixture[str]) -> None:
    """A pattern that fits no case is a mistake, not a clean run."""
    assert main(["verify", "--only", "cmd:*"]) == 2
    assert "cdm:*" in capsys.readouterr().err


def test_shipped_cases_are_for_any_service(shipped: Definitions) -> None:
    """No shipped case of `service/` needs the mock, and every service has a polled one."""
    cases = read_cases(shipped_cases(), shipped)
    assert not [case.name for case in cases if case.for_the_mock]
    polled = {case.service for case in cases if case.poll}
    assert polled == {operation.service for operation in shipped.operations if operation.job}
    errors = [error for operation in shipped.operations if operation.job for error in operation.errors()]
    assert len(list(error_cases(shipped, read_profile(None, {})))) == sum(len(error.statuses) for error in errors)


def test_check_judges_a_recording(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A recorded lie is found offline, with the line it stands in; HAR and JSON Lines give the same."""
    job: dict[str, Any] = {
        "id": "8",
        "name": "x",
        "status": "Finished",
        "created": "2018-08-06T10:41:14+0800",
        "process": "",
    }
    job |= {"instance": {"id": "a48e43ff268f4c0e879652d65e63d0fbin07", "name": "mysql"}}
    answer = response_from(200, {"Content-Type": "application/json"}, json.dumps({"job": job}))
    asked = request_from("GET", "/v3/054e292c9880d4992f02c0196d3ea468/jobs?id=7", {"X-Auth-Token": "t"})
    lines, har = tmp_path / "run.jsonl", tmp_path / "run.har"
    with Recorder(lines, Redactor(keep_ids=True)) as recorder:
        recorder.add(Exchange(asked, answer, 1_700_000_000_000))
    write(har, read(lines))
    for file in (lines, har):
        assert main(["check", str(file), "--report", "json"]) == 1
        codes = {finding["code"] for finding in all_findings(json.loads(capsys.readouterr().out))}
        assert {"id-mismatch", "status-unknown", "header-missing"} <= codes
    assert main(["check", str(tmp_path / "none.jsonl")]) == 2


def test_explain(capsys: pytest.CaptureFixture[str]) -> None:
    """Every code is explained; an unknown one is answered with the nearest."""
    assert main(["explain"]) == 0
    listed = capsys.readouterr().out
    for code in CODES:
        assert code in listed
        assert main(["explain", code]) == 0
        assert CODES[code].consequence in capsys.readouterr().out
    assert main(["explain", "id-missmatch"]) == 2
    assert "did you mean id-mismatch" in capsys.readouterr().err


def test_the_contract_document_has_every_code_and_every_strict_reading() -> None:
    """The tables of docs/contract.md are the code's and the definitions'."""
    text = (ROOT / "docs/contract.md").read_text(encoding="utf-8")
    codes = text.split("<!-- codes -->")[1].split("<!-- /codes -->")[0].strip().splitlines()[2:]
    assert codes == [f"| `{name}` | {one.severity} | {one.meaning} | {one.consequence} |" for name, one in CODES.items()]
    strict = text.split("<!-- strict -->")[1].split("<!-- /strict -->")[0].strip().splitlines()[2:]
    assert strict == [f"| {name} | {found} |" for name, found in strict_ids(read_documents()).items()]


def test_strict_definitions_still_load_whole() -> None:
    """Read strictly, the documents have the same operations."""
    assert [operation.id for operation in load(strict=["all"]).operations] == [
        operation.id for operation in load().operations
    ]


@pytest.mark.usefixtures("credentials")
@pytest.mark.parametrize("form", ["console", "json", "html", "junit", "github"])
def test_findings_name_no_tenant(static: str, form: str, capsys: pytest.CaptureFixture[str]) -> None:
    """What a finding quotes of an answer is cleaned like it: neither the project nor a user's name is in a report."""
    ids = read_profile(None, {})["cdm"]
    Liar.body = Liar.body.replace(b'"cdm"', b'"ann-of-acme"')
    arguments = ["verify", "--target", static, "--only", "cdm:*", "--report", form]
    assert main(arguments) == 1
    out, err = capsys.readouterr()
    for tenant in ("ann-of-acme", ids["project_id"], ids["cluster_id"]):
        assert tenant not in out + err
    assert main([*arguments, "--keep-ids"]) == 1
    assert "ann-of-acme" in capsys.readouterr().out


@pytest.mark.parametrize("option", [["--interval", "2"], ["--max-polls", "3"], ["--rate", "2/s"], ["--interval", "0"]])
def test_options_about_a_service_go_with_a_target(option: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """The mock in this process is asked as fast as it answers: nothing that is given is ignored."""
    assert main(["verify", *option]) == 2
    assert f"{option[0]} is about a service; give --target URL" in capsys.readouterr().err
