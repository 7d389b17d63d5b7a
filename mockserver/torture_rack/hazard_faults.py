"""The faults that hazards are made of, in the words of each service."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from ..definitions.pointer import parts_of
from ..exchanges.json_path import value_at
from ..faults.patch import apply_patch, read_patch
from .service_profiles import Patch, ServiceProfile

Faults = Callable[[ServiceProfile], list[dict[str, Any]]]
LOGIN = "login-page"
ONCE = {"times": 1, "after": 2}
"""The third answer alone."""
_PLACEHOLDER = "the row goes here"


def fault(**fields: Any) -> Faults:
    """The same fault for every service."""
    return lambda _profile: [fields]


def patch(make: Callable[[ServiceProfile], Patch], **fields: Any) -> Faults:
    """A patch of the answers."""
    return lambda profile: [{"patch": make(profile), **fields}]


def replaced(path: str, value: Any) -> Patch:
    """A patch that puts a value in the place of another."""
    return [{"op": "replace", "path": path, "value": value}]


def without_status(profile: ServiceProfile) -> Patch:
    """A patch that takes the status away."""
    return [{"op": "remove", "path": path} for path in dict.fromkeys((profile.status, profile.codes)) if path]


def null_status(profile: ServiceProfile) -> Patch:
    """A patch that makes the status null."""
    return profile.says(None) + (replaced(profile.codes, None) if profile.codes else [])


def success_once(profile: ServiceProfile) -> list[dict[str, Any]]:
    """One answer says that the job has succeeded."""
    return [{"patch": profile.says_state(profile.succeeded), **ONCE}]


def internal_error(profile: ServiceProfile) -> list[dict[str, Any]]:
    """One internal error, in the vendor's own form."""
    return [{"error": profile.broken, **ONCE} if profile.broken else {"status": 500, **ONCE}]


def another_type(profile: ServiceProfile) -> list[dict[str, Any]]:
    """A status of another type: a number for a text, or a text for a number."""
    if profile.codes:
        steps = [{"op": "test", "path": profile.status, "value": profile.shown(profile.succeeded)}]
        return [{"patch": steps + replaced(profile.codes, str(profile.code_of(profile.succeeded)))}]
    return [{"patch": profile.says(3), "window": ("2m", None)}]


def another_job(profile: ServiceProfile) -> list[dict[str, Any]]:
    """One answer about another job, which has succeeded."""
    other = 424_242 if isinstance(value_at(profile.example, profile.name), int) else "another-job"
    steps = replaced(profile.name, other) + profile.says_state(profile.succeeded)
    return [{"patch": steps, **ONCE}]


def skewed(profile: ServiceProfile) -> list[dict[str, Any]]:
    """All times are of the year 2000."""
    steps = [{"op": "add", "path": path, "value": value} for path, value in profile.stamps.items()]
    return [{"patch": steps, "headers": {"Date": "Sat, 01 Jan 2000 00:00:00 GMT"}, "window": ("2m", None)}]


def last_run_s_end(profile: ServiceProfile) -> list[dict[str, Any]]:
    """At first the answers are about a run of years ago, which succeeded."""
    steps = profile.says_state(profile.succeeded)
    steps += [{"op": "add", "path": path, "value": value} for path, value in profile.stamps.items()]
    return [{"patch": steps, "window": (None, "20s")}]


def second_row(profile: ServiceProfile) -> list[dict[str, Any]]:
    """Beside the job's own row stands the documented one, which runs."""
    row = {**value_at(profile.example, f"{profile.rows}/0"), parts_of(profile.status)[-1]: profile.shown(profile.running)}
    return [{"patch": [{"op": "add", "path": f"{profile.rows}/-", "value": row}], "window": ("2m", "5m")}]


def doubled_member(profile: ServiceProfile) -> list[dict[str, Any]]:
    """The status stands there twice in one object; readers that take the first one see the end."""
    first, last = profile.succeeded, profile.running
    texts = {profile.status: (profile.shown(first), profile.shown(last))}
    if profile.codes:
        texts[profile.codes] = (profile.code_of(first), profile.code_of(last))
    members = [
        f"{json.dumps(parts_of(place)[-1])}:{json.dumps(value)}" for place, values in texts.items() for value in values
    ]
    return [{"body": _with_row(profile, f"{{{','.join(members)}}}"), "content_type": "application/json", **ONCE}]


def _with_row(profile: ServiceProfile, row: str) -> str:
    """The documented answer with this one row, as text: JSON can't be made with a member twice."""
    place = replaced(profile.rows, _PLACEHOLDER if profile.single else [_PLACEHOLDER])
    text = json.dumps(apply_patch(profile.example, read_patch(place)), ensure_ascii=False)
    plain, embedded = json.dumps(_PLACEHOLDER), json.dumps(json.dumps(_PLACEHOLDER))[1:-1]
    return text.replace(embedded, json.dumps(row)[1:-1]).replace(plain, row)


def login_page(profile: ServiceProfile) -> list[dict[str, Any]]:
    """One answer redirects to a login page."""
    operation = profile.operation
    path = operation.path
    for name in operation.path_names:
        path = path.replace(f"{{{name}}}", LOGIN)
    required = [item.name for item in operation.parameters if item.location == "query" and item.required]
    query = "&".join(f"{name}={LOGIN}" for name in required)
    match = next(iter(operation.path_names), None) or next(name for name in profile.job.identity if name in required)
    page = "<html><head><title>Sign in</title></head><body><form>user, password</form></body></html>"
    return [
        {"body": page, "content_type": "text/html", match: LOGIN},
        {"status": 302, "body": "", "headers": {"Location": f"{path}?{query}" if query else path}, **ONCE},
    ]


def other_case(text: str) -> str:
    """Succeeded for SUCCEEDED, SUCCESS for success."""
    return text.capitalize() if text.isupper() else text.upper()
