"""`mockserver diff`: every rule fires, nothing fires for nothing, and no document makes it fall over."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from diff_cases import CASES, CDM, DATAARTS, GATEWAY, RECORDED, SHIPPED, TAURUS, TICS, Documents, documents_of, edit
from hypothesis import given, settings
from hypothesis import strategies as st
from sdk_clients import Server

from mockserver.cli import main
from mockserver.definitions import load
from mockserver.definitions.bundle import bundle
from mockserver.definitions.pointer import at, parts_of
from mockserver.diff import LEVELS, RULES, Change, Source, at_least, compare
from mockserver.diff.reports import REPORTS, rules_table
from mockserver.diff.schema_from_recording import inferred
from mockserver.errors import InputError
from mockserver.exchanges.exchange import Exchange

ROOT = Path(__file__).parents[2]
NAMES = [name for name, document in SHIPPED.documents.items() if document.get("paths")]
MIRRORS = {
    "operation-removed": "operation-added",
    "http-status-removed": "http-status-added",
    "success-status-removed": "http-status-added",
    "status-value-removed": "status-value-added",
    "terminal-status-removed": "terminal-status-added",
    "status-became-terminal": "status-left-terminal",
    "member-removed": "member-added",
    "member-became-required": "member-became-optional",
    "nullable-removed": "nullable-added",
    "type-narrowed": "type-widened",
    "format-narrowed": "format-widened",
    "pattern-narrowed": "pattern-widened",
    "range-narrowed": "range-widened",
    "value-removed": "value-added",
    "values-closed": "values-opened",
    "alternative-removed": "alternative-added",
    "embedded-json-folded": "embedded-json-unfolded",
    "embedded-json-declared": "embedded-json-dropped",
    "parameter-became-optional": "parameter-became-required",
    "parameter-widened": "parameter-narrowed",
    "page-size-raised": "page-size-lowered",
    "request-body-optional": "request-body-required",
    "request-media-type-added": "request-media-type-removed",
    "request-member-optional": "request-member-required",
    "request-widened": "request-narrowed",
    "body-added": "body-removed",
    "media-type-removed": "media-type-added",
    "header-added": "header-removed",
    "visible-sooner": "visible-later",
    "kept-longer": "kept-shorter",
    "error-code-removed": "error-code-added",
    "error-status-removed": "error-status-added",
    "job-life-added": "job-life-removed",
    "transition-removed": "transition-shortened",
}
"""Each the reverse of the other; where several are the reverse, one that the case makes."""


def _some(step: int) -> list[Any]:
    """Every so-manieth case in the quick run, all in the exhaustive one."""
    return [
        pytest.param(code, marks=() if index % step == 0 else pytest.mark.exhaustive)
        for index, code in enumerate(sorted(CASES))
    ]


@cache
def changes_of(code: str, reverse: bool = False) -> list[Change]:
    """What the edit of a case makes of the shipped definitions, or the way back."""
    changed = edit(CASES[code])
    new = Source("new", changed.new)
    old = Source("old", changed.old)
    return compare(new, old) if reverse else compare(old, new)


def codes(changes: list[Change]) -> set[str]:
    return {change.code for change in changes}


@pytest.mark.parametrize("code", _some(5))
def test_each_rule_fires_where_it_should(code: str) -> None:
    """The edit that a rule is about makes a change of this code, at places that exist in both documents."""
    changed = edit(CASES[code])
    changes = [change for change in changes_of(code) if change.code == code]
    assert changes, codes(changes_of(code))
    for change in changes:
        for side, place in ((changed.old, change.old_at), (changed.new, change.new_at)):
            name, _, pointer = place.partition("#")
            at(side[name], parts_of(pointer))
        assert change.level == RULES[code].level
        assert change.why == RULES[code].why


def test_every_rule_has_a_case() -> None:
    """No rule stands in the table that no edit and no recording can fire, and no case is for a rule that isn't there."""
    assert CASES.keys() | RECORDED.keys() == RULES.keys()


@pytest.mark.parametrize("code", _some(20))
def test_a_harmless_edit_makes_nothing_worse(code: str) -> None:
    """What is meant to be harmless makes no risky and no breaking change beside it."""
    if RULES[code].level == "harmless":
        assert not at_least(changes_of(code), "risky")


