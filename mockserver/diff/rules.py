"""The rules of `mockserver diff`: what each change is called, how bad it is for a poller, and why."""

# ruff: noqa: E501 - one line a rule, as a table

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

LEVELS = ("breaking", "risky", "harmless")
"""From worst to least."""


class Rule(NamedTuple):
    """A kind of change: `level` is its class, `change` says what changed, `why` what that does to a poller."""

    level: str
    change: str
    why: str


_B, _R, _H = LEVELS

RULES: Mapping[str, Rule] = {
    # How the operation is reached
    "operation-removed": Rule(_B, "An operation is gone.", "Every poll is answered by 404; many pollers take that for 'not yet'."),
    "operation-added": Rule(_H, "A new operation.", "Nobody polls it yet."),
    "operation-not-seen": Rule(_R, "The new recording has no exchange of this operation.", "Nothing can be said of it: record it too."),
    "operation-id-changed": Rule(_H, "The operationId is another.", "It is not on the wire; a generated SDK's method gets another name."),
    "operation-deprecated": Rule(_R, "The operation is marked as deprecated.", "It works today; its end is announced."),
    "path-changed": Rule(_B, "The path is another.", "Every poll is answered by 404; many pollers take that for 'not yet'."),
    "path-parameter-renamed": Rule(_H, "A path parameter has another name.", "It is not on the wire; a generated SDK's argument gets another name."),
    "method-changed": Rule(_B, "The HTTP method is another.", "Every poll is answered by 404 or 405."),
    "server-prefix-changed": Rule(_B, "The path before all paths (of `servers`) is another.", "Every poll is answered by 404."),
    "server-host-changed": Rule(_R, "The host is another.", "Configured endpoints, allow lists and certificates may still have the old one."),
    "security-changed": Rule(_B, "Other credentials are asked for.", "Every poll is answered by 401, in the midst of a job as well."),
    "security-scheme-changed": Rule(_B, "A credential goes elsewhere or has another form.", "Every poll is answered by 401."),
    "security-added": Rule(_H, "One more kind of credential is taken.", "The old one still is."),
    "security-dropped": Rule(_H, "No credential is asked for any more.", "One that is sent does no harm."),
    # What is asked
    "parameter-added-required": Rule(_B, "A new required parameter.", "Requests without it are refused."),
    "parameter-added-optional": Rule(_H, "A new optional parameter.", "Requests without it are served as before."),
    "parameter-became-required": Rule(_B, "An optional parameter is required now.", "Requests without it are refused."),
    "parameter-became-optional": Rule(_H, "A required parameter is optional now.", "Requests that send it are served as before."),
    "parameter-removed": Rule(_R, "A parameter is gone.", "Sent all the same, it is refused, or ignored: then a filter doesn't filter and the answer is about other jobs."),
    "parameter-renamed": Rule(_B, "A parameter has another name.", "The old name is refused or ignored."),
    "parameter-moved": Rule(_B, "A parameter is sent elsewhere (query, header, path).", "Where it was, nobody reads it."),
    "parameter-narrowed": Rule(_B, "A parameter takes fewer values, or others.", "Requests that were served are refused."),
    "parameter-widened": Rule(_H, "A parameter takes more values.", "The old ones are still taken."),
    "parameter-form-changed": Rule(_R, "A parameter has another pattern or condition; which values that leaves can't be told.", "Ids that were taken may be refused."),
    "parameter-default-changed": Rule(_R, "A parameter's default is another.", "Pollers that leave it out are answered something else: another page, another window of time."),
    "parameter-style-changed": Rule(_B, "A parameter is written in another way (style, explode, content).", "It is read wrongly or refused."),
    "page-size-lowered": Rule(_R, "A page has fewer rows at most.", "Larger limits are refused or cut; who goes on at offset + limit skips rows."),
    "page-size-raised": Rule(_H, "A page may have more rows.", "Who asks for fewer gets fewer."),
    "required-if-changed": Rule(_R, "Which parameters a switch makes required is another.", "Requests may be refused where the service reads its document so."),
    "request-body-required": Rule(_B, "A request body is required now.", "Requests without it are refused."),
    "request-body-optional": Rule(_H, "The request body is optional now, or there is an optional one.", "Requests are served as before."),
    "request-body-removed": Rule(_R, "The request body is gone.", "Sent all the same, it is refused or ignored."),
    "request-media-type-removed": Rule(_B, "A media type of the request is no longer taken.", "Requests of this type are refused."),
    "request-media-type-added": Rule(_H, "The request is taken in one more media type.", "The old one is still taken."),
    "request-member-required": Rule(_B, "A member of the request is required now.", "Requests without it are refused."),
    "request-member-added": Rule(_H, "A new optional member of the request.", "Requests without it are served as before."),
    "request-member-optional": Rule(_H, "A required member of the request is optional now.", "Requests that send it are served as before."),
    "request-member-removed": Rule(_R, "A member of the request is gone.", "Sent all the same, it is refused or ignored."),
    "request-member-renamed": Rule(_B, "A member of the request has another name.", "The old name is refused or ignored."),
    "request-narrowed": Rule(_B, "The request takes fewer values, or others.", "Requests that were served are refused."),
    "request-widened": Rule(_H, "The request takes more values.", "The old ones are still taken."),
    "request-form-changed": Rule(_R, "The request has another pattern or condition; which values that leaves can't be told.", "Requests that were served may be refused."),
    "request-default-changed": Rule(_R, "A default in the request is another.", "Who leaves the member out is answered something else."),
    # The answer as HTTP
    "http-status-added": Rule(_R, "One more HTTP status.", "A poller has no branch for it: it takes its last one, often an endless retry."),
    "http-status-removed": Rule(_H, "An HTTP status of an error is gone.", "A branch of the poller is never taken."),
    "success-status-removed": Rule(_B, "An HTTP status of success is gone.", "Who waits for it takes every answer for an error."),
    "media-type-removed": Rule(_B, "The answer no longer comes in a media type.", "The parser gets what it can't read."),
    "media-type-added": Rule(_R, "The answer comes in one more media type.", "Who doesn't send Accept may get the new one."),
    "body-removed": Rule(_B, "The answer has no body any more, or none that is described.", "There is no status to read."),
    "body-added": Rule(_H, "The answer has a body, or a described one, now.", "Nobody read it."),
    "header-removed": Rule(_R, "A header is gone, or no longer always there.", "Who logs or obeys it (a request id, Retry-After) has nothing."),
    "header-added": Rule(_H, "A new header, or one that is always there now.", "Nobody reads it."),
    "header-changed": Rule(_R, "A header has another form.", "Code that parses it may fail."),
    # The job's statuses
    "status-value-added": Rule(_B, "A new status.", "A poller has no entry for it: it raises, fails the job, or, if jobs stay in it, never ends."),
    "status-value-removed": Rule(_H, "A status on the way is gone.", "A branch of the poller is never taken."),
    "status-value-renamed": Rule(_B, "A status has another name or value.", "The old one never comes: who waits for it never ends."),
    "terminal-status-added": Rule(_B, "A new status that is an end.", "Pollers that wait for the ends they know never end."),
    "terminal-status-removed": Rule(_R, "A status that is an end is gone.", "Who waits for this one alone never ends; what its jobs end in now is the question."),
    "status-became-terminal": Rule(_B, "A status on the way is an end now.", "Pollers take it for progress and never end."),
    "status-left-terminal": Rule(_B, "A status that was an end is not an end any more.", "The verdict is given too early: the job may still go on."),
    "status-opened": Rule(_B, "The statuses are no longer listed.", "Any status may come, also one that no poller knows."),
    "end-unreachable": Rule(_B, "From a status, no end can be reached any more.", "Who polls a job in it never ends."),
    "transition-added": Rule(_R, "A status can follow one after which it never came.", "Pollers built as state machines raise; progress seems to go back."),
    "transition-shortened": Rule(_H, "A status can follow at once where others came between.", "Between two polls, it could be seen before."),
    "transition-removed": Rule(_H, "A status no longer follows another.", "A branch of the poller is never taken."),
    "identity-changed": Rule(_R, "What tells one job from another is something else.", "Two jobs become one, or one becomes two, in the poller's book-keeping."),
    "visible-later": Rule(_R, "A new job can be found later than before.", "The first polls get 'not found'; who takes that for an end gives up on a good job."),
    "visible-sooner": Rule(_H, "A new job can be found sooner.", "Fewer first polls get 'not found'."),
    "kept-shorter": Rule(_R, "Jobs can be asked for a shorter time.", "Who polls rarely, or looks back, gets 'not found' for a job that ended well."),
    "kept-longer": Rule(_H, "Jobs can be asked for longer.", "Nothing is lost."),
    "job-life-removed": Rule(_R, "The document no longer says how jobs live.", "Which statuses are ends is nobody's word any more."),
    "job-life-added": Rule(_H, "The document says how jobs live.", "It is more than was known."),
    "lives-changed": Rule(_H, "Example lives, durations or actions of the mock are others.", "Only the mock's jobs take another course."),
    # The answer's members
    "member-removed": Rule(_B, "A member is gone.", "Who reads it raises KeyError, or gets None from an SDK."),
    "member-not-seen": Rule(_R, "A member that came sometimes is not in the new recording.", "It may be gone, or its jobs were not in this state."),
    "member-renamed": Rule(_B, "A member has another name.", "SDKs drop the new one, and the value that callers wait for never comes."),
    "member-added": Rule(_H, "A new member.", "Nobody reads it."),
    "member-became-optional": Rule(_B, "A member that was always there may be missing.", "Who reads it raises KeyError, on some polls only."),
    "member-became-required": Rule(_H, "A member is always there now.", "Who looked whether it is there finds it."),
    "nullable-added": Rule(_B, "A value may be null now.", "Code that calls a method on it raises in the middle of a poll."),
    "nullable-removed": Rule(_H, "A value is never null any more.", "A branch of the poller is never taken."),
    "type-changed": Rule(_B, "A value has another JSON type.", 'Typed models and comparisons ("1" == 1) go wrong, often silently.'),
    "type-widened": Rule(_B, "A value may have one more JSON type.", "Typed models and comparisons go wrong, on some polls only."),
    "type-narrowed": Rule(_H, "A value has fewer JSON types.", "What comes came before."),
    "format-changed": Rule(_B, "A value has another format.", "Parsing the time or the id in it fails."),
    "format-widened": Rule(_R, "A value's format is wider, or no longer given.", "Integers overflow in typed clients; parsers may fail."),
    "format-narrowed": Rule(_H, "A value's format is narrower, or given now.", "What comes came before."),
    "unit-changed": Rule(_B, "A value is in another unit or zone, as its description says.", "It is read a thousand times too large, or hours off, without an error."),
    "pattern-changed": Rule(_R, "A text has another pattern.", "Parsing it may fail: compare the two."),
    "pattern-widened": Rule(_R, "A text has no pattern any more.", "Parsing it may fail."),
    "pattern-narrowed": Rule(_H, "A text has a pattern now.", "What comes came before."),
    "range-widened": Rule(_R, "A number, a length or a count may be smaller or larger than before.", "Integers overflow, columns cut, percentages go astray."),
    "range-narrowed": Rule(_H, "A number, a length or a count has a narrower range.", "What comes came before."),
    "value-added": Rule(_B, "One more value can come.", "A mapping from values to actions has no entry for it."),
    "value-removed": Rule(_H, "One value less can come.", "An entry of a mapping is never used."),
    "value-renamed": Rule(_B, "A value is written differently.", "The old one never comes; the new one is unknown."),
    "values-opened": Rule(_B, "The values are no longer listed.", "Any value may come, also one that no mapping knows."),
    "values-closed": Rule(_H, "The values are listed now.", "What comes came before."),
    "seen-value-added": Rule(_R, "The new recording has a value that the old one doesn't have.", "If callers map the values, they may lack an entry for it."),
    "seen-value-removed": Rule(_H, "A value of the old recording is not in the new one.", "An entry of a mapping was not used."),
    "seen-page-rows-changed": Rule(_H, "The longest page seen has another number of rows.", "It may be the number of jobs, and nothing else."),
    "alternative-added": Rule(_B, "A value may have one more form (oneOf, anyOf).", "Who knows the old forms can't read it."),
    "alternative-removed": Rule(_H, "A value has one form less (oneOf, anyOf).", "What comes came before."),
    "condition-changed": Rule(_R, "A condition (if, then, else, not, allOf and the like) is another.", "Members may come, or stay away, in statuses in which they didn't: compare the two texts."),
    "additional-members-changed": Rule(_H, "Whether members may come that are not listed is another.", "Nobody reads them."),
    "embedded-json-unfolded": Rule(_B, "A string that held JSON is the JSON itself now.", "The second parse raises: it gets an object in place of a string."),
    "embedded-json-folded": Rule(_B, "An object or a list is a string that holds JSON now.", "Reading a member of it raises."),
    "embedded-json-dropped": Rule(_B, "A string need not hold JSON any more.", "The second parse, deep in the caller, raises."),
    "embedded-json-declared": Rule(_H, "A string is said to hold JSON.", "What comes came before."),
    "encoding-changed": Rule(_B, "A string's content has another encoding or media type.", "Decoding it fails."),
    # Errors
    "error-code-added": Rule(_R, "One more error code.", "A caller that retries some codes and gives up on others has no entry for it."),
    "error-code-removed": Rule(_H, "An error code is gone.", "A branch of the poller is never taken."),
    "error-code-changed": Rule(_B, "An error has another code.", "A caller that retries by code does the wrong thing: it gives up, or never does."),
    "error-status-moved": Rule(_B, "An error comes under another HTTP status.", "Callers that branch on the status take another branch: a retry for a failure, or the reverse."),
    "error-status-added": Rule(_R, "An error comes under one more HTTP status.", "Callers that branch on the status may take another branch."),
    "error-status-removed": Rule(_H, "An error no longer comes under one of its HTTP statuses.", "The other one was there before."),
    "error-envelope-changed": Rule(_B, "The form of an error's body is another.", "SDKs read neither code nor message: callers get an exception without a reason."),
    "error-cause-changed": Rule(_R, "A problem is answered by another error.", "An unknown id, a wrong parameter or an expired token looks like something else."),
    "error-message-changed": Rule(_H, "An error's message is another.", "Only callers that match on text notice; match on codes."),
    "error-name-changed": Rule(_H, "The example of an error has another name.", "Only the mock's `Prefer: example=` and magic ids use it."),
    # The rest
    "switch-default-changed": Rule(_R, "Where documents contradict each other, the other side is taken by default.", "The mock answers, and the kit judges, otherwise than before."),
    "switch-changed": Rule(_H, "A switch is new, gone or has other values.", "Its default, if it stays, is what callers meet."),
    "docs-changed": Rule(_H, "A description, an example, a source or a part that no operation uses is another.", "It is not on the wire."),
    "provenance-changed": Rule(_H, "A fact comes from elsewhere.", "The fact is the same."),
    "mock-only-changed": Rule(_H, "What only this mock or this kit reads is another (x-magic, x-observation, ...).", "It is not on the wire."),
}  # fmt: skip
"""Every rule, by code."""
