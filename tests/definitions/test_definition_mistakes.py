"""Users' own definitions: good ones are served, mistakes are named by file, place, what was found and what is allowed."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from mockserver.cli import main
from mockserver.definitions import Definitions, load
from mockserver.definitions.compile import compile_documents
from mockserver.definitions.files import Files
from mockserver.definitions.normal_form import normalise
from mockserver.definitions.notes import Notes
from mockserver.definitions.pointer import at, join, parts_of
from mockserver.definitions.validate_compiled import check_definitions
from mockserver.definitions.validate_documents import check_documents
from mockserver.errors import DefinitionError
from mockserver.mock import Mock
from mockserver.model import Request
from mockserver.settings import Settings

Json = dict[str, Any]
Change = Callable[[Json], object]

PROBLEMS = [
    *("no-route", "wrong-method", "request-malformed", "uri-too-long", "header-too-large", "body-too-large"),
    *("parameter-missing", "parameter-invalid", "parameter-unknown", "internal-error", "unknown-id"),
]
SHOW = "/paths/~1orders~1{order_id}/get"
OK = f"{SHOW}/responses/200/content/application~1json"
WRONG = "/components/examples/order-wrong"
JOB = f"{SHOW}/x-job"


def orders() -> Json:
    """A document of a user's: one operation, with everything that documents can have."""
    properties = {"id": {"type": "string"}, "paid": {"$ref": "#/components/schemas/Verbose"}}
    error = {"$ref": "#/components/schemas/Error"}
    wrong = {"order-wrong": {"$ref": "#/components/examples/order-wrong"}}
    return {
        "openapi": "3.1.0",
        "info": {"title": "Orders", "version": "1"},
        "x-service": {"name": "orders", "vendor": "huaweicloud", "envelope": "service", "prefixes": ["/orders"]},
        "x-provenance": {"kind": "documented", "source": "page"},
        "x-sources": {"page": {"title": "The page", "url": "https://example.com/orders"}},
        "x-switches": {"order-status": {"description": "Which.", "default": "new", "values": {"new": "400", "old": "409"}}},
        "x-contradictions": [{"id": "O-1", "at": SHOW, "found": "f", "choice": "c", "switch": "order-status"}],
        "paths": {
            "/orders/{order_id}": {
                "get": {
                    "operationId": "ShowOrder",
                    "parameters": [
                        {
                            "name": "order_id",
                            "in": "path",
                            "required": True,
                            "schema": {"type": "string", "pattern": "^[A-Za-z0-9_-]{1,64}$"},
                        },
                        {"name": "verbose", "in": "query", "schema": {"$ref": "#/components/schemas/Verbose"}},
                    ],
                    "responses": {
                        "200": {
                            "description": "The order.",
                            "content": {
                                "application/json": {
                                    "schema": {"$ref": "#/components/schemas/Order"},
                                    "examples": {"documented": {"value": {"id": "o1", "day": "2026-11-21"}}},
                                }
                            },
                        },
                        "400": {
                            "description": "An error.",
                            "content": {"application/json": {"schema": error, "examples": dict(wrong)}},
                        },
                        "409": {
                            "description": "An error.",
                            "content": {"application/json": {"schema": error, "examples": dict(wrong)}},
                        },
                    },
                    "x-magic": {"parameter": "order_id"},
                    "x-documented-request": {"order_id": "o1"},
                    "x-job": {
                        "identity": ["order_id"],
                        "states": {
                            "NEW": {"summary": "ordered", "seconds": 5},
                            "SENT": {"summary": "on its way", "seconds": 5},
                            "DONE": {"summary": "there", "terminal": True},
                        },
                        "transitions": {"NEW": ["SENT"], "SENT": ["DONE"]},
                        "lives": {"arrives": {"summary": "s", "weight": 1, "steps": ["NEW", "SENT", "DONE"]}},
                    },
                },
            }
        },
        "components": {
            "schemas": {
                "Verbose": {"type": "boolean"},
                "Order": {"type": "object", "required": ["id"], "properties": dict(properties)},
                "Error": {"type": "object", "required": ["error_code", "error_msg"]},
            },
            "examples": {
                "order-wrong": {
                    "summary": "The order is wrong.",
                    "value": {"error_code": "O.1", "error_msg": "The order o1 is wrong."},
                    "x-error": {
                        "code": "O.1",
                        "message": "The order {order_id} is wrong.",
                        "when": list(PROBLEMS),
                        "switch": "order-status",
                        "statuses": {"new": 400, "old": 409},
                    },
                }
            },
        },
    }


