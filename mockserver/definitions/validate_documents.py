"""Finds mistakes in documents before anything is made of them."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

from jsonschema import Draft202012Validator, ValidationError

from ..errors import PROBLEMS, DefinitionError
from ..package_data import folder
from .json_regex import compile_pattern
from .model import Document
from .node import node_at
from .pointer import at, join, parts_of
from .schema_forms import KEYWORDS, LISTS, MAPS, SINGLES, well_formed

_SHAPE = "mockserver/definition.schema.json"
_OURS = ("x-action", "x-contradictions", "x-error", "x-job", "x-observation", "x-provenance", "x-switches")
_OWN = {"x-provenance": "provenance", "x-error": "error", "x-job": "job", "x-observation": "observation"}
"""Extensions whose shape holds wherever they stand."""

_DATA = frozenset(("value", "example", "default", "const", "enum"))
_BY_NAME = frozenset(
    (*MAPS, "schemas", "responses", "parameters", "headers", "requestBodies", "content", "examples", "paths")
)
"""What holds parts by their names, which may be those of members, too."""

_SINGLES, _LISTS, _MAPS = frozenset(SINGLES), frozenset(LISTS), frozenset(MAPS)


Places = list[tuple[tuple[str | int, ...], dict[str, Any]]]
"""Every object of a document that isn't part of an example's value, with the parts of the pointer to it."""


def check_documents(documents: Mapping[str, Document], trusted: Collection[str] = ()) -> None:
    """Raises DefinitionError for the first mistake found in any document; those whose names are `trusted` have none."""
    shape = json.loads((folder("schemas") / _SHAPE).read_text(encoding="utf-8"))
    checker = Draft202012Validator(shape)
    checked = set[str]()  # operations share many schemas, and each takes some milliseconds
    complete = {name: document for name, document in documents.items() if "openapi" in document or "x-service" in document}
    own = {
        keyword: Draft202012Validator({"$ref": f"#/$defs/{kind}", "$defs": shape["$defs"]}) for keyword, kind in _OWN.items()
    }
    places = {name: list(_nodes(document)) for name, document in complete.items() if name not in trusted}
    for name, nodes in places.items():
        for error in checker.iter_errors(complete[name]):
            raise _shape_error(name, error)
        for parts, node in nodes:
            _check_own(name, parts, node, own)
    for name, nodes in places.items():
        _check_references(documents, name, nodes)
        for parts, schema in _schemas(complete[name], nodes):
            text = json.dumps(schema, sort_keys=True)
            if text not in checked:
                _check_schema(name, parts, schema)
                checked.add(text)
        _check_names(complete, name, nodes)


def _check_own(
    name: str, parts: tuple[str | int, ...], node: Mapping[str, Any], own: Mapping[str, Draft202012Validator]
) -> None:
    """Raises DefinitionError for an extension of the mock's that has not its shape, wherever it stands."""
    for keyword in own.keys() & node.keys():
        if keyword in ("x-job", "x-observation") and "responses" not in node:
            raise DefinitionError(name, join(*parts, keyword), f"{keyword} here", f"{keyword} in an operation")
        for error in own[keyword].iter_errors(node[keyword]):
            problem = _shape_error(name, error)
            raise DefinitionError(name, join(*parts, keyword) + problem.pointer, problem.found, problem.allowed)


def _shape_error(name: str, error: ValidationError) -> DefinitionError:
    while error.context:
        error = min(error.context, key=lambda inner: len(inner.absolute_path), default=error)
    allowed = f"{error.validator} {json.dumps(error.validator_value, ensure_ascii=False)}"
    return DefinitionError(name, join(*error.absolute_path), _short_json(error.instance), _short_text(allowed))


def _short_json(value: Any) -> str:
    return _short_text(json.dumps(value, ensure_ascii=False, default=str))


def _short_text(text: str) -> str:
    return text if len(text) <= 200 else text[:197] + "..."


