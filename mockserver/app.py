"""The WSGI door: a Flask app for the control API, with the vendors' operations answered in front of it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from flask import Flask, Response, jsonify, request

from . import __version__
from .definitions import read_control
from .definitions.bundle import bundle
from .errors import Misuse
from .journal import KEPT
from .mock import Mock
from .model import Request
from .settings import Settings, settings_from
from .steps.render import misuse_answer
from .steps.route import BODY_LIMIT

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

CONTROL_PREFIX = "/_mock"
_PROBLEM_JSON = "application/problem+json"


def create_app(settings: Settings | None = None, mock: Mock | None = None) -> Flask:
    """The mock as a Flask app, for any WSGI server.

    Parameters: `settings`, by default from `MOCKSERVER_*` variables and pyproject.toml; `mock`, to share one that exists.
    Raises InputError for a setting or a definition that is wrong.
    """
    mock = mock or Mock(settings or settings_from({}))
    app = Flask("mockserver", static_folder=None)
    app.config["MOCK"] = mock
    app.url_map.merge_slashes = False  # a path with a slash too many is an unknown one, not a redirect
    app.json.sort_keys = False  # type: ignore[attr-defined]  # documents keep the order they are written in
    _add_control_routes(app, mock)
    _add_error_pages(app)
    app.wsgi_app = _Front(mock, app.wsgi_app)  # type: ignore[method-assign]  # Flask's documented seam for middleware
    return app


class _Front:
    """Answers the vendors' operations; what is under the control prefix goes on to Flask."""

    def __init__(self, mock: Mock, control: WSGIApplication) -> None:
        self._mock = mock
        self._control = control

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "")
        if path == CONTROL_PREFIX or path.startswith(CONTROL_PREFIX + "/"):
            return self._control(environ, start_response)
        answer = self._mock.handle(request_from(environ))
        start_response(_status_line(answer.status), list(answer.headers))
        return [] if environ["REQUEST_METHOD"] == "HEAD" else [answer.body]


def request_from(environ: Mapping[str, Any]) -> Request:
    """The request of a WSGI environment."""
    headers = {key[5:].replace("_", "-").lower(): value for key, value in environ.items() if key.startswith("HTTP_")}
    for key in ("CONTENT_TYPE", "CONTENT_LENGTH"):
        if environ.get(key):
            headers[key.replace("_", "-").lower()] = environ[key]
    body, size = _body(environ)
    path = environ.get("PATH_INFO", "").encode("latin-1").decode("utf-8", "surrogateescape")
    return Request(environ["REQUEST_METHOD"], path, environ.get("QUERY_STRING", ""), headers, body, size)


def _body(environ: Mapping[str, Any]) -> tuple[bytes, int]:
    """The body and its size; of one that is too large, only the size."""
    announced = environ.get("CONTENT_LENGTH") or ""
    # Python refuses to read thousands of digits; twenty are too many for a body anyway.
    size = int(announced.lstrip("0")[:20] or "0") if announced.isdecimal() and announced.isascii() else 0
    if size > BODY_LIMIT:
        return b"", size
    if size:
        return environ["wsgi.input"].read(size), size
    if "HTTP_TRANSFER_ENCODING" in environ and environ.get("wsgi.input_terminated"):
        body: bytes = environ["wsgi.input"].read(BODY_LIMIT + 1)
        return body, len(body)
    return b"", 0


def _status_line(status: int) -> str:
    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return f"{status} Error"


def _add_control_routes(app: Flask, mock: Mock) -> None:
    merged = bundle(mock.definitions.documents, __version__)
    control = read_control()
    routes: Mapping[tuple[str, str], Callable[[], Any]] = {
        ("GET", "/health"): lambda: jsonify(status="pass", version=__version__, time=mock.clock.now()),
        ("GET", "/openapi.json"): lambda: jsonify(merged),
        ("GET", "/control.json"): lambda: jsonify(control),
        ("GET", "/journal"): lambda: jsonify(exchanges=[one.as_json() for one in mock.journal.last(_limit())]),
        ("POST", "/reset"): lambda: _reset(mock),
    }
    for (method, path), view in routes.items():
        app.add_url_rule(CONTROL_PREFIX + path, f"{method} {path}", view, methods=[method], provide_automatic_options=False)


def _limit() -> int:
    text = request.args.get("limit", str(KEPT))
    for name in request.args:
        if name != "limit":
            raise Misuse("Unknown parameter", f"query parameter {name!r}; allowed: limit")
    if not re.fullmatch(r"[0-9]{1,5}", text) or int(text) > KEPT:
        raise Misuse("Invalid parameter", f"limit is {text[:40]!r}; allowed: 0 to {KEPT}")
    return int(text)


def _reset(mock: Mock) -> Response:
    mock.reset()
    answer = Response(status=204)
    del answer.headers["Content-Type"]  # of no content there is no type
    return answer


def _add_error_pages(app: Flask) -> None:
    @app.errorhandler(Misuse)
    def misuse(error: Misuse) -> Response:
        answer = misuse_answer(error)
        response = jsonify(answer.body)
        response.status_code, response.content_type = answer.status, _PROBLEM_JSON
        return response

    @app.errorhandler(404)
    def unknown(_error: Exception) -> Response:
        known = ", ".join(sorted(rule.rule for rule in app.url_map.iter_rules()))
        return misuse(Misuse("Not found", f"{request.path} is not part of the control API; known: {known}", 404))

    @app.errorhandler(405)
    def wrong_method(error: Any) -> Response:
        allowed = ", ".join(sorted(error.valid_methods or ()))
        response = misuse(Misuse("Method not allowed", f"{request.method} {request.path}; allowed: {allowed}", 405))
        response.headers["Allow"] = allowed
        return response

    @app.errorhandler(500)
    def failed(_error: Exception) -> Response:
        return misuse(Misuse("Internal error", "the mock failed: a bug, see its log and please report it", 500))