def written(folder: Path, document: Any, name: str = "orders.json") -> Path:
    file = folder / name
    text = document if isinstance(document, str) else json.dumps(document)
    file.write_text(yaml.safe_dump(json.loads(text)) if name.endswith("ml") else text, encoding="utf-8")
    return file


def alone(document: Json) -> Definitions:
    """The definitions that a document makes without the shipped ones, which takes a fraction of the time."""
    files = Files(Path())
    files.documents["orders.json"] = document
    normalise(files, "orders.json", Notes())
    documents = files.documents
    check_documents(documents)
    definitions = compile_documents(documents)
    check_definitions(definitions)
    return definitions


def mistake(file: Path) -> DefinitionError:
    with pytest.raises(DefinitionError) as caught:
        load([file])
    return caught.value


def holder(document: Json, pointer: str) -> tuple[Any, Any]:
    """What a place is in, and its key or index there."""
    *parents, last = parts_of(pointer)
    parent = at(document, parents)
    return parent, int(last) if isinstance(parent, list) else last


def changed(pointer: str, value: Any) -> Change:
    """Puts a value at a place."""

    def change(document: Json) -> None:
        parent, key = holder(document, pointer)
        parent[key] = value

    return change


def without(pointer: str) -> Change:
    """Takes out what stands at a place."""

    def change(document: Json) -> None:
        parent, key = holder(document, pointer)
        del parent[key]

    return change


# Good ones


@pytest.mark.parametrize(
    "name",
    [
        "orders.json",
        pytest.param("orders.yaml", marks=pytest.mark.exhaustive),
        pytest.param("orders.yml", marks=pytest.mark.exhaustive),
    ],
)
def test_a_document_of_a_user_s_is_served(name: str, tmp_path: Path) -> None:
    """An operation of a user's own document is answered by its example, its errors in the form the document names."""
    file = written(tmp_path, orders(), name)
    mock = Mock(Settings(auth="off", definitions=(str(file),), unknown_query="reject"))
    for order in ("o1", "o2"):
        answer = mock.handle(Request("GET", f"/orders/{order}", "verbose=true"))
        assert (answer.status, json.loads(answer.body)) == (200, {"id": "o1", "day": "2026-11-21"})
    wrong = {"error_code": "O.1", "error_msg": "The order o2 is wrong."}
    asked: list[tuple[str, dict[str, str]]] = [("verbose=no", {}), ("x=1", {}), ("", {"prefer": "example=order-wrong"})]
    for query, headers in asked:
        answer = mock.handle(Request("GET", "/orders/o2", query, headers))
        assert (answer.status, json.loads(answer.body)) == (400, wrong)
    magic = mock.handle(Request("GET", "/orders/mock-error-order-wrong"))
    assert (magic.status, json.loads(magic.body)["error_code"]) == (400, "O.1")
    assert mock.handle(Request("POST", "/orders/o2")).header("X-Mock-Problem") == "POST is not documented here, only GET"


def test_a_switch_of_a_user_s_own_is_taken(tmp_path: Path) -> None:
    """A user's document has switches of its own."""
    file = written(tmp_path, orders())
    mock = Mock(Settings(auth="off", definitions=(str(file),), switches={"order-status": "old"}))
    assert mock.handle(Request("GET", "/orders/o1", "verbose=no")).status == 409


def test_the_shipped_operations_stay(tmp_path: Path) -> None:
    """A user's documents come on top of the shipped ones, each by a path of its own or all by their folder."""
    (tmp_path / "deep" / "er").mkdir(parents=True)
    other = json.loads(json.dumps(orders()).replace("/orders", "/sales").replace("ShowOrder", "ShowSale"))
    other["x-service"]["name"] = "sales"
    del other["x-switches"], other["x-contradictions"]
    files = [written(tmp_path, orders()), written(tmp_path / "deep" / "er", other, "sales.yaml")]
    (tmp_path / "README.md").write_text("not a definition", encoding="utf-8")
    shipped = {operation.id for operation in load().operations}
    for paths in ([tmp_path], files):
        assert {operation.id for operation in load(paths).operations} == {*shipped, "ShowOrder", "ShowSale"}


