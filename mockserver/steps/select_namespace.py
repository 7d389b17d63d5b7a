"""The step that finds a request's namespace: the one it names, or the one named like its access key, app key or user."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from ..definitions.pointer import at
from ..errors import ControlError
from ..model import Request
from ..vendors.signature import parse
from ..vendors.tokens import claim

HEADER = "x-mock-namespace"
_NAME = re.compile(r"[A-Za-z0-9._-]{1,128}")
_TOKENS = (("x-auth-token", "token", "user"), ("apim-accesstoken", "access", "app"))
_NAME_POINTERS = (("auth", "identity", "password", "user", "name"), ("appKey",))  # of requests for a token
_BODY_LIMIT = 64 * 1024


def namespace_header(headers: Mapping[str, str]) -> str | None:
    """The namespace that a request's headers name, or None. Raises ControlError for an invalid name."""
    name = headers.get(HEADER)
    return None if name is None else check_name(name)


def check_name(name: str) -> str:
    """The name, if it is valid. Raises ControlError."""
    if not _NAME.fullmatch(name):
        detail = f"{name[:80]!a} is not a namespace; allowed: 1 to 128 of A-Z a-z 0-9 . _ -"
        raise ControlError("Invalid namespace", detail)
    return name


def credential_name(request: Request) -> str | None:
    """The access key, app key or user that the request claims to come from; None if it names none.

    The claim is not checked here: the namespace checks it later, with the seed that seals its tokens.
    """
    return next((name for name in _claimed_names(request) if isinstance(name, str)), None)


def _claimed_names(request: Request) -> Iterator[Any]:
    signature = parse(request.headers.get("authorization", ""))
    if signature is not None:
        yield signature.access_key
    for header, kind, member in _TOKENS:
        yield claim(kind, request.headers.get(header, "")).get(member)
    if request.method == "POST" and 0 < len(request.body) <= _BODY_LIMIT:
        yield from _names_in_body(request.body)


def _names_in_body(body: bytes) -> Iterator[Any]:
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return
    for parts in _NAME_POINTERS:
        try:
            yield at(value, parts)
        except KeyError:
            continue
