"""The words by which documents name their states: where a job waits, how it ends."""

from __future__ import annotations

import re

_STRONG_SUCCESS = r"succe|complet|(?<!aban)done|finish|finali[sz]ed|^(built|paid)$|pass|deliver|terminated_ok"
STRONG_SUCCESS = re.compile(_STRONG_SUCCESS, re.IGNORECASE)
"""Those that say an end by themselves; the others (available, accepted) do only where none of these is there."""
SUCCESS = re.compile(rf"{_STRONG_SUCCESS}|ready|available|ok$|normal|accept", re.IGNORECASE)

LIVE = re.compile(r"^(active|valid|online|enabled|live|healthy)$", re.IGNORECASE)
"""What a thing that was being made becomes, where no other state says that it worked."""

ARRIVED = re.compile(
    r"(^|_)(approved|onboarded|connected|deployed|deployable|in_?sync|synced|published|installed|registered|attached|verified"
    r"|granted|issued|processed|resolved|merged|executed|stored|activated|loaded|restored|applied|signed)$",
    re.IGNORECASE,
)
"""What comes of a thing where no state has any of these words."""
MADE = re.compile(r"creat|provision|launch|boot|deploy", re.IGNORECASE)
"""What a thing goes through that runs in the end: running is no way there, but what was wanted."""

_STRONG_FAILURE = r"fail|(?<!de)fault|error|abnormal|reject|crash|time_?d?_?out|unsuccess|(?<!un)broken"
STRONG_FAILURE = re.compile(_STRONG_FAILURE, re.IGNORECASE)
FAILURE = re.compile(rf"{_STRONG_FAILURE}|refus|declin|invalid|expired|denied|dead", re.IGNORECASE)
CANCEL = re.compile(
    r"cancel|abort|abandon|stopp|terminat|revok|kill|suspend|deleted|removed|closed|voided|^void$|withdrawn|^ended$|^exited$",
    re.IGNORECASE,
)
SKIPPED = re.compile(r"skipp?ed|ignored|not_?needed", re.IGNORECASE)
WAITING = re.compile(
    r"queue|pend|wait|submit|created|accepted|schedul|not_?(yet_?)?(started|run)|^new$|^init|^none$|requested|deferred|blocked|prepar",
    re.IGNORECASE,
)
STOPPING = re.compile(r"cancell?ing|stopp?ing|aborting|killing|revoking|terminating", re.IGNORECASE)
DETOUR = re.compile(
    r"retry|restart|suspend|paus|block|defer|unknown|unspecified|undefined|reconcil|reschedul|on_?hold|fail|error|delet|remov|updat|upgrad|scaling|resum"
    r"|roll(ing|ed)?_?back|degraded|unavailable|unhealthy|maintenance|disconnect",
    re.IGNORECASE,
)
"""Names of states that don't end, and that a job comes through only when something else happens."""

UNENDING = re.compile(
    r"(?<!warn)ing$|^not|^un(?!success)|in_?progress|ready_?(to|for)_?|^pending|pending$|requested$", re.IGNORECASE
)
"""Names of states that say that something goes on, whatever else they hold."""
