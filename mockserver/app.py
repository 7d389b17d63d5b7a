"""The WSGI door: a Flask app for the control API, with the vendors' operations answered in front of it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from flask import Flask, Response, jsonify, request

from . import control
from .errors import ControlError
from .mock import Mock
from .model import Answer, Request
from .serving.delivery import deliverable, dribbled
from .settings import Settings, settings_from
from .steps.render import misuse_answer
from .steps.route import BODY_LIMIT

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment


def create_app(settings: Settings | None = None, mock: Mock | None = None, deliver: bool | None = None) -> Flask:
    """The mock as a Flask app, for any WSGI server.

    Parameters: `settings`, by default from `MOCKSERVER_*` variables and pyproject.toml; `mock`, to share one that exists;
    `deliver`, whether faults that delay, dribble and hang are carried out (by default, unless a `mock` is given: tests
    needn't wait, the header `X-Mock-Delivery` tells how the answer is to be delivered). Raises
    InputError for a setting or a definition that is wrong.
    """
    deliver = mock is None if deliver is None else deliver
    mock = mock or Mock(settings or settings_from({}), sockets=False)
    app = Flask("mockserver", static_folder=None)
    app.config["MOCK"] = mock
    app.url_map.merge_slashes = False  # a path with a slash too many is an unknown one, not a redirect
    app.json.sort_keys = False  # type: ignore[attr-defined]  # documents keep the order they are written in
    _add_control_routes(app, mock)
    _add_error_pages(app)
    app.wsgi_app = _Front(mock, app.wsgi_app, deliver)  # type: ignore[method-assign]  # Flask's documented seam for middleware
    return app


class _Front:
    """Answers the vendors' operations; what is under the control prefix goes on to Flask."""

    def __init__(self, mock: Mock, control: WSGIApplication, deliver: bool) -> None:
        self._mock = mock
        self._control = control
        self._deliver = deliver

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "")
        if path == control.PREFIX or path.startswith(control.PREFIX + "/"):
            return self._control(environ, start_response)
        answer = self._mock.handle(request_from(environ))
        if answer.delivery:
            answer = deliverable(answer, self._deliver)
            if self._deliver and answer.delivery:
                start_response(_status_line(answer.status), list(answer.headers))
                return dribbled(b"" if environ["REQUEST_METHOD"] == "HEAD" else answer.body, answer.delivery)
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
    for (method, path), call in control.ROUTES.items():
        rule, name = control.PREFIX + path, f"{method} {path}"
        app.add_url_rule(rule, name, _view(mock, call), methods=[method], provide_automatic_options=False)


def _view(mock: Mock, call: Callable[[control.Ask], Answer]) -> Callable[..., Response]:
    def view(**path: Any) -> Response:
        headers = {name.lower(): value for name, value in request.headers.items()}
        found = control.answer(mock, call, path, request.args.to_dict(), headers, request.get_data(cache=False))
        return _to_flask(found)

    return view


def _to_flask(answer: Answer) -> Response:
    response = jsonify(answer.body)
    response.status_code, response.content_type = answer.status, answer.content_type
    if answer.status == 204:
        response.set_data(b"")
        response.headers.remove("Content-Type")
    return response


def _add_error_pages(app: Flask) -> None:
    @app.errorhandler(ControlError)
    def misuse(error: ControlError) -> Response:
        return _to_flask(misuse_answer(error))

    @app.errorhandler(404)
    def unknown(_error: Exception) -> Response:
        known = ", ".join(sorted({re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule) for rule in app.url_map.iter_rules()}))
        return misuse(ControlError("Not found", f"{request.path} is not part of the control API; known: {known}", 404))

    @app.errorhandler(405)
    def wrong_method(error: Any) -> Response:
        allowed = ", ".join(sorted(error.valid_methods or ()))
        response = misuse(ControlError("Method not allowed", f"{request.method} {request.path}; allowed: {allowed}", 405))
        response.headers["Allow"] = allowed
        return response

    @app.errorhandler(500)
    def failed(_error: Exception) -> Response:
        return misuse(ControlError("Internal error", "the mock failed: a bug, see its log and please report it", 500))
