"""Draws polls as text: a table with a line for each poll, and bars that show each state over time."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from ..jobs.clock import SECOND, utc
from .recorded_call import RecordedCall

_COLUMNS = 40
_MOST_EQUAL_LINES = 3
"""Up to so many equal polls in a row get a line each; more of them are drawn as one line."""


def span(milliseconds: int) -> str:
    """A duration in words: `250 ms`, `30 s`, `2h 0m 30s`."""
    sign, remaining = ("-" if milliseconds < 0 else ""), abs(milliseconds)
    if remaining < SECOND:
        return f"{sign}{remaining} ms"
    if remaining < 60 * SECOND:
        return f"{sign}{remaining / SECOND:g} s"
    minutes, rest = divmod(remaining, 60 * SECOND)
    hours, minutes = divmod(minutes, 60)
    return sign + (f"{hours}h " if hours else "") + f"{minutes}m {rest / SECOND:g}s"


def clock_time(time_ms: int) -> str:
    """The time of day, in UTC."""
    return utc(time_ms).strftime("%H:%M:%S.") + f"{time_ms % SECOND:03d}"


def table(
    polls: Sequence[RecordedCall], notes_by_poll: Mapping[int, Sequence[str]], named_operations: Collection[str] = ()
) -> str:
    """A line for each poll: number, time, interval, the answer, and its notes (by the poll's index).

    Polls equal to those before and after them are drawn as one line. The ids of `named_operations` are shown.
    """
    lines = [f"{'poll':>6}  {'time (UTC)':<12}  {'interval':>12}  answer"]
    index = 0
    while index < len(polls):
        end = _end_of_equal_polls(polls, index, notes_by_poll)
        if end - index > _MOST_EQUAL_LINES:
            same = f"  <- the same {end - index} times" if index in notes_by_poll else f"  ({end - index} polls)"
            lines.append(f"{'...':>6}  {'':<12}  {_gap(polls, index):>12}  {polls[index].summary}{same}")
            index = end
        else:
            notes = "; ".join(notes_by_poll.get(index, ()))
            call = polls[index]
            answer = f"{call.operation}: {call.summary}" if call.operation in named_operations else call.summary
            answer_text = f"{answer:<24}  <- {notes}" if notes else answer
            lines.append(f"{index + 1:>6}  {clock_time(polls[index].time)}  {_gap(polls, index):>12}  {answer_text}")
            index += 1
    return "\n".join(lines)


def _gap(polls: Sequence[RecordedCall], index: int) -> str:
    return "+" + span(polls[index].time - polls[index - 1].time) if index else ""


def _end_of_equal_polls(polls: Sequence[RecordedCall], start: int, notes_by_poll: Mapping[int, Sequence[str]]) -> int:
    """The end of the polls that are equal to the one before; the last of them gets a line of its own."""

    def appearance(index: int) -> tuple[str, str, tuple[str, ...]]:
        return polls[index].summary, _gap(polls, index), tuple(notes_by_poll.get(index, ()))

    end = start
    while start and end < len(polls) and appearance(end) == appearance(start - 1):
        end += 1
    return max(start + 1, end - 1)


def bars(title: str, polls: Sequence[RecordedCall]) -> str:
    """When each answer was given, as bars on one scale of time."""
    first, last = polls[0].time, polls[-1].time
    width = max(1, last - first)
    lines = [f"{title}: {len(polls)} poll{'s' if len(polls) > 1 else ''} in {span(last - first)}, from {clock_time(first)}"]
    answers = list(dict.fromkeys(poll.summary for poll in polls))
    label_width = min(40, max(map(len, answers)))
    for answer in answers:
        times = [poll.time for poll in polls if poll.summary == answer]
        columns = {(time - first) * (_COLUMNS - 1) // width for time in times}
        bar = "".join("#" if column in columns else " " for column in range(_COLUMNS))
        lines.append(f"  {answer[:40]:<{label_width}} |{bar}| {len(times):>4}x from +{span(times[0] - first)}")
    return "\n".join(lines)
