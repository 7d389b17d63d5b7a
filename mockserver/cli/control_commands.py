"""The commands that drive a running server: jobs, faults, journal, reset."""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Iterable
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from ..errors import InputError
from .options import add_server, settings_of

if TYPE_CHECKING:
    from ..client import Client, RemoteExchange, RemoteFault, RemoteJob

_FOLLOW_SECONDS = 0.5


def add(commands: Any) -> None:
    """Add the commands to the parser."""
    jobs = _command(commands, "jobs", "list, declare and change a running server's jobs", _jobs)
    jobs.add_argument("action", nargs="?", default="list", choices=("list", "add", "rerun", "cancel", "fail", "delete"))
    jobs.add_argument("words", nargs="*", metavar="SERVICE NAME=VALUE | NUMBER", help="add: cdm job_name=x; others: 1")
    jobs.add_argument("--life", help="add: a life by its name, or JSON of its steps")
    faults = _command(commands, "faults", "list, declare and delete a running server's faults", _faults)
    faults.add_argument("action", nargs="?", default="list", choices=("list", "add", "delete", "clear"))
    faults.add_argument("words", nargs="*", metavar="TARGET NAME=VALUE | NUMBER", help="add: cdm status=502 times=3")
    journal = _command(commands, "journal", "show what a running server was asked and answered", _journal)
    journal.add_argument("-f", "--follow", action="store_true", help="go on as exchanges come, until Ctrl-C")
    journal.add_argument("--limit", type=int, default=20, help="how many of the newest (default: 20)")
    _command(commands, "reset", "let a running server forget what was declared, asked and answered", _reset)


def _command(commands: Any, name: str, text: str, run: Any) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = commands.add_parser(name, help=text, description=text.capitalize() + ".")
    parser.add_argument("--namespace", default="default", help="whose (default: default)")
    parser.add_argument("--json", action="store_true", help="print what the control API answers")
    add_server(parser, "control_token")
    parser.set_defaults(run=run)
    return parser


def _client(options: argparse.Namespace) -> Client:
    from ..remote import client_of

    return client_of(settings_of(options), options.namespace)


def _jobs(options: argparse.Namespace) -> int:
    with _client(options) as client:
        if options.life and options.action != "add":
            raise InputError("--life goes with: mockserver jobs add SERVICE")
        if options.action == "list":
            _check_no_words(options.words, "list")
            _print(options, client.jobs(), _job_line, "no jobs are declared")
        elif options.action == "add":
            service, values = _parse_name_and_pairs(options.words, "mockserver jobs add SERVICE NAME=VALUE ...")
            values |= {"life": _parse_value(options.life)} if options.life else {}
            _print(options, [client.job(service, **values)], _job_line)
        elif options.action == "delete":
            client.delete(_parse_number(options.words))
        else:
            _print(options, [client.change(_parse_number(options.words), options.action)], _job_line)
    return 0


def _faults(options: argparse.Namespace) -> int:
    with _client(options) as client:
        if options.action == "list":
            _check_no_words(options.words, "list")
            _print(options, client.faults(), _fault_line, "no faults are declared")
        elif options.action == "add":
            target, values = _parse_name_and_pairs(options.words, "mockserver faults add TARGET NAME=VALUE ...")
            _print(options, [client.fail(target, **values)], _fault_line)
        elif options.action == "delete":
            client.delete_fault(_parse_number(options.words))
        else:
            _check_no_words(options.words, "clear")
            client.clear_faults()
    return 0


def _journal(options: argparse.Namespace) -> int:
    with _client(options) as client:
        exchanges = client.journal(options.limit)
        _print(options, exchanges, _exchange_line, "" if options.follow else "nothing was asked")
        last = exchanges[-1].number if exchanges else 0
        try:
            while options.follow:
                time.sleep(_FOLLOW_SECONDS)
                exchanges = client.journal()
                if exchanges and exchanges[-1].number < last:  # it was reset
                    last = 0
                new_exchanges = [exchange for exchange in exchanges if exchange.number > last]
                _print(options, new_exchanges, _exchange_line)
                last = new_exchanges[-1].number if new_exchanges else last
        except KeyboardInterrupt:
            pass
    return 0


def _reset(options: argparse.Namespace) -> int:
    with _client(options) as client:
        client.reset()
    return 0


def _check_no_words(words: list[str], action: str) -> None:
    if words:
        raise InputError(f"{action} takes nothing more; found {' '.join(words)!r}")


def _parse_name_and_pairs(words: list[str], form: str) -> tuple[str, dict[str, Any]]:
    """The first word, and the NAME=VALUE pairs after it. Raises InputError."""
    if not words or "=" in words[0]:
        raise InputError(f"what is it about? Allowed: {form}")
    values = {}
    for word in words[1:]:
        name, sign, value = word.partition("=")
        if not sign or not name:
            raise InputError(f"{word!r} is not of the form NAME=VALUE; allowed: {form}")
        values[name.replace("-", "_") if name.islower() else name] = _parse_value(value, name)
    return words[0], values


def _parse_value(text: str, name: str = "") -> Any:
    """The text read as JSON if possible, else as text; values that name a job are always text."""
    if name.endswith(("name", "id", "Id")):
        return text
    try:
        return json.loads(text)
    except ValueError:
        return text


def _parse_number(words: list[str]) -> int:
    if len(words) != 1 or not words[0].isdecimal():
        raise InputError(f"which one? Found {' '.join(words)!r}; allowed: one number, as the list shows it")
    return int(words[0])


def _print(options: argparse.Namespace, items: Iterable[Any], line_of: Any, text_if_empty: str = "") -> None:
    items = list(items)
    for item in items:
        print(json.dumps(asdict(item)) if options.json else line_of(item), flush=True)
    if not items and text_if_empty and not options.json:
        print(text_if_empty)


def _job_line(job: RemoteJob) -> str:
    identity = " ".join(f"{name}={value}" for name, value in job.match.items()) or "any"
    runs_text = f"  {job.count} runs" if job.count > 1 else ""
    return f"{job.number}  {job.service}  {identity}  {job.status}{' (ended)' if job.terminal else ''}{runs_text}"


def _fault_line(fault: RemoteFault) -> str:
    return f"{fault.number}  {fault.target}  {fault.kind}  served {fault.served}"


def _exchange_line(exchange: RemoteExchange) -> str:
    from ..jobs.clock import utc

    request, time = exchange.request, utc(exchange.time).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    query = f"?{request['query']}" if request["query"] else ""
    line = f"{time}  #{exchange.number}  {request['method']} {request['path']}{query}  {exchange.response['status']}"
    return line + (f"  ({exchange.problem})" if exchange.problem else "")
