"""The vendors' public hosts, which are intercepted, and which a test must never reach."""

from __future__ import annotations

from collections.abc import Iterable
from fnmatch import fnmatchcase

VENDOR_HOSTS = ("*.myhuaweicloud.com", "*.myhuaweicloud.eu", "*.enos-iot.com", "*.envisioniot.com")
"""Patterns of host names.

Source: the endpoints in huaweicloudsdk* 3.1.219, and EnOS's documentation (schemas/enos/). `.eu` is Huawei Cloud's European
site; no SDK read here has it, but reaching it by accident would be as bad.
"""


def is_vendors(host: str, more: Iterable[str] = ()) -> bool:
    """True if a host is a vendor's, or matches one of the patterns in `more`."""
    name = host.lower().rstrip(".")
    return any(fnmatchcase(name, pattern.lower()) for pattern in (*VENDOR_HOSTS, *more))
