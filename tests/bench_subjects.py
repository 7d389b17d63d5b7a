"""What `bench_server.py` measures: this project's server, the limits of its building blocks, and peers."""

from __future__ import annotations

import importlib.util
import json
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from mockserver.definitions import Definitions, Operation, load
from mockserver.definitions.bundle import bundle
from mockserver.mock import Mock
from mockserver.model import Request
from mockserver.version import __version__

TOKEN = {"X-Auth-Token": "t", "apim-accesstoken": "t"}
VALUES = {
    "project_id": "1551c7f6c808414d8e9f3c514a170f2e",
    "cluster_id": "6ec9a0a4-76be-4262-8697-e7af1fac7920",
    "job_name": "jdbc2hive",
    "task_id": "937987",
    "instance": "b88c445407b24283aa949f9833a38fd8",
    "start_time": "0",
    "end_time": "1900000000000",
    "offset": "0",
    "limit": "10",
    "league_id": "league1",
    "id": "a03b1b8a-b756-467c-8a49-38720c3d23ec",
    "taskInstId": "load-1",
    "userId": "u1",
    "orgId": "o1",
    "action": "get",
}
STATUS_CALLS = ("ShowJobStatus", "ShowInstanceInfos", "GetTaskInstance", "ShowGaussMySqlJobInfo", "ListInstanceHistory")
"""The five job-status calls, the mix; the first one is the one endpoint."""

_PROTOCOL = """
import asyncio, sys, httptools, uvloop
answer = sys.argv[2].encode()
wire = b"HTTP/1.1 200 OK\\r\\nContent-Type: application/json\\r\\nContent-Length: %d\\r\\n\\r\\n" % len(answer) + answer
class P(asyncio.Protocol):
    def connection_made(self, transport):
        self.transport, self.parser = transport, httptools.HttpRequestParser(self)
    def data_received(self, data):
        self.parser.feed_data(data)
    def on_message_complete(self):
        self.transport.write(wire)
async def main():
    server = await asyncio.get_running_loop().create_server(P, "127.0.0.1", int(sys.argv[1]))
    await server.serve_forever()
uvloop.run(main())
"""
_WSGI = """
import sys
from granian import Granian
answer = sys.argv[2].encode()
def app(environ, start_response):
    start_response("200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(answer)))])
    return [answer]
if __name__ == "__main__":
    Granian("__main__:app", "127.0.0.1", int(sys.argv[1]), interface="wsgi", workers=1, blocking_threads=1,
            log_enabled=False).serve(target_loader=lambda *_: app)
"""
_HTTPSERVER = """
import json, sys, time
from pytest_httpserver import HTTPServer
server = HTTPServer("127.0.0.1", int(sys.argv[1]))
for path, body in json.loads(sys.argv[2]):
    server.expect_request(path).respond_with_data(body, content_type="application/json")
server.start()
while True:
    server.log.clear()
    time.sleep(1)
"""


@dataclass(frozen=True)
class Subject:
    """A server to measure: `command` starts it on a port; `checks` is what it checks of a request; `group` is ours, limit or
    peer; `only_one`: it answers one endpoint only."""

    name: str
    group: str
    checks: str
    command: Callable[[int, Path], list[str]]
    only_one: bool = False


def target_of(operation: Operation, **values: str) -> str:
    """The request target of an operation, with these values of its parameters."""
    known = {**VALUES, **values}
    query = {p.name: known[p.name] for p in operation.parameters if p.location == "query" and p.name in known}
    return operation.path.format(**known) + (f"?{urlencode(query)}" if query else "")


def headers_of(operation: Operation) -> dict[str, str]:
    """The headers that it needs."""
    own = {p.name: VALUES[p.name] for p in operation.parameters if p.location == "header" and p.name in VALUES}
    return {**TOKEN, **own}


def answers(definitions: Definitions) -> list[tuple[Operation, str]]:
    """The five calls, and an answer to each."""
    mock, made = Mock(definitions=definitions), []
    for name in STATUS_CALLS:
        operation = definitions.operation(name)
        path, _, query = target_of(operation).partition("?")
        headers = {key.lower(): value for key, value in headers_of(operation).items()}
        response = mock.handle(Request("GET", path, query, headers))
        assert response.status == 200, (name, response)
        made.append((operation, response.body.decode()))
    return made


def ours(*options: str) -> Callable[[int, Path], list[str]]:
    """The command that serves this project's mock."""
    return lambda port, _: [sys.executable, "-m", "mockserver", "serve", "--port", str(port), *options]


