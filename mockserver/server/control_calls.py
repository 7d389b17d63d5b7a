"""The control API for raw requests: Flask answers them."""

from __future__ import annotations

import threading
from email.utils import format_datetime
from typing import TYPE_CHECKING

from ..jobs.clock import utc
from ..mock import Mock
from ..model import RawRequest, Response, split_target
from ..settings import CONTROL_PREFIX
from .handler import problem

if TYPE_CHECKING:
    from flask import Flask

_FRAMING = (b"content-length", b"transfer-encoding", b"connection")


def is_control_call(target: bytes) -> bool:
    """True if a target is under the control API's prefix."""
    if target[:1] == b"/" and target[1:2] not in (b"_", b"%"):  # nearly all targets are a vendor's
        return False
    path, _ = split_target(target)
    return path == CONTROL_PREFIX or path.startswith(CONTROL_PREFIX + "/")


class ControlCalls:
    """Answers calls of the control API. Flask is imported at the first call, because that takes 100 ms."""

    def __init__(self, mock: Mock) -> None:
        self._mock = mock
        self._app: Flask | None = None
        self._lock = threading.Lock()

    def answer(self, request: RawRequest) -> Response:
        """The answer to a call. It takes milliseconds, so don't call it on the loop."""
        if request.body_size > len(request.body):
            return problem(413, "Body too large", f"the body has {request.body_size} bytes; allowed: 12 MiB")
        app = self._flask_app()
        from werkzeug.test import EnvironBuilder, run_wsgi_app

        headers = [
            (name.decode("latin-1"), value.decode("latin-1"))
            for name, value in request.headers
            if name.lower() not in _FRAMING
        ]
        builder = EnvironBuilder(request.target.decode("ascii"), method=request.method, headers=headers, data=request.body)
        body_parts, status, response_headers = run_wsgi_app(app, builder.get_environ(), buffered=True)
        body = b"".join(body_parts)
        date = format_datetime(utc(self._mock.clock.now()), usegmt=True)
        return Response(int(status[:3]), (*response_headers.items(), ("Date", date)), body)

    def _flask_app(self) -> Flask:
        with self._lock:
            if self._app is None:
                from ..app import control_app

                self._app = control_app(self._mock)
            return self._app
