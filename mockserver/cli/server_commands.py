"""The commands for the server: serve, env, operations, generate, clock, wait."""

from __future__ import annotations

import argparse
import secrets
import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from ..errors import InputError
from ..settings import TABLE, Settings
from .options import add_server, add_settings, settings_of

_CLOCK_ACTIONS = ("show", "set", "advance", "freeze", "run", "tick")


def add(commands: Any) -> None:
    """Add the commands to the parser."""
    serve = commands.add_parser("serve", help="start the server (the default)", description="Start the server.")
    add_settings(serve, [row.name for row in TABLE])
    serve.set_defaults(run=_serve)
    env = commands.add_parser(
        "env",
        help="print the variables that point SDK code at the mock",
        description="Print the environment variables that point code with a vendor's SDK at the mock, unchanged.",
    )
    env.add_argument(
        "--shell", choices=("sh", "powershell", "dotenv"), default="sh", help="form of the output (default: sh)"
    )
    env.add_argument("--region", action="append", help="region of the SDK's with_region; repeatable (default: cn-north-4)")
    add_server(env, "credentials", "apps", "projects")
    env.set_defaults(run=_env)
    operations = commands.add_parser(
        "operations",
        help="list endpoints, errors, magic ids, switches",
        description="List the operations, how to get each of their documented errors, and the switches.",
    )
    forms = operations.add_mutually_exclusive_group()
    forms.add_argument("--json", action="store_const", dest="form", const="json", help="as JSON")
    forms.add_argument("--markdown", action="store_const", dest="form", const="markdown", help="as a document")
    add_settings(operations, ["definitions"])
    operations.set_defaults(run=_run_operations)
    _add_generate(commands)
    _add_clock(commands)
    _add_wait(commands)


def _add_generate(commands: Any) -> None:
    generate = commands.add_parser(
        "generate",
        help="make a fixture file",
        description="Make a file of jobs with made-up facts, for --fixtures. The same arguments give the same file.",
    )
    generate.add_argument("service", help="dataarts, enos, cdm, tics or taurusdb")
    generate.add_argument("--count", type=int, default=10, help="how many jobs (default: 10)")
    generate.add_argument("--locale", default="en_US", help="language of names and texts: en_US or zh_CN (default: en_US)")
    generate.add_argument("--out", metavar="FILE", help="where to write it (default: stdout)")
    add_settings(generate, ["seed"])
    generate.set_defaults(run=_generate)


def _add_clock(commands: Any) -> None:
    clock = commands.add_parser(
        "clock",
        help="show or move a running server's clock",
        description="Show or move a running server's clock: show; set TIME (ISO 8601); advance DURATION (90, 2h, 1h30m);"
        " freeze; run [SPEED] (1); tick DURATION (what each answered poll moves it by).",
    )
    clock.add_argument("action", choices=_CLOCK_ACTIONS, nargs="?", default="show", help="what to do (default: show)")
    clock.add_argument("value", nargs="?", help="a time, a duration or a speed")
    clock.add_argument("--namespace", default="default", help="whose clock (default: default)")
    add_server(clock, "control_token")
    clock.set_defaults(run=_clock)


def _add_wait(commands: Any) -> None:
    wait = commands.add_parser(
        "wait",
        help="wait until a server answers",
        description="Wait until a server answers: for scripts that start one in the background. Exit status 2 if none does.",
    )
    wait.add_argument("--timeout", metavar="DURATION", default="30s", help="how long to wait at most (default: 30s)")
    add_server(wait)
    wait.set_defaults(run=_wait)


def _serve(options: argparse.Namespace) -> int:
    settings = _with_token(settings_of(options))
    if settings.auth == "verify" and settings.speed > 1:
        minutes = 15 / (settings.speed - 1)
        print(
            f"mockserver: with --speed {settings.speed:g} the clock runs away from the SDKs': after {minutes:.2g} minutes"
            " their signatures are refused as expired; --auth presence takes them",
            file=sys.stderr,
            flush=True,
        )
    from ..server.serve import serve

    return serve(settings)


def _with_token(settings: Settings) -> Settings:
    """The settings; if other machines can reach the server, with a new token for the control API, which is printed."""
    from ..control_access import is_loopback

    if is_loopback(settings.host) or settings.control_token:
        return settings
    token = secrets.token_urlsafe(24)
    print(f"mockserver: the control API wants this token: Authorization: Bearer {token}", file=sys.stderr, flush=True)
    return replace(settings, control_token=token)


def _env(options: argparse.Namespace) -> int:
    settings = settings_of(options)
    from ..definitions import load
    from ..listing import environment, shell_line

    regions = options.region or ["cn-north-4"]
    for name, value in environment(load(), settings, regions).items():
        print(shell_line(options.shell, name, value))
    return 0


def _run_operations(options: argparse.Namespace) -> int:
    from pathlib import Path

    from ..definitions import load
    from ..listing import operations_json, operations_markdown, operations_text

    definitions = load(Path(path) for path in settings_of(options).definitions)
    forms: Mapping[str | None, Callable[[Any], str]] = {"json": operations_json, "markdown": operations_markdown}
    print(forms.get(options.form, operations_text)(definitions).rstrip("\n"))
    return 0


def _generate(options: argparse.Namespace) -> int:
    from pathlib import Path

    from ..definitions import load
    from ..fixture_sets import fixture_set

    text = fixture_set(load(), options.service, options.count, settings_of(options).seed, options.locale)
    if options.out is None:
        sys.stdout.write(text)
        return 0
    try:
        Path(options.out).write_text(text, encoding="utf-8")
    except OSError as error:
        raise InputError(f"can't write {options.out}: {error.strerror}") from error
    return 0


def _wait(options: argparse.Namespace) -> int:
    from ..jobs.duration import seconds
    from ..remote import wait

    print(wait(settings_of(options), seconds(options.timeout)))
    return 0


def _clock(options: argparse.Namespace) -> int:
    from ..jobs.duration import seconds
    from ..remote import change_clock, show_clock

    settings, action, value = settings_of(options), options.action, options.value
    if value is not None and action in ("show", "freeze"):
        raise InputError(f"mockserver clock {action} takes no value; found {value!r}")
    if value is None and action in ("set", "advance", "tick"):
        raise InputError(f"mockserver clock {action} needs a {'time' if action == 'set' else 'duration'}")
    if action in ("advance", "tick"):
        seconds(value)  # from Python 3.14 on, argparse takes -2h for a negative number
    if action == "show":
        print(show_clock(settings, options.namespace))
        return 0
    bodies: Mapping[str, Mapping[str, Any]] = {
        "set": {"set": value},
        "advance": {"advance": value},
        "freeze": {"freeze": True},
        "run": {"speed": value or "1"},
        "tick": {"tick": value},
    }
    print(change_clock(settings, options.namespace, bodies[action]))
    return 0
