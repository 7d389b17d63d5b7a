"""Tries public OpenAPI documents, as they stand in folders (installed packages, say): how many load, and answer validly.

    python tests/survey_documents.py FOLDER ... [--most 1000] [--seconds 60] [--processes 2]

Prints a line for each document that is refused, slow or answers wrongly, and the sums.
"""

from __future__ import annotations

import argparse
import json
import signal
import sys
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

from mockserver.answers.sample import sample
from mockserver.definitions import Operation
from mockserver.definitions.compile import compile_documents, json_media
from mockserver.definitions.node import node_at
from mockserver.definitions.notes import Notes
from mockserver.definitions.propose import finds_jobs
from mockserver.definitions.read import read_users
from mockserver.definitions.validate_compiled import check_definitions
from mockserver.definitions.validate_documents import check_documents
from mockserver.errors import DefinitionError
from mockserver.generate import Fake
from mockserver.mock import Mock
from mockserver.model import Request
from mockserver.settings import Settings

SLOW = 10.0
"""Seconds of CPU from which a document is named."""

MARKS = (b'"openapi"', b'"swagger"', b"openapi:", b"swagger:")


_BETWEEN = {"pipeDelimited": "|", "spaceDelimited": " ", "label": "."}
"""What stands between the items of a list, by the parameter's style."""


