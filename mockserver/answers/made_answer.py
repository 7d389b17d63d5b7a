"""The answer that a document describes for a status: its example, or one made from its schema, in its media type."""

from __future__ import annotations

import json
from collections.abc import Mapping
from html import escape
from typing import Any

from ..definitions import Operation
from ..definitions.by_status import sent_as
from ..definitions.compile import json_media
from ..definitions.drawing import Drawing
from ..definitions.model import Errors
from ..definitions.node import Node, node_at
from ..generate import Fake, garbage
from ..model import Answer
from .sample import sample

_NO_BODY = (204, 205, 304)


def success_of(operation: Operation | Drawing) -> str:
    """The documented status of the answer to a valid request, as the document writes it."""
    statuses = operation.source.members("responses")
    for first in ("2", "default", "3", "1", "4", "5"):
        matches = sorted(status for status in statuses if status.startswith(first))
        if matches:
            return matches[0]
    return "200"


def key_of(operation: Operation, status: int) -> str | None:
    """How the document writes an HTTP status: itself, `4XX`, `default`; None where it has neither."""
    statuses = operation.source.members("responses")
    return next((key for key in (str(status), f"{str(status)[0]}XX", "default") if key in statuses), None)


def requested_values(operation: Operation | Drawing, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """The request's values that an answer repeats in members of the same name.

    The last parameter of the path counts as the resource's own `id` (or `name`).
    """
    values = {
        name: value for name, value in parameters.items() if isinstance(value, str | int) and not isinstance(value, bool)
    }
    if operation.path_names and operation.path.endswith("}"):
        last = operation.path_names[-1]
        if last in values:
            letters = last.lower().replace("_", "").replace("-", "")
            for name in ("name",) if letters.endswith("name") else ("id",) if letters.endswith("id") else ("id", "name"):
                values.setdefault(name, values[last])
    return values


def made_answer(operation: Operation, key: str, fake: Fake, requested: Mapping[str, Any], accept: str = "") -> Answer:
    """The answer.

    Args:
        operation: Whose answer.
        key: The status as the document writes it.
        fake: Where made-up facts come from.
        requested: Values of the request, which members of the same name repeat.
        accept: The request's Accept header.
    """
    responses = operation.source.members("responses")
    status = sent_as(key, responses)
    response = responses.get(key)
    headers = documented_headers(response, fake) if response else ()
    content = response.members("content") if response else {}
    if response is None or not content or status in _NO_BODY:
        return Answer(status, None, headers, content_type="", raw=b"")
    media = _media(content, accept)
    if media == json_media(content):
        body = json_body(operation.responses[status], response / "content" / media, fake, requested)
        return Answer(status, body, headers, content_type=plain_media(media))
    return Answer(
        status, None, headers, content_type=plain_media(media), raw=_other_body(response / "content" / media, media, fake)
    )


def json_body(errors: Errors, media: Node, fake: Fake, requested: Mapping[str, Any], examples: bool = True) -> Any:
    """A JSON body: the first example that its schema allows (`examples`), or else one made from the schema."""
    for place in media.members("examples").values() if examples else ():
        if "value" in place.value and next(iter(errors(place.value["value"])), None) is None:
            value = place.value["value"]
            echoed = _echoed(value, requested)
            return echoed if next(iter(errors(echoed)), None) is None else value
    if "schema" not in media.value:
        return {}
    schema = node_at(media.documents, media.name, (*media.parts, "schema"))
    return sample(schema, errors, fake, requested)


def _echoed(value: Any, requested: Mapping[str, Any], depth: int = 0) -> Any:
    if not isinstance(value, dict) or depth > 1:
        return value
    return {
        key: type(child)(requested[key])
        if key in requested and isinstance(child, str)
        else _echoed(child, requested, depth + 1)
        for key, child in value.items()
    }


def _media(content: Mapping[str, Any], accept: str) -> str:
    accepted = [part.partition(";")[0].strip().lower() for part in accept.split(",")]
    for name in content:
        if plain_media(name) in accepted:
            return name
    return json_media(content) or next(iter(content))


def plain_media(media: str) -> str:
    """A media type that the document writes, as an answer has it: without parameters, a wildcard as its plainest type."""
    plain = media.partition(";")[0].strip().lower()
    return "application/json" if plain == "*/*" else "application/octet-stream" if "*" in plain else plain


def documented_headers(response: Node, fake: Fake) -> tuple[tuple[str, str], ...]:
    """The documented headers that must be there, or whose value their schema or example names."""
    headers = []
    for name, header in response.members("headers").items():
        node = header.value
        schema = node.get("schema")
        if name.lower() in ("content-type", "content-length", "location", "operation-location", "azure-asyncoperation"):
            continue
        value = node.get("example", schema.get("example", schema.get("default")) if isinstance(schema, dict) else None)
        if value is None and node.get("required") is True:
            place = node_at(header.documents, header.name, (*header.parts, "schema"))
            value = sample(place, lambda _value: iter(()), fake.of("header", name)) if isinstance(schema, dict) else "1"
        if isinstance(value, str | int | float) and "\n" not in str(value):
            headers.append((name, str(value).lower() if isinstance(value, bool) else str(value)))
    return tuple(headers)


def _other_body(media: Node, name: str, fake: Fake) -> bytes:
    """A body that isn't JSON: the example, a text, XML with the members that its schema has, or bytes."""
    for place in media.members("examples").values():
        if isinstance(place.value.get("value"), str):
            return str(place.value["value"]).encode()
    schema = node_at(media.documents, media.name, (*media.parts, "schema")) if "schema" in media.value else None
    value = sample(schema, lambda _value: iter(()), fake) if schema else fake.sentence()
    if "xml" in name:
        component = schema.resolved().parts[-1] if schema else ""
        root = component if component.isidentifier() else "answer"
        return f'<?xml version="1.0" encoding="UTF-8"?>\n{_xml(root, value)}'.encode()
    if name.startswith("text/") or "yaml" in name or "form" in name or "javascript" in name:
        return (value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)).encode()
    return garbage(256, name, fake.word())


def _xml(name: str, value: Any) -> str:
    tag = name if name.replace("-", "").replace(".", "").isidentifier() else "item"
    if isinstance(value, list):
        return "".join(_xml(tag, item) for item in value)
    if isinstance(value, dict):
        return f"<{tag}>{''.join(_xml(key, child) for key, child in value.items())}</{tag}>"
    text = "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)
    return f"<{tag}>{escape(text, quote=False)}</{tag}>"
