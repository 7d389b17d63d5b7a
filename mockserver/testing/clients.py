"""Clients that are pointed at a mock: a `requests` session that signs, and the vendors' own clients."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from functools import partial
from typing import Any
from urllib.parse import unquote, urlsplit

import requests
from requests.auth import AuthBase

from ..contract.sending import Sign
from ..credentials import Credentials as Keys
from ..credentials import signed_with_key
from ..definitions import Definitions
from ..definitions.model import VENDORS
from ..errors import InputError
from ..jobs.clock import SECOND
from ..mock import Mock
from ..model import Request
from ..namespace import Namespace
from ..vendors import enos
from ..vendors.tokens import seal
from .client_settings import Credentials
from .intercept import InProcessAdapter

NOWHERE = "http://mockserver.invalid"
"""The base URL of a session without a socket; `.invalid` never exists on the internet (RFC 2606)."""
_CREDENTIAL_HEADERS = ("X-Auth-Token", "Authorization", "apim-accesstoken")


class _SigningAuth(AuthBase):
    """Signs requests by a function; a request that already has a credential stays as it is."""

    def __init__(self, sign: Sign) -> None:
        self._sign = sign

    def __call__(self, prepared: requests.PreparedRequest) -> requests.PreparedRequest:
        if not any(name in prepared.headers for name in _CREDENTIAL_HEADERS):
            prepared.headers.update(self._sign(_request_of(prepared)))
        return prepared


class _Signer:
    """Signs requests as the vendor of the path requires, at the mock's time."""

    def __init__(self, definitions: Definitions, namespace: Namespace, credentials: Credentials) -> None:
        self._definitions, self._namespace, self._credentials = definitions, namespace, credentials

    def sign(self, request: Request) -> dict[str, str]:
        """The headers that prove who sends the request."""
        service = self._definitions.service_at(request.path)
        return self._enos(request) if service and service.vendor == "enos" else self._huaweicloud(request)

    def _huaweicloud(self, request: Request) -> dict[str, str]:
        credentials = self._credentials
        keys = Keys(access_key=credentials.access_key, secret_key=credentials.secret_key, project=credentials.project_id)
        return signed_with_key(request, keys, self._namespace.clock.now())

    def _enos(self, request: Request) -> dict[str, str]:
        now = self._namespace.clock.now()
        content = {"app": self._credentials.app_key, "expires": now + enos.TOKEN_SECONDS * SECOND}
        token = seal(self._namespace.settings.seed, "access", content)
        signature = enos.signature(token, request.query, request.body, str(now), self._credentials.app_secret)
        return {"apim-accesstoken": token, "apim-timestamp": str(now), "apim-signature": signature}


def _request_of(prepared: requests.PreparedRequest) -> Request:
    url = urlsplit(str(prepared.url))
    body = prepared.body.encode() if isinstance(prepared.body, str) else bytes(prepared.body or b"")
    return Request(str(prepared.method), unquote(url.path), url.query, {"host": url.netloc}, body)


class _Session(requests.Session):
    """A session whose URLs may begin with a slash."""

    def __init__(self, base: str) -> None:
        super().__init__()
        self._base = base
        self.trust_env = False  # no proxy between a test and its mock

    def request(self, method: Any, url: Any, *args: Any, **kwargs: Any) -> requests.Response:
        """Same as `requests.Session.request`; a URL that begins with a slash is a path of the mock."""
        return super().request(method, self._base + url if str(url).startswith("/") else url, *args, **kwargs)


def session(mock: Mock, namespace: Namespace, url: str | None, credentials: Credentials) -> requests.Session:
    """A session with a base URL and credentials; if `url` is None, the mock in this process answers it without a socket."""
    new_session = _Session(url or NOWHERE)
    new_session.auth = _SigningAuth(_Signer(mock.definitions, namespace, credentials).sign)
    if url is None:
        new_session.mount(NOWHERE, InProcessAdapter(mock, namespace.name))
    return new_session


def signing_session(url: str, sign: Sign) -> requests.Session:
    """A session with a base URL, whose requests are signed by a function."""
    new_session = _Session(url)
    new_session.auth = _SigningAuth(sign)
    return new_session


class Enos:
    """Poseidon with the mock's application: `urlopen(path, ...)` is `poseidon.urlopen(key, secret, url + path, ...)`."""

    def __init__(self, url: str, credentials: Credentials, urlopen: Callable[..., Any]) -> None:
        self._url, self._urlopen = url, partial(urlopen, credentials.app_key, credentials.app_secret)

    def urlopen(self, path: str, *args: Any, **kwargs: Any) -> Any:
        """The answer as Poseidon returns it: parsed JSON, text, or None after an error that it printed."""
        return self._urlopen(self._url + path, *args, **kwargs)


def vendor_client(
    definitions: Definitions, service: str, url: str | None, credentials: Credentials, ca_file: str | None = None
) -> tuple[Any, Callable[[], object]]:
    """The vendor's own client of a service (`sdk` of its `x-service`), and the function that closes it.

    Args:
        definitions: Where the services are defined.
        service: The service's name.
        url: The mock's base URL; None for the public endpoint, to be intercepted.
        credentials: The credentials that the client signs with.
        ca_file: The file with the authorities that the client trusts, if they aren't the usual ones.

    Raises:
        InputError: For a service without a client, and if the client's package isn't installed.
    """
    info = definitions.services.get(service)
    if info is None or info.sdk is None or info.vendor not in VENDORS:
        allowed = ", ".join(sorted(name for name, item in definitions.services.items() if item.sdk))
        raise InputError(f"there is no vendor client for {service!r}; allowed: {allowed}")
    if info.vendor == "enos":
        return _poseidon_client(info.sdk, service, url, credentials), lambda: None
    return _huaweicloud(info.sdk, service, url or _public_url(definitions, service), credentials, ca_file)


def _huaweicloud(
    sdk: str, service: str, url: str, credentials: Credentials, ca_file: str | None
) -> tuple[Any, Callable[[], object]]:
    kind = _import_client(sdk, service, sdk.partition(".")[0])
    auth = importlib.import_module("huaweicloudsdkcore.auth.credentials")
    http_config = importlib.import_module("huaweicloudsdkcore.http.http_config")
    who = auth.BasicCredentials(credentials.access_key, credentials.secret_key, credentials.project_id)
    builder = kind.new_builder().with_credentials(who).with_http_config(http_config.HttpConfig(ssl_ca_cert=ca_file))
    client = builder.with_endpoint(url).build()

    def close() -> None:
        client.get_http_client().executor.shutdown(wait=False)
        client.close()

    return client, close


def _public_url(definitions: Definitions, service: str) -> str:
    document = next(item for item in definitions.documents.values() if item.get("x-service", {}).get("name") == service)
    return str(document["servers"][0]["url"])


def _poseidon_client(sdk: str, service: str, url: str | None, credentials: Credentials) -> Enos:
    if url is None:
        raise InputError("poseidon asks by urllib, which can't be intercepted; use the mockserver fixture")
    return Enos(url, credentials, _import_client(sdk, service, "enos-poseidon"))


def _import_client(sdk: str, service: str, package: str) -> Any:
    """The object at `module:name`. Raises InputError, which names the package to install."""
    module, _, name = sdk.partition(":")
    try:
        return getattr(importlib.import_module(module), name)
    except ImportError as error:
        raise InputError(f"the vendor's client of {service} isn't installed ({error}); pip install {package}") from error
