"""Libraries that may be imported later: what concerns them is replaced as soon as they are there."""

from __future__ import annotations

import sys
from collections.abc import Callable
from importlib.machinery import ModuleSpec
from typing import Any


def when_imported(module: str, then: Callable[[], object]) -> Callable[[], None]:
    """Call this now, where the module is there, or once it was imported. Returns what ends the waiting for it."""
    if module in sys.modules:
        then()
        return lambda: None
    finder = _Finder(module, then)
    sys.meta_path.insert(0, finder)

    def end() -> None:
        if finder in sys.meta_path:
            sys.meta_path.remove(finder)

    return end


class _Finder:
    def __init__(self, module: str, then: Callable[[], object]) -> None:
        self._module, self._then = module, then

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        """The module's own spec, whose loader calls us once it has loaded it."""
        if name != self._module:
            return None
        others = (
            item.find_spec(name, path, target) for item in sys.meta_path if item is not self and hasattr(item, "find_spec")
        )
        spec = next((spec for spec in others if spec is not None), None)
        if spec is not None and spec.loader is not None:
            self._follow(spec.loader)
        return spec

    def _follow(self, loader: Any) -> None:
        load = loader.exec_module

        def exec_module(module: Any) -> None:
            load(module)
            self._then()

        loader.exec_module = exec_module
