"""Mutants of what an answer says of jobs: members that contradict each other, the request, or the answers before."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import replace
from itertools import pairwise
from typing import Any
from urllib.parse import parse_qsl, urlencode

from body_schemas import ABSENT, Held, applying, opened, sent
from mutants import BODY, TIME, Mutant, mutant, with_header
from valid_exchanges import DEFINITIONS, LISTS, body_of, courses, errors, successes, walk

from mockserver.definitions import JobLife, Operation
from mockserver.definitions.job_model import EchoRule, JobMapping
from mockserver.definitions.json_regex import compile_pattern
from mockserver.definitions.pointer import parts_of
from mockserver.exchanges.exchange import Exchange
from mockserver.exchanges.job_view import JobView, job_views
from mockserver.exchanges.json_path import MISSING, value_at
from mockserver.exchanges.vendor_times import FORMS
from mockserver.jobs.clock import DAY, SECOND

NEVER_ENDS = "job never ends"


def job_mutants(name: str) -> Iterator[Mutant]:
    """Mutants of single answers. Equivalent, and not made: each maker says by which rule."""
    operation = DEFINITIONS.operation(name)
    if operation.observation is None:
        return
    seen = set()
    for exchange in successes(name):
        for look in job_views(operation, body_of(exchange)):
            for item in _of_job(operation, operation.observation, exchange, look):
                key = (item.kind, look.state, look.pointer, item.places)
                if key not in seen:
                    seen.add(key)
                    yield item
        yield from _wrapped(operation, exchange)
    if name in LISTS:
        yield from _of_pages(operation, operation.observation)


def with_value(operation: Operation, exchange: Exchange, pointer: str, value: Any) -> Exchange:
    """The exchange with another value at a place of its body, which may lead through strings that hold JSON."""
    schema = operation.answers[exchange.response.status].schema
    model = opened(body_of(exchange), applying([schema]))
    node = model
    *parts, last = parts_of(pointer)
    for part in parts:
        node = node.value if isinstance(node, Held) else node
        node = node[int(part)] if isinstance(node, list) else node[part]
    node = node.value if isinstance(node, Held) else node
    if value is ABSENT:
        del node[last]
    elif isinstance(node, list):
        node[int(last)] = value
    else:
        node[last] = value
    return sent(operation.id, exchange, model)


def _now(exchange: Exchange) -> int:
    assert exchange.time is not None
    return exchange.time


def _shown(observation: JobMapping, look: JobView, place: str, time: int) -> Any:
    form = next(time.form for time in observation.times if time.at == place)
    return FORMS[form].show(time, value_at(look.node, place))


def _of_job(operation: Operation, observation: JobMapping, exchange: Exchange, look: JobView) -> Iterator[Mutant]:
    known = [(place, time) for place, time in look.times if time is not None]
    for (before, earlier), (after, _) in pairwise(known):
        value = _shown(observation, look, after, earlier - DAY)
        places = {f"body {look.pointer}{place}" for place in (before, after)}
        wrong = with_value(operation, exchange, look.pointer + after, value)
        yield mutant(
            "times out of order", BODY, operation.id, wrong, places, {"times-disordered"}, f"{after} a day before {before}"
        )
    yield from _impossible(operation, observation, exchange, look, [place for place, _ in known])
    yield from _numbers(operation, observation, exchange, look)
    planned = {time.at for time in observation.times if time.planned}  # these may lie in the future
    for place, _ in known:
        if place not in planned:
            value = _shown(observation, look, place, _now(exchange) + DAY)
            wrong = with_value(operation, exchange, look.pointer + place, value)
            yield mutant(
                "time in the future", BODY, operation.id, wrong, {f"body {look.pointer}{place}"}, {"time-in-future"}, place
            )
    for same in observation.same:
        yield from _another(operation, same, exchange, look)
    yield from _outside(operation, observation, exchange, look)


_NO_TIMES = {
    "epoch-ms": (10**18, -(10**18)),
    "rfc3339": ("2026-02-30T08:00:00.000+00:00", "2026-02-28T08:00:00.000+99:99"),
    "iso-basic-offset": ("2026-02-30T08:00:00+0800", "2026-04-31T08:00:00+0800"),
    "local-china": ("2026-02-30 08:00:00", "2026-04-31 08:00:00"),
    "java-date": ("Mon Feb 30 08:00:00 CST 2026", "Sun Nov 23 08:00:00 CST 2026"),
}
"""By form, what looks like a time and is none."""


def _impossible(
    operation: Operation, observation: JobMapping, exchange: Exchange, look: JobView, places: list[str]
) -> Iterator[Mutant]:
    """Times that no calendar has; where a pattern or a range of the document refuses them, that may say so."""
    forms = {time.at: time.form for time in observation.times}
    for place in places:
        for value in _NO_TIMES[forms[place]]:
            wrong = with_value(operation, exchange, look.pointer + place, value)
            codes = {"time-impossible", "pattern-wrong", "out-of-range"}
            yield mutant(
                "time impossible", BODY, operation.id, wrong, {f"body {look.pointer}{place}"}, codes, f"{place} {value}"
            )


def _numbers(operation: Operation, observation: JobMapping, exchange: Exchange, look: JobView) -> Iterator[Mutant]:
    """Counts over 64 bits or over their limit, totals beside other rows, and an empty name for the job."""
    for place, _ in look.counts:
        for value in (2**63, -(2**63) - 1, 10**400):
            wrong = with_value(operation, exchange, look.pointer + place, value)
            yield mutant("number over 64 bits", BODY, operation.id, wrong, {f"body {look.pointer}{place}"}, {"out-of-range"},
                         f"{place}, {len(str(value))} digits")  # fmt: skip
    for limit in observation.limits:
        wrong = with_value(operation, exchange, look.pointer + limit.at, value_at(look.node, limit.limit) + 1)
        yield mutant("count above its limit", BODY, operation.id, wrong, {f"body {look.pointer}{limit.at}"},
                     {"limit-exceeded"}, limit.at)  # fmt: skip
    for inner in observation.inner_totals:
        total = value_at(look.node, inner.at)
        if isinstance(total, int):
            wrong = with_value(operation, exchange, look.pointer + inner.at, total + 1)
            yield mutant("inner total wrong", BODY, operation.id, wrong, {f"body {look.pointer}{inner.at}"}, {"total-wrong"},
                         inner.at)  # fmt: skip
    for same in observation.same:
        asked = _asking(operation, same, exchange, look)
        if same.part is None and asked is not None and isinstance(value_at(look.node, same.at[0]), str):
            for place in same.at:
                asked = with_value(operation, asked, look.pointer + place, "")
            places = {f"body {look.pointer}{place}" for place in same.at}
            yield mutant(f"{same.parameter} empty", BODY, operation.id, asked, places, {same.code}, str(same.at))


def _another(operation: Operation, same: EchoRule, exchange: Exchange, look: JobView) -> Iterator[Mutant]:
    """The request's parameter comes back as another one. Equivalent: where it isn't sent, or a rule of the document excepts
    it (`when`)."""
    places = [place for place in same.at if value_at(look.node, place) not in (MISSING, None, "")]
    asked = _asking(operation, same, exchange, look)
    if asked is None or not places:
        return
    for kind, change in (("another", _other), ("in another case", _other_case)):
        wrong: Exchange | None = asked
        for place in places:
            value = value_at(look.node, place)
            new = _changed_part(same, value, change)
            wrong = with_value(operation, wrong, look.pointer + place, new) if wrong and new != value else None
        if wrong is not None:
            matches = {f"body {look.pointer}{place}" for place in places}
            name = f"{same.parameter} {kind}" if kind != "another" else f"another {same.parameter}"
            yield mutant(name, BODY, operation.id, wrong, matches, {same.code}, str(places))


def _asking(operation: Operation, same: EchoRule, exchange: Exchange, look: JobView) -> Exchange | None:
    """The exchange with the parameter sent, so that the answer is right; None where the rule doesn't hold."""
    path = operation.pattern.fullmatch(exchange.request.path)
    assert path is not None
    values = {**dict(zip(operation.path_names, path.groups(), strict=True)), **dict(parse_qsl(exchange.request.query))}
    if same.parameter not in values:
        query = {**dict(parse_qsl(exchange.request.query)), same.parameter: str(value_at(look.node, same.at[0]))}
        return replace(exchange, request=replace(exchange.request, query=urlencode(query)))
    return exchange if same.when is None or compile_pattern(same.when).search(values[same.parameter]) else None


