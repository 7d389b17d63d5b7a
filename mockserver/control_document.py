"""The control API's OpenAPI document, with what the definitions in use allow: services, identities, lives, errors."""

from __future__ import annotations

from typing import Any

from .declare_job import OPTIONS, identity_names
from .definitions import Definitions, Operation, read_control
from .definitions.model import Document
from .faults.parse import EFFECTIVE, EVERYTHING
from .faults.parse import OPTIONS as FAULT_OPTIONS
from .fixtures import schema
from .services import list_of

Schema = dict[str, Any]
_LIST_OPTIONS = ("count", "every")


def control_document(definitions: Definitions) -> Document:
    """The document, in which the bodies of `POST /_mock/jobs` and `POST /_mock/faults` name all that can be declared."""
    document, schemas = read_control(), schema()["$defs"]
    services = [operation for operation in definitions.operations if operation.job]
    declared = {
        "JobDeclaration": {
            "type": "object",
            "required": ["service"],
            "anyOf": [_job_schema(operation, schemas["job"]["properties"]) for operation in services],
        },
        "FaultDeclaration": _fault_schema(definitions, schemas["fault"]),
        **{f"fixtures.{name}": schemas[name] for name in ("duration", "life", "kind")},
    }
    components = {
        **document["components"],
        "schemas": {**document["components"]["schemas"], **_as_component(declared)},
    }
    return {**document, "components": components}


def _job_schema(operation: Operation, options: Schema) -> Schema:
    """A job of one service: its name, parts of its identity, and how it lives."""
    assert operation.job is not None
    lives, states = list(operation.job.lives), list(operation.job.states)
    option_names = [name for name in OPTIONS if list_of(operation) or name not in _LIST_OPTIONS]
    parameters = {parameter.name: parameter.schema for parameter in operation.parameters}
    step = {"type": "array", "minItems": 2, "maxItems": 2,
            "prefixItems": [{"enum": states}, {"anyOf": [{"$ref": "#/$defs/duration"}, {"type": "null"}]}]}  # fmt: skip
    steps = {"type": "array", "minItems": 1, "items": {"anyOf": [{"enum": states}, step]}}
    return {
        "title": f"A job of {operation.job.kind}",
        "type": "object",
        "required": ["service"],
        "additionalProperties": False,
        "not": {"required": ["created", "age"]},
        "properties": {
            "service": {"enum": list(dict.fromkeys([operation.job.kind, operation.id]))},
            **{name: {**parameters[name], "type": "string"} for name in identity_names(operation)},
            **{name: options[name] for name in option_names},
            "created": {"$ref": "#/components/schemas/Time"},
            "life": {"description": options["life"].get("description", ""), "anyOf": [{"enum": lives}, steps]},
        },
    }


def _fault_schema(definitions: Definitions, base: Schema) -> Schema:
    """A fault: whom it is about, which requests, and what they get."""
    operations = list(definitions.operations)
    targets = [*dict.fromkeys(operation.service for operation in operations), *(operation.id for operation in operations)]
    errors = list(dict.fromkeys(error.name for operation in operations for error in operation.errors()))
    names = {
        parameter.name
        for operation in operations
        for parameter in operation.parameters
        if parameter.location in ("path", "query") and parameter.name not in FAULT_OPTIONS
    }
    return {
        **base,
        "additionalProperties": False,
        "anyOf": [{"required": [name], "properties": {name: {"not": {"type": "null"}}}} for name in EFFECTIVE],
        "properties": {
            **base["properties"],
            **{name: {"type": ["string", "number"]} for name in sorted(names)},
            "target": {**base["properties"]["target"], "enum": [EVERYTHING, *targets]},
            "error": {**base["properties"]["error"], "enum": [*errors, None]},
        },
    }


def _as_component(node: Any) -> Any:
    """The same, with references to the components instead of the fixtures' `$defs`."""
    if isinstance(node, list):
        return [_as_component(child) for child in node]
    if not isinstance(node, dict):
        return node
    return {
        key: value.replace("#/$defs/", "#/components/schemas/fixtures.") if key == "$ref" else _as_component(value)
        for key, value in node.items()
    }
