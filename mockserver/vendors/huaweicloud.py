"""Huawei Cloud at the door: user tokens and AK/SK signatures, as the API gateway checks them."""

from __future__ import annotations

from datetime import datetime, timezone
from functools import partial

from ..errors import RequestProblem
from ..jobs.clock import SECOND, utc
from ..model import ANONYMOUS, Caller, Request
from ..settings import Settings
from . import signature as signing
from .tokens import is_ours, unseal

TOKEN_SECONDS = 24 * 3_600
WINDOW_SECONDS = 15 * 60
_TOKEN_LIMIT = 65_536


def authenticate(request: Request, settings: Settings, now: int) -> Caller:
    """Who the caller is, now. Raises RequestProblem, as the setting `auth` wants it."""
    caller = identify(request, settings)
    if caller.check_time:
        caller.check_time(now)
    return caller


def identify(request: Request, settings: Settings) -> Caller:
    """Who the caller is, whatever the time. Raises RequestProblem, as the setting `auth` wants it.

    Source: AK/SK Signing and Authentication Guide (window of 15 minutes); IAM (tokens live for 24 hours).
    """
    if settings.auth == "off":
        return ANONYMOUS
    authorization = request.headers.get("authorization", "")
    if authorization:
        return _by_signature(request, authorization, settings)
    token = request.headers.get("x-auth-token", "")
    if token:
        return _by_token(token, settings)
    detail = "send X-Auth-Token (POST /v3/auth/tokens gives one) or sign with an access key, or start with --auth off"
    raise RequestProblem("credential-missing", detail)


def _by_token(token: str, settings: Settings) -> Caller:
    if len(token) > _TOKEN_LIMIT or not (token.isascii() and token.isprintable()):
        detail = f"X-Auth-Token must be 1 to {_TOKEN_LIMIT} printable ASCII characters; this one has {len(token)}"
        raise RequestProblem("token-invalid", detail)
    content = unseal(settings.seed, "token", token)
    if content is None:
        if settings.auth == "verify" or is_ours(token):
            detail = "X-Auth-Token was not issued by this mock (POST /v3/auth/tokens), or by one with another seed"
            raise RequestProblem("token-invalid", detail)
        return Caller("token")
    return Caller("token", content["user"], content["project"], partial(_check_expiry, content["expires"]))


def _check_expiry(expires: int, now: int) -> None:
    if now >= expires:
        text = utc(expires).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        raise RequestProblem("token-expired", f"X-Auth-Token expired at {text} on the mock's clock", expires_at=text)


def _by_signature(request: Request, authorization: str, settings: Settings) -> Caller:
    signature = signing.parse(authorization)
    if signature is None:
        form = f"{signing.ALGORITHM} Access=AK, SignedHeaders=a;b, Signature=hex"
        raise RequestProblem("credential-malformed", f"Authorization is not of the form {form!r}")
    date = request.headers.get("x-sdk-date", "")
    signed_at = _date_of(date)
    check_time = None
    if settings.auth == "verify":
        _verify(request, signature, date, settings)
        check_time = partial(_check_date, date, int(signed_at.timestamp()) * SECOND)
    return Caller("signature", signature.access_key, request.headers.get("x-project-id", ""), check_time)


def _date_of(date: str) -> datetime:
    try:
        if signing.DATE.fullmatch(date):
            return datetime.strptime(date, "%Y%m%dT%H%M%SZ").replace(tzinfo=timezone.utc)
    except ValueError:
        pass
    raise RequestProblem("credential-malformed", "X-Sdk-Date must be a UTC time of the form 20261121T080000Z")


def _verify(request: Request, signature: signing.Signature, date: str, settings: Settings) -> None:
    if signature.algorithm != signing.ALGORITHM:
        detail = f"the mock can verify {signing.ALGORITHM}, not {signature.algorithm}; use --auth presence for that"
        raise RequestProblem("signature-mismatch", detail)
    key = signature.access_key
    if key not in settings.credentials:
        detail = "the access key is not one of the configured ones (--credential AK=SK; `mockserver env` prints the default)"
        raise RequestProblem("access-key-unknown", detail, access_key=key)
    for name in signature.signed_headers:
        if name not in request.headers:
            raise RequestProblem("signature-mismatch", f"header {name}: it is signed, but was not sent")
    if not signing.verified(request, signature, date, settings.credentials[key]):
        raise RequestProblem("signature-mismatch", signing.difference(request, signature, date, settings.credentials[key]))


def _check_date(date: str, signed_at: int, now: int) -> None:
    skew = abs(now - signed_at) / SECOND
    if skew > WINDOW_SECONDS:
        server = f"{utc(now):%Y%m%dT%H%M%SZ}"
        detail = f"X-Sdk-Date {date} is {skew:.0f} s off the mock's clock ({server}); allowed: {WINDOW_SECONDS}"
        raise RequestProblem("signature-expired", detail)


def check_project(project: str, settings: Settings) -> None:
    """Raises RequestProblem for a project that isn't configured, where any is."""
    if settings.projects and project not in settings.projects:
        detail = f"project {project!r} is not one of the configured ones: {', '.join(settings.projects)}"
        raise RequestProblem("project-unknown", detail)
