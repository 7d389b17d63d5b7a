"""The sender of the contract kit: pace, retries, methods, credentials, and no secret in any message; over real sockets."""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import json
import logging
import socket
import ssl
import threading
import time
import traceback
import zlib
from collections.abc import Callable, Iterator, Mapping
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from raw_sockets import make_certificate
from sdk_clients import PROJECT, Server

from mockserver.contract.rate_limit import RateLimit, backoff, parse_rate, retry_after
from mockserver.contract.sending import Retry, Sender, SendError
from mockserver.contract.target import target_of
from mockserver.credentials import Credentials, credentials_of, resigner, signer
from mockserver.definitions import load
from mockserver.errors import InputError
from mockserver.exchanges.exchange import Exchange
from mockserver.jobs.clock import utc
from mockserver.model import Request, Response
from mockserver.redaction.content_coding import without_coding
from mockserver.settings import DEFAULT_ACCESS_KEY, DEFAULT_APP_KEY, DEFAULT_APP_SECRET, DEFAULT_SECRET_KEY
from mockserver.vendors import signature

DEFINITIONS = load()
NOW = 1_795_248_000_000
CDM = Request("GET", f"/v1.1/{PROJECT}/clusters/6ec9a0a4-76be-4262-8697-e7af1fac7920/cdm/job/orders/status")
ENOS = Request("GET", "/batch-processing-service/v2.1/taskInstances", "action=get&userId=u&orgId=o&taskInstId=load-1")
HUAWEI = {"HUAWEICLOUD_SDK_AK": DEFAULT_ACCESS_KEY, "HUAWEICLOUD_SDK_SK": DEFAULT_SECRET_KEY}
APP = {"ENOS_APP_KEY": DEFAULT_APP_KEY, "ENOS_APP_SECRET": DEFAULT_APP_SECRET}
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"
TOKEN = "MIIsecret-token-of-the-caller-0123456789"

Script = Callable[..., "Scripted"]


