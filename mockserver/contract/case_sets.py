"""Sets of cases: what many operations do alike, written once, as a change of a request that each of them serves."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ..errors import InputError, did_you_mean

_OF_THE_SET = ("operations", "change", "changes")


def written_out(file: Mapping[str, Any], where: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The cases of a file with their places, those for many operations once for each.

    A case that has `operations` ("all", or a list of ids) stands for one with the file's request of each operation (of
    `requests`), changed by `change` and by what `changes` has for the operation, as a JSON merge patch (RFC 7396) says.
    Raises InputError for an operation that the file has no request of.
    """
    requests = file.get("requests", {})
    for index, case in enumerate(file["cases"]):
        place = f"{where}#/cases/{index}"
        if "operations" not in case:
            yield place, case
            continue
        for name in requests if case["operations"] == "all" else case["operations"]:
            if name not in requests:
                allowed = did_you_mean(name, requests) or f"; allowed: {', '.join(requests)}"
                raise InputError(f"{place}/operations: found {name!r}{allowed}")
            yield place, _of_operation(case, name, requests[name])


def _of_operation(case: Mapping[str, Any], name: str, served: Mapping[str, Any]) -> dict[str, Any]:
    changed = merged(merged(served, case.get("change", {})), case.get("changes", {}).get(name, {}))
    jobs = changed.pop("jobs", [])
    rest = {key: value for key, value in case.items() if key not in _OF_THE_SET}
    return {**rest, "id": f"{name}.{case['id']}", "operation": name, "request": changed, "jobs": case.get("jobs", jobs)}


def merged(value: Any, patch: Any) -> Any:
    """A value after a JSON merge patch (RFC 7396): null removes a member."""
    if not isinstance(patch, Mapping):
        return patch
    result = dict(value) if isinstance(value, Mapping) else {}
    for name, part in patch.items():
        if part is None:
            result.pop(name, None)
        else:
            result[name] = merged(result.get(name), part)
    return result