def _nodes(document: Document) -> Iterator[tuple[tuple[str | int, ...], dict[str, Any]]]:
    waiting: list[tuple[tuple[str | int, ...], Any, bool]] = [((), document, False)]
    while waiting:
        parts, value, by_name = waiting.pop()
        if isinstance(value, dict):
            yield parts, value
            waiting += [
                ((*parts, key), child, key in _BY_NAME and not by_name)
                for key, child in reversed(value.items())
                if isinstance(child, dict | list) and (by_name or not (key in _DATA or _foreign(key)))
            ]
        else:
            waiting += [((*parts, index), value[index], False) for index in range(len(value) - 1, -1, -1)
                        if isinstance(value[index], dict | list)]  # fmt: skip


def _foreign(key: str) -> bool:
    """Whether a member is somebody else's extension, about which nothing is known."""
    return key.startswith("x-") and key not in _OURS


def _check_references(documents: Mapping[str, Document], name: str, places: Places) -> None:
    good = set[str]()
    for parts, node in places:
        reference = node.get("$ref")
        if isinstance(reference, str) and reference not in good:
            node_at(documents, name, tuple(str(part) for part in parts)).resolved()
            good.add(reference)


def _schemas(document: Document, places: Places) -> Iterator[tuple[tuple[str | int, ...], Any]]:
    """Every schema of a document that isn't inside another one."""
    for name, schema in document.get("components", {}).get("schemas", {}).items():
        yield ("components", "schemas", name), schema
    for parts, node in places:
        if "schema" in node and "properties" not in parts and parts[:2] != ("components", "schemas"):
            yield (*parts, "schema"), node["schema"]


def _check_schema(name: str, parts: tuple[str | int, ...], schema: Any) -> None:
    nodes = list(_subschemas(schema, parts))
    if all(well_formed(node) for _, node in nodes):
        nodes = [(place, node) for place, node in nodes if node.keys() & {"pattern", "x-tenant", "x-provenance-of"}]
    else:
        for error in Draft202012Validator(Draft202012Validator.META_SCHEMA).iter_errors(schema):
            problem = _shape_error(name, error)
            raise DefinitionError(name, join(*parts) + problem.pointer, problem.found, problem.allowed)
    for where, node in nodes:
        place = join(*where)
        for keyword in node:
            if keyword not in KEYWORDS and not keyword.startswith("x-"):
                allowed = "a keyword of JSON Schema 2020-12, or one that starts with x-"
                raise DefinitionError(name, place + join(keyword), f"the keyword {keyword!r}", allowed)
        for keyword in node.get("x-provenance-of", {}):
            if keyword not in node:
                allowed = f"one of {', '.join(key for key in node if key in KEYWORDS)}"
                raise DefinitionError(
                    name, place + join("x-provenance-of"), f"the keyword {keyword!r}, which isn't there", allowed
                )
        if node.get("x-tenant", True) is not True:
            raise DefinitionError(name, place + join("x-tenant"), _short_json(node["x-tenant"]), "true, or no x-tenant")
        if "pattern" in node:
            _check_pattern(name, place + join("pattern"), node["pattern"])


def _check_pattern(name: str, pointer: str, pattern: str) -> None:
    try:
        compile_pattern(pattern)
    except re.error as error:
        raise DefinitionError(name, pointer, f"{pattern!r} ({error})", "a regular expression") from None


def _subschemas(schema: Any, parts: tuple[str | int, ...]) -> Iterator[tuple[tuple[str | int, ...], dict[str, Any]]]:
    waiting = [(parts, schema)]
    while waiting:
        place, node = waiting.pop()
        if not isinstance(node, dict):
            continue
        yield place, node
        below: list[tuple[tuple[str | int, ...], Any]] = []
        for keyword in node:
            if keyword in _SINGLES:
                below.append(((*place, keyword), node[keyword]))
            elif keyword in _LISTS:
                below += [((*place, keyword, index), child) for index, child in enumerate(node[keyword])]
            elif keyword in _MAPS:
                below += [((*place, keyword, key), child) for key, child in node[keyword].items()]
        waiting += reversed(below)