class Scripted:
    """A server on 127.0.0.1 that gives one scripted answer a connection (the last one again), and keeps what it was sent."""

    def __init__(self, *answers: bytes, wait: float = 0) -> None:
        self.answers, self.wait = list(answers), wait
        self.asked: list[bytes] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            with connection, contextlib.suppress(OSError):  # the client can be gone: some tests want that
                connection.settimeout(10)
                self.asked.append(self._read(connection))
                answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
                self._ended.wait(self.wait)
                connection.sendall(answer)
                connection.shutdown(socket.SHUT_WR)

    @staticmethod
    def _read(connection: socket.socket) -> bytes:
        data = b""
        while b"\r\n\r\n" not in data and data[:1] != b"\x16" and (more := connection.recv(65_536)):
            data += more
        head, _, body = data.partition(b"\r\n\r\n")
        length = next((int(line[16:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length: ")), 0)
        while len(body) < length and (more := connection.recv(65_536)):
            body += more
        return head + b"\r\n\r\n" + body

    def close(self) -> None:
        self._ended.set()
        self._listener.shutdown(socket.SHUT_RDWR)
        self._thread.join(10)
        self._listener.close()
        assert not self._thread.is_alive()


@pytest.fixture
def script() -> Iterator[Script]:
    """Starts scripted servers, which end with the test."""
    running: list[Scripted] = []

    def script(*answers: bytes, wait: float = 0) -> Scripted:
        running.append(Scripted(*answers, wait=wait))
        return running[-1]

    yield script
    for item in running:
        item.close()


def answer(status: int, *headers: str, body: bytes = b"{}") -> bytes:
    """An answer as it goes over the wire."""
    lines = [f"HTTP/1.1 {status} Whatever", *headers, f"Content-Length: {len(body)}", "", ""]
    return "\r\n".join(lines).encode() + body


# What is sent, and what comes back


def test_an_exchange_has_what_was_sent_and_what_came(script: Script) -> None:
    """Headers come in their order, doubled ones twice; the time is real, and the origin known."""
    server = script(answer(200, "X-One: 1", "Set-Cookie: a=1", "Set-Cookie: b=2", body=b"[1]"))
    before = time.time_ns() // 1_000_000
    with Sender(server.url) as sender:
        result = sender.send(Request("GET", "/a b/é", "x=%41&y=1&y=2", {"x-custom": "v"}), source="case 1")
    assert server.asked[0].startswith(b"GET /a%20b/%C3%A9?x=%41&y=1&y=2 HTTP/1.1\r\n")
    assert f"host: 127.0.0.1:{server.port}".encode() in server.asked[0].lower()
    assert (result.response.status, result.response.body) == (200, b"[1]")
    assert [value for name, value in result.response.headers if name == "Set-Cookie"] == ["a=1", "b=2"]
    assert (result.request.headers["x-custom"], result.source, result.origin) == ("v", "case 1", server.url)
    assert result.time is not None
    assert before <= result.time <= time.time_ns() // 1_000_000
    assert result.duration is not None


def test_a_path_in_front_stays_out_of_what_is_judged(script: Script) -> None:
    """The target's own path is sent, but the exchange has the documented path."""
    server = script(OK)
    with Sender(f"{server.url}/gateway/") as sender:
        result = sender.send(Request("GET", "/v3/p/jobs"))
    assert server.asked[0].startswith(b"GET /gateway/v3/p/jobs HTTP/1.1\r\n")
    assert result.request.path == "/v3/p/jobs"


@pytest.mark.parametrize(
    ("coding", "packed"),
    [("gzip", gzip.compress(b'{"a":1}', mtime=0)), ("deflate", zlib.compress(b'{"a":1}'))],
    ids=["gzip", "deflate"],
)
def test_compressed_answers_are_unpacked(script: Script, coding: str, packed: bytes) -> None:
    """Who compresses although identity was asked for is understood, and the packed length is gone."""
    server = script(answer(200, f"Content-Encoding: {coding}", body=packed))
    with Sender(server.url) as sender:
        result = sender.send(CDM)
    assert result.response.body == b'{"a":1}'
    assert result.response.header("content-length") is None
    assert b"accept-encoding: identity" in server.asked[0].lower()


def test_redirects_are_answers(script: Script) -> None:
    """A redirect is not followed: it is what the service says."""
    server = script(answer(302, "Location: http://127.0.0.1:1/elsewhere"))
    with Sender(server.url) as sender:
        assert sender.send(CDM).response.header("location") == "http://127.0.0.1:1/elsewhere"
    assert len(server.asked) == 1


@pytest.mark.parametrize("method", ["POST", "DELETE", "put", "PATCH", "HEAD"])
def test_only_get_unless_told(script: Script, method: str) -> None:
    """Another method is refused before anything is sent, and the message says what to allow."""
    server = script(OK)
    with Sender(server.url) as sender, pytest.raises(InputError, match=rf"{method} is not sent to 127.0.0.1: allowed GET"):
        sender.send(Request(method, "/"))
    assert server.asked == []
    with Sender(server.url, allow_methods=("GET", method)) as sender:
        sender.send(Request(method, "/", body=b"" if method == "HEAD" else b"x"))
    assert server.asked[0].startswith(method.upper().encode())


@pytest.mark.parametrize("value", ["a\r\nX-Other: b", "snow ☃", "tab\t"])
def test_a_header_that_cannot_be_sent(script: Script, value: str) -> None:
    """Such a header is an InputError that names it, without its value."""
    server = script(OK)
    with Sender(server.url) as sender, pytest.raises(InputError, match="'x-auth-token' can't be sent") as caught:
        sender.send(Request("GET", "/", headers={"x-auth-token": value}))
    assert value not in str(caught.value)
    assert server.asked == []


def test_netrc_and_cookies_add_nothing(script: Script, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is sent that the caller didn't ask for: no password of ~/.netrc, no cookie of an answer before."""
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login ann password s3cret\n")
    monkeypatch.setenv("NETRC", str(netrc))
    server = script(answer(200, "Set-Cookie: sid=1; Path=/"))
    with Sender(server.url) as sender:
        sender.send(CDM)
        sender.send(CDM)
    assert len(server.asked) == 2
    assert not any(name in item.lower() for item in server.asked for name in (b"authorization", b"cookie"))


# Pace and retries


class Time:
    """A clock that only sleep moves."""

    def __init__(self) -> None:
        self.now, self.slept = 100.0, list[float]()

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


@pytest.mark.parametrize(("text", "rate"), [("2/s", 2), ("30/min", 0.5), ("90 / m", 1.5), ("1800/hour", 0.5), ("none", 0)])
def test_rates(text: str, rate: float) -> None:
    """A rate is a number in a second, minute or hour."""
    assert parse_rate(text) == rate


@pytest.mark.parametrize("text", ["", "2", "0/s", "-1/s", "2/day", "fast", "1e9/s", "nan/s"])
def test_wrong_rates(text: str) -> None:
    """What isn't a rate is refused, with what is allowed."""
    with pytest.raises(InputError, match="allowed: 2/s"):
        parse_rate(text)


def test_requests_keep_their_distance() -> None:
    """Two in a second means half a second between them, however quickly they are asked for; idle time is not saved up."""
    clock = Time()
    pacer = RateLimit(2, clock, clock.sleep)
    for _ in range(4):
        pacer.wait()
    assert clock.slept == [0.5, 0.5, 0.5]
    clock.now += 60
    pacer.wait()
    pacer.wait()
    assert clock.slept == [0.5] * 4


def test_the_default_rate_is_polite_to_others_only(script: Script, monkeypatch: pytest.MonkeyPatch) -> None:
    """This machine is asked as fast as it answers, another host twice in a second, unless told otherwise."""
    server = script(OK)
    rates: list[float] = []
    monkeypatch.setattr("mockserver.contract.sending.RateLimit", lambda rate, **_: rates.append(rate))
    for url, rate in ((server.url, None), ("https://cdm.example.com", None), ("https://cdm.example.com", 10.0)):
        Sender(url, rate=rate).close()
    assert rates == [0, 2, 10]


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("0", 0), ("7", 7), (" 30 ", 30), ("9" * 30, 999_999_999_999), (None, None), ("", None), ("-1", None), ("1.5", None),
        ("soon", None), ("Sat, 99 Nov 2026 08:00:30 GMT", None), (format_datetime(utc(NOW + 30_000), usegmt=True), 30),
        (format_datetime(utc(NOW - 30_000), usegmt=True), 0), (utc(NOW + 5_000).strftime("%A, %d-%b-%y %H:%M:%S GMT"), 5),
    ],
)  # fmt: skip
def test_forms_of_retry_after(value: str | None, seconds: float | None) -> None:
    """Retry-After is a number of seconds or a date, now and in the past; anything else is none."""
    assert retry_after(value, NOW) == seconds


@given(st.text())
def test_no_retry_after_breaks_the_sender(value: str) -> None:
    """Whatever stands there is a number of seconds or none."""
    result = retry_after(value, NOW)
    assert result is None or result >= 0


def retried(script: Script, *answers: bytes, **options: Any) -> tuple[Exchange, list[float], list[Retry], int]:
    """The last exchange, the waits, what was reported, and how often the server was asked."""
    server = script(*answers)
    slept: list[float] = []
    told: list[Retry] = []
    with Sender(server.url, sleep=slept.append, report=told.append, **options) as sender:
        result = sender.send(CDM)
    return result, slept, told, len(server.asked)


def test_a_refusal_is_waited_for_as_it_asks(script: Script) -> None:
    """429 and 503 with Retry-After are asked again after just that time, and each retry is reported with its exchange."""
    found, slept, told, asked = retried(script, answer(429, "Retry-After: 3"), answer(503, "Retry-After: 5"), OK)
    assert (found.response.status, slept, asked) == (200, [3, 5], 3)
    assert [(item.attempt, item.exchange.response.status) for item in told] == [(1, 429), (2, 503)]
    assert str(told[0]) == "HTTP 429 to attempt 1: Retry-After, again in 3 s"


def test_without_retry_after_waits_double(script: Script) -> None:
    """429 alone backs off exponentially, and after the bounded number of retries the refusal is the answer."""
    found, slept, told, asked = retried(script, answer(429), retries=5)
    assert (found.response.status, slept, asked, len(told)) == (429, [1, 2, 4, 8, 16], 6, 5)
    assert backoff(3) == 4


def test_what_is_not_retried(script: Script) -> None:
    """A 503 without Retry-After, a 500, and a wait beyond the cap are answers at once."""
    for item in (answer(503), answer(500, "Retry-After: 1"), answer(429, "Retry-After: 121")):
        found, slept, _, asked = retried(script, item, OK)
        assert (found.response.status, slept, asked) == (int(item[9:12]), [], 1)


def test_a_case_can_want_the_refusal(script: Script) -> None:
    """With retry=False a 429 is the answer."""
    server = script(answer(429, "Retry-After: 1"))
    with Sender(server.url) as sender:
        assert sender.send(CDM, retry=False).response.status == 429
    assert len(server.asked) == 1


def test_a_connection_that_was_closed_at_rest_is_no_failure(script: Script) -> None:
    """The service closes a connection between two requests without saying so: the second one comes through all the same."""
    server = script(OK)
    with Sender(server.url) as sender:
        for number in range(1, 6):
            assert sender.send(CDM).response.status == 200
            assert len(server.asked) == number


# Failures of the network


def failing(url: str, **options: Any) -> SendError:
    """The error of a request that has secrets wherever one can be."""
    request = Request("GET", f"/v3/{PROJECT}/jobs", f"token={TOKEN}", {"x-auth-token": TOKEN})
    with Sender(url, **options) as sender, pytest.raises(SendError) as caught:
        sender.send(request)
    assert TOKEN not in "".join(traceback.format_exception(caught.value))
    assert caught.value.__context__ is None
    return caught.value


def test_nobody_listens() -> None:
    """A refused connection says host, cause and what to look at."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    assert str(failing(f"http://127.0.0.1:{port}")).startswith(f"no answer from 127.0.0.1:{port}: it refuses connections")


@pytest.mark.parametrize(
    ("sent", "cause"),
    [
        (b"", "it closed the connection"),
        (b"this is not HTTP\r\n\r\n", "it closed the connection, or what it sent is not HTTP"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n{}", "it closed the connection in the middle of its answer"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab", "it closed the connection"),
    ],
)
def test_answers_that_break_off(script: Script, sent: bytes, cause: str) -> None:
    """An answer that doesn't come whole is no answer: the error says how it ended."""
    assert cause in str(failing(script(sent).url))


def test_an_answer_too_late(script: Script) -> None:
    """A service that says nothing in time is given up."""
    assert "did not answer in time" in str(failing(script(OK, wait=20).url, timeout=(1, 0.2)))


def test_an_answer_in_drops_does_not_hang() -> None:
    """The time limit holds for the whole answer, however often a byte of it comes."""

    def drip(listener: socket.socket) -> None:
        connection, _ = listener.accept()
        with connection:
            connection.recv(65_536)
            connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
            try:
                for _ in range(2_000):
                    connection.sendall(b"1\r\nx\r\n")
                    time.sleep(0.01)
            except OSError:
                return

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=drip, args=(listener,), daemon=True)
        thread.start()
        assert "did not answer in time" in str(failing(f"http://127.0.0.1:{listener.getsockname()[1]}", timeout=(1, 0.3)))
        thread.join(10)
        assert not thread.is_alive()


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for 127.0.0.1 that nobody vouches for, and its key, in one file."""
    return make_certificate(tmp_path_factory.mktemp("tls"))


@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_tls_is_verified(certificate: Path, caplog: pytest.LogCaptureFixture) -> None:
    """An unknown certificate is refused with advice; --ca-bundle and --insecure let it in."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            while True:
                try:
                    plain, _ = listener.accept()
                except OSError:
                    return
                try:
                    with context.wrap_socket(plain, server_side=True) as connection:
                        Scripted._read(connection)
                        connection.sendall(OK)
                except OSError:
                    plain.close()

        threading.Thread(target=serve, daemon=True).start()
        url = f"https://127.0.0.1:{listener.getsockname()[1]}"
        assert "its certificate is not trusted (self-signed certificate); --ca-bundle" in str(failing(url))
        for options in ({"ca_bundle": str(certificate)}, {"insecure": True}):
            with Sender(url, **options) as sender:
                assert sender.send(CDM).response.status == 200
        listener.shutdown(socket.SHUT_RDWR)


def test_files_of_certificates_are_checked_first(tmp_path: Path) -> None:
    """A file that isn't there, or holds none, is an InputError before anything is sent."""
    (tmp_path / "empty.pem").write_text("nothing")
    for name, reason in (("missing.pem", "No such file"), ("empty.pem", "not certificates in PEM form")):
        with pytest.raises(InputError, match=reason):
            Sender("https://example.com", ca_bundle=str(tmp_path / name))


def test_plain_http_at_an_https_port(script: Script) -> None:
    """TLS spoken to a server without it says so."""
    assert "TLS failed" in str(failing(script(OK).url.replace("http", "https")))


def test_a_proxy_of_the_environment_is_for_others(script: Script, monkeypatch: pytest.MonkeyPatch) -> None:
    """HTTP_PROXY is taken to another host, and never to this machine."""
    proxy, server = script(OK), script(answer(201))
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    for name in ("http_proxy", "HTTP_PROXY"):
        monkeypatch.setenv(name, f"http://ann:pa55@127.0.0.1:{proxy.port}")
    with Sender("http://cdm.example.invalid") as far, Sender(server.url) as near:
        assert (far.send(CDM).response.status, near.send(CDM).response.status) == (200, 201)
    assert proxy.asked[0].startswith(b"GET http://cdm.example.invalid/v1.1/")


@pytest.mark.parametrize(
    "url",
    [
        "",
        "cdm.example.com",
        "ftp://x",
        "https://",
        "http://h:99999",
        "https://h/?token=s3cret",
        "https://h/ü",
        "http://[::1",
    ],
)
def test_wrong_targets(url: str) -> None:
    """What is no service's URL is refused with what is allowed."""
    with pytest.raises(InputError, match="allowed: http") as caught:
        target_of(url)
    assert "s3cret" not in str(caught.value)


def test_a_target_with_a_password() -> None:
    """Credentials in a URL are refused, and not repeated."""
    with pytest.raises(InputError, match="credentials in the environment") as caught:
        target_of("https://ann:s3cret@example.com")
    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "authority", "loopback"),
    [
        ("https://Example.com:443/", "example.com", False), ("http://localhost", "localhost", True),
        ("http://[::1]:8080/a/", "[::1]:8080", True), ("http://127.0.0.2:80", "127.0.0.2", True),
        ("https://127.evil.com", "127.evil.com", False), ("http://0.0.0.0:1", "0.0.0.0:1", False),
    ],
)  # fmt: skip
def test_targets(url: str, authority: str, loopback: bool) -> None:
    """Host header and politeness follow from the URL."""
    target = target_of(url)
    assert (target.authority, target.loopback) == (authority, loopback)