def test_yaml_is_read_as_json(tmp_path: Path) -> None:
    """What people write in YAML means what it means in JSON: `200:` is text, and so is what looks like a date."""
    text = yaml.safe_dump(orders()).replace("'200':", "200:").replace("'2026-11-21'", "2026-11-21")
    assert " 200:" in text
    assert " 2026-11-21" in text
    file = tmp_path / "orders.yaml"
    file.write_text(text, encoding="utf-8")
    definitions = load([file])
    assert definitions.documents[file.as_posix()] == orders()


def test_an_example_is_known_by_the_name_that_it_is_used_by(tmp_path: Path) -> None:
    """An example may have another name in the components: what counts is its name in the response."""
    document = orders()
    for status in ("400", "409"):
        examples = document["paths"]["/orders/{order_id}"]["get"]["responses"][status]["content"]["application/json"]
        examples["examples"] = {"not-so": {"$ref": "#/components/examples/order-wrong"}}
    mock = Mock(Settings(auth="off", definitions=(str(written(tmp_path, document)),)))
    answers = [
        mock.handle(Request("GET", "/orders/o2", headers={"prefer": "example=not-so"})),
        mock.handle(Request("GET", "/orders/mock-error-not-so")),
    ]
    assert [answer.status for answer in answers] == [400, 400]


def test_definitions_may_stand_in_folders_of_any_name(tmp_path: Path) -> None:
    """References within a document work wherever it stands."""
    folder = tmp_path / "a b" / "ü" / "50%" / "#1?"
    folder.mkdir(parents=True)
    mock = Mock(Settings(auth="off", definitions=(str(written(folder, orders())),)))
    assert mock.handle(Request("GET", "/orders/o2", "verbose=true")).status == 200


# Files that are no documents


@pytest.mark.parametrize(
    ("name", "text", "found", "allowed"),
    [
        ("a.json", "{", "a file that is not JSON (Expecting", "an OpenAPI document"),
        ("a.json", "", "a file that is not JSON (Expecting", "an OpenAPI document"),
        ("a.json", "[" * 100_000, "a file that is not JSON (", "an OpenAPI document"),
        ("a.json", "[]", "a list", "an OpenAPI document (an object)"),
        ("a.json", "null", "a NoneType", "an OpenAPI document (an object)"),
        ("a.txt", "{}", "a file named *.txt", "*.json, *.yaml or *.yml"),
    ],
    ids=["cut", "empty", "deep", "list", "null", "text"],
)
def test_files_that_are_no_documents(name: str, text: str, found: str, allowed: str, tmp_path: Path) -> None:
    """A file that holds no JSON, or no object, is named, with what is wrong."""
    file = tmp_path / name
    file.write_text(text, encoding="utf-8")
    error = mistake(file)
    assert (error.source, error.pointer, error.allowed) == (str(file), "", allowed)
    assert error.found.startswith(found)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("a: [", "a file that is not YAML (while parsing"),
        ("a: b: c", "a file that is not YAML (mapping values are not allowed in"),
        ("a: !!python/object:os.system {}", "a file that is not YAML (could not determine a constructor"),
        ("a: &a [*a]", "a file that is not YAML (Circular reference detected"),
        ("a: !!set {b}", "a file that is not YAML (could not determine a constructor for the tag 'tag:yaml.org,2002:set'"),
        ("? [a, b]\n: c", "a file that is not YAML ("),
        ("", "a NoneType"),
        ("- a", "a list"),
    ],
    ids=["cut", "nested", "python", "circle", "set", "key", "empty", "list"],
)
def test_yaml_that_is_none(text: str, found: str, tmp_path: Path) -> None:
    """A file that holds no YAML, or what JSON can't say, is named, with what is wrong."""
    file = tmp_path / "a.yaml"
    file.write_text(text, encoding="utf-8")
    error = mistake(file)
    assert (error.source, error.found[: len(found)]) == (str(file), found)
    assert "\n" not in str(error)


