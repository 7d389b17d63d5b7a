"""`record`: a dataclass that nobody changes, and that costs little to make."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from typing_extensions import dataclass_transform  # typing has it from Python 3.11 on
else:

    def dataclass_transform(**_facts):
        return lambda decorator: decorator


T = TypeVar("T")


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
def record(cls: type[T]) -> type[T]:
    """A dataclass with slots that type checkers let nobody change.

    At run time it isn't refused: that costs 0.1 us for each field of each object, and a request makes ten objects.
    """
    return dataclass(slots=True, unsafe_hash=True)(cls)
