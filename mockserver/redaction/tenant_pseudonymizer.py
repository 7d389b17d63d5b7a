"""Exchanges with pseudonyms in place of what identifies a tenant."""

from __future__ import annotations

import ipaddress
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from urllib.parse import quote, quote_plus, unquote_plus

from ..definitions import Definitions, Operation
from ..definitions.pointer import parts_of
from ..exchanges.exchange import Exchange
from ..exchanges.json_path import matches
from ..model import Request, Response
from . import redact, scan
from .content_coding import map_text
from .pseudonyms import Pseudonyms
from .tenants import Tenants, is_tenant

_ID = r"[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}|(?<![0-9a-fA-F])[0-9a-f]{32}(?![0-9a-fA-F])"
_IPV4 = r"(?<![\d.])(?:\d{1,3}\.){3}\d{1,3}(?!\.?\d)"
_IPV6 = r"(?<![\w:.])(?=[0-9a-fA-F:]{7})(?:[0-9a-fA-F]{0,4}:){2,7}[0-9a-fA-F]{1,4}(?![\w:])"
_MAIL = r"(?<!\\)[A-Za-z0-9._+-]{1,64}(?:@|%40)[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){1,8}"  # RFC 5321's lengths
_BUCKET = r"obs:(?:/|\\+/|%2[fF]){2}[^\s\"'\\,;)&?]+(?:\\+/[^\s\"'\\,;)&?]+)*"
_ESCAPE = r"(?<!\\)\\+(?:u[0-9a-fA-F]{4}|[nrtbf](?![0-9a-f]{20})|[\"/])"
_BEFORE = r"(?:(?<![A-Za-z0-9])|(?<=%[0-9A-Fa-f][0-9A-Fa-f])|(?<=\\[nrtbf])|(?<=\\u[0-9a-fA-F]{4}))"
_WHO = (
    r"(?i:\b(?:user|org|organi[sz]ation|project|domain|account|tenant|workspace|cluster|league)(?:[ _-]?(?:id|name))?"
    r"[ :=]+['\"\\]*)"
)
_LONG, _SURE, _KNOWN = 16, 8, 256
_TEXTS = 256
Clean = Callable[[str], str]
_PLAIN_HEADERS = ("user-agent", "date", "content-length", "content-type")


@dataclass
class _Found:
    """What an exchange shows of its tenant: values to replace, and those (names of jobs) that stay."""

    operation: Operation | None
    tenants: dict[str, None] = field(default_factory=dict)
    remembered: dict[str, None] = field(default_factory=dict)
    members: dict[str, set[str]] = field(default_factory=dict)


