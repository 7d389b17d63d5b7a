"""Values of an action: where each comes from, and the answer that they are set into."""

from __future__ import annotations

import copy
import re
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ..definitions.actions import Action, Source
from ..definitions.pointer import parts_of
from ..exchanges import vendor_times
from ..exchanges.json_path import MISSING, value_at
from ..generate import Fake, hex_id
from ..jobs.trajectory import Job
from ..services.base import Context

_PART = re.compile(r"\{(hex|integer)(\d*)\}")
_LARGEST = 999_999_999
_SAMPLES = {"iso-basic-offset": "2026-01-01T00:00:00+0000", "rfc3339": "2026-01-01T00:00:00.000+00:00"}


@dataclass(frozen=True)
class Scope:
    """What sources may look at.

    `identity` is the job's; `job` and `node` are the job and how the status operation shows it (None before there is one);
    `rows` are the scopes of a list's page, `total` how many rows there are in all, `following` where the next page
    begins (None: there is none); `key` makes new ids (the seed, and what
    differs from call to call); `views` are what the service's module computes.
    """

    context: Context
    identity: Mapping[str, str]
    key: tuple[object, ...]
    views: Mapping[str, Callable[[Any], Any]]
    job: Job | None = None
    node: Any = MISSING
    rows: Sequence[Scope] = ()
    total: int = 0
    following: int | None = None

    def fake(self, *key: object) -> Fake:
        """A source of made-up facts under the mock's seed."""
        return Fake(self.context.namespace.settings.seed, *key)

    def of(self, job: Job, node: Any) -> Scope:
        """The same call, about this job."""
        return replace(self, identity=job.identity, job=job, node=node)


def value(source: Source, scope: Scope) -> Any:
    """What a source gives; MISSING where it gives nothing."""
    result = _READERS[source.kind](source, scope)
    if result is MISSING or result is None:
        result = MISSING if source.default is None else value(source.default, scope)
    elif source.map:
        result = source.map.get(str(result), result if source.default is None else value(source.default, scope))
    return MISSING if result is None else result


def values(sources: Mapping[str, Source], scope: Scope) -> dict[str, Any]:
    """What all sources give, without those that give nothing."""
    collected = {name: value(source, scope) for name, source in sources.items()}
    return {name: item for name, item in collected.items() if item is not MISSING}


def filled(template: Any, sources: Mapping[str, Source], scope: Scope) -> Any:
    """A copy of the template with the sources' values at their JSON pointers; what a source doesn't give is left out."""
    answer = copy.deepcopy(template)
    for pointer, source in sources.items():
        answer = _set(answer, parts_of(pointer), value(source, scope))
    return answer


def identity_of(action: Action, parameters: Mapping[str, Any], body: Any) -> dict[str, str]:
    """Who the job is, as far as the request says it: what messages of errors may have placeholders for."""
    collected = {}
    for name, source in action.identity.items():
        part = parameters.get(source.of) if source.kind == "parameter" else None
        part = value_at(body, source.of) if source.kind == "body" else part
        if part is not MISSING and part is not None:
            collected[name] = str(part)
    return collected


def _set(node: Any, parts: Sequence[str], new: Any) -> Any:
    if not parts:
        return new
    node = node if isinstance(node, dict | list) else {}
    key: Any = int(parts[0]) if isinstance(node, list) else parts[0]
    if len(parts) > 1:
        node[key] = _set(node[key] if isinstance(node, list) or key in node else {}, parts[1:], new)
    elif new is not MISSING:
        node[key] = new
    elif isinstance(node, dict):
        node.pop(key, None)
    return node


def _from_parameter(source: Source, scope: Scope) -> Any:
    return scope.context.parameters.get(source.of, MISSING)


def _from_body(source: Source, scope: Scope) -> Any:
    return value_at(scope.context.body, source.of)


def _identity(source: Source, scope: Scope) -> Any:
    return scope.identity.get(source.of, MISSING)


def _from_job(source: Source, scope: Scope) -> Any:
    """A part of the job as it is shown, or (a list of members) the job with these members only."""
    if isinstance(source.of, list):
        return {name: scope.node[name] for name in source.of if name in scope.node} if scope.job else MISSING
    return value_at(scope.node, source.of) if scope.job else MISSING


def _fact(source: Source, scope: Scope) -> Any:
    return value_at(scope.job.profile, source.of) if scope.job else MISSING


def _from_time(source: Source, scope: Scope) -> Any:
    """When the job was created, started or ended; MISSING where it hasn't."""
    if scope.job is None:
        return MISSING
    moment = scope.job.moment
    running = moment.entered[1][1] if len(moment.entered) > 1 else None
    time = {"created": moment.born, "started": running, "updated": moment.since, "ended": moment.ended}[source.of]
    return MISSING if time is None else _written(time, source)


def _now(source: Source, scope: Scope) -> Any:
    return _written(scope.context.now, source)


def _written(time: int, source: Source) -> Any:
    form = source.form or "epoch-ms"
    return vendor_times.show(form, time, _SAMPLES.get(form, 0))


def _new(source: Source, scope: Scope) -> Any:
    digits = hex_id("new", *scope.key)
    form = str(source.of)
    return str(uuid.UUID(digits)) if form == "uuid" else _PART.sub(lambda part: _digits(digits, part), form)


def _digits(digits: str, part: re.Match[str]) -> str:
    return str(1 + int(digits, 16) % _LARGEST) if part[1] == "integer" else digits[: int(part[2] or len(digits))]


def _view(source: Source, scope: Scope) -> Any:
    return scope.views[source.of](scope)


def _constant(source: Source, _scope: Scope) -> Any:
    return source.of


def _each(source: Source, scope: Scope) -> Any:
    """The rows of a list; of an action on one job, that job alone. The member "" is the whole row."""
    members: Mapping[str, Source] = source.of
    rows = [scope] if scope.job else scope.rows
    if set(members) == {""}:
        return [value(members[""], row) for row in rows]
    return [values(members, row) for row in rows]


def _total(_source: Source, scope: Scope) -> Any:
    return scope.total


def _next(_source: Source, scope: Scope) -> Any:
    """What asks for the next page."""
    return MISSING if scope.following is None else str(scope.following)


def _more(_source: Source, scope: Scope) -> Any:
    return scope.following is not None


_READERS: Mapping[str, Callable[[Source, Scope], Any]] = {
    "parameter": _from_parameter,
    "body": _from_body,
    "identity": _identity,
    "job": _from_job,
    "fact": _fact,
    "time": _from_time,
    "now": _now,
    "new": _new,
    "view": _view,
    "value": _constant,
    "each": _each,
    "total": _total,
    "next": _next,
    "more": _more,
}
