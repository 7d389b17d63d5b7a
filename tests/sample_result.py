"""A run to make reports of: the documented answers of five operations, and what can go wrong with them."""

from __future__ import annotations

import copy
import json
from collections.abc import Sequence
from typing import Any

from mockserver.contract.coverage import Coverage
from mockserver.contract.findings import Finding, finding
from mockserver.contract.result import Judgement, Poll, Result, Timeline
from mockserver.definitions import Definitions, Provenance
from mockserver.exchanges.exchange import Exchange, request_from, response_from

START = 1_704_934_800_000
"""2024-01-11 01:00:00 UTC."""
HOUR = 3_600_000
HOST = "http://127.0.0.1:4010"
CDM, ENOS, DATAARTS, TAURUSDB, TICS = (
    "ShowJobStatus",
    "GetTaskInstance",
    "ShowInstanceInfos",
    "ShowGaussMySqlJobInfo",
    "ListInstanceHistory",
)
PROJECT = "1551c7f6c808414d8e9f3c514a170f2e"
CLUSTER = "6ec9a0a4-76be-4262-8697-e7af1fac7920"
URLS = {
    CDM: f"{HOST}/v1.1/{PROJECT}/clusters/{CLUSTER}/cdm/job/jdbc2hive/status",
    ENOS: f"{HOST}/batch-processing-service/v2.1/taskInstances?taskInstId=118979-2021020211&action=get",
    DATAARTS: f"{HOST}/v1/{PROJECT}/datamap/node/70d0ee8e/instances?limit=2&offset=0",
    TAURUSDB: f"{HOST}/v3/{PROJECT}/jobs?id=f9959f52-aa4d-43f7-be74-44b6fc20b239",
    TICS: f"{HOST}/v1/{PROJECT}/leagues/b2f1/job-instances",
}
INVENTED = Provenance("invented", None, "No source says so.")
HOSTILE = (
    "</script><script>alert(1)</script><!-- ]]> & \" ' %0A::error::x | `x` **b** [a](b)\n::error::owned\r\x1b[31mred\x1b[0m"
    " \x00 \x85 \u2028 \u202egpj.exe \ud800 {{ 7*7 }} {% raw %} \U0001f600"
)
"""Everything that some form of a report could take for a command of its own."""


class Run:
    """A run in the making; each exchange gets the next number and comes ten seconds after the last one."""

    def __init__(self, definitions: Definitions) -> None:
        self.definitions = definitions
        self.result = Result(HOST, "as documented", Coverage(definitions), seconds=4.31)

    def example(self, operation: str, name: str = "documented") -> Any:
        """A copy of a documented answer."""
        return copy.deepcopy(self.definitions.operation(operation).examples[name].value)

    def add(
        self,
        operation: str | None,
        url: str,
        body: Any,
        *findings: Finding,
        status: int = 200,
        case: str = "",
        source: str = "",
        content_type: str = "application/json",
    ) -> int:
        """Add an exchange; `body` as JSON, or as it is (bytes). Returns its number."""
        number = len(self.result.judged) + 1
        raw = body if isinstance(body, bytes) else json.dumps(body, ensure_ascii=False).encode("utf-8", "backslashreplace")
        headers = {"Content-Type": content_type, "X-Request-Id": f"{number:032x}", "Content-Length": str(len(raw))}
        request = request_from("GET", url, {"X-Auth-Token": "[redacted]", "Accept": "application/json"})
        exchange = Exchange(request, response_from(status, headers, raw), START + number * 10_000, 0.012, source, HOST)
        self.result.judged.append(Judgement(number, exchange, operation, findings, case))
        if operation:
            self.result.coverage.count(operation, "http", str(status))
        return number

    def timeline(self, operation: str, job: str, polls: Sequence[tuple[int, str | None, int]]) -> None:
        """Add the polls of a job, as (seconds since the start, status or None, HTTP status)."""
        life = self.definitions.operation(operation).job
        assert life is not None
        count = self.result.coverage.count
        before: str | None = None
        made = []
        for number, (seconds, state, http) in enumerate(polls, 1):
            known = life.states.get(state or "")
            made.append(Poll(START + seconds * 1000, state, http, number, bool(known and known.terminal)))
            if state is not None:
                count(operation, "states", state)
                if before is not None and before != state:
                    count(operation, "transitions", f"{before} -> {state}")
                before = state
        self.result.timelines.append(Timeline(operation, job, tuple(made)))


def sample(definitions: Definitions) -> Result:
    """A run of some thirty exchanges with findings of a dozen codes, five timelines, cases skipped and failed."""
    run = Run(definitions)
    _cdm(run)
    _enos(run)
    _dataarts(run)
    _taurusdb_and_tics(run)
    _strangers(run)
    run.result.skipped += [
        ("cdm:throttled", "429 can't be provoked from outside; ask the mock with Prefer: example=throttled-user"),
        ("iam:password", "the profile has no user and password"),
    ]
    run.result.failed.append(("enos:token-expired", "no connection to 127.0.0.1:4010 after 3 tries: connection refused"))
    return run.result