# Unpacking


@pytest.mark.parametrize("coding", ["br", "gzip, br", "gzip"])
def test_what_cannot_be_unpacked_stays(coding: str) -> None:
    """An unknown coding, or a body that isn't in it, leaves headers and body as they came."""
    headers = (("Content-Encoding", coding), ("Content-Length", "3"))
    assert without_coding(headers, b"abc") == (headers, b"abc")


def test_a_bomb_is_not_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    """A body that grows beyond the limit stays packed."""
    monkeypatch.setattr("mockserver.redaction.content_coding.LIMIT", 1_000)
    packed = gzip.compress(b"0" * 1_001)
    assert without_coding((("content-encoding", "gzip"),), packed)[1] == packed
    assert without_coding((("content-encoding", "gzip"),), gzip.compress(b"0" * 1_000))[1] == b"0" * 1_000


def test_codings_are_undone_from_the_last() -> None:
    """Twice packed is twice unpacked; bare deflate is understood as browsers do."""
    bare = zlib.compressobj(wbits=-15)
    packed = gzip.compress(bare.compress(b"text") + bare.flush())
    assert without_coding((("Content-Encoding", "deflate, gzip"), ("X", "1")), packed) == ((("X", "1"),), b"text")


# Credentials, against our own server that verifies them


def sender_for(server: Server, environment: Mapping[str, str]) -> Sender:
    """A sender that signs, as `verify --target` makes it."""
    token_sender = Sender(server.url, allow_methods=("POST",))
    sign = signer(DEFINITIONS, credentials_of(environment), lambda request: token_sender.send(request, signed=False))
    return Sender(server.url, sign)


