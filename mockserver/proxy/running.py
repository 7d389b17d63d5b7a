"""The proxy as a whole: it listens, passes on, has every exchange judged, and gives the result when it stops."""

from __future__ import annotations

import signal
import socket
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from types import FrameType
from typing import Any

from ..contract.result import Result
from ..contract.sending import Sign
from ..contract.target import TargetUrl
from ..control import PREFIX
from ..definitions import Definitions
from ..errors import InputError
from ..exchanges.exchange import Exchange
from ..jobs.clock import Clock
from ..model import Response
from ..redaction.content_coding import CODINGS, plain
from .framing import Framing
from .listening import Listener
from .passage import Gone, Passage, Refused
from .relay import relay
from .routes import parse_upstreams, pick
from .upstream import Upstream, tls_context
from .watching import Judge, Keep, Watch, name_of
from .wire import Head, Malformed, Wire

GRACE_SECONDS = 5.0
_SWITCH_SECONDS = 0.0005
_LOOK_SECONDS = 0.005


@dataclass(frozen=True)
class ProxyOptions:
    """How the proxy is run.

    `upstreams` are `URL` or `SERVICE=URL`; `timeout`, for how many seconds a service may say nothing; `ca_bundle`, a file of
    certificates to trust; `insecure`, trust any; `resign`, signs again what a caller signed for the proxy's host.
    """

    upstreams: tuple[str, ...]
    host: str = "127.0.0.1"
    port: int = 6211
    timeout: float = 300.0
    ca_bundle: str | None = None
    insecure: bool = False
    resign: Sign | None = None


class Proxy:
    """A proxy in front of services, in threads of this process.

    Parameters: `options`; `definitions`, to find the service of a path; `judge`, a `contract.session.Session`; `keep`,
    called with each whole exchange, secrets and all, to record it; `say`, shows a line to the user. The port is bound at
    once. Raises InputError for a wrong option or a busy port.
    """

    def __init__(
        self,
        options: ProxyOptions,
        definitions: Definitions,
        judge: Judge,
        keep: Keep | None = None,
        say: Callable[[str], None] | None = None,
    ) -> None:
        targets = parse_upstreams(options.upstreams, definitions)
        self._options, self._definitions = options, definitions
        self._upstreams = {name: _upstream(target, options) for name, target in targets.items()}
        self._listener = _listen(options, self._passage, self._handle)
        self.port: int = self._listener.server_address[1]
        self._check_loop(targets)
        self._watch = Watch(judge, keep, say or _to_stderr)
        self._clock = Clock()
        self._began = time.monotonic()
        self._warned: set[TargetUrl] = set()
        self._thread = threading.Thread(
            target=self._listener.serve_forever, args=(0.05,), name="mockserver-proxy", daemon=True
        )

    @property
    def url(self) -> str:
        """Where it answers."""
        host = self._options.host
        return f"http://{f'[{host}]' if ':' in host else host}:{self.port}"

    @property
    def target(self) -> str:
        """What is behind it."""
        return ", ".join(str(upstream.target) for upstream in self._upstreams.values())

    def start(self) -> Proxy:
        """Pass on from now on."""
        self._thread.start()
        return self

    def settle(self, seconds: float = GRACE_SECONDS) -> bool:
        """Wait until all that was answered is judged; False where that took longer than so many seconds."""
        until = time.monotonic() + seconds
        while self._listener.busy() or self._watch.waiting():
            if time.monotonic() > until:
                return False
            time.sleep(_LOOK_SECONDS)
        return True

    def stop(self) -> Result:
        """Take no more requests, let those at work end, judge all that passed; the result."""
        cut = self._listener.stop(GRACE_SECONDS)
        if cut:
            self._watch.note("proxy", f"{cut} exchanges were cut off when the proxy stopped")
        for upstream in self._upstreams.values():
            upstream.close()
        waiting = self._watch.waiting()
        if waiting > 100:
            self._watch.tell(f"judging {waiting} more exchanges")
        return self._watch.finish(self.target, time.monotonic() - self._began)

    def _check_loop(self, targets: dict[str, TargetUrl]) -> None:
        for target in targets.values():
            if target.loopback and target.port == self.port and target.scheme == "http":
                self._listener.server_close()
                raise InputError(f"--upstream {target} is the proxy itself; choose another --port")

    def _passage(self, head: Head, method: str, target: str, framing: Framing, began: float) -> Passage:
        """A passage to the service of the target. Raises Refused where there is none."""
        passage = Passage(head, method, target, framing, next(iter(self._upstreams.values())), began)
        name = pick(self._upstreams, self._definitions, method, passage.path)
        if name is None:
            given = ", ".join(self._upstreams)
            detail = f"no upstream for this path: only {given} have one; --upstream URL takes all other paths"
            raise Refused(502, "No upstream", detail)
        passage.upstream = self._upstreams[name]
        return passage

    def _handle(self, client: Wire, passage: Passage) -> bool:
        self._warn_of_signature(passage)
        try:
            keep = relay(client, passage, self._options.resign, self._clock.now)
        except Refused as error:
            self._skip(passage, f"no answer of the service to judge: {error.detail}")
            raise
        except (Gone, Malformed) as error:
            self._skip(passage, f"not judged: {error}")
            raise
        if not passage.path.startswith(f"{PREFIX}/"):  # no vendor's: the control API of a mock behind the proxy
            self._hand_over(passage)
        return keep

    def _hand_over(self, passage: Passage) -> None:
        """Have the exchange judged, if it is whole."""
        assert passage.answer is not None
        if passage.cut:
            self._skip(passage, f"the answer was {passage.cut}")
        if not passage.sent.whole or not passage.received.whole:
            self._skip(passage, "not judged: its body is too long")
        elif passage.early:
            self._skip(passage, "not judged: the service answered before it had the whole request")
        elif coding := _unreadable(passage):
            self._skip(passage, f"not judged: its body is packed by {coding}, which can't be unpacked here")
        elif not passage.cut or passage.answer.values(b"content-length"):  # a length shows by itself that it is cut
            self._watch.put(_exchange(passage))

    def _skip(self, passage: Passage, reason: str) -> None:
        self._watch.note(name_of(_exchange(passage)), reason)

    def _warn_of_signature(self, passage: Passage) -> None:
        target = passage.upstream.target
        signed = any(b"Signature=" in value for value in passage.head.values(b"authorization"))
        if signed and self._options.resign is None and not target.loopback and target not in self._warned:
            self._warned.add(target)
            self._watch.tell(
                f"requests to {target.host} are signed for the proxy's host, which the real gateway refuses (APIGW.0301);"
                " --resign signs them anew with HUAWEICLOUD_SDK_AK and HUAWEICLOUD_SDK_SK"
            )

    def __enter__(self) -> Proxy:
        return self.start()

    def __exit__(self, *_error: object) -> None:
        self.stop()


