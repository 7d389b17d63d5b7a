"""The torture rack's hazards: what may happen to a poller, and what is right then. All of them are ours: no vendor
documents that these things happen, only the statuses and errors that they are made of.
"""

from __future__ import annotations

from collections.abc import Sequence

from ..definitions import Definitions
from ..errors import InputError
from .grading import CLEAR, RIGHT
from .hazard import Hazard
from .hazard_faults import (
    ONCE,
    another_job,
    another_type,
    doubled_member,
    fault,
    internal_error,
    login_page,
    null_status,
    other_case,
    patch,
    replaced,
    second_row,
    skewed,
    success_once,
    without_status,
)
from .service_profiles import FAILED, SUCCEEDED, UNKNOWN, VERDICTS, ServiceProfile, profile_of, starters
from .starting_hazards import STARTING

LATE, SOON, MIDWAY = ("2m", None), ("2m", "5m"), ("2m", "12m")
OPEN = (FAILED, UNKNOWN)
EITHER = (RIGHT, CLEAR)

RETRY = "take it for no answer: sleep, ask again, count how often in a row"
LOUD = "raise an error that names the job and what came, after a few of them in a row"
LOOK = "look at what you parsed before you use it: is the member there, of the type you need, about the job you asked for?"

HAZARDS: tuple[Hazard, ...] = (
    Hazard("undocumented-status", "from the 2nd minute on the status is ARCHIVED, which no page documents",
           "a loop that waits for known ends polls for ever; one that waits for the end of RUNNING reports a success",
           LOUD, verdicts=OPEN, good=EITHER, faults=patch(lambda p: p.says("ARCHIVED", 42), window=LATE)),
    Hazard("status-in-another-case",
           "the job succeeds, and the status is spelled Succeeded (SUCCESS where it was success)",
           "`==` never matches, and the poller waits for a job that has long ended",
           "compare with .strip().casefold(), or " + LOUD, verdicts=(SUCCEEDED, UNKNOWN), good=EITHER,
           faults=patch(lambda p: p.once_succeeded(other_case)), applies=lambda p: p.in_words),
    Hazard("status-with-spaces", "the job succeeds, and the status has spaces around it",
           "`==` never matches, and the poller waits for a job that has long ended",
           "compare with .strip().casefold(), or " + LOUD, verdicts=(SUCCEEDED, UNKNOWN), good=EITHER,
           faults=patch(lambda p: p.once_succeeded(" {} ".format)), applies=lambda p: p.in_words),
    Hazard("status-in-chinese", "the job succeeds, and the status is 运行成功, as a console shows it",
           "the poller waits for a job that has long ended", LOUD, verdicts=(SUCCEEDED, UNKNOWN), good=EITHER,
           faults=patch(lambda p: p.once_succeeded(lambda _: "运行成功")), applies=lambda p: p.in_words),
    Hazard("end-that-is-taken-back",
           "the third answer says that the job has succeeded, the next that it runs; it fails in the end",
           "downstream work starts on half of the data", "believe an end once two answers, a pause apart, agree on it",
           end="failed", verdicts=(FAILED,), good=EITHER, faults=success_once),
    Hazard("last-run-s-end-first",
           "for 20 s the answer is about the last run, which succeeded; then the new one shows, and fails",
           "yesterday's success is taken for today's",
           "believe an end once two answers, a pause apart, agree on it, or compare start times", verdicts=(FAILED,),
           good=EITHER, job={"age": "1d"}, events=((20, "rerun"),), applies=lambda p: not p.listed),
    Hazard("not-found-at-first", "the job can be found only a minute after it was made",
           "a pipeline fails now and then, whenever the poller is quicker than the service",
           "allow not-found for the first minutes", job={"visible_after": 60}),
    Hazard("job-vanishes", "after three minutes nobody knows the job any more",
           "a poller that takes not-found for not-yet waits for ever; one that takes it for done reports a success", LOUD,
           verdicts=OPEN, good=EITHER, events=((180, "delete"),)),
    Hazard("one-502", "one gateway error, an HTML page", "a deployment of the vendor's gateway kills a job that runs well",
           RETRY, faults=fault(status=502, **ONCE)),
    Hazard("ten-minutes-of-503", "503 from the 2nd minute to the 12th",
           "a short outage kills a job that runs well, or goes unnoticed", RETRY, good=EITHER,
           faults=fault(status=503, window=MIDWAY)),
    Hazard("one-error-of-the-service", "one internal error in the vendor's own envelope (EnOS: with HTTP status 200)",
           "a hiccup kills a job that runs well, or an error's body is read as an answer", RETRY, faults=internal_error),
    Hazard("throttled-with-retry-after", "429 from the 2nd minute to the 5th, with Retry-After: 60",
           "who comes back sooner stays throttled, and so do the others who share the quota",
           "sleep for Retry-After, at least", good=EITHER, faults=fault(status=429, retry_after=60, window=SOON)),
    Hazard("throttled", "429 from the 2nd minute to the 5th, without Retry-After",
           "retries without a pause keep the quota used up", "sleep as after any other poll, or longer each time",
           good=EITHER, faults=fault(status=429, window=SOON)),
    Hazard("quota", "one call passes each minute, the next get 429 with what is left of it as Retry-After",
           "who comes back sooner stays throttled, and so do the others who share the quota",
           "sleep for Retry-After, at least", good=EITHER, faults=fault(quota={"limit": 1, "per": "1m"}, retry_after=True)),
    Hazard("one-401", "the token is refused once, midway", "a long job outlives its poller's token",
           "get a new token and ask again, or " + LOUD, good=EITHER, faults=fault(status=401, **ONCE)),
    Hazard("401-for-good", "from the 3rd minute on every call gets 401",
           "a poller that retries for ever locks the account, and nobody hears", LOUD, verdicts=OPEN, good=EITHER,
           faults=fault(status=401, window=("3m", None))),
    Hazard("hang", "one call gets no answer at all: the client's timeout is what ends it",
           "without a timeout the poller sleeps for ever; an exception of the layer below falls through the SDK's",
           "set a timeout, and catch what the HTTP library raises, too", faults=fault(fault="HANG", **ONCE), hangs=True),
    Hazard("connection-reset", "one connection is reset", "a hiccup of the network kills a job that runs well", RETRY,
           faults=fault(fault="CONNECTION_RESET_BY_PEER", **ONCE)),
    Hazard("port-closed", "from the 2nd minute to the 5th nobody listens", "a restart kills a job that runs well", RETRY,
           good=EITHER, events=((120, "refuse"), (300, "accept"))),
    Hazard("short-body", "one answer ends before its Content-Length",
           "an exception of the layer below falls through the SDK's", RETRY, faults=fault(fault="SHORT_BODY", **ONCE)),
    Hazard("cut-json", "the JSON of one answer is cut in the middle", "a parser's error kills a job that runs well", RETRY,
           good=EITHER, faults=fault(fault="TRUNCATED_JSON", **ONCE)),
    Hazard("html-with-200", "one answer is an HTML page with status 200", "a parser's error kills a job that runs well",
           RETRY, good=EITHER, faults=fault(fault="HTML_200", **ONCE)),
    Hazard("empty-body", "one answer has status 200 and no body", "a parser's error, or None, where a status was expected",
           RETRY, good=EITHER, faults=fault(fault="EMPTY_BODY", **ONCE)),
    Hazard("nothing-in-the-answer", "one answer has no run in it: an empty list, or null",
           "IndexError, and nobody knows which job", LOOK, good=EITHER,
           faults=patch(lambda p: replaced(p.rows, p.no_rows), **ONCE)),
    Hazard("status-null", "the status of one answer is null", "None is not an end: fine; .upper() of it: a crash", LOOK,
           good=EITHER, faults=patch(null_status, **ONCE)),
    Hazard("status-missing", "one answer has no status", "KeyError: 'status', and nobody knows which job", LOOK,
           good=EITHER, faults=patch(without_status, **ONCE)),
    Hazard("status-of-another-type", "the status has another type: a number where text was, or EnOS's 1 as \"1\"",
           "`==` never matches, and the poller waits for a job that has long ended", LOOK, verdicts=VERDICTS, good=EITHER,
           faults=another_type),
    Hazard("progress-100-too-soon", "the job runs at 100 %, and fails in the end",
           "downstream work starts on half of the data", "only the status tells the end", end="failed", verdicts=(FAILED,),
           good=EITHER, applies=lambda p: bool(p.progress),
           faults=patch(lambda p: replaced(p.progress, p.done), window=SOON)),
    Hazard("progress-minus-1", "the job runs, and its progress is -1 for a while",
           "a job that runs well is taken for a failed one", "only the status tells the end",
           applies=lambda p: p.done == 100, faults=patch(lambda p: replaced(p.progress, -1), window=SOON)),
    Hazard("runs-for-ever", "the job never ends", "the poller holds its worker for ever",
           "give up in the end, and say so: raise TimeoutError(...)", end="running", verdicts=OPEN, good=EITHER),
    Hazard("never-starts", "the job stays in its first state", "the poller holds its worker for ever",
           "give up in the end, and say so: raise TimeoutError(...)", end="first", verdicts=OPEN, good=EITHER),
    Hazard("clock-skew", "from the 2nd minute on all times in the answers are of years ago",
           "a job that runs well is taken for an old one", "measure time by your own clock", faults=skewed),
    Hazard("page-shift", "150 newer runs push the job to another page", "rows[0] is another job's",
           "turn the pages, and look for your run by its id", good=EITHER, events=((120, "crowd"),),
           applies=lambda p: p.listed),
    Hazard("second-row", "for three minutes there is another row, which runs, beside the one", "`[row] = rows` crashes",
           LOOK, good=EITHER, faults=second_row, applies=lambda p: not p.single),
    Hazard("another-job-s-answer", "the third answer is about another job, which has succeeded; this one fails",
           "another job's success is taken for this one's",
           "compare the name or id in the answer with the one you asked for", end="failed", verdicts=(FAILED,),
           good=EITHER, faults=another_job),
    Hazard("slow-bytes", "an answer comes in bits", "reads that take one packet for the whole",
           "leave it to an HTTP library",
           faults=fault(fault={"type": "SLOW_DRIBBLE", "chunks": 20, "duration": 0.1}, **ONCE)),
    Hazard("slow-answers", "each answer takes 40 s, on the clock", "loops that count polls take their time for known",
           "measure time by a clock, not by counting", faults=fault(delay=40, clock="mock", window=LATE)),
    Hazard("doubled-member", "the status stands twice in one object: the end first, RUNNING last",
           "JSON readers differ in which one they take", "nothing, with Python's json: it takes the last",
           faults=doubled_member),
    Hazard("login-page", "one answer redirects to a login page", "its HTML with status 200 is parsed, or a None read",
           RETRY, good=EITHER, faults=login_page),
)  # fmt: skip
"""All of them but those for each documented terminal status, in the order of the tables: name, what the server does, what
that does in production, what to do."""


