"""What the vendors document, read from `schemas/`, checked and compiled."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from functools import cache
from pathlib import Path

from .compile import compile_documents
from .job_model import JobLife, JobMapping, Life, State
from .like import written_out
from .model import Definitions, Document, Example, Operation, Parameter, ResponseSpec, ServiceInfo, Switch
from .notes import Notes
from .provenance import Provenance
from .read import read_control, read_documents, read_more
from .strict_mode import strict_ids, strictly

__all__ = [
    "Definitions",
    "Example",
    "JobLife",
    "JobMapping",
    "Life",
    "Operation",
    "Parameter",
    "Provenance",
    "ResponseSpec",
    "ServiceInfo",
    "State",
    "Switch",
    "check",
    "load",
    "read_control",
    "strict_ids",
]


def load(extra: Iterable[Path] = (), strict: Collection[str] = (), notes: Notes | None = None) -> Definitions:
    """The shipped definitions and the user's own (`extra`: files or folders, JSON or YAML).

    The shipped ones are read once and shared: they must not be changed. `strict` names contradictions (or `all`) for which
    the documents' own examples are not accepted any more; `notes` takes what of the user's is left out, or read otherwise
    than written. Raises DefinitionError, which names file, JSON pointer, what was
    found and what is allowed, and InputError for an unknown contradiction.
    """
    files, ids = tuple(extra), tuple(sorted(strict))
    return _load(files, ids, notes) if files else _shipped(ids)


def check(documents: Mapping[str, Document], trusted: Collection[str] = ()) -> Definitions:
    """The definitions of documents, read for mistakes before and after they are compiled. Raises DefinitionError.

    Those whose names are `trusted` are not read for mistakes.
    """
    from .validate_compiled import check_definitions
    from .validate_documents import check_documents  # with jsonschema, which takes 60 ms

    check_documents(documents, trusted)
    definitions = compile_documents(documents)
    check_definitions(definitions, trusted)
    return definitions


@cache
def _shipped(strict: tuple[str, ...]) -> Definitions:
    """The shipped definitions alone never change: they are read once."""
    return _load((), strict)


def _load(extra: tuple[Path, ...], strict: tuple[str, ...], notes: Notes | None = None) -> Definitions:
    """The definitions. The shipped ones alone are trusted: tests prove them, and a check takes longer than a whole start."""
    shipped = read_documents()
    users = read_more(shipped, extra, notes)
    documents = written_out({**shipped, **users})
    definitions = check(documents, shipped.keys() - users.keys()) if extra else compile_documents(documents)
    return compile_documents(strictly(documents, strict)) if strict else definitions
