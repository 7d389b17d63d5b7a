"""The way there: a request sent on to the service, up to the head of its final answer."""

from __future__ import annotations

import http.client
import selectors
import ssl
from collections.abc import Iterator

from ..contract.sending import Sign
from ..errors import InputError
from ..model import Request
from . import framing, wire
from .framing import Cut, pieces
from .passage import Gone, Passage, Refused, status_of, to_client
from .upstream import Upstream
from .wire import Field, Head, Malformed, Wire, head_bytes, read_head

SAFE = ("GET", "HEAD", "OPTIONS", "TRACE")
SIGNABLE = 12 * 1024 * 1024
"""The longest body that is signed again: as long as the gateway takes one."""


class _Early(Exception):
    """The service answers, or hangs up, before it has the whole request."""


def ask(client: Wire, passage: Passage, resign: Sign | None) -> tuple[Wire, Head]:
    """Send a request on; the connection to the service, and the head of its final answer. Interim answers are passed back.

    Raises Refused where no answer comes, Gone where the client ends the connection, Malformed for what can't be read.
    """
    body = None
    fields = _fields_for(passage)
    if resign is not None and any(one.name == b"authorization" for one in fields):
        body = _read_whole(client, passage)
        fields = _signed(passage, fields, resign)
    return _ask(client, passage, head_bytes(_start_for(passage), fields), body)


def _start_for(passage: Passage) -> bytes:
    method, _, version = passage.head.start.split(b" ")
    target = passage.target if passage.target == "*" else passage.upstream.before_target + passage.target
    return b" ".join((method, target.encode("latin-1"), version))


def _fields_for(passage: Passage) -> list[Field]:
    """The headers for the service: Host is its own."""
    fields = framing.end_to_end(passage.head)
    host = wire.field("Host", passage.upstream.target.authority)
    places = [index for index, one in enumerate(fields) if one.name == b"host"]
    if places:
        name = fields[places[0]].line.partition(b":")[0].decode("ascii")
        fields[places[0]] = wire.field(name, passage.upstream.target.authority)
    else:
        fields.insert(0, host)
    return fields + [wire.field(name, value) for name, value in passage.upstream.extra.items()]


def _signed(passage: Passage, fields: list[Field], resign: Sign) -> list[Field]:
    headers = {one.name.decode(): one.value.decode("latin-1") for one in fields}
    asked = passage.request()
    path = passage.upstream.target.prefix + asked.path
    try:
        proof = resign(Request(asked.method, path, asked.query, headers, asked.body))
    except InputError as error:
        raise Refused(502, "Can't sign", f"the request can't be signed anew: {error}") from None
    changed = {name.lower().encode(): value for name, value in proof.items()}
    kept = [_changed(one, changed) for one in fields if one.name != b"expect"]
    return kept + [wire.field(name.decode(), value) for name, value in changed.items()]


def _changed(one: Field, changed: dict[bytes, str]) -> Field:
    if one.name not in changed:
        return one
    return wire.field(one.line.partition(b":")[0].decode("ascii"), changed.pop(one.name))


def _read_whole(client: Wire, passage: Passage) -> bytes:
    """The request's body as it came; what is signed has to be known first."""
    if passage.framing.kind != "none" and b"100-continue" in passage.head.tokens(b"expect"):
        to_client(client, b"HTTP/1.1 100 Continue\r\n\r\n")
    raw = bytearray()
    for one, data in _from_client(client, passage):
        raw += one
        passage.sent.add(data)
        if passage.sent.size > SIGNABLE:
            raise Refused(413, "Too large to sign", f"a body of more than {SIGNABLE} bytes can't be signed anew")
    return bytes(raw)


def _from_client(client: Wire, passage: Passage) -> Iterator[tuple[bytes, bytes]]:
    try:
        yield from pieces(client, passage.framing)
    except (Cut, OSError) as error:
        raise Gone("the client ended the connection within its request") from error


def _ask(client: Wire, passage: Passage, first: bytes, body: bytes | None) -> tuple[Wire, Head]:
    """Send the request; the connection and the head of the final answer."""
    again = passage.method in SAFE and passage.framing.kind == "none"
    service = passage.upstream.rested() if again else None
    if service is not None:
        before = service.received
        try:
            return service, _exchange(client, service, passage, first, body)
        except BaseException as error:
            service.close()
            # Closed while at rest, just as the request came: that is no answer, and a new connection gets one.
            if not isinstance(error, Refused) or error.status == 504 or service.received > before:
                raise
    service = _open(passage.upstream)
    try:
        return service, _exchange(client, service, passage, first, body)
    except BaseException:
        service.close()
        raise


