"""What points a client at a test's mock: its credentials, and the variables with its URL."""

from __future__ import annotations

from dataclasses import dataclass

from ..definitions import Definitions
from ..listing import environment
from ..settings import Settings
from .environ import REGIONS

_ENDPOINTS = ("HUAWEICLOUD_SDK_REGION_", "HUAWEICLOUD_SDK_IAM_ENDPOINT", "ENOS_URL")


def endpoints(definitions: Definitions, url: str | None) -> dict[str, str]:
    """The variables that turn SDK code to a URL of this machine; none without one: the SDK's own endpoints stay."""
    if url is None:
        return {}
    port = int(url.rpartition(":")[2])
    result = environment(definitions, Settings(port=port, credentials={"-": "-"}, tls=url.startswith("https:")), REGIONS)
    return {name: value for name, value in result.items() if name.startswith(_ENDPOINTS)}


@dataclass(frozen=True)
class Credentials:
    """What the test's namespace takes for right: Huawei Cloud's pair and project, EnOS's application."""

    access_key: str
    secret_key: str
    project_id: str
    app_key: str
    app_secret: str

    @property
    def ak(self) -> str:
        """The access key, by the SDK's name for it."""
        return self.access_key

    @property
    def sk(self) -> str:
        """The secret key, by the SDK's name for it."""
        return self.secret_key

    def __repr__(self) -> str:
        return f"Credentials(access_key={self.access_key!r}, project_id={self.project_id!r}, app_key={self.app_key!r}, ...)"
