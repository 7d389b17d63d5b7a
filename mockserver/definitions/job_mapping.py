"""`x-observation`: how jobs are read in an operation's answers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .job_model import CountLimit, EchoRule, InnerTotal, JobMapping, NestedResponse, TimeField, TimeWindow
from .node import Node
from .provenance import provenance_of


def observation_of(place: Node) -> JobMapping:
    """An observation as a value."""
    node = place.value
    window = node.get("window")
    return JobMapping(
        jobs=node["jobs"],
        status=node["status"],
        id=node.get("id"),
        total=node.get("total"),
        progress=node.get("progress"),
        progress_accepted=node.get("progress-accepted"),
        run=tuple(node.get("run", ())),
        counts=tuple(node.get("counts", ())),
        constant=tuple(node.get("constant", ())),
        times=tuple(_time_field(time) for time in node.get("times", ())),
        limits=tuple(map(_limit, _items(place, "limits"))),
        inner_totals=tuple(map(_inner_total, _items(place, "inner-totals"))),
        same=tuple(_echo_rule(place / "same" / index) for index in range(len(node.get("same", ())))),
        window=TimeWindow(window["from"], window["to"], provenance_of(place / "window")) if window else None,
        wrapped=_wrapped(place / "wrapped") if "wrapped" in node else None,
        provenance=provenance_of(place),
    )


def _wrapped(place: Node) -> NestedResponse:
    node = place.value
    return NestedResponse(node["body"], node.get("length"), node.get("status"), node.get("accepted"), provenance_of(place))


def _time_field(node: Mapping[str, Any]) -> TimeField:
    return TimeField(node["at"], node["form"], node.get("moves", False), node.get("planned", False))


def _items(place: Node, name: str) -> list[Node]:
    return [place / name / index for index in range(len(place.value.get(name, ())))]


def _limit(place: Node) -> CountLimit:
    return CountLimit(place.value["at"], place.value["limit"], provenance_of(place))


def _inner_total(place: Node) -> InnerTotal:
    return InnerTotal(place.value["at"], place.value["rows"], provenance_of(place))


def _echo_rule(place: Node) -> EchoRule:
    node = place.value
    return EchoRule(
        node["parameter"], tuple(node["at"]), node["code"], node.get("when"), node.get("part"), provenance_of(place)
    )
