"""The contract kit: holds requests and answers, of whatever origin, against the definitions.

In a test: `from mockserver.contract import check` and `assert not check(response)`. Several answers of one job, which must
also fit together, are judged by a `Session`.
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
    """All that departs from the documentation in one answer, and in the request that it answers; empty: nothing does.

    Parameters: `answer`, a response of requests or httpx, (status, headers, body), or a response of a Huawei Cloud SDK;
    `request`, needed where the answer doesn't know it: a URL, (method, URL), (method, URL, headers, body), or an object with
    .method and .url; `strict`, True or ids of contradictions (`mockserver operations` lists them): the documents' own
    examples are then not accepted where they contradict the field tables; `definitions`, files or folders of more OpenAPI
    documents; `time`, when it was answered (ms since 1970). Raises InputError for what can't be read.
    """
    exchange = exchange_of(answer, request, time)
    judged = Session(_definitions(tuple(definitions), _ids(strict)), mode_of(strict)).check(exchange)
    return list(judged.findings)


def session(*, strict: bool | Collection[str] = False, definitions: Collection[str] = ()) -> Session:
    """A session for several answers: polls of a job, pages of a list. Parameters as of `check`."""
    return Session(_definitions(tuple(definitions), _ids(strict)), mode_of(strict))


def _ids(strict: bool | Collection[str]) -> tuple[str, ...]:
    return tuple(sorted(mode_of(strict).ids))


@lru_cache(maxsize=8)
def _definitions(extra: tuple[str, ...], strict: tuple[str, ...]) -> Definitions:
    return load((Path(path) for path in extra), strict)
