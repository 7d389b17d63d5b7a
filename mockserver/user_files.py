"""The user's files: read as JSON or YAML, and checked against the JSON Schema of their kind."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .definitions.pointer import join
from .definitions.yaml_json import parse_yaml
from .errors import InputError
from .package_data import folder

if TYPE_CHECKING:
    from jsonschema import ValidationError


def shape(name: str) -> dict[str, Any]:
    """A JSON Schema under `schemas/mockserver/`, by its file's name."""
    loaded: dict[str, Any] = json.loads((folder("schemas") / "mockserver" / name).read_text(encoding="utf-8"))
    return loaded


def read_file(path: Path) -> Any:
    """The value in a file (JSON, or else YAML). Raises InputError for one that can't be read."""
    try:
        text = path.read_text(encoding="utf-8")
        return json.loads(text) if path.suffix == ".json" else parse_yaml(text)
    except OSError as error:
        raise InputError(f"can't read {path}: {error.strerror or error}") from error
    except ValueError as error:
        raise InputError(f"{path}: found a file that can't be read ({error}); allowed: JSON or YAML in UTF-8") from error
    except RecursionError as error:
        raise InputError(f"{path}: found values nested too deeply; allowed: JSON or YAML that Python can read") from error


def check(value: Any, against: dict[str, Any], where: str) -> None:
    """Raises InputError for the first mistake: where it stands, what was found, what is allowed."""
    from jsonschema import Draft202012Validator  # it takes 60 ms, and most starts read no file of a user

    for error in Draft202012Validator(against).iter_errors(value):
        deepest = error
        while deepest.context:
            # Of alternatives, the one that fits best says what is wrong: at least the type is right.
            deepest = max(deepest.context, key=lambda inner: (len(inner.absolute_path), inner.validator != "type"))
        result = json.dumps(deepest.instance, ensure_ascii=False, default=str)[:200]
        raise InputError(f"{where}#{join(*deepest.absolute_path)}: found {result}; allowed: {_allowed(deepest)}")


def _allowed(error: ValidationError) -> str:
    """What a schema allows, in words where it has some."""
    if error.validator == "required":
        required: Any = error.validator_value
        instance: Any = error.instance
        missing = [name for name in required if name not in instance]
        return f"an object with {' and '.join(map(repr, missing))}"
    described = error.parent.schema if error.validator == "pattern" and error.parent is not None else error.schema
    if error.validator == "pattern" and isinstance(described, dict) and "description" in described:
        return str(described["description"])
    return f"{error.validator} {json.dumps(error.validator_value, ensure_ascii=False)}"[:300]
