"""The calls that give out tokens, IAM's and those of EnOS's gateway, and IAM's list of projects."""

from __future__ import annotations

from typing import Any

import pytest

from mockserver.definitions import Definitions, load
from mockserver.errors import RequestProblem
from mockserver.generate import hex_id
from mockserver.jobs.clock import SECOND, parse_time
from mockserver.jobs.store import Store
from mockserver.model import Answer, Request
from mockserver.namespace import Namespace
from mockserver.services import apim_token, iam
from mockserver.services.base import Context
from mockserver.settings import DEFAULT_APP_KEY, DEFAULT_APP_SECRET, Settings
from mockserver.vendors import enos, huaweicloud
from mockserver.vendors.tokens import seal, unseal

NOW = parse_time("2020-01-03T09:05:22.701Z")
GET, REFRESH = "GetAccessToken", "RefreshAccessToken"
CREATE, LIST = "KeystoneCreateUserTokenByPassword", "KeystoneListProjects"
CALLS = {**iam.CALLS, **apim_token.CALLS}
PROJECTS = ("0605767a5780d5762fc5c0118072a564", "054e292c9880d4992f02c0196d3ea468")
VERIFY = Settings(auth="verify", users={"ann": "s3cret"})


@pytest.fixture(scope="module")
def definitions() -> Definitions:
    return load()


@pytest.fixture
def store() -> Store:
    return Store()


def context(
    body: Any = None,
    parameters: dict[str, Any] | None = None,
    now: int = NOW,
    settings: Settings | None = None,
    store: Store | None = None,
    key: str = "status",
) -> Context:
    switches = {"apim-token-status-key": key}
    namespace = Namespace.new("test", settings or Settings())
    namespace.store = store or Store()
    return Context(parameters or {}, body, now, "request-1", switches, namespace, Request("POST", "/"))


def login(scope: dict[str, Any] | None = None, name: str = "ann", password: str = "s3cret") -> dict[str, Any]:
    user = {"domain": {"name": "IAMDomain"}, "name": name, "password": password}
    auth: dict[str, Any] = {"identity": {"methods": ["password"], "password": {"user": user}}}
    return {"auth": auth if scope is None else {**auth, "scope": scope}}


def proof(app: str = DEFAULT_APP_KEY, secret: str = DEFAULT_APP_SECRET, timestamp: int | str = NOW, **more: str) -> Any:
    return {"appKey": app, "encryption": enos.encryption(app, str(timestamp), secret), "timestamp": timestamp, **more}


def checked(definitions: Definitions, call: str, asked: Context) -> Answer:
    """The call's answer, checked against the definition."""
    answer = CALLS[call](asked)
    assert list(definitions.operation(call).responses[answer.status](answer.body)) == []
    return answer


def access(definitions: Definitions, call: str, asked: Context) -> tuple[str, int]:
    data = checked(definitions, call, asked).body["data"]
    return data["accessToken"], data["expire"]


def projects(definitions: Definitions, settings: Settings | None = None, **parameters: Any) -> list[dict[str, Any]]:
    answer = checked(definitions, LIST, context(parameters=parameters, settings=settings))
    result: list[dict[str, Any]] = answer.body["projects"]
    return result


def refused(call: str, asked: Context) -> RequestProblem:
    with pytest.raises(RequestProblem) as caught:
        CALLS[call](asked)
    return caught.value


def test_calls_are_those_of_the_definitions(definitions: Definitions) -> None:
    """Each call is an operation of its service."""
    assert {definitions.operation(call).service for call in iam.CALLS} == {"iam"}
    assert {definitions.operation(call).service for call in apim_token.CALLS} == {"apim-token"}


