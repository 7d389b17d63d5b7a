"""Tokens that carry their own expiry, so that any process with the same seed can read them."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from typing import Any

_MARK = "MIIMOCK"  # Huawei's tokens begin with MII, being CMS; the mark tells a token of ours from a foreign one


def seal(seed: int, kind: str, content: Mapping[str, Any]) -> str:
    """A token of this kind: letters, digits, `-` and `_` only."""
    payload = base64.urlsafe_b64encode(json.dumps({"kind": kind, **content}).encode()).decode().rstrip("=")
    return f"{_MARK}{payload}-{_mac(seed, payload)}"


def unseal(seed: int, kind: str, token: str) -> dict[str, Any] | None:
    """The token's content; None where it isn't one of ours, of this kind, unchanged."""
    payload, dash, mac = token.removeprefix(_MARK).rpartition("-")
    if not dash or not is_ours(token) or not hmac.compare_digest(mac, _mac(seed, payload)):
        return None
    content: dict[str, Any] = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    return content if content.pop("kind") == kind else None


def claim(kind: str, token: str) -> Mapping[str, Any]:
    """What a token of this kind claims, whoever sealed it; nothing where it isn't one."""
    payload = token.removeprefix(_MARK).rpartition("-")[0]
    try:
        content = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4))) if is_ours(token) else None
    except (ValueError, RecursionError):
        return {}
    return content if isinstance(content, dict) and content.get("kind") == kind else {}


def is_ours(token: str) -> bool:
    """Whether a token claims to be one of the mock's."""
    return token.startswith(_MARK) and token.isascii()


def _mac(seed: int, payload: str) -> str:
    return hmac.new(f"mockserver token {seed}".encode(), payload.encode(), hashlib.sha256).hexdigest()[:32]
