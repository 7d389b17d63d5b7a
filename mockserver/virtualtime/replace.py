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
Place = tuple[int, Put]
"""Which pair's function is held somewhere, and what puts something else there."""
Held = tuple[Any, Put, Any]
"""A function that is held, what puts something else there, and who holds it."""


class Holders:
    """Everybody who holds some functions. Looked for again only where the functions' counts of references have changed."""

    def __init__(self) -> None:
        self._places: list[Place] = []
        self._counts: list[int] = []

    def replace(self, pairs: Sequence[Pair]) -> list[Place]:
        """Put the second of each pair in the place of the first. Returns the places."""
        counts = [sys.getrefcount(old) for old, _ in pairs]
        places = self._places if counts == self._counts else self._look(pairs, counts)
        for index, put in places:
            put(pairs[index][1])
        return places

    def _look(self, pairs: Sequence[Pair], counts: list[int]) -> list[Place]:
        indexes = {id(old): index for index, (old, _) in enumerate(pairs)}
        places, lasting = [], True
        for old, put, holder in _holders(pairs):
            places.append((indexes[id(old)], put))
            lasting = lasting and holder is not None
        self._places, self._counts = (places, counts) if lasting else ([], [])
        return places


def put_back(places: Sequence[Place], pairs: Sequence[Pair]) -> None:
    """Put everything back where it was."""
    for index, put in places:
        put(pairs[index][0])


def _holders(pairs: Sequence[Pair]) -> Iterator[Held]:
    by_id = {id(old): old for old, _ in pairs}
    own = {id(pair) for pair in pairs} | {id(by_id)}
    holders = [holder for holder in gc.get_referrers(*by_id.values()) if id(holder) not in own]
    functions, classes = _owners(holders)
    for holder in holders:
        if isinstance(holder, dict):
            yield from _places_in_dict(holder, classes.get(id(holder)), by_id)
        elif isinstance(holder, CellType):
            if (old := by_id.get(id(holder.cell_contents))) is not None:
                yield old, partial(setattr, holder, "cell_contents"), None
        elif isinstance(holder, tuple):
            for function in functions.get(id(holder), ()):
                yield from _places_in_defaults(function, holder, by_id)
        elif type(getattr(holder, "__dict__", None)) is dict and not _is_other(type(holder).__module__):
            for name, value in list(vars(holder).items()):
                if (old := by_id.get(id(value))) is not None:
                    yield old, partial(setattr, holder, name), None


def _owners(holders: Sequence[Any]) -> tuple[dict[int, list[FunctionType]], dict[int, type]]:
    """The functions whose defaults a tuple is, and the class whose dictionary one is, by the holder's id.

    One look at the heap for all of them: in a process of many objects, each look takes long.
    """
    indirect = [holder for holder in holders if isinstance(holder, tuple) or _may_be_of_a_class(holder)]
    functions: dict[int, list[FunctionType]] = {}
    classes: dict[int, type] = {}
    if indirect:
        ids = {id(holder) for holder in indirect}
        for owner in gc.get_referrers(*indirect):
            if isinstance(owner, FunctionType) and id(owner.__defaults__) in ids:
                functions.setdefault(id(owner.__defaults__), []).append(owner)
            elif isinstance(owner, type):
                classes.update({id(part): owner for part in gc.get_referents(owner) if id(part) in ids})
    return functions, classes


def _may_be_of_a_class(holder: Any) -> bool:
    return isinstance(holder, dict) and "__module__" in holder and not isinstance(holder.get("__name__"), str)


def _is_other(module: str) -> bool:
    return module.partition(".")[0] in _OTHERS


def _places_in_dict(holder: dict[Any, Any], class_of_it: type | None, by_id: dict[int, Any]) -> Iterator[Held]:
    name = holder.get("__name__")
    owner: Any = class_of_it
    if isinstance(name, str):
        if _is_other(name):
            return
        owner = holder
    for key, value in list(holder.items()):
        old = by_id.get(id(value))
        if old is None or old is key:
            continue
        if isinstance(owner, type):
            yield old, partial(_set_in_class, owner, key), owner
        else:
            yield old, partial(holder.__setitem__, key), owner


def _set_in_class(owner: type, name: str, function: Any) -> None:
    """A function of Python would be a method there."""
    setattr(owner, name, staticmethod(function) if isinstance(function, FunctionType) else function)


def _places_in_defaults(function: FunctionType, held: tuple[Any, ...], by_id: dict[int, Any]) -> Iterator[Held]:
    for index, value in enumerate(held):
        if (old := by_id.get(id(value))) is not None:

            def put(new: Any, index: int = index) -> None:
                defaults = list(function.__defaults__ or held)
                defaults[index] = new
                function.__defaults__ = tuple(defaults)

            yield old, put, function.__globals__