@pytest.mark.parametrize(
    "scope",
    [
        None,
        {"project": {"name": "cn-north-4"}},
        {"project": {"id": PROJECTS[0]}},
        {"project": {"id": PROJECTS[0], "name": "eu-west-101"}},
        {"domain": {"name": "IAMDomain"}},
        {"domain": {"id": "d78cbac186b744899480f25bd022f468"}},
    ],
)
def test_iam_token_is_as_defined_and_opens_the_door(definitions: Definitions, scope: dict[str, Any] | None) -> None:
    """A token for whatever scope is what the definition says, and the mock takes it for 24 hours."""
    answer = checked(definitions, CREATE, context(login(scope)))
    token = answer.body["token"]
    assert answer.status == 201
    assert (token["issued_at"], token["expires_at"]) == ("2020-01-03T09:05:22.701000Z", "2020-01-04T09:05:22.701000Z")
    assert {"project", "domain"} & set(token) == set(scope or {})
    for kind, asked in (scope or {}).items():
        assert {**token[kind], **asked} == token[kind]
    request = Request("GET", "/", headers={"x-auth-token": dict(answer.headers)["X-Subject-Token"]})
    caller = huaweicloud.authenticate(request, VERIFY, NOW + 24 * 3_600 * SECOND - 1)
    assert (caller.name, caller.project) == ("ann", token.get("project", {}).get("id", ""))
    with pytest.raises(RequestProblem, match="expired"):
        huaweicloud.authenticate(request, VERIFY, NOW + 24 * 3_600 * SECOND)


def test_iam_token_is_sealed_with_seed_and_times() -> None:
    """The same request at the same time gives the same token; another seed can't read it."""
    tokens = [dict(CALLS[CREATE](context(login())).headers)["X-Subject-Token"] for _ in range(2)]
    assert tokens[0] == tokens[1]
    content = {"user": "ann", "project": "", "issued": NOW, "expires": NOW + 86_400 * SECOND}
    content |= {"domain": "IAMDomain", "scope": {}}
    assert unseal(0, "token", tokens[0]) == content
    assert unseal(1, "token", tokens[0]) is None


def test_iam_catalog_is_left_out_with_nocatalog(definitions: Definitions) -> None:
    """Whatever value nocatalog has, even none, there is no catalog."""
    types = [entry["type"] for entry in checked(definitions, CREATE, context(login())).body["token"]["catalog"]]
    assert types[:2] == ["iam", "identity"]
    for value in ("true", "false", ""):
        answer = checked(definitions, CREATE, context(login(), {"nocatalog": value}))
        assert "catalog" not in answer.body["token"]


@pytest.mark.parametrize(("name", "password"), [("bob", "s3cret"), ("ann", "wr0ng"), ("ann", "S3CRET")])
def test_iam_verifies_configured_users(name: str, password: str) -> None:
    """An unknown user or a wrong password is refused, in words that hold no password."""
    problem = refused(CREATE, context(login(None, name, password), settings=VERIFY))
    assert problem.kind == "credentials-wrong"
    for word in (password, "s3cret"):
        assert word not in problem.detail


@pytest.mark.parametrize("settings", [Settings(users={"ann": "s3cret"}), Settings(auth="off"), Settings(auth="verify")])
def test_iam_takes_any_user_where_there_is_nothing_to_verify(definitions: Definitions, settings: Settings) -> None:
    """Without users, or without --auth verify, every password is good."""
    assert checked(definitions, CREATE, context(login(None, "bob", "x"), settings=settings)).status == 201


def test_iam_takes_the_right_password(definitions: Definitions) -> None:
    """A configured user with the right password gets a token."""
    assert checked(definitions, CREATE, context(login(), settings=VERIFY)).status == 201


def test_iam_tokens_are_for_configured_projects(definitions: Definitions) -> None:
    """Given projects, a region's project is the first one, an id has its name, and another id is refused."""
    settings = Settings(projects=PROJECTS)

    def project(**asked: str) -> dict[str, Any]:
        answer = checked(definitions, CREATE, context(login({"project": asked}), settings=settings))
        result: dict[str, Any] = answer.body["token"]["project"]
        return result

    assert project(name="eu-west-101")["id"] == PROJECTS[0]
    assert project(id=PROJECTS[1])["name"] == "cn-north-4_2"
    assert project(name="cn-north-4_2")["id"] == PROJECTS[1]
    asked = login({"project": {"id": "0" * 32}})
    assert refused(CREATE, context(asked, settings=settings)).kind == "project-unknown"


