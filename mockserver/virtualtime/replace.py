"""Replaces functions wherever somebody holds them: by name in modules and classes, in instances, closures, defaults."""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from types import CellType, FunctionType
from typing import Any

_OTHERS = ("mockserver", "_pytest", "pytest", "execnet", "xdist", "pytest_timeout", "time_machine")
"""Packages whose time stays the real one."""
Pair = tuple[Any, Any]
"""What is replaced, and what takes its place."""
Put = Callable[[Any], None]
Place = tuple[Any, Put]
"""What is held somewhere, and what puts something else there."""


class Holders:
    """Everybody who holds some functions. Looked for again only where the functions' counts of references have changed."""

    def __init__(self) -> None:
        self._places: list[Place] | None = None
        self._counts: list[int] = []

    def replace(self, pairs: Sequence[Pair]) -> list[Place]:
        """Put the second of each pair in the place of the first. Returns the places."""
        counts = [sys.getrefcount(old) for old, _ in pairs]
        if self._places is None or counts != self._counts:
            found = list(_places(pairs))
            lasting = all(isinstance(holder, dict) for _, _, holder in found)
            places = [(old, put) for old, put, _ in found]
            self._places = places if lasting else None  # an instance is not to live on for our sake
            self._counts = counts
        else:
            places = self._places
        news = {id(old): new for old, new in pairs}
        for old, put in places:
            put(news[id(old)])
        return places


def put_back(places: Sequence[Place]) -> None:
    """Put everything back where it was."""
    for old, put in places:
        put(old)


def _places(pairs: Sequence[Pair]) -> Iterator[tuple[Any, Put, Any]]:
    """What is held, how to put something else there, and who holds it."""
    by_id = {id(old): old for old, _ in pairs}
    own = {id(pair) for pair in pairs} | {id(by_id)}
    for holder in gc.get_referrers(*by_id.values()):
        if id(holder) not in own:
            yield from _places_in(holder, by_id)


def _places_in(holder: Any, by_id: dict[int, Any]) -> Iterator[tuple[Any, Put, Any]]:
    if isinstance(holder, dict):
        yield from _places_in_dict(holder, by_id)
    elif isinstance(holder, CellType):
        if (old := by_id.get(id(holder.cell_contents))) is not None:
            yield old, partial(setattr, holder, "cell_contents"), holder
    elif isinstance(holder, tuple):
        for function in gc.get_referrers(holder):
            if isinstance(function, FunctionType) and function.__defaults__ is holder:
                yield from _places_in_defaults(function, holder, by_id)
    elif type(getattr(holder, "__dict__", None)) is dict and not isinstance(holder, FunctionType):
        for name, value in list(vars(holder).items()):
            if (old := by_id.get(id(value))) is not None:
                yield old, partial(setattr, holder, name), holder


def _places_in_dict(holder: dict[Any, Any], by_id: dict[int, Any]) -> Iterator[tuple[Any, Put, Any]]:
    name = holder.get("__name__")
    if isinstance(name, str):
        if name.partition(".")[0] in _OTHERS:
            return
        owner: Any = holder
    elif "__module__" in holder and (classes := [one for one in gc.get_referrers(holder) if isinstance(one, type)]):
        owner = classes[0]
    else:
        owner = None
    for key, value in list(holder.items()):
        old = by_id.get(id(value))
        if old is None or old is key:
            continue
        if isinstance(owner, type):
            yield old, partial(_set_in_class, owner, key), owner
        else:
            yield old, partial(holder.__setitem__, key), holder if owner is holder else object()


def _set_in_class(owner: type, name: str, function: Any) -> None:
    """A function of Python would be a method there."""
    setattr(owner, name, staticmethod(function) if isinstance(function, FunctionType) else function)


def _places_in_defaults(
    function: FunctionType, held: tuple[Any, ...], by_id: dict[int, Any]
) -> Iterator[tuple[Any, Put, Any]]:
    for index, value in enumerate(held):
        if (old := by_id.get(id(value))) is not None:

            def put(new: Any, index: int = index) -> None:
                defaults = list(function.__defaults__ or held)
                defaults[index] = new
                function.__defaults__ = tuple(defaults)

            yield old, put, function.__globals__