def _changed_part(same: EchoRule, value: Any, change: Callable[[Any], Any]) -> Any:
    if same.part is None:
        return change(value)
    match = compile_pattern(same.part).search(value)
    return value[: match.start(1)] + change(match[1]) + value[match.end(1) :] if match else value


def _other(value: Any) -> Any:
    return value + 1 if isinstance(value, int) else value[:-1] + ("b" if value[-1:] == "a" else "a")


def _other_case(value: Any) -> Any:
    return value.swapcase() if isinstance(value, str) else value


def _outside(operation: Operation, observation: JobMapping, exchange: Exchange, look: JobView) -> Iterator[Mutant]:
    """A row outside the range asked for. Equivalent: a run that is under way, for a range that begins after it did."""
    window, known = observation.window, [time for _, time in look.times if time is not None]
    if window is None or not known:
        return
    query = dict(parse_qsl(exchange.request.query))
    place = {f"body {look.pointer}{observation.times[0].at}"}
    after = {**query, window.end: str(min(known) - 1_000)}
    yield mutant("row after the range", BODY, operation.id, _queried(exchange, after), place, {"filter-ignored"}, "")
    if look.terminal:
        before = {**query, window.start: str(max(known) + 1_000)}
        yield mutant("row before the range", BODY, operation.id, _queried(exchange, before), place, {"filter-ignored"}, "")