def test_iam_finds_any_project_by_name(definitions: Definitions) -> None:
    """A name has exactly one project, the one that a token for this name is for."""
    for name in ("cn-north-4", "eu-west-101", "cn-north-4_mine"):
        (project,) = projects(definitions, name=name)
        assert (project["name"], project["id"]) == (name, hex_id("project", name))
        token = CALLS[CREATE](context(login({"project": {"name": name}}))).body["token"]
        assert token["project"]["id"] == project["id"]
        assert token["project"]["domain"]["id"] == project["domain_id"]
    assert [project["name"] for project in projects(definitions)] == ["cn-north-4"]


def test_iam_lists_configured_projects(definitions: Definitions) -> None:
    """Given projects, the list has all of them, each under a name that finds it again."""
    settings = Settings(projects=PROJECTS)
    listed = projects(definitions, settings)
    assert [project["id"] for project in listed] == list(PROJECTS)
    for project in listed:
        assert projects(definitions, settings, name=project["name"]) == [project]
    assert [project["id"] for project in projects(definitions, settings, name="eu-west-101")] == [PROJECTS[0]]


@pytest.mark.parametrize(
    ("parameters", "count"),
    [
        ({"domain_id": iam.ACCOUNT_ID}, 1),
        ({"domain_id": "other"}, 0),
        ({"parent_id": iam.ACCOUNT_ID, "enabled": True}, 1),
        ({"parent_id": "other"}, 0),
        ({"enabled": False}, 0),
        ({"is_domain": True}, 0),
        ({"is_domain": False, "name": "eu-west-101"}, 1),
    ],
)
def test_iam_filters_projects(definitions: Definitions, parameters: dict[str, Any], count: int) -> None:
    """A filter leaves only the projects that it fits."""
    assert len(projects(definitions, **parameters)) == count


def test_iam_pages_through_projects(definitions: Definitions) -> None:
    """Pages hold per_page projects each, and link to those before and after."""
    url = "https://iam.myhuaweicloud.com/v3/projects"
    settings = Settings(projects=(*PROJECTS, "c" * 32))
    asked = [{"enabled": True, "page": page, "per_page": 2} for page in (1, 2, 3)]
    answers = [checked(definitions, LIST, context(parameters=parameters, settings=settings)) for parameters in asked]
    first, second, third = (answer.body for answer in answers)
    assert [len(page["projects"]) for page in (first, second, third)] == [2, 1, 0]
    assert first["links"] == {
        "self": f"{url}?enabled=true&page=1&per_page=2",
        "previous": None,
        "next": f"{url}?enabled=true&page=2&per_page=2",
    }
    assert (second["links"]["previous"], second["links"]["next"]) == (first["links"]["self"], None)
    whole = checked(definitions, LIST, context(settings=settings)).body
    assert whole["links"] == {"self": url, "previous": None, "next": None}
    assert len(whole["projects"]) == 3


@pytest.mark.parametrize("key", ["status", "stauts"])
def test_apim_token_is_the_same_while_it_is_good(definitions: Definitions, store: Store, key: str) -> None:
    """`expire` counts down in whole seconds; then there is a new token."""

    def get(seconds: float) -> tuple[str, int]:
        asked = context(proof(), now=NOW + int(seconds * SECOND), store=store, key=key)
        return access(definitions, GET, asked)

    token, expire = get(0)
    assert expire == 7_200
    assert get(0.5) == (token, 7_199)
    assert get(7_199) == (token, 1)
    later, expire = get(7_200)
    assert (later != token, expire) == (True, 7_200)


def test_apim_answer_has_the_documented_shape(definitions: Definitions) -> None:
    """Members come in the documented order, the first named as the switch says."""
    for key in ("status", "stauts"):
        answer = checked(definitions, GET, context(proof(), key=key))
        assert list(answer.body) == [key, "msg", "business", "data"]
        assert (answer.status, answer.body[key]) == (200, 0)


