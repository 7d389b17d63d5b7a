"""docs/your-api.md: each block runs, one after the other, in a folder of its own."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from mockserver.cli import main

PAGE = Path(__file__).parents[2] / "docs" / "your-api.md"
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)


def run_console(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Each command prints what stands below it."""
    for command in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
        line, _, wanted = command.partition("\n")
        capsys.readouterr()
        assert main(shlex.split(line)[1:]) == 0, line
        assert capsys.readouterr().out == wanted, line


def test_each_block_of_the_page_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Files are written, commands print what the page shows, Python code passes."""
    monkeypatch.chdir(tmp_path)
    kinds = []
    for kind, text in BLOCKS:
        kinds.append(kind)
        if kind in ("yaml", "ini") or text.startswith("# test_"):
            Path(text.split("\n", 1)[0].removeprefix("# ")).write_text(text, encoding="utf-8")
        elif kind == "console":
            run_console(text, capsys)
        else:
            exec(compile(text, str(PAGE), "exec"), {})
    assert kinds.count("python") == 3
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:randomly"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert "4 passed" in done.stdout, done.stdout + done.stderr
