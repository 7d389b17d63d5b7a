"""The mock in a test's own process: `running`, its clients, intercepting, the egress guard."""

from __future__ import annotations

import asyncio
import http.client
import importlib
import os
import socket
import threading
import time
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest
import requests
from huaweicloudsdkcdm.v1 import CdmClient, ShowJobStatusRequest
from huaweicloudsdkcdm.v1.region.cdm_region import CdmRegion
from huaweicloudsdkcore.exceptions.exceptions import ServiceResponseException
from sdk_clients import SDKS, forget
from urllib3.util import Retry

import mockserver
from mockserver.errors import InputError
from mockserver.faults.kinds import KINDS
from mockserver.testing.environ import REGIONS
from mockserver.testing.guard import EgressBlocked, egress_guard
from mockserver.testing.hosts import is_vendors
from mockserver.testing.mock_options import mock_options
from mockserver.testing.server_pool import SharedServer

JOB = "/v1.1/p/clusters/c/cdm/job/{}/status"
TASK = "/batch-processing-service/v2.1/taskInstances"
ASKED = {"action": "get", "userId": "u", "orgId": "o", "taskInstId": "t"}
REAL = "https://cdm.cn-north-4.myhuaweicloud.com"


@pytest.fixture(params=["presence", "verify"])
def mock(request: pytest.FixtureRequest) -> Iterator[mockserver.MockServer]:
    """A running mock, lenient and strict."""
    with mockserver.running(auth=request.param) as mock:
        yield mock


@pytest.fixture
def tenant() -> Iterator[mockserver.MockServer]:
    """A mock on no socket."""
    house, chosen = SharedServer(mock_options({}), socket=False), mock_options({"auth": "verify"})
    tenant = house.acquire(chosen)
    yield tenant
    house.release(tenant)


# Clients


def test_a_session_is_let_in(mock: mockserver.MockServer) -> None:
    """`client()` signs for Huawei Cloud and for EnOS, so that the strict mock lets it in, too; twice a lifetime on."""
    mock.job("cdm", job_name="load")
    mock.job("enos", taskInstId="t")
    client = mock.client()
    for _ in range(2):
        assert client.get(JOB.format("load")).json()["submissions"][0]["status"]
        assert client.get(TASK, params=ASKED).json()["code"] == 0
        assert client.get(f"{mock.url}/v3/projects").status_code == 200
        mock.clock.advance(2 * 86_400)


def test_a_session_leaves_credentials_of_others_alone() -> None:
    """A credential that the caller sends is what is sent."""
    with mockserver.running(auth="verify") as mock:
        client = mock.client()
        assert client.get(JOB.format("x"), headers={"X-Auth-Token": "not-a-token"}).status_code == 401
        client.auth = None
        assert client.get(JOB.format("x")).status_code == 401


@pytest.mark.filterwarnings("ignore:Unable to convert string to datetime")  # TICS's own times
@pytest.mark.parametrize("sdk", SDKS, ids=lambda sdk: sdk.service)
def test_the_vendors_clients_are_ready(mock: mockserver.MockServer, sdk: Any) -> None:
    """`sdk(service)` gives the vendor's client, which finds a declared job."""
    mock.job(sdk.service)
    answer = getattr(mock.sdk(sdk.service), sdk.call)(sdk.request())
    assert answer.status_code == 200
    mock.assert_called(sdk.operation, times=1)


def test_poseidon_is_ready(mock: mockserver.MockServer) -> None:
    """`sdk("enos")` has Poseidon's `urlopen`, with path and application filled in."""
    mock.job("enos", taskInstId="t")
    query = "&".join(f"{name}={value}" for name, value in ASKED.items())
    with mock.environ():
        assert mock.sdk("enos").urlopen(f"{TASK}?{query}")["data"]["instanceId"] == "t"