def _cdm(run: Run) -> None:
    schema = "huaweicloud/cdm.json#/components/schemas/Submission"
    for _ in range(6):
        run.add(CDM, URLS[CDM], run.example(CDM), case="cdm:documented", source="run.jsonl:1")
    unknown = run.example(CDM)
    unknown["submissions"][0]["status"] = "STARTING"
    for line in (12, 13, 14):
        wrong = finding(
            "status-unknown",
            "body",
            "/submissions/0/status",
            "STARTING",
            "one of BOOTING, RUNNING, SUCCEEDED, FAILED, UNKNOWN, NEVER_EXECUTED, FAILURE_ON_SUBMIT, NEW, PENDING",
            f"{schema}/properties/status",
        )
        run.add(CDM, URLS[CDM], unknown, wrong, case="cdm:poll-to-the-end", source=f"tests/test_poller.py:{line}")
    bare = run.example(CDM)
    del bare["submissions"][0]["status"]
    bare["submissions"][0]["jobName"] = bare["submissions"][0].pop("job-name")
    run.add(
        CDM,
        URLS[CDM],
        bare,
        finding("member-missing", "body", "/submissions/0/status", "no member status", "a text", f"{schema}/required"),
        finding(
            "member-undeclared",
            "body",
            "/submissions/0/jobName",
            "jdbc2hive",
            "no member of this name; the nearest is job-name",
            f"{schema}/properties",
            INVENTED,
        ),
        case="cdm:shape",
    )
    page = b"<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>nginx/1.25.3</body>\r\n</html>\r\n"
    run.add(
        CDM,
        URLS[CDM],
        page,
        finding("body-not-json", "body", "", "text that begins with '<html>'", "JSON"),
        finding(
            "content-type-wrong",
            "header",
            "/Content-Type",
            "text/html",
            "application/json",
            "huaweicloud/cdm.json#/paths/~1v1.1~1{project_id}~1clusters~1{cluster_id}~1cdm~1job~1{job_name}~1status/get",
        ),
        status=502,
        content_type="text/html",
    )
    error = run.example(CDM, "job-not-found")
    error["errCode"] = "Cdm.9999"
    run.add(
        CDM,
        URLS[CDM],
        error,
        finding("error-code-unknown", "body", "/errCode", "Cdm.9999", "an error code of the operation"),
        finding("error-message-differs", "body", "/externalMessage", "Job[jdbc2hive] doesn't exist.", "another text"),
        status=400,
    )
    run.result.coverage.count(CDM, "errors", "job-not-found")
    states = [(0, "BOOTING", 200), *((30 * n, "RUNNING", 200) for n in range(1, 241)), (7230, "SUCCEEDED", 200)]
    run.timeline(CDM, f"{PROJECT}/{CLUSTER}/jdbc2hive", states)
    flapping = ["RUNNING", "UNKNOWN"] * 9
    faults = [(200, None, 502), (210, None, 429)]
    polls = [(0, "BOOTING", 200), *((10 + 10 * n, state, 200) for n, state in enumerate(flapping)), *faults]
    run.timeline(CDM, f"{PROJECT}/{CLUSTER}/orders_to_hive", [*polls, (220, "STARTING", 200), (230, "FAILED", 200)])


def _enos(run: Run) -> None:
    task = "enos/batch-processing.json#/components/schemas/TaskInstance"
    run.add(ENOS, URLS[ENOS], run.example(ENOS), case="enos:documented")
    inner = run.example(ENOS)
    inner["data"]["runMode"] = json.dumps({"taskMode": "1", "cpu": 0.6, "memory": 1.1, "maxParallel": 0, "content": ""})
    run.add(
        ENOS,
        URLS[ENOS],
        inner,
        finding(
            "type-wrong",
            "body",
            "/data/runMode/taskMode",
            "1",
            "a whole number",
            "enos/batch-processing.json#/components/schemas/RunMode/properties/taskMode",
        ),
    )
    cut = run.example(ENOS)
    cut["data"]["runMode"] = '{"taskMode": 1, "cpu": 0.'
    cut["data"]["endTime"] = None
    run.add(
        ENOS,
        URLS[ENOS],
        cut,
        finding(
            "embedded-not-json",
            "body",
            "/data/runMode",
            cut["data"]["runMode"],
            "JSON in a string",
            f"{task}/properties/runMode",
        ),
        finding(
            "null-unexpected", "body", "/data/endTime", None, "a time (yyyy-MM-dd HH:mm:ss)", f"{task}/properties/endTime"
        ),
        case="enos:fields",
    )
    run.add(
        ENOS,
        URLS[ENOS],
        run.example(ENOS),
        finding(
            "job-never-ends",
            "polls",
            "/data/status",
            "READY in 60 polls over 30 min",
            "an end state in the end",
            provenance=INVENTED,
        ),
    )
    run.timeline(ENOS, "118979-2021020211", [(30 * n, "READY", 200) for n in range(60)])
    left = ("INIT", "READY", "RUNNING", "SUCCESS", "RUNNING")
    run.timeline(ENOS, "118980-2021020212", list(zip((0, 5, 15, 60, 75), left, (200,) * 5, strict=True)))


