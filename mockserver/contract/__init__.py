"""The contract kit: checks requests and answers, wherever they come from, against the definitions.

In a test: `from mockserver.contract import check` and `assert not check(response)`. A `Session` judges several answers about
one job, which must also agree with each other.
"""

from __future__ import annotations

from collections.abc import Collection
from functools import lru_cache
from pathlib import Path
from typing import Any

from ..definitions import Definitions, load
from ..exchanges.exchange import Exchange, exchange_of
from .codes import CODES, explain
from .findings import Finding
from .session import Session
from .strictness import mode_of

__all__ = ["CODES", "Exchange", "Finding", "Session", "check", "exchange_of", "explain", "session"]


def check(
    answer: Any,
    request: Any = None,
    *,
    strict: bool | Collection[str] = False,
    definitions: Collection[str] = (),
    time: int | None = None,
) -> list[Finding]:
    """Everything in one answer, and in its request, that departs from the documentation; empty if nothing does.

    Args:
        answer: A response of requests or httpx, (status, headers, body), or a response of a Huawei Cloud SDK.
        request: Needed if the answer doesn't hold its request: a URL, (method, URL), (method, URL, headers, body), or an
            object with .method and .url.
        strict: True, or ids of contradictions (`mockserver operations` lists them): the documents' own examples are then
            not accepted where they contradict the field tables.
        definitions: Files or folders of more OpenAPI documents.
        time: When it was answered (ms since 1970).

    Raises:
        InputError: For an answer, a request or a file that can't be read.
    """
    exchange = exchange_of(answer, request, time)
    result = Session(_definitions(tuple(definitions), _contradiction_ids(strict)), mode_of(strict)).check(exchange)
    return list(result.findings)


def session(*, strict: bool | Collection[str] = False, definitions: Collection[str] = ()) -> Session:
    """A session for several answers: polls of a job, pages of a list. `strict` and `definitions` as for `check`."""
    return Session(_definitions(tuple(definitions), _contradiction_ids(strict)), mode_of(strict))


def _contradiction_ids(strict: bool | Collection[str]) -> tuple[str, ...]:
    return tuple(sorted(mode_of(strict).ids))


@lru_cache(maxsize=8)
def _definitions(extra: tuple[str, ...], strict: tuple[str, ...]) -> Definitions:
    return load((Path(path) for path in extra), strict)
