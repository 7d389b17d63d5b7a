"""EnOS with plain `requests`: an access token, a signature for each call, and a wait that backs off.

It survives the whole torture rack: `Watch` of robust_poller.py decides.

Source of the signature: EnOS API documentation, "Invoke API with access token".
"""

from __future__ import annotations

import hashlib
import time
from dataclasses import dataclass

import requests
from robust_poller import ENOS, ENOS_CODES, Trouble, Watch, asked


@dataclass
class Enos:
    """EnOS's gateway at `base`, for an application."""

    base: str
    app_key: str
    app_secret: str
    token: str = ""

    def task(self, instance: str, user: str, organisation: str) -> dict[str, object]:
        """A task instance. Raises LookupError for an answer that doesn't have it, and what `requests` raises."""
        query = {"action": "get", "orgId": organisation, "taskInstId": instance, "userId": user}
        url = f"{self.base}/batch-processing-service/v2.1/taskInstances"
        answer = requests.get(url, params=query, headers=self._signed(query), timeout=30, allow_redirects=False)
        if answer.status_code == 401:  # the token has expired
            self.token = ""
            answer = requests.get(url, params=query, headers=self._signed(query), timeout=30, allow_redirects=False)
        if answer.status_code != 200:
            raise LookupError(f"EnOS answered with HTTP {answer.status_code} for {instance}")
        body = answer.json()
        if body.get("code") != 0 or body["data"].get("instanceId") != instance:
            raise LookupError(f"EnOS has not answered about {instance}: code {body.get('code')}, {body.get('msg')}")
        return dict(body["data"])

    def _signed(self, query: dict[str, str]) -> dict[str, str]:
        token, now = self.token or self._new_token(), str(int(time.time() * 1000))
        text = token + "".join(name + query[name] for name in sorted(query)) + now + self.app_secret
        signature = hashlib.sha256(text.encode()).hexdigest()
        return {"apim-accesstoken": token, "apim-timestamp": now, "apim-signature": signature}

    def _new_token(self) -> str:
        now = int(time.time() * 1000)
        proof = hashlib.sha256(f"{self.app_key}{now}{self.app_secret}".encode()).hexdigest()
        asked = {"appKey": self.app_key, "encryption": proof, "timestamp": now}
        answer = requests.post(f"{self.base}/apim-token-service/v2.0/token/get", json=asked, timeout=30)
        self.token = str(answer.json()["data"]["accessToken"])
        return self.token


def wait_for(enos: Enos, instance: str, user: str, organisation: str, first: float = 30, most: float = 300) -> str:
    """Poll a task instance until it has succeeded, at intervals that double from `first` to `most` seconds; its status.

    Raises JobFailed, JobUnclear and TimeoutError of robust_poller.
    """
    watch, pause = Watch(f"EnOS task {instance}", ENOS, first, patience=5.5 * 3600), first

    def look() -> str:
        code = asked(lambda: enos.task(instance, user, organisation)["status"])
        if code not in ENOS_CODES:
            raise Trouble(f"the undocumented status {code!r}")
        return ENOS_CODES[code]

    while (status := watch.look(look)) is None:
        time.sleep(max(pause, watch.pause))
        pause = min(most, pause * 2)
    return status
