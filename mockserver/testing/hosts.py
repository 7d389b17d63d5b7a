"""The vendors' public hosts: what is answered in their place, and what a test must never reach."""

from __future__ import annotations

from collections.abc import Iterable
from fnmatch import fnmatchcase

VENDOR_HOSTS = ("*.myhuaweicloud.com", "*.myhuaweicloud.eu", "*.enos-iot.com", "*.envisioniot.com")
"""Patterns of host names.

Source: the endpoints in huaweicloudsdk* 3.1.219, EnOS's documentation (schemas/enos/). `.eu`, Huawei Cloud's European site,
stands in no SDK that is read here: it is there because reaching it by accident would be as bad.
"""


def is_vendors(host: str, more: Iterable[str] = ()) -> bool:
    """Whether a host is a vendor's, or matches one of more patterns."""
    name = host.lower().rstrip(".")
    return any(fnmatchcase(name, pattern.lower()) for pattern in (*VENDOR_HOSTS, *more))
