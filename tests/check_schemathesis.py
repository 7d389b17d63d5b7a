"""Schemathesis against a running server, run by CI and by hand: `python tests/check_schemathesis.py [EXAMPLES]`.

In a venv of its own (its pins are not ours), with all checks but those that call a failure what is so by design.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

PACKAGE = "schemathesis>=4.32,<5"
ENOS = "^/(apim-token-service|batch-processing-service)/"
BY_DESIGN = ["ignored_auth", "positive_data_acceptance"]
"""`--auth presence` takes any well-formed credential; an id that nobody declared, or a job that isn't running, is refused
although the schema allows it."""
RUNS: tuple[tuple[str, list[str], list[str]], ...] = (
    ("openapi.json", ["--exclude-path-regex", ENOS], BY_DESIGN),
    ("openapi.json", ["--include-path-regex", ENOS], [*BY_DESIGN, "negative_data_rejection"]),
    ("control.json", [], BY_DESIGN),
)
"""Which document, which of its operations, and without which checks. EnOS refuses under 200."""
LIMIT = 300
"""Seconds for a document."""


def main(folder: Path, examples: str) -> None:
    """Install, start, run. Raises CalledProcessError where something is found."""
    venv.create(folder, with_pip=True)
    scripts = folder / ("Scripts" if sys.platform == "win32" else "bin")
    subprocess.run([str(scripts / "python"), "-m", "pip", "install", "-q", PACKAGE], check=True)
    for document, operations, left_out in RUNS:
        command = [sys.executable, "-m", "mockserver", "--port", "0", "--no-access-log"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
            try:
                assert server.stdout is not None
                ready = re.search(r"http://\S+", server.stdout.readline())
                assert ready is not None
                run = [str(scripts / "schemathesis"), "run", f"{ready[0]}/_mock/{document}", "--seed", "1"]
                run += ["--phases", "examples,fuzzing", "--max-examples", examples, "--exclude-checks", ",".join(left_out)]
                run += ["--generation-database", "none", "-H", "X-Auth-Token: t", "-H", "apim-accesstoken: t", *operations]
                subprocess.run(run, check=True, cwd=folder, timeout=LIMIT)
            finally:
                server.terminate()


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as name:
        main(Path(name), sys.argv[1] if sys.argv[1:] else "5")
