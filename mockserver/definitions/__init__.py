"""What the vendors document, read from `schemas/`, checked and compiled."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from .check import check_documents
from .compile import compile_documents
from .consistency import check_definitions
from .model import Definitions, Example, JobLife, Life, Operation, Parameter, Provenance, Service, State, Switch
from .read import read_control, read_documents

__all__ = [
    "Definitions",
    "Example",
    "JobLife",
    "Life",
    "Operation",
    "Parameter",
    "Provenance",
    "Service",
    "State",
    "Switch",
    "load",
    "read_control",
]


def load(extra: Iterable[Path] = ()) -> Definitions:
    """The shipped definitions and the user's own (`extra`: files or folders, JSON or YAML).

    Raises DefinitionError, which names file, JSON pointer, what was found and what is allowed.
    """
    documents = read_documents(extra)
    check_documents(documents)
    definitions = compile_documents(documents)
    check_definitions(definitions)
    return definitions