@pytest.mark.parametrize(
    "request_",
    [
        CDM,
        Request("GET", f"/v3/{PROJECT}/jobs", "id=31b8ae23-c687-4d80-b7b4-42a66c9bb886"),
        ENOS,
        Request("GET", "/v3/projects", "name=x%20y"),
    ],
)
def test_signatures_are_right(strict_server: Server, request_: Request) -> None:
    """The verifying server lets them in: AK/SK, and EnOS's token with its signature."""
    with sender_for(strict_server, {**HUAWEI, **APP, "HUAWEICLOUD_SDK_PROJECT_ID": PROJECT}) as sender:
        result = sender.send(request_)
    assert result.response.status == 200, result.response
    assert json.loads(result.response.body).get("code", 0) == 0


def test_a_wrong_key_is_refused(strict_server: Server) -> None:
    """The test above can fail: with another secret key the server answers 401."""
    with sender_for(strict_server, {**HUAWEI, "HUAWEICLOUD_SDK_SK": "wrong"}) as sender:
        assert sender.send(CDM).response.status == 401
        assert sender.send(CDM, signed=False).response.status == 401


def test_an_odd_path_is_signed_as_it_is_sent(strict_server: Server) -> None:
    """Spaces, Chinese, percent signs and dots in a name don't break the signature."""
    for name in ("a b", "任务", "50%", "a..b", "x+y", "~tilde", "semi;colon"):
        path = CDM.path.replace("orders", name)
        with sender_for(strict_server, HUAWEI) as sender:
            assert sender.send(Request("GET", path)).response.status == 200, name


