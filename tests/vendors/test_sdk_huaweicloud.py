"""Huawei Cloud's four SDKs, unchanged, over a real socket against the real server process."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from email.utils import parsedate_to_datetime
from typing import Any

import pytest
import requests
from huaweicloudsdkcore.auth.credentials import BasicCredentials
from huaweicloudsdkcore.exceptions.exception_handler import DefaultExceptionHandler
from huaweicloudsdkcore.exceptions.exceptions import (
    ClientRequestException,
    SdkException,
    ServerResponseException,
    ServiceResponseException,
)
from huaweicloudsdkcore.http.http_config import HttpConfig
from huaweicloudsdkcore.retry.backoff_strategy import BackoffStrategies
from requests.exceptions import RetryError
from sdk_clients import CDM, DATAARTS, MODES, PROJECT, REGION, SDKS, TAURUSDB, TICS, Client, Connect, Sdk, Server

from mockserver.definitions import Example, Operation, load
from mockserver.definitions.magic_ids import magic_id
from mockserver.settings import DEFAULT_ACCESS_KEY, DEFAULT_SECRET_KEY

Start = Callable[..., Server]
Turn = Callable[[Server], None]

# TICS's times are ISO 8601 with an offset. The SDK appends a Z to them and can't read that: it warns and keeps the text.
pytestmark = pytest.mark.filterwarnings("ignore:Unable to convert string to date")

DEFINITIONS = load()
DEFAULTS = {name: switch.default for name, switch in DEFINITIONS.switches.items()}
LONG_AGO = (datetime.now(timezone.utc) - timedelta(days=20)).isoformat(timespec="seconds")
"""When jobs began that have ended by now, but are still kept (TaurusDB: for a month)."""

IN_MODES = pytest.mark.parametrize("mode", MODES)
ALL = pytest.mark.parametrize("sdk", SDKS, ids=lambda sdk: sdk.package)
ERRORS = [(sdk, error) for sdk in SDKS for error in DEFINITIONS.operation(sdk.operation).errors()]
EACH_ERROR = pytest.mark.parametrize(
    ("sdk", "error"), [pytest.param(*error, id=f"{error[0].service}-{error[1].name}") for error in ERRORS]
)

# The pairs of members that the SDKs know errors by, in the order of huaweicloudsdkcore 3.1.219,
# exceptions/exception_handler.py, DefaultExceptionHandler._process_sdk_error.
PAIRS = (("error_code", "error_msg"), ("errorCode", "errorMsg"), ("code", "message"))
HEX = "[0-9a-f]{32}"
TIME = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z"


def operation_of(sdk: Sdk) -> Operation:
    return DEFINITIONS.operation(sdk.operation)


def magic(sdk: Sdk, error: Example) -> str:
    asked = magic_id(operation_of(sdk), error.name)
    assert asked is not None
    return asked


def unread(model: Any, value: Any, at: str = "") -> Iterator[str]:
    """The members of a JSON value that the SDK's model of it has no attribute for; all others must be read right."""
    if hasattr(model, "attribute_map"):
        for name, member in model.attribute_map.items():
            if member in value:
                yield from unread(getattr(model, name), value[member], f"{at}/{member}")
            else:
                assert getattr(model, name) is None, f"{at}/{member} is {getattr(model, name)!r}, but was not sent"
        yield from (f"{at}/{member}" for member in value if member not in model.attribute_map.values())
    elif isinstance(model, list):
        assert len(model) == len(value), at
        for index, (item, one) in enumerate(zip(model, value, strict=True)):
            yield from unread(item, one, f"{at}/{index}")
    elif isinstance(model, datetime):
        assert model == datetime.fromisoformat(value), at
    else:
        assert (type(model), model) == (type(value), value) or (float(model), model) == (value, value), at


# The documented examples


@pytest.mark.parametrize("sdk", [CDM, TAURUSDB], ids=lambda sdk: sdk.package)
@IN_MODES
def test_the_documented_example_comes_to_the_letter(server: Server, connect: Connect, sdk: Sdk, mode: str) -> None:
    """The documented example's own ids get the documented answer."""
    client = documented_client(sdk, server, connect, mode)
    assert ask_documented(client).to_json_object() == operation_of(sdk).examples["documented"].value


