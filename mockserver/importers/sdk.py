"""An OpenAPI document from an installed huaweicloudsdk* package: its own paths, parameters and models, no network."""

from __future__ import annotations

import importlib
import importlib.metadata
import inspect
import pkgutil
import re
from collections.abc import Iterator, Mapping
from typing import Any

from ..errors import InputError

_PLAIN: Mapping[str, dict[str, Any]] = {
    "str": {"type": "string"},
    "int": {"type": "integer"},
    "float": {"type": "number"},
    "Decimal": {"type": "number"},
    "bool": {"type": "boolean"},
    "object": {},
    "date": {"type": "string", "format": "date"},
    "datetime": {"type": "string", "format": "date-time"},
    "file": {"type": "string", "format": "binary"},
}
_INFO = re.compile(r"_(\w+)_http_info")
_REQUEST = re.compile(r":type request: :class:`[\w.]*\.(\w+)`")
_PARAM = re.compile(r":param (\w+): (.*)")

Document = dict[str, Any]


def document_of(package: str) -> Document:
    """The document of all operations that a package's clients have.

    Raises InputError for a package that isn't installed, or has no client of Huawei Cloud's kind.
    """
    try:
        module = importlib.import_module(package)
        version = importlib.metadata.version(package)
    except (ImportError, ValueError) as error:
        raise InputError(
            f"can't import {package} ({error}); allowed: an installed package, such as huaweicloudsdkrds"
        ) from None
    document: Document = {
        "openapi": "3.1.0",
        "info": {"title": package.removeprefix("huaweicloudsdk"), "version": version},
        "x-sources": {"sdk": {"title": f"{package} {version}: clients and models"}},
        "x-provenance": {"kind": "vendor-sdk", "source": "sdk"},
        "paths": {},
        "components": {"schemas": {}},
    }
    versions = [
        name for _, name, is_package in pkgutil.iter_modules(module.__path__) if is_package and re.fullmatch(r"v\w+", name)
    ]
    for name in sorted(versions):
        _Version(document, package, name, len(versions) > 1).add()
    if not document["paths"]:
        raise InputError(f"{package} has no client with operations; allowed: a huaweicloudsdk* package of a service")
    return document


