"""The settings: one table, which the CLI, the environment, pyproject.toml and the docs all come from."""

from __future__ import annotations

import difflib
import math
import os
import sys
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from .errors import InputError

CONTROL_PREFIX = "/_mock"
"""Where the control API is, which no vendor owns."""
_OF_MOCKSERVER = "MOCKSERVER_PROPERTY_FILE"
"""The Java project's, which looks like a slip of ours."""
DEFAULT_ACCESS_KEY = "MOCKSERVERACCESSKEY0"
DEFAULT_SECRET_KEY = "mockserver0secret0key0for0local0use0only"  # noqa: S105 - public on purpose, it protects nothing
DEFAULT_APP_KEY = "4a7b9c2e-1f3d-4c5b-8e6a-0123456789ab"
DEFAULT_APP_SECRET = "9d8c7b6a-5e4f-4321-8fed-ba9876543210"  # noqa: S105 - public on purpose, it protects nothing


@dataclass(frozen=True)
class Settings:
    """How a mock behaves. Each field is a row of `TABLE`, where it is explained."""

    host: str = "127.0.0.1"
    port: int = 6210
    seed: int = 0
    auth: str = "presence"
    unknown_ids: str = "create"
    unknown_query: str = "report"
    epoch: str = ""
    time: str = ""
    speed: float = 1.0
    tick: float = 0.0
    drive_watchdog: float = 30.0
    progress: str = "time"
    fixtures: tuple[str, ...] = ()
    definitions: tuple[str, ...] = ()
    switches: Mapping[str, str] = field(default_factory=dict)
    credentials: Mapping[str, str] = field(default_factory=lambda: {DEFAULT_ACCESS_KEY: DEFAULT_SECRET_KEY}, repr=False)
    apps: Mapping[str, str] = field(default_factory=lambda: {DEFAULT_APP_KEY: DEFAULT_APP_SECRET}, repr=False)
    users: Mapping[str, str] = field(default_factory=dict, repr=False)
    projects: tuple[str, ...] = ()
    enos_users: Mapping[str, str] = field(default_factory=dict)
    access_log: bool = True
    tls: bool = False
    tls_cert: str = ""
    tls_key: str = ""
    port_file: str = ""
    control_hosts: tuple[str, ...] = ()
    control_token: str = field(default="", repr=False)


@dataclass(frozen=True)
class Row:
    """One setting. `kind` is str, int, float, bool, list or pairs; `choices` limits a str; `parts` shows what one takes.

    `option` is the command-line option; lists and pairs may be given several times.
    """

    name: str
    option: str
    kind: str
    help: str
    choices: tuple[str, ...] = ()
    parts: str = "KEY=VALUE"

    @property
    def variable(self) -> str:
        """The environment variable; several values are separated by commas."""
        return "MOCKSERVER_" + self.name.upper()


TABLE: tuple[Row, ...] = (
    Row("host", "--host", "str", "Address to bind to."),
    Row("port", "--port", "int", "Port to bind to; 0 picks a free one."),
    Row("seed", "--seed", "int", "Seed of what is made up: the same seed and clock give the same answers."),
    Row(
        "auth",
        "--auth",
        "str",
        "verify: credentials must be right; presence: well-formed is enough; off: not needed.",
        ("verify", "presence", "off"),
    ),
    Row(
        "unknown_ids",
        "--unknown-ids",
        "str",
        "create: an id never heard of gets a job; reject: it gets the documented error.",
        ("create", "reject"),
    ),
    Row(
        "unknown_query",
        "--unknown-query",
        "str",
        "An undocumented or doubled query parameter: served and reported (X-Mock-Problem), refused, or served.",
        ("report", "reject", "ignore"),
    ),
    Row("epoch", "--epoch", "str", "When made-up jobs begin their life (ISO 8601); by default, when first asked for."),
    Row("time", "--time", "str", "Time at which the clock starts (ISO 8601); by default, the real time."),
    Row("speed", "--speed", "float", "How many of the clock's seconds pass in a real one; 0: it stands still."),
    Row("tick", "--tick", "float", "Seconds by which each answered poll moves the clock on."),
    Row(
        "drive_watchdog",
        "--drive-watchdog",
        "float",
        "Real seconds in which a driven clock may stand still before the test fails; 0: for ever.",
    ),
    Row(
        "progress",
        "--progress",
        "str",
        "What moves made-up jobs on: time, immediate, polls or polls:N (N answers per status).",
    ),
    Row("fixtures", "--fixtures", "list", "File of jobs to declare (JSON or YAML).", parts="PATH"),
    Row(
        "definitions", "--definitions", "list", "File or folder of more OpenAPI 3.1 documents (JSON or YAML).", parts="PATH"
    ),
    Row("switches", "--switch", "pairs", "A choice where the vendors' documents contradict each other.", parts="NAME=VALUE"),
    Row(
        "credentials",
        "--credential",
        "pairs",
        "An access key and its secret key, instead of the default pair.",
        parts="AK=SK",
    ),
    Row("apps", "--app", "pairs", "An EnOS app key and its secret, instead of the default pair.", parts="KEY=SECRET"),
    Row("users", "--user", "pairs", "An IAM user and password; given, --auth verify takes no other.", parts="NAME=PASSWORD"),
    Row("projects", "--project", "list", "A project id that exists; given, no other one does.", parts="ID"),
    Row(
        "enos_users", "--enos-user", "pairs", "An EnOS user and its organisation; given, others get 62101.", parts="USER=ORG"
    ),
    Row("access_log", "--access-log", "bool", "A line on stderr for each exchange."),
    Row("tls", "--tls", "bool", "Speak HTTPS, by a certificate made on the spot; `mockserver env` says what to trust."),
    Row("tls_cert", "--tls-cert", "str", "Speak HTTPS by this certificate, or chain (PEM)."),
    Row("tls_key", "--tls-key", "str", "Its key (PEM, without a password), where that is in a file of its own."),
    Row("port_file", "--port-file", "str", "File to write the port to, once the server answers."),
    Row(
        "control_hosts",
        "--control-host",
        "list",
        "A host name under which the control API answers, beside localhost and --host.",
        parts="NAME",
    ),
    Row(
        "control_token",
        "--control-token",
        "str",
        "Bearer token of the control API; made up and printed where --host is not of this machine alone.",
    ),
)


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
            raise InputError(f"{path}: [tool.mockserver] has {key!r}, which is not a setting{_nearest(name, rows)}")
        values[name] = _check(rows[name], value, f"{path}: [tool.mockserver] {key}")
    return values


def _nearest(name: str, allowed: Iterable[str]) -> str:
    near = difflib.get_close_matches(name, list(allowed), 1)
    return f"; did you mean {near[0]}?" if near else f"; known: {', '.join(sorted(allowed))}"


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
    return _check(row, value, where)


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


def _check(row: Row, value: Any, where: str) -> Any:
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
            _check(row, list(value) if isinstance(value, tuple) else value, row.name)
    return settings


assert [row.name for row in TABLE] == [row.name for row in fields(Settings)], (
    "the table and the class name the same settings"
)
