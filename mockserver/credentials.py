"""Credentials of real services, from the environment, and what signs with them."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from .contract.sending import Sign
from .definitions import Definitions
from .errors import InputError
from .exchanges.exchange import Exchange
from .jobs.clock import SECOND, Clock, utc
from .model import Request
from .redaction import redact
from .settings import Settings
from .vendors import enos, signature

_HUAWEI = "HUAWEICLOUD_SDK_AK and HUAWEICLOUD_SDK_SK, or MOCKSERVER_TOKEN (for X-Auth-Token)"
_ENOS = "ENOS_APP_KEY and ENOS_APP_SECRET"
_TOKEN_PATH = "/apim-token-service/v2.0/token/get"  # noqa: S105 - a path
_SIGNED = ("content-type", "host", "x-project-id", "x-sdk-content-sha256", "x-sdk-date", "x-security-token")
_MARGIN = 60 * SECOND


@dataclass(frozen=True)
class Credentials:
    """What the environment has; what it hasn't is empty. Its text shows none of it."""

    access_key: str = field(default="", repr=False)
    secret_key: str = field(default="", repr=False)
    security_token: str = field(default="", repr=False)
    project: str = ""
    token: str = field(default="", repr=False)
    app_key: str = field(default="", repr=False)
    app_secret: str = field(default="", repr=False)

    def or_else(self, others: Credentials) -> Credentials:
        """These; of each vendor for whom there are none, the others."""
        huawei = self if self.access_key or self.token else replace(others, project=self.project)
        enos = self if self.app_key else others
        return replace(huawei, app_key=enos.app_key, app_secret=enos.app_secret)


_VARIABLES: Mapping[str, str] = {
    "access_key": "HUAWEICLOUD_SDK_AK",
    "secret_key": "HUAWEICLOUD_SDK_SK",
    "security_token": "HUAWEICLOUD_SDK_SECURITY_TOKEN",
    "project": "HUAWEICLOUD_SDK_PROJECT_ID",
    "token": "MOCKSERVER_TOKEN",
    "app_key": "ENOS_APP_KEY",
    "app_secret": "ENOS_APP_SECRET",
}


def credentials_of(environment: Mapping[str, str]) -> Credentials:
    """The credentials in these variables. Raises InputError for half of a pair, naming the other half's variable."""
    collected = {name: environment.get(variable, "").strip() for name, variable in _VARIABLES.items()}
    for item, other in (("access_key", "secret_key"), ("app_key", "app_secret")):
        if bool(collected[item]) != bool(collected[other]):
            supplied, missing = (item, other) if collected[item] else (other, item)
            raise InputError(f"{_VARIABLES[supplied]} is set, but {_VARIABLES[missing]} is not; set both, or neither")
    for name, value in collected.items():
        if not (value.isascii() and value.isprintable()):
            raise InputError(f"{_VARIABLES[name]} holds characters that no credential has (or a line's end)")
    return Credentials(**collected)


def mock_credentials() -> Credentials:
    """What a mock takes that was started with no credentials of its own."""
    settings = Settings()
    (access_key, secret_key), (app_key, app_secret) = (
        next(iter(pairs.items())) for pairs in (settings.credentials, settings.apps)
    )
    return Credentials(access_key=access_key, secret_key=secret_key, app_key=app_key, app_secret=app_secret)


def signer(
    definitions: Definitions,
    credentials: Credentials,
    send: Callable[[Request], Exchange] | None = None,
    now: Callable[[], int] | None = None,
    prefix: str = "",
) -> Sign:
    """Proves who asks, by the means of the vendor whose path is asked.

    Parameters: `send`, sends a POST without signing it: EnOS's access token is got by it; `now`, the time in ms since 1970;
    `prefix`, what stands in front of the documented paths at the target.
    What it gives raises InputError where the environment has no credentials of that vendor.
    """
    clock = now or Clock().now
    app = EnosApp(credentials.app_key, credentials.app_secret, send, clock) if credentials.app_key else None

    def sign(request: Request) -> Mapping[str, str]:
        path = request.path.removeprefix(prefix)
        operation = definitions.operation_at(request.method, path)
        if operation and not operation.secured:
            return {}
        service = definitions.service_at(path)
        vendor = operation.vendor if operation else service.vendor if service else "huaweicloud"
        if vendor == "enos":
            if app is None:
                raise InputError(f"nothing to sign EnOS's requests with; set {_ENOS}")
            return app.sign(request)
        if credentials.access_key:
            return signed_with_key(request, credentials, clock())
        if credentials.token:
            return {"x-auth-token": credentials.token}
        raise InputError(f"nothing to prove to Huawei Cloud who asks; set {_HUAWEI}")

    return sign


