"""The command line. Each command imports the heavy modules that it needs, so that `--help` is quick."""

from __future__ import annotations

import argparse
import io
import sys
from collections.abc import Callable, Sequence

from ..errors import InputError, did_you_mean
from ..version import __version__
from . import (
    contract_commands,
    control_commands,
    definition_commands,
    diff_commands,
    import_commands,
    proxy_commands,
    recording_commands,
    server_commands,
)


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command. Returns the exit status: 0 if it is done, 2 for a mistake that the user has to correct."""
    if isinstance(sys.stdout, io.TextIOWrapper):  # not every terminal can show Chinese
        sys.stdout.reconfigure(errors="backslashreplace")
    arguments = list(sys.argv[1:] if argv is None else argv)
    if not arguments or (arguments[0].startswith("-") and arguments[0] not in ("-h", "--help", "--version")):
        arguments.insert(0, "serve")
    try:
        options = _parse(arguments)
        run: Callable[[argparse.Namespace], int] = options.run
        return run(options)
    except InputError as error:
        print(f"mockserver: {error}", file=sys.stderr)
        return 2
    except BrokenPipeError:  # the reader of our output has closed it
        sys.stderr.close()
        return 0


def _parse(arguments: list[str]) -> argparse.Namespace:
    """The options. Raises InputError for arguments that the command doesn't take, with the nearest option."""
    parser = _parser()
    options, unknown = parser.parse_known_args(arguments)
    if not unknown:
        return options
    commands = next(action for action in parser._actions if isinstance(action, argparse._SubParsersAction))
    known_options = [name for name in commands.choices[arguments[0]]._option_string_actions if name.startswith("--")]
    option_names = [option_name.partition("=")[0] for option_name in unknown if option_name.startswith("-")]
    hint = next((suggestion for option_name in option_names if (suggestion := did_you_mean(option_name, known_options))), "")
    raise InputError(f"{arguments[0]} doesn't take {' '.join(unknown)!r}{hint or f'; see mockserver {arguments[0]} --help'}")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="mockserver",
        description="A local mock server for the job-status APIs of cloud data platforms. Without a command: serve.",
        epilog="For example: `mockserver --port 7000` starts it, `mockserver env` prints the variables for SDKs,"
        " `mockserver jobs add cdm job_name=orders --life fails` declares a job in it.",
    )
    parser.add_argument("--version", action="version", version=f"mockserver {__version__}")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    server_commands.add(commands)
    control_commands.add(commands)
    contract_commands.add(commands)
    diff_commands.add(commands)
    definition_commands.add(commands)
    import_commands.add(commands)
    proxy_commands.add(commands)
    recording_commands.add(commands)
    return parser