def _queried(exchange: Exchange, query: dict[str, str]) -> Exchange:
    return replace(exchange, request=replace(exchange.request, query=urlencode(query)))


def _wrapped(operation: Operation, exchange: Exchange) -> Iterator[Mutant]:
    """An answer inside the answer whose length or status is another one."""
    wrapped = operation.observation.wrapped if operation.observation else None
    if wrapped is None or wrapped.length is None or wrapped.status is None:
        return
    length = int(value_at(body_of(exchange), wrapped.length))
    for other in (length - 1, length + 12, len(exchange.response.body)):
        wrong = with_value(operation, exchange, wrapped.length, str(other))
        place, code = {f"body {wrapped.length}"}, {"inner-length-wrong"}
        yield mutant("inner Content-Length wrong", BODY, operation.id, wrong, place, code, f"{other} for {length}")
    for status in (404, 500):
        wrong = with_value(operation, exchange, wrapped.status, status)
        yield mutant("inner status wrong", BODY, operation.id, wrong, {f"body {wrapped.status}"}, {"inner-status-wrong"},
                     str(status))  # fmt: skip


def _with_rows(
    operation: Operation,
    observation: JobMapping,
    exchange: Exchange,
    change: Callable[[list[Any]], list[Any]],
    more: int = 0,
) -> Exchange:
    """The exchange with other rows, and a total that is so much more."""
    body, rows_at = body_of(exchange), observation.jobs.removesuffix("/*")
    rows = [opened(look.node, []) for look in job_views(operation, body)]
    assert observation.total is not None
    total = value_at(body, observation.total)
    wrong = with_value(operation, exchange, rows_at, change(deepcopy(rows)))
    return with_value(operation, wrong, observation.total, total + more)


def _renumbered(observation: JobMapping, row: Any, by: int) -> Any:
    """A copy of a row with another id."""
    name = (observation.id or "")[1:]
    value = row[name]
    other = value + 1_000 + by if isinstance(value, int) else f"{by:04}" + value[4:]
    return {**row, name: other}


def _of_pages(operation: Operation, observation: JobMapping) -> Iterator[Mutant]:
    """Pages that are too long, too short, or of another total. Equivalent: a larger total, where the page is full."""
    rows_at, total_at = observation.jobs.removesuffix("/*"), observation.total or ""
    for number, page in enumerate(walk(operation)):
        limit = int(dict(parse_qsl(page.request.query))["limit"])
        seen = list(job_views(operation, body_of(page)))
        count, note, name = len(seen), f"page {number}", operation.id

        def longer(rows: list[Any], limit: int = limit) -> list[Any]:
            return rows + [_renumbered(observation, rows[0], by) for by in range(limit + 1 - len(rows))]

        added = limit + 1 - count
        yield mutant("page longer than limit", BODY, name, _with_rows(operation, observation, page, longer, added),
                     {f"body {rows_at}"}, {"page-too-long"}, note)  # fmt: skip
        yield mutant("page shorter than due", BODY, name, _with_rows(operation, observation, page, lambda rows: rows[:-1]),
                     {f"body {rows_at}", f"body {total_at}"}, {"page-too-short", "total-wrong"}, note)  # fmt: skip
        yield mutant("page empty", BODY, name, _with_rows(operation, observation, page, lambda _: []),
                     {f"body {rows_at}", f"body {total_at}"}, {"page-too-short", "total-wrong"}, note)  # fmt: skip
        twice = _with_rows(operation, observation, page, lambda rows: [*rows[:-1], rows[0]])
        place = {f"body {rows_at}/{count - 1}{observation.id}"}
        yield mutant("row twice on a page", BODY, name, twice, place, {"page-overlap"}, note)
        total = value_at(body_of(page), total_at)
        offset = int(dict(parse_qsl(page.request.query))["offset"])
        low = with_value(operation, page, total_at, offset + count - 1)
        yield mutant("total below the rows", BODY, name, low, {f"body {total_at}"}, {"total-wrong"}, note)
        if count < limit:
            high = with_value(operation, page, total_at, total + 7)
            yield mutant("total above the rows", BODY, name, high, {f"body {rows_at}", f"body {total_at}"},
                         {"page-too-short", "total-wrong"}, note)  # fmt: skip