def documented_client(sdk: Sdk, server: Server, connect: Connect, mode: str) -> Client:
    server.reset()  # polled on, CDM's documented job would go on
    return connect(sdk, server, mode, project=(operation_of(sdk).documented_request or {})["project_id"])


def ask_documented(client: Client) -> Any:
    asked = operation_of(client.sdk).documented_request or {}
    return client.ask(**{name: value for name, value in asked.items() if name != "project_id"})


@IN_MODES
def test_cdms_documented_example_is_read(server: Server, connect: Connect, mode: str) -> None:
    """CDM's model has the documented run, with the quoted creation-date as a number."""
    response = ask_documented(documented_client(CDM, server, connect, mode))
    run = response.submissions[0]
    assert (response.status_code, len(response.submissions)) == (200, 1)
    assert (run.job_name, run.creation_user, run.status) == ("jdbc2hive", "cdm", "BOOTING")
    assert (run.creation_date, run.progress) == (1_536_905_778_725, 1)
    assert (run.counters, run.last_update_user, run.error_summary) == (None, None, None)


@IN_MODES
def test_taurusdbs_documented_example_is_read(server: Server, connect: Connect, mode: str) -> None:
    """TaurusDB's model has the documented job, but for the entities, which the SDK has no members for."""
    response = ask_documented(documented_client(TAURUSDB, server, connect, mode))
    documented = operation_of(TAURUSDB).examples["documented"].value
    assert set(unread(response, documented)) == {"/job/entities/instance", "/job/entities/resource_ids"}
    assert (response.status_code, response.job.fail_reason) == (200, None)


def test_documented_times_can_have_one_zone(shared: Start, connect: Connect) -> None:
    """By switch the documented `ended` is the same instant in the zone of `created`."""
    client = documented_client(TAURUSDB, shared("--switch", "taurusdb-time-zone=as-created"), connect, "sync")
    job, documented = ask_documented(client).job, operation_of(TAURUSDB).examples["documented"].value["job"]
    form = "%Y-%m-%dT%H:%M:%S%z"
    assert datetime.strptime(job.ended, form) == datetime.strptime(documented["ended"], form)
    assert (job.created, job.ended[-5:]) == (documented["created"], "+0800")


# Jobs made up


@ALL
@IN_MODES
def test_a_made_up_job_is_read_whole(server: Server, connect: Connect, sdk: Sdk, mode: str) -> None:
    """The SDK reads each member of an answer that is not documented in advance, but for the one spelled two ways."""
    client = connect(sdk, server, mode)
    response = client.ask()
    assert client.answer is not None
    assert (response.status_code, client.answer.status_code) == (200, 200)
    assert response.to_json_object() == client.answer.json()
    misspelled = {"/submissions/0/last-udpate-user"} if sdk == CDM else set()
    assert set(unread(response, client.answer.json())) <= misspelled
    assert re.fullmatch(HEX, client.answer.headers["X-Request-Id"])


@ALL
def test_sync_and_async_clients_see_one_job(shared: Start, connect: Connect, sdk: Sdk) -> None:
    """What one client's question has brought about, the other kind of client finds."""
    server = shared("--epoch", LONG_AGO)
    seen = [connect(sdk, server, mode).ask().to_json_object() for mode in MODES]
    if sdk == DATAARTS:
        seen = [json.loads(answer["body"]) for answer in seen]
    assert seen[0] == seen[1]


