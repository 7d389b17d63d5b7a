"""For each rule of `mockserver diff`: edits of the shipped definitions that fire it, or two recordings that do."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from sample_requests import NOW

from mockserver.definitions.pointer import at, join, parts_of
from mockserver.diff import read_source
from mockserver.exchanges.exchange import Exchange, request_from, response_from

Documents = dict[str, Any]
Step = tuple[str, str, Any]
"""A document, a pointer into it, and what to put there: a value, DROP, or a function of what stands there."""

SHIPPED = read_source("shipped")
DROP = object()
CDM, DATAARTS, ENOS = "huaweicloud/cdm.json", "huaweicloud/dataartsstudio.json", "enos/batch-processing.json"
TAURUS, TICS, IAM, GATEWAY = (
    "huaweicloud/gaussdb.json",
    "huaweicloud/tics.json",
    "huaweicloud/iam.json",
    "huaweicloud/gateway.json",
)
CDM_PATH = "/v1.1/{project_id}/clusters/{cluster_id}/cdm/job/{job_name}/status"
TAURUS_PATH = "/v3/{project_id}/jobs"
CDM_GET, TAURUS_GET = join("paths", CDM_PATH, "get"), join("paths", TAURUS_PATH, "get")
TICS_GET = join("paths", "/v1/{project_id}/leagues/{league_id}/job-instances", "get")
ENOS_GET = join("paths", "/batch-processing-service/v2.1/taskInstances", "get")
LOGIN = join("paths", "/v3/auth/tokens", "post")
SUB, JOB, ROW, TASK = (f"/components/schemas/{name}" for name in ("Submission", "Job", "Row", "TaskInstance"))
STATUS, LIVES = f"{SUB}/properties/status", f"{CDM_GET}/x-job"
BODY = "/components/schemas/ShowInstanceInfosResponse/properties/body"
ASKED = "/components/schemas/CreateTokenRequest"
OK = f"{CDM_GET}/responses/200"
JSON = "/content/application~1json"
CREDENTIAL = "/components/securitySchemes/X-Auth-Token"


class Edit(NamedTuple):
    """Steps on the new documents, and before them on both."""

    new: tuple[Step, ...]
    both: tuple[Step, ...] = ()


class Edited(NamedTuple):
    """The documents before and after."""

    old: Documents
    new: Documents


def _documents_of(case: Edit) -> Documents:
    """The shipped documents that a case edits."""
    names = {name for name, _, _ in (*case.both, *case.new)}
    return documents_of(
        *names, *([CDM] if GATEWAY in names else [])
    )  # without an operation that refers to it, nothing counts


def documents_of(*names: str) -> Documents:
    """Copies of shipped documents, with those that they refer to; not the operations that are like another."""
    chosen = {*names}
    chosen |= {GATEWAY for name in names if name.startswith("huaweicloud/")}
    chosen |= {ENOS for name in names if name.startswith("enos/")}
    documents: Documents = {name: copy.deepcopy(SHIPPED.documents[name]) for name in chosen}
    for document in documents.values():
        for path, item in list(document.get("paths", {}).items()):
            for method in [method for method, node in item.items() if "x-like" in node]:
                del item[method]
            if not item:
                del document["paths"][path]
    return documents


def edit(case: Edit) -> Edited:
    """The documents of a case as it changes them."""
    old = _documents_of(case)
    for step in case.both:
        _put(old, *step)
    new = copy.deepcopy(old)
    for step in case.new:
        _put(new, *step)
    return Edited(old, new)


def _put(documents: Documents, name: str, pointer: str, value: Any) -> None:
    *parts, last = parts_of(pointer)
    holder = at(documents[name], parts)
    key: Any = int(last) if isinstance(holder, list) else last
    if value is DROP:
        del holder[key]
    elif callable(value):
        holder[key] = value(holder[key])
    else:
        holder[key] = copy.deepcopy(value)


def one(name: str, pointer: str, value: Any, *both: Step) -> Edit:
    """A case of one step."""
    return Edit(((name, pointer, value),), both)


def plus(*values: Any) -> Callable[[list[Any]], list[Any]]:
    """A list with more in it."""
    return lambda found: [*found, *values]


def less(*values: Any) -> Callable[[list[Any]], list[Any]]:
    """A list without these."""
    return lambda found: [value for value in found if value not in values]


def renamed(old: str, new: str) -> Callable[[dict[str, Any]], dict[str, Any]]:
    """An object with a member under another name."""
    return lambda found: {new if key == old else key: value for key, value in found.items()}


def parameter(**more: Any) -> dict[str, Any]:
    """A query parameter."""
    return {"name": "detail", "in": "query", "required": False, "schema": {"type": "string"}, **more}


def error(code: str) -> dict[str, Any]:
    """An example of an error of CDM."""
    return {"value": {"errCode": code, "externalMessage": "m"}, "x-error": {"code": code, "message": "m"}}


def example_at(status: int) -> str:
    """Where an error of CDM stands under an HTTP status."""
    return f"{CDM_GET}/responses/{status}{JSON}/examples/job-unknown"


OWN_ERRORS = tuple(
    (CDM, f"{CDM_GET}/responses/{status}", SHIPPED.documents[CDM]["components"]["responses"][status])
    for status in ("400", "500")
)
"""The operation has answers of its own: CDM's operations share theirs, and an edit would change them all."""
IN_500 = ((CDM, example_at(400), DROP), (CDM, example_at(500), {"$ref": "#/components/examples/job-unknown"}))
LIMIT = (TICS, f"{TICS_GET}/parameters/2/schema/maximum", 100)
TEXT = {"type": "string"}
DETAIL = (CDM, f"{CDM_GET}/parameters", plus(parameter()))
REASON = (IAM, f"{ASKED}/properties/reason", TEXT)
TEAPOT = (CDM, f"{CDM_GET}/responses/418", {"description": "A teapot."})
BODIED = (
    CDM,
    f"{CDM_GET}/requestBody",
    {"required": False, "content": {"application/json": {"schema": {"type": "object"}}}},
)

