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

from mockserver.definitions import load
from mockserver.errors import PROBLEMS
from mockserver.listing import operations_markdown
from mockserver.settings import TABLE, Row, Settings

pytest_plugins = ["pytester"]

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
DOCUMENTS = [
    ROOT / name
    for name in (
        *("README.md", "ARCHITECTURE.md", "CHANGELOG.md", "schemas/README.md", "fixtures/README.md"),
        *("contracts/README.md", "docs/contract.md", "docs/diff.md", "docs/pytest.md", "docs/ci.md"),
        *("docs/torture.md", "docs/sdk-behaviour.md"),
    )
]


def settings_table() -> str:
    """The README's table of settings."""
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
    """Every setting stands in the README with its option, variable, default and meaning, and no other does."""
    table = README.split("<!-- settings -->")[1].split("<!-- /settings -->")[0].strip()
    wanted = [re.sub(r" +", " ", line) for line in settings_table().splitlines()]
    assert [re.sub(r" +", " ", line) for line in table.splitlines()] == wanted


def test_the_list_of_operations_is_the_definitions() -> None:
    """schemas/OPERATIONS.md is what `mockserver operations --markdown` prints."""
    assert (ROOT / "schemas/OPERATIONS.md").read_text(encoding="utf-8") == operations_markdown(load())


def test_every_problem_has_an_answer_somewhere() -> None:
    """Each kind of problem in errors.py is answered by some documented error."""
    answered = {kind for operation in load().operations for kind in operation.problems}
    assert answered == set(PROBLEMS)


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


def test_the_tour_s_python_runs(server: Server, tmp_path: Path) -> None:
    """The README's Python blocks, one after the other, print what the comments say, against a real server."""
    url = server.url
    port = url.rpartition(":")[2]
    variables = subprocess.run(
        [sys.executable, "-m", "mockserver", "env", "--port", port, "--shell", "dotenv"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    environ = dict(os.environ) | {
        name: value.strip('"') for name, _, value in (line.partition("=") for line in variables.split())
    }
    script = tmp_path / "tour.py"
    script.write_text("\n".join(re.findall(r"^```python\n(.*?)^```", README, re.M | re.S)), encoding="utf-8")
    done = subprocess.run([sys.executable, script], capture_output=True, text=True, env=environ, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == ["BOOTING 1.0", "429 429"]


def test_the_plugin_s_documents_run(pytester: pytest.Pytester) -> None:
    """The README's tests of the plugin, with the loop of docs/pytest.md, and all of the latter's blocks pass."""
    blocks = re.findall(r"^```python\n(.*?)^```", (ROOT / "docs/pytest.md").read_text(encoding="utf-8"), re.M | re.S)
    readme = re.findall(r"^```python test\n(.*?)^```", README, re.M | re.S)
    loop = blocks[0].partition("\n\ndef test_")[0]
    assert len(blocks) == 4
    pytester.makepyfile(
        my_code=loop, test_readme="\n\n".join(readme), **{f"test_{n}": text for n, text in enumerate(blocks)}
    )
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


def test_the_first_line_of_the_changelog_is_the_version() -> None:
    """The changelog's newest entry is the package's version."""
    from mockserver import __version__

    newest = re.search(r"^## (\S+)", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.M)
    assert newest is not None
    assert newest[1] == __version__