def test_apim_token_depends_on_seed_app_and_time_alone(definitions: Definitions) -> None:
    """Two mocks give the same token at the same time; other seeds, apps and times give others."""
    token = access(definitions, GET, context(proof()))
    assert access(definitions, GET, context(proof(timestamp=1))) == token
    others = [
        context(proof(), settings=Settings(seed=1)),
        context(proof("another-app")),
        context(proof(), now=NOW + 1),
    ]
    assert token not in [access(definitions, GET, asked) for asked in others]


def test_apim_token_outlives_no_clock_that_was_set_back(definitions: Definitions, store: Store) -> None:
    """After the clock was set back, a token is never good for longer than 7200 seconds."""
    access(definitions, GET, context(proof(), store=store))
    assert access(definitions, GET, context(proof(), now=NOW - 60 * SECOND, store=store))[1] == 7_200


def test_apim_token_opens_the_door(definitions: Definitions) -> None:
    """The gateway takes the token until it expires."""
    token, _ = access(definitions, GET, context(proof()))
    request = Request("GET", "/", headers={"apim-accesstoken": token})
    assert enos.authenticate(request, Settings(), NOW + 7_200 * SECOND - 1).name == DEFAULT_APP_KEY
    with pytest.raises(RequestProblem, match="expired"):
        enos.authenticate(request, Settings(), NOW + 7_200 * SECOND)


@pytest.mark.parametrize("timestamp", [NOW, str(NOW)])
def test_apim_verifies_the_encryption(definitions: Definitions, timestamp: int | str) -> None:
    """With --auth verify, timestamps as number and as text are good, a wrong app or secret is not."""
    assert access(definitions, GET, context(proof(timestamp=timestamp), settings=VERIFY))[1] == 7_200
    for call, more in ((GET, {}), (REFRESH, {"accessToken": "x"})):
        unknown = context(proof("another-app", timestamp=timestamp, **more), settings=VERIFY)
        assert refused(call, unknown).kind == "access-key-unknown"
        wrong = context(proof(secret="wr0ng", timestamp=timestamp, **more), settings=VERIFY)
        assert refused(call, wrong).kind == "signature-mismatch"


@pytest.mark.parametrize("auth", ["presence", "off"])
def test_apim_takes_any_app_unless_told_to_verify(definitions: Definitions, auth: str) -> None:
    """Without --auth verify, every app and every encryption are good."""
    assert access(definitions, GET, context(proof("another-app", "wr0ng"), settings=Settings(auth=auth)))[1] == 7_200


def test_apim_refresh_gives_a_new_token_that_is_kept(definitions: Definitions, store: Store) -> None:
    """A refreshed token is good for the whole time again, and is what `get` gives from then on."""
    old, _ = access(definitions, GET, context(proof(), store=store))
    asked = context(proof(accessToken=old), now=NOW + 7_199 * SECOND, store=store)
    new, expire = access(definitions, REFRESH, asked)
    assert (new != old, expire) == (True, 7_200)
    assert access(definitions, GET, context(proof(), now=NOW + 7_209 * SECOND, store=store)) == (new, 7_190)


def test_apim_refresh_refuses_foreign_and_expired_tokens() -> None:
    """A token of nobody's, of another app, of another seed or of another kind is invalid; one too old has expired."""
    content = {"app": DEFAULT_APP_KEY, "expires": NOW + 1}
    foreign = [
        "adsfwerasdfsdfasggaaf",
        "MIIMOCKx-é",
        seal(0, "access", {**content, "app": "another-app"}),
        seal(1, "access", content),
        seal(0, "token", content),
    ]
    for token in foreign:
        assert refused(REFRESH, context(proof(accessToken=token))).kind == "token-invalid"
    expired = context(proof(accessToken=seal(0, "access", content)), now=NOW + 1)
    assert refused(REFRESH, expired).kind == "token-expired"