CASES: Mapping[str, Edit] = {
    "operation-removed": one(CDM, CDM_GET, DROP),
    "operation-added": one(CDM, "/paths/~1v1.1~1new", {"get": {"operationId": "New", "responses": {"200": {}}}}),
    "operation-id-changed": one(CDM, f"{CDM_GET}/operationId", "ShowStatusOfJob"),
    "operation-deprecated": one(CDM, f"{CDM_GET}/deprecated", True),
    "path-changed": one(CDM, "/paths", renamed(CDM_PATH, CDM_PATH.replace("v1.1", "v2"))),
    "path-parameter-renamed": Edit(
        ((CDM, "/paths", renamed(CDM_PATH, CDM_PATH.replace("job_name", "name"))),
         (CDM, join("paths", CDM_PATH.replace("job_name", "name"), "get", "parameters", 2, "name"), "name"))
    ),
    "method-changed": one(CDM, join("paths", CDM_PATH), renamed("get", "post")),
    "server-prefix-changed": one(CDM, "/servers/0/url", "https://cdm.cn-north-4.myhuaweicloud.com/api"),
    "server-host-changed": one(CDM, "/servers/0/url", "https://cdm.eu-west-101.myhuaweicloud.com"),
    "security-changed": one(CDM, f"{CDM_GET}/security", less({"X-Auth-Token": []})),
    "security-scheme-changed": one(GATEWAY, f"{CREDENTIAL}/name", "X-Token"),
    "security-added": one(CDM, f"{CDM_GET}/security", plus({"cookie": []})),
    "security-dropped": one(CDM, f"{CDM_GET}/security", []),
    "parameter-added-required": one(CDM, f"{CDM_GET}/parameters", plus(parameter(required=True))),
    "parameter-added-optional": one(CDM, f"{CDM_GET}/parameters", plus(parameter())),
    "parameter-became-required": one(CDM, f"{CDM_GET}/parameters/3/required", True, DETAIL),
    "parameter-became-optional": one(TICS, f"{TICS_GET}/parameters/2/required", False),
    "parameter-removed": one(TICS, f"{TICS_GET}/parameters/2", DROP),
    "parameter-renamed": one(TICS, f"{TICS_GET}/parameters/2/name", "limits"),
    "parameter-moved": one(TICS, f"{TICS_GET}/parameters/2/in", "header"),
    "parameter-narrowed": one(TICS, f"{TICS_GET}/parameters/3/schema/minimum", 1),
    "parameter-widened": one(TICS, f"{TICS_GET}/parameters/3/schema/minimum", -1),
    "parameter-form-changed": one(CDM, "/components/parameters/ProjectId/schema/pattern", "^[a-f0-9]{32}$"),
    "parameter-default-changed": one(TICS, f"{TICS_GET}/parameters/2/schema/default", 20),
    "parameter-style-changed": one(TICS, f"{TICS_GET}/parameters/2/style", "spaceDelimited"),
    "page-size-lowered": one(*LIMIT[:2], 50),
    "page-size-raised": one(*LIMIT[:2], 200),
    "required-if-changed": one(TICS, f"{TICS_GET}/x-required-if", DROP),
    "request-body-required": one(CDM, f"{CDM_GET}/requestBody/required", True, BODIED),
    "request-body-optional": one(IAM, f"{LOGIN}/requestBody/required", False),
    "request-body-removed": one(IAM, f"{LOGIN}/requestBody", DROP),
    "request-media-type-removed": one(IAM, f"{LOGIN}/requestBody/content", renamed("application/json", "application/xml")),
    "request-media-type-added": one(IAM, f"{LOGIN}/requestBody/content/text~1plain", {"schema": TEXT}),
    "request-member-required": one(IAM, f"{ASKED}/required", plus("reason"), REASON),
    "request-member-added": one(*REASON),
    "request-member-optional": one(IAM, f"{ASKED}/required", []),
    "request-member-removed": one(IAM, f"{ASKED}/properties/reason", DROP, REASON),
    "request-member-renamed": one(IAM, f"{ASKED}/properties", renamed("reason", "Reason"), REASON),
    "request-narrowed": one(IAM, f"{ASKED}/minProperties", 2, (IAM, f"{ASKED}/minProperties", 1)),
    "request-widened": one(IAM, f"{ASKED}/minProperties", 0, (IAM, f"{ASKED}/minProperties", 1)),
    "request-form-changed": one(IAM, f"{ASKED}/not", {"required": ["a"]}),
    "request-default-changed": one(IAM, f"{ASKED}/properties/auth/default", {}),
    "http-status-added": one(*TEAPOT),
    "http-status-removed": one(CDM, TEAPOT[1], DROP, TEAPOT),
    "success-status-removed": one(CDM, f"{CDM_GET}/responses", renamed("200", "201")),
    "media-type-removed": one(CDM, f"{OK}/content", renamed("application/json", "application/xml")),
    "media-type-added": one(CDM, f"{OK}/content/text~1html", {}),
    "body-removed": one(CDM, f"{OK}/content", DROP),
    "body-added": one(CDM, f"{TEAPOT[1]}/content", {"text/plain": {}}, TEAPOT),
    "header-removed": one(CDM, f"{OK}/headers/X-Request-Id", DROP),
    "header-added": one(CDM, f"{OK}/headers/Retry-After", {"schema": {"type": "integer"}}),
    "header-changed": one(GATEWAY, "/components/headers/X-Request-Id/schema/pattern", "^[0-9a-f-]{36}$"),
    "status-value-added": one(CDM, f"{STATUS}/enum", plus("PAUSED")),
    "status-value-removed": one(CDM, f"{STATUS}/enum", less("NEW")),
    "status-value-renamed": one(CDM, f"{STATUS}/enum", lambda found: [{"SUCCEEDED": "SUCCEDED"}.get(v, v) for v in found]),
    "status-opened": one(CDM, f"{STATUS}/enum", DROP),
    "terminal-status-added": one(CDM, f"{LIVES}/states/STOPPED", {"summary": "s", "terminal": True}),
    "terminal-status-removed": one(CDM, f"{LIVES}/states/FAILURE_ON_SUBMIT", DROP),
    "status-became-terminal": one(CDM, f"{LIVES}/states/UNKNOWN/terminal", True),
    "status-left-terminal": one(CDM, f"{LIVES}/states/FAILED/terminal", False),
    "end-unreachable": one(CDM, f"{LIVES}/transitions/UNKNOWN", [], (CDM, f"{LIVES}/transitions/UNKNOWN", ["FAILED"])),
    "transition-added": one(CDM, f"{LIVES}/transitions/RUNNING", plus("PENDING")),
    "transition-shortened": one(CDM, f"{LIVES}/transitions/BOOTING", plus("SUCCEEDED")),
    "transition-removed": one(CDM, f"{LIVES}/transitions/BOOTING", less("FAILED")),
    "identity-changed": one(CDM, f"{LIVES}/identity", ["project_id", "job_name"]),
    "visible-later": one(TAURUS, f"{TAURUS_GET}/x-job/visible-after-seconds", 60),
    "visible-sooner": one(TAURUS, f"{TAURUS_GET}/x-job/visible-after-seconds", 1),
    "kept-shorter": one(TAURUS, f"{TAURUS_GET}/x-job/kept-days", 7),
    "kept-longer": one(TAURUS, f"{TAURUS_GET}/x-job/kept-days", DROP),
    "job-life-removed": one(CDM, LIVES, DROP),
    "job-life-added": one(IAM, f"{LOGIN}/x-job", {"identity": [], "states": {"A": {"summary": "s"}}, "transitions": {}}),
    "lives-changed": one(CDM, f"{LIVES}/states/RUNNING/seconds", 90),
    "member-removed": one(CDM, f"{SUB}/properties/counters", DROP),
    "member-renamed": one(CDM, f"{SUB}/properties", renamed("error-summary", "errorSummary")),
    "member-added": one(CDM, f"{SUB}/properties/priority", {"type": "integer"}),
    "member-became-optional": one(CDM, f"{SUB}/required", less("status")),
    "member-became-required": one(CDM, f"{SUB}/required", plus("progress")),
    "nullable-added": one(CDM, f"{STATUS}/type", ["string", "null"]),
    "nullable-removed": one(ENOS, f"{TASK}/properties/startTime/type", "string"),
    "type-changed": one(CDM, f"{SUB}/properties/progress/type", "string"),
    "type-widened": one(CDM, f"{SUB}/properties/write_rows/type", ["integer", "string"]),
    "type-narrowed": one(CDM, f"{SUB}/properties/progress/type", "integer"),
    "format-changed": one(TICS, "/components/schemas/TicsJobInstanceVo/properties/end_time/format", "date"),
    "format-widened": one(CDM, f"{SUB}/properties/write_rows/format", "int64"),
    "format-narrowed": one(CDM, f"{SUB}/properties/execute-date/format", "int32"),
    "unit-changed": one(CDM, f"{SUB}/properties/execute-date/description", "When the run started, epoch seconds."),
    "pattern-changed": one(ENOS, f"{TASK}/properties/startTime/pattern", "^[0-9]{13}$"),
    "pattern-widened": one(ENOS, f"{TASK}/properties/startTime/pattern", DROP),
    "pattern-narrowed": one(CDM, f"{SUB}/properties/job-name/pattern", "^[a-z]+$"),
    "range-widened": one(CDM, f"{SUB}/properties/progress/maximum", 200),
    "range-narrowed": one(CDM, f"{SUB}/properties/progress/minimum", 0),
    "value-added": one(DATAARTS, f"{ROW}/properties/forceSuccess/enum", [0, 1, 2]),
    "value-removed": one(DATAARTS, f"{ROW}/properties/forceSuccess/enum", [0]),
    "value-renamed": one(ENOS, f"{TASK}/properties/cycle/enum", ["M", "W", "D", "H", "MI"]),
    "values-opened": one(DATAARTS, f"{ROW}/properties/forceSuccess/enum", DROP),
    "values-closed": one(DATAARTS, f"{ROW}/properties/retryTimes/enum", [0, 1, 2]),
    "alternative-added": one(CDM, f"{SUB}/properties/creation-date/oneOf", plus({"type": "array"})),
    "alternative-removed": one(CDM, f"{SUB}/properties/creation-date/oneOf/1", DROP),
    "condition-changed": one(CDM, f"{SUB}/allOf/0/else", {"properties": {}}),
    "additional-members-changed": one(CDM, f"{SUB}/additionalProperties", False),
    "embedded-json-unfolded": one(DATAARTS, BODY, {"$ref": "#/components/schemas/InstanceBody"}),
    "embedded-json-folded": one(
        DATAARTS,
        "/components/schemas/ShowInstanceInfosResponse/properties/header_map",
        {**TEXT, "contentMediaType": "application/json", "contentSchema": {"$ref": "#/components/schemas/HeaderMap"}},
    ),
    "embedded-json-dropped": one(DATAARTS, f"{BODY}/contentSchema", DROP),
    "embedded-json-declared": one(
        CDM, f"{SUB}/properties/error-details", {**TEXT, "contentMediaType": "application/json", "contentSchema": {}}
    ),
    "encoding-changed": one(DATAARTS, f"{BODY}/contentMediaType", "application/xml"),
    "error-code-added": one(CDM, f"{CDM_GET}/responses/400{JSON}/examples/brand-new", error("Cdm.9999"), *OWN_ERRORS),
    "error-code-removed": one(CDM, example_at(400), DROP, *OWN_ERRORS),
    "error-code-changed": one(CDM, "/components/examples/job-unknown/x-error/code", "Cdm.9999"),
    "error-status-moved": Edit(IN_500, OWN_ERRORS),
    "error-status-added": one(*IN_500[1], *OWN_ERRORS),
    "error-status-removed": one(CDM, example_at(500), DROP, *OWN_ERRORS, IN_500[1]),
    "error-envelope-changed": one(CDM, "/components/schemas/CdmError/properties/errCode/type", "integer"),
    "error-cause-changed": one(CDM, "/components/examples/system-error/x-error/when", []),
    "error-message-changed": one(CDM, "/components/examples/system-error/x-error/message", "Oh."),
    "error-name-changed": one(
        CDM, f"{CDM_GET}/responses/400{JSON}/examples", renamed("job-unknown", "no-such-job"), *OWN_ERRORS
    ),
    "switch-default-changed": one(CDM, "/x-switches/cdm-error-status/default", "500"),
    "switch-changed": one(CDM, "/x-switches/cdm-error-status", DROP),
    "docs-changed": one(CDM, f"{SUB}/properties/progress/description", "How far it is."),
    "provenance-changed": one(CDM, f"{STATUS}/x-provenance/note", "Another."),
    "mock-only-changed": one(CDM, f"{CDM_GET}/x-magic", {"parameter": "cluster_id"}),
}  # fmt: skip
"""An edit for each rule that documents can fire."""


