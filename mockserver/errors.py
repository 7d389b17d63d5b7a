"""What can go wrong with a request (`RequestProblem`) or with a user's input (`InputError`); how messages show values."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

PROBLEMS: Mapping[str, str] = {
    "no-route": "No operation has this path.",
    "wrong-method": "The path exists, but not with this method.",
    "request-malformed": "The request can't be read: not UTF-8, or a percent sign that encodes nothing.",
    "uri-too-long": "Path and query are longer than 32 KB.",
    "header-too-large": "The headers are larger than 32 KB.",
    "body-too-large": "The body is larger than 12 MB.",
    "body-media-type": "The operation takes no body of this media type.",
    "throttled": "Too many requests.",
    "credential-missing": "Neither a token nor a signature was sent.",
    "credential-malformed": "A credential was sent, but not in its documented form.",
    "token-invalid": "The token was not issued here, or was changed.",
    "token-expired": "The token has expired.",
    "access-key-unknown": "The access key (or app key) is not one of the configured ones.",
    "signature-mismatch": "The signature is not that of this request.",
    "signature-expired": "The signature's time is too far from the server's clock.",
    "credentials-wrong": "The user name or the password is wrong.",
    "project-unknown": "The project is not one of the configured ones.",
    "user-unknown": "The user does not belong to the organisation.",
    "parameter-missing": "A required parameter is missing.",
    "parameter-invalid": "A parameter's value is not allowed.",
    "parameter-unknown": "A query parameter that the operation doesn't have, or one sent twice.",
    "body-missing": "The operation needs a body, and there is none.",
    "body-invalid": "The body is not JSON, or not as documented.",
    "unknown-id": "No job has this id.",
    "job-exists": "A job with this name exists already.",
    "job-running": "The job runs already.",
    "job-not-running": "The job is not running.",
    "internal-error": "The mock itself failed: a bug, please report it.",
}
"""Every kind of problem that a request can have. Definitions say which error answers it (`x-error`, `when`)."""


class RequestProblem(Exception):
    """A request that can't be served; rendered once, in the vendor's own form, by `steps/render.py`.

    Parameters: `kind`, a key of `PROBLEMS`; `detail`, one line for the developer (header `X-Mock-Problem`), which must not
    hold a secret; `facts`, what the vendor's message has placeholders for.
    """

    def __init__(self, kind: str, detail: str, **facts: str) -> None:
        assert kind in PROBLEMS, kind
        super().__init__(detail)
        self.kind = kind
        self.detail = detail
        self.facts = facts

    def again(self) -> RequestProblem:
        """The same problem, to be raised once more: an exception that is raised twice keeps both its tracebacks."""
        return RequestProblem(self.kind, self.detail, **self.facts)


class ControlError(Exception):
    """A request to the mock itself (a `Prefer` header, the control API) that makes no sense; answered by RFC 9457.

    Parameters: `title`, what is wrong in general; `detail`, what was sent and what is allowed; `status`, the HTTP status.
    """

    def __init__(self, title: str, detail: str, status: int = 400) -> None:
        super().__init__(detail)
        self.title = title
        self.detail = detail
        self.status = status

    def again(self) -> ControlError:
        """The same, to be raised once more."""
        return ControlError(self.title, self.detail, self.status)


class InputError(Exception):
    """A file or setting of the user's that is wrong: where, what was found, what is allowed. The CLI exits with 2.

    A value of thousands of characters is cut: the message stays one that people read.
    """

    def __init__(self, message: str) -> None:
        super().__init__(shortened(_LONG.sub(_cut, message), _LONGEST))


def _cut(word: re.Match[str]) -> str:
    """The word without its middle: the quotes around a value stay."""
    return f"{word[0][:155]}...{word[0][-2:]}"


_LONG = re.compile(r"\S{400,}")
_LONGEST = 8_000


class DefinitionError(InputError):
    """A mistake in a definition document.

    Parameters: `source`, the file; `pointer`, a JSON pointer into it; `found` and `allowed`, in words.
    """

    def __init__(self, source: str, pointer: str, actual: str, allowed: str) -> None:
        super().__init__(f"{source}#{pointer}: found {actual}; allowed: {allowed}")
        self.source = source
        self.pointer = pointer
        self.found = actual
        self.allowed = allowed


def excerpt(value: Any, limit: int = 160) -> str:
    """A value as JSON, of at most so many characters."""
    return shortened(json.dumps(value, ensure_ascii=False, default=str), limit)


def shortened(text: str, limit: int = 160) -> str:
    """Text of at most so many characters."""
    return text if len(text) <= limit else f"{text[: limit - 3]}..."


def did_you_mean(name: object, allowed: Iterable[str]) -> str:
    """The nearest known name, as the end of a sentence: `; did you mean 'x'?`; nothing where none is near."""
    near = difflib.get_close_matches(str(name)[:64], list(allowed), 1)
    return f"; did you mean {near[0]!r}?" if near else ""


def nearest_or_allowed(name: object, allowed: Iterable[str]) -> str:
    """The nearest known name, as `did_you_mean` says it; where none is near, all of them: `; allowed: a, b`."""
    names = list(allowed)
    return did_you_mean(name, names) or f"; allowed: {', '.join(names) or 'none'}"
