"""Exchanges without secrets and, if asked, without what tells whose they are."""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Callable, Iterable
from dataclasses import replace

from .. import redact
from ..definitions import Definitions, load
from ..model import Request, Response
from .anonymous import Anonymous
from .bodies import changed, unpacked
from .exchange import Exchange
from .pseudonyms import Pseudonyms
from .tenants import Tenants

_HEXADECIMAL = re.compile(r"[0-9a-fA-F-]{16,}")
_PLAIN = re.compile(r"[A-Za-z0-9_-]+")
_WORDS = {"", "true", "false", "null", redact.HIDDEN}  # no secrets, whatever stands there


class Redactor:
    """Takes the secrets out of exchanges: access keys, signatures, tokens, passwords, in whatever form they come back.

    By default also puts pseudonyms of the same form in place of what identifies a tenant: ids of projects, accounts,
    clusters, instances and the like, names of users, IP addresses, e-mail addresses. Names and ids of jobs stay. Bodies keep
    their lengths and fit their schemas as before; compressed ones are unpacked. Thread-safe.

    Parameters: `keep_ids` leaves tenants as they are; `salt` makes the pseudonyms (by default a new one each time: then
    those of two redactors differ, and nobody can find the values again by trying); `definitions`, by default the shipped.
    """

    def __init__(
        self, keep_ids: bool = False, salt: str | bytes | None = None, definitions: Definitions | None = None
    ) -> None:
        self._definitions = definitions or load()
        self._tenants = Tenants(self._definitions)
        # A key, nothing made up: it must not be guessed, and is kept nowhere.
        self._pseudonyms = Pseudonyms(os.urandom(32) if salt is None else salt)
        self._keep_ids = keep_ids
        self._lock = threading.Lock()
        self._anonymous = Anonymous(self._definitions, self._tenants, self._pseudonyms)

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the parameters and members that get pseudonyms; none where ids are kept."""
        return () if self._keep_ids else self._tenants.names

    def redact(self, exchange: Exchange) -> Exchange:
        """The exchange without secrets, and without tenants unless they are kept."""
        plain = without_secrets(unpacked(exchange))
        if self._keep_ids:
            return plain
        with self._lock:
            return self._anonymous.of(plain)


def mask(secret: str) -> str:
    """What stands for a secret inside a body: as long as it is, and of the characters that ids may have if it was."""
    if _HEXADECIMAL.fullmatch(secret):
        return re.sub("[^-]", "0", secret)
    size = len(secret.encode("utf-8", "surrogatepass"))
    word, rest = ("redacted", "x") if _PLAIN.fullmatch(secret) else (redact.HIDDEN, "*")
    return word.ljust(size, rest) if size >= len(word) else rest * size


def without_secrets(exchange: Exchange) -> Exchange:
    """The exchange without credentials, in whatever form they come back; everything else as it was."""
    request, response = exchange.request, exchange.response
    clean = _hiding(_secrets(request, response))
    return replace(
        exchange,
        origin=clean(exchange.origin),
        notes=tuple(map(clean, exchange.notes)),
        request=replace(
            request,
            path=clean(request.path),
            query=clean(redact.query(request.query, [])),
            headers={name: clean(redact.header(name, value)) for name, value in request.headers.items()},
            body=changed(request.body, clean),
        ),
        response=replace(
            response,
            headers=tuple((name, clean(redact.header(name, value))) for name, value in response.headers),
            body=changed(response.body, clean),
            problem=clean(response.problem) if response.problem else response.problem,
        ),
    )


def _secrets(request: Request, response: Response) -> list[str]:
    """Every secret that the exchange shows in a place that is known for secrets."""
    found = redact.query_secrets(request.query)
    for name, value in (*request.headers.items(), *response.headers):
        found += redact.header_secrets(name, value)
    for body in (request.body, response.body):
        found += redact.text_secrets(body.decode("utf-8", "replace"))
    known = {secret.strip() for secret in found} - _WORDS
    return sorted((secret for secret in known if secret != mask(secret)), key=len, reverse=True)


def _hiding(secrets: Iterable[str]) -> Callable[[str], str]:
    """Hides these secrets in a text, in all their forms."""
    forms = sorted({(form, secret) for secret in secrets for form in redact.forms_of(secret)}, key=lambda one: -len(one[0]))
    found = re.compile("|".join(_spot(form) for form, _ in forms)) if forms else None

    def hide(text: str) -> str:
        text = redact.text(text, (), mask)
        return found.sub(lambda match: mask(match[0]), text) if found else text

    return hide


def _spot(form: str) -> str:
    """Where a secret's form is one: a short word, such as a test's token `token`, is none as the name of a member."""
    if len(form) <= 8 and form.isalpha():
        return rf'(?<![A-Za-z0-9]){form}(?![A-Za-z0-9])(?!\\*"\s*:)'
    return re.escape(form)
