"""The contract held by a real service: a proxy in front of it, on this machine, judges what passes."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from ..contract.cases import Profile
from ..contract.sending import Sender, Sign
from ..contract.target import TargetUrl, target_of
from ..credentials import credentials_of, resigner, signer
from ..definitions import Definitions
from ..proxy import JudgeQueue, Proxy, ProxyOptions
from .client_settings import endpoints
from .contract_fixture import Contract, ContractJudge, ContractOptions, session_for
from .environ import without_proxy

if TYPE_CHECKING:
    import requests

_IAM = "HUAWEICLOUD_SDK_IAM_ENDPOINT"


def hold_service(
    url: str,
    expected: ContractOptions,
    profile: Profile,
    variables: Mapping[str, str],
    definitions: Definitions,
    files: Sequence[str] = (),
) -> Contract:
    """The contract that the service at a URL is held to, by a proxy on this machine that is running now.

    `variables` are the environment's: credentials are theirs; `files` are the documents beside the shipped ones that the
    definitions were read from. Raises InputError for a wrong URL or half of a credential.
    """
    target = target_of(url)
    judge = ContractJudge(session_for(expected, definitions, files), expected.ignore)
    credentials = credentials_of(variables)
    options = ProxyOptions(
        (str(target),),
        port=0,
        ca_bundle=variables.get("REQUESTS_CA_BUNDLE") or None,
        resign=resigner(credentials) if credentials.access_key else None,
    )
    proxy = Proxy(options, judge.session.definitions, JudgeQueue(judge, _nobody)).start()
    plain = Sender(str(target), allow_methods=("POST",))
    sign = signer(definitions, credentials, plain.send)
    side = ServiceSubject(proxy, target, endpoints(definitions, proxy.url), sign)
    side.closing.append(plain.close)
    return Contract(side, judge, expected, profile)


def _nobody(_line: str) -> None:
    """What the proxy would print is among the findings, and in what could not be judged."""


class ServiceSubject:
    """A service behind a proxy of the test's own."""

    def __init__(self, proxy: Proxy, target: TargetUrl, endpoints: Mapping[str, str], sign: Sign) -> None:
        self._proxy, self._target, self._endpoints, self._sign = proxy, target, endpoints, sign
        self.closing: list[Callable[[], object]] = []

    @property
    def url(self) -> str:
        """The proxy's."""
        return self._proxy.url

    @property
    def env(self) -> dict[str, str]:
        """The endpoints of all regions. Credentials stay the user's; so does IAM, unless the target is on this machine."""
        collected = {name: value for name, value in self._endpoints.items() if name != _IAM or self._target.loopback}
        return collected | without_proxy(os.environ)

    def client(self) -> requests.Session:
        """A session that knows the proxy's URL, and signs with the environment's credentials."""
        from .clients import signing_session

        result = signing_session(self.url, self._sign)
        self.closing.append(result.close)
        return result

    def settle(self) -> None:
        """Wait until all that was answered is judged."""
        self._proxy.settle()

    def close(self) -> list[str]:
        """Stop the proxy; what could not be judged."""
        while self.closing:
            self.closing.pop()()
        return [f"{name}: {reason}" for name, reason in self._proxy.stop().failed]
