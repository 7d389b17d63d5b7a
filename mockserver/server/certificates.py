"""Certificates for HTTPS, and the files and variables with which clients trust them."""

from __future__ import annotations

import os
import ssl
import sys
from collections.abc import Sequence
from pathlib import Path

from ..errors import InputError
from ..settings import Settings

TRUST = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE")
"""The variables that name trusted certificates: for requests and the SDKs; for curl and requests; for OpenSSL and httpx."""
_HOSTS = ("localhost", "127.0.0.1", "::1")


def uses_tls(settings: Settings) -> bool:
    """True if the server speaks HTTPS."""
    return settings.tls or bool(settings.tls_cert)


def trust_file(settings: Settings) -> Path:
    """The file of certificates that clients of a server with these settings have to trust.

    It is the user's own certificate, or the file for this port where `serve --tls` writes its authority at each start.
    """
    if settings.tls_cert:
        return Path(settings.tls_cert).absolute()
    return _cache_folder() / f"ca-{settings.port}.pem"


def trust_variables(file: Path) -> dict[str, str]:
    """The variables that let clients trust the certificates in a file."""
    return dict.fromkeys(TRUST, str(file))


def context_from_files(certificate: str, key: str) -> ssl.SSLContext:
    """A server's TLS context from the user's files. Raises InputError for files that can't be used."""
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


def new_context(host: str) -> tuple[ssl.SSLContext, bytes]:
    """A server's TLS context from a new authority, and the certificates that its clients have to trust, as PEM.

    The authority's key is not stored. The usual authorities are included, because clients may also speak to other servers.
    """
    import certifi
    import trustme

    authority = trustme.CA(organization_name="mockserver")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(*_certificate_names(host)).configure_cert(context)
    return context, authority.cert_pem.bytes() + Path(certifi.where()).read_bytes()


def write_trust_file(file: Path, certificates: bytes) -> None:
    """Write the certificates that clients have to trust. Raises InputError if that is impossible."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(certificates)
    except OSError as error:
        raise InputError(f"can't write {file}, which clients of --tls have to trust: {error.strerror}") from error


def _certificate_names(host: str) -> Sequence[str]:
    return _HOSTS if host in (*_HOSTS, "0.0.0.0", "::", "") else (host, *_HOSTS)  # noqa: S104 - compared, not bound


def _cache_folder() -> Path:
    variable = "LOCALAPPDATA" if sys.platform == "win32" else "XDG_CACHE_HOME"
    return Path(os.environ.get(variable) or Path.home() / ".cache") / "mockserver"
