"""The command line. Heavy modules are imported by the command that needs them, so that `--help` is quick."""

from __future__ import annotations

import argparse
import io
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from . import __version__
from .errors import InputError
from .settings import TABLE, Row, Settings, parse_option, settings_from

_COMMANDS = ("serve", "env", "operations")


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command; the exit status: 0 done, 2 for what the user has to mend."""
    if isinstance(sys.stdout, io.TextIOWrapper):  # not every terminal can show every vendor's words
        sys.stdout.reconfigure(errors="backslashreplace")
    arguments = list(sys.argv[1:] if argv is None else argv)
    if not arguments or (arguments[0].startswith("-") and arguments[0] not in ("-h", "--help", "--version")):
        arguments.insert(0, "serve")
    try:
        options = _parser().parse_args(arguments)
        run: Callable[[argparse.Namespace], int] = options.run
        return run(options)
    except InputError as error:
        print(f"mockserver: {error}", file=sys.stderr)
        return 2
    except BrokenPipeError:  # the reader of our output has seen enough
        sys.stderr.close()
        return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="mockserver",
        description="A local mock server for the job-status APIs of cloud data platforms. Without a command: serve.",
    )
    parser.add_argument("--version", action="version", version=f"mockserver {__version__}")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    serve = commands.add_parser("serve", help="start the server (the default)", description="Start the server.")
    _add_settings(serve, [row.name for row in TABLE])
    serve.set_defaults(run=_serve)
    env = commands.add_parser(
        "env",
        help="print the variables that turn SDK code to the mock",
        description="Print the environment variables that turn code with a vendor's SDK to the mock, unchanged.",
    )
    env.add_argument(
        "--shell", choices=("sh", "powershell", "dotenv"), default="sh", help="form of the output (default: sh)"
    )
    env.add_argument("--region", action="append", help="region of the SDK's with_region; repeatable (default: cn-north-4)")
    _add_settings(env, ["host", "port", "credentials"])
    env.set_defaults(run=_env)
    operations = commands.add_parser(
        "operations",
        help="list endpoints, errors, magic ids, switches",
        description="List the operations, how to get each of their documented errors, and the switches.",
    )
    operations.add_argument("--json", action="store_true", help="as JSON")
    _add_settings(operations, ["definitions"])
    operations.set_defaults(run=_operations)
    return parser


def _add_settings(parser: argparse.ArgumentParser, names: Sequence[str]) -> None:
    for row in TABLE:
        if row.name in names:
            _add_setting(parser, row)


def _add_setting(parser: argparse.ArgumentParser, row: Row) -> None:
    default = getattr(Settings(), row.name)
    if row.kind == "bool":
        parser.add_argument(row.option, action=argparse.BooleanOptionalAction, help=f"{row.help} (default: {default})")
        return
    shown = f" (default: {default})" if row.kind in ("str", "int") and default != "" else ""
    repeated = row.kind in ("list", "pairs")
    metavar = "{" + ",".join(row.choices) + "}" if row.choices else row.parts if repeated else row.name.upper()
    parser.add_argument(
        row.option,
        dest=row.name,
        action="append" if repeated else "store",
        metavar=metavar,
        help=row.help + shown + (" Repeatable." if repeated else ""),
    )


def _settings(options: argparse.Namespace) -> Settings:
    return settings_from({row.name: _given(row, getattr(options, row.name, None)) for row in TABLE})


def _given(row: Row, value: Any) -> Any:
    if value is None or row.kind == "bool":
        return value
    if row.kind == "list":
        return tuple(value)
    if row.kind == "pairs":
        merged: dict[str, str] = {}
        for item in value:
            merged |= parse_option(row, item)
        return merged
    return parse_option(row, value)


def _serve(options: argparse.Namespace) -> int:
    settings = _settings(options)
    from .server import serve

    return serve(settings)


def _env(options: argparse.Namespace) -> int:
    settings = _settings(options)
    from .definitions import load
    from .listing import environment, shell_line

    regions = options.region or ["cn-north-4"]
    for name, value in environment(load(), settings, regions).items():
        print(shell_line(options.shell, name, value))
    return 0


def _operations(options: argparse.Namespace) -> int:
    from pathlib import Path

    from .definitions import load
    from .listing import operations_json, operations_text

    definitions = load(Path(path) for path in _settings(options).definitions)
    show: Mapping[bool, Callable[[Any], str]] = {True: operations_json, False: operations_text}
    print(show[options.json](definitions))
    return 0
