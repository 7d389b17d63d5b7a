"""Anybody's OpenAPI document: whatever its version, its files and its spelling, it is served, or refused by name, soon."""

from __future__ import annotations

import json
import random
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import yaml
from openapi_spec_validator import OpenAPIV31SpecValidator

from mockserver.definitions import Definitions, load
from mockserver.definitions.bundle import bundle
from mockserver.definitions.compile import compile_documents
from mockserver.definitions.example_notes import check_examples
from mockserver.definitions.notes import Notes
from mockserver.definitions.read import read_users
from mockserver.definitions.validate_compiled import check_definitions
from mockserver.definitions.validate_documents import check_documents
from mockserver.errors import DefinitionError, InputError
from mockserver.mock import Mock
from mockserver.model import Request, Response
from mockserver.settings import Settings

Json = dict[str, Any]


def document(path: str = "/things/{id}", **operation: Any) -> Json:
    """A document of one operation, plain as public ones are."""
    node = {"responses": {"200": {"description": "ok", "content": {"application/json": {"schema": {"type": "object"}}}}}}
    return {"openapi": "3.1.0", "info": {"title": "Things", "version": "1"}, "paths": {path: {"get": {**node, **operation}}}}


def answers(schema: Json) -> Json:
    return {"200": {"description": "ok", "content": {"application/json": {"schema": schema}}}}


def mock_of(folder: Path, value: Any, name: str = "own.json", **settings: Any) -> Mock:
    text = value if isinstance(value, str) else json.dumps(value)
    (folder / name).write_text(text, encoding="utf-8")
    return Mock(Settings(**{"auth": "off", **settings}), definitions=alone(folder / name))


def alone(file: Path) -> Definitions:
    """The definitions of a user's document without the shipped ones, which takes a fraction of the time."""
    documents = read_users(file, Notes())
    check_documents(documents)
    definitions = compile_documents(documents)
    check_definitions(definitions)
    return definitions


def get(mock: Mock, path: str, query: str = "", **headers: str) -> Response:
    return mock.handle(Request("GET", path, query, headers))


def test_swagger_2_is_served_as_3_1(tmp_path: Path) -> None:
    """Definitions, body and form parameters, collection formats and base types come to their places in OpenAPI 3.1."""
    pet, name = {"$ref": "#/definitions/Pet"}, {"type": "string", "x-nullable": True}
    swagger = {
        "swagger": "2.0",
        "info": {"title": "Old", "version": "1"},
        "basePath": "/v1",
        "consumes": ["application/json"],
        "paths": {
            "/pets": {
                "get": {
                    "parameters": [
                        {
                            "name": "ids",
                            "in": "query",
                            "type": "array",
                            "items": {"type": "integer"},
                            "collectionFormat": "pipes",
                        }
                    ],
                    "responses": {"200": {"description": "ok", "schema": {"type": "array", "items": pet}}},
                },
                "post": {
                    "parameters": [{"name": "pet", "in": "body", "required": True, "schema": {"$ref": "#/definitions/Pet"}}],
                    "responses": {"201": {"description": "made", "schema": {"$ref": "#/definitions/Pet"}}},
                },
            }
        },
        "definitions": {"Pet": {"type": "object", "required": ["name"], "properties": {"name": name}}},
    }
    mock = mock_of(tmp_path, swagger)
    assert get(mock, "/pets", "ids=1%7C2").status == 200
    assert get(mock, "/pets", "ids=1%7Cx").status == 400
    made = mock.handle(Request("POST", "/pets", "", {"content-type": "application/json"}, b'{"name": "Rex"}'))
    assert (made.status, json.loads(made.body)["name"]) == (201, "Rex")
    assert mock.handle(Request("POST", "/pets", "", {"content-type": "application/json"}, b"{}")).status == 400
    assert mock.handle(Request("POST", "/pets", "", {"content-type": "text/csv"}, b"a")).status == 415
    converted = read_users(tmp_path / "own.json", Notes())
    assert list(OpenAPIV31SpecValidator(next(iter(converted.values()))).iter_errors()) == []


def test_yaml_means_what_json_can_say(tmp_path: Path) -> None:
    """`on`, `yes`, times and dates stay text; numbers, null and booleans are those of YAML 1.2."""
    text = yaml.safe_dump(document(responses=answers({"enum": ["PLACE"]})))
    mock = mock_of(tmp_path, text.replace("PLACE", "[on, yes, 22:30:00, 2026-11-21, 0o17, true, ~]"), "own.yaml")
    schema = mock.definitions.operations[-1].answers[200].schema
    assert schema["enum"] == [["on", "yes", "22:30:00", "2026-11-21", 15, True, None]]


