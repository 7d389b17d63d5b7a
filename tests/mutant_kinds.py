"""All kinds of mutants, with the operations that have them, and the mutants of an operation by kind."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from functools import cache

from body_mutants import EMBEDDED, body_mutants, conditions
from http_mutants import error_mutants, http_mutants
from job_mutants import NEVER_ENDS, job_mutants, time_mutants
from mutants import Mutant
from request_mutants import request_mutants
from valid_exchanges import DEFINITIONS, JOBS, LISTS, OPERATIONS

MAKERS = (body_mutants, http_mutants, error_mutants, job_mutants, time_mutants, request_mutants)

CDM, DATAARTS, ENOS, TAURUSDB, TICS = (
    DEFINITIONS.operation_of(service).id for service in ("cdm", "dataarts", "enos", "taurusdb", "tics")
)
TOKEN, REFRESH, LOGIN, PROJECTS, VALIDATE, CATALOG = (
    "GetAccessToken", "RefreshAccessToken", "KeystoneCreateUserTokenByPassword", "KeystoneListProjects",
    "KeystoneValidateToken", "KeystoneShowCatalog",
)  # fmt: skip
_APIM, _IAM = (TOKEN, REFRESH), (LOGIN, PROJECTS, VALIDATE, CATALOG)
_HUAWEI = (CDM, DATAARTS, TAURUSDB, TICS, *_IAM)
_HOLDING = (DATAARTS, ENOS)  # answers with strings that hold JSON

_EVERYWHERE = (
    "member dropped", "member added", "member doubled", "renamed by a slip", "renamed to another style", "null sent",
    "retyped to string", "retyped to number", "retyped to boolean", "retyped to array", "retyped to object",
    "body empty", "JSON cut", "JSON cut in half", "text after JSON", "byte order mark", "not UTF-8", "UTF-16",
    "HTML in place of JSON", "content type wrong", "content type missing", "charset wrong", "Content-Length wrong",
    "Retry-After is no time", "Date is no time", "Content-Encoding lies", "header doubled",
    "HTTP status undocumented", "success under an error's status", "error as bare text", "error's code unknown",
    "code under another status", "error's message drifted", "error in another form: cdm", "error in another form: iam",
    "error in another form: apim-token", "error in another form: problem details", "error in another form: Spring's",
    "error in another form: FastAPI's", "error in another form: a string", "error in another form: a list",
    "error in another form: an empty object", "method wrong", "path wrong", "parameter unknown", "query malformed",
)  # fmt: skip
_HELD = (
    "member dropped", "member added", "member doubled", "renamed by a slip", "renamed to another style", "null sent",
    "retyped to string", "retyped to number", "retyped to boolean", "retyped to array", "retyped to object",
    "enum value unknown", "NaN sent", "out of range, low", "out of range, high",
)  # fmt: skip
_STRINGS = ("embedded JSON cut", "embedded JSON empty", "embedded JSON as Python writes it", "embedded JSON as an object",
            "embedded JSON encoded twice")  # fmt: skip
_PAGES = ("page longer than limit", "page shorter than due", "page empty", "row twice on a page", "total below the rows",
          "total above the rows", "total changes in a walk",
          "listed run vanished", "pages overlap", "rows of another page", "walk misses a row")  # fmt: skip
_ROWS = ("another workspace_id", "workspace_id in another case", "another task_id", "another project_id",
         "project_id in another case", "row after the range", "row before the range", "inner Content-Length wrong",
         "inner status wrong")  # fmt: skip

_NOT_BY_DONORS = 'condition broken: resource members are "" when no resource is referred to'
"""No valid answer has a member that would break it in another one; test_lies.py does."""

KINDS: Mapping[str, tuple[str, ...]] = {
    **dict.fromkeys(_EVERYWHERE, OPERATIONS),
    **dict.fromkeys((f"{kind}{EMBEDDED}" for kind in _HELD), _HOLDING),
    **dict.fromkeys(_STRINGS, _HOLDING),
    **dict.fromkeys((f"{kind}{EMBEDDED}" for kind in (*_STRINGS, "pattern broken", "enum's case drifted")), (DATAARTS,)),
    "enum value unknown": (*_APIM, CDM, ENOS, TAURUSDB, TICS),
    "enum's case drifted": (*_APIM, CDM, ENOS, TAURUSDB, TICS),
    "misspelling corrected": (CDM, TICS),
    "NaN sent": (*_APIM, CDM, DATAARTS, ENOS, TICS, *_IAM),
    "out of range, low": (TOKEN, CDM, DATAARTS, ENOS, TICS, *_IAM),
    "out of range, high": (CDM, DATAARTS, TICS, *_IAM),
    "too short": (TOKEN, DATAARTS, ENOS, TAURUSDB, LOGIN, VALIDATE),
    "too long": (ENOS, TAURUSDB, TICS),
    "pattern broken": (*_HUAWEI, ENOS),
    **{
        kind: tuple(name for name in OPERATIONS if kind in set(conditions(name)))
        for operation in OPERATIONS
        for kind in conditions(operation)
        if kind != _NOT_BY_DONORS
    },
    "header missing": _HUAWEI,
    "header invalid": _HUAWEI,
    "error under a success's status": _HUAWEI,
    "error in another form: service": (*_APIM, ENOS),
    "error in another form: gateway": (*_APIM, ENOS),
    "error in another form: enos": (*_APIM, *_HUAWEI),
    "times out of order": JOBS,
    "time impossible": JOBS,
    "number over 64 bits": (CDM, DATAARTS, ENOS),
    "count above its limit": (ENOS,),
    "inner total wrong": (DATAARTS,),
    "job_name empty": (CDM, DATAARTS),
    "workspace_id empty": (DATAARTS,),
    "taskInstId empty": (ENOS,),
    "id empty": (TAURUSDB,),
    **dict.fromkeys(
        ("run's date alone went back", "run's date alone went on", "run's id alone went back", "run's id alone went on"),
        (CDM,),
    ),
    "time in the future": JOBS,
    "another job_name": (CDM, DATAARTS),
    "job_name in another case": (CDM, DATAARTS),
    "another taskInstId": (ENOS,),
    "taskInstId in another case": (ENOS,),
    "another id": (TAURUSDB,),
    "id in another case": (TAURUSDB,),
    **dict.fromkeys(_ROWS, (DATAARTS,)),
    **dict.fromkeys(_PAGES, LISTS),
    "status went back": (CDM, ENOS, TAURUSDB, TICS),  # a DataArts run may go from any status to any, but ends
    **dict.fromkeys(("end left", "time went back", "time moved", "time vanished", "time taken away"), JOBS),
    "constant changed": JOBS,
    "count fell": (CDM, DATAARTS, ENOS),
    "progress fell": (CDM, TAURUSDB),
    "job vanished": (CDM, ENOS, TAURUSDB),
    NEVER_ENDS: (CDM, ENOS, TAURUSDB),
    **dict.fromkeys(("parameter misspelled", "parameter doubled"), (DATAARTS, ENOS, TAURUSDB, TICS)),
    "parameter invalid": (*JOBS, PROJECTS),
    "parameter missing": (DATAARTS, ENOS, TAURUSDB, TICS, VALIDATE),
    "credential missing": (*JOBS, PROJECTS, VALIDATE, CATALOG),
    "another project in the header": (CDM, DATAARTS, TAURUSDB, TICS),
    **dict.fromkeys(
        ("request's body is not JSON", "request's body: member retyped", "request's body: member dropped"), (*_APIM, LOGIN)
    ),
}
"""Every kind of mutant, and which operations have it; `test_mutants.py` holds the table to what the makers make."""


def all_mutants(operation: str) -> Iterator[Mutant]:
    """Every mutant of an operation."""
    for maker in MAKERS:
        yield from maker(operation)


@cache
def by_kind(operation: str) -> dict[str, list[Mutant]]:
    """Every mutant of an operation, by kind."""
    result: dict[str, list[Mutant]] = defaultdict(list)
    for mutant in all_mutants(operation):
        result[mutant.kind].append(mutant)
    return dict(result)
