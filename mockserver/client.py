"""A typed client of a running server's control API: for tests in another process than the mock, and for the command line."""

from __future__ import annotations

import http.client
import json
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, TypeVar
from urllib.parse import quote, urlsplit

from .errors import InputError

T = TypeVar("T")
_TIMEOUT_SECONDS = 10.0


@dataclass(frozen=True)
class RemoteJob:
    """A declared job, as it was when the server was asked: see `DeclaredJob` for its members."""

    number: int
    service: str
    match: Mapping[str, str]
    life: list[tuple[str, float | None]] | None
    progress: str
    created: str
    status: str
    terminal: bool
    count: int
    run: int


@dataclass(frozen=True)
class RemoteFault:
    """A declared fault: `served` is how many requests got it so far."""

    number: int
    target: str
    kind: str
    served: int
    fields: Mapping[str, Any]


@dataclass(frozen=True)
class RemoteExchange:
    """An exchange of the journal. `time` is the mock's, in milliseconds since 1970."""

    number: int
    time: int
    operation: str | None
    request: Mapping[str, Any]
    response: Mapping[str, Any]
    problem: str | None
    fault: Mapping[str, Any] | None


@dataclass(frozen=True)
class RemoteTime:
    """What a clock shows.

    Attributes:
        time: Milliseconds since 1970.
        iso: The same as ISO 8601 text.
        speed: How many of its seconds pass in a real second.
        tick: The seconds by which each poll moves it.
    """

    time: int
    iso: str
    speed: float
    tick: float


