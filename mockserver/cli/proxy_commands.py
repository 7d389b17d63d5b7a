"""The command `proxy`: stands in front of a service, passes everything through, and judges every exchange."""

from __future__ import annotations

import argparse
import math
import os
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from ..errors import InputError
from .options import add_settings, settings_of
from .reporting import add_report_options, check_writable, parse_reports, strict_of, write_reports

if TYPE_CHECKING:
    from ..contract.result import Result
    from ..definitions import Definitions
    from ..proxy import ProxyOptions


def add(commands: Any) -> None:
    """Add the command to the parser."""
    proxy = commands.add_parser(
        "proxy",
        help="stand in front of a service, pass all through, judge every exchange",
        description="Stand in front of a service: everything passes through unchanged, both ways, and every exchange is held"
        " against the definitions. Findings appear on stderr as they come; Ctrl-C stops it and writes the reports. The exit"
        " status is 0 for a clean run, 1 for findings, 2 where something could not be judged.",
    )
    add_proxy_options(proxy)
    proxy.add_argument("--record", metavar="FILE", help="record every exchange, without secrets, as JSON Lines")
    proxy.add_argument("--har", metavar="FILE", help="write every exchange, without secrets, as HAR 1.2 when it stops")
    add_report_options(proxy)
    add_settings(proxy, ["definitions"])
    proxy.set_defaults(run=_proxy)


def add_proxy_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of every command that stands in front of a service: where that is, and how to reach it."""
    parser.add_argument(
        "--upstream",
        action="append",
        required=True,
        metavar="[SERVICE=]URL",
        help="where requests go, all or those of one service (cdm=https://...). Repeatable.",
    )
    parser.add_argument("--host", default="127.0.0.1", help="address to bind to (default: 127.0.0.1)")
    parser.add_argument("--port", type=_port, default=6211, help="port to bind to; 0 picks a free one (default: 6211)")
    parser.add_argument(
        "--timeout", type=_seconds, default=300.0, help="for how many seconds a service may say nothing (default: 300)"
    )
    parser.add_argument(
        "--resign",
        action="store_true",
        help="sign signed requests again for the service's host, with HUAWEICLOUD_SDK_AK and HUAWEICLOUD_SDK_SK: those"
        " of documented GETs by callers on this machine; others are refused",
    )
    parser.add_argument(
        "--resign-allow",
        action="append",
        default=[],
        metavar="NAME",
        help="a method, or an operation's id, whose documented requests are signed again, too. Repeatable.",
    )
    parser.add_argument(
        "--allow-host",
        action="append",
        default=[],
        metavar="NAME",
        help="a host name under which callers reach the proxy and get signatures, beside localhost and --host. Repeatable.",
    )
    trust_group = parser.add_mutually_exclusive_group()
    trust_group.add_argument(
        "--ca-bundle", metavar="FILE", help="certificates to trust (default: REQUESTS_CA_BUNDLE, or the usual)"
    )
    trust_group.add_argument("--insecure", action="store_true", help="trust any certificate")
    parser.add_argument(
        "--keep-ids",
        action="store_true",
        help="keep the ids of projects, users, clusters in recordings and reports (else: pseudonyms)",
    )


def _port(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) <= 5 and int(text) <= 65_535):
        raise argparse.ArgumentTypeError(f"{text!r} is not a port; allowed: 0 to 65535")
    return int(text)


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if not 0 < seconds <= 86_400:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of seconds; allowed: more than 0, at most 86400")
    return seconds


def _proxy(options: argparse.Namespace) -> int:
    reports = parse_reports(options.report)
    with Recordings(options) as recordings:
        result, definitions = run(options, recordings, strict_of(options))
        recordings.finish(result)
    return write_reports(result, reports, definitions, options.fail_on, options.fail_under)


def run(
    options: argparse.Namespace, recordings: Recordings, strict: frozenset[str] | None = None
) -> tuple[Result, Definitions]:
    """Run a proxy with a judging process behind it until it is stopped.

    Args:
        options: The options of `add_proxy_options`.
        recordings: The files that exchanges are recorded to.
        strict: The contradictions that are read strictly; None: nothing is judged.

    Raises:
        InputError: For a wrong option.
    """
    from ..contract.strictness import Strictness
    from ..definitions import load
    from ..proxy import JudgeProcess, JudgeSettings, serve_proxy

    strictness = Strictness(strict or frozenset())
    proxy_settings, definition_files = proxy_options(options), settings_of(options).definitions
    target = ", ".join(options.upstream)
    judge_process = JudgeProcess(
        JudgeSettings(
            tuple(definition_files), strictness.ids, options.keep_ids, recordings.path, target, judged=strict is not None
        )
    )
    definitions = load((Path(path) for path in definition_files), strictness.ids)
    for note in judge_process.ready(definitions):
        judge_process.notices.report(f"mockserver proxy: {note}")
    return serve_proxy(proxy_settings, definitions, judge_process), definitions


def proxy_options(options: argparse.Namespace) -> ProxyOptions:
    """The options of `add_proxy_options` in the form that the proxy takes. Raises InputError."""
    from ..credentials import credentials_of, resigner
    from ..proxy import ProxyOptions

    return ProxyOptions(
        upstreams=tuple(options.upstream),
        host=options.host,
        port=options.port,
        timeout=options.timeout,
        ca_bundle=options.ca_bundle or os.environ.get("REQUESTS_CA_BUNDLE") or None,
        insecure=options.insecure,
        resign=resigner(credentials_of(os.environ)) if options.resign else None,
        resign_allow=tuple(options.resign_allow),
        allow_hosts=tuple(options.allow_host),
    )


class Recordings:
    """The files that a proxy records to: JSON Lines during the run, and HAR made from these at the end.

    Raises InputError for a HAR file that can't be written, before the proxy starts.

    Attributes:
        path: The recording to write; None: nothing is recorded.
    """

    def __init__(self, options: argparse.Namespace) -> None:
        self._stack = ExitStack()
        self._har: str | None = options.har
        self.path: str | None = options.record
        if self._har:
            check_writable(self._har)
            if self.path is None:
                folder = self._stack.enter_context(TemporaryDirectory(prefix="mockserver-proxy-"))
                self.path = str(Path(folder) / "recording.jsonl")

    def finish(self, result: Result) -> None:
        """Write the HAR file; if that fails, the result says so."""
        if self._har and self.path:
            from ..exchanges.har_writing import write
            from ..exchanges.recording import read

            try:
                write(Path(self._har), read(Path(self.path)))
            except InputError as error:
                result.failed.append(("--har", str(error)))

    def __enter__(self) -> Recordings:
        return self

    def __exit__(self, *_error: object) -> None:
        self._stack.close()
