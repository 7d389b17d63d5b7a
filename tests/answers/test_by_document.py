"""Answers made from a document: valid, repeatable, about the thing asked for, and errors in the document's own form."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from mockserver.answers.made_texts import text_for
from mockserver.answers.sample import sample
from mockserver.definitions.compile import compile_documents
from mockserver.definitions.embedded import errors_of, registry_of
from mockserver.definitions.node import node_at
from mockserver.definitions.notes import Notes
from mockserver.definitions.read import read_users
from mockserver.generate import Fake
from mockserver.mock import Mock
from mockserver.model import Request, Response
from mockserver.settings import Settings

SCHEMAS: dict[str, Any] = {
    "plain": {
        "type": "object",
        "required": ["a"],
        "properties": {"a": {"type": "string", "minLength": 30, "maxLength": 31}},
    },
    "formats": {
        "type": "object",
        "properties": {
            name: {"type": "string", "format": name}
            for name in ("date-time", "date", "time", "email", "hostname", "ipv4", "ipv6", "uri", "uuid", "byte")
        },
    },
    "members of several": {
        "allOf": [
            {"type": "object", "properties": {"a": {"type": "integer"}, "b": {"enum": ["x", "y"]}}, "required": ["a", "b"]},
            {"properties": {"a": {"minimum": 400, "maximum": 401}, "b": {"const": "y"}}},
        ]
    },
    "contains": {"type": "array", "items": {"type": "integer"}, "contains": {"const": 7}, "minContains": 2},
    "if, then and else": {
        "type": "object",
        "required": ["kind"],
        "properties": {"kind": {"enum": ["a", "b"]}},
        "if": {"properties": {"kind": {"const": "a"}}},
        "then": {"required": ["x"], "properties": {"x": {"type": "integer"}}},
        "else": {"required": ["y"], "properties": {"y": {"type": "boolean"}}},
    },
    "what members bring": {
        "type": "object",
        "required": ["c"],
        "properties": {"c": {"type": "string"}, "d": {"type": "integer"}},
        "dependentRequired": {"c": ["d"]},
        "dependentSchemas": {"c": {"required": ["e"], "properties": {"e": {"type": "null"}}}},
    },
    "names of members": {
        "type": "object",
        "minProperties": 3,
        "propertyNames": {"pattern": "^[a-z]{4}$"},
        "additionalProperties": {"type": "integer"},
    },
    "members by pattern": {
        "type": "object",
        "minProperties": 2,
        "patternProperties": {"^x-": {"type": "boolean"}},
        "additionalProperties": False,
    },
    "integer or number": {"oneOf": [{"type": "integer"}, {"type": "number"}]},
    "numbers": {
        "type": "array",
        "minItems": 3,
        "uniqueItems": True,
        "items": {"type": "integer", "exclusiveMinimum": 3, "maximum": 30, "multipleOf": 3},
    },
    "pattern": {"type": "string", "pattern": "^[A-Z]{3}-[0-9]{4}$"},
    "all": {"allOf": [{"$ref": "#/components/schemas/plain"}, {"required": ["b"], "properties": {"b": {"enum": [7]}}}]},
    "one": {"oneOf": [{"type": "object", "required": ["x"], "properties": {"x": {"const": 1}}}, {"type": "string"}]},
    "tree": {
        "type": "object",
        "required": ["name"],
        "properties": {
            "name": {"type": "string"},
            "below": {"type": "array", "items": {"$ref": "#/components/schemas/tree"}},
        },
    },
    "closed": {
        "type": "object",
        "additionalProperties": False,
        "minProperties": 1,
        "properties": {"k": {"type": ["null", "boolean"]}},
    },
    "pet": {
        "discriminator": {"propertyName": "kind", "mapping": {"cat": "#/components/schemas/cat"}},
        "oneOf": [{"$ref": "#/components/schemas/cat"}],
    },
    "cat": {
        "type": "object",
        "required": ["kind"],
        "properties": {"kind": {"type": "string"}, "lives": {"type": "number", "minimum": 0.5, "maximum": 0.6}},
    },
    "odd-example": {"type": "integer", "example": "not a number", "default": 4},
    "map": {"type": "object", "additionalProperties": {"type": "integer"}},
}


@pytest.mark.parametrize("name", SCHEMAS)
@pytest.mark.parametrize("seed", range(3))
def test_values_made_are_valid_and_the_same_for_a_seed(name: str, seed: int) -> None:
    """Each schema's value is one that it allows; the same seed makes the same one."""
    documents = {"own.json": {"openapi": "3.1.0", "components": {"schemas": SCHEMAS}}}
    place = node_at(documents, "own.json", ("components", "schemas", name))
    errors = errors_of({"$ref": place.uri}, registry_of(documents))
    value = sample(place, errors, Fake(seed, name))
    assert list(errors(value)) == []
    assert sample(place, errors, Fake(seed, name)) == value