@pytest.mark.parametrize("code", _some(20))
def test_the_way_back_is_a_change_too(code: str) -> None:
    """diff(B, A) is never empty where diff(A, B) isn't, and says the reverse where there is one."""
    back = changes_of(code, reverse=True)
    assert back
    if code in MIRRORS:
        assert MIRRORS[code] in codes(back)
    sources = [one for one, other in MIRRORS.items() if other == code]
    if sources and code != "http-status-added":
        assert codes(back) & set(sources)


def test_a_document_is_the_same_as_itself() -> None:
    """No shipped document has a change against a copy of itself."""
    assert compare(SHIPPED, Source("copy", copy.deepcopy(dict(SHIPPED.documents)))) == []


@pytest.mark.parametrize("vendor", sorted({name.partition("/")[0] for name in SHIPPED.documents}))
def test_a_vendor_s_documents_are_the_same_as_themselves(vendor: str) -> None:
    """Beside each other alone, too."""
    alone = {key: value for key, value in SHIPPED.documents.items() if key.startswith(vendor)}
    assert compare(Source("a", alone), Source("b", copy.deepcopy(alone))) == []


@pytest.mark.exhaustive
def test_the_bundled_document_is_the_same_as_the_shipped_ones() -> None:
    """/_mock/openapi.json, whose components have other names, has no change against the definitions, either way."""
    whole = Source("bundle", {"openapi.json": bundle(dict(SHIPPED.documents), "1")})  # type: ignore[arg-type]
    assert compare(SHIPPED, whole) == []
    assert compare(whole, SHIPPED) == []


def test_what_operations_share_is_one_change() -> None:
    """A change in the gateway's error is told once, with all the operations that refer to it."""
    old = Source("old", documents_of(CDM, DATAARTS, TAURUS, TICS))
    changed = copy.deepcopy(dict(old.documents))
    at(changed["huaweicloud/gateway.json"], ["components", "schemas", "GatewayError", "properties"]).pop("error_code")
    (found,) = [c for c in compare(old, Source("new", changed)) if c.code == "error-envelope-changed"]
    assert {"ShowJobStatus", "ShowInstanceInfos", "ShowGaussMySqlJobInfo", "ListInstanceHistory"} <= set(found.operations)
    assert found.old_at == "huaweicloud/gateway.json#/components/schemas/GatewayError/properties/error_code"


def test_a_status_in_the_life_and_in_the_schema_is_told_once() -> None:
    """A new status of x-job and of the schema's enum is one change of the life; calls without a life tell the value."""
    old = Source("old", documents_of(CDM))
    changed = copy.deepcopy(dict(old.documents))
    cdm = changed["huaweicloud/cdm.json"]
    at(cdm, ["components", "schemas", "Submission", "properties", "status", "enum"]).append("PAUSED")
    job = next(item["get"]["x-job"] for path, item in cdm["paths"].items() if path.endswith("/status"))
    job["states"]["PAUSED"] = {"summary": "paused", "terminal": True}
    job["transitions"]["RUNNING"].append("PAUSED")
    assert codes(compare(old, Source("new", changed))) == {"terminal-status-added", "status-value-added"}


def test_json_in_strings_is_compared_at_every_level() -> None:
    """A member two strings deep in DataArts' answer is found, and the place says how to get there."""
    old = Source("old", documents_of(DATAARTS))
    changed = copy.deepcopy(dict(old.documents))
    schemas = changed["huaweicloud/dataartsstudio.json"]["components"]["schemas"]
    row = schemas["Row"]["properties"]["runningParam"]
    inner = row["contentSchema"]
    while "$ref" in inner:
        inner = at(changed["huaweicloud/dataartsstudio.json"], parts_of(inner["$ref"].partition("#")[2]))
    del inner["properties"]["total"]
    inner["required"] = [name for name in inner["required"] if name != "total"]
    (found,) = compare(old, Source("new", changed))
    assert found.code == "member-removed"
    assert found.at == "response 200 /body (embedded)/rows/*/runningParam (embedded)/total"


