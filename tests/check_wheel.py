"""Packaging check, run by `.ci/run`: `python tests/check_wheel.py DIST`.

Installs the wheel, and the wheel that pip builds from the sdist, each into a fresh venv, and uses it from an empty folder.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import urllib.request
import venv
import zipfile
from pathlib import Path

ROOT = Path(__file__).parent.parent
PROJECT, CLUSTER = "1551c7f6c808414d8e9f3c514a170f2e", "6ec9a0a4-76be-4262-8697-e7af1fac7920"  # the documented example
DATA = ("schemas", "fixtures", "contracts")


def main(dist: Path) -> None:
    """Check every artifact in `dist`."""
    wheel, sdist = next(dist.glob("*.whl")), next(dist.glob("*.tar.gz"))
    check_contents(wheel)
    for artifact in (wheel, sdist):
        with tempfile.TemporaryDirectory() as folder:
            check_installed(artifact.resolve(), Path(folder))
        print(f"{artifact.name}: installed, served, listed")


def check_contents(wheel: Path) -> None:
    """The wheel holds the package and the data that git tracks, and nothing else."""
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, check=True, capture_output=True, text=True).stdout.split("\n")
    wanted = {name for name in tracked if name.startswith("mockserver/")}
    wanted |= {f"mockserver/_data/{name}" for name in tracked if name.split("/")[0] in DATA}
    held = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    assert held == wanted, f"missing: {sorted(wanted - held)}; too much: {sorted(held - wanted)}"
    print(f"{wheel.name}: {len(held)} files, as tracked")


def check_installed(artifact: Path, folder: Path) -> None:
    """An installation of its own lists its operations and answers over a socket."""
    venv.create(folder / "venv", with_pip=True)
    scripts = folder / "venv" / ("Scripts" if sys.platform == "win32" else "bin")
    subprocess.run([scripts / "python", "-m", "pip", "install", "-q", artifact], check=True, cwd=folder)
    listed = subprocess.run([scripts / "mockserver", "operations", "--json"], check=True, cwd=folder, capture_output=True)
    operations = {operation["id"] for operation in json.loads(listed.stdout)["operations"]}
    assert operations >= {
        "ShowJobStatus",
        "ShowInstanceInfos",
        "ShowGaussMySqlJobInfo",
        "ListInstanceHistory",
        "GetTaskInstance",
    }
    command = [str(scripts / "mockserver"), "--port", "0", "--auth", "off"]
    with subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            url = server.stdout.readline().removeprefix("mockserver ready on ").strip()
            path = f"/v1.1/{PROJECT}/clusters/{CLUSTER}/cdm/job/jdbc2hive/status"
            with urllib.request.urlopen(url + path, timeout=10) as answer:
                assert json.load(answer)["submissions"][0]["status"] == "BOOTING"
        finally:
            server.terminate()
        assert server.wait(10) == 0


if __name__ == "__main__":
    main(Path(sys.argv[1]))