def test_files_that_can_t_be_read(tmp_path: Path) -> None:
    """A file that is missing, not UTF-8, or a folder without definitions is named."""
    (tmp_path / "latin.json").write_bytes('{"a": "é"}'.encode("latin-1"))
    (tmp_path / "empty").mkdir()
    assert mistake(tmp_path / "none.json").found.startswith("a file that can't be read (")
    assert mistake(tmp_path / "latin.json").found.startswith("a file that can't be read (")
    assert mistake(tmp_path / "empty").found == "a folder without definitions"


def json_answer(schema: Json) -> Json:
    return {"description": "d", "content": {"application/json": {"schema": schema}}}


def on_a_taken_path(document: Json) -> None:
    document["paths"] = {"/v3/projects": document["paths"]["/orders/{order_id}"]}
    del document["x-contradictions"]


XML: Json = {"description": "d", "content": {"application/xml": {"schema": {}}}}

# Mistakes in documents: the change, the place that is named, words of what was found and of what is allowed

MISTAKES: dict[str, tuple[Change, str, str, str]] = {
    "openapi-missing": (without("/openapi"), "", "", "required"),
    "service-misspelt": (changed("/x-service/vender", "x"), "/x-service", '"vender"', "additionalProperties"),
    "vendor-unknown": (changed("/x-service/vendor", "A W"), "/x-service/vendor", '"A W"', "pattern"),
    "envelope-unknown": (changed("/x-service/envelope", "xml"), "/x-service/envelope", '"xml"', '"gateway"'),
    "service-twice": (changed("/x-service/name", "cdm"), "/x-service/name", "'cdm' a second time", "no other document"),
    "keyword-unknown": (
        changed("/components/schemas/Order/requierd", ["id"]),
        "/components/schemas/Order/requierd",
        "the keyword 'requierd'",
        "a keyword of JSON Schema 2020-12, or one that starts with x-",
    ),
    "keyword-unknown-in-a-parameter": (
        changed(f"{SHOW}/parameters/0/schema/maxLenght", 5),
        f"{SHOW}/parameters/0/schema/maxLenght",
        "the keyword 'maxLenght'",
        "a keyword of JSON Schema",
    ),
    "keyword-unknown-in-a-response": (
        changed("/components/responses", {"r": json_answer({"typo": 1})}),
        "/components/responses/r/content/application~1json/schema/typo",
        "the keyword 'typo'",
        "a keyword of JSON Schema",
    ),
    "type-unknown": (
        changed("/components/schemas/Order/properties/id/type", "text"),
        "/components/schemas/Order/properties/id/type",
        '"text"',
        '"string"',
    ),
    "keyword-of-wrong-type": (
        changed("/components/schemas/Order/required", "id"),
        "/components/schemas/Order/required",
        '"id"',
        '"array"',
    ),
    "pattern-that-is-none": (
        changed(f"{SHOW}/parameters/0/schema/pattern", "^[a-z"),
        f"{SHOW}/parameters/0/schema/pattern",
        "'^[a-z' (unterminated character set",
        "a regular expression",
    ),
    "reference-to-nowhere": (
        changed(f"{OK}/schema/$ref", "#/components/schemas/Ordre"),
        f"{OK}/schema/$ref",
        "'#/components/schemas/Ordre', but there is no 'Ordre'",
        "a reference to what exists",
    ),
    "reference-to-no-file": (
        changed(f"{OK}/schema/$ref", "other.json#/x"),
        f"{OK}/schema/$ref",
        "'other.json#/x', which is not a file",
        "a file beside this",
    ),
    "reference-among-the-components": (
        changed(WRONG, {"$ref": f"#{WRONG}"}),
        f"{SHOW}/responses/400/content/application~1json/examples/order-wrong",
        "a reference to itself",
        "a reference that ends somewhere",
    ),
    "reference-in-a-circle": (
        changed("/components/schemas/Verbose", {"$ref": "#/components/schemas/Verbose"}),
        f"{SHOW}/parameters/1/schema",
        "a reference to itself",
        "a reference that ends somewhere",
    ),
    "reference-to-something-else": (
        changed(f"{SHOW}/parameters/1", {"$ref": "#/info"}),
        f"{SHOW}/parameters/1/$ref",
        "'#/info', which leads to no parameter",
        "a reference to a parameter",
    ),
    "source-unknown": (changed("/x-provenance/source", "book"), "/x-provenance/source", "'book'", "one of page"),
    "source-missing": (changed("/x-provenance", {"kind": "documented"}), "/x-provenance", '{"kind"', '"source"'),
    "provenance-unknown": (changed("/x-provenance/kind", "guess"), "/x-provenance/kind", '"guess"', '"invented"'),
    "problem-unknown": (
        changed(f"{WRONG}/x-error/when/0", "not-found"),
        f"{WRONG}/x-error/when",
        "'not-found'",
        "one of no-route, wrong-method",
    ),
    "error-without-code": (without(f"{WRONG}/x-error/code"), f"{WRONG}/x-error", "", '"code"'),
    "error-envelope": (
        changed(f"{WRONG}/x-error/envelope", "enos"),
        f"{SHOW}/responses/400/content/application~1json/examples/order-wrong",
        "the code 'O.1'",
        "a whole number, as the envelope 'enos' has it",
    ),
    "error-status": (
        changed(f"{WRONG}/x-error/statuses/old", 410),
        f"{SHOW}/responses/400/content/application~1json/examples/order-wrong",
        "the status 410 for a value of its switch",
        "a status that the example stands under: 400, 409",
    ),
    "switch-unknown": (
        changed(f"{WRONG}/x-error/switch", "order-state"),
        f"{WRONG}/x-error/switch",
        "'order-state'",
        "order-status",
    ),
    "condition-switch-unknown": (
        changed(f"{SHOW}/x-required-if", {"verbose": {"switch": "order-state", "value": "new"}}),
        f"{SHOW}/x-required-if/verbose/switch",
        "'order-state'",
        "order-status",
    ),
    "condition-value-unknown": (
        changed(f"{SHOW}/x-required-if", {"verbose": {"switch": "order-status", "value": "newest"}}),
        f"{SHOW}/x-required-if/verbose/value",
        "'newest'",
        "old",
    ),
    "switch-value-forgotten": (
        without(f"{WRONG}/x-error/statuses/old"),
        f"{WRONG}/x-error/statuses",
        '{"new": 400}',
        "a status for each of new, old",
    ),
    "switch-default": (
        changed("/x-switches/order-status/default", "newest"),
        "/x-switches/order-status/default",
        "'newest'",
        "one of new, old",
    ),
    "switch-of-one-value": (
        changed("/x-switches/order-status/values", {"new": "n"}),
        "/x-switches/order-status/values",
        '{"new": "n"}',
        "minProperties 2",
    ),
    "switch-twice": (
        changed("/x-switches/enos-data", {"description": "d", "default": "a", "values": {"a": "a", "b": "b"}}),
        "/x-switches/enos-data",
        "'enos-data' a second time",
        "no other document",
    ),
    "messages-of-no-switch": (
        changed(f"{WRONG}/x-error/messages", {"switch": "none"}),
        f"{WRONG}/x-error/messages/switch",
        "'none'",
        "order-status",
    ),
    "contradiction-nowhere": (
        changed("/x-contradictions/0/at", f"{SHOW}/parameters/7"),
        "/x-contradictions/0/at",
        "a pointer to nowhere: there is no '7'",
        "a pointer into this document",
    ),
    "contradiction-without-choice": (without("/x-contradictions/0/choice"), "/x-contradictions/0", "", '"choice"'),
    "contradiction-of-no-switch": (
        changed("/x-contradictions/0/switch", ["order-status", "none"]),
        "/x-contradictions/0/switch",
        "'none'",
        "order-status",
    ),
    "state-unknown": (
        changed(f"{JOB}/lives/arrives/steps/1", "LOST"),
        f"{JOB}/lives/arrives/steps/1",
        "'LOST'",
        "one of NEW, SENT, DONE",
    ),
    "state-unknown-in-transitions": (
        changed(f"{JOB}/transitions/LOST", ["DONE"]),
        f"{JOB}/transitions",
        "'LOST'",
        "one of NEW, SENT, DONE",
    ),
    "state-unknown-to-go-to": (
        changed(f"{JOB}/transitions/NEW/0", "LOST"),
        f"{JOB}/transitions/NEW",
        "'LOST'",
        "one of DONE, NEW, SENT",
    ),
    "state-without-end": (
        changed(f"{JOB}/states/NEW", {"summary": "s"}),
        f"{JOB}/states/NEW",
        '{"summary": "s"}',
        '"seconds"',
    ),
    "life-that-jumps": (
        changed(f"{JOB}/lives/arrives/steps", ["NEW", "DONE"]),
        f"{JOB}/lives/arrives",
        "'DONE' after 'NEW'",
        "one of SENT",
    ),
    "life-after-the-end": (
        changed(f"{JOB}/lives/arrives/steps", ["NEW", "SENT", "DONE", "NEW"]),
        f"{JOB}/lives/arrives",
        "'NEW' after 'DONE'",
        "nothing: it is terminal",
    ),
    "life-that-stops-for-ever": (
        changed(f"{JOB}/lives/arrives/steps", [["NEW", None], "SENT"]),
        f"{JOB}/lives/arrives",
        "a step for ever before the last",
        "seconds",
    ),
    "life-of-negative-seconds": (
        changed(f"{JOB}/lives/arrives/steps/0", ["NEW", -1]),
        f"{JOB}/lives/arrives/steps/0",
        "",
        "",
    ),
    "no-life-by-chance": (
        changed(f"{JOB}/lives/arrives/weight", 0),
        f"{JOB}/lives",
        "no life with a weight",
        "more than 0",
    ),
    "identity-unknown": (changed(f"{JOB}/identity/0", "id"), f"{JOB}/identity", "'id'", "one of order_id, verbose"),
    "example-invalid": (
        changed(f"{OK}/examples/documented/value/id", 5),
        f"{OK}/examples/documented",
        "at /id 5",
        'type "string", as the response\'s schema says',
    ),
    "example-of-an-error-invalid": (
        without(f"{WRONG}/value/error_msg"),
        f"{SHOW}/responses/400/content/application~1json/examples/order-wrong",
        'at / {"error_code": "O.1"}',
        'required ["error_code", "error_msg"]',
    ),
    "example-missing": (
        changed(f"{OK}/examples", {"other": {"value": {"id": "x"}}}),
        f"{SHOW}/responses",
        "no example 'documented'",
        "x-documented-request",
    ),
    "operation-id-twice": (
        changed(f"{SHOW}/operationId", "ShowJobStatus"),
        f"{SHOW}/operationId",
        "the operationId 'ShowJobStatus' a second time",
        "an id that huaweicloud/cdm.json doesn't have",
    ),
    "path-taken": (
        on_a_taken_path,
        "/paths/~1v3~1projects/get",
        "GET /v3/projects, which KeystoneListProjects has already",
        "a path and method of its own",
    ),
    "path-relative": (changed("/paths/orders", {}), "/paths", '"orders"', "pattern"),
    "path-parameter-undeclared": (
        without(f"{SHOW}/parameters/0"),
        f"{SHOW}/parameters",
        "'order_id'",
        "one of verbose",
    ),
    "path-parameter-optional": (
        changed(f"{SHOW}/parameters/0/required", False),
        f"{SHOW}/parameters/0/required",
        "false",
        "const true",
    ),
    "parameter-place": (
        changed(f"{SHOW}/parameters/0/in", "matrix"),
        f"{SHOW}/parameters/0/in",
        '"matrix"',
        '"path", "query", "header", "cookie"',
    ),
    "parameter-without-schema": (
        changed("/components/schemas/Verbose", True),
        "/components/schemas/Verbose",
        "True",
        "an object, as a parameter's schema",
    ),
    "status-odd": (changed(f"{SHOW}/responses/20X", {"description": "d"}), f"{SHOW}/responses", '"20X"', "pattern"),
    "no-answers": (changed(f"{SHOW}/responses", {}), f"{SHOW}/responses", "{}", "minProperties 1"),
    "no-answer-to-unknown-id": (
        lambda document: at(document, parts_of(f"{WRONG}/x-error/when")).remove("unknown-id"),
        f"{SHOW}/responses",
        "no answer to the problem 'unknown-id'",
        "an error whose x-error has 'unknown-id' in its when",
    ),
    "no-answer-to-missing-credentials": (
        changed(f"{SHOW}/security", [{"X-Auth-Token": []}]),
        f"{SHOW}/responses",
        "no answer to the problem 'access-key-unknown'",
        "in its when",
    ),
    "magic-unknown": (
        changed(f"{SHOW}/x-magic/parameter", "id"),
        f"{SHOW}/x-magic/parameter",
        "'id'",
        "one of order_id, verbose",
    ),
    "magic-empty": (changed(f"{SHOW}/x-magic/parameter", ""), f"{SHOW}/x-magic/parameter", "''", "one of order_id"),
    "magic-too-long": (
        changed(f"{SHOW}/parameters/0/schema/pattern", "^[a-z-]{1,20}$"),
        f"{SHOW}/x-magic",
        "the error 'order-wrong', whose magic id order_id can't hold",
        "a shorter name",
    ),
    "magic-of-two-kinds": (
        changed(f"{SHOW}/x-magic/body", "/id"),
        f"{SHOW}/x-magic",
        '{"parameter": "order_id", "body": "/id"}',
        "maxProperties 1",
    ),
    "documented-request-unknown": (
        changed(f"{SHOW}/x-documented-request", {"id": "o1"}),
        f"{SHOW}/x-documented-request",
        "'id'",
        "one of order_id, verbose",
    ),
}