def document(schema: Any, version: str = "3.1.0", **more: Any) -> Documents:
    """Somebody's document with one operation, which answers by this schema."""
    content = {"application/json": {"schema": {"$ref": "#/components/schemas/Answer"}}}
    operation = {"operationId": "Show", "responses": {"200": {"description": "", "content": content}}}
    components = {"schemas": {"Answer": schema, **more}}
    head = {"openapi": version, "info": {"title": "t", "version": "1"}, "paths": {"/jobs/{id}": {"get": operation}}}
    return {"openapi.json": {**head, "components": components}}


def of_schemas(old: Any, new: Any, **more: Any) -> set[str]:
    return codes(compare(Source("old", document(old, **more)), Source("new", document(new, **more))))


def test_cycles_end() -> None:
    """Schemas that lead back into themselves, by one step or several, or in allOf, are compared to the end."""
    node = {"type": "object", "properties": {"next": {"$ref": "#/components/schemas/Answer"}, "n": {"type": "integer"}}}
    other = copy.deepcopy(node)
    other["properties"]["n"] = {"type": "string"}  # type: ignore[index]
    assert of_schemas(node, node) == set()
    assert of_schemas(node, other) == {"type-changed"}
    far = {"allOf": [{"$ref": "#/components/schemas/Far"}]}
    deep = {
        "Far": {
            "type": "object",
            "properties": {"list": {"type": "array", "items": {"$ref": "#/components/schemas/Answer"}}},
        }
    }
    assert of_schemas(far, node, **deep) == {"member-removed", "member-added"}
    with pytest.raises(InputError, match="reference to itself"):
        of_schemas({"allOf": [{"$ref": "#/components/schemas/Answer"}]}, {})


def test_many_shared_references_take_no_time() -> None:
    """Thirty schemas, each of which names the next one twice, are compared once each."""
    many = {
        f"S{n}": {"type": "object", "properties": {k: {"$ref": f"#/components/schemas/S{n + 1}"} for k in ("a", "b")}}
        for n in range(30)
    } | {"S30": {"type": "string"}}
    first = {"$ref": "#/components/schemas/S0"}
    assert of_schemas(first, first, **many) == set()


@pytest.mark.parametrize(
    ("old", "new", "wanted"),
    [
        ({"type": "string", "nullable": True}, {"type": ["string", "null"]}, set()),
        ({"anyOf": [{"type": "string"}, {"type": "null"}]}, {"type": ["string", "null"]}, set()),
        ({"allOf": [{"type": "object", "properties": {"a": {}}}]}, {"type": "object", "properties": {"a": {}}}, set()),
        ({"const": 1}, {"enum": [1], "type": "integer"}, set()),
        ({"const": None}, {"type": "null"}, set()),
        ({"if": {"const": None}, "then": False}, {"if": {"type": "null"}, "then": False}, set()),
        ({"type": "array"}, {"type": "array", "items": {}}, set()),
        ({"type": "array"}, {"type": "array", "items": {"type": "string"}}, {"type-narrowed"}),
        ({"enum": [1]}, {"enum": [True]}, {"type-changed"}),
        ({"type": "integer"}, {"type": "number"}, {"type-widened"}),
        ({"type": "integer"}, {"oneOf": [{"type": "integer"}, {"type": "string"}]}, {"alternative-added"}),
        ({"oneOf": [{"type": "integer"}, {"type": "string"}]}, {"type": "integer"}, {"alternative-removed"}),
        ({"type": "string", "enum": ["CANCELED"]}, {"type": "string", "enum": ["CANCELLED"]}, {"value-renamed"}),
        ({"properties": {"jobId": {"type": "string"}}}, {"properties": {"job_id": {"type": "string"}}}, {"member-renamed"}),
        ({"properties": {"a": {"type": "string"}}}, {"properties": {"zz": {}}}, {"member-removed", "member-added"}),
    ],
)  # fmt: skip
def test_the_same_said_otherwise_is_no_change(old: Any, new: Any, wanted: set[str]) -> None:
    """OpenAPI 3.0's nullable, allOf, const, single alternatives are read for what they mean; renames are told as such."""
    assert of_schemas(old, new) - {"docs-changed"} == wanted  # that the text differs at all


