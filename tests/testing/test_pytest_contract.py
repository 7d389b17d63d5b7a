"""The fixture `contract`, in pytest runs of their own: on the test's mock, and on a real service behind a proxy."""

from __future__ import annotations

import json
import re
import textwrap
from collections.abc import Callable, Iterator

import pytest
from sdk_clients import Server

from mockserver.settings import DEFAULT_ACCESS_KEY, DEFAULT_APP_KEY, DEFAULT_APP_SECRET, DEFAULT_SECRET_KEY

pytest_plugins = ["pytester"]

PREAMBLE = """
import pytest, requests, time

def path(contract, job="j"):
    return f"/v1.1/{contract.ids('cdm')['project_id']}/clusters/c/cdm/job/{job}/status"

def poll(cluster, job, every=30):
    from huaweicloudsdkcdm.v1 import CdmClient, ShowJobStatusRequest
    from huaweicloudsdkcdm.v1.region.cdm_region import CdmRegion
    client = CdmClient.new_builder().with_region(CdmRegion.value_of("cn-north-4")).build()
    try:
        return client.show_job_status(ShowJobStatusRequest(cluster_id=cluster, job_name=job)).submissions[0].status
    finally:
        client.close()
"""
Run = Callable[..., pytest.RunResult]


@pytest.fixture
def run(pytester: pytest.Pytester) -> Run:
    """Runs a test file in a pytest of its own."""

    def run(tests: str, *options: str, ini: str = "") -> pytest.RunResult:
        pytester.makeini(f"[pytest]\n{textwrap.dedent(ini)}")
        pytester.makepyfile(test_it=PREAMBLE + textwrap.dedent(tests))
        return pytester.runpytest_subprocess("-p", "no:randomly", "-rA", *options, timeout=120)

    return run


# On the test's mock


def test_a_test_that_keeps_the_contract_passes(run: Run) -> None:
    """By the SDK and by requests, with the mock, with the one on no socket, and alone; a whole life, judged over time."""
    tests = """
        def test_life(contract, mockserver):
            mockserver.job("cdm", job_name="j", life=[("BOOTING", 30), ("RUNNING", "2h"), ("SUCCEEDED", None)])
            with mockserver.clock.drive():
                while poll("c", "j") != "SUCCEEDED":
                    time.sleep(600)
            assert contract.findings == []
            assert len(contract.session.result("it").judged) > 13
            assert contract.url == mockserver.url and contract.env == mockserver.env

        def test_on_no_socket(mockserver_app, contract):
            mockserver_app.job("cdm", job_name="j")
            assert contract.client().get(path(contract)).status_code == 200
            with pytest.raises(Exception, match="on no socket"):
                contract.url

        def test_alone(contract):
            asked, client = contract.ids("cdm"), contract.client()
            client.headers["Content-Type"] = "application/json"  # TICS requires it
            assert poll(asked["cluster_id"], asked["job_name"]) == "BOOTING"
            for service, path in (
                ("taurusdb", "/v3/{project_id}/jobs?id={id}"),
                ("tics", "/v1/{project_id}/leagues/{league_id}/job-instances?offset=0&limit=10"),
                ("enos", "/batch-processing-service/v2.1/taskInstances?action=get&taskInstId={taskInstId}&userId={userId}"
                         "&orgId={orgId}"),
            ):
                assert client.get(path.format(**contract.ids(service))).status_code == 200
            assert contract.findings == []

        @pytest.mark.usefixtures("contract")
        class TestOld(__import__("unittest").TestCase):
            def test_one(self):
                assert self.contract.client().get(path(self.contract)).status_code == 200
    """
    run(tests).assert_outcomes(passed=4)