def shop(folder: Path) -> Mock:
    """A mock of a document with a collection, its things and errors."""
    order = {
        "type": "object",
        "required": ["id", "item"],
        "properties": {"id": {"type": "string"}, "item": {"type": "string"}},
    }
    error = {
        "content": {
            "application/json": {
                "schema": {"type": "object", "required": ["detail"], "properties": {"detail": {"type": "string"}}}
            }
        }
    }
    one = {"description": "ok", "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Order"}}}}
    many = {
        "description": "ok",
        "content": {"application/json": {"schema": {"type": "array", "items": {"$ref": "#/components/schemas/Order"}}}},
    }
    body = {
        "required": True,
        "content": {
            "application/json": {
                "schema": {"type": "object", "required": ["item"], "properties": {"item": {"type": "string"}}}
            }
        },
    }
    document = {
        "openapi": "3.1.0",
        "info": {"title": "Shop", "version": "1"},
        "paths": {
            "/orders": {
                "get": {"responses": {"200": many}},
                "post": {"requestBody": body, "responses": {"201": one, "4XX": {"description": "no", **error}}},
            },
            "/orders/{order_id}": {
                "parameters": [{"name": "order_id", "in": "path", "required": True, "schema": {"type": "string"}}],
                "get": {
                    "security": [{"key": []}],
                    "responses": {"200": one, "404": {"description": "no", **error}, "401": {"description": "who"}},
                },
                "patch": {"requestBody": body, "responses": {"200": one}},
                "delete": {"responses": {"204": {"description": "gone"}}},
            },
        },
        "components": {
            "schemas": {"Order": order},
            "securitySchemes": {"key": {"type": "apiKey", "in": "header", "name": "X-Key"}},
        },
    }
    (folder / "shop.json").write_text(json.dumps(document), encoding="utf-8")
    documents = read_users(folder / "shop.json", Notes())
    return Mock(Settings(), definitions=compile_documents(documents))


def call(mock: Mock, method: str, path: str, body: Any = None, **headers: str) -> Response:
    sent = {"x-key": "k", **({"content-type": "application/json"} if body is not None else {}), **headers}
    return mock.handle(Request(method, path, "", sent, b"" if body is None else json.dumps(body).encode()))


@pytest.mark.parametrize("name", ["start_time", "startTime", "created_at", "updated", "end_date"])
def test_a_text_without_a_format_goes_by_its_name(name: str) -> None:
    """What is named like a time is one."""
    assert re.fullmatch(r"2026-\d\d-\d\dT\d\d:\d\d:\d\dZ", text_for(Fake(1, name), name, {}))


def test_things_are_made_read_changed_and_removed(tmp_path: Path) -> None:
    """POST, GET, PATCH and DELETE by the document's own paths, in each namespace of its own."""
    mock = shop(tmp_path)
    made = call(mock, "POST", "/orders", {"item": "book"})
    place = made.header("Location") or ""
    assert (made.status, json.loads(made.body)["item"]) == (201, "book")
    assert json.loads(call(mock, "GET", place).body) == json.loads(made.body)
    assert [order["item"] for order in json.loads(call(mock, "GET", "/orders").body)] == ["book"]
    assert json.loads(call(mock, "PATCH", place, {"item": "pen"}).body)["item"] == "pen"
    assert json.loads(call(mock, "GET", place).body)["item"] == "pen"
    elsewhere = json.loads(call(mock, "GET", place, **{"x-mock-namespace": "other"}).body)
    assert (elsewhere["id"], elsewhere["item"] == "pen") == (place.rpartition("/")[2], False)
    assert call(mock, "DELETE", place).status == 204
    gone = call(mock, "GET", place)
    assert (gone.status, "was deleted" in json.loads(gone.body)["detail"]) == (404, True)
    mock.reset()
    assert call(mock, "GET", place).status == 200


def test_problems_are_the_document_s_or_rfc_9457(tmp_path: Path) -> None:
    """A declared range answers a wrong body, a declared 401 a missing key; what is declared nowhere is problem details."""
    mock = shop(tmp_path)
    wrong = call(mock, "POST", "/orders", {})
    assert (wrong.status, "required" in json.loads(wrong.body)["detail"]) == (400, True)
    assert mock.handle(Request("GET", "/orders/1")).status == 401
    put = call(mock, "PUT", "/orders/1")
    assert (put.status, put.header("Content-Type")) == (405, "application/problem+json")
    assert call(mock, "PATCH", "/orders/1", {}).header("Content-Type") == "application/problem+json"
    assert call(mock, "GET", "/orders/1", prefer="code=404").status == 404
