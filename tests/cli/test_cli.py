"""The command line and the settings, wherever they come from."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

import mockserver
from mockserver.cli import main
from mockserver.definitions import Definitions, load
from mockserver.definitions.magic_ids import error_name, magic_id
from mockserver.errors import PROBLEMS, InputError
from mockserver.generate import hex_id
from mockserver.listing import environment, shell_line
from mockserver.mock import Mock
from mockserver.model import Request
from mockserver.setting_values import settings_from
from mockserver.settings import TABLE, Row, Settings

Json = dict[str, Any]
ROWS = {row.name: row for row in TABLE}
COMMANDS = ("serve", "env", "operations")


@pytest.fixture(scope="module")
def definitions() -> Definitions:
    return load()


@pytest.fixture(autouse=True)
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Each test runs in a folder of its own, without settings of the developer's."""
    for name in [name for name in os.environ if name.startswith("MOCKSERVER_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    yield


def run(*arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    """`mockserver` as a process, in the test's folder."""
    command = [sys.executable, "-m", "mockserver", *arguments]
    return subprocess.run(command, env={**os.environ, **environ}, capture_output=True, text=True, timeout=30, check=False)


def said(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    """The exit status, stdout and stderr of a command in this process."""
    try:
        status = main(arguments)
    except SystemExit as stop:  # argparse
        status = stop.code if isinstance(stop.code, int) else 1
    return status, *capsys.readouterr()


def pyproject(text: str) -> Path:
    file = Path("pyproject.toml")
    file.write_text(text, encoding="utf-8")
    return file.resolve()


# Help


@pytest.mark.parametrize("option", ["-h", "--help"])
def test_help_lists_the_commands(option: str, capsys: pytest.CaptureFixture[str]) -> None:
    """--help lists the commands, each with a line on what it does."""
    status, out, err = said(capsys, option)
    assert (status, err) == (0, "")
    for command in COMMANDS:
        assert re.search(rf"^ +{command}\s+\S.{{10,}}$", out, re.MULTILINE)


@pytest.mark.parametrize("command", COMMANDS)
def test_commands_have_help(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The help of `serve` has every setting, with its values and default; the other commands have those they look at."""
    status, out, _ = said(capsys, command, "--help")
    assert status == 0
    shown = {row.name for row in TABLE if f"{row.option} " in out or f"{row.option}," in out}
    expected = {
        "env": {"host", "port", "credentials", "apps", "projects", "tls", "tls_cert"},
        "operations": {"definitions"},
    }
    assert shown == expected.get(command, set(ROWS))
    for row in TABLE:
        if row.name in shown:
            assert command == "env" or " ".join(row.help.split()) in " ".join(out.split())
            assert all(choice in out for choice in row.choices)
    assert ("(default: 6210)" in out) == (command != "operations")


HEAVY = ("flask", "werkzeug", "jsonschema", "referencing", "faker", "httptools", "uvloop", "requests", "yaml")


@pytest.mark.parametrize("arguments", [["--help"], ["serve", "--help"], ["--version"], ["--no-such-option"]])
def test_what_needs_no_server_is_quick(arguments: list[str]) -> None:
    """Help, version and misspelt options import nothing heavy, so that they are there at once."""
    code = (
        "import json, sys\n"
        "from mockserver.cli import main\n"
        "try:\n"
        f"    main({arguments!r})\n"
        "except SystemExit:\n"
        "    pass\n"
        "print('\\n' + json.dumps(sorted(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    modules = json.loads(done.stdout.splitlines()[-1])
    assert [name for name in modules if name.split(".")[0] in HEAVY] == []
    own = {name for name in modules if name.startswith("mockserver") and not name.startswith("mockserver.cli.")}
    values = {f"mockserver.{name}" for name in ("errors", "setting_values", "settings", "version")}
    assert own == {"mockserver", "mockserver.cli", *values}


@pytest.mark.parametrize("command", ["env", "operations"])
def test_listing_needs_no_server_either(command: str) -> None:
    """Listing commands import neither the web framework nor the server nor the maker of facts."""
    code = f"import sys\nfrom mockserver.cli import main\nmain([{command!r}])\nprint('\\n' + ' '.join(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    modules = {name.split(".")[0] for name in done.stdout.splitlines()[-1].split()}
    assert modules & {"flask", "werkzeug", "faker", "httptools", "uvloop", "requests"} == set()


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    """--version says name and version."""
    assert said(capsys, "--version") == (0, f"mockserver {mockserver.__version__}\n", "")


def test_it_is_a_program_and_a_module() -> None:
    """`mockserver` and `python -m mockserver` are the same."""
    program = Path(sys.executable).with_name("mockserver")
    done = subprocess.run([program, "--version"], capture_output=True, text=True, check=True)
    assert done.stdout == run("--version").stdout


# Mistakes on the command line


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--no-such-option"], "serve doesn't take '--no-such-option'"),
        (["serve", "--no-such-option"], "serve doesn't take '--no-such-option'"),
        (["serve", "--prot", "1"], "did you mean '--port'?"),
        (["clock", "advance", "-2h"], "'-2h'"),
        (["clock", "tick", "soon"], "'soon' is not a length of time; allowed: seconds (90), or text such as 90s"),
        (["frobnicate"], "invalid choice: 'frobnicate' (choose from"),
        (["serve", "extra"], "serve doesn't take 'extra'; see mockserver serve --help"),
        (["--port"], "argument --port: expected one argument"),
        (["env", "--shell", "cmd"], "argument --shell: invalid choice: 'cmd' (choose from"),
    ],
)
def test_mistakes_on_the_command_line(arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    """An option or command that doesn't exist, or lacks its value, is named; the exit status is 2."""
    status, out, err = said(capsys, *arguments)
    assert (status, out) == (2, "")
    assert message in err


BAD: Mapping[str, tuple[str, str]] = {
    "port": ("abc", "'abc'; allowed: a whole number"),
    "seed": ("1.5", "'1.5'; allowed: a whole number"),
    "auth": ("maybe", "'maybe'; allowed: verify or presence or off"),
    "unknown_ids": ("keep", "'keep'; allowed: create or reject"),
    "unknown_query": ("", "''; allowed: report or reject or ignore"),
    "switches": ("nonsense", "'nonsense'; allowed: NAME=VALUE"),
    "credentials": ("s3cret", "'...'; allowed: AK=SK"),
    "apps": ("=s3cret", "'...'; allowed: KEY=SECRET"),
    "users": ("s3cret", "'...'; allowed: NAME=PASSWORD"),
    "enos_users": ("s3cret", "'...'; allowed: USER=ORG"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_values_of_options(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """An option's value that is not allowed is refused with what was sent (unless it's a secret) and what is allowed."""
    value, message = BAD[name]
    status, out, err = said(capsys, "serve", ROWS[name].option, value)
    assert (status, out, err) == (2, "", f"mockserver: {ROWS[name].option} is {message}\n")


@pytest.mark.parametrize("name", [*BAD, "access_log"])
def test_bad_values_of_variables(name: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """A variable's value that is not allowed is refused in the same way, whatever command is run."""
    value, message = {**BAD, "access_log": ("maybe", "'maybe'; allowed: true or false")}[name]
    monkeypatch.setenv(ROWS[name].variable, value)
    for command in COMMANDS:
        assert said(capsys, command) == (2, "", f"mockserver: {ROWS[name].variable} is {message}\n")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--port", "-1"], "--port is -1; allowed: 0 to 65535"),
        (["--port", "65536"], "--port is 65536; allowed: 0 to 65535"),
        (["--port", "9" * 5_000], f"--port is '{'9' * 154}...'; allowed: a whole number"),
        (["--host", ""], "--host is empty; allowed: an address or a host name"),
        (["--epoch", "yesterday"], "'yesterday' is not a time; allowed: ISO 8601, such as 2026-11-21T08:00:00Z"),
        (["--epoch", "9999-12-31"], "'9999-12-31' is too far from now; allowed: the years 1970 to 2999"),
        (["--switch", "enos-data=tuple"], "switch enos-data is 'tuple'; allowed: object, list"),
        (["--switch", "enos-dato=list"], "'enos-dato' is not a switch; did you mean 'enos-data'?"),
        (["--switch", "zzz=list"], "'zzz' is not a switch; known: apim-token-status-key, "),
        (["--definitions", "none.json"], "none.json#: found a file that can't be read ("),
    ],
    ids=[
        "port-below",
        "port-above",
        "port-huge",
        "host",
        "epoch",
        "epoch-far",
        "switch-value",
        "switch",
        "switch-far",
        "definitions",
    ],
)
def test_values_that_make_no_sense(arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A value of the right type that can't be is refused before anything is served."""
    status, out, err = said(capsys, "serve", "--port", "0", *arguments)
    assert (status, out) == (2, "")
    assert err.startswith(f"mockserver: {message}")
    assert err.count("\n") == 1


def test_mistakes_end_a_process_without_a_traceback() -> None:
    """What the user has to mend ends the process with exit status 2 and one line."""
    done = run("--auth", "maybe")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "mockserver: --auth is 'maybe'; allowed: verify or presence or off\n"


def test_a_reader_that_has_seen_enough_is_no_mistake() -> None:
    """`mockserver operations | head -1` ends quietly."""
    command = f"{shlex.quote(sys.executable)} -m mockserver operations --json | head -1"
    done = subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("{\n", "")


# Settings

# A setting's value, as text of an option or variable and as TOML; for lists and pairs, of one item.
GIVEN: Mapping[str, tuple[str, str, Any]] = {
    "host": ("127.0.0.2", '"127.0.0.2"', "127.0.0.2"),
    "port": ("7000", "7000", 7000),
    "seed": ("-3", "-3", -3),
    "auth": ("verify", '"verify"', "verify"),
    "unknown_ids": ("reject", '"reject"', "reject"),
    "unknown_query": ("ignore", '"ignore"', "ignore"),
    "epoch": ("2026-11-21T08:00:00Z", '"2026-11-21T08:00:00Z"', "2026-11-21T08:00:00Z"),
    "time": ("2026-11-21T09:00:00Z", '"2026-11-21T09:00:00Z"', "2026-11-21T09:00:00Z"),
    "speed": ("60", "60.0", 60.0),
    "tick": ("30.5", "30.5", 30.5),
    "drive_watchdog": ("12.5", "12.5", 12.5),
    "progress": ("polls:3", '"polls:3"', "polls:3"),
    "fixtures": ("a.yaml", '["a.yaml"]', ("a.yaml",)),
    "definitions": ("a.json", '["a.json"]', ("a.json",)),
    "switches": ("enos-data=list", '{"enos-data" = "list"}', {"enos-data": "list"}),
    "credentials": ("AK=SK=1", '{"AK" = "SK=1"}', {"AK": "SK=1"}),
    "apps": ("key=", '{"key" = ""}', {"key": ""}),
    "users": ("ann=s3cret", '{"ann" = "s3cret"}', {"ann": "s3cret"}),
    "projects": ("0605767a", '["0605767a"]', ("0605767a",)),
    "enos_users": ("u1=o1", '{"u1" = "o1"}', {"u1": "o1"}),
    "access_log": ("false", "false", False),
    "tls": ("true", "true", True),
    "tls_cert": ("cert.pem", "'cert.pem'", "cert.pem"),
    "tls_key": ("key.pem", "'key.pem'", "key.pem"),
    "port_file": ("port.txt", "'port.txt'", "port.txt"),
    "control_hosts": ("mock.example", '["mock.example"]', ("mock.example",)),
    "control_token": ("t0ken", '"t0ken"', "t0ken"),
}
# Another value of each, to be overridden.
LESS: Mapping[str, tuple[str, str]] = {
    "host": ("127.0.0.3", '"127.0.0.3"'),
    "port": ("7001", "7001"),
    "seed": ("4", "4"),
    "auth": ("off", '"off"'),
    "unknown_ids": ("create", '"create"'),
    "unknown_query": ("reject", '"reject"'),
    "epoch": ("2025-01-01", '"2025-01-01"'),
    "time": ("2025-01-02", '"2025-01-02"'),
    "speed": ("2", "2"),
    "tick": ("0.5", "0.5"),
    "drive_watchdog": ("0", "0"),
    "progress": ("immediate", '"immediate"'),
    "fixtures": ("b.yaml", '["b.yaml"]'),
    "definitions": ("b.json", '["b.json"]'),
    "switches": ("enos-data=object", '{"enos-data" = "object"}'),
    "credentials": ("B=C", '{"B" = "C"}'),
    "apps": ("b=c", '{"b" = "c"}'),
    "users": ("bob=pw", '{"bob" = "pw"}'),
    "projects": ("x", '["x"]'),
    "enos_users": ("u2=o2", '{"u2" = "o2"}'),
    "access_log": ("true", "true"),
    "tls": ("false", "false"),
    "tls_cert": ("other.pem", "'other.pem'"),
    "tls_key": ("other.pem", "'other.pem'"),
    "port_file": ("other.txt", "'other.txt'"),
    "control_hosts": ("other.example", '["other.example"]'),
    "control_token": ("another", '"another"'),
}


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> list[Settings]:
    """The settings that `serve` was called with, instead of serving."""
    calls: list[Settings] = []

    def serve(settings: Settings) -> int:
        calls.append(settings)
        return 0

    monkeypatch.setattr("mockserver.server.serve.serve", serve)
    return calls


def option(row: Row, text: str) -> list[str]:
    if row.kind == "bool":
        return [row.option if text == "true" else row.option.replace("--", "--no-", 1)]
    return [row.option, text]


def test_every_setting_is_tried() -> None:
    """The tables of this file have all settings."""
    assert list(GIVEN) == list(LESS) == list(ROWS)


@pytest.mark.parametrize("name", ROWS)
def test_options_win_over_variables_and_those_over_pyproject(
    name: str, served: list[Settings], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A setting is taken from the option, else from the variable, else from pyproject.toml, else it is the default."""
    row, (text, toml, value), (less, less_toml) = ROWS[name], GIVEN[name], LESS[name]
    arguments = option(row, text)
    main(["serve"])
    pyproject(f"[tool.mockserver]\n{name} = {toml}\n")
    main(["serve"])
    pyproject(f"[tool.mockserver]\n{name} = {less_toml}\n")
    monkeypatch.setenv(row.variable, text)
    main(["serve"])
    monkeypatch.setenv(row.variable, less)
    main(["serve", *arguments])
    main(["serve"])
    taken = [getattr(settings, name) for settings in served]
    assert taken[0] == getattr(Settings(), name) != value
    assert taken[1:4] == [value] * 3
    assert taken[4] != value
    assert [getattr(settings, other) for settings in served for other in ROWS if other != name] == [
        getattr(Settings(), other) for _ in served for other in ROWS if other != name
    ]


def test_serve_is_what_it_does_without_a_command(served: list[Settings]) -> None:
    """Without a command, options are those of `serve`."""
    for arguments in ([], ["--port", "7000"], ["serve", "--port", "7000"]):
        assert main(arguments) == 0
    assert [settings.port for settings in served] == [6210, 7000, 7000]


def test_lists_and_pairs_are_repeatable(served: list[Settings]) -> None:
    """Options for lists and pairs may be given several times; a comma in a value of theirs is a comma."""
    main(["--user", "ann=a,b=c", "--user", "bob= pw ", "--project", "p1", "--project", "p2", "--definitions", "a,b.json"])
    assert served[0].users == {"ann": "a,b=c", "bob": " pw "}
    assert (served[0].projects, served[0].definitions) == (("p1", "p2"), ("a,b.json",))


def test_variables_hold_several_values(served: list[Settings], monkeypatch: pytest.MonkeyPatch) -> None:
    """In a variable, values of lists and pairs are separated by commas; an empty one has none."""
    monkeypatch.setenv("MOCKSERVER_USERS", "ann=a, bob=b,")
    monkeypatch.setenv("MOCKSERVER_PROJECTS", " p1 ,p2")
    monkeypatch.setenv("MOCKSERVER_DEFINITIONS", "")
    main([])
    assert (served[0].users, served[0].projects, served[0].definitions) == ({"ann": "a", "bob": "b"}, ("p1", "p2"), ())


@pytest.mark.parametrize(
    ("text", "value"),
    [("1", True), ("TRUE", True), ("yes", True), ("on", True), ("0", False), ("No", False), ("off", False)],
)
def test_yes_and_no_have_many_names(text: str, value: bool, served: list[Settings], monkeypatch: pytest.MonkeyPatch) -> None:
    """A variable that is yes or no takes the usual words for it."""
    monkeypatch.setenv("MOCKSERVER_ACCESS_LOG", text)
    main([])
    assert served[0].access_log is value


def test_pyproject_is_found_upwards(tmp_path: Path) -> None:
    """The nearest pyproject.toml at or above the folder counts, whether or not it has settings of ours."""
    (tmp_path / "a" / "b").mkdir(parents=True)
    pyproject("[tool.mockserver]\nport = 7000\nunknown-ids = 'reject'\n")
    result = settings_from({}, {}, tmp_path / "a" / "b")
    assert (result.port, result.unknown_ids) == (7000, "reject")
    (tmp_path / "a" / "pyproject.toml").write_text("[tool.other]\nx = 1\n", encoding="utf-8")
    assert settings_from({}, {}, tmp_path / "a" / "b") == Settings()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[tool.mockserver]\nprot = 1", ": [tool.mockserver] has 'prot', which is not a setting; did you mean 'port'?"),
        ("[tool.mockserver]\nunknown-id = 1", ": [tool.mockserver] has 'unknown-id', .* did you mean 'unknown_ids'?"),
        ("[tool.mockserver]\nxyz = 1", ": [tool.mockserver] has 'xyz', which is not a setting; allowed: access_log, apps, "),
        ("[tool.mockserver]\nport = '5'", ": [tool.mockserver] port is '5'; allowed: a whole number"),
        ("[tool.mockserver]\nport = 1.0", ": [tool.mockserver] port is 1.0; allowed: a whole number"),
        ("[tool.mockserver]\nport = true", ": [tool.mockserver] port is True; allowed: a whole number"),
        ("[tool.mockserver]\nport = 70000", ": [tool.mockserver] port is 70000; allowed: 0 to 65535"),
        ("[tool.mockserver]\naccess-log = 1", ": [tool.mockserver] access-log is 1; allowed: true or false"),
        ("[tool.mockserver]\nhost = ''", ": [tool.mockserver] host is empty; allowed: an address or a host name"),
        ("[tool.mockserver]\nauth = 'on'", ": [tool.mockserver] auth is 'on'; allowed: verify or presence or off"),
        ("[tool.mockserver]\ndefinitions = 'x'", ": [tool.mockserver] definitions is 'x'; allowed: a list of texts"),
        ("[tool.mockserver]\nprojects = [1]", r": [tool.mockserver] projects is \[1\]; allowed: a list of texts"),
        ("[tool.mockserver]\nusers = {a = 1}", ": [tool.mockserver] users is '...'; allowed: a table of NAME=PASSWORD"),
        ("[tool.mockserver]\ncredentials = 'a=b'", ": [tool.mockserver] credentials is '...'; allowed: a table of AK=SK"),
        ("[tool.mockserver]\nswitches = ['a=b']", r": .* switches is \['a=b'\]; allowed: a table of NAME=VALUE"),
        ("[tool]\nmockserver = 5", ": tool.mockserver is 5; allowed: a table of settings"),
        ("[tool.mockserver", " can't be read: "),
        ("\ufeff\0", " can't be read: "),
    ],
)
def test_mistakes_in_pyproject(text: str, message: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A mistake in pyproject.toml is reported with the file, the key, what was found and what is allowed."""
    file = pyproject(text)
    status, out, err = said(capsys, "operations")
    assert (status, out) == (2, "")
    loose = message.replace("[tool.mockserver]", r"\[tool.mockserver\]").replace("?", r"\?")
    loose = re.escape(f"mockserver: {file}") + loose
    assert re.match(loose, err), err


def test_a_pyproject_of_another_shape_is_nothing_of_ours() -> None:
    """A pyproject.toml whose `tool` is no table has no settings."""
    pyproject("tool = 5")
    assert settings_from({}, {}) == Settings()


@pytest.mark.parametrize(
    ("name", "meant"), [("MOCKSERVER_PROT", "PORT"), ("MOCKSERVER_SEEDS", "SEED"), ("MOCKSERVER_UNKNOWN_ID", "UNKNOWN_IDS")]
)
def test_variables_that_are_slips(
    name: str, meant: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A variable whose name is nearly a setting's is refused, with the name that was meant."""
    monkeypatch.setenv(name, "1")
    message = f"mockserver: {name} is not a setting of mockserver; did you mean MOCKSERVER_{meant}?\n"
    assert said(capsys, "env") == (2, "", message)


@pytest.mark.parametrize("name", ["MOCKSERVER_LOG_LEVEL", "MOCKSERVER_SERVER_PORT", "MOCKSERVER_PROPERTY_FILE"])
def test_variables_of_others_are_left_alone(name: str) -> None:
    """Variables of MockServer, another program, with the same prefix are not ours to refuse."""
    assert settings_from({}, {name: "x"}) == Settings()


def test_settings_go_to_the_mock(monkeypatch: pytest.MonkeyPatch) -> None:
    """What stands in variables and pyproject.toml is how the mock behaves."""
    pyproject("[tool.mockserver]\nauth = 'off'\nswitches = {cdm-error-shape = 'definition'}\n")
    monkeypatch.setenv("MOCKSERVER_UNKNOWN_IDS", "reject")
    mock = Mock(settings_from({}))
    answer = mock.handle(Request("GET", "/v1.1/p/clusters/6ec9a0a4-76be-4262-8697-e7af1fac7920/cdm/job/load/status"))
    assert (answer.status, json.loads(answer.body)["code"]) == (400, "Cdm.0100")


# env


def variables(text: str) -> dict[str, str]:
    """What a real sh has in its environment after reading this."""
    script = f"set -a\n{text}\nexec {shlex.quote(sys.executable)} -c 'import json, os; print(json.dumps(dict(os.environ)))'"
    done = subprocess.run(["sh", "-c", script], env={}, capture_output=True, text=True, check=True)
    result: dict[str, str] = json.loads(done.stdout)
    return {name: value for name, value in result.items() if name.startswith(("HUAWEICLOUD_", "CLOUD_", "ENOS_"))}


def expected(url: str = "http://127.0.0.1:6210", ak: str = "", sk: str = "", *regions: str) -> dict[str, str]:
    ak, sk = (ak, sk) if ak else next(iter(Settings().credentials.items()))
    services = ("CDM", "DATAARTSSTUDIO", "GAUSSDB", "TICS")
    return {
        **{f"HUAWEICLOUD_SDK_REGION_{name}_{region}": url for name in services for region in regions or ("CN_NORTH_4",)},
        "HUAWEICLOUD_SDK_IAM_ENDPOINT": url,
        **{f"{prefix}_SDK_{key}": value for prefix in ("HUAWEICLOUD", "CLOUD") for key, value in (("AK", ak), ("SK", sk))},
        "HUAWEICLOUD_SDK_PROJECT_ID": hex_id("project", "cn-north-4"),
        "ENOS_URL": url,
        **dict(zip(("ENOS_APP_KEY", "ENOS_APP_SECRET"), next(iter(Settings().apps.items())), strict=True)),
    }


def test_env_is_for_sh(capsys: pytest.CaptureFixture[str]) -> None:
    """What `mockserver env` prints, a shell takes: the SDKs' endpoints and keys are in the environment."""
    status, out, err = said(capsys, "env")
    assert (status, err) == (0, "")
    assert variables(out) == expected()
    assert all(line.startswith("export ") for line in out.splitlines())


def test_env_names_regions_host_port_and_credentials(capsys: pytest.CaptureFixture[str]) -> None:
    """`env` takes the options that its variables depend on; --region is repeatable."""
    regions = ["--region", "cn-north-1", "--region", "ap-southeast-3"]
    _, out, _ = said(capsys, "env", *regions, "--host", "10.0.0.1", "--port", "80", "--credential", "AK=SK")
    assert variables(out) == expected("http://10.0.0.1:80", "AK", "SK", "CN_NORTH_1", "AP_SOUTHEAST_3")


def test_env_names_the_project_and_the_application_of_the_settings(capsys: pytest.CaptureFixture[str]) -> None:
    """A configured project and EnOS application are what `env` prints: the server takes no other."""
    result = variables(said(capsys, "env", "--project", "p1", "--app", "key=secret")[1])
    names = ("HUAWEICLOUD_SDK_PROJECT_ID", "ENOS_APP_KEY", "ENOS_APP_SECRET")
    assert [result[name] for name in names] == ["p1", "key", "secret"]


@pytest.mark.parametrize(
    ("host", "shown"), [("0.0.0.0", "127.0.0.1"), ("::", "[::1]"), ("::1", "[::1]"), ("localhost", "localhost")]
)
def test_env_names_a_host_that_can_be_called(host: str, shown: str, definitions: Definitions) -> None:
    """A server that listens everywhere is called at its loopback address; an IPv6 address stands in brackets."""
    result = environment(definitions, Settings(host=host), ["cn-north-4"])
    assert result["HUAWEICLOUD_SDK_IAM_ENDPOINT"] == f"http://{shown}:6210"


def test_env_takes_settings_from_anywhere(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """`env` looks at variables and pyproject.toml as `serve` does."""
    pyproject("[tool.mockserver]\nport = 7000\ncredentials = {AK = 'SK'}\n")
    monkeypatch.setenv("MOCKSERVER_HOST", "localhost")
    assert variables(said(capsys, "env")[1]) == expected("http://localhost:7000", "AK", "SK")


def test_env_without_credentials(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the settings leave no access key, `env` says so."""
    monkeypatch.setenv("MOCKSERVER_CREDENTIALS", "")
    status, out, err = said(capsys, "env")
    assert (status, out) == (2, "")
    assert err.startswith("mockserver: there are no credentials; allowed: one pair or more (--credential AK=SK)")


VALUES = [
    "plain",
    "it's",
    'say "hi"',
    "both ' and \"",
    "$HOME `id` $(id)",
    "back\\slash",
    "\\' \\\" \\$",
    "a b\tc",
    "#x;y&z|w>v<u!",
    "é中",
    "",
    "*?[a]{b,c}~",
]


@pytest.mark.parametrize("shell", ["sh", "dotenv"])
@pytest.mark.parametrize("value", VALUES)
def test_values_are_quoted_for_sh(shell: str, value: str) -> None:
    """Whatever is in a value, sh reads it back; what is written for dotenv, too."""
    assert variables(shell_line(shell, "CLOUD_SDK_SK", value)) == {"CLOUD_SDK_SK": value}


@pytest.mark.parametrize(
    ("value", "line"),
    [("plain", '"plain"'), ("it's", '"it\'s"'), ('say "hi"', "'say \"hi\"'"), ("a$b", "'a$b'"), ("'$", '"\'\\$"')],
)
def test_values_are_quoted_for_dotenv(value: str, line: str) -> None:
    """Dotenv readers differ: values stand in the quotes in which nothing has to be escaped."""
    assert shell_line("dotenv", "NAME", value) == f"NAME={line}"


@pytest.mark.parametrize("value", VALUES)
def test_values_are_quoted_for_powershell(value: str) -> None:
    """In PowerShell's single quotes only a single quote means something: it is doubled."""
    line = shell_line("powershell", "NAME", value)
    match = re.fullmatch(r"\$env:NAME = '((?:[^']|'')*)'", line, re.DOTALL)
    assert match
    assert match[1].replace("''", "'") == value


@pytest.mark.parametrize(
    ("shell", "form"),
    [("sh", r"export \w+='[^']*'"), ("powershell", r"\$env:\w+ = '[^']*'"), ("dotenv", r'\w+="[^"]*"')],
)
def test_env_speaks_the_language_of_shells(shell: str, form: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Each form has the same variables, one a line."""
    lines = said(capsys, "env", "--shell", shell)[1].splitlines()
    assert all(re.fullmatch(form, line) for line in lines)
    assert [re.search(r"((?:HUAWEI)?CLOUD_SDK|ENOS)_\w+", line)[0] for line in lines] == list(expected())  # type: ignore[index]


# operations


@pytest.fixture(scope="module")
def listed(definitions: Definitions) -> Json:
    done = subprocess.run([sys.executable, "-m", "mockserver", "operations", "--json"], capture_output=True, check=True)
    result: Json = json.loads(done.stdout)
    assert len(result["operations"]) == len(definitions.operations)
    return result


def test_operations_lists_every_error(listed: Json, definitions: Definitions) -> None:
    """Every error of every operation is listed: how to ask for it, its statuses and code, and where it comes from."""
    for operation in listed["operations"]:
        known = definitions.operation(operation["id"])
        assert [error["name"] for error in operation["errors"]] == [error.name for error in known.errors()]
        for shown, error in zip(operation["errors"], known.errors(), strict=True):
            assert error.error is not None
            assert shown["code"] == error.error["code"]
            assert shown["message"] == error.error["message"]
            assert shown["statuses"] == list(error.statuses)
            assert shown["prefer"] == f"example={error.name}"
            assert shown["magic_id"] == magic_id(known, error.name)
            assert (shown["provenance"], shown["source"]) == (error.provenance.kind, error.provenance.source)
            assert shown["provenance"] in ("documented", "vendor-sdk", "analogous", "invented")
            assert set(shown["when"]) <= set(PROBLEMS)
        natural = [kind for error in operation["errors"] for kind in error["when"]]
        assert sorted(natural) == sorted(known.problems)


def test_magic_ids_that_are_listed_name_their_error(listed: Json) -> None:
    """Each magic id of the list names the error beside which it stands; without an id in words there is none."""
    without = [operation["id"] for operation in listed["operations"] if not operation["magic"]]
    assert without == ["KeystoneShowCatalog", "TriggerFlow"]
    for operation in listed["operations"]:
        named = [error["magic_id"] and error_name(error["magic_id"]) for error in operation["errors"]]
        assert named == [error["name"] if operation["magic"] else None for error in operation["errors"]]


def test_operations_lists_what_jobs_do(listed: Json, definitions: Definitions) -> None:
    """Of an operation with jobs, states and lives are listed; of each one, method, path and the documented request."""
    assert [operation["id"] for operation in listed["operations"] if operation["states"]] == [
        operation["id"] for operation in listed["operations"][:5]
    ]
    for operation in listed["operations"]:
        known = definitions.operation(operation["id"])
        assert (operation["method"], operation["path"]) == (known.method, known.path)
        assert (operation["service"], operation["vendor"]) == (known.service, known.vendor)
        assert operation["documented_request"] == known.documented_request
        assert operation["states"] == (list(known.job.states) if known.job else [])
        assert list(operation["lives"]) == (list(known.job.lives) if known.job else [])
        assert operation["examples"] == [name for name, example in known.examples.items() if example.error is None]


def test_operations_lists_the_switches(listed: Json, definitions: Definitions) -> None:
    """Every switch is listed with its values, what they mean and which is the default."""
    assert {switch["name"]: (switch["default"], switch["values"]) for switch in listed["switches"]} == {
        name: (switch.default, dict(switch.values)) for name, switch in definitions.switches.items()
    }


def test_operations_as_text(listed: Json, capsys: pytest.CaptureFixture[str]) -> None:
    """The text for a terminal has the same: every operation, error, code, status, provenance, problem and switch."""
    status, out, err = said(capsys, "operations")
    assert (status, err) == (0, "")
    blocks = dict(zip([block.split("\n")[0] for block in out.split("\n\n")], out.split("\n\n"), strict=True))
    for operation in listed["operations"]:
        call = f"{operation['method']} {operation['path']}"
        alike = [block for block in blocks.values() if f"    {operation['id']}: {call}" in block.split("\n")]
        block = alike[0] if alike else blocks[f"{operation['service']}: {operation['id']}"]
        lines = block.split("\n")
        assert alike or f"  {call}" in lines
        for states in filter(None, [", ".join(operation["states"])]):
            assert f"  states: {states}" in lines
            assert f"  lives: {', '.join(operation['lives'])}" in lines
        errors = [line.split() for line in lines if re.match(r"    \d", line)]
        assert [line[:4] for line in errors] == [
            ["/".join(map(str, error["statuses"])), error["code"], error["name"], error["provenance"]]
            for error in operation["errors"]
        ]
        assert [" ".join(line[5:]) for line in errors] == [", ".join(error["when"]) for error in operation["errors"]]
        where = f"body {magic}" if (magic := operation["magic"] or "").startswith("/") else magic
        dashes = all((error["magic_id"] or "").startswith("mock-error-") for error in operation["errors"])
        form = "mock-error-NAME" if dashes else "mock_error_NAME (with _ for each -)"
        assert ("magic id" in block) == bool(magic)
        assert not magic or f"by the magic id {form} in {where}" in block
    for switch in listed["switches"]:
        assert f"  {switch['name']}: {switch['description']}" in out
        for value, meaning in switch["values"].items():
            assert f"      {value}{' (default)' if value == switch['default'] else ''}: {meaning}\n" in out


@pytest.mark.parametrize(
    "encoding", ["ascii", *(pytest.param(name, marks=pytest.mark.exhaustive) for name in ("cp1252", "utf-8"))]
)
def test_what_an_encoding_lacks_is_escaped(encoding: str, listed: Json) -> None:
    """Output that goes where not every character can be written is complete all the same, and JSON stays JSON."""
    done = run("operations", "--json", PYTHONIOENCODING=encoding)
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout) == listed


def test_the_control_api_is_no_operation(listed: Json) -> None:
    """The mock's own calls are not listed among the vendors'."""
    assert not any(operation["path"].startswith("/_mock") for operation in listed["operations"])


# In-process


def test_input_errors_are_for_the_caller_where_there_is_no_command_line() -> None:
    """The library raises what the command line prints."""
    with pytest.raises(InputError, match="'x' is not a switch; known: "):
        Mock(Settings(switches={"x": "y"}))
