"""Which world a request belongs to: the one it names, or the one named like its access key, app key or user."""

from __future__ import annotations

import re

from ..errors import Misuse
from ..model import Request
from ..vendors.signature import parse
from ..vendors.tokens import unseal

HEADER = "x-mock-namespace"
_NAME = re.compile(r"[A-Za-z0-9._-]{1,128}")


def named(request: Request) -> str | None:
    """The namespace in the request's header, where there is one. Raises Misuse for a name that is none."""
    name = request.headers.get(HEADER)
    return None if name is None else checked(name)


def checked(name: str) -> str:
    """The name, if it is one. Raises Misuse."""
    if not _NAME.fullmatch(name):
        detail = f"{name[:80]!a} is not a namespace; allowed: 1 to 128 of A-Z a-z 0-9 . _ -"
        raise Misuse("Invalid namespace", detail)
    return name


def credential_name(request: Request, seed: int) -> str | None:
    """The access key, app key or user that the request claims to come from; None where it names none.

    `seed` is the one that the mock's tokens are sealed with.
    """
    signature = parse(request.headers.get("authorization", ""))
    if signature is not None:
        return signature.access_key
    for header, kind, member in (("x-auth-token", "token", "user"), ("apim-accesstoken", "access", "app")):
        content = unseal(seed, kind, request.headers.get(header, ""))
        if content is not None:
            return str(content[member])
    return None
