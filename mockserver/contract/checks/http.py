"""The answer as HTTP: status, media type, length, headers."""

from __future__ import annotations

from ...definitions import Operation, ResponseSpec
from ...definitions.pointer import join
from ...errors import shown
from ...model import Request, Response
from ..findings import Finding, finding
from ..strictness import Strictness


def check_status(operation: Operation, response: Response, mode: Strictness) -> list[Finding]:
    """The status is documented. Read strictly, a status that only stands by analogy is not."""
    known = ", ".join(str(status) for status in sorted(operation.answers))
    answers = operation.answers.get(response.status)
    if answers is None:
        return [finding("status-undocumented", "status", "", str(response.status), f"one of {known}", operation.place)]
    if mode.strict and answers.provenance.kind in ("analogous", "invented"):
        found = f"{response.status}, which no page of the operation lists"
        return [finding("status-undocumented", "status", "", found, known, answers.place, answers.provenance)]
    return []


def check_headers(request: Request, response: Response, answers: ResponseSpec | None) -> list[Finding]:
    """Media type, length and documented headers; nothing where the answer came without its headers."""
    if not response.headers:
        return []
    found = _check_length(request, response)
    if answers is None:
        return found
    if response.body and answers.media_types:
        found += _check_media_type(response, answers)
    for header in answers.headers:
        pointer = join(header.name)
        value = response.header(header.name)
        if value is None and header.required:
            found.append(
                finding(
                    "header-missing", "header", pointer, "no such header", "always there", answers.place, header.provenance
                )
            )
        elif value is not None:
            found += [
                finding("header-invalid", "header", pointer, shown(value), _allowed(error), answers.place, header.provenance)
                for error in header.errors(value)
            ]
    return found


def _allowed(error: object) -> str:
    return f"{getattr(error, 'validator', '')} {shown(getattr(error, 'validator_value', ''))}"


def _check_media_type(response: Response, answers: ResponseSpec) -> list[Finding]:
    sent = response.header("Content-Type")
    plain = (sent or "").split(";")[0].strip().lower()
    charset = (sent or "").lower().partition("charset=")[2].strip(' "')
    documented = ", ".join(answers.media_types)
    if plain not in answers.media_types or charset not in ("", "utf-8", "utf8"):
        found = "none" if sent is None else shown(sent)
        return [finding("content-type-wrong", "header", "/Content-Type", found, documented, answers.place)]
    return []


def _check_length(request: Request, response: Response) -> list[Finding]:
    sent = response.header("Content-Length")
    coded = response.header("Content-Encoding") or response.header("Transfer-Encoding")
    if sent is None or coded or request.method == "HEAD" or sent.strip() == str(len(response.body)):
        return []
    return [
        finding("content-length-wrong", "header", "/Content-Length", sent, f"{len(response.body)}, the bytes of the body")
    ]
