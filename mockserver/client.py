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
    """What a clock shows: milliseconds since 1970, the same as ISO 8601 text, its seconds in a real one, seconds a poll."""

    time: int
    iso: str
    speed: float
    tick: float


class Client:
    """A running server, driven from another process.

    Args:
        url: Where it answers, such as `http://127.0.0.1:6210`.
        namespace: Whose jobs, faults, clock and journal; it is made where it isn't there.
        token: The control API's token, where the server has one.
        ca_file: The certificates to trust (PEM), for a server that speaks HTTPS. Default: those of this machine.

    Raises:
        InputError: The server doesn't answer within ten seconds, or refuses, with its own words. So do all methods.
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
        return _made(RemoteJob, self.call("POST", "/jobs", body))

    def jobs(self) -> list[RemoteJob]:
        """The declared jobs, oldest first."""
        return [_made(RemoteJob, job) for job in self.call("GET", "/jobs")["jobs"]]

    def refresh(self, job: RemoteJob | int) -> RemoteJob:
        """A job, or the job of this number, as it is now; looking doesn't count as a poll."""
        return _made(RemoteJob, self.call("GET", f"/jobs/{_number_of(job)}"))

    def change(self, job: RemoteJob | int, action: str) -> RemoteJob:
        """Do something to a job: `rerun`, `cancel` or `fail`. A list's rerun gives the new run."""
        return _made(RemoteJob, self.call("POST", f"/jobs/{_number_of(job)}", {"action": action}))

    def delete(self, job: RemoteJob | int) -> None:
        """Take a job away: callers get the documented not-found error."""
        self.call("DELETE", f"/jobs/{_number_of(job)}")

    def fail(self, target: str, **options: Any) -> RemoteFault:
        """Declare a fault: target and options as of `Mock.fail`."""
        supplied = {name: value for name, value in options.items() if value is not None}
        return _made(RemoteFault, self.call("POST", "/faults", {"target": target, **supplied}))

    def faults(self) -> list[RemoteFault]:
        """The declared faults, oldest first, with how many requests got each."""
        return [_made(RemoteFault, fault) for fault in self.call("GET", "/faults")["faults"]]

    def delete_fault(self, fault: RemoteFault | int) -> None:
        """Take a fault away."""
        self.call("DELETE", f"/faults/{_number_of(fault)}")

    def clear_faults(self) -> None:
        """Take all faults away."""
        self.call("DELETE", "/faults")

    def journal(self, limit: int = 10_000) -> list[RemoteExchange]:
        """The last exchanges, oldest first, without secrets and with long bodies cut; `limit` of them at most."""
        return [_made(RemoteExchange, exchange) for exchange in self.call("GET", f"/journal?limit={limit}")["exchanges"]]

    def reset(self) -> None:
        """Forget what was declared, asked and answered; the clock begins again."""
        self.call("POST", "/reset")

    def namespaces(self) -> list[str]:
        """The namespaces there are, the default one first."""
        collected: list[str] = self.call("GET", "/namespaces")["namespaces"]
        return collected

    def delete_namespace(self, name: str) -> None:
        """Forget a namespace; the default one is reset."""
        self.call("DELETE", f"/namespaces/{quote(name, safe='')}")

    def health(self) -> dict[str, Any]:
        """Whether the server is well, its version and its clock."""
        collected: dict[str, Any] = self.call("GET", "/health")
        return collected

    def call(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        """Any call of the control API: the JSON that it answers. `path` comes after the prefix `/_mock`."""
        try:
            text = None if body is None else json.dumps(body)
            self._connection.request(method, f"/_mock{path}", text, self._headers)
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
        """What it shows."""
        return _made(RemoteTime, self._client.call("GET", "/clock"))

    def set(self, time: str | datetime) -> RemoteTime:
        """Jump to a time: ISO 8601 text or a datetime."""
        return self.change(set=time.isoformat() if isinstance(time, datetime) else time)

    def advance(self, duration: float | str) -> RemoteTime:
        """Jump forwards: seconds, or text such as `2h`."""
        return self.change(advance=duration)

    def freeze(self) -> RemoteTime:
        """Stand still."""
        return self.change(freeze=True)

    def run(self, speed: float = 1.0) -> RemoteTime:
        """Go on from where it stands; `speed` is how many of its seconds pass in a real one."""
        return self.change(speed=speed)

    def tick(self, duration: float | str) -> RemoteTime:
        """Let each answered poll move it by this much."""
        return self.change(tick=duration)

    def change(self, **members: Any) -> RemoteTime:
        """Several changes at once, by the API's names."""
        return _made(RemoteTime, self._client.call("PATCH", "/clock", members))


def _number_of(thing: RemoteJob | RemoteFault | int) -> int:
    return thing if isinstance(thing, int) else thing.number


def _made(kind: type[T], values: Mapping[str, Any]) -> T:
    """One of our classes from the API's JSON; members that it doesn't know are a newer server's."""
    allowed = {field.name for field in fields(kind)}  # type: ignore[arg-type]
    return kind(**{name: value for name, value in values.items() if name in allowed})