def _paths_of(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(found for key, child in inner for found in _paths_of(child, (*path, key)))]


PATHS = {name: [path for path in _paths_of(SHIPPED.documents[name]) if path] for name in NAMES}
VALUES: list[Any] = [
    None,
    True,
    0,
    -1,
    1.5,
    "",
    "x",
    "integer",
    [],
    ["a"],
    {},
    {"$ref": "#/nowhere"},
    {"$ref": "#"},
    {"type": 7},
]


EDITS = st.lists(st.tuples(st.randoms(use_true_random=False), st.sampled_from([*VALUES, ...])), max_size=3, min_size=1)


@settings(max_examples=12, deadline=None)
@given(EDITS)
def test_random_edits_of_a_document_never_crash_it(edits: list[Any]) -> None:
    """Whatever is put wherever in one small document: a list of changes, not empty if they differ, or an InputError."""
    _check_edited({name: SHIPPED.documents[name] for name in (CDM, GATEWAY)}, CDM, edits)


@pytest.mark.exhaustive
@settings(max_examples=60, deadline=None)
@given(st.sampled_from(NAMES), EDITS)
def test_random_edits_never_crash_it(name: str, edits: list[Any]) -> None:
    """The same in any of all shipped documents."""
    _check_edited(SHIPPED.documents, name, edits)


def _check_edited(documents: Mapping[str, Any], name: str, edits: list[Any]) -> None:
    shipped = Source("shipped", documents)
    changed: dict[str, Any] = copy.deepcopy(dict(documents))
    for random, value in edits:
        path = random.choice(PATHS[name])
        try:
            holder = at(changed[name], map(str, path[:-1]))
            if value is ...:
                del holder[path[-1]]
            else:
                holder[path[-1]] = copy.deepcopy(value)
        except (KeyError, IndexError, TypeError):
            continue
    same = json.dumps(changed, sort_keys=True) == json.dumps(documents, sort_keys=True)
    for old, new in ((shipped, Source("new", changed)), (Source("new", changed), shipped)):
        try:
            changes = compare(old, new)
        except InputError:
            continue
        assert same == (not changes)
        for report in REPORTS.values():
            assert report(changes, old, new)


@pytest.mark.parametrize("code", sorted(RECORDED))
def test_recordings_fire_their_rules(code: str) -> None:
    """What can be seen in recordings alone is told by rules of their own, and by the documents' where it is the same."""
    old, new = RECORDED[code]
    definitions = load()
    changes = compare(inferred("a.jsonl", old, definitions), inferred("b.jsonl", new, definitions))
    assert code in codes(changes), codes(changes)


def test_a_recording_is_the_same_as_itself() -> None:
    """No recording has a change against itself."""
    definitions = load()
    for pair in RECORDED.values():
        for exchanges in pair:
            source = inferred("a.jsonl", exchanges, definitions)
            assert compare(source, source) == []


def test_the_order_of_a_recording_is_that_of_its_times() -> None:
    """Transitions are read in the order of time, whatever the order of lines."""
    old, _ = RECORDED["terminal-status-added"]
    definitions = load()
    backwards: list[Exchange] = list(reversed(old))
    assert compare(inferred("a", old, definitions), inferred("a", backwards, definitions)) == []


# The command


@pytest.fixture
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of the test's own with a document in it, old.json."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "old.json").write_text(json.dumps(document({"type": "string"})["openapi.json"]), encoding="utf-8")
    return tmp_path


Write = Callable[[str, Any], str]


@pytest.fixture
def write(alone: Path) -> Write:
    def write(name: str, value: Any) -> str:
        path = alone / name
        path.parent.mkdir(exist_ok=True)
        dumped = yaml.safe_dump(value) if name.endswith("yaml") else json.dumps(value)
        path.write_text(value if isinstance(value, str) else dumped, encoding="utf-8")
        return name

    return write


