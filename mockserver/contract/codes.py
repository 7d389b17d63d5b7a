"""The codes of findings: how bad each is, what it means, and what it does to a caller."""

# ruff: noqa: E501 - one line a code, as a table

from __future__ import annotations

import difflib
from collections.abc import Mapping
from typing import NamedTuple

from ..errors import InputError


class Code(NamedTuple):
    """A kind of finding. `severity` is error, warning or note; if no vendor documents the fact, an error is a warning."""

    severity: str
    meaning: str
    consequence: str
    advice: str


_E, _W, _N = "error", "warning", "note"
_MOCK_OR_SERVICE = (
    "Compare with the page that the finding names; if the service is right, correct the definition or the mock."
)
_CALLER = "Let your code bear it, or correct the mock that answered so."

CODES: Mapping[str, Code] = {
    # The answer as HTTP
    "status-undocumented": Code(_E, "The answer has an HTTP status that the operation documents nowhere.", "A caller that branches on documented statuses takes its last branch, often an endless retry.", _MOCK_OR_SERVICE),
    "content-type-wrong": Code(_E, "The answer's media type is not the documented one.", "SDKs that choose their parser by it hand over text, nothing, or raise an error of their own.", "An HTML page with an otherwise good status mostly comes from a proxy or a login portal in between."),
    "content-length-wrong": Code(_E, "Content-Length is not the number of bytes in the body.", "The client waits for bytes that don't come until it times out, or reads a cut answer.", "Something in between changed the body, or the mock counted characters instead of bytes."),
    "content-encoding-wrong": Code(_E, "The body isn't in the coding that Content-Encoding names, or unpacks to more than 16 MiB.", "HTTP clients unpack it by themselves: they raise, or hand over an empty body.", "Something in between packed or unpacked the body and left the header as it was."),
    "header-missing": Code(_W, "A header that the operation documents as always there is missing.", "Code that logs it (a request id for the vendor's support) has nothing to log.", _MOCK_OR_SERVICE),
    "header-invalid": Code(_W, "A documented header has a value that is not in its documented form.", "Code that parses the header fails, or finds nothing.", _MOCK_OR_SERVICE),
    "header-doubled": Code(_W, "A header that may stand once only is sent twice.", "Clients join the values with a comma, or take one of the two: none reads what was meant.", "Mostly a server and the application behind it both write it."),
    # The body as text
    "body-empty": Code(_E, "The answer has no body where one is documented.", "Callers see null, {} or a parser error in place of a status: some take that for the end.", _CALLER),
    "body-encoding": Code(_E, "The body is not UTF-8.", "Names are garbled or the parser raises, on some answers only.", _CALLER),
    "body-not-json": Code(_E, "The body is not JSON.", "The parser raises; a poll loop that doesn't expect it ends without a verdict.", _CALLER),
    "member-doubled": Code(_W, "A JSON object has the same member twice.", "Parsers differ in which one they keep, so callers differ in what they read.", _MOCK_OR_SERVICE),
    # The body against its schema
    "type-wrong": Code(_E, "A value has another JSON type than documented.", 'Typed SDK models and comparisons ("1" == 1) go wrong, often silently.', _MOCK_OR_SERVICE),
    "null-unexpected": Code(_E, "A value is null where the document has no null.", "Code that calls a method on it raises in the middle of a poll.", _MOCK_OR_SERVICE),
    "member-missing": Code(_E, "A required member is missing.", "A caller that reads it raises KeyError, or an SDK hands over None.", _MOCK_OR_SERVICE),
    "member-undeclared": Code(_W, "An object has a member that the document doesn't have.", "A renamed or misspelled member: SDKs drop it, and the value that callers wait for never comes.", "The nearest documented name is given; if the member is new and harmless, add it to the definition."),
    "value-wrong": Code(_E, "A value is not the documented constant, or not one of the documented values.", "A mapping from values to actions has no entry for it.", _MOCK_OR_SERVICE),
    "status-unknown": Code(_E, "The job's status is not one of the documented ones.", "A poller that waits for documented end states never ends; one that treats the rest as failure fails.", "If the vendor added a status, add it to the definition and decide what your callers do with it."),
    "pattern-wrong": Code(_E, "A text is not in its documented form.", "Parsing the time, the id or the percentage in it fails.", _MOCK_OR_SERVICE),
    "out-of-range": Code(_E, "A number, a length or a count is outside its documented range.", "Integers overflow in typed clients; progress bars and percentages go astray.", _MOCK_OR_SERVICE),
    "conditional-wrong": Code(_E, "A member that depends on another one doesn't fit it.", "Callers that read the one and not the other come to opposite verdicts.", _MOCK_OR_SERVICE),
    "embedded-not-json": Code(_E, "A string that is documented to hold JSON doesn't.", "The second parse, deep in the caller, raises; a schema check of the outer answer sees only a string.", _MOCK_OR_SERVICE),
    "shape-unknown": Code(_E, "The value fits none of the documented alternatives, or several of which only one may fit.", "Nothing that the caller knows can be read from it.", _MOCK_OR_SERVICE),
    # Members that belong together
    "total-wrong": Code(_E, "The total and the rows of a page contradict each other.", "A caller that pages until it has `total` rows loops for ever or stops short.", _MOCK_OR_SERVICE),
    "limit-exceeded": Code(_E, "A count is above the limit that the same answer gives for it.", "A caller that waits for the last try has missed it.", _MOCK_OR_SERVICE),
    "times-disordered": Code(_E, "Times of one job are not in their order: it ends before it starts, starts before it is made.", "Durations come out negative; SLA checks pass or fail at random.", "Look at the offset of each time first: vendors mix zones."),
    "time-impossible": Code(_E, "A time that no calendar has: a 30th of February, hour 25, an offset of +99:99.", "Parsing it raises, or rolls over to another day; nothing that is reckoned from it holds.", _MOCK_OR_SERVICE),
    "time-in-future": Code(_W, "A time of the job lies after the answer's own time.", "Clocks differ: ages and timeouts that callers compute are wrong.", "Compare clocks; allow for some skew."),
    "inner-length-wrong": Code(_E, "header_map's Content-Length is not the length of the body inside the answer.", "A caller that unwraps the inner answer by it cuts the JSON or waits for more.", "The vendor's own example is wrong here, and accepted as it stands."),
    "inner-status-wrong": Code(_W, "The status_code inside the answer is not the HTTP status around it.", "A failure inside an HTTP 200 goes unseen by callers that look at HTTP only.", "Check both. Whether the two may differ is not documented."),
    # Request and answer
    "id-mismatch": Code(_E, "The answer is about another job than the request.", "The caller takes the verdict on somebody else's job for its own.", "Look for caches, for a mock that replays one fixed example, and for names that differ in case only."),
    "filter-ignored": Code(_E, "A row of a list is not what the request's filter lets through.", "The caller reads runs of other jobs, or of other days.", _MOCK_OR_SERVICE),
    "page-too-long": Code(_E, "A page has more rows than the request's limit.", "Callers that go on at offset + limit read rows twice.", _MOCK_OR_SERVICE),
    "page-too-short": Code(_E, "A page has fewer rows than limit, offset and total make due.", "Callers that stop at a short page miss the rest; those that count to total loop.", _MOCK_OR_SERVICE),
    "project-mismatch": Code(_E, "The project in the path is not the one that the headers or the answer name.", "The request is answered for another tenant, or refused by the real gateway.", _MOCK_OR_SERVICE),
    # Errors
    "envelope-wrong": Code(_E, "An error doesn't have the form of the vendor's errors.", "SDKs read neither code nor message from it: callers get an exception without a reason.", "A gateway in front (nginx, a proxy) answers in its own form; so do general mocks."),
    "error-code-unknown": Code(_E, "The error's code is in no catalogue of the operation.", "A caller that retries some codes and gives up on others does the wrong one.", _MOCK_OR_SERVICE),
    "error-status-wrong": Code(_E, "The error's code is documented, but not under this HTTP status.", "Callers that branch on the status and those that branch on the code disagree.", _MOCK_OR_SERVICE),
    "error-message-differs": Code(_N, "The error's message is not the documented one.", "Only callers that match on text notice.", "Match on codes."),
    "answer-unexpected": Code(_E, "The case expected another answer: a success for an error, an error for a success, or another error.", "Your code meets an answer that its tests don't have.", "Look at the case's expectation and at the ids of the profile."),
    "id-made-up": Code(_N, "A job that nobody made was answered for: the target makes jobs up.", "Code that should meet an unknown job never does.", "Let the mock refuse ids that were not declared: `mockserver serve --unknown-ids reject`."),
    # The request
    "request-unknown": Code(_E, "No documented operation has this path and method.", "The gateway answers 404 APIGW.0101.", "See `mockserver operations`."),
    "request-parameter-missing": Code(_E, "A required parameter was not sent.", "The service refuses the request.", "Send it."),
    "request-parameter-invalid": Code(_E, "A parameter's value is not allowed.", "The service refuses the request.", "Correct the value."),
    "request-parameter-unknown": Code(_W, "A query parameter that is not documented, or one sent twice.", "A misspelled parameter is ignored: the caller believes in a filter that doesn't filter.", "The nearest documented name is given."),
    "request-body-invalid": Code(_E, "The request's body is not as documented.", "The service refuses the request.", "Correct the body."),
    "request-credential-missing": Code(_W, "The request carries no credential.", "The gateway answers 401.", "Send X-Auth-Token or a signature (Huawei Cloud), apim-accesstoken (EnOS)."),
    "request-malformed": Code(_E, "The request can't be read: not UTF-8, or a percent sign that encodes nothing.", "The gateway answers 400.", "Percent-encode path and query as UTF-8."),
    # Several answers
    "transition-undocumented": Code(_E, "A job went from one status to another that can't follow it.", "Pollers built as state machines raise, or miss the change.", "Between two polls several changes may pass; the finding says that no documented way leads there."),
    "terminal-left": Code(_E, "A job left a status that is an end.", "The caller has already reported the old verdict and will not look again.", "If the job was started again, its run id or its counters should say so."),
    "progress-fell": Code(_E, "Progress went back while the job went on.", "Progress bars jump back; stall detection that watches for growth fires.", _MOCK_OR_SERVICE),
    "count-fell": Code(_E, "A count of rows or files went back within one run.", "Rates computed from it are negative.", _MOCK_OR_SERVICE),
    "time-changed": Code(_E, "A time that was set went back, vanished, or moved once it was fixed.", "Durations change after the fact; caches keyed by it miss.", _MOCK_OR_SERVICE),
    "identity-changed": Code(_E, "What never changes of a job changed: its creator, its type, its ids.", "Two answers to one question are about two jobs.", "Look for load-balanced mocks with different seeds."),
    "run-mixed": Code(_E, "Of the values that tell a job's runs apart, some changed and others didn't, or one went back.", "Nobody can tell whether it is a new run: callers mix the results of two.", "A new run has a new id and a later time. Look for caches, and for answers that are put together from two sources."),
    "job-vanished": Code(_E, "A job that was found before is not found now, though it hadn't ended.", "The caller gets an error in place of a verdict and never learns it.", "Treat it as unknown, not as failure; ask again."),
    "page-overlap": Code(_E, "The same row is on two pages of one walk through a list.", "Rows are counted twice, and others that were pushed out are never seen.", "Page by time windows, and tell rows apart by id."),
    "page-missed": Code(_E, "A walk through all pages has seen fewer rows than there are.", "The run that the caller waits for may be the missing one.", "Page by time windows, and tell rows apart by id."),
    "total-changed": Code(_W, "The total is another one on two pages of one walk through a list.", "A caller that pages until it has `total` rows stops short or asks for pages that aren't there.", "A run may have begun in between: then page by time windows."),
    "job-never-ends": Code(_E, "Polled to the limit, the job never came to an end state, and nothing about it moved.", "Every poll loop without a timeout of its own runs for ever.", "A static mock replays one example: use one whose jobs progress. Against a real service, ask longer."),
    "job-unfinished": Code(_N, "Polled to the limit, the job was still on its way.", "No verdict yet.", "Poll longer: --max-polls, --interval."),
}  # fmt: skip
"""All codes of findings."""


def explain(name: str) -> str:
    """What a code means, for `mockserver explain`. Raises InputError for an unknown code, with the nearest ones."""
    if name not in CODES:
        nearest = difflib.get_close_matches(name, CODES, 3)
        raise InputError(f"{name!r} is not a code of a finding; " + (f"did you mean {' or '.join(nearest)}?" if nearest else
                         f"known: {', '.join(CODES)}"))  # fmt: skip
    code = CODES[name]
    return f"{name} ({code.severity})\n\n{code.meaning}\n\nFor a caller: {code.consequence}\n\nWhat to do: {code.advice}\n"
