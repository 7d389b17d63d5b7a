"""The shipped definitions: valid OpenAPI, each fact with its source, each contradiction settled, each switch of use."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from functools import cache
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator
from sample_requests import ALIKE, SAMPLES

import mockserver
from mockserver.definitions import Definitions, Operation, load
from mockserver.definitions.bundle import bundle
from mockserver.definitions.compile import METHODS
from mockserver.definitions.like import written_out
from mockserver.definitions.magic_ids import error_name, magic_id
from mockserver.definitions.node import Node, node_at
from mockserver.definitions.pointer import at, parts_of
from mockserver.jobs.clock import Clock
from mockserver.mock import Mock
from mockserver.model import Request, Response
from mockserver.package_data import folder
from mockserver.settings import Settings

Json = dict[str, Any]

SCHEMAS = folder("schemas")
FILES = [path for path in sorted(SCHEMAS.glob("*/*.json")) if not path.name.endswith(".schema.json")]
LEDGER = {
    f"{letter}-{n}" for letter, last in (("A", 13), ("E", 13), ("C", 12), ("T", 12), ("G", 14)) for n in range(1, last + 1)
}
STATUS_FIELDS = {
    "cdm": ("huaweicloud/cdm.json", "Submission", "status"),
    "dataarts": ("huaweicloud/dataartsstudio.json", "Row", "status"),
    "enos": ("enos/batch-processing.json", "TaskInstance", "status"),
    "taurusdb": ("huaweicloud/gaussdb.json", "Job", "status"),
    "tics": ("huaweicloud/tics.json", "TicsJobInstanceVo", "status"),
}
NEEDED = {"documented": {"source"}, "vendor-sdk": {"source"}, "analogous": {"source", "note"}, "invented": {"note"}}
NOW = 1_700_000_000_000

each_file = pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)


@pytest.fixture(scope="module")
def definitions() -> Definitions:
    return load()


def read(path: Path) -> Json:
    document: Json = json.loads(path.read_text(encoding="utf-8"))
    return document


def nodes(value: Any) -> Iterator[Json]:
    """Every object of a document that isn't part of an example's value."""
    if isinstance(value, dict):
        yield value
        for key, child in value.items():
            if key not in ("value", "example", "default", "const", "enum"):
                yield from nodes(child)
    elif isinstance(value, list):
        for child in value:
            yield from nodes(child)


def operations(definitions: Definitions) -> Iterator[Node]:
    """Where each operation stands."""
    for name in definitions.documents:
        for item in node_at(definitions.documents, name).members("paths").values():
            for method in METHODS:
                if method in item.value:
                    yield item / method


def properties(schema: Node, seen: set[str]) -> Iterator[Node]:
    """Every property that a schema declares, however deep, in strings that hold JSON too."""
    if schema.uri in seen or not isinstance(schema.value, dict):
        return
    seen.add(schema.uri)
    for place in schema.members("properties").values():
        yield place
        yield from properties(place, seen)
    for keyword in ("items", "contentSchema", "additionalProperties", "if", "then", "else", "not"):
        if keyword in schema.value:
            yield from properties(schema / keyword, seen)
    for keyword in ("allOf", "anyOf", "oneOf"):
        for index in range(len(schema.value.get(keyword, ()))):
            yield from properties(schema / keyword / index, seen)


def facts(definitions: Definitions) -> Iterator[tuple[str, Node]]:
    """Every fact that must have a provenance, by kind."""
    seen = set[str]()
    for operation in operations(definitions):
        for index in range(len(operation.value.get("parameters", ()))):
            yield "parameter", operation / "parameters" / index
        for response in operation.members("responses").values():
            yield "response", response
            yield from (("header", place) for place in response.members("headers").values())
            if "content" in response.value:
                content = response / "content" / "application/json"
                yield from (("property", place) for place in properties(content / "schema", seen))
                for place in content.members("examples").values():
                    yield "error" if "x-error" in place.value else "example", place
        if "x-job" in operation.value:
            job = operation / "x-job"
            yield from (("state", place) for place in job.members("states").values())
            yield from (("transition", place) for place in job.members("transitions").values())
            yield from (("life", place) for place in job.members("lives").values())
    for name in definitions.documents:
        document = node_at(definitions.documents, name)
        yield from (("switch", place) for place in document.members("x-switches").values())
        for index in range(len(document.get("x-contradictions", ()))):
            yield "contradiction", document / "x-contradictions" / index


def contradictions(definitions: Definitions) -> list[Json]:
    return [entry for document in definitions.documents.values() for entry in document.get("x-contradictions", ())]


def pairs_once(pairs: list[tuple[str, Any]]) -> Json:
    doubled = [key for key, count in Counter(key for key, _ in pairs).items() if count > 1]
    assert not doubled, f"keys that stand twice in one object: {doubled}"
    return dict(pairs)


@each_file
def test_documents_are_valid_openapi(path: Path) -> None:
    """Each document, its `x-like` entries written out, is OpenAPI 3.1 by a validator that isn't the mock's own."""
    name = path.relative_to(SCHEMAS).as_posix()
    document = written_out({**load().documents, name: read(path)})[name]
    assert list(OpenAPIV31SpecValidator(document, base_uri=path.as_uri()).iter_errors()) == []


def test_the_openapi_validator_follows_references() -> None:
    """The validator would notice a reference to nowhere in a neighbouring file: that it finds nothing says something."""
    path = SCHEMAS / "huaweicloud" / "cdm.json"
    text = path.read_text(encoding="utf-8").replace(
        "gateway.json#/components/responses/401", "gateway.json#/components/responses/499"
    )
    with pytest.raises(Exception, match="499"):
        list(OpenAPIV31SpecValidator(json.loads(text), base_uri=path.as_uri()).iter_errors())


@each_file
def test_documents_have_no_key_twice(path: Path) -> None:
    """JSON readers keep the last of two equal keys: there must not be two."""
    json.loads(path.read_text(encoding="utf-8"), object_pairs_hook=pairs_once)


@each_file
def test_schemas_are_valid(path: Path) -> None:
    """Each schema is JSON Schema 2020-12, its patterns included."""
    document = read(path)
    schemas = [*document.get("components", {}).get("schemas", {}).values()]
    schemas += [node["schema"] for node in nodes(document) if isinstance(node.get("schema"), dict)]
    assert schemas or path.stem == "control"
    for schema in schemas:
        Draft202012Validator.check_schema(schema, format_checker=Draft202012Validator.FORMAT_CHECKER)


def test_the_shape_of_definitions_is_a_valid_schema() -> None:
    """The schema that documents are checked against is JSON Schema 2020-12 itself."""
    for path in SCHEMAS.glob("*/*.schema.json"):
        Draft202012Validator.check_schema(read(path), format_checker=Draft202012Validator.FORMAT_CHECKER)


def test_every_fact_has_a_complete_provenance(definitions: Definitions, record_property: Any) -> None:
    """Parameters, properties, answers, errors, switches, contradictions, states: each says where it comes from."""
    counted: Counter[str] = Counter()
    for kind, place in facts(definitions):
        counted[kind] += 1
        provenance = place.inherited("x-provenance")
        assert isinstance(provenance, dict), f"{place.uri} has no provenance"
        assert provenance["kind"] in NEEDED, place.uri
        for member in NEEDED[provenance["kind"]]:
            assert provenance.get(member), f"{place.uri} is {provenance['kind']} and has no {member}"
        if "source" in provenance:
            source = definitions.documents[place.name]["x-sources"].get(provenance["source"])
            assert source, f"{place.uri} comes from {provenance['source']!r}, which x-sources doesn't have"
            assert source["title"]
    record_property("facts", dict(counted))
    kinds = {"parameter", "property", "header", "response", "example", "error"}
    assert set(counted) == kinds | {"switch", "contradiction", "state", "transition", "life"}
    assert counted["property"] > 100
    assert counted["contradiction"] == len(LEDGER)


def test_every_contradiction_is_settled_once(definitions: Definitions) -> None:
    """The 64 contradictions that were found each stand in one document, with what the mock chose or a switch for it."""
    entries = contradictions(definitions)
    assert Counter(entry["id"] for entry in entries) == Counter(LEDGER)
    assert len(LEDGER) == 64
    assert all(entry.get("choice") or entry.get("switch") for entry in entries)
    assert all(entry["found"] for entry in entries)


def test_contradictions_stand_in_their_service_s_document(definitions: Definitions) -> None:
    """A ledger id's letter tells the service, so that an entry is found where it belongs."""
    letters = {"A": "dataarts", "E": "enos", "C": "cdm", "T": "tics", "G": "taurusdb"}
    for document in definitions.documents.values():
        for entry in document.get("x-contradictions", ()):
            assert document["x-service"]["name"] == letters[entry["id"][0]]


