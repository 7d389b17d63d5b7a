"""The pytest plugin, in pytest runs of their own: each is a process that finds it by its entry point."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import textwrap

import pytest

pytest_plugins = ["pytester"]

USER_CODE = """
import time

from huaweicloudsdkcdm.v1 import CdmClient, ShowJobStatusRequest
from huaweicloudsdkcdm.v1.region.cdm_region import CdmRegion
from huaweicloudsdkcore.exceptions.exceptions import ServerResponseException


def wait_for(job_name, every=30):
    client = CdmClient.new_builder().with_region(CdmRegion.value_of("cn-north-4")).build()
    try:
        while True:
            try:
                answer = client.show_job_status(ShowJobStatusRequest(cluster_id="c", job_name=job_name))
            except ServerResponseException:
                time.sleep(every)
                continue
            status = answer.submissions[0].status
            if status in ("SUCCEEDED", "FAILED"):
                return status
            time.sleep(every)
    finally:
        client.close()
"""
JOB = "/v1.1/p/clusters/c/cdm/job/{}/status"
PREAMBLE = f"""
import pytest, requests, time
JOB = {JOB!r}
"""


@pytest.fixture
def run(pytester: pytest.Pytester) -> Run:
    """Runs a test file in a pytest of its own."""
    return Run(pytester)


class Run:
    """A pytest run in a folder with the user's code."""

    def __init__(self, pytester: pytest.Pytester) -> None:
        self.pytester = pytester
        pytester.makepyfile(user_code=USER_CODE)

    def __call__(self, tests: str, *options: str, ini: str = "") -> pytest.RunResult:
        """The result of these tests."""
        self.pytester.makeini(f"[pytest]\n{textwrap.dedent(ini)}")
        self.pytester.makepyfile(test_it=PREAMBLE + textwrap.dedent(tests))
        return self.pytester.runpytest_subprocess("-p", "no:randomly", "-rA", *options, timeout=120)


BRIEF = """
    from user_code import wait_for

    def test_waits_two_hours(mockserver):
        mockserver.job("cdm", job_name="jdbc2hive", life=[("BOOTING", 30), ("RUNNING", "2h"), ("SUCCEEDED", None)])
        with mockserver.clock.drive():
            assert wait_for("jdbc2hive") == "SUCCEEDED"
        mockserver.assert_polled("cdm", job_name="jdbc2hive", min_interval=30, stops_after_terminal=True)

    def test_survives_one_bad_gateway(mockserver):
        mockserver.job("cdm", job_name="jdbc2hive", life="succeeds")
        mockserver.fail("cdm", status=502, times=1)
        with mockserver.clock.drive():
            assert wait_for("jdbc2hive") == "SUCCEEDED"
"""


def test_two_hours_in_milliseconds(run: Run) -> None:
    """The user's own loop with the vendor's SDK, unchanged, waits for two hours of the mock's clock; and gets over a 502."""
    run(BRIEF).assert_outcomes(passed=2)


@pytest.mark.parametrize("options", [("-n", "4"), ("-p", "randomly"), ("-p", "random_order", "--random-order")])
@pytest.mark.exhaustive
def test_in_any_order_and_in_parallel(run: Run, options: tuple[str, ...]) -> None:
    """Under xdist, and in random order, each test has its own namespace: what one declares, no other sees."""
    tests = """
        @pytest.mark.parametrize("number", range(24))
        def test_alone(mockserver, number):
            assert mockserver.jobs == [] and len(mockserver.journal) == 0 and mockserver.clock.speed == 1
            mockserver.job("cdm", job_name="j", life=[("RUNNING" if number % 2 else "BOOTING", None)])
            mockserver.clock.freeze()
            answer = mockserver.client().get(JOB.format("j")).json()
            assert answer["submissions"][0]["status"] == ("RUNNING" if number % 2 else "BOOTING")
            mockserver.assert_called("cdm", times=1)
    """
    run.pytester.makeini("[pytest]")
    run.pytester.makepyfile(test_it=PREAMBLE + textwrap.dedent(tests))
    run.pytester.runpytest_subprocess(*options, timeout=120).assert_outcomes(passed=24)


