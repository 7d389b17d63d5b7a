"""Secrets leave no trace in a recording, tenants get pseudonyms, and what is judged of an exchange stays the same."""

from __future__ import annotations

import base64
import gzip
import json
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sample_requests import ALIKE, NOW, SAMPLES, request_for

from mockserver import Clock, Mock, Settings
from mockserver.contract.session import Session
from mockserver.definitions import Operation, load
from mockserver.exchanges.exchange import Exchange, response_from
from mockserver.exchanges.recording import Recorder
from mockserver.exchanges.recording_lines import as_json
from mockserver.model import Request
from mockserver.redaction.pseudonyms import Pseudonyms
from mockserver.redaction.redactor import Redactor

DEFINITIONS = load()
KEEPING = Redactor(keep_ids=True, definitions=DEFINITIONS)
HIDING = Redactor(salt="s", definitions=DEFINITIONS)
KEY, SECRET = "HSTAAKEXAMPLE0KEY123", "vErY+S3cret/Key=of-an-account0123456789ab"
TOKEN = "MIIEXAMPLE+/token" + "aZ09" * 40 + "=="
SECRETS = (KEY, SECRET, TOKEN, 'p@ss w0rd"\\ü', "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08")
PROJECT, CLUSTER = SAMPLES["project_id"], SAMPLES["cluster_id"]


def echoes(secret: str) -> list[str]:
    """How a service may give a secret back: as it is, encoded for URLs once or twice, in JSON, in hex, inside base64."""
    raw = secret.encode()
    encoded = [base64.b64encode(b"a:b"[:length] + raw).decode() for length in range(3)]
    return [secret, quote(secret, ""), quote(quote(secret, ""), ""), json.dumps(secret)[1:-1], raw.hex(), *encoded]


def forms(secret: str) -> list[str]:
    """What must not be left of it; of base64, the part that holds nothing else."""
    plain, encoded = echoes(secret)[:5], echoes(secret)[5:]
    return [*plain, *(text[start:-4] for text, start in zip(encoded, (0, 2, 3), strict=True))]


def written(exchange: Exchange, redactor: Redactor, folder: Path | None = None) -> str:
    """What a recording holds of an exchange."""
    if folder is None:
        return json.dumps(as_json(redactor.redact(exchange)), ensure_ascii=False)
    path = folder / "run.jsonl"
    path.unlink(missing_ok=True)
    with Recorder(path, redactor) as recorder:
        recorder.add(exchange)
    return path.read_text(encoding="utf-8")


def assert_clean(text: str, secrets: tuple[str, ...] = SECRETS) -> None:
    """No secret in any form; strings of the JSON are looked at with their escapes and without."""
    for secret in secrets:
        for form in forms(secret):
            assert form not in text, form
            assert json.dumps(form, ensure_ascii=False)[1:-1] not in text, form


def secret_headers() -> dict[str, str]:
    """A request's headers that hold every kind of credential."""
    signature = f"SDK-HMAC-SHA256 Access={KEY}, SignedHeaders=host;x-sdk-date, Signature={SECRETS[4]}"
    return {"authorization": signature, "x-auth-token": TOKEN, "apim-accesstoken": TOKEN, "x-security-token": SECRET,
            "apim-signature": SECRETS[4], "cookie": f"session={SECRET}; a=b", "x-api-key": SECRETS[3]}  # fmt: skip


@pytest.mark.parametrize(
    "redactor", [pytest.param(KEEPING, id="ids", marks=pytest.mark.exhaustive), pytest.param(HIDING, id="pseudonyms")]
)
@pytest.mark.parametrize(
    "operation",
    [
        pytest.param(operation, id=operation.id, marks=pytest.mark.exhaustive if operation.id in ALIKE else ())
        for operation in DEFINITIONS.operations
    ],
)
def test_no_operation_and_no_error_shows_a_secret(operation: Operation, redactor: Redactor, tmp_path: Path) -> None:
    """Every operation and each of its errors, with secrets in all headers, in the query, in the body, and echoed."""
    mock = Mock(Settings(auth="off", unknown_query="ignore"), Clock(NOW, 0))
    for example in (None, *operation.examples.values()):
        wish = {"prefer": f"example={example.name}"} if example else {}
        request = request_for(operation, {**secret_headers(), **wish})
        body = json.dumps({"password": SECRETS[3], "nested": json.dumps({"secretKey": SECRET, "n": [{"token": TOKEN}]})})
        echo = {"error_msg": " ".join(form for secret in SECRETS for form in echoes(secret)), "access_token": TOKEN}
        response = mock.handle(request)
        loud = replace(
            response,
            headers=(*response.headers, ("X-Subject-Token", TOKEN), ("Set-Cookie", f"a={SECRET}; Path=/"), ("X-Echo", KEY)),
            body=json.dumps([json.loads(response.body), echo]).encode(),
        )
        asked = replace(request, query=f"{request.query}&{urlencode({'token': TOKEN, 'q': KEY})}", body=body.encode())
        exchange = Exchange(asked, loud, NOW, 0.1, "", f"http://user:{quote(SECRETS[3], '')}@host")
        text = written(exchange, redactor, tmp_path)
        assert_clean(text)
        json.loads(json.loads(text.splitlines()[1])["response"]["body"])


