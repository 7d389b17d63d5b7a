"""The WSGI door: a Flask app for the control API, with the vendors' operations answered in front of it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from threading import Event
from typing import TYPE_CHECKING, Any

from flask import Flask, Response, jsonify, request

from . import control, model
from .errors import ControlError, InputError
from .faults.delivery import Action, Wait
from .faults.kinds import KINDS, delivery_actions
from .faults.page import page
from .mock import Mock
from .model import Answer, Delivery, Request
from .server.encoding import phrase
from .setting_values import settings_from
from .settings import Settings
from .steps.render import misuse_answer
from .steps.route import BODY_LIMIT

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

_HANG_SECONDS = 600.0
_NEEDS_SOCKET = "no WSGI server can do it; `mockserver serve` and mockserver.MockHttpServer do"


def create_app(settings: Settings | None = None, mock: Mock | None = None) -> Flask:
    """The mock as a Flask app, for any WSGI server.

    WSGI can't do all that `mockserver serve` does: faults that break connections are refused where they are declared, HANG
    holds a thread, by default for ten minutes, and answers 504 then, and a slash in an id (`%2F`) can't be distinguished
    from others.

    Args:
        settings: By default from `MOCKSERVER_*` variables and pyproject.toml.
        mock: The mock to serve, where it exists already. What breaks connections can then be declared (another door may
            deliver it); here it is answered with 502.

    Raises:
        InputError: A setting, a definition or a fixture is wrong, or a fixture has a fault that breaks connections.
    """
    is_own_mock = mock is None
    mock = mock or Mock(settings or settings_from({}))
    app = control_app(mock)
    if is_own_mock:
        _refuse_socket_faults(app, mock)
    app.wsgi_app = _Front(mock, app.wsgi_app)  # type: ignore[method-assign]  # Flask's documented seam for middleware
    return app


def control_app(mock: Mock) -> Flask:
    """The control API alone, as a Flask app."""
    app = Flask("mockserver", static_folder=None)
    app.config["MOCK"] = mock
    app.url_map.merge_slashes = False  # a path with a slash too many is an unknown one, not a redirect
    app.json.sort_keys = False  # type: ignore[attr-defined]  # documents keep the order they are written in
    _add_control_routes(app, mock)
    _add_error_pages(app)
    return app


class _Front:
    """Answers the vendors' operations; what is under the control prefix goes on to Flask."""

    def __init__(self, mock: Mock, control: WSGIApplication) -> None:
        self._mock = mock
        self._control = control

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "")
        if path == control.PREFIX or path.startswith(control.PREFIX + "/"):
            return self._control(environ, start_response)
        response = self._mock.handle(request_from(environ))
        plan = response.delivery
        if plan and (needs_socket(plan.fault) or plan.fault == "HANG"):
            response = _substitute(response, plan)
        start_response(_status_line(response.status), list(response.headers))
        body = b"" if environ["REQUEST_METHOD"] == "HEAD" else response.body
        return _with_pauses(delivery_actions(b"", body, plan)) if plan and response.delivery else [body] if body else []


def needs_socket(fault: str | None) -> bool:
    """Whether a kind of fault breaks connections, which WSGI can't do."""
    kind = KINDS.get(fault or "")
    return kind is not None and kind.socket


def _substitute(response: model.Response, plan: Delivery) -> model.Response:
    """An error page instead of what WSGI can't do, such as closing the connection. It waits first, as the fault says."""
    Event().wait(plan.delay + ((plan.seconds or _HANG_SECONDS) if plan.fault == "HANG" else 0))
    error_page = page(504 if plan.fault == "HANG" else 502)
    body = error_page.raw or b""
    note = f"fault {plan.fault}: {_NEEDS_SOCKET}"
    headers = (("Content-Type", error_page.content_type), ("Content-Length", str(len(body))), ("X-Mock-Problem", note))
    return model.Response(error_page.status, headers, body, fault=response.fault)


def _with_pauses(actions: Iterable[Action]) -> Iterator[bytes]:
    """The body's parts, each after the pauses in front of it."""
    for action in actions:
        if isinstance(action, Wait):
            Event().wait(action.seconds)
        elif isinstance(action, bytes):
            yield action


def _refuse_socket_faults(app: Flask, mock: Mock) -> None:
    for entry in mock.namespace().faults.entries:
        if needs_socket(entry.fault.fault):
            raise InputError(f"{entry.place}: {entry.fault.fault}: {_NEEDS_SOCKET}")

    @app.before_request
    def refuse() -> None:
        if (request.method, request.path) == ("POST", control.PREFIX + "/faults"):
            body = request.get_json(force=True, silent=True)
            fault = body.get("fault") if isinstance(body, dict) else None
            name = fault.get("type") if isinstance(fault, dict) else fault
            if isinstance(name, str) and needs_socket(name):
                raise ControlError("Invalid input", f"{name}: {_NEEDS_SOCKET}")


def request_from(environ: Mapping[str, Any]) -> Request:
    """The request of a WSGI environment."""
    headers = {key[5:].replace("_", "-").lower(): value for key, value in environ.items() if key.startswith("HTTP_")}
    for key in ("CONTENT_TYPE", "CONTENT_LENGTH"):
        if environ.get(key):
            headers[key.replace("_", "-").lower()] = environ[key]
    body, size = _body_and_size(environ)
    path = environ.get("PATH_INFO", "").encode("latin-1").decode("utf-8", "surrogateescape")
    return Request(environ["REQUEST_METHOD"], path, environ.get("QUERY_STRING", ""), headers, body, size)


def _body_and_size(environ: Mapping[str, Any]) -> tuple[bytes, int]:
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
    return f"{status} {phrase(status)}"


def _add_control_routes(app: Flask, mock: Mock) -> None:
    for (method, path), handler in control.ROUTES.items():
        rule, name = control.PREFIX + path, f"{method} {path}"
        app.add_url_rule(rule, name, _view(mock, handler), methods=[method], provide_automatic_options=False)


def _view(mock: Mock, handler: control.Handler) -> Callable[..., Response]:
    def view(**path: Any) -> Response:
        headers = {name.lower(): value for name, value in request.headers.items()}
        result = control.answer(mock, handler, path, request.args.to_dict(), headers, request.get_data(cache=False))
        return _to_flask(result)

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
        paths = ", ".join(sorted({re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule) for rule in app.url_map.iter_rules()}))
        return misuse(ControlError("Not found", f"{request.path} is not part of the control API; known: {paths}", 404))

    @app.errorhandler(405)
    def wrong_method(error: Any) -> Response:
        allowed = ", ".join(sorted(error.valid_methods or ()))
        response = misuse(ControlError("Method not allowed", f"{request.method} {request.path}; allowed: {allowed}", 405))
        response.headers["Allow"] = allowed
        return response

    @app.errorhandler(500)
    def failed(_error: Exception) -> Response:
        return misuse(ControlError("Internal error", "the mock failed: a bug, see its log and please report it", 500))
