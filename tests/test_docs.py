"""The documents are true: tables come from the code, and every block of code in the README runs."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from sdk_clients import Server

from mockserver.answers.declared_problem import usual_status
from mockserver.definitions import load
from mockserver.errors import PROBLEMS
from mockserver.listing import operations_markdown
from mockserver.settings import TABLE, Row, Settings

pytest_plugins = ["pytester"]

ROOT = Path(__file__).parent.parent
READMES = {name: (ROOT / name).read_text(encoding="utf-8") for name in ("README.md", "README.zh-CN.md")}
README = READMES["README.md"]
EACH_README = pytest.mark.parametrize("name", ["README.md", pytest.param("README.zh-CN.md", marks=pytest.mark.exhaustive)])
DOCUMENTS = [
    ROOT / name
    for name in (
        *READMES,
        *("CONTRIBUTING.md", "ARCHITECTURE.md", "CHANGELOG.md", "schemas/README.md", "fixtures/README.md"),
        *("contracts/README.md", "docs/contract.md", "docs/diff.md", "docs/pytest.md", "docs/ci.md"),
        *("docs/torture.md", "docs/sdk-behaviour.md", "docs/jobs.md", "docs/faults.md", "docs/settings.md"),
        *("docs/control-api.md", "docs/calls.md", "docs/virtual-time.md", "docs/your-api.md", "docs/server.md"),
    )
]


def settings_table() -> str:
    """The table of docs/settings.md."""
    lines = ["| option | variable | default | what |", "|---|---|---|---|"]
    for row in TABLE:
        lines.append(f"| `{row.option}` {_takes(row)} | `{row.variable}` | {_default(row)} | {row.help} |")
    return "\n".join(lines)


def _takes(row: Row) -> str:
    if row.kind == "bool":
        return f"/ `--no-{row.option[2:]}`"
    if row.kind in ("list", "pairs"):
        return f"`{row.parts}`, repeatable"
    return f"`{', '.join(row.choices)}`" if row.choices else ""


def _default(row: Row) -> str:
    value = getattr(Settings(), row.name)
    if row.name in ("credentials", "apps"):
        return "a pair (`mockserver env`)" if row.name == "credentials" else "a pair"
    return f"`{str(value).lower() if isinstance(value, bool) else value}`" if value not in ("", (), {}) else ""


def test_the_settings_table_is_the_code_s() -> None:
    """Every setting stands in docs/settings.md with its option, variable, default and meaning, and no other does."""
    text = (ROOT / "docs/settings.md").read_text(encoding="utf-8")
    table = text.split("<!-- settings -->")[1].split("<!-- /settings -->")[0].strip()
    wanted = [re.sub(r" +", " ", line) for line in settings_table().splitlines()]
    assert [re.sub(r" +", " ", line) for line in table.splitlines()] == wanted


def test_the_list_of_operations_is_the_definitions() -> None:
    """schemas/OPERATIONS.md is what `mockserver operations --markdown` prints."""
    assert (ROOT / "schemas/OPERATIONS.md").read_text(encoding="utf-8") == operations_markdown(load())


def test_every_problem_has_an_answer_somewhere() -> None:
    """Each kind of problem is answered by a documented error; a media type is refused (415) by users' documents alone."""
    answered = {kind for operation in load().operations for kind in operation.problems}
    assert answered == set(PROBLEMS) - {"body-media-type"}
    assert usual_status("body-media-type") == 415


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_somewhere(document: Path) -> None:
    """Every relative link leads to a file that exists, and to a heading in it."""
    for target in re.findall(r"\]\(([^)]+)\)", document.read_text(encoding="utf-8")):
        file, _, anchor = target.partition("#")
        if not target.startswith("http"):
            path = document.parent / file if file else document
            assert path.exists(), target
            headings = re.findall(r"^#+ (.+)$", path.read_text(encoding="utf-8"), re.M) if anchor else []
            assert not anchor or anchor in [
                re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-") for heading in headings
            ]


def blocks(text: str, kind: str) -> list[str]:
    """The document's blocks of code of this kind, such as `python test`."""
    return re.findall(rf"^```{kind}\n(.*?)^```", text, re.M | re.S)


def pointed_at(server: Server) -> dict[str, str]:
    """The environment, with what `mockserver env` prints for this server."""
    command = [sys.executable, "-m", "mockserver", "env", "--port", str(server.port), "--shell", "dotenv"]
    variables = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return dict(os.environ) | {
        name: value.strip('"') for name, _, value in (line.partition("=") for line in variables.split())
    }


