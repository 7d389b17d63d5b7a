"""IAM as clients of OpenStack's Identity ask it: a token, what it is for, and the catalog, over plain HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import requests

from mockserver.contract import check
from mockserver.testing.running import running

PROJECT = "0605767a5780d5762fc5c0118072a564"
USER = {"name": "ann", "password": "s3cret-Pass", "domain": {"name": "acc"}}
LOGIN = {"auth": {"identity": {"methods": ["password"], "password": {"user": USER}}, "scope": {"project": {"id": PROJECT}}}}


@pytest.fixture(scope="module")
def mock() -> Iterator[Any]:
    with running() as mock:
        yield mock


def token(mock: Any, body: Any = LOGIN) -> requests.Response:
    answer = requests.post(f"{mock.url}/v3/auth/tokens", json=body, timeout=10)
    assert answer.status_code == 201
    return answer


def ask(mock: Any, path: str, **headers: str) -> requests.Response:
    return requests.get(
        mock.url + path, headers={name.replace("_", "-"): text for name, text in headers.items()}, timeout=10
    )


@pytest.mark.parametrize("scope", [{"project": {"id": PROJECT}}, {"domain": {"name": "acc"}}])
def test_a_token_says_what_it_is_for(mock: Any, scope: Any) -> None:
    """The same as when it was made, with nocatalog too; the kit finds nothing."""
    made = token(mock, {"auth": {**LOGIN["auth"], "scope": scope}})
    sealed = made.headers["X-Subject-Token"]
    shown = ask(mock, "/v3/auth/tokens", X_Auth_Token=sealed, X_Subject_Token=sealed)
    assert (shown.status_code, shown.headers["X-Subject-Token"]) == (200, sealed)
    assert shown.json() == made.json()
    assert check(shown) == []
    without = ask(mock, "/v3/auth/tokens?nocatalog=1", X_Auth_Token=sealed, X_Subject_Token=sealed)
    assert set(made.json()["token"]) - set(without.json()["token"]) == {"catalog"}


def test_what_is_no_token_is_not_found(mock: Any) -> None:
    """Of another issuer, changed, expired; and one that isn't sent is missing."""
    sealed = token(mock).headers["X-Subject-Token"]
    for subject in ("x", sealed[:-1] + ("0" if sealed[-1] != "0" else "1")):
        answer = ask(mock, "/v3/auth/tokens", X_Auth_Token=sealed, X_Subject_Token=subject)
        assert (answer.status_code, answer.json()["error"]["code"]) == (404, 404)
    assert ask(mock, "/v3/auth/tokens", X_Auth_Token=sealed).status_code == 400
    mock.clock.freeze()
    mock.clock.advance("25h")
    fresh = token(mock).headers["X-Subject-Token"]
    assert ask(mock, "/v3/auth/tokens", X_Auth_Token=fresh, X_Subject_Token=sealed).status_code == 404


def test_the_catalog_leads_to_the_mock(mock: Any) -> None:
    """Every address is the mock's own, for the token's project; the token has the same catalog."""
    made = token(mock)
    answer = ask(mock, "/v3/auth/catalog", X_Auth_Token=made.headers["X-Subject-Token"])
    assert check(answer) == []
    catalog = answer.json()["catalog"]
    assert catalog == made.json()["token"]["catalog"]
    addresses = {entry["type"]: entry["endpoints"][0]["url"] for entry in catalog}
    assert addresses["identity"] == f"{mock.url}/v3"
    assert addresses["gaussdb"] == f"{mock.url}/v3/{PROJECT}"
    job = mock.job("taurusdb", id="7")
    reached = ask(
        mock, addresses["gaussdb"].removeprefix(mock.url) + "/jobs?id=7", X_Auth_Token=made.headers["X-Subject-Token"]
    )
    assert reached.json()["job"]["status"] == job.status