def _dataarts(run: Run) -> None:
    row = "huaweicloud/dataartsstudio.json#/components/schemas/Row"
    run.add(DATAARTS, URLS[DATAARTS], run.example(DATAARTS), case="dataarts:documented")
    for where in ("endTime", "startTime"):
        answer = run.example(DATAARTS)
        body = json.loads(answer["body"])
        body["rows"] = [{**body["rows"][0], "jobId": number, where: "soon"} for number in range(3)]
        answer["body"] = json.dumps(body, ensure_ascii=False)
        wrong = [
            finding(
                "type-wrong",
                "body",
                f"/body/rows/{at}/{where}",
                "soon",
                "milliseconds since 1970",
                f"{row}/properties/{where}",
            )
            for at in range(3)
        ]
        run.add(
            DATAARTS,
            URLS[DATAARTS],
            answer,
            *wrong,
            finding("page-too-long", "body", "/body/rows", "3 rows", "at most limit=2 rows"),
        )
    deep = run.example(DATAARTS)
    body = json.loads(deep["body"])
    param = json.loads(body["rows"][0]["runningParam"])
    param["total"] = 7
    body["rows"][0]["runningParam"] = json.dumps(param, ensure_ascii=False)
    deep["body"] = json.dumps(body, ensure_ascii=False)
    run.add(
        DATAARTS,
        URLS[DATAARTS],
        deep,
        finding("total-wrong", "body", "/body/rows/0/runningParam/total", 7, "the number of rows"),
    )
    run.timeline(
        DATAARTS, "ETL_Job_dli2dws 2024-01-11 09:01:39", [(0, "waiting", 200), (60, "running", 200), (120, "success", 200)]
    )


def _taurusdb_and_tics(run: Run) -> None:
    job = "huaweicloud/gaussdb.json#/components/schemas/Job"
    swapped = run.example(TAURUSDB)
    swapped["job"]["ended"] = "2018-08-06T09:00:00+0800"
    run.add(
        TAURUSDB,
        URLS[TAURUSDB],
        swapped,
        finding(
            "times-disordered",
            "body",
            "/job/ended",
            "2018-08-06T09:00:00+0800",
            "not before created",
            f"{job}/properties/ended",
        ),
        case="taurusdb:documented",
    )
    run.add(TAURUSDB, URLS[TAURUSDB], run.example(TAURUSDB, "parameter-error"), status=400)
    run.result.coverage.count(TAURUSDB, "errors", "parameter-error")
    run.add(TICS, URLS[TICS], run.example(TICS), case="tics:documented")


def _strangers(run: Run) -> None:
    run.add(
        None,
        f"{HOST}/v1.1/{PROJECT}/cluster/jobs",
        {"error_code": "APIGW.0101", "error_msg": "The API does not exist"},
        finding("request-unknown", "request", "", f"GET /v1.1/{PROJECT}/cluster/jobs", "an operation's path"),
        status=404,
    )


def hostile(definitions: Definitions) -> Result:
    """A run in which every text that comes from outside is hostile."""
    run = Run(definitions)
    run.result.target = run.result.mode = HOSTILE
    url = f"{HOST}/v1.1/x"
    findings = Finding(
        "type-wrong",
        "error",
        "body",
        f"/a/{HOSTILE.replace('~', '~0').replace('/', '~1')}",
        HOSTILE,
        HOSTILE,
        HOSTILE,
        HOSTILE,
        CDM,
        HOSTILE,
    )
    header = Finding("header-invalid", "warning", "header", HOSTILE, HOSTILE, HOSTILE)
    note = Finding("error-message-differs", "note", "request", HOSTILE, HOSTILE, HOSTILE)
    run.add(CDM, url, {"a": {HOSTILE: json.dumps({HOSTILE: HOSTILE})}}, findings, header, note, case=HOSTILE, source=HOSTILE)
    run.add(None, url, HOSTILE.encode("utf-8", "surrogatepass"), findings, content_type=HOSTILE)
    odd = run.result.judged[0].exchange
    odd_request = request_from(HOSTILE, f"{HOST}/%ff%00", {HOSTILE: HOSTILE}, HOSTILE.encode("utf-8", "surrogatepass"))
    run.result.judged.append(
        Judgement(3, Exchange(odd_request, odd.response, 10**18, None, f"{HOSTILE}:7"), CDM, (findings,), HOSTILE)
    )
    run.result.coverage.count(CDM, "states", HOSTILE)
    run.result.timelines.append(
        Timeline(CDM, HOSTILE, (Poll(START, HOSTILE, 200, 1, progress=float("nan")), Poll(START, None, 502, 2)))
    )
    run.result.skipped.append((HOSTILE, HOSTILE))
    run.result.failed.append((HOSTILE, HOSTILE))
    return run.result
