"""What each vendor's SDK makes of each kind of answer, over real sockets: looked at, and written as Markdown.

`docs/sdk-behaviour.md` is made of it by `python tests/make_sdk_behaviour.py > docs/sdk-behaviour.md`.
"""

from __future__ import annotations

import contextlib
import io
import json
import logging
import re
import socket
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from importlib.metadata import version
from typing import Any
from urllib.parse import urlencode

from poseidon import poseidon
from sdk_clients import SDKS, Sdk

from mockserver.definitions import load
from mockserver.faults.kinds import KINDS
from mockserver.testing.mock_server import MockServer
from mockserver.testing.running import running
from mockserver.torture_rack.service_profiles import ServiceProfile, profile_of

PACKAGES = {
    "cdm": "huaweicloudsdkcdm", "taurusdb": "huaweicloudsdkgaussdb", "tics": "huaweicloudsdktics",
    "dataarts": "huaweicloudsdkdataartsstudio", "enos": "enos-poseidon",
}  # fmt: skip
NOT_FOUND = {
    "cdm": "job-not-found", "taurusdb": "job-not-found", "tics": "league-not-found", "dataarts": "job-not-found",
    "enos": "incorrect-parameter",
}  # fmt: skip
ENOS = {"action": "get", "taskInstId": "nightly", "userId": "u", "orgId": "o"}
_WORDS = 55
_REAL_SECONDS = 0.3


_EITHER = ("`ConnectionResetError`", "`IncompleteRead` of http")
"""What a reset in the middle of a body raises is a race of the data with the reset."""


@dataclass(frozen=True)
class Case:
    """A kind of answer: its name, and the faults that make it. `tls`: the client is told to speak TLS."""

    name: str
    fault: Callable[[ServiceProfile], dict[str, Any]]
    target: str = ""
    tls: bool = False


def _same(**fault: Any) -> Callable[[ServiceProfile], dict[str, Any]]:
    return lambda _dialect: fault


def _patched(value: Any, code: Any = None) -> Callable[[ServiceProfile], dict[str, Any]]:
    return lambda dialect: {"patch": dialect.says(value, code)}


def _json(value: Any) -> Callable[[ServiceProfile], dict[str, Any]]:
    return _same(body=json.dumps(value), content_type="application/json")


def _kind(name: str) -> Case:
    value: Any = {"type": name, "chunks": 5, "duration": 0.05} if name == "SLOW_DRIBBLE" else name
    target = "*" if KINDS[name].listener else ""
    return Case(f"{name}: {KINDS[name].summary}", _same(fault=value), target, name == "TLS_ERROR")


CASES = (
    Case("an ordinary answer", lambda _dialect: {"delay": 0}),
    Case("no such job, in the vendor's envelope", lambda dialect: {"error": NOT_FOUND[dialect.service]}),
    Case("401, in the gateway's envelope", _same(status=401)),
    Case("429, with Retry-After: 1", _same(status=429, retry_after=1)),
    Case("500, in the vendor's envelope", _same(status=500)),
    Case("502, an HTML page", _same(status=502)),
    Case("503, an HTML page", _same(status=503)),
    Case("503, JSON without the vendor's members", _same(status=503, body={"oops": 1})),
    Case("503, no body", _same(status=503, body="")),
    Case("302 to a login page", _same(status=302, body="", headers={"Location": "/login"})),
    *(_kind(name) for name in KINDS),
    Case("the JSON as text/plain", _same(headers={"Content-Type": "text/plain"})),
    Case("`{}`", _json({})),
    Case("`[]`", _json([])),
    Case("`null`", _json(None)),
    Case("`\"text\"`", _json("text")),
    Case("no runs: an empty list, or null", lambda d: {"patch": [{"op": "replace", "path": d.rows, "value": d.no_rows}]}),
    Case("an undocumented status, `ARCHIVED` (EnOS: 42)", _patched("ARCHIVED", 42)),
    Case("status `null`", lambda d: {"patch": [{"op": "replace", "path": p, "value": None} for p in _places(d)]}),
    Case("no status", lambda d: {"patch": [{"op": "remove", "path": p} for p in _places(d)]}),
    Case("status `3`, a number (EnOS: the text `\"3\"`)", _patched(3, "3")),
    Case("status `{\"a\": 1}`, an object", _patched({"a": 1}, {"a": 1})),
)  # fmt: skip


