"""The proxy: listens, passes requests on, sends every exchange to be judged, and gives the result when it stops."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from ..contract.result import Result
from ..contract.sending import Sign
from ..contract.target import TargetUrl
from ..control import PREFIX
from ..definitions import Definitions
from ..errors import InputError
from ..jobs.clock import Stopwatch
from ..model import RawRequest, Request, Response, request_from
from ..server.handler import Handler, problem
from ..server.http_server import HttpServer
from ..server.reading import Refusal
from ..steps.render import header_text
from .judge_queue import Judging
from .notices import name_of
from .proxied_exchange import ProxiedExchange, forward
from .routes import parse_upstreams, pick_upstream
from .signing import Resigner
from .upstream import BODY_LIMIT, Upstream
from .upstream_failures import ProxyError

GRACE_SECONDS = 5.0
_CHECK_SECONDS = 0.005
_THREADS = 256


@dataclass(frozen=True)
class ProxyOptions:
    """The options of the proxy.

    Args:
        upstreams: `URL` or `SERVICE=URL`.
        host: The address to listen on.
        port: 0: any free port.
        timeout: For how many seconds a service may send nothing.
        ca_bundle: A file of certificates to trust.
        insecure: Trust any certificate.
        resign: Signs requests again that a caller signed for the proxy's host (None: they are passed on as they are).
        resign_allow: Methods, or ids of operations, whose requests are signed too, beside GET.
        allow_hosts: Host names under which callers get signatures, beside those of this machine and `host`.
    """

    upstreams: tuple[str, ...]
    host: str = "127.0.0.1"
    port: int = 6211
    timeout: float = 300.0
    ca_bundle: str | None = None
    insecure: bool = False
    resign: Sign | None = None
    resign_allow: tuple[str, ...] = ()
    allow_hosts: tuple[str, ...] = ()


class Proxy:
    """A proxy in front of services, in threads of this process.

    Args:
        options: The options.
        definitions: To find the service of a path.
        judging: Records and judges the exchanges: a `JudgeQueue` or a `JudgeProcess`.
        quick: Run on the quickest loop that is installed; virtual time can't ask such a proxy whether it is at rest.

    Raises:
        InputError: For a wrong option or a busy port: the port is bound at once.
    """

    def __init__(self, options: ProxyOptions, definitions: Definitions, judging: Judging, *, quick: bool = False) -> None:
        targets = parse_upstreams(options.upstreams, definitions)
        self._judging = judging
        self._upstreams = {
            name: Upstream(target, options.timeout, options.ca_bundle, options.insecure) for name, target in targets.items()
        }
        self._server = HttpServer(
            _ForwardingHandler(options, definitions, self._upstreams, judging), options.host, options.port, quick=quick
        )
        self.port: int = self._server.port
        self.url: str = self._server.url
        self._check_loop(targets)
        self._clock = Stopwatch()
        self._result: Result | None = None

    @property
    def target(self) -> str:
        """The URLs of the services behind it."""
        return ", ".join(str(upstream.target) for upstream in self._upstreams.values())

    def start(self) -> Proxy:
        """Begin to pass requests on."""
        self._server.start()
        return self

    def settle(self, seconds: float = GRACE_SECONDS) -> bool:
        """Wait until all exchanges are judged; returns False if that takes longer than so many real seconds."""
        watch = Stopwatch()
        while self._server.under_way or self._judging.waiting():
            if watch.seconds() > seconds:
                return False
            watch.pause(_CHECK_SECONDS)
        return True

    def stop(self) -> Result:
        """Take no more requests, finish those under way, and judge the rest. Returns the same result each time."""
        if self._result is not None:
            return self._result
        cut_count = self._server.stop(GRACE_SECONDS)
        if cut_count:
            self._judging.notices.skip("proxy", f"{cut_count} exchanges were cut off when the proxy stopped")
        for upstream in self._upstreams.values():
            upstream.close()
        waiting = self._judging.waiting()
        if waiting > 100:
            self._judging.notices.report(f"{waiting} more exchanges wait to be judged or recorded")
        self._result = self._judging.finish(self.target, self._clock.seconds())
        return self._result

    def _check_loop(self, targets: Mapping[str, TargetUrl]) -> None:
        for target in targets.values():
            if target.loopback and target.port == self.port and target.scheme == "http":
                self._server.stop()
                raise InputError(f"--upstream {target} is the proxy itself; choose another --port")

    def __enter__(self) -> Proxy:
        return self.start()

    def __exit__(self, *_error: object) -> None:
        self.stop()


class _ForwardingHandler(Handler):
    """Answers each request with the service's answer."""

    body_limit = BODY_LIMIT
    threads = _THREADS

    def __init__(
        self, options: ProxyOptions, definitions: Definitions, upstreams: Mapping[str, Upstream], judging: Judging
    ) -> None:
        self._definitions, self._upstreams, self._judging = definitions, upstreams, judging
        hosts = (options.host, *options.allow_hosts)
        self._resigner = Resigner(options.resign, definitions, options.resign_allow, hosts) if options.resign else None
        self._warned: set[TargetUrl] = set()

    def is_slow(self, _request: RawRequest) -> bool:
        """True: the service may be slow."""
        return True

    def refuse(self, refusal: Refusal) -> Response:
        """The answer to bytes that are not a request."""
        return _own_answer(ProxyError(refusal.status, "Can't pass this on", refusal.detail))

    def answer(self, raw: RawRequest) -> Response:
        """Pass a request on. Returns the service's answer, or the proxy's own answer that says why there is none."""
        request = request_from(raw)
        try:
            upstream = self._upstream_for(request)
            self._warn_of_signature(request, upstream.target)
            proxied = forward(raw, request, upstream, self._resigner)
        except ProxyError as error:
            reason = "no answer of the service to judge" if error.status >= 500 else "not passed on"
            self._judging.notices.skip(name_of(request), f"{reason}: {error.detail}")
            return _own_answer(error)
        if not request.path.startswith(f"{PREFIX}/"):  # that is the control API of a mock behind the proxy
            self._send_to_judge(proxied)
        return proxied.response()

    def _upstream_for(self, request: Request) -> Upstream:
        if request.method == "CONNECT":
            detail = "CONNECT: this proxy stands for the service; give its URL as the endpoint, not as HTTPS_PROXY"
            raise ProxyError(501, "Can't pass this on", detail)
        name = pick_upstream(self._upstreams, self._definitions, request.method, request.path)
        if name is None:
            known_services = ", ".join(self._upstreams)
            detail = f"no upstream for this path: only {known_services} have one; --upstream URL takes all other paths"
            raise ProxyError(502, "No upstream", detail)
        return self._upstreams[name]

    def _send_to_judge(self, proxied: ProxiedExchange) -> None:
        """Send the exchange to the judge if it is complete, or if its Content-Length shows that it is not."""
        answer = proxied.answer
        if answer.cut:
            self._judging.notices.skip(name_of(proxied.request), f"the answer was cut {answer.cut}")
        if not answer.cut or any(name.lower() == "content-length" for name, _ in answer.headers):
            self._judging.put(proxied.exchange())

    def _warn_of_signature(self, request: Request, target: TargetUrl) -> None:
        is_signed = "Signature=" in request.headers.get("authorization", "")
        if is_signed and self._resigner is None and not target.loopback and target not in self._warned:
            self._warned.add(target)
            self._judging.notices.report(
                f"requests to {target.host} are signed for the proxy's host, which the real gateway refuses (APIGW.0301);"
                " --resign signs them again with HUAWEICLOUD_SDK_AK and HUAWEICLOUD_SDK_SK"
            )


def _own_answer(error: ProxyError) -> Response:
    """An answer of the proxy itself, which says so."""
    response = problem(error.status, error.title, f"mockserver proxy: {error.detail}")
    return replace(response, headers=(*response.headers, ("X-Mock-Problem", header_text(str(response.problem)))))