def test_several_files_make_one_document(tmp_path: Path) -> None:
    """References lead to files of the folder, back again, and in circles; a parameter's object is read by its style."""
    (tmp_path / "parts").mkdir()
    tree = {"type": "object", "required": ["name"], "properties": {"name": {"type": "string"}, "next": {"$ref": "#"}}}
    (tmp_path / "parts" / "tree.json").write_text(json.dumps(tree), encoding="utf-8")
    deep = {"type": "object", "properties": {"color": {"type": "string"}, "size": {"type": "integer"}}}
    item = {
        "parameters": [{"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}],
        "get": {
            "parameters": [{"name": "by", "in": "query", "style": "deepObject", "schema": deep}],
            "responses": answers({"$ref": "tree.json#/"}),
        },
    }
    (tmp_path / "parts" / "item.json").write_text(json.dumps(item), encoding="utf-8")
    value = document()
    value["paths"] = {"/trees/{id}": {"$ref": "parts/item.json"}}
    mock = mock_of(tmp_path, value)
    answer = get(mock, "/trees/x", "by[color]=red&by[size]=2")
    assert (answer.status, "name" in json.loads(answer.body)) == (200, True)
    assert get(mock, "/trees/x", "by[size]=big").status == 400
    json.dumps(bundle(mock.definitions.documents, "1"))


@pytest.mark.parametrize(
    ("reference", "found"),
    [
        ("https://example.com/a.json", "a reference to the network"),
        ("../outside.json", "a reference out of the folder"),
        ("missing.json", "which is not a file"),
        pytest.param("9" * 20_000, "which is not a file", id="a name that no file has"),
        pytest.param(f"https://example.com/{'9' * 20_000}", "a reference to the network", id="a long URL"),
        ("#/components/schemas", "which leads to no schema"),
        ("#/components/schemas/Nobody", "there is no 'Nobody'"),
    ],
)
def test_references_that_lead_nowhere_are_refused(reference: str, found: str, tmp_path: Path) -> None:
    """What a reference may not lead to is named, with the place where it stands."""
    value = document(responses=answers({"$ref": reference}))
    value["components"] = {
        "schemas": {"A": {}},
        "parameters": {"p": {"name": "p", "in": "query", "schema": {"type": "string"}}},
    }
    with pytest.raises(DefinitionError, match=found) as error:
        mock_of(tmp_path, value)
    assert len(str(error.value)) < 2_000


def _nested(depth: int) -> Json:
    schema: Json = {"type": "string"}
    for _ in range(depth):
        schema = {"type": "array", "items": schema}
    return schema


HUGE = {
    "aliases": "a0: &a0 [x, x]\n" + "".join(f"a{i}: &a{i} [*a{i - 1}, *a{i - 1}]\n" for i in range(1, 60)),
    "circle": "jobs: &a [*a]",
    "deep": "a: " + "[" * 20_000,
}


@pytest.mark.parametrize("name", HUGE)
def test_what_grows_without_end_is_refused(name: str, tmp_path: Path) -> None:
    """Aliases of aliases, circles and depth are refused by name."""
    with pytest.raises(DefinitionError, match="found a file that is not YAML"):
        mock_of(tmp_path, HUGE[name], "own.yaml")


def test_a_tree_of_references_is_read_and_answered(tmp_path: Path) -> None:
    """References that make a tree of 2**30 parts, and patterns that take for ever, cost a bounded time."""
    value = document(parameters=[{"name": "q", "in": "query", "schema": {"type": "string", "pattern": "^(a|a)*$"}}])
    names = [f"S{index}" for index in range(31)]
    schemas = {name: {"allOf": [{"$ref": f"#/components/schemas/{after}"}] * 2} for name, after in pairwise(names)}
    value["components"] = {"schemas": {**schemas, names[-1]: {"type": "object"}}}
    value["paths"]["/things/{id}"]["get"]["responses"] = answers({"$ref": "#/components/schemas/S0"})
    mock = mock_of(tmp_path, value)
    assert get(mock, "/things/a").status == 200
    assert get(mock, "/things/a", "q=" + "a" * 40 + "b").status == 400


@pytest.mark.parametrize(
    ("member", "value"), [("x-switches", "x"), ("x-sources", 5), ("x-contradictions", {}), ("x-error", 1), ("x-job", [])]
)
def test_misplaced_extensions_are_no_tracebacks(member: str, value: Any, tmp_path: Path) -> None:
    """An extension with a value that it can't have is refused by name, or left out, wherever it stands."""
    for place in ((), ("info",), ("paths", "/things/{id}"), ("paths", "/things/{id}", "get")):
        changed = document()
        holder: Any = changed
        for part in place:
            holder = holder[part]
        holder[member] = value
        try:
            mock = mock_of(tmp_path, changed)
        except InputError:
            continue
        assert get(mock, "/things/a").status == 200


def test_what_makes_no_sense_is_left_out_with_a_note(tmp_path: Path) -> None:
    """Public documents have slips: each is named by its place, and the rest is served."""
    value = document(responses=answers({"type": "String", "required": True, "pattern": "[", "minLength": "3"}))
    value["paths"]["/a#b"] = {"get": {"responses": {"200": {"description": "ok"}}}}
    (tmp_path / "own.json").write_text(json.dumps(value), encoding="utf-8")
    notes = Notes()
    read_users(tmp_path / "own.json", notes)
    places = [note.pointer.rpartition("/")[2] for note in notes.all()]
    assert {"minLength", "pattern", "required", "type"} <= set(places)
    body = json.loads(get(mock_of(tmp_path, value), "/things/a").body)
    assert isinstance(body, str)
    assert len(body) >= 3


def test_one_s_own_operations_stand_beside_shipped_ones(tmp_path: Path) -> None:
    """An id that a shipped operation has gets a number; a request that a shipped operation takes stays its own."""
    value = document(operationId="ShowJobStatus")
    value["paths"]["/v3/projects"] = {"get": {"responses": {"200": {"description": "ok"}}}}
    (tmp_path / "own.json").write_text(json.dumps(value), encoding="utf-8")
    definitions = load([tmp_path / "own.json"])
    assert definitions.operation("ShowJobStatus-2").path == "/things/{id}"
    assert definitions.operation("KeystoneListProjects").service == "iam"


def test_anything_in_the_place_of_anything_is_read_or_refused(tmp_path: Path) -> None:
    """Whatever a member is replaced with: the document is refused by name, or its operations answer without a failure."""
    source = random.Random(14)
    odd: list[Any] = [
        None,
        5,
        "x",
        [],
        {},
        True,
        [1],
        {"$ref": "#/info"},
        {"$ref": "#"},
        -1,
        "a" * 300,
        {"type": "x"},
        [[]],
        1e300,
    ]
    base = document(parameters=[{"name": "id", "in": "path", "required": True, "schema": {"type": "string", "enum": ["a"]}}])
    base["components"] = {"schemas": {"A": {"allOf": [{"type": "object", "properties": {"b": {"type": "integer"}}}]}}}
    base["paths"]["/things/{id}"]["get"]["responses"]["200"]["content"]["application/json"]["schema"] = {
        "$ref": "#/components/schemas/A"
    }
    for _ in range(120):
        value = json.loads(json.dumps(base))
        for _ in range(source.randint(1, 2)):
            _replace_one(value, source, odd)
        (tmp_path / "own.json").write_text(json.dumps(value), encoding="utf-8")
        try:
            mock = Mock(Settings(auth="off"), definitions=alone(tmp_path / "own.json"))
        except InputError:
            continue
        answer = get(mock, "/things/a", "q=1")
        assert "the mock failed" not in (answer.problem or ""), value


def _replace_one(value: Json, source: random.Random, odd: list[Any]) -> None:
    places: list[tuple[Any, Any]] = []
    waiting: list[Any] = [value]
    while waiting:
        node = waiting.pop()
        children = list(node.items()) if isinstance(node, dict) else list(enumerate(node)) if isinstance(node, list) else []
        places += [(node, key) for key, _ in children]
        waiting += [child for _, child in children]
    node, key = source.choice(places)
    node[key] = source.choice(odd)


def test_members_are_called_as_keywords_are(tmp_path: Path) -> None:
    """A member named `default` or `enum` has a schema as any other: its references are followed."""
    value = document(responses=answers({"$ref": "#/components/schemas/Kinds"}))
    size = {"type": "object", "required": ["cpu"], "properties": {"cpu": {"type": "integer"}}}
    names = {name: {"$ref": "#/components/schemas/Size"} for name in ("default", "enum", "example", "const", "examples")}
    kinds = {"type": "object", "required": list(names), "properties": names}
    value["components"] = {"schemas": {"Kinds": kinds, "Size": size}}
    made = json.loads(get(mock_of(tmp_path, value), "/things/x").body)
    assert all(isinstance(made[name]["cpu"], int) for name in names)
    value["components"]["schemas"]["Kinds"]["properties"]["default"] = {"$ref": "#/components/schemas/Gone"}
    with pytest.raises(DefinitionError, match="there is no 'Gone'"):
        mock_of(tmp_path, value)


@pytest.mark.parametrize(
    ("schema", "good", "bad", "note"),
    [
        ({"type": "string", "pattern": "/^[a-z]+$/i"}, "ABC", "12", "without the slashes"),
        ({"type": "array", "enum": ["a", "b"], "items": {"type": "string"}}, ["a"], ["c"], "those of the items"),
        ({"type": "integer", "enum": ["1", "32"]}, 32, "1", "read as numbers"),
        ({"type": "integer", "enum": ["0 (plain)", "1 (fast)"]}, "1 (fast)", 1, "left out"),
        ({"type": "string", "format": "time"}, "21:25:45Z", "21:25:45", None),
    ],
)
def test_what_a_schema_clearly_means(tmp_path: Path, schema: Json, good: Any, bad: Any, note: str | None) -> None:
    """Slips that public documents have are read as meant, with a note; what is made up fits."""
    (tmp_path / "own.json").write_text(json.dumps(document(responses=answers(schema))), encoding="utf-8")
    notes = Notes()
    read_users(tmp_path / "own.json", notes)
    assert not note or any(note in str(entry) for entry in notes.all())
    definitions = alone(tmp_path / "own.json")
    judge = definitions.operations[-1].responses[200]
    assert (list(judge(good)), bool(list(judge(bad)))) == ([], True)
    answer = get(Mock(Settings(auth="off"), definitions=definitions), "/things/x")
    assert list(judge(json.loads(answer.body))) == []


@pytest.mark.parametrize(
    "pattern",
    [
        r"^(arn(:[a-z0-9]+([.-][a-z0-9]+)*){2}(:([a-z0-9]+([.-][a-z0-9]+)*)?){2}:([^/].*)?)$",
        r".*(^arn:aws:s3:::[a-z-]+$).*",
        r"^[^\x00-\x1f]{1,20}$",
        r"^(([a-z]+)+\.)+$",
    ],
)
def test_texts_that_match_are_made_soon_and_of_ordinary_characters(pattern: str) -> None:
    """Nested repetitions don't multiply, anchors in the middle are met, no control characters come out."""
    from mockserver.answers.made_texts import text_for
    from mockserver.definitions.json_regex import compile_pattern
    from mockserver.generate import Fake

    for seed in range(5):
        text = text_for(Fake(seed, "x"), "name", {"pattern": pattern, "maxLength": 1_600})
        assert compile_pattern(pattern).search(text)
        assert text.isprintable()
        assert len(text) < 400


def test_references_by_anchor_and_to_another_kind(tmp_path: Path) -> None:
    """`#name` leads to the schema with that `$anchor`; one to another kind is read as what it can mean, with a note."""
    value = document(responses={"200": {"$ref": "#/components/schemas/Thing"}})
    thing: Json = {"type": "object", "required": ["size", "why"], "properties": {"size": {"$ref": "#size"}}}
    thing["properties"]["why"] = {"$ref": "#/components/responses/Why"}
    value["components"] = {
        "schemas": {"Thing": thing, "Size": {"$anchor": "size", "type": "integer"}},
        "responses": {"Why": {"description": "Why."}},
    }
    (tmp_path / "own.json").write_text(json.dumps(value), encoding="utf-8")
    notes = Notes()
    read_users(tmp_path / "own.json", notes)
    texts = [str(note) for note in notes.all()]
    assert any("which is a schema; read as a response of that schema" in text for text in texts), texts
    assert any("which is a response; left out: any value" in text for text in texts), texts
    made = json.loads(get(mock_of(tmp_path, value), "/things/x").body)
    assert isinstance(made["size"], int)


@pytest.mark.parametrize("reference", ["https://x.example/sizes#small", "https://x.example/sizes#/$defs/Small", "#small"])
@pytest.mark.parametrize("visited_before", [True, False])
def test_references_by_the_id_of_a_schema(tmp_path: Path, reference: str, visited_before: bool) -> None:
    """`$id` names a schema of the document, whose parts a reference may call by anchor or pointer; nothing is fetched."""
    sizes: Json = {
        "$id": "https://x.example/sizes",
        "$defs": {"Small": {"$anchor": "small", "type": "integer", "minimum": 4}},
    }
    members: Json = {"all": {"$ref": "#/components/schemas/Sizes"}, "size": {"$ref": reference}}
    order = ["all", "size"] if visited_before else ["size", "all"]
    schema = {"type": "object", "required": ["size"], "properties": {name: members[name] for name in order}}
    value = document(responses={"200": {"description": "d", "content": {"application/json": {"schema": schema}}}})
    value["components"] = {"schemas": {"Sizes": sizes}}
    assert json.loads(get(mock_of(tmp_path, value), "/things/x").body)["size"] >= 4


def test_an_alias_of_yaml_is_an_operation_of_its_own(tmp_path: Path) -> None:
    """Two paths with one operation, by an alias: each gets an id."""
    text = """
openapi: 3.1.0
info: {title: Things, version: "1"}
paths:
  /one:
    get: &same
      responses: {"200": {description: ok, content: {application/json: {schema: {const: 1}}}}}
  /two:
    get: *same
"""
    mock = mock_of(tmp_path, text, "own.yaml")
    assert [operation.id for operation in mock.definitions.operations] == ["getOne", "getTwo"]


def test_a_users_plain_path_comes_before_a_shipped_one_with_names(tmp_path: Path) -> None:
    """`/instances/statistic` of a user's document isn't taken for the shipped `/instances/{instance_id}`."""
    path = "/v3/{project_id}/instances/statistic"
    (tmp_path / "own.json").write_text(json.dumps(document(path, responses=answers({"const": "mine"}))), encoding="utf-8")
    mock = Mock(Settings(auth="off"), definitions=load([tmp_path / "own.json"]))
    assert mock.handle(Request("GET", f"/v3/{'p' * 32}/instances/statistic", "", {})).body == b'"mine"'


def test_a_text_that_holds_json_is_made_as_its_schema_says(tmp_path: Path) -> None:
    """`contentMediaType` and `contentSchema`: a string with JSON in it."""
    inner = {"type": "object", "required": ["rows"], "properties": {"rows": {"type": "integer"}}}
    text = {"type": "string", "contentMediaType": "application/json", "contentSchema": inner}
    answer = get(mock_of(tmp_path, document(responses=answers(text))), "/things/x")
    assert isinstance(json.loads(json.loads(answer.body))["rows"], int)


def test_examples_that_their_schema_does_not_allow_are_noted(tmp_path: Path) -> None:
    """A start looks at the first ones and says whether there are more; none of them is answered."""
    media = {"schema": {"type": "integer"}, "examples": {name: {"value": name} for name in ("one", "two", "three")}}
    value = document(responses={"200": {"description": "ok", "content": {"application/json": media}}})
    mock = mock_of(tmp_path, value)
    notes = Notes()
    assert not check_examples(mock.definitions, notes, 2)
    assert [str(note).count("which its schema doesn't allow (at /: ") for note in notes.all()] == [1, 1]
    assert check_examples(mock.definitions, Notes(), 3) and check_examples(mock.definitions, Notes())
    assert isinstance(json.loads(get(mock, "/things/x").body), int)


def test_a_part_may_be_a_whole_document(tmp_path: Path) -> None:
    """What a document refers to in another OpenAPI document is read; that one's own paths are not served."""
    common = document("/other")
    common["components"] = {"schemas": {"Size": {"type": "integer"}}}
    (tmp_path / "common.json").write_text(json.dumps(common), encoding="utf-8")
    mock = mock_of(tmp_path, document(responses=answers({"$ref": "common.json#/components/schemas/Size"})))
    assert [operation.path for operation in mock.definitions.operations] == ["/things/{id}"]
    assert isinstance(json.loads(get(mock, "/things/x").body), int)


def test_an_object_comes_as_cookies(tmp_path: Path) -> None:
    """Each member of an exploded object is a cookie of its own, of its type; one object in a cookie goes as well."""
    schema = {"type": "object", "required": ["x"], "properties": {"x": {"type": "integer"}, "y": {"type": "string"}}}
    for explode, good, bad in ((True, "x=4; y=b", "x=four"), (False, "c=x,4,y,b", "c=y,b")):
        parameter = {"name": "c", "in": "cookie", "required": True, "explode": explode, "schema": schema}
        mock = mock_of(tmp_path, document("/things", parameters=[parameter]))
        assert get(mock, "/things", cookie=good).status == 200
        assert get(mock, "/things", cookie=bad).status == 400
        assert get(mock, "/things").status == 400