@pytest.mark.parametrize(
    ("new", "level", "status"),
    [
        ({"type": "string"}, "harmless", 0),
        ({"type": "string", "description": "d"}, "harmless", 1),
        ({"type": "string", "description": "d"}, "risky", 0),
        ({"type": "string", "not": {"const": ""}}, "risky", 1),
        ({"type": "string", "not": {"const": ""}}, "breaking", 0),
        ({"type": "integer"}, "breaking", 1),
        ({"type": "integer"}, "harmless", 1),
    ],
)
def test_the_exit_status_is_what_fail_on_says(write: Write, new: Any, level: str, status: int) -> None:
    """1 for a change of the class or a worse one, else 0."""
    write("new.yaml", document(new)["openapi.json"])
    assert main(["diff", "old.json", "new.yaml", "--fail-on", level]) == status


def test_breaking_changes_fail_by_default(write: Write) -> None:
    """Without --fail-on, only breaking changes give 1."""
    write("new.json", document({"type": "integer"})["openapi.json"])
    assert main(["diff", "old.json", "new.json"]) == 1
    write("new.json", document({"type": "string", "not": {}})["openapi.json"])
    assert main(["diff", "old.json", "new.json"]) == 0


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("none.json", None, "doesn't exist"),
        ("list.json", [1], "found a list"),
        ("broken.json", "{", "not JSON"),
        ("broken.yaml", "a: [", "not YAML"),
        ("text.txt", "hello", r"\*\.txt"),
        ("swagger.json", {"swagger": "1.2"}, "swagger '1.2'"),
        ("other.json", {"a": 1}, "no member 'openapi'"),
        ("ref.json", document({"$ref": "#/components/schemas/No"})["openapi.json"], "No"),
        ("far.json", document({"$ref": "https://example.com/a.json"})["openapi.json"], "example.com"),
        ("paths.json", {"openapi": "3.1.0", "paths": []}, "#/paths: found"),
        ("folder/readme.md", "text", "without definitions"),
        ("run.jsonl", "{}", "one is a recording"),
    ],
)
def test_what_cannot_be_compared_is_2(
    write: Write, capsys: pytest.CaptureFixture[str], name: str, value: Any, said: str
) -> None:
    """A wrong file gives 2, and a message that names it, what was found and what is allowed."""
    if value is not None:
        write(name, value)
    for pair in (("old.json", name.partition("/")[0]), (name.partition("/")[0], "old.json")):
        assert main(["diff", *pair]) == 2
        error = capsys.readouterr().err
        assert re.search(said, error), error
        assert name.partition("/")[0] in error


def test_a_url_that_does_not_answer_is_2(capsys: pytest.CaptureFixture[str]) -> None:
    """An address without a server gives 2, and names the address."""
    assert main(["diff", "shipped", "http://127.0.0.1:9/_mock/openapi.json"]) == 2
    assert "http://127.0.0.1:9/_mock/openapi.json" in capsys.readouterr().err


def test_a_running_mock_is_as_shipped(server: Server, capsys: pytest.CaptureFixture[str]) -> None:
    """The document that a real server answers has no change against the shipped definitions."""
    assert main(["diff", "shipped", f"{server.url}/_mock/openapi.json", "--fail-on", "harmless"]) == 0
    assert "no change" in capsys.readouterr().out


def test_a_folder_is_as_shipped_and_a_file_takes_what_is_beside_it(capsys: pytest.CaptureFixture[str]) -> None:
    """The folder schemas/ is what is shipped; one document of it brings those that it refers to."""
    assert main(["diff", str(ROOT / "schemas"), "shipped", "--fail-on", "harmless"]) == 0
    file = str(ROOT / "schemas/huaweicloud/cdm.json")
    assert main(["diff", file, file, "--fail-on", "harmless"]) == 0
    assert main(["diff", "shipped", file]) == 1
    assert "operation-removed: operation" in capsys.readouterr().out


