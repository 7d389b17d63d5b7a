"""Compatibility check, run by `.ci/run`: `python tests/check_flask.py`.

In a fresh venv with Airflow 2's pins (`flask<2.3`, and the Werkzeug that goes with it): the package installs, the control
API and the plugin pass their tests, and `serve` answers.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

ROOT = Path(__file__).parent.parent
PINS = ("flask<2.3", "werkzeug<3")
NEEDED = (
    "pytest", "pytest-xdist", "anyio", "openapi-spec-validator", "huaweicloudsdkcdm", "huaweicloudsdkgaussdb",
    "huaweicloudsdktics", "huaweicloudsdkdataartsstudio", "enos-poseidon==0.2.0", "pytest-randomly", "pytest-random-order",
)  # fmt: skip
TESTS = ("tests/test_control.py", "tests/test_control_access.py", "tests/testing/test_pytest_plugin.py")


def main(folder: Path) -> None:
    """Install, and run the tests. Raises CalledProcessError."""
    venv.create(folder, with_pip=True)
    scripts = folder / ("Scripts" if sys.platform == "win32" else "bin")
    python = str(scripts / "python")
    subprocess.run([python, "-m", "pip", "install", "-q", "-e", str(ROOT), *PINS, *NEEDED], check=True)
    versions = "import importlib.metadata as m; print(*(f'{name} {m.version(name)}' for name in ('flask', 'werkzeug')))"
    subprocess.run([python, "-c", versions], check=True)
    environment = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "PYTEST_ADDOPTS")}
    environment["PATH"] = f"{scripts}{os.pathsep}{environment.get('PATH', '')}"
    command = [python, "-m", "pytest", "-p", "no:randomly", "-n", "2", *TESTS]
    subprocess.run(command, cwd=ROOT, check=True, env=environment)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as name:
        main(Path(name))