def test_every_switch_is_used(definitions: Definitions) -> None:
    """A switch's name stands in the code, in an error that it gives a status or message, or in what it makes required."""
    code = "\n".join(path.read_text(encoding="utf-8") for path in Path(mockserver.__file__).parent.rglob("*.py"))
    errors = [
        node["x-error"] for document in definitions.documents.values() for node in nodes(document) if "x-error" in node
    ]
    in_errors = {error.get("switch") for error in errors} | {error.get("messages", {}).get("switch") for error in errors}
    in_conditions = {switch for operation in definitions.operations for switch, _ in operation.required_if.values()}
    used = in_errors | in_conditions
    assert [name for name in definitions.switches if f'"{name}"' not in code and name not in used] == []


def probes(operation: Operation) -> Iterator[Request]:
    """Requests whose answers show what a switch changes: plain ones, ones that lack things, and all of the errors."""
    plain = plain_request(operation)
    yield plain
    yield Request(plain.method, plain.path, "", plain.headers, plain.body)
    yield Request(plain.method, plain.path, plain.query, {**plain.headers, "content-type": "application/json"}, plain.body)
    for example in operation.errors():
        yield Request(
            plain.method, plain.path, plain.query, {**plain.headers, "prefer": f"example={example.name}"}, plain.body
        )