def test_clients_that_are_not_there(mock: mockserver.MockServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """An unknown service, and a package that isn't installed, say what to do."""
    with pytest.raises(
        InputError, match="there is no vendor client for 'iam'; allowed: cdm, dataarts, enos, taurusdb, tics"
    ):
        mock.sdk("iam")
    for module, service, package in (
        ("huaweicloudsdkcdm.v1", "cdm", "huaweicloudsdkcdm"),
        ("poseidon.poseidon", "enos", "enos-poseidon"),
    ):
        monkeypatch.setitem(importlib.sys.modules, module, None)  # type: ignore[attr-defined]
        with pytest.raises(InputError, match=f"isn't installed .*pip install {package}"):
            mock.sdk(service)


def test_the_environment_turns_an_sdk(mock: mockserver.MockServer) -> None:
    """Within `environ`, an SDK's own `with_region`, of any region, finds the mock; afterwards all is as before."""
    mock.job("cdm", job_name="load")
    before = dict(os.environ)
    forget()
    with mock.environ():
        for region in ("cn-north-4", "la-south-2"):
            client = CdmClient.new_builder().with_region(CdmRegion.value_of(region)).build()
            result = client.show_job_status(ShowJobStatusRequest(cluster_id="c", job_name="load"))
            assert result.submissions[0].job_name == "load"
            client.close()
    assert dict(os.environ) == before


@pytest.mark.parametrize("sdk", SDKS, ids=lambda sdk: sdk.service)
def test_all_regions_of_the_sdks_are_turned(sdk: Any) -> None:
    """Every region that an installed SDK knows is one that `env` has a variable for."""
    module = importlib.import_module(f"{sdk.package}.{sdk.version}.region.{sdk.prefix.lower()}_region")
    assert set(getattr(module, f"{sdk.prefix}Region").static_fields) <= set(REGIONS)


# running


def test_two_at_once_know_nothing_of_each_other() -> None:
    """Each has its own port, access key, jobs and clock."""
    with mockserver.running(speed=0) as one, mockserver.running(time="2020-01-01T00:00:00Z") as other:
        one.job("cdm", job_name="load")
        assert one.client().get(JOB.format("load")).status_code == 200
        assert other.client().get(JOB.format("load")).status_code != 200
        assert one.url != other.url
        assert one.credentials.ak != other.credentials.ak
        assert one.clock.now() - other.clock.now() > 86_400_000
        assert (len(one.journal), len(other.journal)) == (1, 1)
    with pytest.raises(requests.ConnectionError):
        requests.get(one.url, timeout=1)


def test_mistakes_are_told_at_the_end() -> None:
    """A request that no operation has fails the block, unless it is allowed, or the block fails by itself."""
    with (
        pytest.raises(
            AssertionError, match=r"unexpected request GET /v1\.1/p/x: no operation has this path; .* or mark the test"
        ),
        mockserver.running() as mock,
    ):
        mock.client().get("/v1.1/p/x")
    with mockserver.running(allow_unexpected=True) as mock:
        mock.client().get("/v1.1/p/x")
        mock.client().post(JOB.format("x"))
    with pytest.raises(KeyError), mockserver.running() as mock:
        mock.client().get("/v1.1/p/x")
        raise KeyError


def test_a_documented_error_is_not_unexpected() -> None:
    """Unknown ids, missing credentials, wrong parameters, and a path of 40 KB get documented errors."""
    with mockserver.running() as mock:
        client = mock.client()
        answers = [
            client.get(JOB.format("unknown")),
            requests.get(mock.url + JOB.format("x"), timeout=5),
            client.get("/v3/p/jobs"),
            client.get(JOB.format("x" * 40_000)),
        ]
        assert all(answer.status_code >= 400 for answer in answers)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_crash_of_the_mock_is_told(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    """The mock's own failure fails the block, and says what it was."""
    from mockserver import answering as module

    def crash(*_args: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(module, "respond", crash)
    message = r"the mock failed to answer GET /v1\.1/p/.*: the mock failed: ZeroDivisionError"
    with pytest.raises(AssertionError, match=message), mockserver.running() as mock:
        mock.job("cdm", job_name="load")
        assert mock.client().get(JOB.format("load")).status_code == 500
    assert caplog.records


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"sed": 1}, r"running\(\) has no 'sed'; did you mean 'seed'\?"),
        ({"port": 1}, r"running\(\) has no 'port'"),
        ({"auth": "maybe"}, "auth is 'maybe'; allowed: verify or presence or off"),
        ({"allow_unexpected": 1}, "allow_unexpected is 1; allowed: True or False"),
        ({"switches": {"cdm-creation-date": "roman"}}, "switch cdm-creation-date is 'roman'"),
        ({"epoch": "yesterday"}, "'yesterday' is not a time"),
    ],
)
def test_wrong_settings_are_refused(settings: dict[str, Any], message: str) -> None:
    """A setting that is wrong is told before anything starts."""
    with pytest.raises(InputError, match=message), mockserver.running(**settings):
        pass


