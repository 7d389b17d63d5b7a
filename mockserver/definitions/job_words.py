"""The words by which documents name their states: where a job waits, how it ends."""

from __future__ import annotations

import re

SUCCESS = re.compile(
    r"succe|complet|done|finish|ready|available|ok$|pass|normal|accept|deliver|terminated_ok", re.IGNORECASE
)
FAILURE = re.compile(r"fail|error|abnormal|reject|invalid|time_?d?_?out|expired|denied|dead|unsuccess", re.IGNORECASE)
CANCEL = re.compile(r"cancel|abort|stopp|terminat|revok|kill|suspend", re.IGNORECASE)
SKIPPED = re.compile(r"skipp?ed|ignored|not_?needed", re.IGNORECASE)
WAITING = re.compile(
    r"queue|pend|wait|submit|created|accepted|schedul|not_?(yet_?)?(started|run)|^new$|^init|^none$|requested|deferred|blocked|prepar",
    re.IGNORECASE,
)
STOPPING = re.compile(r"cancell?ing|stopp?ing|aborting|killing|revoking|terminating", re.IGNORECASE)
DETOUR = re.compile(r"retry|restart|suspend|paus|block|defer|unknown|reschedul|on_?hold|fail|error", re.IGNORECASE)
"""Names of states that don't end, and that a job comes through only when something else happens."""

UNENDING = re.compile(r"ing$|^not|^un(?!success)|^in_?progress", re.IGNORECASE)
"""Names of states that say that something goes on, whatever else they hold."""
