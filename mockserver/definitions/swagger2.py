"""Swagger 2.0, brought to OpenAPI 3.1. No kept-up library for Python does that (the usual converter is a web service)."""

from __future__ import annotations

from typing import Any

_SECTIONS = {"definitions": "schemas", "parameters": "parameters", "responses": "responses"}
_PLACES = {"definitions": ("components", "schemas"), "parameters": ("components", "parameters"),
           "responses": ("components", "responses"), "securityDefinitions": ("components", "securitySchemes")}  # fmt: skip
_STYLES = {"csv": (None, False), "ssv": ("spaceDelimited", False), "tsv": ("spaceDelimited", False),
           "pipes": ("pipeDelimited", False), "multi": ("form", True)}  # fmt: skip
_NOT_SCHEMA = ("name", "in", "description", "required", "schema", "collectionFormat", "allowEmptyValue", "content",
               "style", "explode", "example", "examples", "deprecated", "$ref", "allowReserved")  # fmt: skip
_FLOWS = {
    "implicit": "implicit",
    "password": "password",
    "application": "clientCredentials",
    "accessCode": "authorizationCode",
}
JSON = "application/json"


def moved(pointer: str) -> str:
    """Where a pointer into a Swagger document leads in the converted one."""
    first, *rest = pointer.split("/")[1:] or [""]
    return "/" + "/".join((*_PLACES[first], *rest)) if first in _PLACES else pointer


def convert(document: dict[str, Any]) -> None:
    """Rewrites the outer parts of a document in place; parameters and responses are rewritten where they are met."""
    document.pop("swagger", None)
    document["openapi"] = "3.1.0"
    components = {
        name: value for section, name in _SECTIONS.items() if isinstance(value := document.pop(section, None), dict)
    }
    schemes = document.pop("securityDefinitions", None)
    if isinstance(schemes, dict):
        components["securitySchemes"] = {name: _scheme(value) for name, value in schemes.items() if isinstance(value, dict)}
    document["components"] = components
    base, host = document.pop("basePath", ""), document.pop("host", None)
    schemes = document.pop("schemes", None) or ["https"]
    if isinstance(base, str) and base.strip("/"):
        document["servers"] = [{"url": f"{schemes[0]}://{host}{base}" if host else base}]
    for verb in ("consumes", "produces"):
        types = document.pop(verb, None)
        for item in document.get("paths", {}).values() if isinstance(document.get("paths"), dict) and types else ():
            for operation in item.values() if isinstance(item, dict) else ():
                if isinstance(operation, dict):
                    operation.setdefault(verb, types)


def _scheme(scheme: dict[str, Any]) -> dict[str, Any]:
    if scheme.get("type") == "basic":
        return {"type": "http", "scheme": "basic"}
    if scheme.get("type") == "oauth2":
        flow = {key: scheme[key] for key in ("authorizationUrl", "tokenUrl") if key in scheme}
        return {
            "type": "oauth2",
            "flows": {_FLOWS.get(scheme.get("flow", ""), "implicit"): {**flow, "scopes": scheme.get("scopes") or {}}},
        }
    return scheme


def is_old_parameter(node: dict[str, Any]) -> bool:
    """Whether a parameter (or a header) has its type beside its name, as in Swagger 2.0."""
    return (
        "schema" not in node
        and "content" not in node
        and "$ref" not in node
        and ("type" in node or "collectionFormat" in node)
    )


def parameter(node: dict[str, Any]) -> None:
    """A parameter or a header with its schema in a member of its own, in place."""
    schema = {key: node.pop(key) for key in list(node) if key not in _NOT_SCHEMA and not key.startswith("x-")}
    style, explode = _STYLES.get(node.pop("collectionFormat", "csv"), (None, False))
    if schema.get("type") == "array":
        node.update({"explode": explode} if style is None else {"style": style, "explode": explode})
    node["schema"] = schema


def response(node: dict[str, Any], produces: Any) -> None:
    """A response with its schema and its examples under their media types, in place."""
    schema, examples = node.pop("schema", None), node.pop("examples", None)
    types = [name for name in produces if isinstance(name, str)] if isinstance(produces, list) else []
    content: dict[str, Any] = {name: {"schema": schema} for name in types or [JSON]} if schema is not None else {}
    for name, value in examples.items() if isinstance(examples, dict) else ():
        content.setdefault(name, {"schema": schema if schema is not None else {}})["example"] = value
    if content:
        node["content"] = content


def request_body(parameters: list[dict[str, Any]], consumes: Any) -> dict[str, Any]:
    """The request body that parameters in `body` or `formData` make."""
    types = [name for name in consumes if isinstance(name, str)] if isinstance(consumes, list) else []
    body = next((node for node in parameters if node.get("in") == "body"), None)
    if body is not None:
        content = {name: {"schema": body.get("schema", {})} for name in types or [JSON]}
        return {"required": body.get("required", False), "content": content}
    properties, required = {}, []
    for node in parameters:
        plain = {key: value for key, value in node.items() if key not in _NOT_SCHEMA}
        properties[str(node.get("name"))] = {**node["schema"]} if isinstance(node.get("schema"), dict) else plain
        required += [str(node.get("name"))] if node.get("required") else []
    schema = {"type": "object", "properties": properties, **({"required": required} if required else {})}
    has_file = any(node.get("type") == "file" for node in parameters)
    forms = [name for name in types if "form" in name] or [
        "multipart/form-data" if has_file else "application/x-www-form-urlencoded"
    ]
    return {"required": bool(required), "content": {name: {"schema": schema} for name in forms}}