def test_the_reports_are_what_their_readers_take(write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    """JSON parses, GitHub's commands and Markdown's cells can't be left by what documents hold."""
    hostile = 'a|b <script>`*_%0A::error::\n\r\x1b[31m,:"'
    write("new.json", document({"type": "string", "enum": [hostile], "description": hostile})["openapi.json"])
    said = {form: (main(["diff", "old.json", "new.json", "--report", form]), capsys.readouterr().out)[1] for form in REPORTS}
    report = json.loads(said["json"])
    assert report["version"] == 1
    assert sum(report["counts"].values()) == len(report["changes"]) > 0
    keys = {"code", "class", "operations", "at", "old_at", "new_at", "detail", "why"}
    assert all(keys <= change.keys() and change["class"] in LEVELS for change in report["changes"])
    lines = said["github"].rstrip("\n").split("\n")
    assert all(line.startswith("::notice file=new.json,title=") for line in lines[:-1])
    table = [line for line in said["markdown"].split("\n") if line.startswith("|")]
    assert {len(re.findall(r"(?<!\\)\|", line)) for line in table} == {7}
    assert "<script>" not in said["markdown"]
    assert "\x1b" not in said["console"]
    assert all(len(line) <= 110 for line in said["console"].split("\n"))


def test_the_documented_rules_are_the_code_s() -> None:
    """docs/diff.md has the table of rules as the code has it."""
    text = (ROOT / "docs/diff.md").read_text(encoding="utf-8")
    assert text.split("<!-- rules -->")[1].split("<!-- /rules -->")[0].strip() == rules_table()


def test_recordings_are_read_from_files(alone: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Two files of JSON Lines are compared, or of HAR; one without exchanges is 2."""
    from mockserver.exchanges import har_writing
    from mockserver.exchanges.recording import Recorder, read
    from mockserver.redaction.redactor import Redactor

    for name, exchanges in zip(("a.jsonl", "b.jsonl", "c.jsonl"), (*RECORDED["terminal-status-added"], []), strict=True):
        with Recorder(alone / name, Redactor()) as recorder:
            for exchange in exchanges:
                recorder.add(exchange)
    assert main(["diff", "a.jsonl", "a.jsonl", "--fail-on", "harmless"]) == 0
    assert main(["diff", "a.jsonl", "b.jsonl"]) == 1
    assert "terminal-status-added" in capsys.readouterr().out
    har_writing.write(alone / "a.har", read(alone / "a.jsonl"))
    assert main(["diff", "a.jsonl", "a.har", "--fail-on", "harmless"]) == 0
    assert main(["diff", "b.jsonl", "a.har", "--fail-on", "risky"]) == 1
    assert main(["diff", "a.jsonl", "c.jsonl"]) == 2
    assert "no exchanges" in capsys.readouterr().err


def test_the_table_has_a_word_for_everything() -> None:
    """Every rule has a class that exists, and says what changed and why in a sentence."""
    seen: Mapping[str, Any] = RULES
    for code, rule in seen.items():
        assert re.fullmatch(r"[a-z]+(-[a-z]+)+", code)
        assert rule.level in LEVELS
        assert rule.change.endswith(".")
        assert rule.why.endswith(".")


def _of_version(version: str, schema: Any, media: str = "application/json", *parameters: Any) -> dict[str, Any]:
    """A document of one operation, whose answer and parameters are these."""
    answer = {"description": "ok", "content": {media: {"schema": {"type": "object", "properties": {"n": schema}}}}}
    if version == "2.0":
        answer = {"description": "ok", "schema": {"type": "object", "properties": {"n": schema}}}
    node = {"operationId": "a", "parameters": list(parameters), "responses": {"200": answer}}
    head = {"swagger": "2.0", "produces": [media]} if version == "2.0" else {"openapi": version}
    return {**head, "info": {"title": "t", "version": "1"}, "paths": {"/a": {"get": node}}}


def _of_bytes(media: dict[str, Any]) -> dict[str, Any]:
    """A document of one operation, which answers a file."""
    document = _of_version("3.0.3", {})
    document["paths"]["/a"]["get"]["responses"]["200"]["content"] = {"application/zip": media}
    return document


_LIST: dict[str, Any] = {"type": "array", "items": {"type": "string"}}
_QUERY = {"name": "q", "in": "query"}


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (_of_version("3.0.3", {"type": "number", "maximum": 5, "exclusiveMaximum": True}),
         _of_version("3.1.0", {"type": "number", "exclusiveMaximum": 5})),
        (_of_version("3.0.3", {"type": "string", "nullable": True, "enum": ["a", None]}),
         _of_version("3.1.0", {"type": ["string", "null"], "enum": ["a", None]})),
        (_of_version("3.0.3", {"type": "string", "example": "x"}),
         _of_version("3.1.0", {"type": "string", "examples": ["x"]})),
        (_of_version("3.0.3", {"type": "string", "format": "byte"}),
         _of_version("3.1.0", {"type": "string", "contentEncoding": "base64"})),
        (_of_version("3.0.3", {"anyOf": [{"type": "string"}, {"type": "integer"}]}),
         _of_version("3.1.0", {"type": ["string", "integer"]})),
        (_of_version("3.0.3", {"type": "string", "enum": ["a", "b"]}),
         _of_version("3.1.0", {"oneOf": [{"const": "a", "description": "A."}, {"const": "b"}]})),
        (_of_version("3.0.3", {"type": "string", "minLength": 0}), _of_version("3.1.0", {"type": "string"})),
        (_of_version("3.0.3", {"type": "string"}, "application/JSON"), _of_version("3.1.0", {"type": "string"})),
        (_of_version("3.0.3", {"type": "string"}, "application/json; charset=utf-8"),
         _of_version("3.1.0", {"type": "string"})),
        (_of_version("2.0", {"type": "string", "x-nullable": True}), _of_version("3.1.0", {"type": ["string", "null"]})),
        (_of_version("2.0", {}, "application/json", {**_QUERY, **_LIST, "collectionFormat": "multi"}),
         _of_version("3.0.3", {}, "application/json", {**_QUERY, "schema": _LIST})),
        (_of_version("2.0", {}, "application/json", {**_QUERY, **_LIST}),
         _of_version("3.0.3", {}, "application/json", {**_QUERY, "explode": False, "schema": _LIST})),
        (_of_version("3.0.3", {"type": "integer", "minimum": 2, "maximum": 8}),
         _of_version("3.1.0", {"type": "integer", "exclusiveMinimum": 1, "exclusiveMaximum": 9})),
        (_of_bytes({"schema": {"type": "string", "format": "binary"}}), _of_bytes({})),
        (_of_version("3.0.3", {}, "application/json", {**_QUERY, "style": "form", "explode": True, "schema": _LIST}),
         _of_version("3.1.0", {}, "application/json", {**_QUERY, "schema": _LIST})),
    ],
)  # fmt: skip
def test_spellings_of_versions_are_no_difference(tmp_path: Path, old: Any, new: Any) -> None:
    """What OpenAPI 2.0, 3.0 and 3.1 spell in other ways means the same, from either side."""
    for name, value in (("old", old), ("new", new)):
        (tmp_path / f"{name}.json").write_text(json.dumps(value), encoding="utf-8")
    for sides in (("old", "new"), ("new", "old")):
        files = [str(tmp_path / f"{name}.json") for name in sides]
        assert main(["diff", *files, "--fail-on", "risky"]) == 0


def test_an_alternative_more_stays_a_difference(tmp_path: Path) -> None:
    """One spelling for all doesn't hide what changed."""
    old = _of_version("3.0.3", {"type": "string", "enum": ["a", "b"]})
    new = _of_version("3.1.0", {"oneOf": [{"const": "a"}, {"const": "b"}, {"const": "c"}]})
    for name, value in (("old", old), ("new", new)):
        (tmp_path / f"{name}.json").write_text(json.dumps(value), encoding="utf-8")
    assert main(["diff", str(tmp_path / "old.json"), str(tmp_path / "new.json"), "--fail-on", "risky"]) == 1


def test_an_end_that_goes_is_told_without_a_life(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Of a status without `x-job`, a value that says an end is an end: who waits for it alone never ends."""
    for name, values in (("old", ["running", "done", "failed"]), ("new", ["running", "failed"])):
        document = _of_version("3.1.0", {"type": "object", "properties": {"status": {"type": "string", "enum": values}}})
        (tmp_path / f"{name}.json").write_text(json.dumps(document), encoding="utf-8")
    assert main(["diff", str(tmp_path / "old.json"), str(tmp_path / "new.json"), "--fail-on", "risky"]) == 1
    assert "terminal-status-removed" in capsys.readouterr().out
