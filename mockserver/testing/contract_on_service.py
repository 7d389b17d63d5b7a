"""The contract of a real service: a proxy in front of it, on this machine, judges the exchanges."""

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


def contract_for_service(
    url: str,
    options: ContractOptions,
    profile: Profile,
    variables: Mapping[str, str],
    definitions: Definitions,
    files: Sequence[str] = (),
) -> Contract:
    """The contract for the service at a URL. It starts a proxy on this machine that judges the exchanges.

    `variables` is the environment, which has the credentials; `files` are the documents that the definitions were read from,
    beside the shipped ones. Raises InputError for a wrong URL or half of a credential.
    """
    target = target_of(url)
    judge = ContractJudge(session_for(options, definitions, files), options.ignore)
    credentials = credentials_of(variables)
    proxy_options = ProxyOptions(
        (str(target),),
        port=0,
        ca_bundle=variables.get("REQUESTS_CA_BUNDLE") or None,
        resign=resigner(credentials) if credentials.access_key else None,
    )
    proxy = Proxy(proxy_options, judge.session.definitions, JudgeQueue(judge, _ignore_line)).start()
    token_sender = Sender(str(target), allow_methods=("POST",))
    sign = signer(definitions, credentials, token_sender.send)
    subject = ServiceSubject(proxy, target, endpoints(definitions, proxy.url), sign)
    subject.closing.append(token_sender.close)
    return Contract(subject, judge, options, profile)


def _ignore_line(_line: str) -> None:
    """The proxy prints nothing: everything is among the findings, or in what could not be judged."""


class ServiceSubject:
    """A service behind a proxy that belongs to the test."""

    def __init__(self, proxy: Proxy, target: TargetUrl, endpoints: Mapping[str, str], sign: Sign) -> None:
        self._proxy, self._target, self._endpoints, self._sign = proxy, target, endpoints, sign
        self.closing: list[Callable[[], object]] = []

    @property
    def url(self) -> str:
        """The proxy's URL."""
        return self._proxy.url

    @property
    def env(self) -> dict[str, str]:
        """The endpoints of all regions. The user's credentials stay, and IAM too unless the target is on this machine."""
        variables = {name: value for name, value in self._endpoints.items() if name != _IAM or self._target.loopback}
        return variables | without_proxy(os.environ)

    def client(self) -> requests.Session:
        """A session that knows the proxy's URL, and signs with the environment's credentials."""
        from .clients import signing_session

        session = signing_session(self.url, self._sign)
        self.closing.append(session.close)
        return session

    def settle(self) -> None:
        """Wait until all exchanges are judged."""
        self._proxy.settle()

    def close(self) -> list[str]:
        """Stop the proxy; returns what could not be judged."""
        while self.closing:
            self.closing.pop()()
        return [f"{name}: {reason}" for name, reason in self._proxy.stop().failed]