def test_settings_are_the_tests() -> None:
    """Settings of the namespace, of the whole mock, and lists in the place of tuples."""
    with mockserver.running(
        seed=5, unknown_ids="create", switches={"cdm-creation-date": "string"}, projects=["p", "q"], speed=0
    ) as mock:
        run = mock.client().get(JOB.format("anything")).json()["submissions"][0]
        assert isinstance(run["creation-date"], str)
        assert mock.credentials.project_id == "p"
        assert mock.client().get("/v1.1/r/clusters/c/cdm/job/x/status").status_code != 200


def test_driving_is_the_clocks_own() -> None:
    """`clock.drive()` takes over sleeping, for threads, and for clients made before; the clock runs on afterwards."""
    with mockserver.running(time="2026-11-21T08:00:00Z") as mock:
        mock.job("cdm", job_name="load", life=[("RUNNING", "2h"), ("SUCCEEDED", None)])
        client = mock.client()
        states: list[str] = []

        def poll() -> None:
            while not states or states[-1] != "SUCCEEDED":
                time.sleep(600)
                states.append(client.get(JOB.format("load")).json()["submissions"][0]["status"])

        began = time.perf_counter()
        with mock.clock.drive():
            thread = threading.Thread(target=poll)
            thread.start()
            thread.join()
        assert states == ["RUNNING"] * 11 + ["SUCCEEDED"]
        assert time.perf_counter() - began < 60  # and not two hours
        mock.assert_polled("cdm", job_name="load", min_interval="10m", stops_after_terminal=True)


def test_asyncio_code_is_driven() -> None:
    """Tasks that sleep by asyncio and ask in threads are driven, too."""
    with mockserver.running() as mock:
        mock.job("cdm", job_name="load", life=[("RUNNING", "1h"), ("SUCCEEDED", None)])
        client = mock.client()

        async def watch() -> str:
            while True:
                answer = await asyncio.to_thread(client.get, JOB.format("load"))
                state: str = answer.json()["submissions"][0]["status"]
                if state == "SUCCEEDED":
                    return state
                await asyncio.sleep(60)

        with mock.clock.drive():
            assert asyncio.run(watch()) == "SUCCEEDED"
        mock.assert_polled("cdm", min_interval=60, max_polls=61)


# Namespaces of tests


def test_a_thread_that_a_test_left_behind_stays_in_its_world(mock: mockserver.MockServer) -> None:
    """Requests with the access key of a test that is over don't reach the next test."""
    house = SharedServer(mock_options({}))
    try:
        first = house.acquire(mock_options({}))
        first.job("cdm", job_name="load")
        late = first.client()
        house.release(first)
        second = house.acquire(mock_options({}))
        second.job("cdm", job_name="load", life="fails")
        assert late.get(JOB.format("load")).status_code == 200
        assert not second.seen
        assert requests.get(second.url + JOB.format("load"), headers={"X-Auth-Token": "t"}, timeout=5).status_code == 200
        assert len(second.seen) == 1, "who says nothing of a namespace is at home in the running test"
        requests.get(f"{second.url}/_mock/clock", timeout=5)
        requests.patch(f"{second.url}/_mock/clock", json={"freeze": True}, timeout=5)
        assert second.clock.speed == 0, "so is the control API"
        house.release(second)
    finally:
        house.stop()