class Client:
    """A running server, driven from another process.

    Args:
        url: Where it answers, such as `http://127.0.0.1:6210`.
        namespace: Whose jobs, faults, clock and journal. It is made if there is none of this name.
        token: The control API's token, where the server has one.
        ca_file: The certificates to trust (PEM), for a server that speaks HTTPS. Default: those of this machine.

    Raises:
        InputError: The server doesn't answer within ten seconds, or refuses (with the server's own message). All methods
            raise it, too.
    """

    def __init__(
        self, url: str = "http://127.0.0.1:6210", namespace: str = "default", token: str = "", ca_file: str | None = None
    ) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise InputError(f"{url!r} is not a server's address; allowed: http://HOST:PORT, or https")
        self.url = f"{parts.scheme}://{parts.netloc}"
        self.clock = RemoteClock(self)
        self._headers = {"Content-Type": "application/json", "X-Mock-Namespace": namespace}
        self._headers |= {"Authorization": f"Bearer {token}"} if token else {}
        self._connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=_TIMEOUT_SECONDS)
        if parts.scheme == "https":
            context = ssl.create_default_context(cafile=ca_file)
            self._connection = http.client.HTTPSConnection(
                parts.hostname, parts.port, timeout=_TIMEOUT_SECONDS, context=context
            )

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<Client {self.url}, namespace {self._headers['X-Mock-Namespace']}>"

    def close(self) -> None:
        """Close the connection; the next call opens another one."""
        self._connection.close()

    def job(
        self,
        service: str,
        *,
        life: str | list[Any] | None = None,
        progress: str = "time",
        created: str | None = None,
        age: float | str | None = None,
        visible_after: float | str = 0,
        count: int = 1,
        every: float | str | None = None,
        facts: Mapping[str, Any] | None = None,
        **identity: str,
    ) -> RemoteJob:
        """Declare a job: arguments as of `Mock.job`."""
        options: dict[str, Any] = {"life": life, "created": created, "age": age, "every": every, "facts": facts}
        body: dict[str, Any] = {"service": service, "progress": progress, **identity}
        body |= {name: value for name, value in options.items() if value is not None}
        body |= {"visible_after": visible_after} if visible_after else {}
        body |= {"count": count} if count != 1 else {}
        return _from_json(RemoteJob, self.call("POST", "/jobs", body))

    def jobs(self) -> list[RemoteJob]:
        """The declared jobs, oldest first."""
        return [_from_json(RemoteJob, job) for job in self.call("GET", "/jobs")["jobs"]]

    def refresh(self, job: RemoteJob | int) -> RemoteJob:
        """The job (or the job of this number) as it is now. This doesn't count as a poll."""
        return _from_json(RemoteJob, self.call("GET", f"/jobs/{_number_of(job)}"))

    def change(self, job: RemoteJob | int, action: str) -> RemoteJob:
        """Change a job: `rerun`, `cancel` or `fail`. For a list, `rerun` returns the new run."""
        return _from_json(RemoteJob, self.call("POST", f"/jobs/{_number_of(job)}", {"action": action}))

    def delete(self, job: RemoteJob | int) -> None:
        """Delete a job: callers get the documented not-found error."""
        self.call("DELETE", f"/jobs/{_number_of(job)}")

    def fail(self, target: str, **options: Any) -> RemoteFault:
        """Declare a fault: target and options as of `Mock.fail`."""
        fields = {name: value for name, value in options.items() if value is not None}
        return _from_json(RemoteFault, self.call("POST", "/faults", {"target": target, **fields}))

    def faults(self) -> list[RemoteFault]:
        """The declared faults, oldest first, with how many requests got each."""
        return [_from_json(RemoteFault, fault) for fault in self.call("GET", "/faults")["faults"]]

    def delete_fault(self, fault: RemoteFault | int) -> None:
        """Delete a fault."""
        self.call("DELETE", f"/faults/{_number_of(fault)}")

    def clear_faults(self) -> None:
        """Delete all faults."""
        self.call("DELETE", "/faults")

    def journal(self, limit: int = 10_000) -> list[RemoteExchange]:
        """The last exchanges, oldest first, without secrets and with long bodies cut; `limit` of them at most."""
        return [
            _from_json(RemoteExchange, exchange) for exchange in self.call("GET", f"/journal?limit={limit}")["exchanges"]
        ]

    def reset(self) -> None:
        """Delete the declared jobs and faults and the journal; the clock starts again."""
        self.call("POST", "/reset")

    def namespaces(self) -> list[str]:
        """The namespaces there are, the default one first."""
        names: list[str] = self.call("GET", "/namespaces")["namespaces"]
        return names

    def delete_namespace(self, name: str) -> None:
        """Forget a namespace; the default one is reset."""
        self.call("DELETE", f"/namespaces/{quote(name, safe='')}")

    def health(self) -> dict[str, Any]:
        """The server's status, its version and its clock."""
        health: dict[str, Any] = self.call("GET", "/health")
        return health

    def call(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        """Make any call of the control API.

        Args:
            method: The HTTP method.
            path: The path after the prefix `/_mock`.
            body: The JSON to send; None: no body.

        Returns:
            The JSON of the answer; None without a body.

        Raises:
            InputError: No server answers, or it answers with an error.
        """
        try:
            content = None if body is None else json.dumps(body)
            self._connection.request(method, f"/_mock{path}", content, self._headers)
            response = self._connection.getresponse()
            data = response.read()
            answer = json.loads(data) if data else None
        except (OSError, http.client.HTTPException, ValueError) as error:
            self._connection.close()
            why = str(error) or type(error).__name__
            raise InputError(f"no mockserver answers at {self.url} ({why}); start it, or give --host and --port") from error
        if response.status >= 400:
            raise InputError(str(answer.get("detail", answer)) if isinstance(answer, dict) else f"HTTP {response.status}")
        return answer


class RemoteClock:
    """The clock of a running server's namespace."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def show(self) -> RemoteTime:
        """The time, and how the clock runs."""
        return _from_json(RemoteTime, self._client.call("GET", "/clock"))

    def set(self, time: str | datetime) -> RemoteTime:
        """Jump to a time: ISO 8601 text or a datetime."""
        return self.change(set=time.isoformat() if isinstance(time, datetime) else time)

    def advance(self, duration: float | str) -> RemoteTime:
        """Jump forwards: seconds, or text such as `2h`."""
        return self.change(advance=duration)

    def freeze(self) -> RemoteTime:
        """Stop the clock."""
        return self.change(freeze=True)

    def run(self, speed: float = 1.0) -> RemoteTime:
        """Let the clock run; `speed` is how many of its seconds pass in a real second."""
        return self.change(speed=speed)

    def tick(self, duration: float | str) -> RemoteTime:
        """Let each answered poll move the clock by this much."""
        return self.change(tick=duration)

    def change(self, **members: Any) -> RemoteTime:
        """Several changes in one call, by the names of `PATCH /_mock/clock`."""
        return _from_json(RemoteTime, self._client.call("PATCH", "/clock", members))


def _number_of(thing: RemoteJob | RemoteFault | int) -> int:
    return thing if isinstance(thing, int) else thing.number


def _from_json(kind: type[T], values: Mapping[str, Any]) -> T:
    """An object of a class from the API's JSON. Unknown members are ignored: a newer server may send them."""
    field_names = {field.name for field in fields(kind)}  # type: ignore[arg-type]
    return kind(**{name: value for name, value in values.items() if name in field_names})