AMONG_THE_SHIPPED = ("service-twice", "switch-twice", "reference-to-no-file", "operation-id-twice", "path-taken")


SLOW = frozenset(AMONG_THE_SHIPPED) - {"path-taken"}  # they read all shipped documents


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.exhaustive if name in SLOW else ()) for name in MISTAKES]
)
def test_mistakes_are_named(name: str, tmp_path: Path) -> None:
    """A mistake is reported with the file, the JSON pointer, what was found and what is allowed, on one line."""
    change, pointer, found, allowed = MISTAKES[name]
    document = orders()
    change(document)
    file = written(tmp_path, document) if name in AMONG_THE_SHIPPED else Path("orders.json")
    with pytest.raises(DefinitionError) as caught:
        load([file]) if name in AMONG_THE_SHIPPED else alone(document)
    error = caught.value
    assert (Path(error.source), error.pointer) == (file, pointer), error
    assert found in error.found, error
    assert allowed in error.allowed, error
    assert "\n" not in str(error)
    assert len(str(error)) < 1_000


def test_the_document_without_mistakes_has_none(tmp_path: Path) -> None:
    """What is wrong with the documents above is what the cases do to them."""
    assert load([written(tmp_path, orders())]).operation("ShowOrder").path == "/orders/{order_id}"


