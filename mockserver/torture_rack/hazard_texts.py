"""What the hazards of the torture rack are, in words: what the server does, what that does in production, what to do."""

from __future__ import annotations

from collections.abc import Mapping

RETRY = "take it for no answer: sleep, ask again, count how often in a row"
LOUD = "raise an error that names the job and what came, after a few of them in a row"
LOOK = "look at what you parsed before you use it: is the member there, of the type you need, about the job you asked for?"

TEXTS: Mapping[str, tuple[str, str, str]] = {
    "undocumented-status": (
        "from the 2nd minute on the status is ARCHIVED, which no page documents",
        "a loop that waits for known ends polls for ever; one that waits for the end of RUNNING reports a success",
        LOUD,
    ),
    "status-in-another-case": (
        "the job succeeds, and the status is spelled Succeeded (SUCCESS where it was success)",
        "`==` never matches, and the poller waits for a job that has long ended",
        "compare with .strip().casefold(), or " + LOUD,
    ),
    "status-with-spaces": (
        "the job succeeds, and the status has spaces around it",
        "`==` never matches, and the poller waits for a job that has long ended",
        "compare with .strip().casefold(), or " + LOUD,
    ),
    "status-in-chinese": (
        "the job succeeds, and the status is 运行成功, as a console shows it",
        "the poller waits for a job that has long ended",
        LOUD,
    ),
    "end-that-is-taken-back": (
        "the third answer says that the job has succeeded, the next that it runs; it fails in the end",
        "downstream work starts on half of the data",
        "believe an end once two answers, a pause apart, agree on it",
    ),
    "last-run-s-end-first": (
        "for 20 s the answer is about the last run, which succeeded; then the new one shows, and fails",
        "yesterday's success is taken for today's",
        "believe an end once two answers, a pause apart, agree on it, or compare start times",
    ),
    "not-found-at-first": (
        "the job can be found only a minute after it was made",
        "a pipeline fails now and then, whenever the poller is quicker than the service",
        "allow not-found for the first minutes",
    ),
    "job-vanishes": (
        "after three minutes nobody knows the job any more",
        "a poller that takes not-found for not-yet waits for ever; one that takes it for done reports a success",
        LOUD,
    ),
    "one-502": ("one gateway error, an HTML page", "a deployment of the vendor's gateway kills a job that runs well", RETRY),
    "ten-minutes-of-503": (
        "503 from the 2nd minute to the 12th",
        "a short outage kills a job that runs well, or goes unnoticed",
        RETRY,
    ),
    "one-error-of-the-service": (
        "one internal error in the vendor's own envelope (EnOS: with HTTP status 200)",
        "a hiccup kills a job that runs well, or an error's body is read as an answer",
        RETRY,
    ),
    "throttled-with-retry-after": (
        "429 from the 2nd minute to the 5th, with Retry-After: 60",
        "who comes back sooner stays throttled, and so do the others who share the quota",
        "sleep for Retry-After, at least",
    ),
    "throttled": (
        "429 from the 2nd minute to the 5th, without Retry-After",
        "retries without a pause keep the quota used up",
        "sleep as after any other poll, or longer each time",
    ),
    "quota": (
        "one call passes each minute, the next get 429 with what is left of it as Retry-After",
        "who comes back sooner stays throttled, and so do the others who share the quota",
        "sleep for Retry-After, at least",
    ),
    "one-401": (
        "the token is refused once, midway",
        "a long job outlives its poller's token",
        "get a new token and ask again, or " + LOUD,
    ),
    "401-for-good": (
        "from the 3rd minute on every call gets 401",
        "a poller that retries for ever locks the account, and nobody hears",
        LOUD,
    ),
    "hang": (
        "one call gets no answer at all: the client's timeout is what ends it",
        "without a timeout the poller sleeps for ever; an exception of the layer below falls through the SDK's",
        "set a timeout, and catch what the HTTP library raises, too",
    ),
    "connection-reset": ("one connection is reset", "a hiccup of the network kills a job that runs well", RETRY),
    "port-closed": ("from the 2nd minute to the 5th nobody listens", "a restart kills a job that runs well", RETRY),
    "short-body": (
        "one answer ends before its Content-Length",
        "an exception of the layer below falls through the SDK's",
        RETRY,
    ),
    "cut-json": ("the JSON of one answer is cut in the middle", "a parser's error kills a job that runs well", RETRY),
    "html-with-200": ("one answer is an HTML page with status 200", "a parser's error kills a job that runs well", RETRY),
    "empty-body": ("one answer has status 200 and no body", "a parser's error, or None, where a status was expected", RETRY),
    "nothing-in-the-answer": (
        "one answer has no run in it: an empty list, or null",
        "IndexError, and nobody knows which job",
        LOOK,
    ),
    "status-null": ("the status of one answer is null", "None is no end: fine; .upper() of it: a crash", LOOK),
    "status-missing": ("one answer has no status", "KeyError: 'status', and nobody knows which job", LOOK),
    "status-of-another-type": (
        'the status has another type: a number where text was, or EnOS\'s 1 as "1"',
        "`==` never matches, and the poller waits for a job that has long ended",
        LOOK,
    ),
    "progress-100-too-soon": (
        "the job runs at 100 %, and fails in the end",
        "downstream work starts on half of the data",
        "only the status tells the end",
    ),
    "progress-minus-1": (
        "the job runs, and its progress is -1 for a while",
        "a job that runs well is taken for a failed one",
        "only the status tells the end",
    ),
    "runs-for-ever": (
        "the job never ends",
        "the poller holds its worker for ever",
        "give up in the end, and say so: raise TimeoutError(...)",
    ),
    "never-starts": (
        "the job stays in its first state",
        "the poller holds its worker for ever",
        "give up in the end, and say so: raise TimeoutError(...)",
    ),
    "clock-skew": (
        "from the 2nd minute on all times in the answers are of years ago",
        "a job that runs well is taken for an old one",
        "measure time by your own clock",
    ),
    "page-shift": (
        "150 newer runs push the job to another page",
        "rows[0] is another job's",
        "turn the pages, and look for your run by its id",
    ),
    "second-row": ("for three minutes there is another row, which runs, beside the one", "`[row] = rows` crashes", LOOK),
    "another-job-s-answer": (
        "the third answer is about another job, which has succeeded; this one fails",
        "another job's success is taken for this one's",
        "compare the name or id in the answer with the one you asked for",
    ),
    "slow-bytes": ("an answer comes in bits", "reads that take one packet for the whole", "leave it to an HTTP library"),
    "slow-answers": (
        "each answer takes 40 s, on the clock",
        "loops that count polls take their time for known",
        "measure time by a clock, not by counting",
    ),
    "doubled-member": (
        "the status stands twice in one object: the end first, RUNNING last",
        "JSON readers differ in which one they take",
        "nothing, with Python's json: it takes the last",
    ),
    "login-page": ("one answer redirects to a login page", "its HTML with status 200 is parsed, or a None read", RETRY),
}
"""By name: summary, what it does to who isn't ready, what to do."""