def test_a_token_is_sent_where_there_is_no_key(script: Script) -> None:
    """MOCKSERVER_TOKEN becomes X-Auth-Token; a key goes before it; a path without credentials gets none."""
    server = script(OK)
    with Sender(server.url, signer(DEFINITIONS, credentials_of({"MOCKSERVER_TOKEN": TOKEN}))) as sender:
        assert sender.send(CDM).request.headers["x-auth-token"] == TOKEN
    both = signer(DEFINITIONS, credentials_of({"MOCKSERVER_TOKEN": TOKEN, **HUAWEI}))
    assert set(both(Request("GET", "/v3/projects", headers={"host": "h"}))) == {"authorization", "x-sdk-date"}
    assert both(Request("POST", "/v3/auth/tokens")) == {}


def test_a_temporary_key_sends_its_token() -> None:
    """HUAWEICLOUD_SDK_SECURITY_TOKEN is sent and signed."""
    sign = signer(DEFINITIONS, credentials_of({**HUAWEI, "HUAWEICLOUD_SDK_SECURITY_TOKEN": TOKEN}))
    proof = sign(Request("GET", "/v3/projects", headers={"host": "h"}))
    assert proof["x-security-token"] == TOKEN
    assert "SignedHeaders=host;x-sdk-date;x-security-token" in proof["authorization"]