def time_mutants(name: str) -> Iterator[Mutant]:
    """Mutants of an answer beside those before it: of each pair of statuses and each member, the first that there is."""
    operation = DEFINITIONS.operation(name)
    if operation.observation is None or operation.job is None:
        return
    seen = set()
    for item in (*_back(operation, operation.job), *_over_time(operation, operation.observation)):
        key = (item.kind, item.places, item.note)
        if key not in seen:
            seen.add(key)
            yield item
    if name in LISTS:
        yield from _walks(operation, operation.observation)
        yield from _unlisted(operation, operation.observation)
    else:
        yield from _vanished(operation)


def _polls(operation: Operation) -> list[list[tuple[Exchange, JobView]]]:
    """For each life, its polls with the (newest) job in them."""
    result = []
    for course in courses(operation.id):
        pairs = [(exchange, list(job_views(operation, body_of(exchange)))) for exchange in course.exchanges
                 if exchange.response.status < 300]  # fmt: skip
        result.append([(exchange, seen[0]) for exchange, seen in pairs if seen])
    return result


def _later(exchange: Exchange, than: Exchange) -> Exchange:
    """The exchange as if it came after another one."""
    date = than.response.header("Date")
    moved = replace(exchange, time=_now(than) + SECOND)
    return with_header(moved, "Date", date) if date else moved


def _reached(job: JobLife, state: str) -> set[str]:
    """Every state that can follow, over any number of changes."""
    result: set[str] = set()
    for _ in job.states:
        result |= {after for before in ({state} | result) for after in job.transitions[before]}
    return result


def _back(operation: Operation, job: JobLife) -> Iterator[Mutant]:
    """A status that can't follow the one before, in an answer about the same job. Equivalent: what can follow over several
    changes, and another run of the job (by the places that tell its runs apart)."""
    assert operation.observation is not None
    everything = [pair for life in _polls(operation) for pair in life]
    for before, old in everything:
        for exchange, look in everything:
            if old.state is None or look.state in (None, old.state) or (old.run, old.id) != (look.run, look.id):
                continue
            if look.state in _reached(job, old.state):
                continue
            kind, code = ("end left", "terminal-left") if old.terminal else ("status went back", "transition-undocumented")
            place = f"polls {look.pointer}{operation.observation.status}"
            wrong = _later(exchange, before)
            yield mutant(kind, TIME, operation.id, wrong, {place}, {code}, f"{old.state}, then {look.state}", (before,))


def _over_time(operation: Operation, observation: JobMapping) -> Iterator[Mutant]:
    """A member that changes as it can't. Equivalent: places that tell runs apart; what moves by the document, moving on;
    progress that falls at the end (contradiction C-4)."""
    for life in _polls(operation):
        for (before, old), (exchange, look) in pairwise(life):
            if old.run != look.run:
                continue
            for kind, place, value, code in (
                *_times(observation, old, look),
                *_counts(observation, old, look),
                *_constants(observation, old, look),
                *_half_new_run(observation, old, look),
                *_progress(observation, old, look),
            ):
                wrong = with_value(operation, exchange, look.pointer + place, value)
                note = f"{place}, {old.state} to {look.state}"
                yield mutant(kind, TIME, operation.id, wrong, {f"polls {look.pointer}{place}"}, {code}, note, (before,))


Change = tuple[str, str, Any, str]


def _times(observation: JobMapping, old: JobView, look: JobView) -> Iterator[Change]:
    moving = {time.at for time in observation.times if time.moves}
    for (place, earlier), (_, later) in zip(old.times, look.times, strict=True):
        if earlier is None or later is None or place in observation.run:
            continue
        yield "time went back", place, _shown(observation, look, place, earlier - 5 * SECOND), "time-changed"
        if place not in moving:
            yield "time moved", place, _shown(observation, look, place, earlier + 5 * SECOND), "time-changed"
        like = value_at(look.node, place)
        yield "time vanished", place, 0 if isinstance(like, int) else "", "time-changed"
        yield "time taken away", place, ABSENT, "time-changed"


