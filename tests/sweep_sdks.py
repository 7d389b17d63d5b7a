"""Serves the imported documents of Huawei Cloud SDK packages, and calls every operation through its SDK, over a socket.

python tests/sweep_sdks.py huaweicloudsdkrds huaweicloudsdkdcs ...
"""

from __future__ import annotations

import importlib
import inspect
import json
import pkgutil
import re
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import mockserver
from mockserver.importers.sdk import _REQUEST, document_of

SAMPLES = {"int": 1, "float": 1.5, "bool": True, "object": {}, "datetime": "2026-01-01T00:00:00Z", "date": "2026-01-01"}


def filled(models: Any, kind: str, text: str, depth: int = 0) -> Any:
    """A value of a model's attribute, required or not; texts are the method's name: no call is about another's thing."""
    match = re.fullmatch(r"(list|dict)[\[(](?:\w+, ?)?(.+)[\])]", kind)
    if match:
        inner = filled(models, match[2], text, depth + 1)
        return [inner] if match[1] == "list" else {"key": inner}
    if kind == "str":
        return text
    if kind in SAMPLES:
        return SAMPLES[kind]
    model = getattr(models, kind, None)
    if model is None or not hasattr(model, "openapi_types"):
        return None
    return (
        model()
        if depth > 3
        else model(**{name: filled(models, other, text, depth + 1) for name, other in model.openapi_types.items()})
    )


def clients(package: str) -> Iterator[tuple[Any, Any]]:
    """Each version's models and client class."""
    module = importlib.import_module(package)
    for _, version, is_package in pkgutil.iter_modules(module.__path__):
        if is_package and re.fullmatch(r"v\w+", version):
            models = importlib.import_module(f"{package}.{version}")
            for _, name, _ in pkgutil.iter_modules(models.__path__):
                if name.endswith("_client") and not name.endswith("_async_client"):
                    part = importlib.import_module(f"{package}.{version}.{name}")
                    kinds = [value for value in list(vars(part).values()) if inspect.isclass(value)]
                    own = [kind for kind in kinds if kind.__module__ == part.__name__ and kind.__name__.endswith("Client")]
                    yield from ((models, kind) for kind in own)


def routes(document: dict[str, Any]) -> set[tuple[str, str]]:
    """The methods and paths of a document, whatever the names in braces."""
    return {
        (method, re.sub(r"{[^}]*}", "{}", path))
        for path, item in document["paths"].items()
        for method, node in item.items()
        if isinstance(node, dict) and "operationId" in node
    }


def sweep(packages: list[str]) -> tuple[int, int, list[str]]:
    """How many operations are served, how many were called, and which calls failed."""
    from huaweicloudsdkcore.auth.credentials import BasicCredentials, GlobalCredentials

    folder = Path(tempfile.mkdtemp())
    counted: Counter[tuple[str, str]] = Counter()
    for package in packages:
        document = document_of(package)
        counted.update(routes(document))
        (folder / f"{package}.json").write_text(json.dumps(document), encoding="utf-8")
    shared = sum(count > 1 for count in counted.values())
    print(f"{shared} of {len(counted)} methods and paths are those of two packages: the first one's operation answers")
    failures, called = [], 0
    settings = {"auth": "off", "unknown_ids": "create", "definitions": (str(folder),)}
    with mockserver.running(**settings) as server:
        served = sum(operation.vendor == "openapi" for operation in server.mock.definitions.operations)
        for package in packages:
            for models, kind in clients(package):
                for method, function in inspect.getmembers(kind, inspect.isfunction):
                    match = _REQUEST.search(inspect.getdoc(function) or "")
                    if match is None or method.endswith("_invoker") or method.startswith("_"):
                        continue
                    called += 1
                    server.reset()  # what another call deleted stays deleted else
                    request = getattr(models, match[1])
                    try:
                        wanted = inspect.getsource(kind.new_builder)
                        credentials = (
                            GlobalCredentials("AK", "SK", "d" * 32)
                            if "Global" in wanted
                            else BasicCredentials("AK", "SK", "p" * 32)
                        )
                        client = kind.new_builder().with_credentials(credentials).with_endpoint(server.url).build()
                        asked = request(
                            **{name: filled(models, other, method) for name, other in request.openapi_types.items()}
                        )
                        answer = getattr(client, method)(asked)
                        assert type(answer).__name__.endswith("Response"), type(answer)
                    except Exception as error:
                        failures.append(f"{package} {method}: {type(error).__name__} {' '.join(str(error).split())[:200]}")
    return served, called, failures


if __name__ == "__main__":
    served, called, failures = sweep(sys.argv[1:])
    print("\n".join(failures))
    print(f"packages {len(sys.argv) - 1}, operations served {served}, called {called}, failed {len(failures)}")