def test_worlds_of_tests_don_t_pile_up() -> None:
    """After hundreds of tests, only the last ones' namespaces are kept, and namespaces that tests made go with them."""
    house = SharedServer(mock_options({}), socket=False)
    for number in range(200):
        tenant = house.acquire(mock_options({}))
        tenant.mock.namespace(f"extra-{number}")
        house.release(tenant)
    assert len(house.mock.namespace_names()) < 60
    assert not [name for name in house.mock.namespace_names() if name.startswith("extra")]


# Intercepting


def test_the_real_hosts_are_answered_in_process(tenant: mockserver.MockServer) -> None:
    """With `intercept`, `requests` and the SDK, turned to nothing, get the mock's answers, and no socket is opened."""
    tenant.job("cdm", job_name="load")
    blocked: list[str] = []
    with egress_guard(blocked.append), tenant.intercept():
        sdk = tenant.sdk("cdm")
        result = sdk.show_job_status(ShowJobStatusRequest(cluster_id="c", job_name="load"))
        assert result.submissions[0].job_name == "load"
        with pytest.raises(ServiceResponseException) as caught:
            sdk.show_job_status(ShowJobStatusRequest(cluster_id="c", job_name="unknown"))
        assert caught.value.status_code == 400
        future = sdk.get_http_client().executor.submit(
            sdk.show_job_status, ShowJobStatusRequest(cluster_id="c", job_name="load")
        )
        assert future.result().submissions[0].job_name == "load"
    assert not blocked
    tenant.assert_called("ShowJobStatus", times=3)


def test_bodies_and_hosts_of_ones_own(tenant: mockserver.MockServer) -> None:
    """Bodies, chunked ones too, HEAD and other hosts by pattern; what matches none goes its way."""
    app = {"appKey": tenant.credentials.app_key, "encryption": "0" * 64, "timestamp": 1}
    with tenant.intercept("*.cloud.example"):
        url = "http://apim.cloud.example:8080/apim-token-service/v2.0/token/get"
        assert requests.post(url, json=app, timeout=5).status_code == 200
        chunks = iter([b'{"appKey": "x", ', b'"encryption": "' + b"0" * 64 + b'", "timestamp": 1}'])
        assert requests.post(url, data=chunks, headers={"Content-Type": "application/json"}, timeout=5).status_code == 200
        head = requests.head(REAL + JOB.format("load"), headers={"X-Auth-Token": "t"}, timeout=5)
        assert head.content == b""
        with pytest.raises(requests.ConnectionError):
            requests.get("http://127.0.0.1:9/", timeout=5)
    tenant.seen.clear()


def test_retries_and_the_adapters_own_settings_hold(tenant: mockserver.MockServer) -> None:
    """A session's retries count on intercepted answers as on real ones."""
    session = requests.Session()
    session.mount("https://", requests.adapters.HTTPAdapter(max_retries=Retry(2, status_forcelist=[429], backoff_factor=0)))
    session.auth = tenant.client().auth
    url = REAL + JOB.format("mock-error-throttled-user")
    with tenant.intercept(), pytest.raises(requests.exceptions.RetryError):
        session.get(url, timeout=5)
    assert [call.status for call in tenant.seen] == [429] * 3


def test_intercepting_ends(tenant: mockserver.MockServer) -> None:
    """After the block, and after one within another, all is as before."""
    original = requests.adapters.HTTPAdapter.get_connection_with_tls_context
    with tenant.intercept():
        with tenant.intercept():
            pass
        assert requests.get(REAL + JOB.format("x"), headers={"X-Auth-Token": "t"}, timeout=5).status_code >= 400
    assert requests.adapters.HTTPAdapter.get_connection_with_tls_context is original


