"""What a document says of how its jobs look, where no module draws them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from .job_model import JobMapping
from .model import Errors
from .node import Node


@dataclass(frozen=True, eq=False)
class Drawing:
    """What a document says of how its jobs look, where no module draws them.

    `source` is the operation that reads one (its `path` and `path_names`), `responses` judge its answers, `mapping` says
    where status and progress are; `times` which times are what (`at`, `form`, `is`, `null`), `only` which places are there
    in which states alone, `values` what stands at a place in which state.
    """

    source: Node
    path: str
    path_names: tuple[str, ...]
    responses: Mapping[int, Errors]
    mapping: JobMapping
    times: tuple[Mapping[str, Any], ...]
    only: Mapping[str, Collection[str]]
    values: Mapping[str, Mapping[str, Any]]