def test_every_kind_of_test_can_have_it(run: Run) -> None:
    """unittest's classes, plain classes, doctests, and asynchronous tests."""
    run.pytester.makepyfile(
        test_doc="""
        def documented():
            '''
            >>> mock = getfixture("mockserver")
            >>> mock.job("cdm", job_name="j").status
            'BOOTING'
            '''
        """
    )
    tests = """
        import asyncio, unittest

        @pytest.mark.usefixtures("mockserver", "mockserver_app")
        class TestOld(unittest.TestCase):
            def test_one(self):
                self.mockserver.job("cdm", job_name="j")
                assert self.mockserver.client().get(JOB.format("j")).status_code == 200
                assert self.mockserver_app.client().get(JOB.format("j")).status_code == 400

            def test_two(self):
                assert not self.mockserver.jobs

        @pytest.mark.mockserver(seed=7, speed=60)
        class TestPlain:
            @pytest.mark.mockserver(seed=8)
            def test_markers_add_up(self, mockserver):
                assert (mockserver.mock.namespace(mockserver.namespace).settings.seed, mockserver.clock.speed) == (8, 60)

            def test_of_the_class(self, mockserver):
                assert mockserver.mock.namespace(mockserver.namespace).settings.seed == 7

        @pytest.mark.anyio
        async def test_async(mockserver):
            mockserver.job("cdm", job_name="j", life=[("RUNNING", "1h"), ("SUCCEEDED", None)])
            client = mockserver.client()
            with mockserver.clock.drive():
                while (await asyncio.to_thread(client.get, JOB.format("j"))).json()["submissions"][0]["status"] == "RUNNING":
                    await asyncio.sleep(60)
            mockserver.assert_polled("cdm", min_interval=60, stops_after_terminal=True)

        @pytest.fixture
        def anyio_backend():
            return "asyncio"
    """
    run(tests, "--doctest-modules", "test_it.py", "test_doc.py").assert_outcomes(passed=6)


