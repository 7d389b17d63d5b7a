"""Where the values of settings come from (options, environment, pyproject.toml), and what is allowed."""

from __future__ import annotations

import difflib
import math
import os
import sys
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Any

from .errors import InputError, nearest_or_allowed
from .settings import TABLE, Row, Settings

_OF_MOCKSERVER = "MOCKSERVER_PROPERTY_FILE"
"""The Java project's, which looks like a slip of ours."""


def settings_from(
    options: Mapping[str, Any], environ: Mapping[str, str] = os.environ, folder: Path | None = None
) -> Settings:
    """Settings from command-line options, `MOCKSERVER_*` variables and `[tool.mockserver]` of pyproject.toml, in this order.

    `options` are parsed values by setting name (None: not given). `folder` is where pyproject.toml is looked for, upwards.
    Raises InputError for an unknown name or a value that is not allowed, saying where it came from.
    """
    values = _from_pyproject(folder or Path.cwd())
    for row in TABLE:
        if row.variable in environ:
            values[row.name] = _parse(row, environ[row.variable], row.variable)
    allowed = {row.variable for row in TABLE}
    for name in environ:
        # MockServer, the Java project, has variables of the same prefix: only what looks like a slip is refused.
        if name not in (*allowed, _OF_MOCKSERVER) and (near := difflib.get_close_matches(name, allowed, 1, cutoff=0.9)):
            raise InputError(f"{name} is not a setting of mockserver; did you mean {near[0]}?")
    values |= {name: value for name, value in options.items() if value is not None}
    return Settings(**values)


def _from_pyproject(folder: Path) -> dict[str, Any]:
    path = next((up / "pyproject.toml" for up in (folder, *folder.parents) if (up / "pyproject.toml").is_file()), None)
    if path is None:
        return {}
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib
    try:
        tools = tomllib.loads(path.read_text(encoding="utf-8")).get("tool", {})
    except (ValueError, OSError) as error:
        raise InputError(f"{path} can't be read: {error}") from error
    table = tools.get("mockserver", {}) if isinstance(tools, dict) else {}
    if not isinstance(table, dict):
        raise InputError(f"{path}: tool.mockserver is {table!r}; allowed: a table of settings")
    rows = {row.name: row for row in TABLE}
    values = {}
    for key, value in table.items():
        name = key.replace("-", "_")
        if name not in rows:
            hint = nearest_or_allowed(name, sorted(rows))
            raise InputError(f"{path}: [tool.mockserver] has {key!r}, which is not a setting{hint}")
        values[name] = _check_value(rows[name], value, f"{path}: [tool.mockserver] {key}")
    return values


def parse_option(row: Row, text: str) -> Any:
    """A single value of an option, from its text. Raises InputError."""
    return dict([_pair(row, text, row.option)]) if row.kind == "pairs" else _parse(row, text, row.option)


def _parse(row: Row, text: str, where: str) -> Any:
    if row.kind in ("list", "pairs"):
        items = [item.strip() for item in text.split(",") if item.strip()]
        if row.kind == "list":
            return tuple(items)
        return dict(_pair(row, item, where) for item in items)
    readers: dict[str, Callable[[str], Any]] = {"int": int, "float": float, "bool": _bool, "str": str}
    try:
        value = readers[row.kind](text)
    except ValueError:
        raise InputError(f"{where} is {text!r}; allowed: {_allowed(row)}") from None
    return _check_value(row, value, where)


def _pair(row: Row, item: str, where: str) -> tuple[str, str]:
    key, sign, value = item.partition("=")
    if not sign or not key:
        raise InputError(f"{where} is {item if row.name == 'switches' else '...'!r}; allowed: {row.parts}")
    return key, value


def _bool(text: str) -> bool:
    if text.lower() not in ("1", "true", "yes", "on", "0", "false", "no", "off"):
        raise ValueError(text)
    return text.lower() in ("1", "true", "yes", "on")


def _allowed(row: Row) -> str:
    names = {"int": "a whole number", "float": "a number", "bool": "true or false", "str": "text", "list": "a list of texts"}
    return " or ".join(row.choices) or names.get(row.kind, f"a table of {row.parts}")


def _check_value(row: Row, value: Any, where: str) -> Any:
    if row.kind == "list" and isinstance(value, list) and all(isinstance(item, str) for item in value):
        return tuple(value)
    if row.kind == "pairs" and isinstance(value, Mapping) and all(isinstance(item, str) for item in value.values()):
        return value
    if row.kind == "float" and type(value) is int:
        value = float(value) if abs(value) < 10**300 else math.inf  # not every integer is a float
    types: dict[str, type] = {"int": int, "float": float, "bool": bool, "str": str}
    right = row.kind in types and type(value) is types[row.kind]
    if not right or (row.choices and value not in row.choices):
        secret = (row.kind == "pairs" and row.name != "switches") or row.name == "control_token"
        text = "..." if secret else value
        raise InputError(f"{where} is {text!r}; allowed: {_allowed(row)}")
    if row.name == "host" and not value:
        raise InputError(f"{where} is empty; allowed: an address or a host name")
    if row.name == "port" and not 0 <= value <= 65_535:
        raise InputError(f"{where} is {value}; allowed: 0 to 65535")
    if row.kind == "float" and not 0 <= value < float("inf"):
        raise InputError(f"{where} is {value}; allowed: 0 or more")
    return value


def check_settings(settings: Settings, names: Collection[str] = ()) -> Settings:
    """The settings, where each value is allowed (of these names; default: all). Raises InputError."""
    for row in TABLE:
        if not names or row.name in names:
            value = getattr(settings, row.name)
            _check_value(row, list(value) if isinstance(value, tuple) else value, row.name)
    return settings