@IN_MODES
def test_cdms_runs_are_read_in_every_state(shared: Start, connect: Connect, mode: str) -> None:
    """Of jobs long ended the SDK reads who updated them, the counters where they succeeded, the error where they failed."""
    client = connect(CDM, shared("--epoch", LONG_AGO), mode)
    states = set()
    for number in range(40):
        response = client.ask(job_name=f"job-{number}")
        assert client.answer is not None
        raw = client.answer.json()
        assert list(unread(response, raw)) == ["/submissions/0/last-udpate-user"]
        run = response.submissions[0]
        assert run.last_update_user == run.creation_user == raw["submissions"][0]["last-udpate-user"]
        assert run.last_update_date >= run.creation_date == round(datetime.fromisoformat(LONG_AGO).timestamp() * 1_000)
        assert (run.counters is not None) == (run.status == "SUCCEEDED")
        assert (run.error_summary is not None) == (run.error_details is not None) == (run.status == "FAILED")
        if run.status == "SUCCEEDED":
            counter = run.counters.org_apache_sqoop_submission_counter_sqoop_counters
            assert counter.rows_read == counter.rows_written + counter.rows_written_skipped > 0
            assert (counter.rows_written, run.progress) == (run.write_rows, 100)
        states.add(run.status)
    assert {"SUCCEEDED", "FAILED"} <= states


@IN_MODES
def test_taurusdbs_jobs_are_read_in_every_state(shared: Start, connect: Connect, mode: str) -> None:
    """Of jobs long ended the SDK reads times, instance and, where they failed, the reason."""
    client = connect(TAURUSDB, shared("--epoch", LONG_AGO), mode)
    states = set()
    for number in range(40):
        response = client.ask(id=f"job-{number}")
        assert client.answer is not None
        assert set(unread(response, client.answer.json())) <= {"/job/entities/instance", "/job/entities/resource_ids",
                                                               "/job/entities/public_ip"}  # fmt: skip
        job = response.job
        assert (job.id, job.process) == (f"job-{number}", "")
        assert job.created <= job.ended
        assert job.instance.id.endswith("in07") and job.instance.name.startswith("mysql-")
        assert (job.fail_reason is not None) == (job.status == "Failed")
        states.add(job.status)
    assert {"Completed", "Failed"} <= states


@IN_MODES
def test_tics_lists_are_read_page_by_page(shared: Start, connect: Connect, mode: str) -> None:
    """The pages of a league's history add up to its `total`, newest first; a job's history is of that job alone."""
    client = connect(TICS, shared("--epoch", LONG_AGO), mode)
    whole = client.ask(limit=100, offset=0)
    total = whole.total
    pages = [client.ask(limit=5, offset=offset).lists for offset in range(0, 100, 5)]
    paged = [instance.id for page in pages for instance in page]
    assert paged == [instance.id for instance in whole.lists] == list(dict.fromkeys(paged))
    assert len(paged) == min(total, 100)
    times = [str(instance.start_time) for instance in whole.lists]
    assert times == sorted(times, reverse=True)
    of_job = client.ask(job_id="job1", limit=100).lists
    assert len({(instance.job_name, instance.job_instance_type, instance.round_id) for instance in of_job}) == 1
    assert client.ask(limit=0).lists == []


@IN_MODES
def test_dataarts_body_is_json_in_a_string(server: Server, connect: Connect, mode: str) -> None:
    """The SDK gives `body` as text, to be parsed once more, and the inner answer's headers in `header_map`."""
    client = connect(DATAARTS, server, mode)
    response = client.ask(job_name="作业", limit=5)
    inner = json.loads(response.body)
    assert (response.status_code, inner["success"], inner["msg"]) == (200, True, "success")
    assert len(inner["rows"]) == 5 <= inner["total"]
    assert {row["jobName"] for row in inner["rows"]} == {"作业"}
    assert {row["taskId"] for row in inner["rows"]} == {937987}
    submitted = [row["submitTime"] for row in inner["rows"]]
    assert submitted == sorted(submitted, reverse=True)
    assert response.header_map["Content-Length"] == str(len(response.body.encode()))
    assert client.answer is not None
    assert parsedate_to_datetime(response.header_map["Date"]) == parsedate_to_datetime(client.answer.headers["Date"])
    for row in inner["rows"]:
        json.loads(row["runningData"])
        assert json.loads(row["runningParam"])["total"] == 1


