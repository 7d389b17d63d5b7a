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
    """What the environment holds; a missing one is empty. The repr shows no secret."""

    access_key: str = field(default="", repr=False)
    secret_key: str = field(default="", repr=False)
    security_token: str = field(default="", repr=False)
    project: str = ""
    token: str = field(default="", repr=False)
    app_key: str = field(default="", repr=False)
    app_secret: str = field(default="", repr=False)

    def or_else(self, defaults: Credentials) -> Credentials:
        """These credentials; for a vendor that has none here, the defaults."""
        huawei = self if self.access_key or self.token else replace(defaults, project=self.project)
        enos = self if self.app_key else defaults
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
    values = {name: environment.get(variable, "").strip() for name, variable in _VARIABLES.items()}
    for name, partner in (("access_key", "secret_key"), ("app_key", "app_secret")):
        if bool(values[name]) != bool(values[partner]):
            supplied, missing = (name, partner) if values[name] else (partner, name)
            raise InputError(f"{_VARIABLES[supplied]} is set, but {_VARIABLES[missing]} is not; set both, or neither")
    for name, value in values.items():
        if not (value.isascii() and value.isprintable()):
            raise InputError(f"{_VARIABLES[name]} holds characters that no credential has (or a line's end)")
    return Credentials(**values)


def mock_credentials() -> Credentials:
    """The credentials that a mock accepts by default."""
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
    """What authenticates requests, each by the means of the vendor whose path it has.

    Args:
        definitions: Which path is whose.
        credentials: What to sign with.
        send: Sends a POST without signing it; EnOS's access token is fetched by it. None: no EnOS token can be fetched.
        now: The time in milliseconds since 1970; by default the real one.
        prefix: What stands in front of the documented paths at the target.

    Returns:
        A function from a request to the headers to add. It raises InputError where there are no credentials for the vendor.
    """
    time = now or Clock().now
    app = EnosApp(credentials.app_key, credentials.app_secret, send, time) if credentials.app_key else None

    def sign(request: Request) -> Mapping[str, str]:
        path = request.path.removeprefix(prefix)
        operation = definitions.operation_at(request.method, path)
        if operation and not operation.secured:
            return {}
        service = definitions.service_at(path)
        vendor = operation.vendor if operation else service.vendor if service else "huaweicloud"
        if vendor == "enos":
            if app is None:
                raise InputError(f"no credentials for EnOS; set {_ENOS}")
            return app.sign(request)
        if credentials.access_key:
            return signed_with_key(request, credentials, time())
        if credentials.token:
            return {"x-auth-token": credentials.token}
        raise InputError(f"no credentials for Huawei Cloud; set {_HUAWEI}")

    return sign


def signed_with_key(request: Request, credentials: Credentials, now: int) -> dict[str, str]:
    """Headers with an SDK-HMAC-SHA256 signature.

    It covers the host and the other headers that the vendor's SDKs sign, and whatever an existing signature covers.

    Args:
        request: The request to sign.
        credentials: Its access key and secret key.
        now: The time of the signature, in milliseconds since 1970.

    Raises:
        InputError: The path, query or a header isn't UTF-8.
    """
    added = {"x-sdk-date": f"{utc(now):%Y%m%dT%H%M%SZ}"}
    if credentials.project:
        added["x-project-id"] = credentials.project
    if credentials.security_token:
        added["x-security-token"] = credentials.security_token
    previous = signature.parse(request.headers.get("authorization", ""))
    if previous is not None:
        added.pop("x-project-id", None)  # the caller's own headers name the project
    complete = replace(request, headers={**request.headers, **added})
    candidates = {*_SIGNED, *(name.lower() for name in (previous.signed_headers if previous else ()))}
    names = sorted(name for name in candidates if name in complete.headers)
    try:
        value = signature.sign(signature.canonical_request(complete, names), added["x-sdk-date"], credentials.secret_key)
    except UnicodeError:
        raise InputError("a request whose path, query or headers are not UTF-8 can't be signed") from None
    proof = f"{signature.ALGORITHM} Access={credentials.access_key}, SignedHeaders={';'.join(names)}, Signature={value}"
    return {**added, "authorization": proof}


def resigner(credentials: Credentials, now: Callable[[], int] | None = None) -> Sign:
    """Signs again what a caller has signed for another host. Raises InputError where there is no access key."""
    if not credentials.access_key:
        raise InputError("--resign needs HUAWEICLOUD_SDK_AK and HUAWEICLOUD_SDK_SK in the environment")
    time = now or Clock().now
    return lambda request: signed_with_key(request, credentials, time())


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
            raise InputError("EnOS's access token can't be fetched: no POST may be sent from here")
        proof = {"appKey": self._key, "encryption": enos.encryption(self._key, str(now), self._secret), "timestamp": now}
        headers = {"content-type": "application/json"}
        response = self._send(Request("POST", _TOKEN_PATH, "", headers, json.dumps(proof).encode())).response
        try:
            data = json.loads(response.body)["data"]
            return str(data["accessToken"]), int(data["expire"])
        except (ValueError, KeyError, TypeError, RecursionError):
            reply = redact.text(
                response.body.decode("utf-8", "replace"), [self._key, self._secret, str(proof["encryption"])]
            )
        raise InputError(f"EnOS gave no access token (HTTP {response.status}): {reply[:200]!r}; check {_ENOS}")