def test_what_breaks_the_contract_fails_the_test(run: Run) -> None:
    """At its end, with all findings as text, those of requests and those of answers; ignored codes and notes don't."""
    tests = """
        def test_bad_request(contract):
            contract.client().get(path(contract) + "?page=1")
            assert [one.code for one in contract.findings] == ["request-parameter-unknown"]

        @pytest.mark.mockserver_contract(ignore=["request-parameter-unknown"])
        def test_ignored(contract):
            contract.client().get(path(contract) + "?page=1")
            assert contract.findings == []

        @pytest.mark.mockserver_contract(fail_on="error")
        def test_only_errors(contract):
            contract.client().get(path(contract) + "?page=1")

        @pytest.mark.mockserver_contract(strict=["C-1"])
        def test_strict(contract):
            contract.client().get(path(contract))

        def test_unexpected(mockserver, contract):
            requests.get(mockserver.url + "/v1.1/nothing", timeout=5)

        @pytest.mark.mockserver(allow_unexpected=True)
        def test_allowed(mockserver, contract):
            requests.get(mockserver.url + "/v1.1/nothing", timeout=5)

        @pytest.mark.mockserver(auth="off")
        def test_no_credentials_needed(contract):
            requests.get(contract.url + path(contract), timeout=5)

        def test_fails_by_itself(contract):
            contract.client().get(path(contract) + "?page=1")
            assert False
    """
    result = run(tests)
    result.assert_outcomes(passed=7, errors=2, failed=1)
    result.stdout.fnmatch_lines(
        [
            "*ERROR at teardown of test_bad_request*",
            "the contract is broken: 1 finding of severity warning or worse *",
            '#1 ShowJobStatus 200: warning request-parameter-unknown at request /page: found "page"; *',
            "*ERROR at teardown of test_unexpected*",
            "#1 GET /v1.1/nothing 404: error request-unknown at request: *",
            "*- mockserver: contract -*",
            "#1 ShowJobStatus 200: warning request-parameter-unknown *",
        ]
    )
    assert "ExceptionGroup" not in result.stdout.str()


def write_taped(pytester: pytest.Pytester) -> None:
    """A fixture file with a recorded answer that is not as documented."""
    replay = {
        "operation": "ShowJobStatus",
        "match": {"cluster_id": "c", "job_name": "taped"},
        "tenant": {"project_id": "p"},
        "began": "2026-11-21T08:00:00.000+00:00",
        "steps": [
            {
                "at": 0,
                "status": 200,
                "headers": [["Content-Type", "application/json"]],
                "body": json.dumps({"submissions": [{"status": "running"}]}),
            }
        ],
    }
    pytester.path.joinpath("jobs.json").write_text(json.dumps({"replays": [replay]}), encoding="utf-8")


@pytest.mark.exhaustive
def test_faults_are_no_mistakes_of_the_mock(run: Run, pytester: pytest.Pytester) -> None:
    """An answer that a fault spoiled is not judged and breaks no sequence; its request is; a patch is told as a note."""
    write_taped(pytester)
    tests = """
        @pytest.mark.parametrize("fault", [
            {"status": 502}, {"fault": "HTML_200"}, {"fault": "TRUNCATED_JSON"}, {"fault": "EMPTY_RESPONSE"},
            {"body": "nonsense"}, {"headers": {"Content-Type": "text/plain"}}, {"error": "job-not-found"},
        ])
        def test_spoiled(mockserver, contract, fault):
            mockserver.job("cdm", job_name="j", life=[("BOOTING", 60), ("RUNNING", "1h"), ("SUCCEEDED", None)])
            client = contract.client()
            client.get(path(contract))
            spoiled = mockserver.fail("cdm", times=1, **fault)
            try:
                client.get(path(contract))
            except requests.RequestException:
                pass
            mockserver.clock.advance(120)
            client.get(path(contract))
            assert spoiled.served == 1
            assert contract.findings == []
            assert len(contract.session.result("it").judged) == 3

        def test_its_request_is_judged(mockserver, contract):
            mockserver.fail("cdm", status=502, times=1)
            contract.client().get(path(contract) + "?page=1")
            assert [one.code for one in contract.findings] == ["request-parameter-unknown"]

        @pytest.mark.mockserver(fixtures=["jobs.json"])
        def test_slow_is_sound(mockserver, contract):
            mockserver.fail("cdm", delay=0.01, times=1)
            assert contract.client().get(path(contract, "taped")).status_code == 200
            assert contract.findings != []

        def test_patched(mockserver, contract):
            mockserver.job("cdm", job_name="j", life=[("RUNNING", "1h"), ("SUCCEEDED", None)])
            contract.client().get(path(contract))
            mockserver.fail("cdm", patch=[{"op": "replace", "path": "/submissions/0/status", "value": "running"}], times=1)
            contract.client().get(path(contract))
            contract.client().get(path(contract))
            found, = contract.findings
            assert (found.code, found.severity) == ("status-unknown", "note")
            assert found.declared.startswith("test_it.py:")
    """
    result = run(tests)
    result.assert_outcomes(passed=10, errors=2)
    result.stdout.fnmatch_lines(
        ["*ERROR at teardown of test_its_request_is_judged*", "*ERROR at teardown of test_slow_is_sound*"]
    )