@IN_MODES
def test_dataarts_window_goes_through_as_floats(server: Server, connect: Connect, mode: str) -> None:
    """The SDK types the time range as floats: 1.7e12 and 1700000000000 mean the same, and no run lies outside."""
    client = connect(DATAARTS, server, mode)
    newest = json.loads(client.ask(limit=1).body)["rows"][0]["submitTime"]
    for low, high in ((0.0, newest - 1.0), (float(newest), newest + 0.5), (newest, newest)):
        rows = json.loads(client.ask(start_time=low, end_time=high, limit=1000).body)["rows"]
        assert rows
        assert all(low <= row["submitTime"] <= high for row in rows)


def test_async_calls_at_once(server: Server, connect: Connect) -> None:
    """Many calls under way at once on one client get each its own job."""
    client = connect(CDM, server, "async")
    names = [f"at-once-{number}" for number in range(64)]
    futures = [client.vendors.show_job_status_async(CDM.request(job_name=name)) for name in names]
    assert [future.result().submissions[0].job_name for future in futures] == names


# Errors


@dataclass(frozen=True)
class Raised:
    """What a caller sees of an error. `message` is a pattern, or patterns by member where the message is the whole body."""

    kind: type[Exception]
    code: str
    message: str | Mapping[str, str]


def expected(sdk: Sdk, error: Example, mode: str, switches: Mapping[str, str]) -> Raised:
    """What the vendor's SDK makes of a documented error.

    Source: huaweicloudsdkcore 3.1.219. `http/http_client.py` leaves 429 to urllib3's Retry, whose RetryError
    `exceptions/exception_handler.py` turns into a ClientRequestException without the answer's code and request id; an
    async client lets the RetryError through. Of all others the handler takes the first of `PAIRS` that the body has, and
    where it has none the HTTP status as code and the whole body as message.
    """
    status = error.status(switches)
    if status == 429:
        kind = ClientRequestException if mode == "sync" else RetryError
        return Raised(kind, "429", ".*too many 429 error responses.*")
    kind = ClientRequestException if status < 500 else ServerResponseException
    body = body_of(sdk, error)
    for code, message in PAIRS:
        if code in body and message in body:
            return Raised(kind, error.value[code], body[message])
    return Raised(kind, str(status), body)


def body_of(sdk: Sdk, error: Example) -> dict[str, str]:
    """Patterns for the documented body's members: its message is that of `x-error`, with this request's facts."""
    facts = {
        sdk.magic: re.escape(magic(sdk, error)),
        "access_key": DEFAULT_ACCESS_KEY,
        "expires_at": TIME,
        "parameter": "[A-Za-z_]+",
    }
    parts = re.split(r"\{(\w+)\}", (error.error or {})["message"])
    message = "".join(facts[part] if index % 2 else re.escape(part) for index, part in enumerate(parts))
    sample = "".join(".+" if index % 2 else re.escape(part) for index, part in enumerate(parts))
    patterns = {}
    for name, value in error.value.items():
        documented = message if re.fullmatch(sample, str(value)) else re.escape(str(value))
        patterns[name] = HEX if name == "request_id" else documented
    assert message in patterns.values(), f"{error.name}: no member of the documented body has the message"
    return patterns


def check(client: Client, raised: Raised, error: Exception) -> None:
    """The error is the expected one, and its status and request id are those of the answer on the wire."""
    assert type(error) is raised.kind
    if isinstance(error, RetryError):
        assert isinstance(raised.message, str) and re.fullmatch(raised.message, str(error))
        return
    assert isinstance(error, ServiceResponseException)
    assert error.error_code == raised.code
    if isinstance(raised.message, str):
        assert re.fullmatch(raised.message, error.error_msg)
    else:
        body = json.loads(error.error_msg)
        assert body.keys() == raised.message.keys()
        assert all(re.fullmatch(pattern, body[name]) for name, pattern in raised.message.items())
    if raised.code == "429":
        assert (error.status_code, error.request_id) == (429, "")
        return
    assert client.answer is not None
    request_id = client.answer.headers["X-Request-Id"]
    assert re.fullmatch(HEX, request_id)
    assert (error.status_code, error.request_id) == (client.answer.status_code, request_id)
    assert client.answer.json().get("request_id", request_id) == request_id


ERRORS_IN_MODES = [
    pytest.param(
        *one, mode, id=f"{mode}-{one[0].service}-{one[1].name}", marks=[] if number % 9 == 0 else pytest.mark.exhaustive
    )
    for mode in MODES
    for number, one in enumerate(ERRORS)
]


