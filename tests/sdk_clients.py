"""The mock as a process of its own, and the vendors' real SDKs that are pointed at it.

Everything goes to 127.0.0.1.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import queue
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import IO, Any, cast
from urllib.parse import quote, urlsplit

import requests
from huaweicloudsdkcore.auth.credentials import BasicCredentials, Credentials
from huaweicloudsdkcore.http.http_config import HttpConfig
from huaweicloudsdkcore.http.http_handler import HttpHandler
from huaweicloudsdkcore.region.cache import EnvRegionCache
from huaweicloudsdkcore.sdk_request import SdkRequest
from huaweicloudsdkcore.signer.signer import Signer

from mockserver.settings import DEFAULT_ACCESS_KEY, DEFAULT_SECRET_KEY

REGION = "cn-north-4"
PROJECT = "0605767a5780d5762fc5c0118072a564"
CLUSTER = "6ec9a0a4-76be-4262-8697-e7af1fac7920"
INSTANCE = "b3c7a9d0e1f24a5b8c6d7e8f90a1b2c3"
MODES = ("sync", "async")
POSEIDON = "enos-poseidon"
CALL_NOTE = "sdk-call"
_READY = "mockserver ready on "
_SECONDS = 30

Note = Callable[[str, object], None]
"""Pytest's `record_property`: what a test notes travels with its report, also under xdist."""


class Server:
    """`mockserver serve` on a free port of 127.0.0.1, as a process; it answers once the constructor returns.

    Its folder is empty and its environment has no settings of the developer's.
    """

    def __init__(self, *options: str) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="mockserver-test-")
        self._log = Path(self._folder.name) / "stderr.txt"
        self._kept: str | None = None
        environment = {key: value for key, value in os.environ.items() if not key.startswith("MOCKSERVER_")}
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "mockserver", "serve", "--port", "0", *options],
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                cwd=self._folder.name,
                env=environment,
            )
        line = self._first_line()
        if not line.startswith(_READY):
            status = self.stop()
            said = f"stdout {line!r}, exit status {status}, stderr:\n{self.stderr}"
            raise AssertionError(f"mockserver {' '.join(options)} did not get ready (time limit: {_SECONDS} s): {said}")
        self.url = line.removeprefix(_READY).strip()

    def _first_line(self) -> str:
        """What the process prints first; nothing where it ends or says nothing within `_SECONDS`."""
        lines: queue.Queue[str] = queue.Queue()
        threading.Thread(target=lambda: lines.put(self._stdout.readline()), daemon=True).start()
        try:
            return lines.get(timeout=_SECONDS)
        except queue.Empty:
            return ""

    @property
    def _stdout(self) -> IO[str]:
        assert self._process.stdout is not None
        return self._process.stdout

    @property
    def port(self) -> int:
        """The port that it listens on."""
        return int(self.url.rpartition(":")[2])

    @property
    def stderr(self) -> str:
        """All that it wrote to stderr so far."""
        return self._log.read_text(encoding="utf-8") if self._kept is None else self._kept

    def stop(self) -> int:
        """Stop it as SIGTERM does and wait until it has ended; its exit status."""
        if self._kept is None:
            self._process.terminate()
            try:
                self._process.wait(15)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
            self._stdout.close()
            self._kept = self.stderr
            self._folder.cleanup()
        return self._process.wait()

    def journal(self, limit: int = 10_000) -> list[dict[str, Any]]:
        """The newest exchanges, oldest first."""
        answer = requests.get(f"{self.url}/_mock/journal", params={"limit": limit}, timeout=10)
        return cast("list[dict[str, Any]]", answer.json()["exchanges"])

    def reset(self) -> None:
        """Make it forget what was asked: jobs made up, tokens of apps, the journal."""
        assert requests.post(f"{self.url}/_mock/reset", timeout=10).status_code == 204

    def __enter__(self) -> Server:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.stop()


@dataclass(frozen=True)
class Sdk:
    """One of Huawei Cloud's SDKs, and the one call of it that the mock answers.

    `arguments` are those of an ordinary request; `magic` is the one of them that takes a magic id.
    """

    service: str
    operation: str
    package: str
    version: str
    prefix: str
    call: str
    magic: str
    arguments: Mapping[str, Any]

    def member(self, name: str) -> Any:
        """A class of the SDK."""
        return getattr(importlib.import_module(f"{self.package}.{self.version}"), name)

    def region(self, region_id: str = REGION) -> Any:
        """`<Service>Region.value_of`, as in the vendor's samples."""
        module = importlib.import_module(f"{self.package}.{self.version}.region.{self.prefix.lower()}_region")
        return getattr(module, f"{self.prefix}Region").value_of(region_id)

    def request(self, **changes: Any) -> Any:
        """The call's request, its ordinary arguments changed."""
        return self.member(f"{self.operation}Request")(**{**self.arguments, **changes})


_WINDOW = {"start_time": 0, "end_time": 4_000_000_000_000, "offset": 0, "limit": 10}

