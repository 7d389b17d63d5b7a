"""The settings: one table, which the CLI, the environment, pyproject.toml and the docs all come from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields

CONTROL_PREFIX = "/_mock"
"""Where the control API is, which no vendor owns."""
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

assert [row.name for row in TABLE] == [row.name for row in fields(Settings)], (
    "the table and the class name the same settings"
)