def test_on_no_socket(tenant: mockserver.MockServer) -> None:
    """The app, its test client and a session work in the process; what needs a socket says so."""
    tenant.job("taurusdb", id="1")
    jobs = f"/v3/{tenant.credentials.project_id}/jobs?id=1"
    assert tenant.client().get(jobs).json()["job"]["id"] == "1"
    declared = tenant.test_client().get("/_mock/jobs").get_json()
    assert declared["jobs"][0]["service"] == "taurusdb"
    assert tenant.test_client().get(jobs).status_code == 401  # no credential: --auth verify
    assert "HUAWEICLOUD_SDK_AK" in tenant.env
    assert not any("REGION" in name or "ENDPOINT" in name for name in tenant.env)
    with pytest.raises(InputError, match="is on no socket"):
        _ = tenant.url
    with pytest.raises(InputError, match="poseidon asks by urllib"):
        tenant.sdk("enos")


# Faults


def outcome(url: str) -> str:
    """What `requests` makes of an answer: its exception, or the status."""
    try:
        answer = requests.get(url, headers={"X-Auth-Token": "t"}, timeout=0.5)
        answer.json()
    except requests.RequestException as error:
        return type(error).__name__
    return str(answer.status_code)


@pytest.mark.parametrize("kind", KINDS)
def test_a_fault_is_the_same_without_a_socket(kind: str) -> None:
    """Intercepted, every kind of fault is the exception that it is on a real socket; removed, all is well again."""
    house, chosen = SharedServer(mock_options({}), socket=False), mock_options({})
    app = house.acquire(chosen)
    with mockserver.running() as mock:
        outcomes = []
        for one, base in ((mock, mock.url), (app, REAL)):
            one.job("cdm", job_name="load")
            fault = one.fail("*" if KINDS[kind].listener else "cdm", fault=kind)
            with mock.environ(), app.intercept():
                outcomes.append(outcome(base + JOB.format("load")))
                fault.remove()
                assert outcome(base + JOB.format("load")) == "200"
    on_socket, in_process = outcomes
    if kind == "TLS_ERROR":  # the URL of a mock is http, that of the real host https
        assert (on_socket, in_process) == ("200", "SSLError")
    else:
        assert on_socket == in_process
        assert on_socket != "200" or kind in ("SLOW_DRIBBLE", "WRONG_ENCODING")
    house.release(app)


def test_delays_and_hanging_without_a_socket(tenant: mockserver.MockServer) -> None:
    """A delay is waited for; one that is longer than the client's patience is a timeout at once, as is hanging."""
    tenant.job("cdm", job_name="load")
    session = requests.Session()
    session.auth = tenant.client().auth
    url = REAL + JOB.format("load")
    with tenant.intercept():
        tenant.fail("cdm", delay=0.05, times=1)
        began = time.perf_counter()
        assert session.get(url, timeout=5).status_code == 200
        assert time.perf_counter() - began >= 0.05
        for fields in (
            {"delay": 3_600},
            {"fault": "HANG"},
            {"fault": {"type": "SLOW_DRIBBLE", "duration": 3_600, "chunks": 2}},
        ):
            tenant.fail("cdm", times=1, **fields)
            with pytest.raises(requests.ReadTimeout):
                session.get(url, timeout=60)
        tenant.fail("cdm", fault="HANG", times=1)
        with pytest.raises(requests.ReadTimeout):  # with a socket, it would wait for ever
            session.get(url)
        assert session.get(url, timeout=5).status_code == 200