def subjects(peers: Path | None) -> list[Subject]:
    """Everything that can be started here, this project's first."""
    made = answers(load())
    one = made[0][1]
    stubs = json.dumps([(target_of(operation).partition("?")[0], body) for operation, body in made])
    everything = "path, parameters, credentials; state, journal"
    result = [
        Subject("ours", "ours", everything, ours("--no-access-log")),
        Subject("ours, access log", "ours", everything + ", log", ours("--access-log")),
    ]
    if importlib.util.find_spec("uvloop") and importlib.util.find_spec("httptools"):
        result.append(_python("bare protocol (httptools, uvloop)", "limit", "nothing", _PROTOCOL, one, True))
    if importlib.util.find_spec("granian"):
        result.append(_python("bare WSGI (granian)", "limit", "nothing", _WSGI, one, True))
    if shutil.which("nginx"):
        result.append(Subject("nginx, static", "limit", "nothing", lambda port, folder: _nginx(port, folder, one), True))
    if importlib.util.find_spec("pytest_httpserver"):
        result.append(_python("pytest-httpserver", "peer", "path", _HTTPSERVER, stubs, False))
    return result + (_installed(peers, made) if peers else [])


def _python(name: str, group: str, checks: str, program: str, argument: str, only_one: bool) -> Subject:
    def command(port: int, folder: Path) -> list[str]:
        file = folder / f"subject_{port}.py"
        file.write_text(program, encoding="utf-8")
        return [sys.executable, str(file), str(port), argument]

    return Subject(name, group, checks, command, only_one)


def _nginx(port: int, folder: Path, body: str) -> list[str]:
    place = folder / f"nginx_{port}.conf"
    quoted = body.replace("'", "\\'").replace("$", "")
    place.write_text(
        f"daemon off; worker_processes 1; pid {folder}/nginx_{port}.pid; error_log /dev/null; events {{}}\n"
        f"http {{ access_log off; keepalive_requests 1000000000; server {{ listen 127.0.0.1:{port};"
        f" location / {{ default_type application/json; return 200 '{quoted}'; }} }} }}\n",
        encoding="utf-8",
    )
    return ["nginx", "-c", str(place)]


def _installed(peers: Path, made: list[tuple[Operation, str]]) -> list[Subject]:
    """The peers in a folder: WireMock's jar, and what npm installed there."""
    document = peers / "mockserver-openapi.json"
    document.write_text(json.dumps(_only_the_mix(load())), encoding="utf-8")
    result = []
    jar = next(iter(sorted(peers.rglob("wiremock*standalone*.jar"))), None)
    if jar and shutil.which("java"):
        tuned = ["--no-request-journal", "--disable-banner", "--async-response-enabled=false", "--container-threads", "16"]

        def wiremock(port: int, folder: Path) -> list[str]:
            root = _mappings(folder / f"wiremock_{port}", made)
            return ["java", "-jar", str(jar), "--port", str(port), "--root-dir", str(root), *tuned]

        result.append(Subject("WireMock, tuned", "peer", "path and query of stubs", wiremock))
    prism = peers / "node_modules" / ".bin" / "prism"
    if prism.exists():
        result.append(
            Subject(
                "Prism",
                "peer",
                "the request against OpenAPI",
                lambda port, _: [str(prism), "mock", "-v", "silent", "-p", str(port), str(document)],
            )
        )
    scalar = peers / "node_modules" / ".bin" / "scalar"
    if scalar.exists():
        result.append(
            Subject(
                "Scalar mock",
                "peer",
                "path, that a credential is there",
                lambda port, _: [str(scalar), "document", "mock", "--port", str(port), str(document)],
            )
        )
    return result


def _mappings(root: Path, made: list[tuple[Operation, str]]) -> Path:
    (root / "mappings").mkdir(parents=True, exist_ok=True)
    for operation, body in made:
        target = target_of(operation)
        stub = {
            "request": {"method": "GET", "url": target},
            "response": {"status": 200, "body": body, "headers": {"Content-Type": "application/json"}},
        }
        (root / "mappings" / f"{operation.id}.json").write_text(json.dumps(stub), encoding="utf-8")
    return root


def _only_the_mix(definitions: Definitions) -> dict[str, Any]:
    """The five calls as one OpenAPI document."""
    document = bundle(definitions.documents, __version__)
    paths = [definitions.operation(name).path for name in STATUS_CALLS]
    return {**document, "paths": {path: {"get": document["paths"][path]["get"]} for path in paths}}