@pytest.mark.parametrize(("sdk", "error", "mode"), ERRORS_IN_MODES)
def test_each_documented_error_is_raised(server: Server, connect: Connect, sdk: Sdk, error: Example, mode: str) -> None:
    """Each documented error comes by its magic id, and the caller sees class, status, code, message and request id."""
    client = connect(sdk, server, mode)
    with pytest.raises((SdkException, RetryError)) as caught:
        client.ask(**{sdk.magic: magic(sdk, error)})
    check(client, expected(sdk, error, mode, DEFAULTS), caught.value)
    if isinstance(caught.value, ServiceResponseException):
        assert caught.value.status_code == error.status(DEFAULTS)


@EACH_ERROR
def test_expectations_are_what_the_sdk_makes_of_the_documents(sdk: Sdk, error: Example) -> None:
    """The vendor's own handler, given the documented body without any server, agrees with what these tests expect."""
    answer = requests.Response()
    answer.status_code = error.status(DEFAULTS)
    answer._content = json.dumps(error.value).encode()
    answer.headers["X-Request-Id"] = "documented"
    with pytest.raises(SdkException) as caught:
        DefaultExceptionHandler().handle_exception(None, answer)
    assert isinstance(caught.value, ServiceResponseException)
    assert caught.value.request_id == "documented"
    if answer.status_code != 429:
        raised = expected(sdk, error, "sync", DEFAULTS)
        assert (type(caught.value), caught.value.error_code) == (raised.kind, raised.code)
        assert isinstance(raised.message, str) or json.loads(caught.value.error_msg).keys() == raised.message.keys()


@IN_MODES
def test_cdms_other_forms_of_an_error(shared: Start, connect: Connect, mode: str) -> None:
    """By switch CDM's errors have the definition's body, which the SDK can read, and Cdm.0100 stands under 500."""
    server = shared("--switch", "cdm-error-shape=definition", "--switch", "cdm-error-status=500")
    for name, kind, code in (
        ("job-not-found", ServerResponseException, "Cdm.0100"),
        ("job-running", ClientRequestException, "Cdm.0052"),
    ):
        with pytest.raises(kind) as caught:
            connect(CDM, server, mode).ask(job_name=f"mock-error-{name}")
        assert caught.value.error_code == code
        assert f"mock-error-{name}" in caught.value.error_msg


@ALL
def test_the_gateways_other_prefix(shared: Start, connect: Connect, sdk: Sdk) -> None:
    """By switch the gateway's codes begin with APIG."""
    server = shared("--switch", "gateway-prefix=APIG")
    error = operation_of(sdk).examples["signature-mismatch"]
    with pytest.raises(ClientRequestException) as caught:
        connect(sdk, server).ask(**{sdk.magic: magic(sdk, error)})
    assert (caught.value.status_code, caught.value.error_code) == (401, "APIG.0301")


@ALL
@IN_MODES
def test_ids_that_are_not_known_are_refused_by_choice(shared: Start, connect: Connect, sdk: Sdk, mode: str) -> None:
    """With `--unknown-ids reject` an ordinary id raises the documented error for an id that nobody knows."""
    client = connect(sdk, shared("--unknown-ids", "reject"), mode)
    with pytest.raises(ClientRequestException) as caught:
        client.ask()
    documented = operation_of(sdk).problems["unknown-id"]
    assert caught.value.status_code == documented.status(DEFAULTS)
    assert (documented.error or {})["code"] in caught.value.error_code + caught.value.error_msg


# What else a caller can do with a client


@ALL
@IN_MODES
def test_a_header_can_ask_for_an_error(server: Server, connect: Connect, sdk: Sdk, mode: str) -> None:
    """The SDKs' invokers can add headers: `Prefer` then asks for an error, and the id stays an ordinary one."""
    client = connect(sdk, server, mode)
    name = f"{sdk.call}_async_invoker" if mode == "async" else f"{sdk.call}_invoker"
    invoker = getattr(client.vendors, name)(sdk.request()).add_header("Prefer", "example=gateway-error")
    with pytest.raises(ServerResponseException) as caught:
        answer = invoker.invoke()
        answer.result()
    assert (caught.value.status_code, caught.value.error_code) == (500, "APIGW.0601")


