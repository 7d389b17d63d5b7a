"""EnOS at the door: the APIM gateway's access tokens and signatures, and the Python Poseidon client's header.

Source: EnOS API documentation, "Invoke API with access token" (signature; its worked example is a test vector), and
enos-poseidon 0.2.0 on PyPI (an `apim-accesstoken` that only EnOS can decrypt).
"""

from __future__ import annotations

import hashlib
import hmac
import re
from functools import partial
from urllib.parse import parse_qsl

from ..errors import RequestProblem
from ..model import ANONYMOUS, Caller, Request
from ..settings import Settings
from .tokens import is_ours, unseal

TOKEN_SECONDS = 7_200
_POSEIDON = re.compile(r"[A-Za-z0-9+/]{342}==")  # base64 of 256 bytes: RSA-OAEP with EnOS's 2048-bit key


def authenticate(request: Request, settings: Settings, now: int) -> Caller:
    """Who the caller is, now. Raises RequestProblem, as the setting `auth` wants it."""
    caller = identify(request, settings)
    if caller.check_time:
        caller.check_time(now)
    return caller


def identify(request: Request, settings: Settings) -> Caller:
    """Who the caller is, whatever the time. Raises RequestProblem, as the setting `auth` wants it."""
    if settings.auth == "off":
        return ANONYMOUS
    token = request.headers.get("apim-accesstoken", "")
    if not token:
        detail = "send apim-accesstoken (POST /apim-token-service/v2.0/token/get gives one), or start with --auth off"
        raise RequestProblem("credential-missing", detail)
    if _POSEIDON.fullmatch(token):
        return Caller("app")  # encrypted for EnOS alone: that it is there is all that can be checked
    content = unseal(settings.seed, "access", token)
    if content is None:
        if settings.auth == "verify" or is_ours(token):
            raise RequestProblem(
                "token-invalid", "apim-accesstoken was not issued by this mock, or by one with another seed"
            )
        return Caller("app")
    problem = _signature_problem(request, token, settings.apps.get(content["app"])) if settings.auth == "verify" else None
    return Caller("app", content["app"], check_time=partial(_check_expiry, content["expires"], problem))


def _check_expiry(expires: int, problem: RequestProblem | None, now: int) -> None:
    """An expired token is refused as such, whatever else is wrong with the request."""
    if now >= expires:
        raise RequestProblem("token-expired", "apim-accesstoken has expired on the mock's clock; get or refresh it")
    if problem:
        raise RequestProblem(problem.kind, problem.detail)


def _signature_problem(request: Request, token: str, secret: str | None) -> RequestProblem | None:
    """What is wrong with the request's signature; None if it is right."""
    if secret is None:
        return RequestProblem(
            "access-key-unknown", "the token's app key is not one of the configured ones (--app KEY=SECRET)"
        )
    timestamp = request.headers.get("apim-timestamp", "")
    if not re.fullmatch(r"\d{1,16}", timestamp):
        return RequestProblem("credential-malformed", "apim-timestamp must be a time in milliseconds")
    sent = request.headers.get("apim-signature", "")
    if not re.fullmatch(r"[0-9a-f]{64}", sent):
        return RequestProblem("credential-malformed", "apim-signature must be 64 lower-case hex digits")
    if not hmac.compare_digest(signature(token, request.query, request.body, timestamp, secret), sent):
        return RequestProblem("signature-mismatch", _difference(request, token, timestamp, secret, sent))
    return None


def signature(token: str, query: str, body: bytes, timestamp: str, secret: str) -> str:
    """The `apim-signature`: SHA-256 of token, parameters sorted as key and value, body, timestamp (ms) and app secret."""
    pairs = sorted(parse_qsl(query, keep_blank_values=True))
    parameters = "".join(name + value for name, value in pairs).encode()
    return hashlib.sha256(token.encode() + parameters + body + timestamp.encode() + secret.encode()).hexdigest()


def encryption(app_key: str, timestamp: str, secret: str) -> str:
    """The `encryption` of a token request."""
    return hashlib.sha256((app_key + timestamp + secret).encode()).hexdigest()


def _difference(request: Request, token: str, timestamp: str, secret: str, sent: str) -> str:
    variants = {
        "parameters: they were not signed": ("", request.body),
        "body: it was not signed": (request.query, b""),
        "parameters and body: neither was signed": ("", b""),
    }
    for reason, (query, body) in variants.items():
        if hmac.compare_digest(signature(token, query, body, timestamp, secret), sent):
            return reason
    return "apim-signature is not sha256(accesstoken + sorted parameters + body + timestamp + secret) of this request"


def check_user(user: str, organisation: str, settings: Settings) -> None:
    """Raises RequestProblem for a user that isn't configured for this organisation, where any is."""
    if settings.enos_users and settings.enos_users.get(user) != organisation:
        raise RequestProblem(
            "user-unknown", f"user {user!r} is not configured for organisation {organisation!r} (--enos-user)"
        )
