"""From checked documents to `Definitions`: references resolved, patterns and validators ready."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from referencing import Registry

from ..errors import DefinitionError
from .embedded import errors_of, registry_of
from .job_mapping import observation_of
from .model import (
    Definitions,
    Document,
    Errors,
    Example,
    Header,
    JobLife,
    Life,
    MagicId,
    Operation,
    Parameter,
    ResponseSpec,
    Service,
    State,
    Switch,
)
from .pointer import PLACE, Place, inlined, provenance_of

METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
_JSON = "application/json"


def compile_documents(documents: Mapping[str, Document]) -> Definitions:
    """Definitions from documents that `check` has passed."""
    registry = registry_of(documents)
    operations = []
    services: dict[str, Service] = {}
    switches: dict[str, Switch] = {}
    for name in documents:
        root = Place(documents, name)
        service = _service(root)
        _add(services, service.name, service, root / "x-service" / "name")
        for key, place in root.children("x-switches").items():
            _add(switches, key, _switch(key, place.value), place)
        for path, item in root.children("paths").items():
            for method in METHODS:
                if method in item.value:
                    operations.append(_operation(path, method, item / method, service, registry))
    return Definitions(documents, tuple(operations), services, switches)


def _add(found: dict[str, Any], name: str, value: Any, place: Place) -> None:
    if name in found:
        raise DefinitionError(place.name, place.pointer, f"{name!r} a second time", "a name that no other document has")
    found[name] = value


def _service(root: Place) -> Service:
    about = root.get("x-service")
    catalogue = {key: example_of(key, place, ()) for key, place in (root / "components").children("examples").items()}
    return Service(
        about["name"],
        about["vendor"],
        tuple(about["prefixes"]),
        about.get("sdk"),
        about.get("region-variable"),
        {key: example for key, example in catalogue.items() if example.error},
    )


def _switch(name: str, value: Mapping[str, Any]) -> Switch:
    return Switch(name, value["default"], value["values"], value["description"])


def _operation(path: str, method: str, place: Place, service: Service, registry: Registry[Any]) -> Operation:
    node = place.value
    examples = _examples(place)
    answers = {int(status): _answers(response, registry) for status, response in place.children("responses").items()}
    return Operation(
        id=node["operationId"],
        service=service.name,
        vendor=service.vendor,
        method=method.upper(),
        path=path,
        summary=node.get("summary", ""),
        pattern=path_pattern(path),
        path_names=tuple(re.findall(r"{(\w+)}", path)),
        parameters=tuple(
            _parameter(place / "parameters" / index, registry) for index in range(len(node.get("parameters", ())))
        ),
        secured=bool(node.get("security")),
        examples=examples,
        problems=_problems(examples.values()),
        responses={status: _errors(answer.schema, registry) for status, answer in answers.items()},
        body_errors=_errors(_json_schema(place / "requestBody"), registry) if "requestBody" in node else None,
        magic=MagicId(**node["x-magic"]) if "x-magic" in node else None,
        documented_request=node.get("x-documented-request"),
        job=_job_life(place / "x-job") if "x-job" in node else None,
        required_if={name: (when["switch"], when["value"]) for name, when in node.get("x-required-if", {}).items()},
        observation=observation_of(place / "x-observation") if "x-observation" in node else None,
        answers=answers,
        place=f"{place.name}#{place.pointer}",
    )


def _answers(response: Place, registry: Registry[Any]) -> ResponseSpec:
    return ResponseSpec(
        place=f"{response.name}#{response.pointer}",
        schema=_json_schema(response),
        headers=tuple(_header(name, header, registry) for name, header in response.children("headers").items()),
        media_types=tuple(response.children("content")),
        provenance=provenance_of(response),
    )


def _header(name: str, header: Place, registry: Registry[Any]) -> Header:
    schema = inlined(header / "schema") if "schema" in header.value else True
    return Header(name, header.get("required", False), errors_of(schema, registry), provenance_of(header))


def path_pattern(path: str) -> re.Pattern[str]:
    """A path template as a pattern; a parameter takes one segment."""
    return re.compile(re.sub(r"\\{(\w+)\\}", "([^/]+)", re.escape(path)))


def _parameter(place: Place, registry: Registry[Any]) -> Parameter:
    node = place.value
    schema = place / "schema"
    if not isinstance(schema.value, dict):
        raise DefinitionError(schema.name, schema.pointer, repr(schema.value), "an object, as a parameter's schema")
    types = schema.value.get("type", "string")
    return Parameter(
        name=node["name"],
        location=node["in"],
        required=node.get("required", False),
        type=types if isinstance(types, str) else types[0],
        schema=schema.value,
        errors=errors_of(inlined(schema), registry),
    )


def _json_schema(holder: Place) -> Any:
    """The schema of a JSON body; None where there is none. Raises DefinitionError for a body that is not JSON."""
    if not holder.children("content"):
        return None
    place = holder / "content" / _JSON / "schema"
    schema = inlined(place)
    return {**schema, PLACE: f"{place.name}#{place.pointer}"} if isinstance(schema, dict) else schema


def _errors(schema: Any, registry: Registry[Any]) -> Errors:
    return errors_of(True if schema is None else schema, registry)


def _examples(operation: Place) -> dict[str, Example]:
    found: dict[str, tuple[Place, list[int]]] = {}
    for status, response in operation.children("responses").items():
        if _JSON in response.get("content", {}):
            for name, place in (response / "content" / _JSON).children("examples").items():
                found.setdefault(name, (place, []))[1].append(int(status))
    return {name: example_of(name, place, tuple(statuses)) for name, (place, statuses) in found.items()}


def example_of(name: str, place: Place, statuses: tuple[int, ...]) -> Example:
    """An example object as a value."""
    node = place.value
    error = node.get("x-error")
    envelope = (error or {}).get("envelope") or Place(place.documents, place.name).get("x-service")["envelope"]
    return Example(name, node.get("value"), node.get("summary", ""), statuses, envelope, provenance_of(place), error)


def _problems(examples: Iterable[Example]) -> dict[str, Example]:
    """Which error answers which problem; an envelope of the service's own wins over the gateway's."""
    answers: dict[str, Example] = {}
    for example in examples:
        for kind in (example.error or {}).get("when", ()):
            if kind not in answers or answers[kind].envelope == "gateway":
                answers[kind] = example
    return answers


def _job_life(place: Place) -> JobLife:
    node = place.value
    states = {name: _state(name, state) for name, state in node["states"].items()}
    kept_days = node.get("kept-days")
    return JobLife(
        identity=tuple(node["identity"]),
        states=states,
        transitions={name: frozenset(node["transitions"].get(name, ())) for name in states},
        lives={name: _life(name, life, states) for name, life in node["lives"].items()},
        visible_after=node.get("visible-after-seconds", 0),
        kept=kept_days * 86_400 if kept_days else None,
        actions=node.get("actions", {}),
        provenance=provenance_of(place),
    )


def _state(name: str, node: Mapping[str, Any]) -> State:
    return State(name, node["summary"], node.get("code", name), node.get("seconds"), node.get("terminal", False))


def _life(name: str, node: Mapping[str, Any], states: Mapping[str, State]) -> Life:
    steps = [(step, states[step].seconds) if isinstance(step, str) else (step[0], step[1]) for step in node["steps"]]
    steps[-1] = (steps[-1][0], None)
    return Life(name, node["summary"], node["weight"], tuple(steps))