class _Version:
    """One version of an API in a package, added to the document."""

    def __init__(self, document: Document, package: str, version: str, prefixed: bool) -> None:
        self._document = document
        self._models = importlib.import_module(f"{package}.{version}")
        self._prefix = f"{version}." if prefixed else ""
        self._package = f"{package}.{version}"

    def add(self) -> None:
        for client in self._clients():
            for name, member in inspect.getmembers(client):
                match = _INFO.fullmatch(name)
                if match and not match[1].startswith("_"):
                    self._add_operation(client, match[1], member)

    def _clients(self) -> Iterator[type]:
        for _, name, _ in pkgutil.iter_modules(self._models.__path__):
            if name.endswith("_client") and not name.endswith("_async_client"):
                module = importlib.import_module(f"{self._package}.{name}")
                yield from (
                    value
                    for value in vars(module).values()
                    if inspect.isclass(value) and value.__module__ == module.__name__ and value.__name__.endswith("Client")
                )

    def _add_operation(self, client: type, method: str, info_of: Any) -> None:
        call = getattr(client, method, None)
        text = inspect.getdoc(call) or ""
        match = _REQUEST.search(text)
        request = getattr(self._models, match[1], None) if match else None
        if request is None:
            return
        marks = {name: f"\0{name}" for name in request.attribute_map}
        info = info_of(type(request.__name__, (), {"attribute_map": request.attribute_map, **marks})())
        item = self._document["paths"].setdefault(_path(info["resource_path"]), {})
        verb = info["method"].lower()
        node = self._node(request, info, text)
        if verb in item:
            _widen(item[verb], node)
        else:
            item[verb] = node

    def _node(self, request: Any, info: Mapping[str, Any], text: str) -> Document:
        texts = _descriptions(request)
        node: Document = {
            "operationId": self._prefix + request.__name__.removesuffix("Request"),
            "summary": text.split("\n", 1)[0],
            "parameters": list(self._parameter_documents(request, info, texts)),
            "responses": {"200": self._response_document(info)},
        }
        if info["body"] is not None:
            node["requestBody"] = {"content": {"application/json": {"schema": self._schema(request.openapi_types["body"])}}}
        elif info["post_params"]:
            names = dict(info["post_params"])
            properties = {name: self._schema(request.openapi_types[str(mark)[1:]]) for name, mark in names.items()}
            node["requestBody"] = {
                "content": {"multipart/form-data": {"schema": {"type": "object", "properties": properties}}}
            }
        return node

    def _parameter_documents(self, request: Any, info: Mapping[str, Any], texts: Mapping[str, str]) -> Iterator[Document]:
        path_parameters = dict(info["path_params"])
        for name in re.findall(r"{([^{}/]+)}", info["resource_path"]):
            attribute = str(path_parameters.get(name, ""))[1:]
            kind = request.openapi_types.get(attribute, "str")
            yield self._parameter_document(name, "path", kind, texts.get(attribute, ""), required=True)
        for location, pairs in (("query", info["query_params"]), ("header", info["header_params"].items())):
            for name, mark in pairs:
                attribute = str(mark)[1:]
                if attribute in request.openapi_types:
                    yield self._parameter_document(
                        name, location, request.openapi_types[attribute], texts.get(attribute, "")
                    )

    def _parameter_document(self, name: str, location: str, kind: str, text: str, required: bool = False) -> Document:
        schema = self._schema(kind)
        parameter_schema = {"type": "string"} if "$ref" in schema else schema
        return {
            "name": name,
            "in": location,
            "required": required,
            "schema": parameter_schema,
            **({"description": text} if text else {}),
        }

    def _response_document(self, info: Mapping[str, Any]) -> Document:
        response: Document = {"description": "OK"}
        model = getattr(self._models, info["response_type"], None) if isinstance(info["response_type"], str) else None
        if model is None:
            return response
        headers = set(info.get("response_headers", ()))
        members = {name: kind for name, kind in model.openapi_types.items() if model.attribute_map[name] not in headers}
        if list(members) == ["body"]:
            schema = self._schema(members["body"])
        elif members:
            schema = self._model(model, members)
        else:
            return response
        media = "application/octet-stream" if schema.get("format") == "binary" else "application/json"
        return {**response, "content": {media: {"schema": schema}}}

    def _schema(self, kind: str) -> Document:
        match = re.fullmatch(r"(list|dict)[\[(](?:\w+, ?)?(.+)[\])]", kind)
        if match:
            inner = self._schema(match[2])
            return (
                {"type": "array", "items": inner}
                if match[1] == "list"
                else {"type": "object", "additionalProperties": inner}
            )
        if kind in _PLAIN:
            return dict(_PLAIN[kind])
        model = getattr(self._models, kind, None)
        if model is None or not hasattr(model, "openapi_types"):
            return {}
        schemas, name = self._document["components"]["schemas"], self._prefix + kind
        if name not in schemas:
            schemas[name] = {}
            schemas[name] = self._model(model, model.openapi_types)
        return {"$ref": f"#/components/schemas/{name}"}

    def _model(self, model: Any, members: Mapping[str, str]) -> Document:
        texts = _descriptions(model)
        properties = {}
        for name, kind in members.items():
            schema = self._schema(kind)
            values = _constants_of(model, name)
            if values and schema.get("type") == "string":
                schema["enum"] = values
            if texts.get(name) and "$ref" not in schema:
                schema["description"] = texts[name]
            properties[model.attribute_map[name]] = schema
        return {"type": "object", "properties": properties}


def _widen(node: Document, other: Document) -> None:
    """What two methods of a client ask of one path is one operation, which takes the requests of both."""
    mine = {(parameter["in"], parameter["name"]): parameter for parameter in node["parameters"]}
    for parameter in other["parameters"]:
        same = mine.get((parameter["in"], parameter["name"]))
        if same is None:
            node["parameters"].append({**parameter, "required": parameter["in"] == "path"})
        elif same["schema"] != parameter["schema"]:
            same["schema"] = {"anyOf": [same["schema"], parameter["schema"]]}
    for media, content in other.get("requestBody", {}).get("content", {}).items():
        known = node.setdefault("requestBody", {"content": {}})["content"].setdefault(media, content)
        if known["schema"] != content["schema"]:
            known["schema"] = {"anyOf": [known["schema"], content["schema"]]}


def _path(path: str) -> str:
    return path if path.startswith("/") else "/" + path


def _constants_of(model: Any, name: str) -> list[str]:
    """The values that a model's constants name for an attribute: `STATUS_NORMAL = "NORMAL"`."""
    prefix = name.upper() + "_"
    longer = [other.upper() + "_" for other in model.openapi_types if other != name and other.startswith(name + "_")]
    return [
        value
        for key, value in vars(model).items()
        if key.startswith(prefix) and isinstance(value, str) and not any(key.startswith(other) for other in longer)
    ]


def _descriptions(model: Any) -> dict[str, str]:
    return {name: text.strip()[:500] for name, text in _PARAM.findall(inspect.getdoc(model.__init__) or "")}
