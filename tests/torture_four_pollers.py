"""Prints how three pollers, and the recommended one, fare on the torture rack: `python tests/torture_four_pollers.py`."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from sys import path
from typing import Any

path.append(str(Path(__file__).parent.parent / "examples"))

import robust_poller
from pollers import deferred, naive, with_tenacity

from mockserver.torture_rack.runner import torture
from mockserver.torture_rack.table import table

JOB = "jdbc2hive"


def robust(job_name: str) -> str:
    """The recommended poller, at a CDM job."""
    from huaweicloudsdkcdm.v1 import CdmClient
    from huaweicloudsdkcdm.v1.region.cdm_region import CdmRegion

    client = CdmClient.new_builder().with_region(CdmRegion.value_of("cn-north-4")).build()
    look = robust_poller.look_at_cdm(client, "cluster", job_name)
    return robust_poller.wait_for(f"CDM job {job_name}", look, robust_poller.CDM)


POLLERS: dict[str, Callable[[str], Any]] = {
    "1 naive loop": naive.wait_for,
    "2 with tenacity": with_tenacity.wait_for,
    "3 deferred sensor": deferred.wait_for,
    "4 robust_poller.py": robust,
}


def graded(names: tuple[str, ...] = tuple(POLLERS)) -> Iterator[dict[str, Any]]:
    """Every grade of these pollers, as plain JSON."""
    logging.disable(logging.CRITICAL)  # the SDK logs each error by itself
    try:
        for name in names:
            for report in torture("cdm", partial(POLLERS[name], JOB), job_name=JOB):
                yield {"test": name, **report.as_json()}
    finally:
        logging.disable(logging.NOTSET)


if __name__ == "__main__":
    print("\n".join(table(list(graded()))))
