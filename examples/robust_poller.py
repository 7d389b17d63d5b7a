"""A poller that survives the whole torture rack (docs/torture.md), for each of the five services.

`Watch` knows nothing of a vendor: it asks a `look` for a status, and decides. `wait_for` sleeps between two looks; a sensor
(airflow_sensor.py) and an asyncio task (asyncio_monitor.py) use the same `Watch`. The `look_at_...` functions below make a
look for each service, with the vendor's own SDK.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

MINUTE, HOUR = 60.0, 3_600.0
PAGE = 100


class JobFailed(Exception):
    """The job has ended, and not well."""


class JobUnclear(Exception):
    """For a quarter of an hour nobody could say how the job is doing."""


class Trouble(Exception):
    """This look told nothing: no answer, an error, an answer that makes no sense, or is about something else."""


@dataclass(frozen=True)
class States:
    """The documented statuses of a service."""

    good: frozenset[str]
    bad: frozenset[str]
    going: frozenset[str]


class Watch:
    """What is known of a job, look by look; whoever has it asks and sleeps in a way of its own.

    Parameters: `job`, what errors call it; `every`, seconds between two looks; `patience`, how long to wait for the end;
    `grace`, how long to bear nothing but trouble.
    """

    def __init__(
        self, job: str, states: States, every: float = 30, patience: float = 3 * HOUR, grace: float = 15 * MINUTE
    ) -> None:
        self.job, self.states, self.every, self.patience, self.grace = job, states, every, patience, grace
        self.pause = every
        self._began = self._well = time.monotonic()
        self._last, self._trouble = "", "nobody asked"

    def look(self, look: Callable[[], str]) -> str | None:
        """Ask once; the status of a job that has succeeded, None while it hasn't: ask again in `pause` seconds.

        Raises JobFailed, JobUnclear after `grace` seconds of nothing but trouble, TimeoutError after `patience` seconds.
        """
        if time.monotonic() - self._began >= self.patience:
            what = self._last or self._trouble
            raise TimeoutError(f"{self.job} has not ended within {self.patience:g} s; its status: {what}")
        try:
            return self._see(_documented(look(), self.states))
        except Trouble as error:
            self._trouble = str(error)
            self.pause = min(10 * self.every, 2 * self.pause)  # a 429 may have said how long, but the SDKs don't hand it on
            if time.monotonic() - self._well > self.grace:
                raise JobUnclear(f"{self.job}: for {self.grace:g} s no usable answer; the last: {error}") from error
            return None

    def _see(self, status: str) -> str | None:
        self._well, self.pause = time.monotonic(), self.every
        if status == self._last and status not in self.states.going:
            return _ended(self.job, status, self.states)
        self._last = status  # an end is believed once two looks agree: the first may be the last run's, or taken back
        return None


def wait_for(
    job: str,
    look: Callable[[], str],
    states: States,
    every: float = 30,
    patience: float = 3 * HOUR,
    grace: float = 15 * MINUTE,
) -> str:
    """Wait until a job has succeeded; its status. Parameters and exceptions: see `Watch`."""
    watch = Watch(job, states, every, patience, grace)
    while (status := watch.look(look)) is None:
        time.sleep(watch.pause)
    return status


def _documented(status: object, states: States) -> str:
    """The documented spelling of a status. Raises Trouble for one that no page has."""
    text = str(status).strip().casefold()
    for known in (*states.good, *states.bad, *states.going):
        if text == known.casefold():
            return known
    raise Trouble(f"the undocumented status {status!r}")


def _ended(job: str, status: str, states: States) -> str:
    if status in states.good:
        return status
    raise JobFailed(f"{job} ended as {status}")


def asked(call: Callable[[], Any]) -> Any:
    """What an SDK's call gives. Raises Trouble for whatever it raises: also the HTTP library's exceptions come through."""
    try:
        return call()
    except Exception as error:  # every kind: they differ in class, and mean the same
        raise Trouble(f"{type(error).__name__}: {error}") from error


def _one(rows: Any, mine: Callable[[Any], bool]) -> Any:
    result = next((row for row in rows or () if mine(row)), None)
    if result is None:
        raise Trouble("an answer without the job")
    return result


CDM = States(
    frozenset({"SUCCEEDED"}),
    frozenset({"FAILED", "FAILURE_ON_SUBMIT", "NEVER_EXECUTED"}),
    frozenset({"NEW", "PENDING", "BOOTING", "RUNNING", "UNKNOWN"}),
)
TAURUSDB = States(
    frozenset({"Completed"}), frozenset({"Failed", "Canceled"}), frozenset({"Unauthorized", "Pending", "Running"})
)
TICS = States(
    frozenset({"SUCCEEDED"}),
    frozenset({"FAILED", "TERMINATED"}),
    frozenset({"NEW", "SUBMITING", "ACCEPTED", "DEPLOYING", "PENDING", "RUNNING", "TERMINATING"}),
)
DATAARTS = States(
    frozenset({"success"}),
    frozenset({"fail", "manual-stop", "skip"}),
    frozenset({"waiting", "running", "running-exception", "pause"}),
)
ENOS_CODES = {
    0: "INIT", 5: "WAIT", 6: "READY", 2: "RUNNING", 3: "SUSPEND", 9: "RERUN", 1: "SUCCESS", -1: "FAIL",
    4: "INTERNAL_ERROR", 7: "TIMEOUT", 8: "CANCEL", 10: "SKIP",
}  # fmt: skip
ENOS = States(
    frozenset({"SUCCESS"}),
    frozenset({"FAIL", "INTERNAL_ERROR", "TIMEOUT", "CANCEL", "SKIP"}),
    frozenset({"INIT", "WAIT", "READY", "RUNNING", "SUSPEND", "RERUN"}),
)


def look_at_cdm(client: Any, cluster_id: str, job_name: str) -> Callable[[], str]:
    """One look at a CDM job, with a `CdmClient`."""
    from huaweicloudsdkcdm.v1 import ShowJobStatusRequest

    def look() -> str:
        answer = asked(lambda: client.show_job_status(ShowJobStatusRequest(cluster_id=cluster_id, job_name=job_name)))
        return str(_one(getattr(answer, "submissions", None), lambda row: row.job_name == job_name).status)

    return look


def look_at_taurusdb(client: Any, job_id: str) -> Callable[[], str]:
    """One look at a job of TaurusDB's task center, with a `GaussDBClient`."""
    from huaweicloudsdkgaussdb.v3 import ShowGaussMySqlJobInfoRequest

    def look() -> str:
        answer = asked(lambda: client.show_gauss_my_sql_job_info(ShowGaussMySqlJobInfoRequest(id=job_id)))
        job = getattr(answer, "job", None)
        return str(_one([job] if job else [], lambda row: row.id == job_id).status)

    return look


