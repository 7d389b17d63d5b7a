"""IAM: tokens by password, and the list of projects."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from ..errors import RequestProblem
from ..generate import hex_id
from ..jobs.clock import SECOND, utc
from ..model import Answer
from ..settings import Settings
from ..vendors.huaweicloud import TOKEN_SECONDS, check_project
from ..vendors.tokens import seal, unseal
from .base import Call, Context

REGION = "cn-north-4"
ACCOUNT_ID = hex_id("domain")  # the mock has one account, whatever name it is called by
_IAM_URL = "https://iam.myhuaweicloud.com"
_SERVICES: Mapping[str, str] = {"cdm": "v1.1", "gaussdb": "v3", "tics": "v1", "dayu": "v1"}
"""The types of the mocked services in a catalog, with the version in their paths: which ones the vendor's catalog has, and
at which addresses, is not documented."""
_PROJECTS_URL = "https://iam.myhuaweicloud.com/v3/projects"
_PER_PAGE = 5_000  # the documented maximum
_NAME_KEPT = 255
"""Characters of a name that a token holds; the vendor's names have 64 at most."""
_FILTERS = ("domain_id", "parent_id", "enabled", "is_domain")

Json = dict[str, Any]


def project_id_of(name: str, settings: Settings) -> str:
    """The id of the project with this name, such as a region's. Of configured ones, the first serves every region."""
    if not settings.projects:
        return hex_id("project", name)
    return _configured(settings).get(name, settings.projects[0])


def _configured(settings: Settings) -> dict[str, str]:
    """The configured projects' ids by made-up names: `cn-north-4`, `cn-north-4_2`, `cn-north-4_3`."""
    return {f"{REGION}_{n}" if n > 1 else REGION: project for n, project in enumerate(settings.projects, 1)}


def create_token(context: Context) -> Answer:
    """KeystoneCreateUserTokenByPassword: a token of 24 hours.

    Raises RequestProblem for a wrong user, password or project.
    """
    auth = context.body["auth"]
    user = auth["identity"]["password"]["user"]
    _check_password(user["name"], user["password"], context.namespace.settings)
    domain = {"id": ACCOUNT_ID, "name": user["domain"]["name"]}
    scope = _scope(auth.get("scope", {}), domain, context.namespace.settings)
    content = {
        "user": user["name"],
        "project": scope["project"]["id"] if "project" in scope else "",
        "issued": context.now,
        "expires": context.now + TOKEN_SECONDS * SECOND,
        "domain": domain["name"],
        "scope": {kind: part["name"] for kind, part in scope.items() if "name" in part},
    }
    sealed = seal(context.namespace.settings.seed, "token", _in_a_header(content))
    return Answer(201, {"token": _token(content, scope, context)}, headers=(("X-Subject-Token", sealed),))


def _in_a_header(content: Json) -> Json:
    """What a token holds, its names short enough for a header."""
    scope = {kind: name[:_NAME_KEPT] for kind, name in content["scope"].items()}
    return {**content, "user": content["user"][:_NAME_KEPT], "domain": content["domain"][:_NAME_KEPT], "scope": scope}


def show_token(context: Context) -> Answer:
    """KeystoneValidateToken: what a token is for. Raises RequestProblem: unknown-id for one that isn't valid."""
    sealed = context.parameters["X-Subject-Token"]
    content = unseal(context.namespace.settings.seed, "token", sealed)
    if content is None or context.now >= content["expires"]:
        state = "was not issued by this mock" if content is None else "has expired"
        raise RequestProblem("unknown-id", f"the token in X-Subject-Token {state}")
    domain, names = {"id": ACCOUNT_ID, "name": content["domain"]}, content["scope"]
    scope: Json = {"domain": {**domain, "name": names["domain"]}} if "domain" in names else {}
    if content["project"]:
        scope["project"] = {"domain": domain, "id": content["project"], "name": names["project"]}
    token = _token(content, scope, context)
    return Answer(200, {"token": token}, headers=(("X-Subject-Token", sealed),), until=content["expires"])


def show_catalog(context: Context) -> Answer:
    """KeystoneShowCatalog: the services of the token's project."""
    content = unseal(context.namespace.settings.seed, "token", context.request.headers.get("x-auth-token", "")) or {}
    links = {"self": f"{context.origin or _IAM_URL}/v3/auth/catalog"}
    return Answer(200, {"catalog": _catalog(content.get("project", ""), context), "links": links})