def _unreadable(passage: Passage) -> str:
    """The coding that nobody here can undo, but the client can: it asked for it."""
    assert passage.answer is not None
    codings = [one.decode("latin-1") for one in passage.answer.tokens(b"content-encoding")]
    return next((one for one in codings if one not in CODINGS), "") if passage.received.size else ""


def _exchange(passage: Passage) -> Exchange:
    fields = passage.answer.fields if passage.answer else ()
    raw = [(one.line.partition(b":")[0].decode("ascii"), one.value.decode("latin-1")) for one in fields]
    headers, body = plain(raw, bytes(passage.received.data))
    response = Response(passage.status, headers, body)
    origin = passage.upstream.target.origin
    return Exchange(passage.request(), response, passage.answered or None, passage.seconds, origin=origin)


def _upstream(target: TargetUrl, options: ProxyOptions) -> Upstream:
    context = tls_context(options.ca_bundle, options.insecure) if target.scheme == "https" else None
    return Upstream(target, options.timeout, context)


def _listen(options: ProxyOptions, make: Callable[..., Passage], handle: Callable[[Wire, Passage], bool]) -> Listener:
    host, port = options.host, options.port
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        family, _, _, _, address = min(found, key=lambda one: one[0])  # IPv4 first
        return Listener(family, address, make, handle)
    except (OSError, OverflowError, UnicodeError) as error:
        detail = getattr(error, "strerror", None) or str(error)
        raise InputError(
            f"can't listen on {host}:{port}: {detail}; choose another --host or --port (0: any free one)"
        ) from None


def _to_stderr(line: str) -> None:
    sys.stderr.write(line + "\n")


def serve_proxy(
    options: ProxyOptions,
    definitions: Definitions,
    judge: Judge,
    keep: Keep | None = None,
    say: Callable[[str], None] | None = None,
) -> Result:
    """Run a proxy until SIGINT or SIGTERM; the result of all that passed. Prints one line on stdout once it listens.

    A second SIGINT ends the judging of what still waits, which the result then tells. Raises InputError as `Proxy` does.
    """
    proxy = Proxy(options, definitions, judge, keep, say)
    stop = threading.Event()

    def on_signal(_number: int, _frame: FrameType | None) -> None:
        if stop.is_set():
            raise KeyboardInterrupt
        stop.set()

    before: dict[int, Any] = {number: signal.signal(number, on_signal) for number in (signal.SIGINT, signal.SIGTERM)}
    interval = sys.getswitchinterval()
    sys.setswitchinterval(_SWITCH_SECONDS)  # a check in the background holds up a request no longer than this
    try:
        proxy.start()
        print(f"mockserver proxy ready on {proxy.url} for {proxy.target}", flush=True)
        while not stop.wait(0.5):
            pass
        return proxy.stop()
    finally:
        sys.setswitchinterval(interval)
        for number, handler in before.items():
            signal.signal(number, handler)
