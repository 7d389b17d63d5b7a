"""SDK-HMAC-SHA256, Huawei Cloud's request signature.

Source: AK/SK Signing and Authentication Guide (https://support.huaweicloud.com/devg-apisign/api-sign-0003.html) and
huaweicloudsdkcore 3.1.219, `signer/signer.py`.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from urllib.parse import parse_qsl, quote

from ..model import Request

ALGORITHM = "SDK-HMAC-SHA256"
DATE = re.compile(r"\d{8}T\d{6}Z")
UNSIGNED = "UNSIGNED-PAYLOAD"
_NODE = "\t\n\r \"'<>\\^`{|}"
"""What Node's `url.parse` percent-encodes in a path. Source: nodejs.org/api/url.html, "Escaped characters" (legacy API)."""
_MOST_PARAMETERS = 32
"""Of how many query parameters each is tried as the one that was added: more cost more than the hint is worth."""

_AUTHORIZATION = re.compile(
    r"([A-Z0-9-]+) (?:Access|Credential)=([^,\s]+), ?SignedHeaders=([^,\s]+), ?Signature=([0-9a-f]+)"
)


@dataclass(frozen=True)
class Signature:
    """An Authorization header in its documented form."""

    algorithm: str
    access_key: str
    signed_headers: tuple[str, ...]
    value: str


@dataclass(frozen=True)
class CanonicalRequest:
    """The parts of a canonical request."""

    method: str
    uri: str
    query: str
    headers: tuple[tuple[str, str], ...]
    payload: str

    def text(self) -> str:
        """The canonical request."""
        headers = "".join(f"{name}:{value}\n" for name, value in self.headers)
        names = ";".join(name for name, _ in self.headers)
        return "\n".join((self.method, self.uri, self.query, headers, names, self.payload))


def parse(authorization: str) -> Signature | None:
    """The parts of an Authorization header; None where it isn't in the documented form."""
    match = _AUTHORIZATION.fullmatch(authorization.strip())
    if match is None:
        return None
    algorithm, access_key, names, value = match.groups()
    return Signature(algorithm, access_key, tuple(names.split(";")), value)


def canonical_request(request: Request, signed_headers: Sequence[str]) -> CanonicalRequest:
    """The canonical request, as the service sees it. Raises KeyError for a signed header that was not sent."""
    headers = tuple((name, request.headers[name].strip()) for name in signed_headers)
    return CanonicalRequest(request.method, _uri(request.path), _query(_pairs(request.query)), headers, _payload(request))


def _uri(path: str) -> str:
    encoded = "/".join(_encode(segment) for segment in path.split("/"))
    return encoded if encoded.endswith("/") else encoded + "/"


def _pairs(query: str) -> list[tuple[str, str]]:
    return parse_qsl(query, keep_blank_values=True)


def _query(pairs: Sequence[tuple[str, str]]) -> str:
    return "&".join(f"{_encode(name)}={_encode(value)}" for name, value in sorted(pairs))


def _encode(text: str) -> str:
    return quote(text, safe="~", errors="surrogatepass")


def _payload(request: Request) -> str:
    if request.body and request.headers.get("x-sdk-content-sha256") == UNSIGNED:
        return UNSIGNED
    return hashlib.sha256(request.body).hexdigest()


def sign(canonical: CanonicalRequest, date: str, secret_key: str) -> str:
    """The signature, in lower-case hex."""
    digest = hashlib.sha256(canonical.text().encode("utf-8", "surrogatepass")).hexdigest()
    text = f"{ALGORITHM}\n{date}\n{digest}"
    return hmac.new(secret_key.encode(), text.encode(), hashlib.sha256).hexdigest()


def verified(request: Request, signature: Signature, date: str, secret_key: str) -> bool:
    """Whether the request has this signature.

    Of a request without a body that says UNSIGNED-PAYLOAD, the vendor's SDKs sign this word (PHP; Go and Node for some media
    types) or the hash of nothing (Python): both pass.
    """
    canonical = canonical_request(request, signature.signed_headers)
    payloads = {canonical.payload}
    if not request.body and request.headers.get("x-sdk-content-sha256") == UNSIGNED:
        payloads.add(UNSIGNED)
    signed = (sign(replace(canonical, payload=payload), date, secret_key) for payload in payloads)
    return any(hmac.compare_digest(item, signature.value) for item in signed)


def difference(request: Request, signature: Signature, date: str, secret_key: str) -> str:
    """Which canonical part differs, found by signing likely variants of the request; one line for the developer."""
    canonical = canonical_request(request, signature.signed_headers)
    for reason, variant in _variants(request, canonical):
        if hmac.compare_digest(sign(variant, date, secret_key), signature.value):
            return reason
    return (
        "no likely variant of the request has this signature: the secret key is another one, or the path, the query, the"
        f" body or one of the signed headers ({';'.join(signature.signed_headers)}) was changed after signing"
    )


def _variants(request: Request, canonical: CanonicalRequest) -> Iterator[tuple[str, CanonicalRequest]]:
    yield "canonical URI: it must end with a slash", replace(canonical, uri=canonical.uri.rstrip("/"))
    once = _uri(request.path)
    yield from _encoded_twice(request, canonical, once)
    yield "canonical URI: it must be percent-encoded", replace(canonical, uri=request.path.rstrip("/") + "/")
    yield "canonical query: it was not signed", replace(canonical, query="")
    yield "canonical query: it must be sorted and percent-encoded", replace(canonical, query=request.query)
    pairs = _pairs(request.query)
    for index, (name, _) in enumerate(pairs if len(pairs) <= _MOST_PARAMETERS else ()):
        rest = pairs[:index] + pairs[index + 1 :]
        yield f"canonical query: the parameter {name!r} was added after signing", replace(canonical, query=_query(rest))
    empty = hashlib.sha256(b"").hexdigest()
    yield "payload: the body was not signed", replace(canonical, payload=empty)
    yield f"payload: it was signed as {UNSIGNED}", replace(canonical, payload=UNSIGNED)
    for method in ("GET", "POST", "PUT", "DELETE"):
        yield f"method: the request was signed as {method}", replace(canonical, method=method)
    yield from _header_variants(canonical)


def _encoded_twice(request: Request, canonical: CanonicalRequest, once: str) -> Iterator[tuple[str, CanonicalRequest]]:
    """An SDK that encodes what is encoded already: the whole path, or (Node) only what `url.parse` has encoded before."""
    yield (
        "canonical URI: it was percent-encoded twice",
        replace(canonical, uri=quote(once, safe="/~", errors="surrogatepass")),
    )
    twice = "".join(dict.fromkeys(char for char in request.path if char in _NODE))
    if twice:
        mixed = "".join(char if char == "/" else _encode(_encode(char) if char in twice else char) for char in request.path)
        uri = mixed if mixed.endswith("/") else mixed + "/"
        yield f"canonical URI: {twice!a} in it was percent-encoded twice, the rest once", replace(canonical, uri=uri)


def _header_variants(canonical: CanonicalRequest) -> Iterator[tuple[str, CanonicalRequest]]:
    for index, (name, value) in enumerate(canonical.headers):
        others = {"host": (value.partition(":")[0],), "content-type": ("application/json", "")}.get(name, ())
        for other in others:
            headers = (*canonical.headers[:index], (name, other), *canonical.headers[index + 1 :])
            yield f"header {name}: it was signed as {other!r}, sent as {value!r}", replace(canonical, headers=headers)