def _places(dialect: ServiceProfile) -> list[str]:
    return [path for path in (dialect.status, dialect.codes) if path]


@dataclass
class Found:
    """What came out: the SDK's answer or exception in words, and how many calls it made."""

    told: str
    calls: int
    gave_up: float | None = field(default=None)


def observe(service: str, case: Case) -> Found:
    """One call of the service's SDK, answered with the case."""
    dialect = profile_of(load(), service)
    with running(speed=0.0, allow_unexpected=True) as mock, _quiet() as printed, _timeouts("HANG" in case.name) as waited:
        mock.job(service, life=[(dialect.running, None)])
        mock.fail(case.target or service, **case.fault(dialect))
        told = _told(service, lambda: _ask(service, mock, case.tls))
        said = " ".join(printed.getvalue().split())
        if case.name.startswith("CLOSE_MID_BODY") and told.removeprefix("raises ") in _EITHER:
            told = f"raises {' or '.join(_EITHER)}"
        told += f"; prints `{_cut(said)}`" if said else ""
        longest = max((item for item in waited if item), default=None) if "HANG" in case.name else None
        return Found(told, len(mock.seen), longest)


def _ask(service: str, mock: MockServer, tls: bool) -> Any:
    url = mock.url.replace("http:", "https:") if tls else mock.url
    if service == "enos":
        who = mock.credentials
        path = f"/batch-processing-service/v2.1/taskInstances?{urlencode(ENOS)}"
        return poseidon.urlopen(who.app_key, who.app_secret, url + path)
    client = mock.sdk(service)
    if tls:
        client._endpoints[:] = [url]
    return getattr(client, _sdk(service).call)(_sdk(service).request())


def _sdk(service: str) -> Sdk:
    return next(sdk for sdk in SDKS if sdk.service == service)


def _told(service: str, ask: Callable[[], Any]) -> str:
    try:
        answer = ask()
    except Exception as error:
        return f"raises {_raised(error)}"
    return f"gives {_given(service, answer)}"


def _raised(error: Exception) -> str:
    module = type(error).__module__.partition(".")[0]
    name = f"`{type(error).__name__}`" + ("" if module in ("huaweicloudsdkcore", "builtins") else f" of {module}")
    if not hasattr(error, "status_code"):
        return name
    told = [f"{field} {_code(error, field)}" for field in ("error_code", "error_msg")]
    return f"{name}, status_code {error.status_code}, {', '.join(told)}"


def _code(error: Exception, name: str) -> str:
    text = re.sub(r"port=\d+|[0-9a-f]{32}", "...", " ".join(str(getattr(error, name, None)).split()))
    return f"`{_cut(text)}`"


def _cut(text: str) -> str:
    text = re.sub(r"(Errno) \d+|(\[SSL: \w+\]).*", r"\1\2", text).replace("|", "/").replace("`", "'")
    return text if len(text) <= _WORDS else text[:_WORDS] + "..."


def _given(service: str, answer: Any) -> str:
    """An answer in words: its status, or where the way to it ends."""
    if answer is None or isinstance(answer, list | int | float):
        return f"`{answer!r}`"
    ways = {
        "cdm": ("submissions", 0, "status"), "taurusdb": ("job", "status"), "tics": ("lists", 0, "status"),
        "dataarts": ("body", "rows", 0, "status"), "enos": ("data", "status"),
    }  # fmt: skip
    if isinstance(answer, str):
        return f"the text `{_cut(' '.join(answer.split()))}`" if answer else "an empty text"
    if service == "enos" and answer.get("code"):
        return f"a dict with code `{answer['code']}`, msg `{answer.get('msg')}`"
    return _along(answer, ways[service], "a dict with " if service == "enos" else "a model with ")


