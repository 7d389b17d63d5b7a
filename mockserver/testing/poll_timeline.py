"""Polls drawn as text: a table of each poll, and bars of which state was shown when."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from ..jobs.clock import SECOND, utc
from .recorded_call import RecordedCall

_COLUMNS = 40
_ALIKE = 3
"""So many polls that look like the one before are drawn one by one; more of them are one line."""


def span(milliseconds: int) -> str:
    """A length of time as people write it: `250 ms`, `30 s`, `2h 0m 30s`."""
    sign, left = ("-" if milliseconds < 0 else ""), abs(milliseconds)
    if left < SECOND:
        return f"{sign}{left} ms"
    if left < 60 * SECOND:
        return f"{sign}{left / SECOND:g} s"
    minutes, rest = divmod(left, 60 * SECOND)
    hours, minutes = divmod(minutes, 60)
    return sign + (f"{hours}h " if hours else "") + f"{minutes}m {rest / SECOND:g}s"


def clock_time(time_ms: int) -> str:
    """The time of day, in UTC."""
    return utc(time_ms).strftime("%H:%M:%S.") + f"{time_ms % SECOND:03d}"


def table(polls: Sequence[RecordedCall], wrong: Mapping[int, Sequence[str]], named: Collection[str] = ()) -> str:
    """One line a poll: number, time, interval, what was shown, and what is wrong with it (by the poll's index).

    Polls that look like those before and after are drawn as one line. `named` are operations that are drawn with their ids.
    """
    lines = [f"{'poll':>6}  {'time (UTC)':<12}  {'interval':>12}  answer"]
    index = 0
    while index < len(polls):
        end = _alike(polls, index, wrong)
        if end - index > _ALIKE:
            same = f"  <- the same {end - index} times" if index in wrong else f"  ({end - index} polls)"
            lines.append(f"{'...':>6}  {'':<12}  {_gap(polls, index):>12}  {polls[index].summary}{same}")
            index = end
        else:
            notes = "; ".join(wrong.get(index, ()))
            call = polls[index]
            shown = f"{call.operation}: {call.summary}" if call.operation in named else call.summary
            text = f"{shown:<24}  <- {notes}" if notes else shown
            lines.append(f"{index + 1:>6}  {clock_time(polls[index].time)}  {_gap(polls, index):>12}  {text}")
            index += 1
    return "\n".join(lines)


def _gap(polls: Sequence[RecordedCall], index: int) -> str:
    return "+" + span(polls[index].time - polls[index - 1].time) if index else ""


def _alike(polls: Sequence[RecordedCall], start: int, wrong: Mapping[int, Sequence[str]]) -> int:
    """Where the polls end that look like the one before, too; the last of them is drawn by itself."""

    def look(index: int) -> tuple[str, str, tuple[str, ...]]:
        return polls[index].summary, _gap(polls, index), tuple(wrong.get(index, ()))

    end = start
    while start and end < len(polls) and look(end) == look(start - 1):
        end += 1
    return max(start + 1, end - 1)


def bars(title: str, polls: Sequence[RecordedCall]) -> str:
    """When each answer was shown, as bars on one scale of time."""
    first, last = polls[0].time, polls[-1].time
    width = max(1, last - first)
    lines = [f"{title}: {len(polls)} poll{'s' if len(polls) > 1 else ''} in {span(last - first)}, from {clock_time(first)}"]
    text = list(dict.fromkeys(poll.summary for poll in polls))
    room = min(40, max(map(len, text)))
    for answer in text:
        mine = [poll.time for poll in polls if poll.summary == answer]
        columns = {(time - first) * (_COLUMNS - 1) // width for time in mine}
        bar = "".join("#" if column in columns else " " for column in range(_COLUMNS))
        lines.append(f"  {answer[:40]:<{room}} |{bar}| {len(mine):>4}x from +{span(mine[0] - first)}")
    return "\n".join(lines)
