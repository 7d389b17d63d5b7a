"""A mock for a `with` block, without pytest."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from .mock_options import mock_options
from .mock_server import MockServer
from .server_pool import SharedServer


@contextmanager
def running(**settings: Any) -> Iterator[MockServer]:
    """A mock that answers on a free port of 127.0.0.1 while the block runs: the same object as the fixture `mockserver`.

    Parameters: fields of `Settings`, and `allow_unexpected`; unknown ids are rejected, unless `unknown_ids="create"`. The
    variables of `env` are set by nobody: `with mock.environ():` does. Raises InputError for a setting that is wrong, and
    AssertionError at the end of the block for a crash of the mock, or a request that no operation has.
    """
    chosen = mock_options(settings, "running()")
    house = SharedServer(chosen)
    try:
        mock = house.acquire(chosen)
        try:
            yield mock
        finally:
            house.release(mock)
    finally:
        house.stop()
    if troubles := mock.troubles(chosen.allow_unexpected):
        raise AssertionError("\n".join(troubles))