def test_a_prefix_is_signed_but_does_not_hide_the_vendor() -> None:
    """Behind a path of the target's own the right vendor signs, and what is signed is the whole path."""
    request = Request("GET", f"/gateway{CDM.path}", headers={"host": "h"})
    proof = signer(DEFINITIONS, credentials_of(HUAWEI), now=lambda: NOW, prefix="/gateway")(request)
    whole = Request("GET", request.path, "", {"host": "h", **proof})
    parts = signature.canonical_request(whole, ["host", "x-sdk-date"])
    assert proof["authorization"].endswith(f"Signature={signature.sign(parts, proof['x-sdk-date'], DEFAULT_SECRET_KEY)}")
    enos = signer(DEFINITIONS, credentials_of(HUAWEI), prefix="/gateway")
    with pytest.raises(InputError, match="set ENOS_APP_KEY"):
        enos(Request("GET", f"/gateway{ENOS.path}"))


def test_enos_tokens_are_kept_until_they_expire() -> None:
    """One token serves many requests, and a new one is got a minute before its end."""
    clock, asked = [NOW], list[Request]()

    def send(request: Request) -> Exchange:
        asked.append(request)
        body = {"status": 0, "data": {"accessToken": f"t{len(asked)}", "expire": 7_200}}
        return Exchange(request, Response(200, (), json.dumps(body).encode()))

    sign = signer(DEFINITIONS, credentials_of(APP), send, lambda: clock[0])
    tokens = []
    for second in (0, 7_139, 7_141):
        clock[0] = NOW + second * 1_000
        tokens.append(sign(ENOS)["apim-accesstoken"])
    assert tokens == ["t1", "t1", "t2"]
    proof = json.loads(asked[0].body)
    text = f"{DEFAULT_APP_KEY}{NOW}{DEFAULT_APP_SECRET}"
    assert proof == {"appKey": DEFAULT_APP_KEY, "encryption": hashlib.sha256(text.encode()).hexdigest(), "timestamp": NOW}