@pytest.mark.exhaustive
def test_the_environment_is_the_tests_alone(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """SDK variables are set for the test and gone after it; those of the developer's real cloud are out of reach in it."""
    monkeypatch.setenv("HUAWEICLOUD_SDK_AK", "real-key")
    monkeypatch.setenv("HUAWEICLOUD_SDK_PROJECT_ID", "real-project")
    monkeypatch.setenv("NO_PROXY", "intranet.example")
    tests = """
        import os, subprocess

        def in_a_child():
            return subprocess.run(["printenv", "HUAWEICLOUD_SDK_AK"], capture_output=True, text=True).stdout.strip()

        def test_within(mockserver):
            assert in_a_child() == mockserver.credentials.ak
            assert os.environ["HUAWEICLOUD_SDK_AK"] == mockserver.credentials.ak == mockserver.env["HUAWEICLOUD_SDK_AK"]
            assert os.environ["HUAWEICLOUD_SDK_REGION_CDM_CN_NORTH_4"] == mockserver.url
            assert "HUAWEICLOUD_SDK_PROJECT_ID" not in os.environ
            assert os.environ["NO_PROXY"] == "intranet.example,127.0.0.1,localhost"

        def test_sets_it(mockserver, monkeypatch):
            monkeypatch.setenv("HUAWEICLOUD_SDK_AK", "own")
            assert in_a_child() == "own"

        def test_sets_it_too(monkeypatch, mockserver):
            monkeypatch.setenv("HUAWEICLOUD_SDK_AK", "own")
            monkeypatch.delenv("HUAWEICLOUD_SDK_IAM_ENDPOINT")

        def test_after():
            assert in_a_child() == os.environ["HUAWEICLOUD_SDK_AK"] == "real-key"
            assert os.environ["HUAWEICLOUD_SDK_PROJECT_ID"] == "real-project"
            assert not {"HUAWEICLOUD_SDK_REGION_CDM_CN_NORTH_4", "HUAWEICLOUD_SDK_IAM_ENDPOINT"} & set(os.environ)
    """
    run(tests).assert_outcomes(passed=4)


def test_mistakes_fail_at_teardown(run: Run) -> None:
    """Requests that no operation has, and crashes of the mock, fail a test that passed; documented errors don't."""
    tests = """
        def test_unexpected(mockserver):
            requests.get(mockserver.url + "/v1.1/p/clusters/c/cdm/jobs/j", timeout=5)

        @pytest.mark.mockserver(allow_unexpected=True)
        def test_allowed(mockserver):
            requests.get(mockserver.url + "/v1.1/nothing", timeout=5)

        def test_documented_errors(mockserver):
            assert mockserver.client().get(JOB.format("unknown")).status_code == 400
            assert requests.get(mockserver.url + JOB.format("j"), timeout=5).status_code == 401

        def test_crash(mockserver, monkeypatch):
            from mockserver import answering
            monkeypatch.setattr(answering, "respond", lambda *_: 1 / 0)
            mockserver.job("cdm", job_name="j")
            mockserver.client().get(JOB.format("j"))

        def test_fails_by_itself(mockserver):
            requests.get(mockserver.url + "/v1.1/nothing", timeout=5)
            assert False
    """
    result = run(tests)
    result.assert_outcomes(passed=4, errors=2, failed=1)
    result.stdout.fnmatch_lines(
        [
            "*ERROR at teardown of test_unexpected*",
            "unexpected request GET /v1.1/p/clusters/c/cdm/jobs/j: *nearest:*allow_unexpected=True*",
            "*ERROR at teardown of test_crash*",
            "the mock failed to answer GET /v1.1/p/clusters/c/cdm/job/j/status: the mock failed: ZeroDivisionError*",
        ]
    )


def test_a_failed_test_shows_what_was_asked(run: Run) -> None:
    """Its report has the exchanges and a timeline, without secrets; a test that passed has none."""
    tests = """
        from user_code import wait_for

        def test_fails(mockserver):
            mockserver.job("cdm", job_name="load", life=[("RUNNING", "1h"), ("FAILED", None)])
            requests.get(mockserver.url + JOB.format("load"), headers={"X-Auth-Token": "s3cr3t-token"}, timeout=5)
            with mockserver.clock.drive():
                assert wait_for("load") == "SUCCEEDED"

        def test_asks_nothing(mockserver):
            assert False

        def test_passes(mockserver):
            mockserver.job("cdm", job_name="other")
            mockserver.client().get(JOB.format("other"))
    """
    result = run(tests)
    result.assert_outcomes(failed=2, passed=1)
    result.stdout.fnmatch_lines(
        [
            "*- mockserver -*",
            "#1 * GET /v1.1/p/clusters/c/cdm/job/load/status  200 RUNNING",
            "  ... * like it",
            "*200 FAILED",
            "cdm *job_name=load: * polls in *",
            "  200 RUNNING |#*#*|*",
            "*nothing was asked: is the client pointed at the mock?",
        ]
    )
    assert result.stdout.str().count("- mockserver -") == 2
    sections = re.findall(r"^-+ mockserver -+$(.*?)^[_=]", result.stdout.str(), re.M | re.S)
    assert len(sections) == 2
    assert not re.search("s3cr3t-token|Signature|Authorization", "".join(sections))


@pytest.mark.parametrize(
    ("marker", "message"),
    [
        ("sede=1", "@pytest.mark.mockserver has no 'sede'; did you mean 'seed'? Allowed: seed, auth, *allow_unexpected"),
        ("'verify'", "@pytest.mark.mockserver takes keywords only; found ('verify',)"),
        ("auth='strict'", "@pytest.mark.mockserver: auth is 'strict'; allowed: verify or presence or off"),
        ("fixtures=['nowhere.json']", "*nowhere.json*"),
    ],
)
@pytest.mark.exhaustive
def test_a_wrong_marker_says_what_is_wrong(run: Run, marker: str, message: str) -> None:
    """With the nearest name; and without a traceback through the plugin."""
    result = run(f"@pytest.mark.mockserver({marker})\ndef test_marked(mockserver): pass", "--strict-markers")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines([message])
    assert "pytest_plugin.py" not in result.stdout.str()


@pytest.mark.exhaustive
def test_markers_choose_settings(run: Run) -> None:
    """Settings of a namespace, and those of a whole mock; in tests, an unknown id is a mistake by default."""
    tests = """
        def test_rejected(mockserver):
            assert mockserver.client().get(JOB.format("x")).status_code == 400

        @pytest.mark.mockserver(unknown_ids="create", auth="off", time="2020-02-03T04:05:06Z", speed=0)
        def test_made_up(mockserver):
            answer = requests.get(mockserver.url + JOB.format("x"), timeout=5)
            assert answer.status_code == 200 and answer.headers["Date"] == "Mon, 03 Feb 2020 04:05:06 GMT"

        @pytest.mark.mockserver(switches={"cdm-creation-date": "string"}, auth="verify")
        def test_switch(mockserver, mockserver_app):
            for mock in (mockserver, mockserver_app):
                mock.job("cdm", job_name="x")
                assert isinstance(mock.client().get(JOB.format("x")).json()["submissions"][0]["creation-date"], str)

        @pytest.mark.mockserver(fixtures=["jobs.json"])
        def test_fixture_file(mockserver):
            assert mockserver.client().get(JOB.format("filed")).status_code == 200
    """
    run.pytester.path.joinpath("jobs.json").write_text(
        json.dumps({"jobs": [{"service": "cdm", "job_name": "filed"}]}), encoding="utf-8"
    )
    run(tests).assert_outcomes(passed=4)


EGRESS = """
    REAL = "https://cdm.cn-north-4.myhuaweicloud.com"

    def test_with_the_fixture(mockserver):
        requests.get(REAL, timeout=5)

    def test_swallowed(mockserver):
        try:
            requests.get(REAL, timeout=5)
        except Exception:
            pass

    def test_without_it():
        with pytest.raises(Exception) as caught:
            requests.get("http://guarded.invalid", timeout=5)
        assert type(caught.value).__name__ == "ConnectionError"
"""


@pytest.mark.exhaustive
def test_no_test_reaches_the_real_cloud(run: Run) -> None:
    """A test that would ask a vendor's host fails, even where it swallows the error; the message names the host."""
    result = run(EGRESS)
    result.assert_outcomes(failed=1, passed=2, errors=1)
    result.stdout.fnmatch_lines(
        ["*EgressBlocked: the test would have asked the real host cdm.cn-north-4.myhuaweicloud.com; *"]
    )
    result.stdout.fnmatch_lines(["*ERROR at teardown of test_swallowed*", "the test would have asked the real host cdm.*"])


@pytest.mark.exhaustive
def test_all_tests_can_be_guarded(run: Run) -> None:
    """With `mockserver_egress = all`, tests without a fixture are guarded, too; a wrong value is refused."""
    ini = """
        mockserver_egress = all
        mockserver_hosts = guarded.invalid
    """
    result = run(EGRESS, ini=ini)
    result.assert_outcomes(failed=2, passed=1, errors=1)
    result.stdout.fnmatch_lines(["*'EgressBlocked' == 'ConnectionError'*"])
    refused = run(EGRESS, ini="mockserver_egress = yes")
    refused.stderr.fnmatch_lines(["*mockserver_egress is 'yes'; allowed: fixture, all, off"])


@pytest.mark.parametrize("way", ["--mockserver-intercept", "ini"])
@pytest.mark.exhaustive
def test_real_hosts_can_be_intercepted(run: Run, way: str) -> None:
    """By option or ini, the vendors' hosts, and others by pattern, are answered in the process."""
    tests = """
        @pytest.mark.parametrize("host", ["cdm.cn-north-4.myhuaweicloud.com", "x.cloud.example"])
        def test_real_host(mockserver_app, host):
            mockserver_app.job("cdm", job_name="j")
            answer = requests.get(f"https://{host}" + JOB.format("j"), headers={"X-Auth-Token": "t"}, timeout=5)
            assert answer.json()["submissions"][0]["status"] == "BOOTING"
            mockserver_app.assert_called("cdm", times=1)
    """
    ini = "mockserver_hosts = *.cloud.example\n" + ("mockserver_intercept = true" if way == "ini" else "")
    run(tests, *([] if way == "ini" else [way]), ini=ini).assert_outcomes(passed=2)


REPORTED = """
    @pytest.mark.parametrize("life", ["succeeds", "fails"])
    def test_life(mockserver, life):
        mockserver.job("cdm", job_name="j", life=life, progress="polls")
        client = mockserver.client()
        for _ in range(5):
            client.get(JOB.format("j"))

    def test_error(mockserver):
        mockserver.client().get(JOB.format("unknown"))
"""


@pytest.mark.parametrize("options", [(), ("-n", "2")])
@pytest.mark.exhaustive
def test_what_pollers_were_shown_is_counted(run: Run, options: tuple[str, ...]) -> None:
    """Over all tests, and all processes of xdist: on the terminal, and as JSON."""
    target = run.pytester.path / "shown.json"
    result = run(REPORTED, "--mockserver-report", f"--mockserver-report-json={target}", *options)
    result.assert_outcomes(passed=3)
    result.stdout.fnmatch_lines(
        [
            "*mockserver: shown to the code under test*",
            "cdm (ShowJobStatus): 11 polls",
            "  statuses       4 of 9    never shown: NEW, PENDING, *",
            "  transitions    3 of 14 *",
            "  errors         1 of * never shown: *",
            "shown to the code under test: * % of what is documented",
        ]
    )
    matches = json.loads(target.read_text(encoding="utf-8"))
    cdm = matches["operations"]["ShowJobStatus"]
    assert cdm["states"]["seen"] == {"BOOTING": 2, "RUNNING": 2, "SUCCEEDED": 3, "FAILED": 3}
    assert cdm["transitions"]["seen"] == {"BOOTING -> RUNNING": 2, "RUNNING -> SUCCEEDED": 1, "RUNNING -> FAILED": 1}
    assert cdm["errors"]["seen"] == {"job-not-found": 1}
    assert 0 < matches["percent"] < 100


@pytest.mark.exhaustive
def test_a_run_can_fail_for_too_little(run: Run) -> None:
    """`--mockserver-fail-under` fails a run that passed, and says by how much; enough is enough."""
    few = run(REPORTED, "--mockserver-fail-under=90")
    assert few.ret == pytest.ExitCode.TESTS_FAILED
    few.stdout.fnmatch_lines(["mockserver: * % was shown, wanted 90 % at least"])
    assert run(REPORTED, "--mockserver-fail-under=1").ret == pytest.ExitCode.OK
    assert run("def test_nothing(): pass", "--mockserver-fail-under=1").ret == pytest.ExitCode.TESTS_FAILED


@pytest.mark.exhaustive
def test_a_report_that_cannot_be_written(run: Run) -> None:
    """Where the JSON can't be written, the run says so, and its tests' results stand."""
    result = run(REPORTED, "--mockserver-report-json=nowhere/at/all.json")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.assert_outcomes(passed=3)
    result.stdout.fnmatch_lines(["mockserver: can't write nowhere/at/all.json: No such file or directory"])


@pytest.mark.exhaustive
def test_nothing_heavy_is_loaded_before_it_is_used(run: Run) -> None:
    """A run without the fixtures loads none of the heavy libraries, and no other room of mockserver's."""
    tests = """
        import sys

        def test_light():
            heavy = {"flask", "jsonschema", "granian", "yaml", *(f"mockserver.{room}" for room in ("mock", "testing"))}
            assert not heavy & set(sys.modules)
            assert "mockserver.pytest_plugin" in sys.modules
    """
    run.pytester.makepyfile(test_it=textwrap.dedent(tests))
    run.pytester.runpytest_subprocess("-p", "no:faker").assert_outcomes(passed=1)


def test_importing_the_plugin_loads_nothing_but_pytest() -> None:
    """Beside pytest and the standard library, the plugin's module needs mockserver's errors and version alone."""
    code = (
        "import sys, pytest; before = set(sys.modules); import mockserver.pytest_plugin;"
        "print(*sorted(name for name in set(sys.modules) - before if name.partition('.')[0] not in sys.stdlib_module_names))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == [
        "mockserver",
        "mockserver.errors",
        "mockserver.pytest_documents",
        "mockserver.pytest_plugin",
        "mockserver.pytest_torture",
        "mockserver.version",
    ]


@pytest.mark.exhaustive
def test_the_fixtures_are_explained(run: Run) -> None:
    """`pytest --fixtures` and `--markers` say what they are."""
    fixtures = run("def test(): pass", "--fixtures").stdout
    fixtures.fnmatch_lines(["mockserver -- *", "    A mock of the vendors' APIs for this test alone*"])
    fixtures.fnmatch_lines(["mockserver_app -- *", "    The same mock without a socket*"])
    run("def test(): pass", "--markers").stdout.fnmatch_lines(["@pytest.mark.mockserver(seed, auth, *"])