def hazards(definitions: Definitions, service: str, starts: bool = False) -> list[Hazard]:
    """All hazards of a service: one for each terminal status, and those of the table that apply.

    `starts`: for code that starts its job; what needs a job that was made before it goes, the hazards of starting come.
    Raises InputError, also for a service that has no call which starts a job.
    """
    profile = profile_of(definitions, service)
    if starts and not profile.starts:
        allowed = ", ".join(starters(definitions))
        raise InputError(f"{service} has no call that starts a job; leave starts out, or torture one of: {allowed}")
    ends = [_ending(profile, state) for state in profile.terminal_states()]
    table = [*STARTING, *(hazard for hazard in HAZARDS if not hazard.job)] if starts else HAZARDS
    return ends + [hazard for hazard in table if hazard.applies(profile)]


def _ending(profile: ServiceProfile, state: str) -> Hazard:
    meant = profile.means(state)
    good: Sequence[str] = (RIGHT,) if meant == SUCCEEDED else EITHER
    hurts = {
        SUCCEEDED: "the poller misses the end",
        FAILED: "a failure is taken for a success, or waited on for ever",
        None: "a job that never did its work is waited on for ever",
    }
    advice = "list every documented terminal status, and what each means"
    verdicts = (meant,) if meant else VERDICTS
    return Hazard(f"ends-{state}", f"the job ends as {state}", hurts[meant], advice, state, verdicts, good)
