"""Contract cases: requests as data, and the expected answers (`contracts/README.md` has the format)."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote_to_bytes, urlencode

from ..definitions import Definitions, Operation, load
from ..definitions.model import VENDORS
from ..errors import InputError, nearest_or_allowed
from ..model import Request
from ..package_data import folder
from ..user_files import check, read_file, shape
from .case_sets import expand_cases

_PLACEHOLDER = re.compile(r"{(\w+)}")
_SAMPLES = ("contract-1", 1, "0605767a5780d5762fc5c0118072a564", "01234567-89ab-cdef-0123-456789abcdef", "0605767a", "A1")
_DAY = 86_400_000


@dataclass(frozen=True)
class Case:
    """One case, as in its file.

    The request is given by `parameters` (with placeholders that the profile fills), or by `request` (raw). `credential`:
    whether it is sent with a credential; `poll`: repeat it until the job ends; `pages`: how many pages are read. `clock`,
    `settings` and `jobs` are only for the mock: a case that has them can't be run against anything else.
    """

    name: str
    service: str
    operation: str
    expect: Mapping[str, Any]
    title: str = ""
    parameters: Mapping[str, str] | None = None
    request: Mapping[str, Any] | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    credential: bool = True
    poll: bool = False
    pages: int = 1
    clock: str | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)
    jobs: tuple[Mapping[str, Any], ...] = ()

    @property
    def for_the_mock(self) -> bool:
        """True if the case can only be run against the mock."""
        return bool(self.clock or self.settings or self.jobs)


def shipped_cases(kind: str = "service") -> list[Path]:
    """The shipped files of cases: `service`, for any target, or `cases`, for the mock."""
    return sorted((folder("contracts") / kind).glob("*.json"))


def read_cases(paths: Iterable[Path], definitions: Definitions) -> list[Case]:
    """The cases of these files (JSON or YAML). Raises InputError, which says what was found where, and what is allowed."""
    cases: list[Case] = []
    for path in paths:
        value = read_file(path)
        check(value, shape("cases.schema.json"), str(path))
        for place, case in expand_cases(value, str(path)):
            cases.append(_case(value, case))
            _check_names(cases[-1], definitions, place)
    return cases


def _case(file: Mapping[str, Any], case: Mapping[str, Any]) -> Case:
    fields = {name: value for name, value in case.items() if name not in ("id", "jobs", "clock")}
    clock = case.get("clock", file.get("clock"))
    name = f"{file['service']}:{case['id']}"
    return Case(name=name, service=file["service"], clock=clock, jobs=tuple(case.get("jobs", ())), **fields)


def _check_names(case: Case, definitions: Definitions, where: str) -> None:
    names = [operation.id for operation in definitions.operations]
    if case.operation not in names:
        raise InputError(f"{where}/operation: found {case.operation!r}{nearest_or_allowed(case.operation, names)}")
    operation = definitions.operation(case.operation)
    allowed = [parameter.name for parameter in operation.parameters]
    for name in case.parameters or ():
        if name not in allowed:
            raise InputError(f"{where}/parameters: found {name!r}{nearest_or_allowed(name, allowed)}")
    for member, examples in (("error", operation.examples), ("problem", operation.problems)):
        expected = case.expect.get(member)
        if expected is not None and case.request is None and expected not in examples:
            raise InputError(f"{where}/expect/{member}: found {expected!r}{nearest_or_allowed(expected, list(examples))}")


Profile = Mapping[str, Mapping[str, str]]
"""Ids for requests, by service and by the vendor's name of the parameter."""


