"""Prints how twelve pollers fare on the torture rack: `python tests/torture_pollers.py [SERVICE ...]` (minutes for all).

Three that people write, the recommended one on each service, and those of `examples/`. Each service has a table of its own.
"""

from __future__ import annotations

import importlib
import logging
import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

sys.path.append(str(Path(__file__).parent.parent / "examples"))

import requests
import robust_poller
from airflow_operator import CdmStartJobOperator
from airflow_sensor import TaurusDbJobSensor
from asyncio_monitor import watch
from cdm_poller import wait_for
from enos_requests import Enos
from enos_requests import wait_for as wait_for_task
from pollers import deferred, naive, with_tenacity

from mockserver.settings import DEFAULT_APP_KEY, DEFAULT_APP_SECRET
from mockserver.torture_rack.runner import torture
from mockserver.torture_rack.table import table

JOB, TASK, RUN = "jdbc2hive", "nightly-77", "0123456789abcdef0123456789abcdef"


class Poller(NamedTuple):
    """A poller, the service that it polls, the job's identity, and whether it starts its job itself."""

    service: str
    wait: Callable[[], Any]
    identity: dict[str, Any]
    starts: bool = False


class AtTheMock(requests.Session):
    """A session whose paths lead to the mock, with a token: the environment says where it is."""

    def __init__(self) -> None:
        super().__init__()
        self.headers["X-Auth-Token"] = "t"

    def request(self, method: str | bytes, url: str | bytes, *args: Any, **options: Any) -> requests.Response:
        """See `requests.Session.request`."""
        return super().request(method, os.environ["HUAWEICLOUD_SDK_IAM_ENDPOINT"] + str(url), *args, **options)


def by_robust_poller(job: str, package: str, prefix: str, look_at: Callable[[Any], Callable[[], str]]) -> str:
    """The recommended poller, at a job of one of Huawei Cloud's services."""
    region = getattr(importlib.import_module(f"{package}.region.{prefix.lower()}_region"), f"{prefix}Region")
    builder = getattr(importlib.import_module(package), f"{prefix}Client").new_builder()
    client = builder.with_region(region.value_of("cn-north-4")).build()
    return robust_poller.wait_for(job, look_at(client), getattr(robust_poller, job.split(maxsplit=1)[0].upper()))


def by_airflow_sensor() -> None:
    """What Airflow does with a sensor."""
    sensor = TaurusDbJobSensor("1")
    while not sensor.poke({}):
        time.sleep(sensor.poke_interval)


def by_enos_requests() -> str:
    """EnOS without its SDK."""
    enos = Enos(os.environ["HUAWEICLOUD_SDK_IAM_ENDPOINT"], DEFAULT_APP_KEY, DEFAULT_APP_SECRET)
    return wait_for_task(enos, TASK, "u", "o")


def robust(service: str) -> Callable[[], str]:
    """How `robust_poller.py` waits for a job of this service."""
    waits: dict[str, Callable[[], str]] = {
        "cdm": partial(
            by_robust_poller, f"CDM {JOB}", "huaweicloudsdkcdm.v1", "Cdm",
            lambda client: robust_poller.look_at_cdm(client, "cluster", JOB),
        ),
        "taurusdb": partial(
            by_robust_poller, "TaurusDB 1", "huaweicloudsdkgaussdb.v3", "GaussDB",
            lambda client: robust_poller.look_at_taurusdb(client, "1"),
        ),
        "tics": partial(
            by_robust_poller, f"TICS {RUN}", "huaweicloudsdktics.v1", "Tics",
            lambda client: robust_poller.look_at_tics(client, "l", RUN),
        ),
        "enos": lambda: robust_poller.wait_for(
            f"EnOS task {TASK}",
            robust_poller.look_at_enos(
                (DEFAULT_APP_KEY, DEFAULT_APP_SECRET), os.environ["HUAWEICLOUD_SDK_IAM_ENDPOINT"], TASK, "u", "o"
            ),
            robust_poller.ENOS,
        ),
    }  # fmt: skip
    return waits[service]


CDM, TICS = {"job_name": JOB}, {"league_id": "l"}
POLLERS: dict[str, Poller] = {
    "1 naive loop": Poller("cdm", partial(naive.wait_for, JOB), CDM),
    "2 with tenacity": Poller("cdm", partial(with_tenacity.wait_for, JOB), CDM),
    "3 deferred sensor": Poller("cdm", partial(deferred.wait_for, JOB), CDM),
    "4 robust_poller.py": Poller("cdm", robust("cdm"), CDM),
    "5 cdm_poller.py": Poller("cdm", partial(wait_for, JOB, "c"), CDM),
    "6 airflow_sensor.py": Poller("taurusdb", by_airflow_sensor, {"id": "1"}),
    "7 robust_poller.py": Poller("taurusdb", robust("taurusdb"), {"id": "1"}),
    "8 asyncio_monitor.py": Poller("tics", lambda: watch(AtTheMock(), "l", "j", 60, 5 * 3600), {**TICS, "job_id": "j"}),
    "9 robust_poller.py": Poller("tics", robust("tics"), {**TICS, "facts": {"id": RUN}}),
    "10 enos_requests.py": Poller("enos", by_enos_requests, {"taskInstId": TASK}),
    "11 robust_poller.py": Poller("enos", robust("enos"), {"taskInstId": TASK}),
    "12 airflow_operator.py, starts": Poller("cdm", lambda: CdmStartJobOperator(JOB, "c").execute({}), CDM, starts=True),
}


def graded(names: Sequence[str]) -> Iterator[dict[str, Any]]:
    """Every grade of these pollers, as plain JSON."""
    logging.disable(logging.CRITICAL)  # the SDK logs each error by itself
    try:
        for name in names:
            poller = POLLERS[name]
            for report in torture(poller.service, poller.wait, starts=poller.starts, **poller.identity):
                yield {"test": name, **report.as_json()}
    finally:
        logging.disable(logging.NOTSET)


if __name__ == "__main__":
    chosen = [name for name, poller in POLLERS.items() if poller.service in (sys.argv[1:] or [poller.service])]
    print("\n".join(table(list(graded(chosen)))))