def documents(folders: list[Path], most: int) -> list[Path]:
    """Files that begin like OpenAPI documents, spread evenly over what there is."""
    files = sorted(
        file
        for folder in folders
        for file in (folder.rglob("*") if folder.is_dir() else [folder])
        if file.suffix in (".json", ".yaml", ".yml")
    )
    files = [file for file in files if file.name != "package.json"]
    matching = [file for file in files if file.is_file() and any(mark in file.open("rb").read(4_096) for mark in MARKS)]
    return matching if len(matching) <= most else [matching[index * len(matching) // most] for index in range(most)]


def request_for(operation: Operation) -> Request:
    """A request with the parameters and the body that the operation requires."""
    fake, parts, query, headers = Fake(1, operation.id), operation.path.split("/"), [], {}
    for index, parameter in enumerate(operation.parameters):
        if not parameter.required:
            continue
        place = node_at(
            operation.source.documents, operation.source.name, (*operation.source.parts, "parameters", str(index))
        )
        value = sample(place.resolved() / "schema", parameter.errors, fake.of(parameter.name))
        text = _text(value, _BETWEEN.get(parameter.style.name, ",") if parameter.style else ",")
        if parameter.location == "path":
            text = {"label": f".{text}", "matrix": f";{parameter.name}={text}"}.get(
                parameter.style.name if parameter.style else "", text
            )
            parts = [part.replace("{" + parameter.name + "}", text or "x") for part in parts]
        elif parameter.location == "query" and isinstance(value, dict) and parameter.style and parameter.style.explode:
            form = parameter.name + "[{}]" if parameter.style.name == "deepObject" else "{}"
            query += [f"{form.format(_quoted(key))}={_quoted(_text(child))}" for key, child in value.items()]
        elif parameter.location == "query":
            texts = (
                [_text(item) for item in value]
                if isinstance(value, list) and parameter.style and parameter.style.explode
                else [text]
            )
            query += [f"{parameter.name}={_quoted(part)}" for part in texts]
        elif parameter.location == "header":
            headers[parameter.name.lower()] = text
        elif parameter.location == "cookie":
            exploded = isinstance(value, dict) and parameter.style is not None and parameter.style.explode
            pairs = [f"{key}={_text(child)}" for key, child in value.items()] if exploded else [f"{parameter.name}={text}"]
            headers["cookie"] = "; ".join([*filter(None, [headers.get("cookie")]), *pairs])
    body = b"{}" if operation.body_required else b""
    if operation.body_errors is not None and operation.body_required:
        content = (operation.source / "requestBody").members("content")
        media = json_media(content) or next(iter(content), "")
        headers["content-type"] = media
        if json_media(content) and "schema" in content[media].value:
            body = json.dumps(sample(content[media] / "schema", operation.body_errors, fake)).encode()
    path, segments = "/".join(parts), tuple(parts) if any("/" in part for part in parts) else ()
    return Request(operation.method, path, "&".join(query), headers, body, segments=segments)


def _text(value: Any, between: str = ",") -> str:
    if isinstance(value, list):
        return between.join(map(_text, value))
    if isinstance(value, dict):
        return ",".join(f"{key},{_text(child)}" for key, child in value.items())
    return str(value).lower() if isinstance(value, bool) else str(value)


def _quoted(text: str) -> str:
    from urllib.parse import quote

    return quote(text)


def try_document(file: Path) -> Iterator[str]:
    """One document: read it, call each operation once, judge each answer. Yields what is counted, and lines."""
    notes = Notes()
    texts = read_users(file, notes)
    check_documents(texts)
    definitions = compile_documents(texts)
    check_definitions(definitions)
    yield "loaded"
    yield from ("notes" for _ in notes.entries)
    mock = Mock(Settings(auth="off"), definitions=definitions)
    for operation in definitions.operations:
        mock.reset()
        problem = wrong(operation, mock.handle(request_for(operation)))
        yield "operations"
        yield "valid" if problem is None else "wrong"
        if problem:
            yield f"  {file}: {operation.method} {operation.path}: {problem[:200]}"
    if any(finds_jobs(text) for text in texts.values() if "openapi" in text):
        yield "with jobs"


def wrong(operation: Operation, answer: Any) -> str | None:
    """What is wrong with an answer: a refusal, or a body that the schema doesn't allow."""
    if answer.status >= 500 and answer.problem:
        return f"{answer.status} {answer.problem}"
    if answer.status >= 400 and answer.problem:
        return f"refused {answer.status} {answer.problem}"
    if answer.body and json_media([answer.header("Content-Type") or ""]):
        for error in operation.responses[answer.status](json.loads(answer.body)):
            return f"{answer.status} at {list(error.absolute_path)}: {error.message[:120]}"
    return None


class TooSlow(BaseException):
    """A document takes longer than it may; no mock answers this with 500."""


def survey(file: Path, seconds: int) -> list[str]:
    """What is counted of one document, and the lines about it."""

    def too_slow(*_: object) -> None:
        raise TooSlow

    result, began = ["tried"], time.process_time()
    signal.signal(signal.SIGALRM, too_slow)
    try:
        signal.alarm(seconds)
        for counted in try_document(file):
            result.append(counted)
        signal.alarm(0)
    except DefinitionError as error:
        result += ["refused", f"  refused: {str(error)[:300]}"]
    except TooSlow:
        result += ["too slow", f"  TOO SLOW {file}: more than {seconds} s, after {result.count('operations')} operations"]
    except Exception as error:
        result += ["failed", f"  FAILED {file}: {type(error).__name__} {str(error)[:200]}"]
    signal.alarm(0)
    took = time.process_time() - began
    return [*result, f"  {took:.1f} s: {file}"] if took > SLOW else result


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--most", type=int, default=1_000)
    parser.add_argument("--seconds", type=int, default=60, help="how long one document may take")
    parser.add_argument("--processes", type=int, default=2)
    options = parser.parse_args()
    counted: Counter[str] = Counter()
    files = documents(options.folders, options.most)
    with ProcessPoolExecutor(options.processes) as pool:
        for result in pool.map(survey, files, [options.seconds] * len(files)):
            counted.update(line for line in result if not line.startswith(" "))
            print(*(line for line in result if line.startswith(" ")), sep="\n", end="", flush=True)
            if any(line.startswith(" ") for line in result):
                print()
    print(", ".join(f"{name} {count}" for name, count in counted.items()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