@pytest.mark.exhaustive
def test_findings_name_the_place_of_the_declaration(run: Run, pytester: pytest.Pytester) -> None:
    """A replay that breaks the contract is named by its file and place; a fact that does is refused where it is declared."""
    write_taped(pytester)
    tests = """
        @pytest.mark.mockserver(fixtures=["jobs.json"])
        def test_replayed(mockserver, contract):
            contract.client().get(path(contract, "taped"))
            assert {item.declared for item in contract.findings if item.severity != "note"} == {"jobs.json#/replays/0"}

        def test_fact(mockserver, contract):
            mockserver.job("cdm", job_name="j", facts={"number": -1})

        def test_typo(mockserver, contract):
            mockserver.job("cdm", job_name="j", life=[("RUNING", 30)])
    """
    result = run(tests)
    result.assert_outcomes(passed=1, errors=1, failed=2)
    result.stdout.fnmatch_lines(["*Declared: jobs.json#/replays/0"])
    result.stdout.fnmatch_lines(["test_it.py:*", "*InputError: *submission-id is -1; allowed: minimum 0"])
    result.stdout.fnmatch_lines(["test_it.py:*", "*InputError: *RUNING*RUNNING*"])


@pytest.mark.exhaustive
def test_what_the_test_itself_changes_breaks_no_sequence(run: Run) -> None:
    """Jobs deleted, declared again, or forgotten by a reset are not compared with what they were before."""
    tests = """
        def test_changed(mockserver, contract):
            first = mockserver.job("cdm", job_name="j", life=[("SUCCEEDED", None)])
            ask = lambda: contract.client().get(path(contract)).status_code
            assert ask() == 200
            mockserver.job("cdm", job_name="j", life=[("BOOTING", None)])
            assert ask() == 200
            mockserver.reset()
            assert ask() == 400
            mockserver.job("cdm", job_name="j", life=[("BOOTING", None)]).delete()
            assert ask() == 400
            mockserver.job("cdm", job_name="j", life=[("RUNNING", None)])
            assert ask() == 200
    """
    run(tests).assert_outcomes(passed=1)


@pytest.mark.parametrize(
    ("marker", "message"),
    [
        (
            "stict=True",
            "@pytest.mark.mockserver_contract has no 'stict'; did you mean 'strict'? Allowed: strict, fail_on, ignore",
        ),
        ("True", "@pytest.mark.mockserver_contract takes keywords only; found (True,)"),
        ("fail_on='warn'", "*: fail_on is 'warn'; did you mean 'warning'? Allowed: error, warning, note"),
        ("ignore=['status-unknwon']", "*: ignore has 'status-unknwon', * did you mean 'status-unknown'? Allowed: *"),
        ("ignore='status-unknown'", "*: ignore is 'status-unknown'; allowed: a list, such as ignore=*status-unknown*"),
        ("strict=['C1']", "*: strict has 'C1', no contradiction's id; did you mean 'C-1'? Allowed: all, *"),
    ],
)
@pytest.mark.exhaustive
def test_a_wrong_marker_says_what_is_wrong(run: Run, marker: str, message: str) -> None:
    """With the nearest name; and without a traceback through the plugin."""
    result = run(f"@pytest.mark.mockserver_contract({marker})\ndef test_marked(contract): pass", "--strict-markers")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines([message])
    assert "pytest_plugin.py" not in result.stdout.str()


@pytest.mark.exhaustive
def test_answers_got_by_other_ways(run: Run) -> None:
    """`check` judges what the test hands over, and fails nothing by itself; `ids` refuses unknown services."""
    tests = """
        def test_other(contract):
            url = "https://cdm.example" + path(contract, "other")
            found = contract.check((418, {}, b"{}"), ("GET", url, {"X-Auth-Token": "t"}))
            assert found[0].code == "status-undocumented"
            good = contract.client().get(path(contract, "other"))
            assert contract.check(good) == [] == contract.findings
            with pytest.raises(Exception, match="no service 'cmd'; did you mean 'cdm'"):
                contract.ids("cmd")
    """
    run(tests).assert_outcomes(passed=1)


# On a real service

KEYS = {
    "HUAWEICLOUD_SDK_AK": DEFAULT_ACCESS_KEY,
    "HUAWEICLOUD_SDK_SK": DEFAULT_SECRET_KEY,
    "ENOS_APP_KEY": DEFAULT_APP_KEY,
    "ENOS_APP_SECRET": DEFAULT_APP_SECRET,
}
BOTH_WAYS = """
    def test_with_the_sdk(contract):
        asked = contract.ids("cdm")
        assert poll(asked["cluster_id"], asked["job_name"])

    def test_with_requests(contract):
        enos = "/batch-processing-service/v2.1/taskInstances?action=get&taskInstId={taskInstId}&userId={userId}"
        enos += "&orgId={orgId}"
        client = contract.client()
        for way in (path(contract, contract.ids("cdm")["job_name"]), enos.format(**contract.ids("enos"))):
            answer = client.get(way)
            assert answer.status_code == 200, answer.text
        assert contract.findings == []
        assert len(contract.session.result("it").judged) == 2

    def test_controlled(mockserver, contract):
        mockserver.job("cdm", job_name="j")

    def test_controlled_too(mockserver_app):
        mockserver_app.clock.advance(60)
"""