@pytest.mark.parametrize("command", ["serve", "operations"])
def test_the_command_line_says_what_is_wrong(command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A mistake in a user's document ends any command that reads it, with exit status 2 and one line on stderr."""
    document = orders()
    document["openapi"] = "2.0"
    file = written(tmp_path, document)
    assert main([command, "--definitions", str(file)]) == 2
    out, err = capsys.readouterr()
    assert (out, err) == ("", f'mockserver: {file}#/openapi: found "2.0"; allowed: pattern "^3\\\\.1\\\\.\\\\d+$"\n')


# Mistakes that nobody thought of


def places(value: Any, parts: tuple[str, ...] = ()) -> Iterator[str]:
    """Pointers to all members of a document."""
    children = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, child in children:
        yield join(*parts, key)
        yield from places(child, (*parts, str(key)))


ODD_VALUES: list[Any] = [
    *(None, []),
    *(
        pytest.param(value, marks=pytest.mark.exhaustive)
        for value in (5, "x", "", ["x"], {}, {"x": 1}, True, {"$ref": "#/info"})
    ),
]


@pytest.mark.parametrize("value", ODD_VALUES, ids=repr)
def test_nothing_in_a_document_makes_the_server_fail(value: Any) -> None:
    """Whatever a member of a document is replaced with: it is refused with its place, or the operations can be served."""
    for pointer in places(orders()):
        document = orders()
        changed(pointer, value)(document)
        try:
            definitions = alone(document)
        except DefinitionError as error:
            at(document, parts_of(error.pointer.removesuffix("/$ref")))
            continue
        mock = Mock(Settings(auth="off"), definitions=definitions)
        for path, query in (("/orders/o1", ""), ("/orders/o2", "verbose=true"), ("/orders/o2", "x=1"), ("/orders", "")):
            answer = mock.handle(Request("GET", path, query))
            assert "the mock failed" not in (answer.problem or ""), (pointer, value, answer.problem)
