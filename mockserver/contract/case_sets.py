"""Sets of cases: one case for many operations, written once, as a change to a request that each operation answers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ..errors import InputError, did_you_mean

_SET_KEYS = ("operations", "change", "changes")


def expand_cases(file: Mapping[str, Any], where: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The cases of a file, each with its place; a case for many operations comes once for each operation.

    A case that has `operations` ("all", or a list of ids) stands for one case for each of these operations. The request is
    the operation's entry in the file's `requests`, changed by `change` and by the operation's entry in `changes`, both JSON
    merge patches (RFC 7396). Raises InputError for an operation that the file has no request for.
    """
    requests = file.get("requests", {})
    for index, case in enumerate(file["cases"]):
        place = f"{where}#/cases/{index}"
        if "operations" not in case:
            yield place, case
            continue
        for name in requests if case["operations"] == "all" else case["operations"]:
            if name not in requests:
                hint = did_you_mean(name, requests) or f"; allowed: {', '.join(requests)}"
                raise InputError(f"{place}/operations: found {name!r}{hint}")
            yield place, _case_of_operation(case, name, requests[name])


def _case_of_operation(case: Mapping[str, Any], name: str, request: Mapping[str, Any]) -> dict[str, Any]:
    changed = merged(merged(request, case.get("change", {})), case.get("changes", {}).get(name, {}))
    jobs = changed.pop("jobs", [])
    rest = {key: value for key, value in case.items() if key not in _SET_KEYS}
    return {**rest, "id": f"{name}.{case['id']}", "operation": name, "request": changed, "jobs": case.get("jobs", jobs)}


def merged(value: Any, patch: Any) -> Any:
    """The value with a JSON merge patch (RFC 7396) applied: null removes a member."""
    if not isinstance(patch, Mapping):
        return patch
    result = dict(value) if isinstance(value, Mapping) else {}
    for name, part in patch.items():
        if part is None:
            result.pop(name, None)
        else:
            result[name] = merged(result.get(name), part)
    return result