def _check_names(documents: Mapping[str, Document], name: str, places: Places) -> None:
    """Names that refer to something else in the documents: sources, switches, problems, places."""
    document = documents[name]
    sources = document.get("x-sources", {})
    switches = {key: value for other in documents.values() for key, value in other.get("x-switches", {}).items()}
    for parts, node in places:
        for mark, provenance in _provenances(node):
            source = provenance.get("source")
            if source is not None and source not in sources:
                raise _unknown(name, (*parts, *mark, "source"), source, sources)
        if isinstance(node.get("x-job"), dict):
            _check_states(name, (*parts, "x-job"), node["x-job"])
        for key, when in node.get("x-required-if", {}).items() if isinstance(node.get("x-required-if"), dict) else ():
            place = (*parts, "x-required-if", key)
            if when["switch"] not in switches:
                raise _unknown(name, (*place, "switch"), when["switch"], switches)
            if when["value"] not in switches[when["switch"]]["values"]:
                raise _unknown(name, (*place, "value"), when["value"], switches[when["switch"]]["values"])
        if isinstance(node.get("x-error"), dict):
            _check_error(name, (*parts, "x-error"), node["x-error"], switches)
    for key, switch in document.get("x-switches", {}).items():
        if switch["default"] not in switch["values"]:
            raise _unknown(name, ("x-switches", key, "default"), switch["default"], switch["values"])
    for index, entry in enumerate(document.get("x-contradictions", ())):
        _check_contradiction(name, document, index, entry, switches)


def _provenances(node: Mapping[str, Any]) -> Iterator[tuple[tuple[str, ...], Mapping[str, Any]]]:
    """The marks of a node itself and of its keywords."""
    if isinstance(node.get("x-provenance"), dict):
        yield ("x-provenance",), node["x-provenance"]
    for keyword, mark in node.get("x-provenance-of", {}).items() if isinstance(node.get("x-provenance-of"), dict) else ():
        yield ("x-provenance-of", keyword), mark


def _check_states(name: str, parts: tuple[str | int, ...], job: Mapping[str, Any]) -> None:
    for state in job["transitions"]:
        if state not in job["states"]:
            raise _unknown(name, (*parts, "transitions"), state, job["states"])
    for action, state in job.get("actions", {}).items():
        if state not in job["states"]:
            raise _unknown(name, (*parts, "actions", action), state, job["states"])
    for key, life in job["lives"].items():
        for index, step in enumerate(life["steps"]):
            state = step if isinstance(step, str) else step[0]
            if state not in job["states"]:
                raise _unknown(name, (*parts, "lives", key, "steps", index), state, job["states"])


def _check_error(name: str, parts: tuple[str | int, ...], error: Mapping[str, Any], switches: Mapping[str, Any]) -> None:
    for kind in error.get("when", ()):
        if kind not in PROBLEMS:
            raise _unknown(name, (*parts, "when"), kind, PROBLEMS)
    switch = error.get("switch")
    if switch is not None:
        if switch not in switches:
            raise _unknown(name, (*parts, "switch"), switch, switches)
        if set(error["statuses"]) != set(switches[switch]["values"]):
            allowed = "a status for each of " + ", ".join(switches[switch]["values"])
            raise DefinitionError(name, join(*parts, "statuses"), _short_json(error["statuses"]), allowed)
    if "messages" in error and error["messages"]["switch"] not in switches:
        raise _unknown(name, (*parts, "messages", "switch"), error["messages"]["switch"], switches)


def _check_contradiction(
    name: str, document: Document, index: int, entry: Mapping[str, Any], switches: Mapping[str, Any]
) -> None:
    try:
        at(document, parts_of(entry["at"]))
    except KeyError as missing:
        actual = f"a pointer to nowhere: there is no {missing}"
        raise DefinitionError(name, join("x-contradictions", index, "at"), actual, "a pointer into this document") from None
    named = entry.get("switch", [])
    for switch in [named] if isinstance(named, str) else named:
        if switch not in switches:
            raise _unknown(name, ("x-contradictions", index, "switch"), switch, switches)


def _unknown(name: str, parts: Iterable[str | int], actual: str, allowed: Iterable[str]) -> DefinitionError:
    return DefinitionError(name, join(*parts), repr(actual), "one of " + (", ".join(allowed) or "nothing"))
