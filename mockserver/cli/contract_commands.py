"""The commands of the contract kit: verify, check, explain."""

from __future__ import annotations

import argparse
import fnmatch
import os
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import InputError
from .options import add_settings, settings_of
from .reporting import ProgressLine, add_report_options, parse_reports, strict_of, write_reports

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..contract.cases import Case
    from ..contract.result import Result
    from ..contract.sending import Sender
    from ..definitions import Definitions
    from ..verify import Plan


def add(commands: Any) -> None:
    """Add the commands to the parser."""
    _add_verify(commands)
    check = commands.add_parser(
        "check",
        help="judge recordings",
        description="Hold recorded exchanges (HAR, or JSON Lines of `mockserver record`) against the definitions."
        " Exit status: 0 clean, 1 findings, 2 could not be read, or nothing in them to judge.",
    )
    check.add_argument("files", nargs="+", type=Path, metavar="FILE", help="FILE.har or FILE.jsonl")
    check.add_argument("--only", action="append", metavar="PATTERN", help="operations or services, as 'cdm'. Repeatable.")
    check.add_argument("--host", action="append", metavar="PATTERN", help="hosts, as '*.myhuaweicloud.com'. Repeatable.")
    add_report_options(check)
    add_settings(check, ["definitions"])
    check.set_defaults(run=_run_check)
    explain = commands.add_parser("explain", help="say what a finding's code means", description="Say what a code means.")
    explain.add_argument("code", nargs="?", help="such as id-mismatch (default: list all)")
    explain.set_defaults(run=_run_explain)


def _add_verify(commands: Any) -> None:
    verify = commands.add_parser(
        "verify",
        help="hold the mock, or a service, against the definitions",
        description="Run contract cases: without --target against the mock in this process, with it against a service."
        " Credentials come from HUAWEICLOUD_SDK_AK and HUAWEICLOUD_SDK_SK (or --token, MOCKSERVER_TOKEN) and from"
        " ENOS_APP_KEY and ENOS_APP_SECRET. Exit status: 0 clean, 1 findings, 2 could not run.",
    )
    verify.add_argument("--target", metavar="URL", help="the service to ask (default: the mock in this process)")
    verify.add_argument("--token", help="X-Auth-Token to send; rather set MOCKSERVER_TOKEN: command lines can be seen")
    verify.add_argument("--ak", help="access key (default: HUAWEICLOUD_SDK_AK); the secret key is HUAWEICLOUD_SDK_SK")
    verify.add_argument(
        "--profile", type=Path, metavar="FILE", help="ids to ask with (JSON or YAML, as contracts/profile.json)"
    )
    verify.add_argument("--case", action="append", type=Path, metavar="FILE", help="file of cases. Repeatable.")
    verify.add_argument("--only", action="append", metavar="PATTERN", help="cases by name, such as 'cdm:*'. Repeatable.")
    verify.add_argument("--poll", action="store_true", help="also run the cases that poll until a job ends")
    verify.add_argument("--interval", type=float, metavar="SECONDS", help="between polls (default: 5)")
    verify.add_argument("--max-polls", type=int, metavar="N", help="polls of a job at most (default: 60)")
    verify.add_argument("--prefer", action="store_true", help="also ask for each documented error by Prefer (mocks only)")
    verify.add_argument("--rate", metavar="N/s", help="requests per second or minute, such as 2/s or 30/m")
    verify.add_argument("--allow-method", action="append", metavar="METHOD", help="send this method, too, not only GET")
    verify.add_argument("--ca-bundle", metavar="FILE", help="certificates to trust")
    verify.add_argument("--insecure", action="store_true", help="trust any certificate")
    verify.add_argument("--keep-ids", action="store_true", help="keep ids of projects, users, clusters in reports")
    add_report_options(verify)
    add_settings(verify, ["definitions", "switches", "seed"])
    verify.set_defaults(run=_run_verify)


def _run_verify(options: argparse.Namespace) -> int:
    reports = parse_reports(options.report)
    if options.target is None:
        _check_no_target_options(options)
    from ..contract.cases import read_profile
    from ..contract.runner import Pace
    from ..definitions import load
    from ..verify import IN_PROCESS, Plan, cases_for

    settings = settings_of(options)
    definitions = load(Path(path) for path in settings.definitions)
    profile = read_profile(options.profile, os.environ, definitions)
    cases = cases_for(options.case or [], profile, definitions, options.target is None, options.prefer)
    plan = Plan(
        cases=_select_cases(cases, options.only),
        profile=profile,
        strict=strict_of(options),
        definitions=settings.definitions,
        pace=IN_PROCESS if options.target is None else _pace_from_options(Pace(), options),
        poll=options.poll or options.target is None,
        methods=("GET", *(method.upper() for method in options.allow_method or ())),
    )
    progress = ProgressLine(len(plan.cases))
    began = time.perf_counter()
    try:
        result = _verify(options, plan, definitions, lambda number, case: progress.show(number, case.name))
    finally:
        progress.end()
    result = replace(result, seconds=time.perf_counter() - began)
    return write_reports(result, reports, definitions, options.fail_on, options.fail_under)