def answered(path: str, body: Any, status: int = 200, time: int = 0) -> Exchange:
    """An exchange with a JSON body, so many seconds after the tests' now."""
    response = response_from(status, {"Content-Type": "application/json"}, json.dumps(body))
    return Exchange(request_from("GET", path), response, NOW + time * 1_000)


def polls(*statuses: str, **more: Any) -> list[Exchange]:
    """Polls of a CDM job, 30 s apart."""
    path = "/v1.1/p/clusters/c/cdm/job/load/status"
    rows = [
        {"job-name": "load", "creation-user": "cdm", "creation-date": 1, "status": status, **more} for status in statuses
    ]
    return [answered(path, {"submissions": [row]}, time=30 * index) for index, row in enumerate(rows)]


def lists(rows: int, total: int, limit: int = 100, **more: Any) -> list[Exchange]:
    """One page of a service that no definition has."""
    matches = [{"uuid": index, "kind": "SQL", **more} for index in range(rows)]
    return [answered(f"/v9/tables?limit={limit}", {"rows": matches, "total": total})]


RAN = polls("BOOTING", "RUNNING", "SUCCEEDED")
SPLIT = [*polls("RUNNING"), *polls("SUCCEEDED", counters={"rows": 1})]
UNKNOWN_JOB = "/v1.1/p/clusters/c/cdm/job/none/status"

