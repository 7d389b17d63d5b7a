"""Certificates for HTTPS, and what clients need to trust them."""

from __future__ import annotations

import os
import ssl
import sys
from collections.abc import Sequence
from pathlib import Path

from ..errors import InputError
from ..settings import Settings

TRUST = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE")
"""The variables that say whom to trust: requests and the SDKs on it; curl, and requests, too; OpenSSL, urllib and httpx."""
_HOSTS = ("localhost", "127.0.0.1", "::1")


def uses_tls(settings: Settings) -> bool:
    """Whether the server speaks HTTPS."""
    return settings.tls or bool(settings.tls_cert)


def trust_file(settings: Settings) -> Path:
    """The file that clients of a server with these settings have to trust.

    The user's own certificate; or where `serve --tls` writes its authority's, made again at each start, by its port.
    """
    if settings.tls_cert:
        return Path(settings.tls_cert).absolute()
    return _folder() / f"ca-{settings.port}.pem"


def trust_variables(file: Path) -> dict[str, str]:
    """The variables that let clients trust what is in a file."""
    return dict.fromkeys(TRUST, str(file))


def context_from_files(certificate: str, key: str) -> ssl.SSLContext:
    """What a server speaks TLS by, from the user's files. Raises InputError for files that can't be used."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    try:
        context.load_cert_chain(certificate, key or None)
    except (OSError, ssl.SSLError) as error:
        detail = error.strerror if isinstance(error, FileNotFoundError) else str(error)
        raise InputError(
            f"--tls-cert {certificate} and --tls-key {key or '(none given: in the same file)'} can't be used: {detail};"
            " allowed: a certificate (or chain) and its key without a password, in PEM"
        ) from error
    return context


def context_made_up(host: str) -> tuple[ssl.SSLContext, bytes]:
    """What a server speaks TLS by, from an authority made on the spot, and what its clients have to trust, as PEM.

    The authority's key is kept nowhere. The usual authorities are trusted as well: the same clients may speak to others.
    """
    import certifi
    import trustme

    authority = trustme.CA(organization_name="mockserver")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(*_certificate_names(host)).configure_cert(context)
    return context, authority.cert_pem.bytes() + Path(certifi.where()).read_bytes()


def write_trust_file(file: Path, trusted: bytes) -> None:
    """Write what clients have to trust. Raises InputError where that can't be done."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(trusted)
    except OSError as error:
        raise InputError(f"can't write {file}, which clients of --tls have to trust: {error.strerror}") from error


def _certificate_names(host: str) -> Sequence[str]:
    return _HOSTS if host in (*_HOSTS, "0.0.0.0", "::", "") else (host, *_HOSTS)  # noqa: S104 - compared, not bound


def _folder() -> Path:
    variable = "LOCALAPPDATA" if sys.platform == "win32" else "XDG_CACHE_HOME"
    return Path(os.environ.get(variable) or Path.home() / ".cache") / "mockserver"
