"""Exchanges for the tests of recordings: any that hypothesis can think of, and one of CDM."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st
from sample_requests import NOW, request_for

from mockserver.definitions import load
from mockserver.exchanges.exchange import Exchange
from mockserver.model import Request, Response

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
paths = st.binary(max_size=20).map(lambda raw: "/" + raw.decode("utf-8", "surrogateescape"))
plain = st.text("abcXYZ-", min_size=1, max_size=8)
headers = st.lists(st.tuples(plain.filter(lambda name: name.lower() != "content-encoding"), texts), max_size=5)
exchanges = st.builds(
    Exchange,
    st.builds(
        Request,
        st.sampled_from(["GET", "POST", "patch"]),
        paths,
        texts,
        headers.map(lambda pairs: {name.lower(): value for name, value in pairs}),
        st.binary(max_size=40) | texts.map(str.encode),
        st.sampled_from([0, 20_000_000]),
    ),
    st.builds(Response, st.integers(100, 599), headers.map(tuple), st.binary(max_size=40) | texts.map(str.encode)),
    st.none() | st.integers(0, 4_000_000_000_000),
    st.none() | st.floats(0, 1_000),
    st.just(""),
    st.sampled_from(["", "http://127.0.0.1:6210", "https://cdm.cn-north-4.myhuaweicloud.com"]),
    sent=st.none() | st.floats(0, 4_000_000_000_000),
)


def sample(job: str = "load", **changes: Any) -> Exchange:
    """An exchange of CDM."""
    request = request_for(load().operation("ShowJobStatus"), job_name=job)
    body = b'{"submissions":[]}'
    return Exchange(request, Response(200, (("Content-Type", "application/json"),), body), NOW, 0.25, **changes)