def signed_with_key(request: Request, credentials: Credentials, now: int) -> dict[str, str]:
    """Headers with an SDK-HMAC-SHA256 signature of now (ms since 1970).

    Signed are the host and those other headers that the vendor's SDKs sign; of a request signed already, what was signed.
    Raises InputError for a path or query that isn't UTF-8.
    """
    added = {"x-sdk-date": f"{utc(now):%Y%m%dT%H%M%SZ}"}
    if credentials.project:
        added["x-project-id"] = credentials.project
    if credentials.security_token:
        added["x-security-token"] = credentials.security_token
    before = signature.parse(request.headers.get("authorization", ""))
    if before is not None:
        added.pop("x-project-id", None)  # the caller has said what there is to say
    whole = replace(request, headers={**request.headers, **added})
    expected = {*_SIGNED, *(name.lower() for name in (before.signed_headers if before else ()))}
    names = sorted(name for name in expected if name in whole.headers)
    try:
        value = signature.sign(signature.canonical(whole, names), added["x-sdk-date"], credentials.secret_key)
    except UnicodeError:
        raise InputError("a request whose path, query or headers are not UTF-8 can't be signed") from None
    proof = f"{signature.ALGORITHM} Access={credentials.access_key}, SignedHeaders={';'.join(names)}, Signature={value}"
    return {**added, "authorization": proof}


def resigner(credentials: Credentials, now: Callable[[], int] | None = None) -> Sign:
    """Signs again what a caller has signed for another host. Raises InputError where there is no access key."""
    if not credentials.access_key:
        raise InputError("--resign needs HUAWEICLOUD_SDK_AK and HUAWEICLOUD_SDK_SK in the environment")
    clock = now or Clock().now
    return lambda request: signed_with_key(request, credentials, clock())


class EnosApp:
    """An app at EnOS's gateway: gets its access token when it needs one, and signs with it. Thread-safe.

    Source: EnOS API documentation, "Get Access Token" and "Invoke API with access token".
    """

    def __init__(self, key: str, secret: str, send: Callable[[Request], Exchange] | None, now: Callable[[], int]) -> None:
        self._key, self._secret, self._send, self._now = key, secret, send, now
        self._lock = threading.Lock()
        self._token, self._expires = "", 0

    def sign(self, request: Request) -> dict[str, str]:
        """The headers apim-accesstoken, apim-timestamp and apim-signature. Raises InputError where no token is given."""
        token, timestamp = self._current(), str(self._now())
        value = enos.signature(token, request.query, request.body, timestamp, self._secret)
        return {"apim-accesstoken": token, "apim-timestamp": timestamp, "apim-signature": value}

    def _current(self) -> str:
        with self._lock:
            now = self._now()
            if not self._token or now >= self._expires:
                self._token, lifetime = self._get(now)
                self._expires = now + max(0, lifetime * SECOND - _MARGIN)
            return self._token

    def _get(self, now: int) -> tuple[str, int]:
        if self._send is None:
            raise InputError("EnOS's access token can't be got: nothing here may send a POST")
        proof = {"appKey": self._key, "encryption": enos.encryption(self._key, str(now), self._secret), "timestamp": now}
        headers = {"content-type": "application/json"}
        answer = self._send(Request("POST", _TOKEN_PATH, "", headers, json.dumps(proof).encode())).response
        try:
            data = json.loads(answer.body)["data"]
            return str(data["accessToken"]), int(data["expire"])
        except (ValueError, KeyError, TypeError, RecursionError):
            said = redact.text(answer.body.decode("utf-8", "replace"), [self._key, self._secret, str(proof["encryption"])])
        raise InputError(f"EnOS gave no access token (HTTP {answer.status}): {said[:200]!r}; check {_ENOS}")