def _open(upstream: Upstream) -> Wire:
    where = f"{upstream.target.host}:{upstream.target.port}"
    try:
        return upstream.open()
    except TimeoutError:
        raise Refused(504, "No connection", f"{where} did not take the connection in time") from None
    except ssl.SSLCertVerificationError as error:
        advice = "--ca-bundle FILE trusts others, --insecure any"
        raise Refused(502, "Not trusted", f"the certificate of {where}: {error.verify_message}; {advice}") from None
    except (OSError, http.client.HTTPException) as error:
        reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
        raise Refused(502, "No connection", f"{where}: {reason}; is it there, and is the URL right?") from None


def _exchange(client: Wire, service: Wire, passage: Passage, first: bytes, body: bytes | None) -> Head:
    try:
        if body is not None:
            service.send(first + body)
        else:
            _upload(client, service, passage, first)
    except OSError:
        passage.early = True  # it may have answered before it hung up
    return _final_head(client, service, passage)


def _upload(client: Wire, service: Wire, passage: Passage, first: bytes) -> None:
    """Send head and body, watching for an answer that comes first."""
    out = bytearray(first)
    if passage.framing.kind == "none":
        service.send(out)
        return
    if not client.buffer:
        service.send(out)
        out.clear()
    client.before_fill = lambda: _watch(client, service, passage)
    try:
        for raw, data in _from_client(client, passage):
            out += raw
            passage.sent.add(data)
            if len(out) >= 65_536 or not client.buffer:
                service.send(out)
                out.clear()
        service.send(out)
    except _Early:
        passage.early = True
    finally:
        client.before_fill = None


def _watch(client: Wire, service: Wire, passage: Passage) -> None:
    """Wait until the client sends. Raises _Early where the service has a final answer first, Gone where nobody moves."""
    while True:
        while _has_head(service):
            start = bytes(service.buffer[:13])
            if not start.startswith(b"HTTP/1.1 1") or start.startswith(b"HTTP/1.1 101"):
                raise _Early
            _pass_interim(client, service, passage)
        with selectors.DefaultSelector() as ready:
            ready.register(client.sock, selectors.EVENT_READ)
            ready.register(service.sock, selectors.EVENT_READ)
            keys = {key.fileobj for key, _ in ready.select(client.sock.gettimeout())}
        if service.sock in keys and _ended(service):
            raise _Early
        if client.sock in keys:
            return
        if not keys:
            raise Gone("the client sent nothing for too long")


def _ended(service: Wire) -> bool:
    try:
        return service.poll() is False
    except OSError:
        return True


def _has_head(service: Wire) -> bool:
    return b"\r\n\r\n" in service.buffer or b"\n\n" in service.buffer


def _pass_interim(client: Wire, service: Wire, passage: Passage) -> None:
    head = read_head(service)
    if head is not None and not passage.old:  # HTTP/1.0 knows none
        to_client(client, head_bytes(head.start, framing.end_to_end(head)))


def _final_head(client: Wire, service: Wire, passage: Passage) -> Head:
    """The head of the final answer; interim ones are passed on. Raises Refused where there is none."""
    where = f"{passage.upstream.target.host}:{passage.upstream.target.port}"
    try:
        while True:
            head = read_head(service)
            if head is None:
                raise Refused(502, "No answer", f"{where} closed the connection without an answer")
            status = status_of(head)
            if status >= 200:
                return head
            if status == 101:
                raise Refused(502, "Wrong answer", f"{where} changes the protocol, which nobody asked for")
            if not passage.old:
                to_client(client, head_bytes(head.start, framing.end_to_end(head)))
    except TimeoutError:
        raise Refused(504, "No answer in time", f"{where} did not answer in {service.sock.gettimeout():g} s") from None
    except Malformed as error:
        raise Refused(502, "Wrong answer", f"what {where} sent is not HTTP/1.1: {error}") from None
    except (OSError, EOFError):
        raise Refused(502, "No answer", f"{where} closed the connection before it answered") from None