def plain_request(operation: Operation) -> Request:
    """A request that the operation serves."""
    path = operation.path.format_map(
        {**SAMPLES, "project_id": "a" * 32, "cluster_id": "c", "task_id": "7", "league_id": "l"}
    )
    query = {
        "GetTaskInstance": "taskInstId=load&userId=u&orgId=o&action=get",
        "ShowInstanceInfos": f"job_name=load&start_time=0&end_time={NOW}&offset=0&limit=5",
        "ShowGaussMySqlJobInfo": "id=load",
        "ListInstanceHistory": "offset=0&limit=5",
    }
    bodies = {
        "GetAccessToken": {"appKey": "app", "encryption": "0" * 64, "timestamp": NOW},
        "RefreshAccessToken": {"appKey": "app", "encryption": "0" * 64, "timestamp": NOW, "accessToken": "t"},
        "KeystoneCreateUserTokenByPassword": {
            "auth": {
                "identity": {
                    "methods": ["password"],
                    "password": {"user": {"name": "u", "password": "p", "domain": {"name": "d"}}},
                }
            }
        },
    }
    body = json.dumps(bodies[operation.id]).encode() if operation.id in bodies else b""
    headers = {"x-auth-token": "t", "apim-accesstoken": "t", "instance": "a" * 32}
    return Request(operation.method, path, query.get(operation.id, ""), headers, body)


def shown(definitions: Definitions, switches: Mapping[str, str]) -> list[Response]:
    """What a mock with these switches answers to all probes, from a job's first moment to its end."""
    clock = Clock(NOW, 0.0)
    mock = Mock(Settings(switches=switches), clock, definitions)
    acting = [item for item in definitions.operations if item.action and item.action.do not in ("read", "list")]
    reading = [item for item in definitions.operations if item not in acting]
    acting = [item for item in acting if item.id not in ALIKE]
    answers = []
    for seconds in (0, 20, 3_600):
        clock.advance(seconds)
        answers += [mock.handle(probe) for operation in reading for probe in probes(operation)]
    return answers + [mock.handle(probe) for operation in acting for probe in probes(operation)]  # they change the jobs


@cache
def shown_by_default() -> list[Response]:
    """What a mock without switches answers to all probes."""
    return shown(load(), {})


@pytest.mark.parametrize(
    "switch", [pytest.param(name, marks=pytest.mark.exhaustive if n % 3 else ()) for n, name in enumerate(load().switches)]
)
def test_every_value_of_a_switch_changes_an_answer(switch: str, definitions: Definitions) -> None:
    """Whatever two values of a switch are compared, some request gets another answer."""
    default = definitions.switches[switch].default
    answers = {
        value: shown_by_default() if value == default else shown(definitions, {switch: value})
        for value in definitions.switches[switch].values
    }
    assert len(answers) > 1
    for one, other in combinations(answers, 2):
        changed = sum(left != right for left, right in zip(answers[one], answers[other], strict=True))
        assert changed, f"{switch} {one} and {other} answer alike"
        assert changed < len(answers[one]), "not every answer hangs on one switch"


def test_defaults_are_what_is_answered_without_switches(definitions: Definitions) -> None:
    """Naming the default of every switch changes no made-up answer and no error."""
    defaults = {name: switch.default for name, switch in definitions.switches.items()}
    assert shown(definitions, defaults) == shown_by_default()


@pytest.mark.parametrize("service", list(STATUS_FIELDS))
def test_documented_examples_are_the_fixtures(service: str, definitions: Definitions) -> None:
    """The documented example is what the fixture, another copy of the vendor's page, has: byte for byte."""
    fixture = read(folder("fixtures") / "documented" / f"{service}.json")
    operation = definitions.operation_of(service)
    example = operation.examples["documented"]
    assert (fixture["operation"], fixture["response"]["status"]) == (operation.id, example.statuses[0])
    assert json.dumps(example.value, ensure_ascii=False) == json.dumps(fixture["response"]["body"], ensure_ascii=False)


