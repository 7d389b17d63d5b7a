"""The rules of ARCHITECTURE.md, held by reading the code."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "mockserver"
MODULES = sorted(PACKAGE.rglob("*.py"))
DOORS = {
    "app", "cli", "client", "control", "control_access", "control_document", "credentials", "importers", "listing", "proxy",
    "pytest_documents", "pytest_plugin", "pytest_torture", "remote", "server", "testing", "torture_rack", "verify",
}  # fmt: skip
VALUES = {
    "activity",
    "version",
    "errors",
    "model",
    "setting_values",
    "settings",
    "definitions",
    "real_time",
    "when_imported",
    "redaction",
    "user_files",
    "package_data",
    "record",
    "exchanges",
}
KIT = {"contract", "diff"}
IMPORTERS = {
    "flask": {"app.py"},
    "httptools": {"server/reading.py"},
    "uvloop": {"server/loops.py"},
    "werkzeug": {"server/control_calls.py"},
    "faker": {"generate.py"},
    "jsonschema": {"definitions/embedded.py", "definitions/validate_documents.py", "user_files.py"},
    "jinja2": {"contract/report/html.py"},
    "markupsafe": {"contract/report/html.py"},
    "pytest": {"pytest_documents.py", "pytest_plugin.py", "pytest_torture.py"},
    # What sends to real services is one place: polite, and silent about secrets. The others speak to the mock alone.
    "requests": {
        "contract/failures.py",
        "contract/sending.py",
        "testing/clients.py",
        "testing/direct.py",
        "testing/intercept.py",
    },
    "urllib3": {
        "contract/failures.py",
        "contract/sending.py",
        "proxy/exact_connections.py",
        "proxy/upstream.py",
        "proxy/upstream_failures.py",
        "testing/direct.py",
        "testing/intercept.py",
    },
    "yaml": {"definitions/yaml_json.py"},
    "time_machine": {"virtualtime/wall.py"},
    "httpx": {"testing/intercept_httpx.py"},
    "httpcore": {"testing/intercept_httpx.py"},
    "aiohttp": {"testing/intercept_aiohttp.py"},
}
TIME_AND_CHANCE = {"time", "time_ns", "now", "utcnow", "today", "uuid1", "uuid4", "random", "randint", "choice", "token_hex"}
ALLOWED_TIME = {
    "jobs/clock.py",
    "real_time.py",
    "virtualtime/wall.py",
    "generate.py",
    "contract/sending.py",
}  # when a real service answered


def name_of(path: Path) -> str:
    """The module's path inside the package."""
    return path.relative_to(PACKAGE).as_posix()


@cache
def imports(path: Path) -> tuple[tuple[str, bool], ...]:
    """What a module imports, by full name, and whether only type checkers do."""
    return tuple(_imports(path))


def _imports(path: Path) -> Iterator[tuple[str, bool]]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    typing_only = {id(node) for block in ast.walk(tree) if _is_type_checking(block) for node in ast.walk(block)}
    package = ["mockserver", *path.relative_to(PACKAGE).parts[:-1]]
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, id(node) in typing_only) for alias in node.names)
        if isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            module = ".".join([*base, *([node.module] if node.module else [])])
            yield module, id(node) in typing_only
            yield from ((f"{module}.{alias.name}", id(node) in typing_only) for alias in node.names)