def read_profile(
    path: Path | None, environment: Mapping[str, str], definitions: Definitions | None = None
) -> dict[str, dict[str, str]]:
    """The ids that cases send: from documented requests or the shipped profile, overridden by a file and the environment.

    Args:
        path: The user's file: a table of ids for each service.
        environment: `MOCKSERVER_PROFILE_CDM_JOB_NAME` is job_name of cdm, HUAWEICLOUD_SDK_PROJECT_ID every project_id.
        definitions: The definitions in use. Default: the shipped ones.

    Raises:
        InputError: For a file that is not a table of tables of texts, or that names an unknown service.
    """
    profile = {
        operation.service: dict(operation.documented_request)
        for operation in (definitions or load()).operations
        if operation.job and operation.documented_request
    }
    profile |= read_file(folder("contracts") / "profile.json")
    for operation in (definitions or load()).operations:
        if operation.job and operation.vendor not in VENDORS:
            profile[operation.service] = {**_sample_ids(operation), **profile.get(operation.service, {})}
    ids_of_file = _profile_file(path) if path else {}
    for service, ids in ids_of_file.items():
        if service not in profile:
            raise InputError(f"{path}#/{service}: found a service{nearest_or_allowed(service, list(profile))}")
        profile[service] |= ids
    for service, ids in profile.items():
        if "project_id" in ids and "project_id" not in ids_of_file.get(service, {}):
            ids["project_id"] = environment.get("HUAWEICLOUD_SDK_PROJECT_ID") or ids["project_id"]
        for name in ids:
            ids[name] = environment.get(f"MOCKSERVER_PROFILE_{service}_{name}".upper(), ids[name])
    return profile


def _sample_ids(operation: Operation) -> dict[str, str]:
    """Ids for a user's own operation: those that its document names, or the first sample that it allows."""
    ids: dict[str, str] = {}
    for parameter in operation.parameters:
        schema = parameter.schema
        documented = [
            schema.get("example"),
            schema.get("default"),
            *schema.get("examples", ()),
            *schema.get("enum", ()),
        ]
        candidates = [*(value for value in documented if value is not None), *_SAMPLES]
        if parameter.required and parameter.location in ("path", "query"):
            ids[parameter.name] = next((str(value) for value in candidates if parameter.allows(value)), str(_SAMPLES[0]))
    return ids


def _profile_file(path: Path) -> dict[str, dict[str, str]]:
    texts = {"type": "object", "additionalProperties": {"type": "string"}}
    value: dict[str, dict[str, str]] = read_file(path)
    check(value, {"type": "object", "additionalProperties": texts}, str(path))
    return value


def request_of(case: Case, operation: Operation, profile: Profile, now: int) -> Request:
    """The request of a case. `now` (ms since 1970) fills {now}, {later} (a day later) and {week_ago}. Raises InputError for
    a placeholder that the profile has no value for."""
    if case.request is not None:
        return _raw_request(case.request)
    times = {"now": str(now), "later": str(now + _DAY), "week_ago": str(now - 7 * _DAY)}
    placeholder_values = {**times, **profile.get(case.service, {})}
    values = {name: _fill_placeholders(case, text, placeholder_values) for name, text in (case.parameters or {}).items()}
    query = {p.name: values[p.name] for p in operation.parameters if p.location == "query" and p.name in values}
    headers = {p.name.lower(): values[p.name] for p in operation.parameters if p.location == "header" and p.name in values}
    path = _PLACEHOLDER.sub(lambda match: values.get(match[1], ""), operation.path)
    default_headers = {"content-type": "application/json"} if operation.vendor == "huaweicloud" else {}
    case_headers = {name.lower(): value for name, value in case.headers.items()}
    return Request(operation.method, path, urlencode(query, quote_via=quote), {**default_headers, **headers, **case_headers})


def _fill_placeholders(case: Case, text: str, values: Mapping[str, str]) -> str:
    def value(match: re.Match[str]) -> str:
        if match[1] not in values:
            raise InputError(f"case {case.name}: no value for {match[0]}; the profile has: {', '.join(sorted(values))}")
        return values[match[1]]

    return _PLACEHOLDER.sub(value, text)


def _raw_request(fields: Mapping[str, Any]) -> Request:
    """A raw request, with its path decoded and its repeated parts written out."""
    query = fields.get("query", {})
    text = (query if isinstance(query, str) else urlencode(query)) + _repeated(fields.get("query_repeat", ("", 0)))
    headers = {name.lower(): value for name, value in fields.get("headers", {}).items()}
    if "header_repeat" in fields:
        name, *repeat = fields["header_repeat"]
        headers[name.lower()] = _repeated(repeat)
    body = fields.get("body", "")
    body = (body if isinstance(body, str) else json.dumps(body)) + _repeated(fields.get("body_repeat", ("", 0)))
    path = unquote_to_bytes(fields["path"]).decode("utf-8", "surrogateescape")
    return Request(fields["method"], path, text, headers, body.encode())


def _repeated(repeat: Iterable[Any]) -> str:
    text, times = repeat
    return str(text) * int(times)