def _token(content: Json, scope: Json, context: Context) -> Json:
    domain = {"id": ACCOUNT_ID, "name": content["domain"]}
    user = content["user"]
    return {
        **({} if "nocatalog" in context.parameters else {"catalog": _catalog(content["project"], context)}),
        "expires_at": _time_text(content["expires"]),
        "issued_at": _time_text(content["issued"]),
        "methods": ["password"],
        **scope,
        "roles": [{"id": "0", "name": "te_admin"}],
        "user": {"domain": domain, "id": hex_id("user", user), "name": user, "password_expires_at": ""},
    }


def _catalog(project: str, context: Context) -> list[Json]:
    """The services, all of them at the mock's own address: there its callers find them."""
    services = [("iam", "iam", "v3.0", "*"), ("keystone", "identity", "v3", REGION)]
    if project:
        services += [(name, name, f"{version}/{project}", REGION) for name, version in _SERVICES.items()]
    origin = context.origin or _IAM_URL
    return [
        {
            "endpoints": [
                {
                    "id": hex_id("endpoint", name),
                    "interface": "public",
                    "region": region,
                    "region_id": region,
                    "url": f"{origin}/{path}",
                }
            ],
            "id": hex_id("service", name),
            "name": name,
            "type": kind,
        }
        for name, kind, path, region in services
    ]


def _check_password(name: str, password: str, settings: Settings) -> None:
    if settings.auth != "verify" or not settings.users:
        return
    if name not in settings.users:
        raise RequestProblem("credentials-wrong", f"user {name!a} is not one of the configured ones (--user NAME=PASSWORD)")
    if password != settings.users[name]:
        raise RequestProblem("credentials-wrong", f"the password of user {name!a} is not the configured one")


def _scope(requested: Json, domain: Json, settings: Settings) -> Json:
    """What the token is for: `project` or `domain` of the answer; nothing where nothing was asked for."""
    if "project" in requested:
        return {"project": {"domain": domain, **_project_scope(requested["project"], settings)}}
    return {"domain": {**domain, **_id_and_name(requested["domain"])}} if "domain" in requested else {}


def _project_scope(requested: Json, settings: Settings) -> Json:
    if "id" not in requested:
        return {"id": project_id_of(requested["name"], settings), "name": requested["name"]}
    check_project(requested["id"], settings)
    names = {project: name for name, project in _configured(settings).items()}
    return {"name": names.get(requested["id"], REGION), **_id_and_name(requested)}


def _id_and_name(requested: Json) -> Json:
    return {key: requested[key] for key in ("id", "name") if key in requested}


def _time_text(time: int) -> str:
    return utc(time).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def list_projects(context: Context) -> Answer:
    """KeystoneListProjects: by name exactly one; otherwise the configured ones, or one for `cn-north-4`.

    The other filters leave out what they don't fit; pages are counted from 1.
    """
    requested = context.parameters
    projects = [
        _project(name, project)
        for name, project in _projects_named(requested.get("name"), context.namespace.settings).items()
    ]
    matches = [project for project in projects if _is_requested(project, requested)]
    page, size = requested.get("page", 1), requested.get("per_page", _PER_PAGE)
    links = {
        "self": _address(requested),
        "previous": _address({**requested, "page": page - 1}) if page > 1 else None,
        "next": _address({**requested, "page": page + 1}) if page * size < len(matches) else None,
    }
    return Answer(200, {"links": links, "projects": matches[(page - 1) * size : page * size]})


def _projects_named(name: str | None, settings: Settings) -> dict[str, str]:
    """The ids, by name, of the project with this name, or of all."""
    if name is None and settings.projects:
        return _configured(settings)
    return {name or REGION: project_id_of(name or REGION, settings)}


def _project(name: str, project: str) -> Json:
    return {
        "domain_id": ACCOUNT_ID,
        "is_domain": False,
        "parent_id": ACCOUNT_ID,
        "name": name,
        "description": "",
        "links": {"self": f"{_PROJECTS_URL}/{project}", "previous": None, "next": None},
        "id": project,
        "enabled": True,
    }


def _is_requested(project: Json, requested: Mapping[str, Any]) -> bool:
    return all(project[name] == requested[name] for name in _FILTERS if name in requested)


def _address(parameters: Mapping[str, Any]) -> str:
    """The list's address with these query parameters."""
    texts = {name: str(value).lower() if isinstance(value, bool) else value for name, value in parameters.items()}
    return f"{_PROJECTS_URL}?{urlencode(texts)}" if texts else _PROJECTS_URL


CALLS: Mapping[str, Call] = {
    "KeystoneCreateUserTokenByPassword": create_token,
    "KeystoneListProjects": list_projects,
    "KeystoneShowCatalog": show_catalog,
    "KeystoneValidateToken": show_token,
}