class TenantPseudonymizer:
    """Puts pseudonyms in place of what identifies a tenant. Not thread-safe: the values that requests had are remembered."""

    def __init__(self, definitions: Definitions, tenants: Tenants, pseudonyms: Pseudonyms) -> None:
        self._definitions = definitions
        self._tenants = tenants
        self._pseudonyms = pseudonyms
        self._recent: dict[str, None] = {}
        # Polls ask and answer the same things again and again: what they came to is remembered.
        self._patterns = lru_cache(maxsize=64)(_Patterns)
        self._remembered = lru_cache(maxsize=1_024)(self._members_of)
        self._marked = lru_cache(maxsize=4_096)(self._is_marked)

    def for_exchange(self, exchange: Exchange) -> tuple[Exchange, Clean]:
        """The exchange with pseudonyms, and what puts the same ones into any text that quotes it."""
        request, response = exchange.request, exchange.response
        operation = self._definitions.operation_at(request.method, request.path, request.query)
        match = operation.pattern.fullmatch(request.path) if operation else None
        result = _Found(operation)
        self._look_at(request, match, result)
        self._remember(result.tenants)
        self._look_into(request.body, 0, result)
        self._look_into(response.body, response.status, result)
        clean = self._cleaner(result)
        changed_exchange = replace(
            exchange,
            origin=clean(exchange.origin),
            request=replace(
                request,
                path=self._path(request.path, match, result, clean),
                query="&".join(self._clean_parameter(pair, result, clean) for pair in request.query.split("&")),
                headers={name: self._header(name, value, result, clean) for name, value in request.headers.items()},
                body=map_text(request.body, clean),
            ),
            response=Response(
                response.status,
                tuple((name, self._header(name, value, result, clean)) for name, value in response.headers),
                map_text(response.body, clean),
                clean(response.problem) if response.problem else response.problem,
            ),
        )
        return changed_exchange, clean

    def _remember(self, tenants: Mapping[str, None]) -> None:
        for value in tenants:
            if _is_sure(value):
                self._recent.pop(value, None)
                self._recent[value] = None
        while len(self._recent) > _KNOWN:
            self._recent.pop(next(iter(self._recent)))

    def _means_tenant(self, name: str, operation: Operation | None) -> bool:
        return self._tenants.is_tenant_name(name) or (operation is not None and self._marked(operation.id, name))

    def _is_marked(self, operation: str, name: str) -> bool:
        return is_tenant(self._definitions.operation(operation), name)

    def _look_at(self, request: Request, match: re.Match[str] | None, result: _Found) -> None:
        operation = result.operation
        values = dict(zip(operation.path_names, match.groups(), strict=True)) if operation and match else {}
        pairs = [
            (name, unquote_plus(value)) for name, _, value in (pair.partition("=") for pair in request.query.split("&"))
        ]
        for name, value in (*values.items(), *pairs, *request.headers.items()):
            if value and self._means_tenant(name, operation):
                result.tenants[value] = None
            elif value and operation and any(p.name == name for p in operation.parameters):
                result.remembered[value] = None

    def _look_into(self, body: bytes, status: int, result: _Found) -> None:
        text = body.decode("utf-8", "replace")
        for member in self._named_members(text):
            value = scan.unescaped(member)
            if value:
                result.tenants[value] = None
        places = self._tenants.places(result.operation, status) if result.operation else ()
        try:
            parsed = json.loads(text) if places else None
        except (ValueError, RecursionError):
            return
        for place in places:
            for _, tenant in matches(parsed, place):
                if isinstance(tenant, str) and tenant:
                    result.tenants[tenant] = None
                    result.members.setdefault(parts_of(place)[-1], set()).add(tenant)

    def _path(self, path: str, match: re.Match[str] | None, result: _Found, clean: Clean) -> str:
        if match is None or result.operation is None:
            return clean(path)
        parts, at = [], 0
        for index, name in enumerate(result.operation.path_names, 1):
            value = match[index]
            parts += [path[at : match.start(index)], self._pseudonym(value) if is_tenant(result.operation, name) else value]
            at = match.end(index)
        return "".join([*parts, path[at:]])

    def _pseudonym(self, value: str) -> str:
        return value if value.startswith(redact.HIDDEN) else self._pseudonyms.of(value)

    def _clean_parameter(self, pair: str, result: _Found, clean: Clean) -> str:
        name, sign, value = pair.partition("=")
        if sign and value and self._means_tenant(name, result.operation):
            plain = unquote_plus(value)
            return f"{name}={self._pseudonym(plain) if plain == value else quote_plus(self._pseudonym(plain))}"
        own = result.operation is not None and any(p.name == name for p in result.operation.parameters)
        return pair if own else clean(pair)

    def _header(self, name: str, value: str, result: _Found, clean: Clean) -> str:
        if name.lower() in _PLAIN_HEADERS or not value:
            return value
        return self._pseudonym(value) if self._means_tenant(name, result.operation) else clean(value)

    def _cleaner(self, result: _Found) -> Clean:
        sure = [value for value in (*self._recent, *result.tenants) if _is_sure(value)][-_KNOWN:]
        news = {form: new for value in sure for form, new in self._forms(value)}
        news |= {form: form for value in result.remembered if _is_sure(value) for form in _spellings(value)}
        short = tuple(sorted(value for value in result.tenants if not _is_sure(value))[:_KNOWN])
        patterns = self._patterns(tuple(news.items()), short, result.operation is None)

        def loose(text: str) -> str:
            allowed = patterns.done.get(text)
            if allowed is None:
                allowed = patterns.outer(text).sub(lambda match: self._replaced(match, news, patterns), text)
                patterns.remember(text, allowed)
            return allowed

        def clean(text: str) -> str:
            parts, at = [], 0
            for member in self._tenant_members(text, result):
                parts += [loose(text[at : member.start]), self._member(member)]
                at = member.end
            return "".join([*parts, loose(text[at:])])

        return clean

    def _named_members(self, text: str) -> Sequence[scan.Member]:
        return self._remembered(text) if len(text) <= redact.REMEMBERED else self._members_of(text)

    def _members_of(self, text: str) -> tuple[scan.Member, ...]:
        return tuple(scan.members(text, self._tenants.is_tenant_name))

    def _forms(self, value: str) -> Iterator[tuple[str, str]]:
        return zip(_spellings(value), _spellings(self._pseudonym(value)), strict=True)

    def _tenant_members(self, text: str, result: _Found) -> list[scan.Member]:
        """The members whose values are tenants, in order; none of them inside another."""
        spans = list(self._named_members(text))
        for name, values in result.members.items():
            if not self._tenants.is_tenant_name(name) and name != "*":
                spans += (item for item in scan.members(text, name.__eq__) if scan.unescaped(item) in values)
        remaining: list[scan.Member] = []
        for item in sorted(spans, key=lambda item: (item.start, -item.end)):
            if not remaining or item.start >= remaining[-1].end:
                remaining.append(item)
        return remaining

    def _member(self, member: scan.Member) -> str:
        """The member's value as it shall stand in the text: escaped as before."""
        value = scan.unescaped(member)
        new = self._pseudonym(value)
        if member.level is None:
            return new
        for _ in range(member.level + 1):
            value, new = (json.dumps(text, ensure_ascii="\\u" in member.value)[1:-1] for text in (value, new))
        if value == member.value:
            return new
        pieces = re.split(r"(\\+(?:u[0-9a-fA-F]{4}|.))", member.value)  # escaped in a way of its own
        return "".join(piece if piece.startswith("\\") else self._pseudonym(piece) for piece in pieces)

    def _replaced(self, match: re.Match[str], news: Mapping[str, str], patterns: _Patterns) -> str:
        kind, text = match.lastgroup, match[0]
        if kind == "bucket":
            return patterns.inner(text).sub(lambda part: self._replaced(part, news, patterns), text)
        if kind == "known":
            return news[text]
        if kind in ("short", "quoted"):
            return text[: match.start(kind) - match.start()] + self._pseudonym(match[kind])
        if kind == "mail":
            plain = self._pseudonym(text.replace("%40", "@"))
            return plain.replace("@", "%40") if "%40" in text else plain
        if kind == "id" or (kind == "ip" and _tells(text)):
            return self._pseudonym(text)
        return text


