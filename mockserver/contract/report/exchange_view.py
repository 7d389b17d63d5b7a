"""A request and its answer as lines of text, with what a finding means marked in it."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from ...definitions.pointer import parts_of
from ...exchanges.exchange import Exchange
from .json_lines import Gap, Line, TextNode, around, lines_of, parsed, text_node_at
from .text import cut
from .view import Instance

BODY_READ = 262_144
"""Longer bodies (in bytes) are shown as text, from their beginning."""
LINES_SHOWN = 400
_LINE = 400
_TEXT = 6_000
_TEXT_LINES = 12


@dataclass(frozen=True, slots=True)
class ExchangeView:
    """What the page shows of an exchange: request and answer, each the first lines, headers and body."""

    number: int
    case: str
    source: str
    request_line: str
    request_headers: tuple[tuple[str, str], ...]
    request_body: str
    status: int
    headers: tuple[tuple[str, str], ...]
    body: tuple[Line | Gap, ...]


def exchange_view(instance: Instance) -> tuple[ExchangeView, tuple[Line | Gap, ...], str]:
    """The exchange of a finding, the lines around what it means, and the part of its pointer that leads nowhere."""
    judged, finding = instance.judged, instance.finding
    exchange = judged.exchange
    in_body = finding.part in ("body", "polls")
    body, rest = _body_lines(exchange.response.body, finding.pointer if in_body else None)
    request = exchange.request
    query = f"?{request.query}" if request.query else ""
    view = ExchangeView(
        judged.number,
        judged.case,
        exchange.source,
        cut(f"{request.method} {request.path}{query}", _TEXT),
        tuple((name, cut(value, _LINE)) for name, value in request.headers.items()),
        cut(request.body.decode("utf-8", "replace"), _TEXT),
        exchange.response.status,
        tuple((name, cut(value, _LINE)) for name, value in exchange.response.headers),
        _shortened(around(body, LINES_SHOWN // 2, LINES_SHOWN) if len(body) > LINES_SHOWN else body),
    )
    if in_body:
        return view, _shortened(around(body)), rest
    lines, rest = _elsewhere(exchange, view, finding.part, finding.pointer)
    return view, _shortened(lines), rest


def _shortened(lines: Iterable[Line | Gap]) -> tuple[Line | Gap, ...]:
    return tuple(replace(line, text=cut(line.text, _LINE), name=cut(line.name, _LINE)) if isinstance(line, Line) else line
                 for line in lines)  # fmt: skip


def _body_lines(raw: bytes, pointer: str | None) -> tuple[list[Line], str]:
    """The body's lines, and the part of the pointer that leads nowhere in it."""
    if len(raw) <= BODY_READ:
        try:
            value = parsed(raw.decode("utf-8"))
        except ValueError:
            pass
        else:
            return _json_lines(value, pointer)
    text = cut(raw.decode("utf-8", "replace"), _TEXT)
    lines = [_text_line(number, line, marked=pointer is not None) for number, line in enumerate(text.splitlines(), 1)]
    return lines, ""


def _json_lines(value: Any, pointer: str | None) -> tuple[list[Line], str]:
    if not pointer:  # the whole body is meant, or nothing in it: marking every line would mark none
        return lines_of(value), ""
    node: TextNode = text_node_at(value, pointer)
    return lines_of(value, node), "".join(f"/{part}" for part in node.rest)


def _text_line(number: int, text: str, marked: bool = False, name: str = "") -> Line:
    return Line(number, 0, name, text, "text", marked=marked)


def _elsewhere(exchange: Exchange, view: ExchangeView, part: str, pointer: str) -> tuple[list[Line], str]:
    """The lines that a finding outside the body means: the status, a header, a parameter."""
    name = (parts_of(pointer)[0] if pointer.startswith("/") else pointer).lower()
    if part == "status":
        return [_text_line(1, f"HTTP {exchange.response.status}", marked=True)], ""
    if part == "header":
        lines = [_text_line(at, value, key.lower() == name, key) for at, (key, value) in enumerate(view.headers, 1)]
        return lines, "" if any(line.marked for line in lines) else name
    headers = [_text_line(at, value, key.lower() == name, key) for at, (key, value) in enumerate(view.request_headers, 2)]
    in_header = any(line.marked for line in headers)
    lines = [_text_line(1, view.request_line, marked=not in_header), *headers]
    if view.request_body:
        lines.append(_text_line(len(lines) + 1, json.dumps(cut(view.request_body, _LINE), ensure_ascii=False)))
    return lines, ""