@ALL
def test_retries_of_an_invoker_reach_the_server(shared: Start, connect: Connect, sdk: Sdk) -> None:
    """An invoker that retries on 5xx asks as often as it was told, and then raises the last answer's error."""
    server = shared()
    server.reset()
    error = operation_of(sdk).examples["iam-unavailable"]
    invoker = getattr(connect(sdk, server).vendors, f"{sdk.call}_invoker")(sdk.request(**{sdk.magic: magic(sdk, error)}))
    retried = invoker.with_retry(
        lambda _response, raised: raised is not None and raised.status_code >= 500, 3, BackoffStrategies.NONE
    )
    with pytest.raises(ServerResponseException):
        retried.invoke()
    assert [exchange["response"]["status"] for exchange in server.journal()] == [503] * 4


@pytest.mark.parametrize(("mode", "kind"), [("sync", ClientRequestException), ("async", RetryError)])
def test_429_is_tried_again_where_the_config_says_so(
    shared: Start, connect: Connect, mode: str, kind: type[Exception]
) -> None:
    """`HttpConfig(retry_times=2)` asks a throttling server three times before it raises."""
    server = shared()
    server.reset()
    with pytest.raises(kind):
        connect(CDM, server, mode, config=HttpConfig(retry_times=2)).ask(job_name="mock-error-throttled-user")
    assert [exchange["response"]["status"] for exchange in server.journal()] == [429] * 3


# Regions and the environment


@ALL
@IN_MODES
def test_the_environment_alone_turns_an_sdk_to_the_mock(
    strict_server: Server, connect: Connect, turn: Turn, sdk: Sdk, mode: str
) -> None:
    """By region, without endpoint, key or project id in code: the variables have it all, and IAM need not be asked."""
    turn(strict_server)
    strict_server.reset()
    client = connect.by_region(sdk, mode)
    assert client.ask().status_code == 200
    [call] = strict_server.journal()
    project = os.environ["HUAWEICLOUD_SDK_PROJECT_ID"]
    assert call["operation"] == sdk.operation
    assert client.vendors.get_credentials().project_id == project == call["request"]["headers"]["x-project-id"]
    assert f"/{project}/" in call["request"]["path"]


@ALL
@IN_MODES
def test_without_a_project_id_iam_gives_it(
    strict_server: Server, connect: Connect, turn: Turn, monkeypatch: pytest.MonkeyPatch, sdk: Sdk, mode: str
) -> None:
    """Where the variable is not set, the SDK asks IAM for the project of its region: it is the same."""
    turn(strict_server)
    expected_project = os.environ["HUAWEICLOUD_SDK_PROJECT_ID"]
    monkeypatch.delenv("HUAWEICLOUD_SDK_PROJECT_ID")
    client = connect.by_region(sdk, mode)
    assert client.ask().status_code == 200
    lookup, call = strict_server.journal(limit=2)
    assert (lookup["operation"], call["operation"]) == ("KeystoneListProjects", sdk.operation)
    assert lookup["request"]["query"] == f"name={REGION}"
    project = json.loads(lookup["response"]["body"])["projects"][0]["id"]
    assert client.vendors.get_credentials().project_id == project == call["request"]["headers"]["x-project-id"]
    assert project == expected_project
    assert f"/{project}/" in call["request"]["path"]


@ALL
def test_iam_answers_with_the_configured_project(
    shared: Start, connect: Connect, turn: Turn, monkeypatch: pytest.MonkeyPatch, sdk: Sdk
) -> None:
    """With `--project` the SDK's look-up finds that project."""
    turn(shared("--auth", "verify", "--project", PROJECT))
    monkeypatch.delenv("HUAWEICLOUD_SDK_PROJECT_ID")
    client = connect.by_region(sdk)
    assert client.vendors.get_credentials().project_id == PROJECT
    assert client.ask().status_code == 200