def test_faults_of_the_port_end_with_the_test() -> None:
    """A closed port is open again for the next test; a window, which counts on another clock, is refused."""
    house = SharedServer(mock_options({}))
    try:
        first = house.acquire(mock_options({}))
        with pytest.raises(InputError, match="takes no window in a test"):
            first.fail("*", fault="CONNECTION_REFUSED", window=(0, 60))
        first.fail("*", fault="CONNECTION_REFUSED")
        with pytest.raises(requests.ConnectionError):
            first.client().get("/v3/projects")
        house.release(first)
        second = house.acquire(mock_options({}))
        assert second.client().get("/v3/projects").status_code == 200
        house.release(second)
    finally:
        house.stop()


# The guard


@pytest.mark.parametrize(
    "reach",
    [
        lambda: requests.get(REAL, timeout=1),
        lambda: urllib.request.urlopen("https://ag-test.envisioniot.com/x", timeout=1),
        lambda: socket.create_connection(("IAM.MyHuaweiCloud.com.", 443), 1),
        lambda: socket.socket().connect(("iam.myhuaweicloud.com", 443)),
        lambda: socket.socket().connect_ex(("iam.myhuaweicloud.com", 443)),
        lambda: socket.getaddrinfo(host="iam.myhuaweicloud.com", port=443),
        lambda: socket.gethostbyname("iam.myhuaweicloud.com"),
        lambda: socket.getaddrinfo(b"iam.myhuaweicloud.com", 443),
        lambda: socket.create_connection(("guarded.example", 443), 1),
        lambda: asyncio.run(asyncio.open_connection("iam.myhuaweicloud.com", 443)),
        lambda: requests.get(REAL, proxies={"https": "http://127.0.0.1:9"}, timeout=1),
        lambda: http.client.HTTPConnection("127.0.0.1", 9).putrequest("GET", "http://iam.myhuaweicloud.com/x"),
    ],
)
@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")
def test_no_way_leads_to_a_real_host(reach: Any) -> None:
    """Whatever asks for a vendor's host, by name, by proxy, in whatever spelling, is stopped, and it is noted."""
    blocked: list[str] = []
    proxy = socket.create_server(("127.0.0.1", 0))
    with egress_guard(blocked.append, ["guarded.example"]), proxy, pytest.raises(EgressBlocked) as caught:
        reach()
    assert blocked == [str(caught.value)]
    assert "real host" in blocked[0]
    assert "mockserver.intercept()" in blocked[0]


def test_the_guard_leaves_others_alone_and_ends() -> None:
    """This machine can be reached; afterwards, nothing is replaced any more, on one guard and on two."""
    blocked: list[str] = []
    before = (socket.getaddrinfo, socket.socket.connect, http.client.HTTPConnection.set_tunnel)
    inherited = "connect" in vars(socket.socket)
    with egress_guard(blocked.append), egress_guard(blocked.append), mockserver.running() as mock:
        assert requests.get(f"{mock.url}/_mock/health", timeout=5).status_code == 200
        with pytest.raises(EgressBlocked):
            socket.getaddrinfo("iam.myhuaweicloud.com", 443)
    assert len(blocked) == 1
    assert (socket.getaddrinfo, socket.socket.connect, http.client.HTTPConnection.set_tunnel) == before
    assert ("connect" in vars(socket.socket)) == inherited


@pytest.mark.parametrize(
    ("host", "theirs"),
    [("cdm.cn-north-4.myhuaweicloud.com", True), ("CDM.MYHUAWEICLOUD.COM.", True), ("apim-ppe1.envisioniot.com", True),
     ("myhuaweicloud.com.example", False), ("127.0.0.1", False), ("notmyhuaweicloud.com", False)],
)  # fmt: skip
def test_the_vendors_hosts_are_known(host: str, theirs: bool) -> None:
    """By the ends of their names, in any case."""
    assert is_vendors(host) is theirs


def test_the_documented_hosts_are_the_vendors(shipped: Any) -> None:
    """Every server of a definition is a host that is guarded and intercepted."""
    for document in shipped.documents.values():
        for server in document.get("servers", ()):
            host = server["url"].split("/")[2] if "//" in server["url"] else ""
            assert not host or "{" in host or is_vendors(host), host
