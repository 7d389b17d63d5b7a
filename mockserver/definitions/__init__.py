"""What the vendors document, read from `schemas/`, checked and compiled."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from pathlib import Path

from .check import check_documents
from .compile import compile_documents
from .consistency import check_definitions
from .model import (
    Answers,
    Definitions,
    Example,
    JobLife,
    Life,
    Observation,
    Operation,
    Parameter,
    Provenance,
    Service,
    State,
    Switch,
)
from .read import read_control, read_documents
from .strict import strict_ids, strictly

__all__ = [
    "Answers",
    "Definitions",
    "Example",
    "JobLife",
    "Life",
    "Observation",
    "Operation",
    "Parameter",
    "Provenance",
    "Service",
    "State",
    "Switch",
    "load",
    "read_control",
    "strict_ids",
]


def load(extra: Iterable[Path] = (), strict: Collection[str] = ()) -> Definitions:
    """The shipped definitions and the user's own (`extra`: files or folders, JSON or YAML).

    `strict` names contradictions (or `all`) for which the documents' own examples are not accepted any more. Raises
    DefinitionError, which names file, JSON pointer, what was found and what is allowed, and InputError for an unknown
    contradiction.
    """
    documents = read_documents(extra)
    check_documents(documents)
    definitions = compile_documents(documents)
    check_definitions(definitions)
    return compile_documents(strictly(documents, strict)) if strict else definitions
