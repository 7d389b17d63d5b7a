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
    """A mock on a free port of 127.0.0.1 while the block runs: the same object as the fixture `mockserver`.

    Keywords are the fields of `Settings`, and `allow_unexpected`. Unknown ids are rejected, unless `unknown_ids="create"`.
    The variables of `env` are only set inside `with mock.environ():`. Raises InputError for a wrong setting, and, at the end
    of the block, AssertionError for a crash of the mock or a request that matches no operation.
    """
    options = mock_options(settings, "running()")
    server = SharedServer(options)
    try:
        mock = server.acquire(options)
        try:
            yield mock
        finally:
            server.release(mock)
    finally:
        server.stop()
    if troubles := mock.troubles(options.allow_unexpected):
        raise AssertionError("\n".join(troubles))
