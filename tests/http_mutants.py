"""Mutants of answers as HTTP and as text, and of errors: forms, codes, statuses."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from mutants import HTTP, Mutant, mutant, with_body, with_header, with_json, with_status
from valid_exchanges import DEFINITIONS, body_of, errors, successes

from mockserver.definitions import Example, Operation
from mockserver.exchanges.exchange import Exchange

_HTML = b"<!DOCTYPE html><html><head><title>Sign in</title></head><body>Please sign in.</body></html>"
_UNDOCUMENTED = (202, 302, 402, 418, 599)
_CODE = {"gateway": "APIGW.9999", "service": "ZZZ.9999", "cdm": "Cdm.9999", "iam": 499, "enos": 69999, "apim-token": 1999,
         "apim-status": 4999}  # fmt: skip
_CODE_AT = {"gateway": "error_code", "service": "error_code", "cdm": "errCode", "enos": "code", "apim-token": "status",
            "apim-status": "apim_status"}  # fmt: skip


def http_mutants(operation: str) -> Iterator[Mutant]:
    """Mutants of one success and of one error of each status. Equivalent, and not made: statuses, media types and headers
    that are documented."""
    asked = DEFINITIONS.operation(operation)
    firsts = {item.response.status: item for item in reversed((*errors(operation), *successes(operation)))}
    for exchange in firsts.values():
        yield from _texts(operation, exchange)
        yield from _headers(asked, exchange)
    good = successes(operation)[0]
    for status in _UNDOCUMENTED:
        if status not in asked.answers:
            wrong = with_status(good, status)
            yield mutant(
                "HTTP status undocumented", HTTP, operation, wrong, {"status "}, {"status-undocumented"}, str(status)
            )


def _texts(operation: str, exchange: Exchange) -> Iterator[Mutant]:
    body, status = exchange.response.body, exchange.response.status
    half = len(body) // 2
    for kind, other, code in (
        ("body empty", b"", "body-empty"),
        ("JSON cut", body[:-1], "body-not-json"),
        ("JSON cut in half", body[:half], "body-not-json"),
        ("text after JSON", body + b"\n<!-- cached -->", "body-not-json"),
        ("byte order mark", b"\xef\xbb\xbf" + body, "body-not-json"),
        ("not UTF-8", body[:half] + b"\xce\xc4" + body[half:], "body-encoding"),
        ("UTF-16", body.decode().encode("utf-16"), "body-encoding"),
    ):
        yield mutant(kind, HTTP, operation, with_body(exchange, other), {"body "}, {code}, f"HTTP {status}")
    html = with_header(with_body(exchange, _HTML), "Content-Type", "text/html; charset=utf-8")
    places, codes = {"header /Content-Type", "body "}, {"content-type-wrong", "body-not-json"}
    yield mutant("HTML in place of JSON", HTTP, operation, html, places, codes, f"HTTP {status}")


def _headers(operation: Operation, exchange: Exchange) -> Iterator[Mutant]:
    length, status = len(exchange.response.body), exchange.response.status
    for kind, name, value, code in (
        ("content type wrong", "Content-Type", "text/html", "content-type-wrong"),
        ("content type wrong", "Content-Type", "text/plain", "content-type-wrong"),
        ("content type wrong", "Content-Type", "application/octet-stream", "content-type-wrong"),
        ("content type missing", "Content-Type", None, "content-type-wrong"),
        ("charset wrong", "Content-Type", "application/json; charset=gbk", "content-type-wrong"),
        ("charset wrong", "Content-Type", "application/json;charset=ISO-8859-1", "content-type-wrong"),
        ("Content-Length wrong", "Content-Length", str(length + 1), "content-length-wrong"),
        ("Content-Length wrong", "Content-Length", str(length - 1), "content-length-wrong"),
        ("Retry-After is no time", "Retry-After", "soon", "header-invalid"),
        ("Retry-After is no time", "Retry-After", "-1", "header-invalid"),
        ("Retry-After is no time", "Retry-After", "Mon, 30 Feb 2026 08:00:00 GMT", "header-invalid"),
        ("Date is no time", "Date", "Tue, 21 Nov 2026 25:00:00 GMT", "header-invalid"),
        ("Date is no time", "Date", "2026-11-21T08:00:00Z", "header-invalid"),
        ("Content-Encoding lies", "Content-Encoding", "gzip", "content-encoding-wrong"),
        ("Content-Encoding lies", "Content-Encoding", "br", "content-encoding-wrong"),
    ):
        wrong = with_header(exchange, name, value)
        yield mutant(kind, HTTP, operation.id, wrong, {f"header /{name}"}, {code}, f"HTTP {status}, {value}")
    for name, value in (("Content-Type", "application/json"), ("Retry-After", "1"), ("Content-Length", str(length))):
        twice = replace(exchange, response=replace(exchange.response, headers=(
            *with_header(exchange, name, None).response.headers, (name, value), (name.lower(), value))))  # fmt: skip
        places = {f"header /{name}", f"header /{name.lower()}"}
        yield mutant("header doubled", HTTP, operation.id, twice, places, {"header-doubled"}, f"HTTP {status}, {name}")
    for header in operation.answers[status].headers:
        place = {f"header /{header.name}"}
        if header.required:
            gone = with_header(exchange, header.name, None)
            yield mutant(
                "header missing", HTTP, operation.id, gone, place, {"header-missing"}, f"HTTP {status}, {header.name}"
            )
        for value in ("", "?", "not a value of it"):
            if any(header.errors(value)):
                wrong = with_header(exchange, header.name, value)
                note = f"HTTP {status}, {header.name}: {value!r}"
                yield mutant("header invalid", HTTP, operation.id, wrong, place, {"header-invalid"}, note)


def error_mutants(operation: str) -> Iterator[Mutant]:
    """Mutants of every documented error. Equivalent, and not made: a form that errors under this status have; a code that
    is documented under the other status, too; an error whose body comes with 200 by the document."""
    asked = DEFINITIONS.operation(operation)
    for example, exchange in _examples(asked):
        yield from _other_forms(asked, example, exchange)
        yield from _other_codes(asked, example, exchange)
    good = successes(operation)[0]
    for status in (status for status in asked.answers if status >= 400):
        wrong = with_status(good, status)
        places = {"status ", "body ", "body /code"}
        codes = {"error-status-wrong", "envelope-wrong", "error-code-unknown"}
        yield mutant("success under an error's status", HTTP, operation, wrong, places, codes, str(status))


def _examples(operation: Operation) -> Iterator[tuple[Example, Exchange]]:
    pairs = [example for example in operation.errors() for _ in example.statuses]
    return zip(pairs, errors(operation.id), strict=True)


def _forms(code: Any, message: str, status: int) -> dict[str, Any]:
    """An error in the form of each vendor, and of what stands in front of services."""
    return {
        "service": {"error_code": str(code), "error_msg": message},
        "gateway": {"error_msg": message, "error_code": "APIGW.0301", "request_id": "0" * 32},
        "cdm": {"errCode": str(code), "externalMessage": message},
        "iam": {"error": {"code": status, "message": message, "title": "Error"}},
        "enos": {"code": 62109, "msg": message, "data": None},
        "apim-token": {"status": 1005, "msg": message, "business": "apim-token-service", "data": None},
        "problem details": {"type": "about:blank", "title": message, "status": status},
        "Spring's": {"timestamp": 1, "status": status, "error": "Error", "path": "/"},
        "FastAPI's": {"detail": message},
        "a string": message,
        "a list": [message],
        "an empty object": {},
    }


def _other_forms(operation: Operation, example: Example, exchange: Exchange) -> Iterator[Mutant]:
    assert example.error is not None
    status = exchange.response.status
    here = {_plain(error.envelope) for error in operation.errors() if status in error.statuses}
    for name, body in _forms(example.error["code"], str(example.error.get("message", "")), status).items():
        if _plain(name) not in here:
            codes = {"envelope-wrong"} if status >= 400 else {"envelope-wrong", "member-missing", "type-wrong"}
            places = {"body ", *(f"body /{name}" for name in ("code", "msg", "status", "business", "data", "stauts"))}
            yield mutant(
                f"error in another form: {name}", HTTP, operation.id, with_json(exchange, body), places, codes, example.name
            )
    text = with_header(with_body(exchange, b"upstream connect error"), "Content-Type", "text/plain")
    places, codes = {"header /Content-Type", "body "}, {"content-type-wrong", "body-not-json"}
    yield mutant("error as bare text", HTTP, operation.id, text, places, codes, example.name)


def _plain(form: str) -> str:
    return {"gateway": "service"}.get(form, form)


def _other_codes(operation: Operation, example: Example, exchange: Exchange) -> Iterator[Mutant]:
    assert example.error is not None
    body, status = body_of(exchange), exchange.response.status
    inner, at = (body["error"], "/error/code") if example.envelope == "iam" else (body, f"/{_CODE_AT[example.envelope]}")
    name = at.rpartition("/")[2]
    unknown = json.loads(json.dumps(body))
    (unknown["error"] if inner is body.get("error") else unknown)[name] = _CODE[example.envelope]
    yield mutant("error's code unknown", HTTP, operation.id, with_json(exchange, unknown), {f"body {at}"},
                 {"error-code-unknown"}, example.name)  # fmt: skip
    same = [error for error in operation.errors() if error.error and error.error["code"] == example.error["code"]]
    elsewhere = {other for item in same for other in item.statuses}
    for other, answers in operation.answers.items():
        if other not in elsewhere and other >= 400:
            codes = {"error-status-wrong", "envelope-wrong"}
            wrong = with_status(exchange, other)
            note = f"{example.name} ({status}) under {answers.place.rpartition('/')[2]} {other}"
            yield mutant("code under another status", HTTP, operation.id, wrong, {"status ", "body "}, codes, note)
    message = next((item for item in ("error_msg", "externalMessage", "msg", "message") if item in inner), None)
    if message is not None:
        drifted = json.loads(json.dumps(body))
        (drifted["error"] if example.envelope == "iam" else drifted)[message] = "Something else went wrong"
        place = {f"body {at.rpartition('/')[0]}/{message}"}
        yield mutant("error's message drifted", HTTP, operation.id, with_json(exchange, drifted), place,
                     {"error-message-differs"}, example.name)  # fmt: skip
    if operation.vendor == "huaweicloud":
        wrong = with_status(exchange, min(operation.answers))
        yield mutant("error under a success's status", HTTP, operation.id, wrong, {"status "}, {"error-status-wrong"},
                     example.name)  # fmt: skip
