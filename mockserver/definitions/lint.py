"""What is wrong with a user's document, or left out of it, beyond what reading it says: its examples too."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from .compile import compile_documents
from .example_notes import check_examples
from .notes import Note, Notes
from .propose import finds_jobs
from .read import read_users
from .validate_compiled import check_definitions
from .validate_documents import check_documents


@dataclass(frozen=True)
class Lint:
    """What was found: remarks in order, how many operations there are, how many of them have jobs that live.

    `job_like`: whether `mockserver init` would find some.
    """

    notes: tuple[Note, ...]
    operations: int
    jobs: int
    job_like: bool


def lint(path: Path) -> Lint:
    """Checks a document or a folder of them. Raises DefinitionError for what can't be served."""
    notes = Notes()
    documents = read_users(path, notes)
    check_documents(documents)
    definitions = compile_documents(documents)
    check_definitions(definitions)
    check_examples(definitions, notes)
    jobs = sum(operation.job is not None for operation in definitions.operations)
    job_like = any(finds_jobs(document) for document in documents.values() if "openapi" in document)
    return Lint(notes.all(), len(definitions.operations), jobs, job_like)
