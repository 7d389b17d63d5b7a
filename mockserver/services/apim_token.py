"""EnOS's gateway (APIM): getting and refreshing an access token."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from typing import Any

from ..errors import RequestProblem
from ..jobs.clock import SECOND
from ..model import Answer
from ..settings import Settings
from ..vendors.enos import TOKEN_SECONDS, encryption
from ..vendors.tokens import seal, unseal
from .base import Call, Context

_LIFETIME = TOKEN_SECONDS * SECOND


def get_token(context: Context) -> Answer:
    """GetAccessToken: the app's token while it is good, else a new one. Raises RequestProblem for a wrong app or proof."""
    app = context.body["appKey"]
    _check_app(context.body, context.namespace.settings)
    held = context.namespace.store.token(app, context.now)
    # A token that has more than its lifetime left is from before the clock was set back: from a future that never was.
    if held is None or held[1] - context.now > _LIFETIME:
        held = _new_token(app, context)
    return _token_answer(*held, context)


def refresh_token(context: Context) -> Answer:
    """RefreshAccessToken: a new token for one of the app's that has not expired yet. Raises RequestProblem for any other."""
    app, old = context.body["appKey"], context.body["accessToken"]
    _check_app(context.body, context.namespace.settings)
    content = unseal(context.namespace.settings.seed, "access", old) if old.isascii() else None
    if content is None or content["app"] != app:
        raise RequestProblem("token-invalid", "accessToken was not issued to this app, or by a mock with another seed")
    if context.now >= content["expires"]:
        raise RequestProblem("token-expired", "accessToken has expired on the mock's clock; get a new one")
    return _token_answer(*_new_token(app, context), context)


def _check_app(body: Mapping[str, Any], settings: Settings) -> None:
    if settings.auth != "verify":
        return
    app = body["appKey"]
    if app not in settings.apps:
        raise RequestProblem("access-key-unknown", "appKey is not one of the configured ones (--app KEY=SECRET)")
    expected = encryption(app, str(body["timestamp"]), settings.apps[app])
    if not hmac.compare_digest(expected, body["encryption"]):
        raise RequestProblem("signature-mismatch", "encryption is not sha256(appKey + timestamp + appSecret) in hex")


def _new_token(app: str, context: Context) -> tuple[str, int]:
    """A token and when it expires (milliseconds): the same for the same seed, app and time."""
    expires = context.now + _LIFETIME
    token = seal(context.namespace.settings.seed, "access", {"app": app, "expires": expires})
    context.namespace.store.keep_token(app, token, expires)
    return token, expires


def _token_answer(token: str, expires: int, context: Context) -> Answer:
    body = {
        context.switches["apim-token-status-key"]: 0,
        "msg": "SUCCESS",
        "business": "apim-token-service",
        "data": {"accessToken": token, "expire": (expires - context.now) // SECOND},
    }
    return Answer(200, body)


CALLS: Mapping[str, Call] = {"GetAccessToken": get_token, "RefreshAccessToken": refresh_token}
