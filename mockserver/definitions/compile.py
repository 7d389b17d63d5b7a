"""From checked documents to `Definitions`: references resolved, patterns and validators ready."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache, partial
from typing import Any
from urllib.parse import parse_qsl

from ..errors import DefinitionError
from .actions import action_of
from .by_status import ByStatus, sent_as
from .drawing import Drawing
from .inlined import PLACE, inlined
from .job_mapping import observation_of
from .job_model import JobLife, JobMapping, Life, State
from .judges import Judges
from .model import (
    VENDORS,
    Definitions,
    Document,
    Errors,
    Example,
    Header,
    MagicId,
    Operation,
    Parameter,
    ResponseSpec,
    ServiceInfo,
    Switch,
)
from .node import Node, node_at
from .operation_forms import PATH_NAME
from .parameter_checks import check_of
from .provenance import provenance_of
from .router import openness
from .servers import paths_of, server_urls
from .styles import header_value, style_of, types_of

METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
_JSON = "application/json"


def compile_documents(documents: Mapping[str, Document]) -> Definitions:
    """Definitions from documents that `check` has passed."""
    judges = Judges(documents)
    answered: dict[int, _Answers] = {}
    operations: list[Operation] = []
    actions: dict[str, Node] = {}
    services: dict[str, ServiceInfo] = {}
    switches: dict[str, Switch] = {}
    for name in documents:
        if "openapi" not in documents[name]:  # a part that others refer to
            continue
        root = node_at(documents, name)
        service = _service(root)
        _add(services, service.name, service, root / "x-service" / "name")
        for key, place in root.members("x-switches").items():
            _add(switches, key, _switch(key, place.value), place)
        paths = list(root.members("paths").items())
        for path, item in paths if service.vendor in VENDORS else sorted(paths, key=lambda entry: openness(entry[0])):
            for method in METHODS:
                if method in item.value:
                    operations.append(_compile_operation(path, method, item / method, service, judges, answered))
                    if "x-action" in (item / method).value:
                        actions[operations[-1].id] = item / method / "x-action"
    named = list(_with_kinds(operations))
    return Definitions(documents, tuple(_with_action(operation, actions, named) for operation in named), services, switches)


def _with_kinds(operations: Iterable[Operation]) -> Iterator[Operation]:
    """The operations with the names of their jobs: the service's, and for its further kinds of jobs the operation's id."""
    taken: set[str] = set()
    for operation in operations:
        if operation.job is None:
            yield operation
        else:
            kind = operation.service if operation.service not in taken else operation.id
            taken.add(kind)
            yield replace(operation, job=replace(operation.job, kind=kind))


def _with_action(operation: Operation, actions: Mapping[str, Node], operations: Iterable[Operation]) -> Operation:
    """The operation with its `x-action`, which may name a status operation of any document."""
    if operation.id not in actions:
        return operation
    place = actions[operation.id]
    statuses = {item.id: item for item in reversed(list(operations)) if item.job}
    if place.value["jobs"] not in statuses:
        allowed_text = ", ".join(statuses) or "none"
        raise DefinitionError(
            place.name, f"{place.pointer}/jobs", repr(place.value["jobs"]), f"an operation with x-job: {allowed_text}"
        )
    return replace(operation, action=action_of(place, statuses[place.value["jobs"]]))


def _add(collected: dict[str, Any], name: str, value: Any, place: Node) -> None:
    if name in collected:
        raise DefinitionError(place.name, place.pointer, f"{name!r} a second time", "a name that no other document has")
    collected[name] = value


def _service(root: Node) -> ServiceInfo:
    about = root.get("x-service")
    catalogue = {key: example_of(key, place, ()) for key, place in (root / "components").members("examples").items()}
    return ServiceInfo(
        about["name"],
        about["vendor"],
        tuple(about["prefixes"]),
        about.get("sdk"),
        about.get("region-variable"),
        {key: example for key, example in catalogue.items() if example.error},
    )


def _switch(name: str, value: Mapping[str, Any]) -> Switch:
    return Switch(name, value["default"], value["values"], value["description"])


@dataclass(frozen=True)
class _Answers:
    """What an operation answers; operations that are alike share it."""

    examples: dict[str, Example]
    answers: ByStatus[ResponseSpec]
    responses: ByStatus[Errors]
    problems: dict[str, Example]


def _answers_of(place: Node, judges: Judges) -> _Answers:
    examples = _examples(place)
    answers = ByStatus({key: _answers(response, judges) for key, response in place.members("responses").items()})
    responses = answers.mapped(lambda answer: judges.judge(answer.judged_schema))
    return _Answers(examples, answers, responses, _problems(examples.values()))


def _compile_operation(
    key: str, method: str, place: Node, service: ServiceInfo, judges: Judges, answered: dict[int, _Answers]
) -> Operation:
    node = place.value
    path, _, query = key.partition("?")
    servers = server_urls(place.inherited("servers")) if service.vendor not in VENDORS else ()
    alike = id(node.get("responses"))
    if alike not in answered:
        answered[alike] = _answers_of(place, judges)
    examples, answers, responses = answered[alike].examples, answered[alike].answers, answered[alike].responses
    mapping = observation_of(place / "x-observation") if "x-observation" in node else None
    return Operation(
        id=node["operationId"],
        service=service.name,
        vendor=service.vendor,
        method=method.upper(),
        path=path,
        summary=node.get("summary", ""),
        pattern=path_pattern(path, paths_of(servers)),
        path_names=tuple(PATH_NAME.findall(path)),
        parameters=tuple(
            _compile_parameter(place / "parameters" / index, judges) for index in range(len(node.get("parameters", ())))
        ),
        secured=bool(node.get("security")) and {} not in node["security"],
        examples=examples,
        problems=answered[alike].problems,
        responses=responses,
        body_errors=_body_errors(place / "requestBody", judges) if "requestBody" in node else None,
        magic=MagicId(**node["x-magic"]) if "x-magic" in node else None,
        documented_request=node.get("x-documented-request"),
        job=_job_life(place / "x-job", _drawing(place, path, responses, mapping)) if "x-job" in node else None,
        required_if={name: (when["switch"], when["value"]) for name, when in node.get("x-required-if", {}).items()},
        observation=mapping,
        answers=answers,
        place=place.where,
        source=place,
        chosen_by=dict(parse_qsl(query)),
        servers=servers,
        body_required="requestBody" in node and bool((place / "requestBody").get("required", False)),
    )


def _answers(response: Node, judges: Judges) -> ResponseSpec:
    return ResponseSpec(
        place=f"{response.name}#{response.pointer}",
        make_schema=partial(_json_schema, response),
        headers=tuple(_header(name, header, judges) for name, header in response.members("headers").items()),
        media_types=tuple(response.members("content")),
        provenance=provenance_of(response),
    )


def _header(name: str, header: Node, judges: Judges) -> Header:
    schema = cache(partial(inlined, header / "schema")) if "schema" in header.value else dict  # few are ever looked at
    judge = judges.judge(schema)
    check = cache(lambda: check_of(schema(), judge))

    def errors(text: str) -> Iterator[Any]:
        return judge(header_value(schema(), text))

    def allows(text: str) -> bool:
        return check()(header_value(schema(), text))

    return Header(name, header.get("required", False), errors, allows, provenance_of(header))


def path_pattern(path: str, prefixes: Iterable[str] = ()) -> re.Pattern[str]:
    """A path template as a pattern, with one of the prefixes before it or none; a parameter takes one segment."""
    before = "|".join(map(re.escape, prefixes))
    own = "([^/]+)".join(map(re.escape, PATH_NAME.sub("\0", path).split("\0")))
    return re.compile(f"(?:{before})?{own}" if before else own)


def _compile_parameter(place: Node, judges: Judges) -> Parameter:
    node = place.value
    schema = place / "schema"
    if not isinstance(schema.value, dict):
        raise DefinitionError(schema.name, schema.pointer, repr(schema.value), "an object, as a parameter's schema")
    types = [name for name in types_of(schema.value) if name != "null"] or ["string"]
    inlined_schema = inlined(schema)
    errors = judges.judge(inlined_schema)
    return Parameter(
        name=node["name"],
        location=node["in"],
        required=node.get("required", False),
        type=types[0],
        schema=schema.value,
        errors=errors,
        allows=check_of(inlined_schema, errors),
        style=style_of(node, inlined_schema),
    )


def _json_schema(holder: Node) -> Any:
    """The schema of a JSON body; None where there is none."""
    media = json_media(holder.members("content"))
    if media is None or "schema" not in (holder / "content" / media).value:
        return None
    place = holder / "content" / media / "schema"
    schema = inlined(place)
    return {**schema, PLACE: place.where} if isinstance(schema, dict) else schema


def _body_errors(body: Node, judges: Judges) -> Errors:
    return judges.judge(lambda: True if (schema := _json_schema(body)) is None else schema)


def json_media(content: Iterable[str]) -> str | None:
    """The media type, as the document writes it, whose body is JSON; None where there is none."""
    types = {name: name.partition(";")[0].strip().lower() for name in content}
    json_names = [name for name, kind in types.items() if kind.endswith("json") or kind == "*/*"]
    return min(json_names, key=lambda name: (types[name] != _JSON, types[name] == "*/*"), default=None)


def _examples(operation: Node) -> dict[str, Example]:
    """The examples by name; a name that means something else under a second status gets that status before it."""
    places: dict[str, tuple[Node, list[int]]] = {}
    statuses = operation.members("responses")
    for status, response in statuses.items():
        media = json_media(response.members("content"))
        for name, place in (response / "content" / media).members("examples").items() if media else ():
            if "value" in place.value:
                same = name not in places or places[name][0].uri == place.uri
                held = places.setdefault(name if same else f"{status}-{name}", (place, []))
                held[1].append(sent_as(status, statuses))
    return {name: example_of(name, place, tuple(result)) for name, (place, result) in places.items()}


def example_of(name: str, place: Node, statuses: tuple[int, ...]) -> Example:
    """An example object as a value."""
    node = place.value
    error = node.get("x-error")
    envelope = (error or {}).get("envelope") or node_at(place.documents, place.name).get("x-service")["envelope"]
    return Example(name, node.get("value"), node.get("summary", ""), statuses, envelope, provenance_of(place), error)


def _problems(examples: Iterable[Example]) -> dict[str, Example]:
    """Which error answers which problem; an envelope of the service's own wins over the gateway's."""
    answers: dict[str, Example] = {}
    for example in examples:
        for kind in (example.error or {}).get("when", ()):
            if kind not in answers or answers[kind].envelope == "gateway":
                answers[kind] = example
    return answers


def _drawing(place: Node, path: str, responses: Mapping[int, Errors], mapping: JobMapping | None) -> Drawing | None:
    """How jobs are drawn by the document; None where it doesn't say where their status stands."""
    if mapping is None:
        return None
    node = (place / "x-observation").value
    times = tuple(time for time in node.get("times", ()) if "is" in time)
    names = tuple(PATH_NAME.findall(path))
    return Drawing(place, path, names, responses, mapping, times, node.get("only", {}), node.get("values", {}))


def _job_life(place: Node, drawing: Drawing | None) -> JobLife:
    node = place.value
    states = {name: _state(name, state) for name, state in node["states"].items()}
    kept_days = node.get("kept-days")
    return JobLife(
        identity=tuple(node["identity"]),
        states=states,
        transitions={name: frozenset(node["transitions"].get(name, ())) for name in states},
        lives={name: _compile_life(name, life, states) for name, life in node["lives"].items()},
        visible_after=node.get("visible-after-seconds", 0),
        retention=kept_days * 86_400 if kept_days else None,
        actions=node.get("actions", {}),
        unstarted=node.get("unstarted"),
        drawing=drawing,
        rerun=node.get("rerun", {}),
        provenance=provenance_of(place),
    )


def _state(name: str, node: Mapping[str, Any]) -> State:
    return State(name, node["summary"], node.get("code", name), node.get("seconds"), node.get("terminal", False))


def _compile_life(name: str, node: Mapping[str, Any], states: Mapping[str, State]) -> Life:
    steps = [(step, states[step].seconds) if isinstance(step, str) else (step[0], step[1]) for step in node["steps"]]
    steps[-1] = (steps[-1][0], None)
    return Life(name, node["summary"], node["weight"], tuple(steps))