def test_enos_refuses_the_app() -> None:
    """No token: the error has what the gateway said, without key, secret and proof that the gateway repeats."""

    def send(request: Request) -> Exchange:
        return Exchange(request, Response(200, (), b'{"status": 1, "msg": "no ' + request.body.replace(b'"', b"'") + b'"}'))

    with pytest.raises(InputError, match=r"gave no access token.*check ENOS_APP_KEY") as caught:
        signer(DEFINITIONS, credentials_of(APP), send, lambda: NOW)(ENOS)
    proof = hashlib.sha256(f"{DEFAULT_APP_KEY}{NOW}{DEFAULT_APP_SECRET}".encode()).hexdigest()
    assert not any(secret in str(caught.value) for secret in (DEFAULT_APP_KEY, DEFAULT_APP_SECRET, proof))


@pytest.mark.parametrize("missing", ["HUAWEICLOUD_SDK_AK", "HUAWEICLOUD_SDK_SK", "ENOS_APP_KEY", "ENOS_APP_SECRET"])
def test_half_a_pair(missing: str) -> None:
    """Half of a pair is a mistake that names the missing variable."""
    with pytest.raises(InputError, match=f"but {missing} is not"):
        credentials_of({name: value for name, value in {**HUAWEI, **APP}.items() if name != missing})


def test_credentials_that_cannot_be() -> None:
    """A line's end within a credential is found before it breaks a header; its value is not shown."""
    with pytest.raises(InputError, match="MOCKSERVER_TOKEN holds") as caught:
        credentials_of({"MOCKSERVER_TOKEN": "abc\ndef"})
    assert "abc" not in str(caught.value)


def test_no_credentials_at_all() -> None:
    """Without any the error names the variables; signing again needs the key."""
    with pytest.raises(InputError, match="HUAWEICLOUD_SDK_AK and HUAWEICLOUD_SDK_SK, or MOCKSERVER_TOKEN"):
        signer(DEFINITIONS, Credentials())(CDM)
    with pytest.raises(InputError, match="--resign needs"):
        resigner(Credentials())


# Secrets


def test_no_secret_is_ever_shown(
    script: Script, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str], strict_server: Server
) -> None:
    """With every logger at DEBUG, neither logs nor output nor errors nor reprs hold a credential."""
    secrets = {DEFAULT_SECRET_KEY, DEFAULT_APP_SECRET, TOKEN, DEFAULT_ACCESS_KEY, DEFAULT_APP_KEY}
    caplog.set_level(logging.DEBUG)
    everything = {**HUAWEI, **APP, "MOCKSERVER_TOKEN": TOKEN}
    said = [repr(credentials_of(everything))]
    with sender_for(strict_server, everything) as sender:
        result = [sender.send(CDM), sender.send(ENOS)]
    secrets |= {result[0].request.headers["authorization"].rpartition("=")[2]}
    secrets |= {result[1].request.headers[name] for name in ("apim-accesstoken", "apim-signature")}
    request = Request("GET", "/v3/p/jobs", f"access_token={TOKEN}&id=1", {"x-auth-token": TOKEN})
    for sent in (OK, b"", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n", answer(429, "Retry-After: 0")):
        with Sender(script(sent).url, report=lambda retry: said.append(str(retry))) as sender:
            try:
                sender.send(request)
            except SendError as error:
                said.append("".join(traceback.format_exception(error)))
    assert "GET /v3/p/jobs" in caplog.text
    output = capfd.readouterr()
    whole = "\n".join([*said, caplog.text, output.out, output.err])
    assert not [secret for secret in secrets if secret in whole]