def run_script(script: str, folder: Path, environ: dict[str, str]) -> list[str]:
    """The lines that a script prints."""
    (folder / "script.py").write_text(script, encoding="utf-8")
    command = [sys.executable, str(folder / "script.py")]
    done = subprocess.run(command, capture_output=True, text=True, env=environ, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


@EACH_README
def test_the_tour_s_python_runs(name: str, server: Server, tmp_path: Path) -> None:
    """The README's Python blocks, one after the other, print what the comments say, against a real server."""
    script = "\n".join(blocks(READMES[name], "python"))
    assert run_script(script, tmp_path, pointed_at(server)) == ["BOOTING 1.0", "429 429"]


def test_the_page_s_jobs_live(tmp_path: Path) -> None:
    """The block of docs/jobs.md runs as it is."""
    (block,) = blocks((ROOT / "docs/jobs.md").read_text(encoding="utf-8"), "python")
    assert run_script(block, tmp_path, dict(os.environ)) == []


def test_the_page_s_client_works(server: Server, tmp_path: Path) -> None:
    """The block of docs/control-api.md drives a running server."""
    (block,) = blocks((ROOT / "docs/control-api.md").read_text(encoding="utf-8"), "python control")
    script = block.replace("http://127.0.0.1:6210", server.url)
    server.reset()
    assert run_script(script, tmp_path, dict(os.environ)) == ["FAILED", "[]"]


@EACH_README
def test_the_first_test_passes(name: str, pytester: pytest.Pytester) -> None:
    """The README's code and its tests, in the files that it names, pass."""
    (code,), (test,) = blocks(READMES[name], "python my_code"), blocks(READMES[name], "python test")
    pytester.makepyfile(my_code=code, test_my_code=test)
    pytester.runpytest_subprocess("-p", "no:randomly", timeout=120).assert_outcomes(passed=2)


def test_both_languages_have_the_same_blocks() -> None:
    """README.zh-CN.md has the code and the sections of README.md; only comments are in Chinese."""
    shapes = []
    for text in READMES.values():
        code = re.findall(r"^```(.*?)\n(.*?)^```", text, re.M | re.S)
        bare = [(kind, re.sub(r"  #.*", "", body)) for kind, body in code]
        shapes.append((bare, len(re.findall(r"^## ", text, re.M)), len(re.findall(r"^\|", text, re.M))))
    assert shapes[0] == shapes[1]


@pytest.mark.exhaustive
def test_the_plugin_s_documents_run(pytester: pytest.Pytester) -> None:
    """All blocks of docs/pytest.md pass."""
    result = blocks((ROOT / "docs/pytest.md").read_text(encoding="utf-8"), "python")
    loop = result[0].partition("\n\ndef test_")[0]
    assert len(result) == 5
    pytester.makepyfile(my_code=loop, **{f"test_{n}": text for n, text in enumerate(result)})
    pytester.runpytest_subprocess("-p", "no:randomly", timeout=120).assert_outcomes(passed=9)


def test_the_recipe_s_wait_works(server: Server) -> None:
    """The waiting lines of docs/ci.md, with `mockserver wait` and with curl, end well once the server answers."""
    text = (ROOT / "docs/ci.md").read_text(encoding="utf-8")
    ours = next(line for line in text.splitlines() if line.strip().startswith("mockserver wait"))
    theirs = next(line for line in text.splitlines() if line.startswith("curl"))
    assert shutil.which("curl"), "the document's line needs curl"
    for line in (ours.replace("mockserver wait", f"{sys.executable} -m mockserver wait"), theirs):
        command = line.replace("6210", str(server.port))
        done = subprocess.run(command, shell=True, capture_output=True, text=True, check=False, timeout=60)
        assert done.returncode == 0, done.stderr


def test_the_tour_s_curl_works(server: Server) -> None:
    """The README's curl line gets the documented TaurusDB answer."""
    line = next(line for line in README.splitlines() if line.startswith("curl "))
    assert shutil.which("curl"), "the README's line needs curl"
    command = line.replace("http://127.0.0.1:6210", server.url)
    done = subprocess.run(command, shell=True, capture_output=True, text=True, check=True)
    assert "HTTP/1.1 200 OK" in done.stdout
    assert '"id":"f9959f52-aa4d-43f7-be74-44b6fc20b239"' in done.stdout


def test_the_newest_release_in_the_changelog_is_the_version() -> None:
    """Below what is not released yet, the changelog's newest entry is the package's version."""
    from mockserver import __version__

    newest = re.search(r"^## (?!Unreleased)(\S+)", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.M)
    assert newest is not None
    assert newest[1] == __version__