def test_regions_and_projects_are_looked_up_once(
    shared: Start, connect: Connect, turn: Turn, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The SDKs keep a project id for the life of a process: four clients, one look-up."""
    server = shared("--auth", "verify")
    server.reset()
    turn(server)
    monkeypatch.delenv("HUAWEICLOUD_SDK_PROJECT_ID")
    for sdk in SDKS:
        connect.by_region(sdk).ask()
    assert [exchange["operation"] for exchange in server.journal()] == [
        "KeystoneListProjects", *(sdk.operation for sdk in SDKS)
    ]  # fmt: skip


def test_a_wrong_key_fails_the_look_up_of_the_project(strict_server: Server, connect: Connect, turn: Turn) -> None:
    """Without a project id a wrong secret key already fails when the client is built."""
    turn(strict_server)
    with pytest.raises(
        SdkException, match=f"Failed to get project id of region '{REGION}'.*verify aksk signature fail"
    ) as caught:
        connect.by_region(CDM, credentials=BasicCredentials(DEFAULT_ACCESS_KEY, DEFAULT_SECRET_KEY + "x"))
    assert type(caught.value) is SdkException


SAMPLE = """
import os
from huaweicloudsdkcore.auth.credentials import BasicCredentials
from {package}.{version}.region.{module}_region import {prefix}Region
from huaweicloudsdkcore.exceptions import exceptions
from {package}.{version} import *

if __name__ == "__main__":
    # The AK and SK used for authentication are hard-coded or stored in plaintext, which has great security risks.
    ak = os.environ["CLOUD_SDK_AK"]
    sk = os.environ["CLOUD_SDK_SK"]

    credentials = BasicCredentials(ak, sk)

    client = {prefix}Client.new_builder() \\
        .with_credentials(credentials) \\
        .with_region({prefix}Region.value_of("{region}")) \\
        .build()

    try:
        request = {operation}Request()
{assignments}
        response = client.{call}(request)
        print(response)
    except exceptions.ClientRequestException as e:
        print(e.status_code)
        print(e.request_id)
        print(e.error_code)
        print(e.error_msg)
"""
"""A code sample of the vendor's API Explorer, with the names of a call."""


def run(arguments: list[str], environment: Mapping[str, str], text: str = "") -> str:
    done = subprocess.run(
        [sys.executable, *arguments],
        input=text,
        env=environment,
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize(
    ("sdk", "asked"),
    [
        pytest.param(sdk, asked, id=f"{asked}-{sdk.package}", marks=[] if sdk is wanted else pytest.mark.exhaustive)
        for asked, wanted in (("job", CDM), ("error", None))
        for sdk in SDKS
    ],
)
def test_the_vendors_sample_runs_unchanged(strict_server: Server, sdk: Sdk, asked: str) -> None:
    """The vendor's own code sample, in a process of its own, with what `mockserver env` prints and nothing else."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("HUAWEICLOUD_", "CLOUD_SDK_"))}
    clean |= {"NO_PROXY": "127.0.0.1", "PYTHONIOENCODING": "utf-8", "PYTHONWARNINGS": "ignore"}
    printed = run(["-m", "mockserver", "env", "--shell", "dotenv", "--port", str(strict_server.port)], clean)
    variables = dict(re.findall(r'^(\w+)="(.*)"$', printed, re.MULTILINE))
    arguments = dict(sdk.arguments)
    if asked == "error":
        arguments[sdk.magic] = magic(sdk, operation_of(sdk).examples["ip-forbidden"])
    sample = SAMPLE.format(
        package=sdk.package, version=sdk.version, module=sdk.prefix.lower(), prefix=sdk.prefix, region=REGION, call=sdk.call,
        operation=sdk.operation, assignments="\n".join(f"        request.{n} = {v!r}" for n, v in arguments.items()),
    )  # fmt: skip
    output = run(["-"], clean | variables, sample)
    if asked == "job":
        assert list(operation_of(sdk).responses[200](json.loads(output))) == []
    else:
        status, request_id, code, message = output.splitlines()
        assert (status, code) == ("403", "APIGW.0402")
        assert re.fullmatch(HEX, request_id) and message
