"""Error pages of a gateway in front of the service."""

from __future__ import annotations

from http import HTTPStatus

from ..model import Answer


def page(status: int, title: str | None = None) -> Answer:
    """An error page as nginx writes it; `title` where it isn't the status's own."""
    words = title or f"{status} {_phrase(status)}"
    lines = ["<html>", f"<head><title>{words}</title></head>", "<body>", f"<center><h1>{words}</h1></center>"]
    text = "\r\n".join([*lines, "<hr><center>nginx</center>", "</body>", "</html>", ""])
    return Answer(status, None, (("Server", "nginx"),), "text/html", raw=text.encode())


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Error"
