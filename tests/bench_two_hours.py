"""Benchmark: a hundred jobs of two hours, polled every 30 s by Huawei's own client: `python tests/bench_two_hours.py`.

The client, unchanged, speaks to the mock over a real socket of 127.0.0.1; time is driven by the mock's clock.
"""

from __future__ import annotations

import os
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from statistics import median

from huaweicloudsdkcdm.v1 import CdmClient, ShowJobStatusRequest
from huaweicloudsdkcore.auth.credentials import BasicCredentials
from huaweicloudsdkcore.http.http_config import HttpConfig
from werkzeug.serving import WSGIRequestHandler, make_server

from mockserver import Clock, Mock, Settings, create_app, drive
from mockserver.settings import DEFAULT_ACCESS_KEY, DEFAULT_SECRET_KEY

JOBS = 100
EVERY = 30
LIFE = [("BOOTING", 30), ("RUNNING", "2h"), ("SUCCEEDED", None)]
POLLS_OF_JOB = 242
PROJECT = "0" * 32


class KeepAlive(WSGIRequestHandler):
    """HTTP/1.1, so that connections are kept, and no line for each request."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log(self, type: str, message: str, *args: object) -> None:  # noqa: A002 - werkzeug's name
        """Say nothing."""


@contextmanager
def serving(mock: Mock) -> Iterator[str]:
    """The mock behind a real socket, in a thread of this process; its URL."""
    server = make_server("127.0.0.1", 0, create_app(mock=mock), threaded=True, request_handler=KeepAlive)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()


def poll_all(client: CdmClient, mock: Mock) -> tuple[Counter[str], float, list[float]]:
    """Polls each job until it has succeeded; the statuses seen, the simulated seconds, and real seconds of each poll."""
    seen: Counter[str] = Counter()
    taken = []
    open_jobs = [f"job-{number}" for number in range(JOBS)]
    with drive(mock.clock):
        began = time.time()
        while True:
            ended = set()
            for name in open_jobs:
                before = time.perf_counter()
                run = client.show_job_status(ShowJobStatusRequest(cluster_id="c", job_name=name)).submissions[0]
                taken.append(time.perf_counter() - before)
                assert run.job_name == name
                seen[run.status] += 1
                if run.status == "SUCCEEDED":
                    ended.add(name)
            open_jobs = [name for name in open_jobs if name not in ended]
            if not open_jobs:
                return seen, time.time() - began, taken
            time.sleep(EVERY)


def main() -> None:
    """Run it and print the figures."""
    for name in ("NO_PROXY", "no_proxy"):
        os.environ[name] = "127.0.0.1"
    mock = Mock(Settings(auth="presence", unknown_ids="reject"), Clock(speed=0))
    for number in range(JOBS):
        mock.job("cdm", job_name=f"job-{number}", life=LIFE)
    credentials = BasicCredentials(DEFAULT_ACCESS_KEY, DEFAULT_SECRET_KEY, PROJECT)
    with serving(mock) as url:
        builder = CdmClient.new_builder().with_credentials(credentials).with_http_config(HttpConfig())
        client = builder.with_endpoint(url).build()
        began = time.perf_counter()
        seen, simulated, taken = poll_all(client, mock)
        wall = time.perf_counter() - began
        client.close()
    polls = sum(seen.values())
    assert (polls, simulated) == (JOBS * POLLS_OF_JOB, EVERY * (POLLS_OF_JOB - 1))
    assert seen == {"BOOTING": JOBS, "RUNNING": JOBS * (POLLS_OF_JOB - 2), "SUCCEEDED": JOBS}
    print(f"{JOBS} jobs, {simulated:,.0f} s of each simulated, polled every {EVERY} s by huaweicloudsdkcdm: {dict(seen)}")
    print(f"  polls     {polls:9,}")
    print(f"  wall time {wall:9.1f} s   the clock ran {simulated / wall:,.0f} times as fast as real time")
    print(f"  per poll  {wall / polls * 1_000:9.2f} ms (mean), {median(taken) * 1_000:.2f} ms (median)")


if __name__ == "__main__":
    main()
