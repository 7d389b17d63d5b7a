"""A user's documents as files: one, and those in its folder that its references lead to; never others, never the network."""

from __future__ import annotations

import json
import posixpath
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from ..errors import DefinitionError, shortened
from .json_regex import refuse_constant
from .limits import FILE_BYTES, FILES, too_large
from .yaml_json import YamlError, parse_yaml

SUFFIXES = (".json", ".yaml", ".yml")
BESIDE = ("mockserver.yaml", "mockserver.yml")
"""What a file is called that says how the documents beside it live; of several, `exports.mockserver.yaml` is for one."""


class Files:
    """Documents by name (the path of their file), read when a reference leads to them.

    `root` is the folder that references may not leave.
    """

    def __init__(self, root: Path) -> None:
        self.root = root.resolve()
        self.documents: dict[str, Any] = {}

    def read(self, path: Path) -> str:
        """Reads a file, once; its name. Raises DefinitionError for one that can't be read."""
        name = path.as_posix()
        if name not in self.documents:
            self.documents[name] = read_value(path, name)
        return name

    def target(self, name: str, pointer: str, reference: str) -> tuple[str, str]:
        """The document and the pointer that a reference leads to, seen from the document `name`.

        Raises DefinitionError for one to the network, out of the folder, or to no file.
        """
        file, _, fragment = reference.partition("#")
        if not file:
            return name, fragment
        if "://" in file or file.startswith("//"):
            raise DefinitionError(
                name, f"{pointer}/$ref", f"a reference to the network, {shortened(reference)!r}", "a file beside this"
            )
        if "\x00" in unquote(file):
            raise DefinitionError(
                name, f"{pointer}/$ref", f"a file's name with a NUL, {shortened(reference)!r}", "a file beside this"
            )
        target = posixpath.normpath(posixpath.join(posixpath.dirname(name), unquote(file)))
        if target in self.documents:
            return target, fragment
        path = Path(target)
        if not _is_inside(path, self.root):
            actual = f"a reference out of the folder {self.root}, {shortened(reference)!r}"
            raise DefinitionError(name, f"{pointer}/$ref", actual, "a file in this folder; name the folder around both")
        if not _is_file(path):
            actual = f"a reference to {shortened(reference)!r}, which is not a file"
            raise DefinitionError(name, f"{pointer}/$ref", actual, "a file beside this")
        if len(self.documents) >= FILES:
            raise DefinitionError(name, f"{pointer}/$ref", f"more than {FILES} files", "fewer")
        return self.read(path), fragment


def _is_inside(path: Path, folder: Path) -> bool:
    try:
        return path.resolve().is_relative_to(folder)
    except OSError:  # no file has so long a name
        return True


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:
        return False


def file_beside(path: Path) -> Path | None:
    """The file that says how the document at this path lives; None where there is none."""
    if is_beside(path):
        return None
    names = (*(f"{path.stem}.{name}" for name in BESIDE), *BESIDE)
    return next((path.with_name(name) for name in names if path.with_name(name).is_file()), None)


def is_beside(path: Path) -> bool:
    """Whether a file says how documents live, and is none itself."""
    return path.name in BESIDE or path.name.endswith(tuple(f".{name}" for name in BESIDE))


def files_under(path: Path) -> list[Path]:
    """The files that a user means: the file, or all of a folder. Raises DefinitionError for a folder without any."""
    if not path.is_dir():
        return [path]
    files = sorted(file for file in path.rglob("*") if file.suffix in SUFFIXES and not is_beside(file))
    if not files:
        raise DefinitionError(str(path), "", "a folder without definitions", "*.json, *.yaml or *.yml in it")
    return files


def read_value(path: Path, name: str) -> Any:
    """The value in a file, JSON or YAML. Raises DefinitionError, which says why it can't be read."""
    if path.suffix not in SUFFIXES:
        raise DefinitionError(name, "", f"a file named *{path.suffix}", "*.json, *.yaml or *.yml")
    try:
        if path.stat().st_size > FILE_BYTES:
            raise DefinitionError(name, "", f"a file of {path.stat().st_size:,} bytes", f"at most {FILE_BYTES:,}")
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise DefinitionError(name, "", f"a file that can't be read ({error})", "a JSON or YAML file in UTF-8") from error
    value = parse_text(text, name, path.suffix)
    excess = too_large(value)
    if excess:
        raise DefinitionError(name, "", excess, "less")
    return value


def parse_text(text: str, name: str, suffix: str) -> Any:
    """The value of a text. Raises DefinitionError."""
    if suffix == ".json":
        try:
            return json.loads(text, parse_constant=refuse_constant)
        except (ValueError, RecursionError) as error:
            raise DefinitionError(name, "", f"a file that is not JSON ({error})", "an OpenAPI document") from error
    try:
        return parse_yaml(text)
    except YamlError as error:
        raise DefinitionError(name, "", f"a file that is not YAML ({error})", "an OpenAPI document") from error
