"""One spelling for what OpenAPI 2.0, 3.0 and 3.1 spell in several ways, so that only what means something else differs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..definitions.schema_forms import MAPS

_BY_NAME = frozenset(
    (*MAPS, "schemas", "responses", "parameters", "headers", "requestBodies", "content", "examples", "paths")
)
_DATA = frozenset(("value", "default", "const", "enum", "example"))
_DEFAULT_STYLES = {"query": "form", "cookie": "form", "path": "simple", "header": "simple"}
_NOTHING = {"minLength": 0, "minItems": 0, "minProperties": 0, "uniqueItems": False}
_BYTES = {"type": "string", "format": "binary"}
_NOTES = {"title", "description"}
_KINDS = {bool: "boolean", int: "integer", float: "number", str: "string", type(None): "null"}


def in_one_spelling(documents: Mapping[str, Any]) -> Mapping[str, Any]:
    """The same documents, rewritten in place."""
    for document in documents.values():
        waiting: list[tuple[Any, bool]] = [(document, False)]
        while waiting:
            node, by_name = waiting.pop()
            if isinstance(node, dict):
                if not by_name:
                    _rewrite(node)
                waiting += [
                    (child, key in _BY_NAME and not by_name)
                    for key, child in node.items()
                    if by_name or (key not in _DATA and not (key.startswith("x-") and key != "x-job"))
                ]
            elif isinstance(node, list):
                waiting += [(child, False) for child in node]
    return documents


def _rewrite(node: dict[str, Any]) -> None:
    if "in" in node and "name" in node:
        _parameter(node)
    elif isinstance(node.get("content"), dict):
        _media_types(node)
    elif "schema" not in node:
        _schema(node)


def _parameter(node: dict[str, Any]) -> None:
    """How a parameter is written, where that is as it would be without saying."""
    style = node.get("style", _DEFAULT_STYLES.get(str(node["in"])))
    if node.get("explode") is (style == "form"):
        del node["explode"]
    if style == _DEFAULT_STYLES.get(str(node["in"])):
        node.pop("style", None)


def _media_types(node: dict[str, Any]) -> None:
    """Media types in lower case, UTF-8 unsaid; bytes that are no JSON without a schema."""
    content: dict[str, Any] = {}
    for name, media in node["content"].items():
        kind, _, rest = str(name).partition(";")
        bare = kind.strip().lower() if rest.strip().lower() in ("", "charset=utf-8", "charset=utf8") else str(name)
        content.setdefault(bare, media)
        if "json" not in bare and isinstance(media, dict) and media.get("schema") in ({}, _BYTES):
            del media["schema"]
    node["content"] = content


def _schema(node: dict[str, Any]) -> None:
    for keyword, value in _NOTHING.items():
        if keyword in node and node[keyword] == value and isinstance(node[keyword], type(value)):
            del node[keyword]
    if node.get("type") == "integer":
        _whole_bounds(node)
    if node.get("contentEncoding") == "base64" and "format" not in node:
        node["format"] = "byte"
        del node["contentEncoding"]
    if "example" in node and "type" in node and "examples" not in node:
        node["examples"] = [node.pop("example")]
    for keyword in ("oneOf", "anyOf"):
        _alternatives(node, keyword)


def _whole_bounds(node: dict[str, Any]) -> None:
    """More than 1 is at least 2, of whole numbers."""
    for keyword, bare, step, tightest in (
        ("exclusiveMinimum", "minimum", 1, max),
        ("exclusiveMaximum", "maximum", -1, min),
    ):
        bound = node.get(keyword)
        if type(bound) is int:
            node[bare] = tightest(bound + step, node.get(bare, bound + step))
            del node[keyword]


def _alternatives(node: dict[str, Any], keyword: str) -> None:
    """Alternatives that are constants, or types alone, as `enum` and `type`."""
    alternatives = node.get(keyword)
    if not isinstance(alternatives, list) or not alternatives or not all(isinstance(item, dict) for item in alternatives):
        return
    schemas = [{key: value for key, value in item.items() if key not in _NOTES} for item in alternatives]
    if all(schema.keys() in ({"const"}, {"const", "type"}) for schema in schemas) and "enum" not in node:
        node["enum"] = [schema["const"] for schema in schemas]
        kinds = list(dict.fromkeys(_KINDS.get(type(value), "") for value in node["enum"]))
        if "type" not in node and "" not in kinds:
            node["type"] = kinds[0] if len(kinds) == 1 else kinds
        del node[keyword]
    elif all(schema.keys() == {"type"} and isinstance(schema["type"], str) for schema in schemas) and "type" not in node:
        node["type"] = [schema["type"] for schema in schemas]
        del node[keyword]
