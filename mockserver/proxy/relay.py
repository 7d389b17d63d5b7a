"""One exchange passed on: request to the service, answer to the client, both as they were written.

Changed are only: Host (the service's), the target's beginning (the service's prefix), hop-by-hop headers and, if asked
for, the signature. No Via is added: SDK callers and gateways that sign or list headers must see what they would see.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from ..contract.sending import Sign
from . import framing, wire
from .asking import ask
from .framing import Cut, Framing, of_response, pieces
from .passage import Kept, Passage, Refused, status_of, to_client
from .wire import Head, Malformed, Wire, head_bytes


def relay(client: Wire, passage: Passage, resign: Sign | None, now: Callable[[], int]) -> bool:
    """Pass a request on and its answer back; whether the client's connection can go on.

    `resign` signs again what is signed already; `now` is the time in ms since 1970. Raises Refused where the service gives
    no answer, Gone where the client doesn't wait, Malformed where it sends what can't be read.
    """
    service, answer = ask(client, passage, resign)
    try:
        passage.answered = now()
        return _answer(client, service, passage, answer)
    except BaseException:
        service.close()
        raise
    finally:
        client.before_fill = None
        passage.seconds = time.monotonic() - passage.began


def _answer(client: Wire, service: Wire, passage: Passage, head: Head) -> bool:
    """Pass the answer back; whether the client's connection can go on."""
    status = status_of(head)
    try:
        body = of_response(head, passage.method, status)
    except Malformed as error:
        raise Refused(502, "Wrong answer", f"{passage.upstream.target.host}: {error}") from None
    passage.answer, passage.status = head, status
    modern = head.start.startswith(b"HTTP/1.1") and not passage.old
    keep = modern and not passage.early and body.kind != "close" and b"close" not in passage.head.tokens(b"connection")
    fields = framing.end_to_end(head, body.kind == "chunked")
    if not keep:
        fields.append(wire.field("Connection", "close"))
    try:
        _pump(client, service, body, head_bytes(head.start, fields), passage.received)
    except (Cut, Malformed, TimeoutError) as error:
        passage.cut = f"cut {error}" if isinstance(error, Cut) else f"cut: {error}"
    except (OSError, EOFError) as error:
        passage.cut = f"cut: {error}"
    if passage.cut or passage.early or body.kind == "close" or not modern or b"close" in head.tokens(b"connection"):
        service.close()
        return keep and not passage.cut
    passage.upstream.rest(service)
    return keep


def _pump(client: Wire, service: Wire, body: Framing, first: bytes, kept: Kept) -> None:
    out = bytearray(first)
    if body.kind == "none" or not service.buffer:
        to_client(client, out)
        out.clear()
    try:
        for raw, data in pieces(service, body):
            out += raw
            kept.add(data)
            if len(out) >= 65_536 or not service.buffer:
                to_client(client, out)
                out.clear()
    finally:
        if out:
            to_client(client, out)
