"""Replaces functions wherever somebody holds them: by name in modules and classes, in instances, closures, defaults."""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from types import CellType, FunctionType
from typing import Any
from weakref import ref

_OTHERS = ("mockserver", "_pytest", "pytest", "execnet", "xdist", "pytest_timeout", "time_machine")
"""Packages whose time stays the real one."""
Pair = tuple[Any, Any]
"""What is replaced, and what takes its place."""
Put = Callable[[Any], None]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a function is held: `function` is held there, `get` says what is there now, `put` puts something else there."""

    function: Any
    get: Callable[[], Any]
    put: Put


class Holders:
    """Everybody who holds some functions.

    A look at the heap takes long in a process of many objects. So the places are remembered, and looked for again only
    where a function's count of references has changed, or a place does not hold it any more.
    """

    def __init__(self) -> None:
        self._places: list[Place] = []
        self._counts: list[int] = []

    def replace(self, pairs: Sequence[Pair]) -> list[Place]:
        """Put the second of each pair in the place of the first. Returns the places."""
        counts = [sys.getrefcount(function) - 1 for function, _ in pairs]
        if counts != self._counts or any(place.get() is not place.function for place in self._places):
            self._places = []  # what only this list keeps alive, a closure's cell or a dictionary, is no holder
            self._places = list(_places(pairs))
            self._counts = [sys.getrefcount(function) - 1 for function, _ in pairs]
        by_id = {id(function): replacement for function, replacement in pairs}
        for place in self._places:
            place.put(by_id[id(place.function)])
        return self._places


def put_back(places: Sequence[Place]) -> None:
    """Put everything back where it was."""
    for place in places:
        place.put(place.function)


def _places(pairs: Sequence[Pair]) -> Iterator[Place]:
    by_id = {id(function): function for function, _ in pairs}
    own = {id(pair) for pair in pairs} | {id(by_id)}
    holders = [holder for holder in gc.get_referrers(*by_id.values()) if id(holder) not in own]
    owners = _owners(holders)
    for holder in holders:
        if isinstance(holder, CellType):
            yield from _in_cell(holder, by_id)
        elif not isinstance(holder, dict | tuple):
            yield from _in_instance(holder, by_id)
        elif id(holder) in owners:
            for owner in owners[id(holder)]:
                yield from _in_owner(owner, holder, by_id)
        elif isinstance(holder, dict):
            yield from _in_dict(holder, by_id)


def _owners(holders: Sequence[Any]) -> dict[int, list[Any]]:
    """The functions whose defaults, the classes and instances whose dictionary a holder is, by its id.

    One look at the heap for all of them.
    """
    owners: dict[int, list[Any]] = {}
    indirect = [holder for holder in holders if isinstance(holder, tuple) or _is_not_of_a_module(holder)]
    if indirect:
        ids = {id(holder) for holder in indirect}
        for owner in gc.get_referrers(*indirect):
            for part in _parts(owner):
                if id(part) in ids:
                    owners.setdefault(id(part), []).append(owner)
    return owners


def _parts(owner: Any) -> Iterator[Any]:
    """What is nobody else's: a function's defaults, the dictionary of a class or of an instance."""
    if isinstance(owner, FunctionType):
        yield from (owner.__defaults__, owner.__kwdefaults__)
    elif isinstance(owner, type):
        yield from gc.get_referents(owner)
    else:
        yield _attributes(owner)


def _attributes(instance: Any) -> dict[str, Any] | None:
    """An instance's dictionary, whatever its class makes of a look at it; None where it has none."""
    try:
        attributes = object.__getattribute__(instance, "__dict__")
    except (AttributeError, TypeError):
        return None
    return attributes if type(attributes) is dict else None


def _in_owner(owner: Any, part: Any, by_id: Mapping[int, Any]) -> Iterator[Place]:
    if isinstance(owner, FunctionType) and isinstance(part, tuple):
        yield from _in_defaults(owner, part, by_id)
    elif isinstance(owner, FunctionType):
        yield from (_in_keyword_defaults(owner, name, function) for name, function in _held(part, by_id))
    elif isinstance(owner, type):
        yield from (_in_class(owner, name, function) for name, function in _held(part, by_id))
    else:
        yield from _in_instance(owner, by_id)


def _is_not_of_a_module(holder: Any) -> bool:
    return isinstance(holder, dict) and not isinstance(holder.get("__name__"), str)


def _is_other(module: str) -> bool:
    return module.partition(".")[0] in _OTHERS


def _held(items: Mapping[Any, Any], by_id: Mapping[int, Any]) -> Iterator[tuple[Any, Any]]:
    """The names under which functions are held, and the functions."""
    for key, value in list(items.items()):
        function = by_id.get(id(value))
        if function is not None and function is not key:
            yield key, function


def _in_dict(holder: dict[Any, Any], by_id: Mapping[int, Any]) -> Iterator[Place]:
    module = holder.get("__name__")
    if not (isinstance(module, str) and _is_other(module)):
        for key, function in _held(holder, by_id):
            yield Place(function, partial(holder.get, key), partial(holder.__setitem__, key))


def _in_class(owner: type, name: str, function: Any) -> Place:
    owner_ref = ref(owner)

    def get() -> Any:
        return vars(owner_ref() or object).get(name)

    def put(value: Any) -> None:
        if (alive := owner_ref()) is not None:  # a function of Python would be a method there
            setattr(alive, name, staticmethod(value) if isinstance(value, FunctionType) else value)

    return Place(function, get, put)


def _in_instance(holder: Any, by_id: Mapping[int, Any]) -> Iterator[Place]:
    attributes = _attributes(holder)
    if attributes is None or _is_other(type(holder).__module__):
        return
    try:
        holder_ref: Callable[[], Any] = ref(holder)
    except TypeError:  # its class has no weak references
        holder_ref = partial(_same, holder)

    def get(name: str) -> Any:
        alive = holder_ref()
        return (_attributes(alive) or {}).get(name)

    def put(name: str, value: Any) -> None:
        if (alive := holder_ref()) is not None:
            setattr(alive, name, value)

    for name, function in _held(attributes, by_id):
        yield Place(function, partial(get, name), partial(put, name))


def _same(value: Any) -> Any:
    return value


def _in_cell(cell: CellType, by_id: Mapping[int, Any]) -> Iterator[Place]:
    def get() -> Any:
        try:
            return cell.cell_contents
        except ValueError:  # it is empty
            return None

    if (function := by_id.get(id(get()))) is not None:
        yield Place(function, get, partial(setattr, cell, "cell_contents"))


def _in_defaults(owner: FunctionType, defaults: tuple[Any, ...], by_id: Mapping[int, Any]) -> Iterator[Place]:
    owner_ref = ref(owner)

    def get(index: int) -> Any:
        now = getattr(owner_ref(), "__defaults__", None) or ()
        return now[index] if index < len(now) else None

    def put(index: int, value: Any) -> None:
        if (alive := owner_ref()) is not None and alive.__defaults__ is not None:
            alive.__defaults__ = (*alive.__defaults__[:index], value, *alive.__defaults__[index + 1 :])

    for index, function in _held(dict(enumerate(defaults)), by_id):
        yield Place(function, partial(get, index), partial(put, index))


def _in_keyword_defaults(owner: FunctionType, name: str, function: Any) -> Place:
    owner_ref = ref(owner)

    def get() -> Any:
        return (getattr(owner_ref(), "__kwdefaults__", None) or {}).get(name)

    def put(value: Any) -> None:
        if (alive := owner_ref()) is not None and alive.__kwdefaults__ is not None:
            alive.__kwdefaults__[name] = value

    return Place(function, get, put)
