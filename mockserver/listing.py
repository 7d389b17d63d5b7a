"""What the command line lists: the variables for SDKs, and all operations with their errors."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Any

from .definitions import Definitions, Example, Operation
from .definitions.magic_ids import magic_form, magic_id
from .errors import InputError
from .server.address import url_of
from .server.certificates import trust_file, trust_variables, uses_tls
from .services.iam import REGION, project_id_of
from .settings import Settings


def environment(definitions: Definitions, settings: Settings, regions: Iterable[str]) -> dict[str, str]:
    """The variables that point code with the vendors' SDKs, unchanged, at the mock. Raises InputError.

    Source: huaweicloudsdkcore 3.1.219, `region/provider.py`, `auth/provider.py`, `auth/internal.py`; `CLOUD_SDK_AK` and
    `CLOUD_SDK_SK` are what the vendor's code samples read. With the project id, SDKs need not ask IAM for it: the one for
    Go asks in a way that no local server can answer. EnOS's SDKs read no variables: `ENOS_...` are names of this project.
    """
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(settings.host, settings.host)  # noqa: S104 - not bound to
    url = url_of(host, settings.port, "https" if uses_tls(settings) else "http")
    names = [service.region_variable for service in definitions.services.values() if service.region_variable]
    if not settings.credentials:
        raise InputError("there are no credentials; allowed: one pair or more (--credential AK=SK), or no such option")
    if not settings.apps:
        raise InputError(
            "there are no EnOS applications; allowed: at least one pair (--app KEY=SECRET), or the option left out"
        )
    access_key, secret_key = next(iter(settings.credentials.items()))
    app_key, app_secret = next(iter(settings.apps.items()))
    return {
        **{
            f"HUAWEICLOUD_SDK_REGION_{name}_{region.upper().replace('-', '_')}": url
            for name in sorted(names)
            for region in regions
        },
        "HUAWEICLOUD_SDK_IAM_ENDPOINT": url,
        "HUAWEICLOUD_SDK_AK": access_key,
        "HUAWEICLOUD_SDK_SK": secret_key,
        "CLOUD_SDK_AK": access_key,
        "CLOUD_SDK_SK": secret_key,
        **(trust_variables(trust_file(settings)) if uses_tls(settings) else {}),
        "HUAWEICLOUD_SDK_PROJECT_ID": project_id_of(REGION, settings),
        "ENOS_URL": url,
        "ENOS_APP_KEY": app_key,
        "ENOS_APP_SECRET": app_secret,
    }


def shell_line(shell: str, name: str, value: str) -> str:
    """An assignment in the language of a shell: sh, powershell or dotenv."""
    if shell == "powershell":
        return f"$env:{name} = '" + value.replace("'", "''") + "'"
    if shell == "dotenv":
        return f"{name}={_dotenv_value(value)}"
    return f"export {name}='" + value.replace("'", "'\\''") + "'"


def _dotenv_value(value: str) -> str:
    """The value quoted so that sh reads it unchanged: in double quotes, else in single quotes, else with escapes."""
    if not re.search(r'["\\$`]', value):
        return f'"{value}"'
    if "'" not in value:
        return f"'{value}'"
    return '"' + re.sub(r'(["\\$`])', r"\\\1", value) + '"'


def operations_json(definitions: Definitions) -> str:
    """Operations, errors and switches as JSON."""
    switches = [
        {"name": switch.name, "default": switch.default, "values": switch.values, "description": switch.description}
        for switch in definitions.switches.values()
    ]
    operations = [_operation_entry(operation) for operation in _in_order(definitions)]
    return json.dumps({"operations": operations, "switches": switches}, ensure_ascii=False, indent=2)


def _in_order(definitions: Definitions) -> list[Operation]:
    """Job-status operations first."""
    return sorted(definitions.operations, key=lambda operation: (operation.job is None, operation.vendor != "huaweicloud"))


def _grouped_by_answers(definitions: Definitions) -> list[list[Operation]]:
    """Operations in order; those with the very same examples (written as `x-like` another one) are one group."""
    groups: dict[object, list[Operation]] = {}
    for operation in _in_order(definitions):
        groups.setdefault((id(operation.examples), operation.magic), []).append(operation)
    return list(groups.values())


def _operation_entry(operation: Operation) -> dict[str, Any]:
    job = operation.job
    return {
        "id": operation.id,
        "service": operation.service,
        "vendor": operation.vendor,
        "method": operation.method,
        "path": operation.path,
        "summary": operation.summary,
        "documented_request": operation.documented_request,
        "magic": operation.magic and (operation.magic.parameter or operation.magic.body),
        "states": list(job.states) if job else [],
        "lives": {life.name: life.summary for life in job.lives.values()} if job else {},
        "examples": [example.name for example in operation.examples.values() if example.error is None],
        "errors": [_error_entry(operation, example) for example in operation.errors()],
    }


def _kinds_of_problem(operation: Operation, example: Example) -> list[str]:
    """The problems of a request (keys of `errors.PROBLEMS`) that an error example answers."""
    return [kind for kind, answer in operation.problems.items() if answer is example]


def _error_entry(operation: Operation, example: Example) -> dict[str, Any]:
    error = example.error or {}
    kinds = _kinds_of_problem(operation, example)
    return {
        "name": example.name,
        "statuses": list(example.statuses),
        "code": error["code"],
        "message": error["message"],
        "when": kinds,
        "prefer": f"example={example.name}",
        "magic_id": magic_id(operation, example.name),
        "provenance": example.provenance.kind,
        "source": example.provenance.source,
        "note": example.provenance.note,
    }


def operations_text(definitions: Definitions) -> str:
    """Operations, errors and switches as text for a terminal."""
    lines: list[str] = []
    for operation, *same_answers in _grouped_by_answers(definitions):
        lines += _operation_lines(operation)
        lines += ["  the same, with these errors:"] if same_answers else []
        lines += [*(f"    {other.id}: {other.method} {other.path}" for other in same_answers), ""]
    lines.append("Switches (--switch NAME=VALUE)")
    for switch in definitions.switches.values():
        lines.append(f"  {switch.name}: {switch.description}")
        lines += [
            f"      {value}{' (default)' if value == switch.default else ''}: {text}"
            for value, text in switch.values.items()
        ]
    return "\n".join(lines)


def _operation_lines(operation: Operation) -> list[str]:
    magic_place = operation.magic and (operation.magic.parameter or f"body {operation.magic.body}")
    lines = [f"{operation.service}: {operation.id}", f"  {operation.method} {operation.path}"]
    if operation.job:
        lines.append(f"  states: {', '.join(operation.job.states)}")
        lines.append(f"  lives: {', '.join(operation.job.lives)}")
    magic = f", or by the magic id {magic_form(operation)} in {magic_place}" if magic_place else ""
    lines.append(f"  errors: by ordinary requests, by 'Prefer: example=NAME'{magic}")
    for example in operation.errors():
        error = example.error or {}
        kinds = ", ".join(_kinds_of_problem(operation, example))
        statuses = "/".join(map(str, example.statuses))
        arrow = f"  <- {kinds}" if kinds else ""
        lines.append(f"    {statuses:<8}{error['code']:<12}{example.name:<23}{example.provenance.kind:<11}{arrow}".rstrip())
    return lines


def operations_markdown(definitions: Definitions) -> str:
    """Operations, errors, switches and contradictions as a document: `schemas/OPERATIONS.md`."""
    lines = [
        "# Operations, errors, switches, contradictions",
        "",
        "Made by `mockserver operations --markdown`; a test checks it against the definitions.",
        "",
    ]
    for operation, *same_answers in _grouped_by_answers(definitions):
        lines += _operation_section(operation)
        if same_answers:
            lines += ["", "The same, with these errors:", "", "| operation | call | what |", "|---|---|---|"]
            lines += [f"| {other.id} | `{other.method} {other.path}` | {_cell(other.summary)} |" for other in same_answers]
        lines.append("")
    lines += ["## Switches", "", "| switch | values (the default first) | what for |", "|---|---|---|"]
    for switch in definitions.switches.values():
        values = sorted(switch.values.items(), key=lambda item: item[0] != switch.default)
        described_values = "; ".join(f"`{value}`: {text}" for value, text in values)
        lines.append(f"| `{switch.name}` | {_cell(described_values)} | {_cell(switch.description)} |")
    lines += ["", "## Contradictions in the vendors' documents", "", "| id | found | choice | switch |", "|---|---|---|---|"]
    for document in definitions.documents.values():
        for entry in document.get("x-contradictions", ()):
            names = entry.get("switch", [])
            switches = ", ".join(f"`{name}`" for name in ([names] if isinstance(names, str) else names))
            lines.append(f"| {entry['id']} | {_cell(entry['found'])} | {_cell(entry['choice'])} | {switches} |")
    return "\n".join(lines) + "\n"


def _operation_section(operation: Operation) -> list[str]:
    magic_place = operation.magic and (operation.magic.parameter or f"`{operation.magic.body}` of the body")
    lines = [f"## {operation.service}: {operation.id}", "", f"`{operation.method} {operation.path}`", ""]
    if operation.job:
        lives = "; ".join(f"`{life.name}`: {life.summary}" for life in operation.job.lives.values())
        states = ", ".join(f"`{state}`" for state in operation.job.states)
        lines += [f"States: {states}.", "", f"Lives: {lives}", ""]
    if magic_place:
        lines += [f"Magic ids (`{magic_form(operation)}`) go into {magic_place}.", ""]
    lines += ["| HTTP | code | name | answers which problem | message | provenance |", "|---|---|---|---|---|---|"]
    for example in operation.errors():
        error = example.error or {}
        kinds = ", ".join(_kinds_of_problem(operation, example))
        statuses = "/".join(map(str, example.statuses))
        message, kind = _cell(error["message"]), example.provenance.kind
        lines.append(f"| {statuses} | {error['code']} | `{example.name}` | {kinds} | {message} | {kind} |")
    return lines


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")