def _is_type_checking(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"


def rooms(path: Path) -> set[str]:
    """The rooms of mockserver that a module imports from: `steps`, `mock`, ..."""
    parts = (name.split(".") for name, typing_only in imports(path) if not typing_only)
    return {part[1] for part in parts if part[0] == "mockserver" and len(part) > 1}


@pytest.mark.parametrize("library", IMPORTERS)
def test_only_its_room_imports_a_library(library: str) -> None:
    """Each heavy library has its importers, and no other module imports it."""
    matches = {
        name_of(path) for path in MODULES if any(name.split(".")[0] == library for name, only in imports(path) if not only)
    }
    assert matches <= IMPORTERS[library], library


def test_steps_never_import_each_other() -> None:
    """A step knows the machine and the values, not the other steps."""
    for path in (PACKAGE / "steps").glob("*.py"):
        assert "steps" not in rooms(path), name_of(path)


def test_values_import_only_values() -> None:
    """What things are doesn't know what happens to them."""
    for path in MODULES:
        if name_of(path).split("/")[0].removesuffix(".py") in VALUES:
            assert rooms(path) <= VALUES, (name_of(path), rooms(path) - VALUES)


def test_the_machine_never_imports_the_doors() -> None:
    """Only doors know doors, but for the package's public names."""
    for path in MODULES:
        room = name_of(path).split("/")[0].removesuffix(".py")
        if room not in DOORS and room not in ("__main__", "__init__"):
            assert not rooms(path) & DOORS, (name_of(path), rooms(path) & DOORS)


def module_of(path: Path) -> str:
    """The full name of a module, as others import it."""
    return ".".join(("mockserver", *path.relative_to(PACKAGE).with_suffix("").parts)).removesuffix(".__init__")


def _modules_of(path: Path, modules: set[str]) -> set[str]:
    """The modules that a module imports: of `from .room import module, name` the module, and the room for the name."""
    names = {name for name, typing_only in imports(path) if not typing_only}
    rooms_used = {name.rpartition(".")[0] for name in names - modules}
    return {name for name in names & modules if name in rooms_used or not (PACKAGE / _path_of(name)).is_dir()}


def _path_of(module: str) -> str:
    return "/".join(module.split(".")[1:])


def test_no_modules_import_each_other_in_a_circle() -> None:
    """Nor by a detour, nor inside functions."""
    modules = {module_of(path): path for path in MODULES}
    arrows = {module: _modules_of(path, set(modules)) - {module} for module, path in modules.items()}
    while leaves := {module for module, targets in arrows.items() if not targets & arrows.keys()}:
        arrows = {module: targets for module, targets in arrows.items() if module not in leaves}
    assert not arrows


def test_jobs_faults_and_vendors_do_not_import_what_uses_them() -> None:
    """jobs/ and faults/ know no service, no vendor and no step; services and vendors know no step."""
    for folder, strangers in (
        ("jobs", {"faults", "services", "vendors", "steps", "mock", "namespace", "declare_job"}),
        ("faults", {"services", "vendors", "steps", "mock", "namespace", "declare_job"}),
        ("vendors", {"services", "steps", "mock", "namespace", "declare_job"}),
        ("services", {"steps", "mock", "declare"}),
    ):
        for path in (PACKAGE / folder).glob("*.py"):
            assert not rooms(path) & strangers, (name_of(path), rooms(path) & strangers)


def test_only_the_clock_asks_for_the_time_and_only_generate_for_chance() -> None:
    """No other module calls time.time, datetime.now, uuid4, random and the like."""
    for path in MODULES:
        if name_of(path) in ALLOWED_TIME:
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and isinstance(node.func.value, ast.Name):
                asked = (node.func.value.id, node.func.attr)
                stranger = (
                    asked[0] in ("time", "datetime", "date", "uuid", "random", "secrets") and asked[1] in TIME_AND_CHANCE
                )
                assert not stranger, (name_of(path), asked)


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_modules_and_functions_are_small_and_explained(path: Path) -> None:
    """Modules have a docstring and at most 400 lines, functions at most 50, and public ones a docstring."""
    text = path.read_text(encoding="utf-8")
    tree = ast.parse(text)
    assert ast.get_docstring(tree)
    assert len(text.splitlines()) <= 400
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert (node.end_lineno or 0) - node.lineno < 50, node.name
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_"):
            assert ast.get_docstring(node), node.name


def test_architecture_names_every_room() -> None:
    """ARCHITECTURE.md names every folder, and every module that stands in none; modules in folders say what they are."""
    text = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    for path in MODULES:
        room = name_of(path).split("/")[0]
        if room not in ("__init__.py", "__main__.py"):
            assert room in text, name_of(path)
