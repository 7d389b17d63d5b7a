"""Operations as people write them: parameters, bodies, answers and examples in the form that the rest of the mock reads."""

from __future__ import annotations

import re
from typing import Any

from ..errors import excerpt
from . import swagger2
from .notes import Notes
from .walk import Part, Walk

PATH_NAME = re.compile(r"{([^{}/]+)}")
_LOCATIONS = ("path", "query", "header", "cookie")
_IGNORED_HEADERS = ("accept", "content-type", "authorization")
_STATUS = re.compile(r"[1-5](\d\d|XX)|default")


class OperationForms:
    """Brings parts around operations to the normal form, in place. `strict`: a document written for this mock."""

    def __init__(self, walk: Walk, notes: Notes, strict: bool) -> None:
        self._walk = walk
        self._notes = notes
        self._strict = strict

    def complete(self, operation: Part, path: str, item: Part) -> None:
        """The parameters of the path item come to its operation; Swagger's body parameters become a request body."""
        node = operation.node
        if not isinstance(node.get("parameters", []), list):
            raise operation.error(excerpt(node["parameters"]), "a list", "parameters")
        own = self._normalised_parameters(operation, node.get("parameters") or [])
        inherited = self._normalised_parameters(item, item.node.get("parameters") or [])
        names = {key for key, _, _ in own}
        every = [*own, *(entry for entry in inherited if entry[0] not in names)]
        bodies = [resolved for _, _, resolved in every if resolved.get("in") in ("body", "formData")]
        if bodies:
            node.setdefault("requestBody", swagger2.request_body(bodies, node.get("consumes")))
        rest = [(key, written) for key, written, resolved in every if resolved.get("in") not in ("body", "formData")]
        if rest or "parameters" in node:
            node["parameters"] = [written for _, written in rest]
        if not self._strict:
            self._leave_out_others(operation)
            self._match_path(operation, path, rest)
            self._responses(operation)
            for verb in ("consumes", "produces", "schemes"):
                node.pop(verb, None)

    def _leave_out_others(self, operation: Part) -> None:
        """Somebody else's extension of the same name as one of the mock's is not an object."""
        for name in ("x-action", "x-job", "x-like", "x-magic", "x-observation"):
            if name in operation.node and not isinstance(operation.node[name], dict):
                del operation.node[name]
                self._notes.add(operation.name, (*operation.parts, name), f"{name} with another meaning", "left out")

    def _normalised_parameters(self, holder: Part, written: list[Any]) -> list[tuple[tuple[str, str], Any, dict[str, Any]]]:
        parameters = []
        for index, node in enumerate(written):
            if not isinstance(node, dict):
                raise holder.error(excerpt(node), "an object (a parameter)", "parameters", str(index))
            part = Part(holder.name, (*holder.parts, "parameters", str(index)), "parameter", node)
            resolved = self._walk.resolved(part).node
            key = (str(resolved.get("in")), str(resolved.get("name")))
            if self._strict or self._usable(part, resolved, key):
                parameters.append((key, node, resolved))
        return parameters

    def _usable(self, part: Part, node: dict[str, Any], key: tuple[str, str]) -> bool:
        location, name = key
        if location in ("body", "formData"):
            return True
        if location not in _LOCATIONS or not isinstance(node.get("name"), str) or not name:
            self._notes.add(
                part.name,
                part.parts,
                f"a parameter {name!r} in {location!r}",
                "left out: in is path, query, header or cookie",
            )
            return False
        return not (location == "header" and name.lower() in _IGNORED_HEADERS)

    def _match_path(self, operation: Part, path: str, parameters: list[tuple[tuple[str, str], Any]]) -> None:
        """Each name in the path has a parameter, and no other parameter says that it is in the path."""
        path_names = PATH_NAME.findall(path)
        declared_names = [name for (location, name), _ in parameters if location == "path"]
        node = operation.node
        for name in dict.fromkeys(path_names):
            if name not in declared_names:
                parameter = {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
                node["parameters"] = [*node.get("parameters", []), parameter]
                self._notes.add(
                    operation.name, (*operation.parts, "parameters"), f"no parameter for {{{name}}}", "read as a text"
                )
        for name in declared_names:
            if name not in path_names:
                node["parameters"] = [written for (place, other), written in parameters if (place, other) != ("path", name)]
                self._notes.add(
                    operation.name,
                    (*operation.parts, "parameters"),
                    f"the path parameter {name!r}",
                    f"left out: {path} has it not",
                )

    def _responses(self, operation: Part) -> None:
        responses = operation.node.get("responses")
        if responses is not None and not isinstance(responses, dict):
            raise operation.error(excerpt(responses), "an object", "responses")
        usable: dict[str, Any] = {}
        for status, response in (responses or {}).items():
            code = str(status).upper().replace("DEFAULT", "default")
            if _STATUS.fullmatch(code) and isinstance(response, dict):
                usable[code] = response
            elif not str(status).startswith("x-"):
                self._notes.add(
                    operation.name, (*operation.parts, "responses", str(status)), f"the status {status!r}", "left out"
                )
        if not usable:
            self._notes.add(operation.name, (*operation.parts, "responses"), "no answers", "answered with 200 and no body")
        operation.node["responses"] = usable or {"200": {"description": "OK"}}
        produces = operation.node.get("produces")
        for index, response in usable.items():
            part = Part(operation.name, (*operation.parts, "responses", index), "response", response)
            target = self._walk.resolved(part).node
            if "schema" in target or (isinstance(target.get("examples"), dict) and "content" not in target):
                swagger2.response(target, produces)

    def bring(self, part: Part) -> None:
        """One part: a parameter, a header, a body, an answer, an example."""
        node = part.node
        if part.kind in ("parameter", "header") and swagger2.is_old_parameter(node):
            swagger2.parameter(node)
        if part.kind == "response" and "schema" in node and not self._strict:
            swagger2.response(node, None)
        if self._strict:
            return
        if part.kind in ("parameter", "header"):
            self._normalise_parameter(part)
        elif part.kind == "response" and not isinstance(node.get("description"), str):
            node["description"] = ""
        elif part.kind == "mediaType":
            _media(node)
        elif part.kind == "requestBody":
            node.setdefault("content", {})
        elif part.kind == "example" and "value" not in node and "externalValue" in node:
            self._notes.add(part.name, part.parts, "an example in another place (externalValue)", "left out")

    def _normalise_parameter(self, part: Part) -> None:
        node = part.node
        if node.get("in") == "path":
            node["required"] = True
        if not isinstance(node.get("required", False), bool):
            node["required"] = node["required"] == "true"
        content = node.pop("content", None)
        if isinstance(content, dict) and content:
            media, value = next(iter(content.items()))
            inner = value.get("schema", {}) if isinstance(value, dict) else {}
            schema = {"type": "string", "contentMediaType": media, "contentSchema": inner}
            node["schema"] = schema if "json" in media else {"type": "string"}
        if not isinstance(node.get("schema"), dict):
            node["schema"] = {}


def _media(node: dict[str, Any]) -> None:
    """`example` among the `examples`; those without a value are left out."""
    if not isinstance(node.get("schema", {}), dict | bool):
        node["schema"] = {}
    examples = node.get("examples")
    if "example" in node:
        single = node.pop("example")
        examples = examples or {"example": {"value": single}}
    if isinstance(examples, list):
        examples = {f"example-{index}": {"value": value} for index, value in enumerate(examples)}
    if isinstance(examples, dict):
        node["examples"] = {
            name: example
            for name, example in examples.items()
            if isinstance(example, dict) and ("value" in example or "$ref" in example)
        }
