"""What can be compared, read from wherever it is: shipped definitions, files, folders, a server's document."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..definitions.like import written_out
from ..definitions.node import Documents
from ..definitions.read import CONTROL, read_documents
from ..errors import DefinitionError, InputError
from .same_meaning import in_one_spelling

SHIPPED = "shipped"
_TIMEOUT = 30
_LARGEST = 64 * 1_024 * 1_024


@dataclass(frozen=True, slots=True)
class Source:
    """One side of a comparison.

    `name` is what the user named; `documents` have short names, relative to `folder` (which is "" where there is none: for
    what is shipped, and for a URL); `inferred` says that they were read from a recording, not written.
    """

    name: str
    documents: Documents
    folder: str = ""
    inferred: bool = False


def read_source(source: str) -> Source:
    """The documents that `source` names: `shipped`, a file (JSON, YAML), a folder, or a URL of a JSON document.

    Raises InputError for what can't be read, and DefinitionError (an InputError) for what is no OpenAPI 3 document.
    """
    if source == SHIPPED:
        return Source(source, in_one_spelling(written_out(read_documents())))
    if source.startswith(("http://", "https://")):
        return Source(source, in_one_spelling(_checked({source.rpartition("/")[2] or "document": _fetched(source)})))
    path = Path(source)
    if not path.exists():
        raise InputError(f"{source} doesn't exist; allowed: {SHIPPED!r}, a file, a folder, or a URL of an OpenAPI document")
    return _folder(source, path) if path.is_dir() else _file(source, path)


def _folder(source: str, path: Path) -> Source:
    documents = {
        name: value for name, value in _read_documents([path], path).items() if name != CONTROL and "openapi" in value
    }
    if not documents:
        raise InputError(f"{source} holds no OpenAPI document; allowed: *.json, *.yaml or *.yml with the member 'openapi'")
    return Source(source, in_one_spelling(written_out(_checked(documents))), source)


def _file(source: str, path: Path) -> Source:
    """A file and those beside it that it refers to."""
    documents = _checked(_read_documents([path], path.parent))
    while missing := sorted(
        name for name in set(_files_named(documents)) - documents.keys() if (path.parent / name).is_file()
    ):
        documents |= _checked(_read_documents([path.parent / name for name in missing], path.parent), fragments=True)
    return Source(source, in_one_spelling(written_out(documents)), path.parent.as_posix())


def _read_documents(paths: list[Path], folder: Path) -> dict[str, Any]:
    """Documents by their path from the folder; `..` where they are outside it."""
    chosen = {path.resolve().as_posix() for path in paths}
    documents = read_documents([path.resolve() for path in paths])
    root = folder.resolve()
    names = [
        name for name in documents if any(name == given_path or name.startswith(f"{given_path}/") for given_path in chosen)
    ]
    return {_relative(Path(name), root): documents[name] for name in names}


def _relative(path: Path, root: Path) -> str:
    up = 0
    while not path.is_relative_to(root):
        root, up = root.parent, up + 1
    return "../" * up + path.relative_to(root).as_posix()


def _files_named(documents: Documents) -> Iterator[str]:
    """The files, relative to the folder, that references lead to."""
    import posixpath

    for name, document in documents.items():
        waiting: list[Any] = [document]
        while waiting:
            value = waiting.pop()
            if isinstance(value, dict):
                reference = value.get("$ref")
                if isinstance(reference, str) and reference.partition("#")[0] and "://" not in reference:
                    yield posixpath.normpath(posixpath.join(posixpath.dirname(name), reference.partition("#")[0]))
                waiting.extend(value.values())
            elif isinstance(value, list):
                waiting.extend(value)


def _checked(documents: dict[str, Any], fragments: bool = False) -> dict[str, Any]:
    """The documents. Raises DefinitionError for one that is no OpenAPI 3 document (a fragment need not be one)."""
    for name, document in documents.items():
        version = document.get("openapi")
        if not fragments and not (isinstance(version, str) and version.startswith("3.")):
            actual = f"openapi {version!r}" if "openapi" in document else "no member 'openapi'"
            actual = f"swagger {document['swagger']!r}" if "swagger" in document else actual
            raise DefinitionError(name, "", actual, "an OpenAPI 3.x document; for recordings, a file named *.jsonl or *.har")
    return documents


def _fetched(url: str) -> dict[str, Any]:
    try:
        request = urllib.request.Request(url, headers={"Accept": "application/json"})  # noqa: S310 - http or https
        with urllib.request.urlopen(request, timeout=_TIMEOUT) as answer:  # noqa: S310
            raw = answer.read(_LARGEST + 1)
    except (OSError, ValueError, urllib.error.URLError) as error:
        raise InputError(
            f"can't read {url}: {error}; allowed: the URL of an OpenAPI document, as /_mock/openapi.json"
        ) from error
    if len(raw) > _LARGEST:
        raise InputError(f"{url} is larger than {_LARGEST} bytes")
    try:
        value = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise InputError(f"{url} answers no JSON ({error}); allowed: an OpenAPI document in JSON") from error
    if not isinstance(value, dict):
        raise InputError(f"{url} answers a {type(value).__name__}; allowed: an OpenAPI document (an object)")
    return value