CDM = Sdk(
    "cdm", "ShowJobStatus", "huaweicloudsdkcdm", "v1", "Cdm", "show_job_status", "job_name",
    {"cluster_id": CLUSTER, "job_name": "orders"},
)  # fmt: skip
TICS = Sdk(
    "tics", "ListInstanceHistory", "huaweicloudsdktics", "v1", "Tics", "list_instance_history", "league_id",
    {"league_id": "league1", "limit": 10, "offset": 0},
)  # fmt: skip
TAURUSDB = Sdk(
    "taurusdb", "ShowGaussMySqlJobInfo", "huaweicloudsdkgaussdb", "v3", "GaussDB", "show_gauss_my_sql_job_info", "id",
    {"id": "31b8ae23-c687-4d80-b7b4-42a66c9bb886"},
)  # fmt: skip
DATAARTS = Sdk(
    "dataarts", "ShowInstanceInfos", "huaweicloudsdkdataartsstudio", "v1", "DataArtsStudio", "show_instance_infos",
    "task_id", {"task_id": "937987", "instance": INSTANCE, "job_name": "etl", **_WINDOW},
)  # fmt: skip
SDKS = (CDM, TAURUSDB, TICS, DATAARTS)


@dataclass
class Client:
    """A vendor's client, what it last got over HTTP (None: no answer that it showed), and the test's notes."""

    sdk: Sdk
    mode: str
    vendors: Any
    note: Note
    answer: requests.Response | None = None

    def ask(self, **changes: Any) -> Any:
        """The model that the SDK reads from the answer. Raises what the SDK raises."""
        request = self.sdk.request(**changes)
        error = str(changes.get(self.sdk.magic, "")).replace("_", "-").removeprefix("mock-error-")
        self.answer = None
        try:
            if self.mode == "sync":
                model = getattr(self.vendors, self.sdk.call)(request)
            else:
                model = getattr(self.vendors, f"{self.sdk.call}_async")(request).result()
        except Exception:
            self.note(CALL_NOTE, [self.sdk.package, self.mode, "error", error])
            raise
        self.note(CALL_NOTE, [self.sdk.package, self.mode, "answer", ""])
        return model

    def close(self) -> None:
        """Close its connections and end its threads."""
        self.vendors.get_http_client().executor.shutdown()
        self.vendors.close()


@dataclass
class Connect:
    """Builds clients for one test."""

    note: Note
    built: list[Client] = field(default_factory=list)

    def __call__(
        self,
        sdk: Sdk,
        server: Server,
        mode: str = "sync",
        *,
        project: str = PROJECT,
        key: tuple[str, str] = (DEFAULT_ACCESS_KEY, DEFAULT_SECRET_KEY),
        config: Any = None,
    ) -> Client:
        """A client for a server, by `with_endpoint`."""
        credentials = BasicCredentials(*key, project)
        return self._build(sdk, mode, config, lambda builder: builder.with_endpoint(server.url), credentials)

    def by_region(self, sdk: Sdk, mode: str = "sync", credentials: Any = None) -> Client:
        """A client by `with_region`, without a project id: the environment says where it goes and with which key."""
        region = sdk.region()
        return self._build(sdk, mode, None, lambda builder: builder.with_region(region), credentials)

    def _build(self, sdk: Sdk, mode: str, config: Any, to: Callable[[Any], Any], credentials: Any) -> Client:
        kind = sdk.member(f"{sdk.prefix}{'Async' if mode == 'async' else ''}Client")
        client = Client(sdk, mode, None, self.note)
        handler = HttpHandler().add_response_handler(lambda response, **_: setattr(client, "answer", response))
        builder = kind.new_builder().with_http_config(config or HttpConfig()).with_http_handler(handler)
        client.vendors = to(builder if credentials is None else builder.with_credentials(credentials)).build()
        self.built.append(client)
        return client

    def close(self) -> None:
        """Close all clients."""
        with contextlib.ExitStack() as stack:
            for client in self.built:
                stack.callback(client.close)


def forget() -> None:
    """Make the SDKs forget the regions and project ids that they keep for the life of a process."""
    EnvRegionCache()._value.clear()
    Credentials._CACHE.clear()


def signed(
    server: str,
    path: str,
    query: Mapping[str, object] | None = None,
    *,
    method: str = "GET",
    body: str = "",
    date: str | None = None,
    headers: Mapping[str, str] | None = None,
    key: tuple[str, str] = (DEFAULT_ACCESS_KEY, DEFAULT_SECRET_KEY),
) -> Any:
    """A request that the SDK's own signer has signed: change it, then `send` it."""
    sent = {"Content-Type": "application/json", "X-Project-Id": PROJECT, **(headers or {})}
    if date is not None:
        sent["X-Sdk-Date"] = date
    request = SdkRequest(
        method=method,
        schema="http",
        host=urlsplit(server).netloc,
        resource_path=quote(path),
        query_params=list((query or {}).items()),
        header_params=sent,
        body=body,
    )
    return Signer(BasicCredentials(*key)).sign(request)


def send(request: Any) -> requests.Response:
    """The server's answer to a signed request."""
    return requests.request(
        request.method, request.url, headers=request.header_params, data=request.body, timeout=10, allow_redirects=False
    )