def look_at_tics(client: Any, league_id: str, instance_id: str) -> Callable[[], str]:
    """One look at an instance in a league's history, on whatever page it is, with a `TicsClient`."""
    from huaweicloudsdktics.v1 import ListInstanceHistoryRequest

    def page(offset: int) -> Any:
        request = ListInstanceHistoryRequest(league_id=league_id, limit=PAGE, offset=offset)
        return getattr(asked(lambda: client.list_instance_history(request)), "lists", None)

    return lambda: str(_one(_pages(page), lambda row: row.id == instance_id).status)


def look_at_dataarts(client: Any, run: int, **request: Any) -> Callable[[], str]:
    """One look at a run of a node, by its `taskRunningLogId`, with a `DataArtsStudioClient`; `request` has the rest."""
    from huaweicloudsdkdataartsstudio.v1 import ShowInstanceInfosRequest

    def page(offset: int) -> Any:
        asking = ShowInstanceInfosRequest(**request, limit=PAGE, offset=offset)
        answer = asked(lambda: client.show_instance_infos(asking))
        return asked(lambda: json.loads(answer.body)["rows"])  # an answer within the answer

    return lambda: asked(lambda: str(_one(_pages(page), lambda row: row["taskRunningLogId"] == run)["status"]))


def _pages(page: Callable[[int], Any]) -> Iterator[Any]:
    offset = 0
    while rows := page(offset):
        yield from rows
        if len(rows) < PAGE:
            return
        offset += PAGE


def look_at_enos(app: tuple[str, str], url: str, instance_id: str, user: str, org: str) -> Callable[[], str]:
    """One look at a task instance, with Poseidon: it gives None for every HTTP error, and prints it."""
    from poseidon import poseidon

    asking = {"action": "get", "taskInstId": instance_id, "userId": user, "orgId": org}
    whole = f"{url}/batch-processing-service/v2.1/taskInstances?{urlencode(asking)}"

    def look() -> str:
        answer = asked(lambda: poseidon.urlopen(*app, whole, timeout=60))
        if not isinstance(answer, dict) or not isinstance(answer.get("data"), dict):
            raise Trouble(f"EnOS answered {answer!r} for {instance_id}")
        row = _one([answer["data"]], lambda row: row.get("instanceId") == instance_id)
        code = row.get("status")
        if str(code) not in map(str, ENOS_CODES):
            raise Trouble(f"the undocumented status {code!r}")
        return ENOS_CODES[int(code)]

    return look