def _is_sure(value: str) -> bool:
    """Whether a value, wherever it stands, is most likely this one: long, or of some length with digits."""
    return len(value) >= _SURE + 4 or (len(value) >= _SURE and any(char.isdigit() for char in value))


@lru_cache(maxsize=4_096)
def _spellings(value: str) -> tuple[str, ...]:
    """The value as it is, URL-encoded, and escaped in JSON once and twice."""
    once = json.dumps(value)[1:-1]
    raw = value.encode("utf-8", "surrogatepass")
    plain = json.dumps(value, ensure_ascii=False)[1:-1]
    return value, quote(raw, ""), quote_plus(raw), plain, once, json.dumps(once)[1:-1]


class _Patterns:
    """What is replaced where no member announces it, as patterns; a text gets the shortest that finds all of it.

    Args:
        news: The forms of the values known, each with what replaces it.
        short: Short values.
        ids: Whether ids that nobody knows are replaced as well.

    Attributes:
        done: Texts, each with what it became.
    """

    def __init__(self, news: tuple[tuple[str, str], ...], short: tuple[str, ...], ids: bool) -> None:
        self._forms = tuple(form for form, _ in news)
        self._short, self._ids = short, ids
        self.done: dict[str, str] = {}
        self._compiled: dict[tuple[bool, bool, bool], re.Pattern[str]] = {}

    def outer(self, text: str) -> re.Pattern[str]:
        """The pattern for a text."""
        return self._tenant_pattern("obs:" in text, _has_mail(text), self._ids)

    def remember(self, text: str, became: str) -> None:
        """Keep what a text became, if it isn't long."""
        if len(self.done) >= _TEXTS:
            self.done.clear()
        if len(text) <= redact.REMEMBERED:
            self.done[text] = became

    def inner(self, text: str) -> re.Pattern[str]:
        """The pattern for the path of a bucket: every id in it is replaced."""
        return self._tenant_pattern(False, _has_mail(text), True)

    def _tenant_pattern(self, bucket: bool, mail: bool, ids: bool) -> re.Pattern[str]:
        choice = (bucket, mail, ids)
        if choice not in self._compiled:
            parts = [f"(?P<bucket>{_BUCKET})"] if bucket else []
            parts += _known_parts(self._forms, self._short)
            parts += [f"(?P<mail>{_MAIL})"] if mail else []
            parts += [f"(?P<ip>{_IPV4}|{_IPV6})", _ESCAPE]
            parts += [f"(?P<id>{_ID})"] if ids else []
            self._compiled[choice] = re.compile("|".join(parts), re.DOTALL)
        return self._compiled[choice]


def _has_mail(text: str) -> bool:
    return "@" in text or "%40" in text


def _known_parts(forms: tuple[str, ...], short: tuple[str, ...]) -> list[str]:
    allowed = sorted(forms, key=len, reverse=True)
    long = [re.escape(form) for form in allowed if len(form) >= _LONG]
    some = [re.escape(form) for form in allowed if len(form) < _LONG]
    bounded = [f"{_BEFORE}(?:{'|'.join(some)})(?![A-Za-z0-9])"] if some else []
    parts = [f"(?P<known>{'|'.join([*long, *bounded])})"] if allowed else []
    if short:
        shorts = "|".join(re.escape(value) for value in sorted(short, key=len, reverse=True))
        parts.append(f"{_WHO}(?P<short>{shorts})(?![A-Za-z0-9])|(?<=')(?P<quoted>{shorts})(?=')")
    return parts


def _tells(address: str) -> bool:
    """Whether an address is one, and tells whose: the machine's own one doesn't."""
    try:
        result = ipaddress.ip_address(address)
    except ValueError:
        return False
    return not (result.is_loopback or result.is_unspecified or address == "255.255.255.255")
