"""Notes on the examples of a user's document that their schemas don't allow."""

from __future__ import annotations

from itertools import islice

from ..errors import excerpt
from .model import VENDORS, Definitions
from .notes import Notes
from .pointer import join


def check_examples(definitions: Definitions, notes: Notes, most: int | None = None) -> bool:
    """Examples that their schema doesn't allow are not answered: a note on each of the first `most` (None: of all).

    Returns whether all were looked at.
    """
    examples = (
        (operation, example)
        for operation in definitions.operations
        if operation.vendor not in VENDORS
        for example in operation.examples.values()
    )
    for operation, example in islice(examples, most):
        for error in operation.responses[example.statuses[0]](example.value):
            place = join(*error.absolute_path) or "/"
            mistake = f"at {place}: {excerpt(error.instance, 60)}"
            actual = f"the example {example.name!r}, which its schema doesn't allow ({mistake})"
            parts = (*operation.source.parts, "responses", str(example.statuses[0]))
            notes.add(operation.source.name, parts, actual, "not answered: a value is made from the schema")
            break
    return most is None or next(examples, None) is None