tokens = st.text("ABCDEFabcdef0123456789+/=_-.~", min_size=12, max_size=60).filter(lambda text: len(set(text)) > 6)
noise = st.text("xyz {}:,", max_size=10)


@settings(deadline=None, max_examples=200)
@given(
    tokens,
    st.sampled_from(["header", "query", "member", "nested", "login", "cookie"]),
    st.integers(0, 8),
    noise,
    st.booleans(),
)
def test_a_secret_is_found_wherever_it_comes_back(secret: str, place: str, form: int, around: str, packed: bool) -> None:
    """Known from one place, it is gone from everywhere, in every form, packed bodies included."""
    operation = DEFINITIONS.operation("ShowJobStatus")
    headers: dict[str, str] = {}
    query, body = "", b""
    if place == "header":
        headers = {"x-auth-token": secret}
    elif place == "query":
        query = urlencode({"accessToken": secret})
    elif place == "member":
        body = json.dumps({"appSecret": secret}).encode()
    elif place == "nested":
        body = json.dumps({"a": json.dumps({"b": json.dumps({"password": secret})})}).encode()
    elif place == "login":
        headers = {"authorization": "Basic " + base64.b64encode(f"user:{secret}".encode()).decode()}
    else:
        headers = {"cookie": f"a={secret}"}
    request = replace(request_for(operation, headers), query=query, body=body)
    shown = [*echoes(secret), base64.b64encode(f"u:{secret}".encode()).decode()][form]
    answer = json.dumps({"error_msg": f"{around} {shown} {around}"}).encode()
    sent = [("Content-Encoding", "gzip")] if packed else []
    exchange = Exchange(request, response_from(400, sent, gzip.compress(answer) if packed else answer), NOW)
    assert_clean(written(exchange, KEEPING), (secret,))
    assert_clean(written(exchange, HIDING), (secret,))


def test_bodies_that_cannot_be_unpacked_are_not_kept() -> None:
    """What can't be looked into may hold anything."""
    exchange = Exchange(
        request_for(DEFINITIONS.operation("ShowJobStatus")), response_from(200, {"Content-Encoding": "br"}, b"x\x00")
    )
    assert KEEPING.redact(exchange).response.body == b"[redacted: 2 bytes of br]"


def judged(exchanges: list[Exchange]) -> list[list[tuple[str, str, str]]]:
    """The findings of each exchange."""
    session = Session(DEFINITIONS)
    return [
        [(finding.code, finding.part, finding.pointer) for finding in session.check(exchange).findings]
        for exchange in exchanges
    ]


@pytest.mark.parametrize(
    "switches",
    [
        pytest.param({}, id="usual"),
        pytest.param({"enos-data": "list", "cdm-creation-date": "string"}, id="switched", marks=pytest.mark.exhaustive),
    ],
)
def test_what_is_judged_stays_the_same(switches: Mapping[str, str]) -> None:
    """Every operation's answers, errors and lives: the same findings before and after; lengths stay."""
    mock = Mock(Settings(auth="off", switches=dict(switches)), Clock(NOW, 0))
    exchanges = []
    wrong = ("ShowInstanceInfos", "documented")  # its wrong Content-Length is accepted of the very example only
    for operation in (item for item in DEFINITIONS.operations if item.id not in ALIKE):
        asked = [request_for(operation)] * 6
        asked += [
            request_for(operation, {"prefer": f"example={name}"})
            for name in operation.examples
            if (operation.id, name) != wrong
        ]
        for request in asked:
            exchanges.append(Exchange(request, mock.handle(request), mock.clock.now()))
            mock.clock.advance(40)
    hidden = [HIDING.redact(exchange) for exchange in exchanges]
    assert judged(hidden) == judged(exchanges)
    assert [len(item.response.body) for item in hidden] == [len(exchange.response.body) for exchange in exchanges]
    text = "".join(written(exchange, HIDING) for exchange in exchanges)
    for value in (
        PROJECT,
        CLUSTER,
        SAMPLES["instance"],
        SAMPLES["league_id"],
        "d78cbac186b744899480f25bd022f468",
        "IAMDomain",
    ):
        assert value not in text, value


