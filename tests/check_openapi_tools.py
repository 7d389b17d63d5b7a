"""Generators of clients read `/_mock/openapi.json`, run by CI and by hand: `python tests/check_openapi_tools.py`.

openapi-python-client and datamodel-code-generator, in a venv of their own: what they make of the document compiles, and
models of theirs take an answer of the mock.
"""

from __future__ import annotations

import compileall
import json
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

from mockserver import Mock, Settings, create_app

PACKAGES = ("openapi-python-client", "datamodel-code-generator")
JOB = "/v3/054e292c9880d4992f02c0196d3ea468/jobs?id=1"


def main(folder: Path) -> None:
    """Install, generate, use. Raises CalledProcessError or AssertionError."""
    venv.create(folder / "venv", with_pip=True)
    scripts = folder / "venv" / ("Scripts" if sys.platform == "win32" else "bin")
    subprocess.run([str(scripts / "python"), "-m", "pip", "install", "-q", *PACKAGES], check=True)
    http = create_app(mock=Mock(Settings(auth="off"))).test_client()
    document, answer = folder / "openapi.json", folder / "answer.json"
    document.write_text(json.dumps(http.get("/_mock/openapi.json").json), encoding="utf-8")
    answer.write_text(http.get(JOB).text, encoding="utf-8")
    client = [str(scripts / "openapi-python-client"), "generate", "--path", str(document), "--output-path", "client"]
    subprocess.run(client, check=True, cwd=folder)
    models = [str(scripts / "datamodel-codegen"), "--input", str(document), "--input-file-type", "openapi"]
    models += ["--output", "models", "--output-model-type", "pydantic_v2.BaseModel"]
    (folder / "models").mkdir()
    subprocess.run(models, check=True, cwd=folder)
    for name in ("client", "models"):
        assert compileall.compile_dir(folder / name, quiet=1), name
    use = (
        "import pathlib; from models.taurusdb import ShowGaussMySqlJobInfoResponse as Model;"
        " Model.model_validate_json(pathlib.Path('answer.json').read_text())"
    )
    subprocess.run([str(scripts / "python"), "-c", use], check=True, cwd=folder)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as name:
        main(Path(name))
