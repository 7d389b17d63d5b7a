"""Reports of a run, in forms for people, CI servers and programs."""

from __future__ import annotations

import difflib

from ...definitions import Definitions
from ...errors import InputError
from ..result import Result

FORMS = ("console", "junit", "json", "html", "github")
"""The forms of a report."""


def render(
    result: Result,
    form: str,
    definitions: Definitions,
    *,
    colours: bool = False,
    fail_on: str = "warning",
    fail_under: float | None = None,
) -> str:
    """A result as text in one of `FORMS`; it can be encoded as UTF-8.

    Args:
        result: The result of a run.
        form: One of `FORMS`.
        definitions: The definitions that were checked against.
        colours: For console only: use ANSI colours.
        fail_on: The least severity that fails the run.
        fail_under: The coverage (percent) below which the run fails; None: any coverage will do.

    Raises:
        InputError: For an unknown form; the text names the nearest one.
    """
    from .view import view_of

    if form not in FORMS:
        nearest = difflib.get_close_matches(form, FORMS, 1)
        hint = f"did you mean {nearest[0]!r}? " if nearest else ""
        raise InputError(f"{form!r} is not a form of a report; {hint}allowed: {', '.join(FORMS)}")
    view = view_of(result, fail_on, fail_under)
    if form == "console":
        from .console import console

        return console(view, definitions, colours)
    if form == "junit":
        from .junit import junit

        return junit(view, fail_on)
    if form == "json":
        from .json_form import json_text

        return json_text(view)
    if form == "github":
        from .github import commands

        return commands(view)
    from .html import html

    return html(view, definitions)


def step_summary(
    result: Result, definitions: Definitions, *, fail_on: str = "warning", fail_under: float | None = None
) -> str:
    """A result as Markdown, for the file that `$GITHUB_STEP_SUMMARY` names; always under GitHub's limit of 1 MiB."""
    from .markdown import markdown
    from .view import view_of

    return markdown(view_of(result, fail_on, fail_under), definitions)