def test_names_and_ids_of_jobs_stay() -> None:
    """They are what a replay is found by; who asked is gone, also where it is short."""
    request = request_for(DEFINITIONS.operation("GetTaskInstance"), taskInstId="118979-2021020211", userId="u1", orgId="7")
    body = b'{"code": 62101, "msg": "User \'u1\' is not of org 7", "data": null, "n": 7, "taskId": 118979}'
    changes = HIDING.redact(Exchange(request, response_from(200, [], body)))
    user, org = re.findall("userId=([^&]+)&orgId=([^&]+)", changes.request.query)[0]
    assert (user, org) != ("u1", "7") and re.fullmatch("[a-z][0-9]", user) and re.fullmatch("[1-9]", org)
    assert "taskInstId=118979-2021020211" in changes.request.query
    assert changes.response.body.decode() == (
        f'{{"code": 62101, "msg": "User \'{user}\' is not of org {org}", "data": null, "n": 7, "taskId": 118979}}'
    )


def test_a_value_has_one_pseudonym_everywhere() -> None:
    """In path, headers, obs:// paths, JSON in strings, URLs, later answers: the same; Content-Length stays right."""
    operation = DEFINITIONS.operation("ShowInstanceInfos")
    request = request_for(operation, {"x-project-id": PROJECT, "x-forwarded-for": "10.1.2.3, 127.0.0.1"})
    inner = json.dumps({"rows": [{"owner": "ann", "workspaceId": SAMPLES["instance"], "executionLogPath":
        f"obs://dlf-log-{PROJECT}/1e490376-4778-3a55-a2f5-76b4ac707a87/x", "runningData": json.dumps({"p": f"a\n{PROJECT}",
        "u": f"https://x/?next=%2F{PROJECT}", "mail": "Ann.Lee@example.com", "jdbc": "jdbc:mysql://192.168.1.203:3306/db"}),
        "unrelated": "ann"}]}, indent="\t")  # fmt: skip
    body = json.dumps({"status_code": 200, "body": inner, "header_map": {"Content-Length": str(len(inner))}})
    changes = HIDING.redact(Exchange(request, response_from(200, [], body)))
    project = changes.request.path.split("/")[2]
    answer = json.loads(changes.response.body)
    row = json.loads(answer["body"])["rows"][0]
    data = json.loads(row["runningData"])
    assert re.fullmatch("[0-9a-f]{32}", project) and project != PROJECT
    assert changes.request.headers["x-project-id"] == project
    assert row["executionLogPath"].startswith(f"obs://dlf-log-{project}/")
    assert "1e490376" not in row["executionLogPath"]
    assert (data["p"], data["u"]) == (f"a\n{project}", f"https://x/?next=%2F{project}")
    assert row["workspaceId"] == changes.request.headers["instance"] != SAMPLES["instance"]
    assert re.fullmatch("[a-z]{3}", row["owner"]) and row["owner"] != "ann" and row["unrelated"] == "ann"
    assert re.fullmatch(r"[A-Z][a-z]{2}\.[A-Z][a-z]{2}@[a-z]{7}\.[a-z]{3}", data["mail"]) and "Ann" not in data["mail"]
    assert re.fullmatch(r"jdbc:mysql://\d{3}\.\d{3}\.\d\.\d{3}:3306/db", data["jdbc"]) and "192.168" not in data["jdbc"]
    assert changes.request.headers["x-forwarded-for"].endswith(", 127.0.0.1") and "10.1.2.3" not in str(
        changes.request.headers
    )
    assert answer["header_map"]["Content-Length"] == str(len(answer["body"]))
    other = Exchange(Request("GET", f"/v2/{CLUSTER}/x"), response_from(404, [], f"<p>{PROJECT} has no {'f' * 31}0</p>"))
    later = HIDING.redact(other)
    assert project in later.response.body.decode() and "fffffffff" not in later.response.body.decode()
    assert CLUSTER not in later.request.path


