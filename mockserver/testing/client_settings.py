"""The settings that point a client at a test's mock: credentials, and variables with its URL."""

from __future__ import annotations

from dataclasses import dataclass

from ..definitions import Definitions
from ..listing import environment
from ..settings import Settings
from .environ import REGIONS

_ENDPOINTS = ("HUAWEICLOUD_SDK_REGION_", "HUAWEICLOUD_SDK_IAM_ENDPOINT", "ENOS_URL")


def endpoints(definitions: Definitions, url: str | None) -> dict[str, str]:
    """The variables that point SDK code at a URL of this machine; none if `url` is None: the SDK's endpoints stay."""
    if url is None:
        return {}
    port = int(url.rpartition(":")[2])
    variables = environment(definitions, Settings(port=port, credentials={"-": "-"}, tls=url.startswith("https:")), REGIONS)
    return {name: value for name, value in variables.items() if name.startswith(_ENDPOINTS)}


@dataclass(frozen=True)
class Credentials:
    """The credentials that the test's namespace accepts: a key pair and a project (Huawei Cloud), an application (EnOS)."""

    access_key: str
    secret_key: str
    project_id: str
    app_key: str
    app_secret: str

    @property
    def ak(self) -> str:
        """The access key, under the SDK's name."""
        return self.access_key

    @property
    def sk(self) -> str:
        """The secret key, under the SDK's name."""
        return self.secret_key

    def __repr__(self) -> str:
        return f"Credentials(access_key={self.access_key!r}, project_id={self.project_id!r}, app_key={self.app_key!r}, ...)"