def _half_new_run(observation: JobMapping, old: JobView, look: JobView) -> Iterator[Change]:
    """Of what tells runs apart, one alone changes, or goes back. Equivalent: where there is only one to see, and it
    grows: a run that begins."""
    times = dict(look.times)
    seen = [place for place in observation.run if MISSING not in (value_at(old.node, place), value_at(look.node, place))]
    for place in seen if len(seen) > 1 else ():
        if (time := times.get(place)) is not None:
            yield "run's date alone went back", place, _shown(observation, look, place, time - DAY), "time-changed"
            yield "run's date alone went on", place, _shown(observation, look, place, time + 1), "time-changed"
        else:
            value = value_at(look.node, place)
            yield "run's id alone went back", place, value - 1, "run-mixed"
            yield "run's id alone went on", place, value + 1, "run-mixed"


def _counts(observation: JobMapping, old: JobView, look: JobView) -> Iterator[Change]:
    now = dict(look.counts)
    for place, count in old.counts:
        if count > 0 and place in now:
            yield "count fell", place, int(count) - 1, "count-fell"


def _constants(observation: JobMapping, old: JobView, look: JobView) -> Iterator[Change]:
    now = dict(look.constant)
    for place, value in old.constant:
        if place in now and isinstance(value, str | int) and value != "":
            yield "constant changed", place, _other(value), "identity-changed"


def _progress(observation: JobMapping, old: JobView, look: JobView) -> Iterator[Change]:
    place = observation.progress
    if place is None or not old.progress or look.progress is None or look.terminal:
        return
    less = int(old.progress / 2)
    yield "progress fell", place, f"{less}%" if isinstance(value_at(look.node, place), str) else less, "progress-fell"


def _vanished(operation: Operation) -> Iterator[Mutant]:
    """The documented error of an unknown id, after the job was found. Equivalent: after it has ended (how long an ended job
    is kept is the service's matter); lists (which rows a list keeps no vendor documents)."""
    name = operation.problems["unknown-id"].name
    names = [example.name for example in operation.errors() for _ in example.statuses]
    error = next(exchange for one, exchange in zip(names, errors(operation.id), strict=True) if one == name)
    for life in _polls(operation):
        for before, old in life:
            if not old.terminal:
                wrong = _later(replace(error, request=before.request), before)
                yield mutant(
                    "job vanished", TIME, operation.id, wrong, {"polls "}, {"job-vanished"}, f"{old.state}", (before,)
                )
        before, old = life[0]
        if not old.terminal:
            static = tuple(_later(before, before) for _ in range(3))
            places = {f"polls {old.pointer}"}
            yield mutant(NEVER_ENDS, TIME, operation.id, static[0], places, {"job-never-ends"}, f"{old.state}", static)


def _walks(operation: Operation, observation: JobMapping) -> Iterator[Mutant]:
    """Pages that overlap or that, together, miss rows."""
    first, second, third = walk(operation)
    rows_at, name = observation.jobs.removesuffix("/*"), operation.id
    last = opened([look.node for look in job_views(operation, body_of(first))][-1], [])
    shifted = _with_rows(operation, observation, second, lambda rows: [last, *rows[:-1]])
    place = {f"polls {rows_at}/0{observation.id}"}
    yield mutant("pages overlap", TIME, name, shifted, place, {"page-overlap"}, "by a row", (first,))
    again = replace(second, response=first.response)
    yield mutant("rows of another page", TIME, name, again, place, {"page-overlap"}, "page 0 again", (first,))
    fewer = _with_rows(operation, observation, third, lambda rows: rows[:-1], -1)
    yield mutant("walk misses a row", TIME, name, fewer, {f"polls {rows_at}"}, {"page-missed"}, "the last", (first, second))
    told = value_at(body_of(second), observation.total or "")
    for total in (told - 1, told + 1):
        other = with_value(operation, second, observation.total or "", total)
        yield mutant("total changes in a walk", TIME, name, other, {f"polls {observation.total}"}, {"total-changed"},
                     f"{told}, then {total}", (first,))  # fmt: skip


def _unlisted(operation: Operation, observation: JobMapping) -> Iterator[Mutant]:
    """A run that is under way is on no page any more. Equivalent: one that has ended."""
    rows_at = observation.jobs.removesuffix("/*")
    for life in _polls(operation):
        for (before, old), (exchange, _) in pairwise(life):
            if not old.terminal and len(list(job_views(operation, body_of(before)))) == 1:
                empty = _with_rows(operation, observation, exchange, lambda _: [], -1)
                yield mutant("listed run vanished", TIME, operation.id, empty, {f"polls {rows_at}"}, {"job-vanished"},
                             str(old.state), (before,))  # fmt: skip