RECORDED: Mapping[str, tuple[list[Exchange], list[Exchange]]] = {
    "operation-not-seen": ([*RAN, *lists(1, 1)], RAN),
    "member-not-seen": (SPLIT, polls("RUNNING", "SUCCEEDED")),
    "seen-value-added": (lists(3, 3), [*lists(3, 3), *lists(1, 1, kind="HFL")]),
    "seen-value-removed": ([*lists(3, 3), *lists(1, 1, kind="HFL")], lists(3, 3)),
    "seen-page-rows-changed": (lists(3, 3), lists(5, 5)),
    "page-size-lowered": (lists(100, 500), lists(50, 500)),
    "terminal-status-added": (RAN, polls("BOOTING", "RUNNING", "FAILED")),
    "status-value-added": (RAN, polls("BOOTING", "PAUSED", "RUNNING", "SUCCEEDED")),
    "transition-added": (polls("BOOTING", "RUNNING", "SUCCEEDED"), polls("BOOTING", "RUNNING", "BOOTING", "SUCCEEDED")),
    "transition-shortened": (polls("BOOTING", "RUNNING", "UNKNOWN"), polls("BOOTING", "UNKNOWN", "RUNNING")),
    "member-removed": (polls("RUNNING", progress=1), polls("RUNNING")),
    "member-became-optional": (polls("RUNNING", "RUNNING", progress=1), [*polls("RUNNING", progress=1), *polls("RUNNING")]),
    "nullable-added": (polls("RUNNING", progress=1), [*polls("RUNNING", progress=1), *polls("RUNNING", progress=None)]),
    "type-changed": (polls("RUNNING", progress=1), polls("RUNNING", progress="1")),
    "type-widened": (polls("RUNNING", progress=1), polls("RUNNING", progress=1.5)),
    "embedded-json-unfolded": (polls("RUNNING", ext='{"a": 1}'), polls("RUNNING", ext={"a": 1})),
    "embedded-json-dropped": (polls("RUNNING", ext='{"a": 1}'), polls("RUNNING", ext="a = 1")),
    "http-status-added": (RAN, [*RAN, answered(UNKNOWN_JOB, {"errCode": "Cdm.0100", "externalMessage": "m"}, 400)]),
    "error-status-moved": (
        [answered(UNKNOWN_JOB, {"errCode": "Cdm.0100", "externalMessage": "m"}, 400)],
        [answered(UNKNOWN_JOB, {"errCode": "Cdm.0100", "externalMessage": "m"}, 500)],
    ),
    "error-code-added": (
        [answered(UNKNOWN_JOB, {"errCode": "Cdm.0100", "externalMessage": "m"}, 400)],
        [answered(UNKNOWN_JOB, {"errCode": code, "externalMessage": "m"}, 400) for code in ("Cdm.0100", "Cdm.0054")],
    ),
    "error-envelope-changed": (
        [answered(UNKNOWN_JOB, {"errCode": "Cdm.0100", "externalMessage": "m"}, 400)],
        [answered(UNKNOWN_JOB, {"errCode": "Cdm.0100", "message": {"en": "m"}}, 400)],
    ),
    "media-type-removed": (RAN, [Exchange(RAN[0].request, response_from(200, {"Content-Type": "text/html"}, "<p>"), NOW)]),
}  # fmt: skip
"""Two recordings for each rule that they can fire."""
