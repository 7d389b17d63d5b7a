"""The report as one HTML page that needs nothing else: no network, and no script for reading it."""

from __future__ import annotations

import base64
import hashlib
import re
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from ...definitions import Definitions
from ...version import __version__
from ..findings import SEVERITIES
from . import text
from .html_model import section_views
from .json_lines import Gap
from .view import View, asked_of, place_of

_TEMPLATES = Path(__file__).parent / "templates"


def html(view: View, definitions: Definitions) -> str:
    """The view as HTML."""
    return page(
        "report.html",
        "report.js",
        view=view,
        result=view.result,
        counts=view.result.counts(),
        sections=section_views(view, definitions),
        severities=SEVERITIES,
    )


def page(template: str, script: str = "", **values: Any) -> str:
    """A page on `base.html`. Its own style and script are all that its Content-Security-Policy lets the browser load or run.

    Parameters: `template` and `script` (none, where empty), files of `templates/`; `values`, what the template shows.
    """
    style, code = _own("report.css"), _own(script) if script else Markup("")
    sources = f"style-src {_hash(style)}" + (f"; script-src {_hash(code)}" if code else "")
    policy = f"default-src 'none'; img-src data:; {sources}; base-uri 'none'; form-action 'none'"
    template_of_page = _environment().get_template(template)
    return template_of_page.render(version=__version__, style=style, script=code, policy=policy, **values)


def _own(name: str) -> Markup:
    return Markup((_TEMPLATES / name).read_text(encoding="utf-8"))  # noqa: S704 - a file of this package


def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_finalized,
    )
    environment.filters |= {"lasting": text.lasting, "ticked": _ticked}
    environment.globals |= {"asked_of": asked_of, "place_of": place_of, "counted": text.counted}
    environment.tests["gap"] = lambda value: isinstance(value, Gap)
    return environment


def _finalized(value: Any) -> Any:
    """What the template prints; nothing that can't be seen, but for line breaks."""
    return text.visible(value, "\n") if isinstance(value, str) and not isinstance(value, Markup) else value


def _ticked(words: str) -> Markup:
    """Words of ours in which `this` is code."""
    return Markup(re.sub(r"`([^`]+)`", r"<code>\1</code>", str(escape(words))))  # noqa: S704 - escaped just here


def _hash(content: str) -> str:
    """A source expression of a Content-Security-Policy that allows exactly this text."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()}'"
