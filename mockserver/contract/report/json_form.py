"""The report as JSON, in the form of `schemas/mockserver/contract-report.schema.json`."""

from __future__ import annotations

import json
import math
from typing import Any

from ...version import __version__
from ..result import Judgement, Poll, Timeline
from .view import Instance, View, pattern_of

VERSION = 1
"""The version of the form. It grows when a member is changed or removed, not when one is added."""


def json_text(view: View) -> str:
    """The view as JSON text in ASCII, with a newline at its end."""
    return json.dumps(_clean(as_json(view)), indent=2, allow_nan=False) + "\n"


def as_json(view: View) -> dict[str, Any]:
    """The view as JSON values: every finding, every exchange without its body, every poll."""
    result = view.result
    return {
        "$schema": "contract-report.schema.json",
        "version": VERSION,
        "tool": f"mockserver {__version__}",
        "target": result.target,
        "mode": result.mode,
        "verdict": view.verdict.lower(),
        "seconds": result.seconds,
        "counts": result.counts(),
        "coverage": _coverage(view),
        "findings": [_finding(Instance(judgement, finding)) for judgement, finding in result.findings()],
        "exchanges": [_exchange(judgement) for judgement in result.judged],
        "more_exchanges": {name or "": count for name, count in result.more.items()},
        "timelines": [_timeline(timeline) for timeline in result.timelines],
        "skipped": [{"case": case, "reason": reason} for case, reason in result.skipped],
        "failed": [{"case": case, "reason": reason} for case, reason in result.failed],
    }


def _coverage(view: View) -> dict[str, Any]:
    coverage = view.result.coverage
    seen_count, total_count = coverage.share()
    operations = {
        name: {"percent": round(coverage.percent([name]), 2), **kinds} for name, kinds in coverage.as_json().items()
    }
    return {"percent": round(coverage.percent(), 2), "seen": seen_count, "of": total_count, "operations": operations}


def _finding(instance: Instance) -> dict[str, Any]:
    judgement, finding = instance.judgement, instance.finding
    context = {"pattern": pattern_of(finding.pointer), "exchange": judgement.number, "case": judgement.case}
    return {**finding.as_json(), **context}


def _exchange(judgement: Judgement) -> dict[str, Any]:
    exchange = judgement.exchange
    return {
        "number": judgement.number,
        "operation": judgement.operation,
        "case": judgement.case,
        "method": exchange.request.method,
        "path": exchange.request.path,
        "query": exchange.request.query,
        "status": exchange.response.status,
        "time": exchange.time,
        "duration": exchange.duration,
        "source": exchange.source,
        "findings": len(judgement.findings),
    }


def _timeline(timeline: Timeline) -> dict[str, Any]:
    return {"operation": timeline.operation, "job": timeline.job, "polls": [_poll(poll) for poll in timeline.polls]}


def _poll(poll: Poll) -> dict[str, Any]:
    return {
        "time": poll.time,
        "state": poll.state,
        "http": poll.http,
        "exchange": poll.number,
        "times": poll.times,
        "terminal": poll.terminal,
        "progress": poll.progress,
    }


def _clean(value: Any) -> Any:
    """The value as every JSON parser reads it: no lone surrogates in texts, null for NaN and infinity."""
    if isinstance(value, dict):
        return {_clean(key): _clean(child) for key, child in value.items()}
    if isinstance(value, list):
        return [_clean(child) for child in value]
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode()
    return None if isinstance(value, float) and not math.isfinite(value) else value