@pytest.fixture
def service(request: pytest.FixtureRequest, tmp_path: object) -> Iterator[Server]:
    """Our own server as the real service: it refuses what isn't signed rightly for its own host."""
    server = Server("--auth", "verify", *getattr(request, "param", ()))
    yield server
    server.stop()


@pytest.fixture
def _credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    """The developer's credentials of the real service."""
    for name, value in KEYS.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("HUAWEICLOUD_SDK_PROJECT_ID", raising=False)


@pytest.mark.usefixtures("_credentials")
@pytest.mark.exhaustive
def test_the_same_tests_against_a_service(run: Run, service: Server) -> None:
    """SDK and requests reach it through the proxy, signed again; tests that need control are skipped, and say why."""
    result = run(BOTH_WAYS, "--contract-target", service.url, ini="mockserver_egress = all")
    result.assert_outcomes(passed=2, skipped=2)
    result.stdout.fnmatch_lines([f"SKIPPED * needs a mock that it can control; --contract-target is {service.url}"])
    paths = [entry["request"]["path"] for entry in service.journal()]
    assert sum("/cdm/job/" in path for path in paths) == 2
    assert any("taskInstances" in path for path in paths)


@pytest.mark.usefixtures("_credentials")
@pytest.mark.exhaustive
def test_the_same_tests_against_the_mock(run: Run) -> None:
    """Without the option, all of them run."""
    run(BOTH_WAYS).assert_outcomes(passed=4)


@pytest.mark.usefixtures("_credentials")
@pytest.mark.exhaustive
def test_a_lie_of_the_service_is_found(run: Run, pytester: pytest.Pytester) -> None:
    """What the service answers against its documentation fails the test that asked; nothing printed holds a secret."""
    lie = {"target": "cdm", "patch": [{"op": "replace", "path": "/submissions/0/status", "value": "running"}]}
    file = pytester.path / "lie.json"
    file.write_text(json.dumps({"faults": [lie]}), encoding="utf-8")
    server = Server("--auth", "verify", "--fixtures", str(file))
    tests = """
        def test_asks(contract):
            asked = contract.ids("cdm")
            assert poll(asked["cluster_id"], asked["job_name"]) == "running"
            assert [one.code for one in contract.findings] == ["status-unknown"]

        @pytest.mark.mockserver_contract(ignore=["status-unknown"])
        def test_knows(contract):
            contract.client().get(path(contract))

        def test_fails(contract):
            answer = contract.client().get(path(contract))
            assert answer.status_code == 500
    """
    try:
        result = run(tests, "--contract-target", server.url, "-vv", "--showlocals", "--log-level=DEBUG")
    finally:
        server.stop()
    result.assert_outcomes(passed=2, errors=1, failed=1)
    result.stdout.fnmatch_lines(
        ["*ERROR at teardown of test_asks*", "#* ShowJobStatus 200: error status-unknown at body *running*"]
    )
    printed = result.stdout.str() + result.stderr.str()
    assert DEFAULT_SECRET_KEY not in printed
    assert DEFAULT_APP_SECRET not in printed
    assert not re.search(r"Signature=[0-9a-f]{8}", printed)


@pytest.mark.exhaustive
def test_ids_come_from_the_profile(run: Run, service: Server, pytester: pytest.Pytester) -> None:
    """`--contract-profile` and the environment say what to ask for; a wrong file or URL is told without a traceback."""
    pytester.path.joinpath("ids.json").write_text('{"cdm": {"job_name": "mine", "project_id": "p"}}', encoding="utf-8")
    tests = "def test_ids(contract):\n    assert contract.ids('cdm')['job_name'] == 'mine'"
    run(tests, "--contract-target", service.url, "--contract-profile=ids.json").assert_outcomes(passed=1)
    run(tests, "--contract-profile=ids.json").assert_outcomes(passed=1)
    for options, message in (
        (("--contract-profile=nowhere.json",), "*nowhere.json*"),
        (("--contract-target=ftp://x",), "*'ftp' begins no URL of a service; allowed: http://HOST*"),
        (("--contract-target=https://me:s3cr3t@x",), "*the URL of x holds a user or a password*"),
    ):
        result = run(tests, *options)
        result.assert_outcomes(errors=1)
        result.stdout.fnmatch_lines([message])
        assert "pytest_plugin.py" not in result.stdout.str()