def _along(value: Any, way: tuple[str | int, ...], words: str) -> str:
    gone = ""
    for step in way:
        if gone == "body" and isinstance(value, str):
            try:
                value = json.loads(value)
            except ValueError:
                return f"{words}body, which is not JSON"
        try:
            value = getattr(value, str(step)) if hasattr(value, str(step)) else value[step]
        except (LookupError, TypeError):
            return f"{words}{gone} `{value!r}`" if gone and not value else f"{words}no {step}"
        gone += f".{step}" if gone and isinstance(step, str) else f"[{step}]" if gone else str(step)
    return f"{words}{gone} `{value!r}`"


@contextlib.contextmanager
def _quiet() -> Iterator[io.StringIO]:
    printed = io.StringIO()
    logging.disable(logging.CRITICAL)
    try:
        with contextlib.redirect_stdout(printed), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield printed
    finally:
        logging.disable(logging.NOTSET)


@contextlib.contextmanager
def _timeouts(short: bool) -> Iterator[list[float | None]]:
    """What clients ask for is noted; where nothing will come, they wait a moment instead of long."""
    limit = _REAL_SECONDS if short else 60.0
    name, original, noted = "settimeout", socket.socket.settimeout, list[float | None]()

    def settimeout(one: socket.socket, value: float | None) -> None:
        if value and value > 1:
            noted.append(value)
        original(one, min(value, limit) if value and value > 1 else value)

    setattr(socket.socket, name, settimeout)
    try:
        yield noted
    finally:
        delattr(socket.socket, name)


HEAD = """# What the vendors' SDKs make of each answer

Seen over real sockets, with the SDKs as they come: one call, one answer of this kind, every time it asks. Made by
`python tests/make_sdk_behaviour.py > docs/sdk-behaviour.md`; a test holds this page to what is seen. Ports and ids are
left out, long texts cut. "calls" are the requests that the mock got: the SDK's own retries are among them.

Made with: {versions}.

What stands out:

- Huawei Cloud's SDKs make `ServiceResponseException`s of 4xx and 5xx and `ConnectionException` of connections that break
  before the body, a read timeout (120 s by default) among them; when the body breaks, `ChunkedEncodingError` of `requests`
  comes through. By default they repeat nothing.
- What has status 200 and is not JSON, and redirects, which they don't follow, raise nothing: they give a model whose
  members are `None`, and the loop's next line raises `TypeError`. Half of an answer looks like that, too.
- Of a 429 nothing is left: urllib3 raises before the SDK looks at the answer, so neither the vendor's code nor Retry-After
  can be had.
- CDM's own errors (`errCode`, `externalMessage`) are not in a form that the SDK reads: `error_code` is the HTTP status, and
  the code stands in the text of `error_msg`.
- No SDK looks at a status: undocumented ones and null are handed on. Huawei Cloud's models make text of numbers and
  objects.
- Poseidon prints HTTP errors and gives `None`, so a 401 can't be told from a 502; what is no JSON comes as text; what breaks
  comes as an exception of `http.client` or `socket`. It follows redirects. Its default timeout is 2.5 hours.
"""


def document() -> str:
    """The whole page."""
    lines = [HEAD.format(versions=", ".join(versions()))]
    for service, package in PACKAGES.items():
        lines += [f"## {package} ({service})", "", "| answer | what the SDK makes of it | calls |", "|---|---|---|"]
        lines += [row(case, observe(service, case)) for case in CASES]
        lines.append("")
    return "\n".join(lines)


def row(case: Case, found: Found) -> str:
    """A line of a table."""
    wait = f"; its timeout is {found.gave_up:g} s" if found.gave_up else ""
    return f"| {case.name} | {found.told}{wait} | {found.calls} |"


def versions() -> list[str]:
    """The packages that are looked at, and their versions."""
    names = [*PACKAGES.values(), "huaweicloudsdkcore", "requests", "urllib3"]
    return [f"{name} {version(name)}" for name in names]
