"""Error pages of a gateway in front of the service."""

from __future__ import annotations

from http import HTTPStatus

from ..model import Answer


def page(status: int, title: str | None = None) -> Answer:
    """An error page as nginx writes it. Default for `title`: the status and its phrase."""
    title_text = title or f"{status} {_phrase(status)}"
    lines = ["<html>", f"<head><title>{title_text}</title></head>", "<body>", f"<center><h1>{title_text}</h1></center>"]
    text = "\r\n".join([*lines, "<hr><center>nginx</center>", "</body>", "</html>", ""])
    return Answer(status, None, (("Server", "nginx"),), "text/html", raw=text.encode())


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Error"
