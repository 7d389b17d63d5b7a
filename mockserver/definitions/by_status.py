"""What a document says by HTTP status: one, a range such as `4XX`, or `default`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Generic, TypeVar

T = TypeVar("T")
U = TypeVar("U")

_SENT = {"1XX": 100, "2XX": 200, "3XX": 302, "4XX": 400, "5XX": 500}


class ByStatus(Mapping[int, T], Generic[T]):
    """Values by status: `4XX` and `default` answer for those that have none of their own; iterating gives those that do."""

    def __init__(self, values: Mapping[str, T]) -> None:
        self._own = {int(status): value for status, value in values.items() if status.isdecimal()}
        self._ranges = {status: value for status, value in values.items() if not status.isdecimal()}

    def _value_for(self, status: object) -> T | None:
        if isinstance(status, int) and status in self._own:
            return self._own[status]
        return self._ranges.get(f"{str(status)[:1]}XX", self._ranges.get("default"))

    def __getitem__(self, status: int) -> T:
        value = self._value_for(status)
        if value is None:
            raise KeyError(status)
        return value

    def __contains__(self, status: object) -> bool:
        return self._value_for(status) is not None

    def __iter__(self) -> Iterator[int]:
        return iter(self._own)

    def __len__(self) -> int:
        return len(self._own)

    def mapped(self, function: Callable[[T], U]) -> ByStatus[U]:
        """Other values by the same statuses."""
        values = {**{str(status): value for status, value in self._own.items()}, **self._ranges}
        return ByStatus({status: function(value) for status, value in values.items()})

    @property
    def statuses(self) -> tuple[str, ...]:
        """The statuses as the document has them, ranges last."""
        return (*(str(status) for status in self._own), *self._ranges)


def sent_as(status: str, statuses: Mapping[str, object]) -> int:
    """The status that an answer under this key is sent with; `default` is an error where a success stands beside it."""
    if status.isdecimal():
        return int(status)
    if status != "default":
        return _SENT[status]
    return 500 if any(other.startswith("2") for other in statuses) else 200