@pytest.mark.parametrize("service", list(STATUS_FIELDS))
def test_every_status_is_a_state(service: str, definitions: Definitions) -> None:
    """The values of a status field are the states of its jobs, no more and no fewer; every state is in some life."""
    job = definitions.operation_of(service).job
    name, schema, field = STATUS_FIELDS[service]
    node = definitions.documents[name]["components"]["schemas"][schema]["properties"][field]
    assert job is not None
    assert set(node["enum"]) == {state.code for state in job.states.values()}
    assert len(node["enum"]) == len(job.states)
    assert {state for life in job.lives.values() for state, _ in life.steps} == set(job.states)


def test_enos_names_each_status(definitions: Definitions) -> None:
    """EnOS's stsDesc has the name of every state, and the description of status has each code beside its name."""
    job = definitions.operation_of("enos").job
    fields = definitions.documents["enos/batch-processing.json"]["components"]["schemas"]["TaskInstance"]["properties"]
    assert job is not None
    assert set(fields["stsDesc"]["enum"]) == set(job.states)
    assert all(
        re.search(rf"(?<!\S){state.code} {name}\b", fields["status"]["description"]) for name, state in job.states.items()
    )


def test_states_end_where_nothing_follows(definitions: Definitions) -> None:
    """A state is terminal exactly where no transition leads out of it, and every other one can be left."""
    for operation in definitions.operations:
        if operation.job:
            for name, state in operation.job.states.items():
                assert state.terminal == (not operation.job.transitions[name]), f"{operation.id} {name}"


def test_magic_ids_are_unique(definitions: Definitions) -> None:
    """Each error of an operation has a magic id of its own, which leads back to it."""
    for operation in definitions.operations:
        ids = [magic_id(operation, example.name) for example in operation.errors()]
        if set(ids) == {None}:
            continue  # none of its parameters can hold one: they are numbers, or what it makes has no name yet
        assert len(set(ids)) == len(ids) > 10
        assert [error_name(found or "") for found in ids] == [example.name for example in operation.errors()]


def test_example_names_are_unique(definitions: Definitions) -> None:
    """A name that stands under several statuses of an operation is one and the same example."""
    for operation in operations(definitions):
        result: dict[str, set[str]] = {}
        for response in operation.members("responses").values():
            if "content" in response.value:
                for name, place in (response / "content" / "application/json").members("examples").items():
                    result.setdefault(name, set()).add(place.uri)
        assert all(len(uris) == 1 for uris in result.values())


def test_every_error_of_a_catalogue_can_be_asked_for(definitions: Definitions) -> None:
    """No error stands in a document that no operation gives."""
    asked = {place.uri for kind, place in facts(definitions) if kind == "error"}
    for name in definitions.documents:
        components = node_at(definitions.documents, name) / "components"
        assert {place.uri for place in components.members("examples").values() if "x-error" in place.value} <= asked


def _texts(value: Any) -> Iterator[str]:
    for child in value.values():
        yield from _texts(child) if isinstance(child, dict) else [str(child)]


def test_errors_show_what_they_say(definitions: Definitions) -> None:
    """An error's sample body holds the code and the message that the mock would send."""
    for operation in definitions.operations:
        for example in operation.errors():
            error: Mapping[str, Any] = example.error or {}
            parts = re.split(r"{\w+}", error["message"])
            message = re.compile(".+".join(map(re.escape, parts)))
            texts = list(_texts(example.value))
            assert error["code"] in texts, f"{operation.id} {example.name}"
            assert not error["message"] or any(message.fullmatch(text) for text in texts), f"{operation.id} {example.name}"


def test_every_reference_of_the_bundle_leads_to_something_that_is_no_reference(definitions: Definitions) -> None:
    """In the one document of all services no reference is broken, and none leads back to itself."""
    merged = bundle(definitions.documents, "1")

    def follow(node: Any, seen: tuple[str, ...] = ()) -> None:
        if isinstance(node, dict) and isinstance(node.get("$ref"), str):
            assert node["$ref"] not in seen, node["$ref"]
            follow(at(merged, parts_of(node["$ref"].removeprefix("#"))), (*seen, node["$ref"]))

    def visit(node: Any) -> None:
        follow(node)
        for child in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
            visit(child)

    visit(merged["paths"])
    visit(merged["components"])
    assert {"X-Auth-Token", "SDK-HMAC-SHA256", "apim-accesstoken"} <= set(merged["components"]["securitySchemes"])