def test_salts_differ_and_the_same_salt_does_not() -> None:
    """Two recordings can be compared if they share a salt, and not otherwise; by default nobody knows it."""
    exchange = Exchange(request_for(DEFINITIONS.operation("ShowJobStatus")), response_from(200, [], b"{}"))
    made = [
        Redactor(salt=salt, definitions=DEFINITIONS).redact(exchange).request.path for salt in ("a", "a", "b", None, None)
    ]
    assert made[0] == made[1]
    assert len({*made, exchange.request.path}) == 5
    assert KEEPING.redact(exchange).request.path == exchange.request.path
    assert KEEPING.names == () and {"project_id", "orgId"} <= set(HIDING.names)


@settings(deadline=None)
@given(st.text(min_size=1, max_size=30), st.text(max_size=5))
def test_a_pseudonym_has_the_form_of_the_value(value: str, salt: str) -> None:
    """As many characters and bytes, the same kinds, the same each time."""
    value = value.encode("utf-8", "ignore").decode() or "x"
    made = Pseudonyms(salt).of(value)
    assert len(made) == len(value) and len(made.encode()) == len(value.encode())
    for before, after in zip(value, made, strict=True):
        assert before.isalnum() == after.isalnum()
        assert before.isalnum() or before == after
    assert made == Pseudonyms(salt).of(value)


@pytest.mark.parametrize(
    ("value", "form"),
    [("0833a5737480d53b2f25c010dc1a7b88", "[0-9a-f]{32}"),
     ("6EC9A0A4-76BE-4262-8697-E7AF1FAC7920", "[0-9A-F]{8}-[0-9A-F]{4}-4[0-9A-F]{3}-8[0-9A-F]{3}-[0-9A-F]{12}"),

     ("a48e43ff268f4c0e879652d65e63d0fbin07", "[0-9a-f]{32}in07"), ("u15426865866571", "[a-z][0-9]{14}"),
     ("4200", "[1-9][0-9]{3}"),
     ("cn-north-4", "cn-north-4"), ("cn-north-4_sales", "cn-north-4_(?!sales)[a-z]{5}"),
     ("fe80::1a", "[0-9a-f]{4}::[0-9a-f]{2}"),
     ("张三", "[\u4e00-\u9fff]{2}"), ("tics001,dayu002", "[a-z]{4}[0-9]{3},[a-z]{4}[0-9]{3}")],
)  # fmt: skip
def test_pseudonyms_of_known_forms(value: str, form: str) -> None:
    """Ids, instances, numbers, regions and their projects, addresses, Chinese names."""
    assert re.fullmatch(form, Pseudonyms("s").of(value))


def test_values_with_few_pseudonyms_do_not_share_them() -> None:
    """Nine users of one digit are still nine, none itself."""
    made = Pseudonyms("s")
    matches = {str(number): made.of(str(number)) for number in range(1, 9)}
    assert len(set(matches.values())) == 8


@settings(deadline=None)
@given(
    st.binary(max_size=200), st.binary(max_size=200), st.dictionaries(st.text(max_size=8), st.text(max_size=8), max_size=3)
)
def test_anything_can_be_redacted(asked: bytes, body: bytes, headers: dict[str, str]) -> None:
    """Bytes that are no text, headers that are none: never an error, and a second time changes no secret."""
    path = "/" + asked.decode("utf-8", "surrogateescape")
    exchange = Exchange(Request("GET", path, path, headers, asked), response_from(200, headers, body))
    for redactor in (KEEPING, HIDING):
        once = redactor.redact(exchange)
        assert len(once.response.body) == len(body) or "content-encoding" in {name.lower() for name in headers}
    assert KEEPING.redact(KEEPING.redact(exchange)) == KEEPING.redact(exchange)


def test_valid_json_stays_valid() -> None:
    """Strings with escapes next to what is replaced."""
    texts: list[Any] = [
        "\nann@example.com",
        "张ann@example.com",
        f"\\{PROJECT}",
        f"\n{PROJECT}",
        '"10.1.2.3"',
        "C:\\n192.168.1.1",
        "\u2028x@y.zz",
    ]
    for text in [*texts, [json.dumps(texts), {"owner": 'a"b\\', "user": "\t张"}]]:
        body = json.dumps({"a": text, "b": json.dumps({"c": text})}).encode()
        changes = HIDING.redact(
            Exchange(request_for(DEFINITIONS.operation("ShowJobStatus")), response_from(200, [], body))
        ).response.body
        assert len(changes) == len(body)
        inner = json.loads(json.loads(changes)["b"])["c"]
        assert inner == json.loads(changes)["a"]
        assert PROJECT not in str(inner) and "ann@" not in str(inner)
