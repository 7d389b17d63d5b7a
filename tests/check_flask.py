"""Compatibility check, run by CI and by hand: `python tests/check_flask.py`.

With Airflow 2's pins (`flask<2.3`, and the Werkzeug that goes with it) the package resolves, and the control API and
the kit pass their tests. The venv has the old Flask in front of all else that this interpreter has, so that it takes
seconds: nothing else is installed.
"""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import tempfile
import venv
from pathlib import Path

ROOT = Path(__file__).parent.parent
PINS = ("flask<2.3", "werkzeug<3")
TESTS = ("tests/test_control.py", "tests/test_control_access.py", "tests/test_namespaces.py", "tests/server/test_wait.py")
LEFT_OUT = (
    "tests/test_control.py::test_unknown_paths[/_mock//health",
    "tests/test_control_access.py::test_a_foreign_host_is_refused[[",
)
"""What is Werkzeug 2's own: a path with a slash too many is a 405, and its test client can't send every Host."""


def main(folder: Path) -> None:
    """Install, and run the tests. Raises CalledProcessError."""
    venv.create(folder, with_pip=True)
    scripts = folder / ("Scripts" if sys.platform == "win32" else "bin")
    python = str(scripts / "python")
    ours = sysconfig.get_path("purelib", vars={"base": str(folder), "platbase": str(folder)})
    Path(ours, "all-else.pth").write_text(sysconfig.get_path("purelib") + "\n", encoding="utf-8")
    pip = [python, "-m", "pip", "install", "-q", "--disable-pip-version-check"]
    subprocess.run([*pip, *PINS], check=True)
    subprocess.run([*pip, "--dry-run", str(ROOT), *PINS], check=True)
    versions = "import importlib.metadata as m; print(*(f'{name} {m.version(name)}' for name in ('flask', 'werkzeug')))"
    subprocess.run(
        [python, "-c", f"import flask; assert flask.__file__.startswith({str(folder)!r}); {versions}"], check=True
    )
    environment = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "PYTEST_ADDOPTS")}
    environment |= {"PATH": f"{scripts}{os.pathsep}{environment.get('PATH', '')}", "PYTHONPATH": str(ROOT)}
    left_out = [f"--deselect={test}" for test in LEFT_OUT]
    command = [python, "-m", "pytest", "-q", "-p", "no:randomly", "-m", "not exhaustive", "-n", "2", *left_out, *TESTS]
    subprocess.run(command, cwd=ROOT, check=True, env=environment)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as name:
        main(Path(name))