_TARGET_OPTIONS = ("token", "ak", "rate", "allow_method", "ca_bundle", "insecure", "keep_ids", "interval", "max_polls")


def _check_no_target_options(options: argparse.Namespace) -> None:
    """Raises InputError for an option that needs --target: no option is silently ignored."""
    for name in _TARGET_OPTIONS:
        if (value := getattr(options, name)) is not None and value is not False:
            option = "--" + name.replace("_", "-")
            raise InputError(f"{option} is about a service; give --target URL, too, or leave it out")


def _select_cases(cases: tuple[Case, ...], patterns: list[str] | None) -> tuple[Case, ...]:
    """The cases whose names match one of the patterns. Raises InputError if there are none."""
    matches = tuple(
        case for case in cases if not patterns or any(fnmatch.fnmatch(case.name, pattern) for pattern in patterns)
    )
    if not matches:
        services = ", ".join(sorted({f"{case.service}:*" for case in cases}))
        raise InputError(f"no case is named like {', '.join(patterns or ['*'])}; there are {services}")
    return matches


def _pace_from_options(default_pace: Any, options: argparse.Namespace) -> Any:
    interval, polls = 5.0 if options.interval is None else options.interval, options.max_polls
    polls = 60 if polls is None else polls
    if not interval >= 0 or polls < 1:  # NaN is not >= 0
        raise InputError(f"--interval is {interval:g}, --max-polls {polls}; allowed: 0 or more, 1 or more")
    return replace(default_pace, interval=interval, polls=polls)


def _verify(
    options: argparse.Namespace, plan: Plan, definitions: Definitions, progress: Callable[[int, Case], None]
) -> Result:
    from ..verify import verify_mock, verify_service

    if options.target is None:
        return verify_mock(plan, settings_of(options), progress)
    from ..redaction.redactor import Redactor

    redactor = Redactor(options.keep_ids, definitions=definitions)
    with _new_sender(options, definitions, plan) as sender:
        return verify_service(plan, sender, options.target, redactor, time.sleep, progress)


def _new_sender(options: argparse.Namespace, definitions: Definitions, plan: Plan) -> Sender:
    from ..contract.rate_limit import parse_rate
    from ..contract.sending import Sender
    from ..contract.target import target_of
    from ..credentials import credentials_of, mock_credentials, signer

    environment = dict(os.environ)
    environment |= {"MOCKSERVER_TOKEN": options.token} if options.token else {}
    environment |= {"HUAWEICLOUD_SDK_AK": options.ak} if options.ak else {}
    target = target_of(options.target)
    credentials = credentials_of(environment)
    if target.loopback:  # most people first try a mock that they have just started
        credentials = credentials.or_else(mock_credentials())
    trust_options = {"ca_bundle": options.ca_bundle, "insecure": options.insecure}
    token_sender = Sender(options.target, allow_methods=("POST",), **trust_options)  # EnOS gives its access token by POST
    sign = signer(definitions, credentials, token_sender.send, prefix=target.prefix)
    rate = parse_rate(options.rate) if options.rate else None
    return Sender(options.target, sign, allow_methods=plan.methods, rate=rate, **trust_options)


def _run_check(options: argparse.Namespace) -> int:
    reports = parse_reports(options.report)
    from ..contract.recordings import ExchangeFilter, judge_files
    from ..contract.session import Session
    from ..contract.strictness import mode_of
    from ..definitions import load
    from ..redaction.redactor import Redactor

    extra_files = [Path(path) for path in settings_of(options).definitions]
    definitions = load(extra_files, strict_of(options))
    session = Session(definitions, mode_of(strict_of(options)), Redactor(keep_ids=True, definitions=definitions))
    began = time.perf_counter()
    exchange_filter = ExchangeFilter(tuple(options.only or ()), tuple(options.host or ()))
    progress = ProgressLine()
    try:
        left_out = judge_files(session, definitions, options.files, exchange_filter, progress.show)
    finally:
        progress.end()
    result = session.result(", ".join(map(str, options.files)), time.perf_counter() - began)
    result.skipped += left_out
    return write_reports(result, reports, definitions, options.fail_on, options.fail_under)


def _run_explain(options: argparse.Namespace) -> int:
    from ..contract.codes import CODES, explain

    if options.code is None:
        width = max(map(len, CODES))
        for name, code in CODES.items():
            print(f"{name:<{width}}  {code.severity:<7}  {code.meaning}")
    else:
        print(explain(options.code), end="")
    return 0
