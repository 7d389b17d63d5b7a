"""Compatibility check, run by `.ci/run`: `python tests/check_pytest_versions.py [SPEC ...]`.

For each version of pytest (by default the oldest that is supported; the suite itself runs under the newest), a fresh venv
with this checkout runs the plugin's own tests in it.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

ROOT = Path(__file__).parent.parent
SPECS = ("pytest==8.0.*",)
NEEDED = (
    "pytest-xdist", "pytest-randomly", "pytest-random-order", "anyio", "huaweicloudsdkcdm", "huaweicloudsdkgaussdb",
    "huaweicloudsdktics", "huaweicloudsdkdataartsstudio", "enos-poseidon==0.2.0",
)  # fmt: skip


def check(spec: str, folder: Path) -> None:
    """Run the plugin's tests with this version. Raises CalledProcessError."""
    venv.create(folder, with_pip=True)
    scripts = folder / ("Scripts" if sys.platform == "win32" else "bin")
    pip = [str(scripts / "python"), "-m", "pip", "install", "-q"]
    subprocess.run([*pip, "-e", str(ROOT), spec, *NEEDED], check=True)
    environment = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "PYTEST_ADDOPTS")}
    environment["PATH"] = f"{scripts}{os.pathsep}{environment.get('PATH', '')}"
    command = [
        str(scripts / "python"),
        "-m",
        "pytest",
        "-p",
        "no:randomly",
        "-n",
        "2",
        "tests/testing/test_pytest_plugin.py",
    ]
    shown = subprocess.run(
        [str(scripts / "python"), "-m", "pytest", "--version"], check=True, capture_output=True, text=True
    )
    print(spec, "->", (shown.stdout or shown.stderr).strip(), flush=True)
    subprocess.run(command, cwd=ROOT, check=True, env=environment)


if __name__ == "__main__":
    for each in sys.argv[1:] or SPECS:
        with tempfile.TemporaryDirectory() as name:
            check(each, Path(name))
