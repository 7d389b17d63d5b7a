"""A request and its answer as lines of text, in which the lines that a finding is about are marked."""

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
"""Bodies longer than this (in bytes) are shown as plain text, from their beginning."""
LINES_SHOWN = 400
_LONGEST_LINE = 400
_LONGEST_TEXT = 6_000
_TEXT_LINES = 12


@dataclass(frozen=True, slots=True)
class ExchangeView:
    """An exchange as the HTML page shows it: request line, headers and body; status, headers and body of the answer."""

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
    """The exchange of a finding, the lines around the marked ones, and the part of its pointer that nothing stands at."""
    judgement, finding = instance.judgement, instance.finding
    exchange = judgement.exchange
    in_body = finding.part in ("body", "polls")
    body_lines, missing_part = _body_lines(exchange.response.body, finding.pointer if in_body else None)
    request = exchange.request
    query = f"?{request.query}" if request.query else ""
    view = ExchangeView(
        judgement.number,
        judgement.case,
        exchange.source,
        cut(f"{request.method} {request.path}{query}", _LONGEST_TEXT),
        tuple((name, cut(value, _LONGEST_LINE)) for name, value in request.headers.items()),
        cut(request.body.decode("utf-8", "replace"), _LONGEST_TEXT),
        exchange.response.status,
        tuple((name, cut(value, _LONGEST_LINE)) for name, value in exchange.response.headers),
        _cut_lines(around(body_lines, LINES_SHOWN // 2, LINES_SHOWN) if len(body_lines) > LINES_SHOWN else body_lines),
    )
    if in_body:
        return view, _cut_lines(around(body_lines)), missing_part
    lines, missing_part = _lines_outside_body(exchange, view, finding.part, finding.pointer)
    return view, _cut_lines(lines), missing_part


def _cut_lines(lines: Iterable[Line | Gap]) -> tuple[Line | Gap, ...]:
    return tuple(
        replace(line, text=cut(line.text, _LONGEST_LINE), name=cut(line.name, _LONGEST_LINE))
        if isinstance(line, Line)
        else line
        for line in lines
    )


def _body_lines(raw: bytes, pointer: str | None) -> tuple[list[Line], str]:
    """The body's lines, and the part of the pointer that nothing stands at."""
    if len(raw) <= BODY_READ:
        try:
            value = parsed(raw.decode("utf-8"))
        except ValueError:
            pass
        else:
            return _json_lines(value, pointer)
    text = cut(raw.decode("utf-8", "replace"), _LONGEST_TEXT)
    lines = [_text_line(number, line, marked=pointer is not None) for number, line in enumerate(text.splitlines(), 1)]
    return lines, ""


def _json_lines(value: Any, pointer: str | None) -> tuple[list[Line], str]:
    if not pointer:  # the finding is about the whole body, or not about the body: no line is marked
        return lines_of(value), ""
    node: TextNode = text_node_at(value, pointer)
    return lines_of(value, node), "".join(f"/{part}" for part in node.rest)


def _text_line(number: int, text: str, marked: bool = False, name: str = "") -> Line:
    return Line(number, 0, name, text, "text", marked=marked)


def _lines_outside_body(exchange: Exchange, view: ExchangeView, part: str, pointer: str) -> tuple[list[Line], str]:
    """The lines for a finding outside the body: about the status, a header or a parameter."""
    name = (parts_of(pointer)[0] if pointer.startswith("/") else pointer).lower()
    if part == "status":
        return [_text_line(1, f"HTTP {exchange.response.status}", marked=True)], ""
    if part == "header":
        lines = [
            _text_line(number, value, header_name.lower() == name, header_name)
            for number, (header_name, value) in enumerate(view.headers, 1)
        ]
        return lines, "" if any(line.marked for line in lines) else name
    headers = [
        _text_line(number, value, header_name.lower() == name, header_name)
        for number, (header_name, value) in enumerate(view.request_headers, 2)
    ]
    in_header = any(line.marked for line in headers)
    lines = [_text_line(1, view.request_line, marked=not in_header), *headers]
    if view.request_body:
        lines.append(_text_line(len(lines) + 1, json.dumps(cut(view.request_body, _LONGEST_LINE), ensure_ascii=False)))
    return lines, ""
