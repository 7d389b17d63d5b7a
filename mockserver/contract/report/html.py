"""The report as one HTML page: it needs no network, and can be read without its script."""

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
    """A page based on `base.html`. Its Content-Security-Policy lets the browser use its own style and script only.

    Args:
        template: A file of `templates/`.
        script: A file of `templates/`; "": no script.
        values: The values that the template shows.
    """
    style, code = _read_template_file("report.css"), _read_template_file(script) if script else Markup("")
    allowed_sources = f"style-src {_hash(style)}" + (f"; script-src {_hash(code)}" if code else "")
    policy = f"default-src 'none'; img-src data:; {allowed_sources}; base-uri 'none'; form-action 'none'"
    page_template = _environment().get_template(template)
    return page_template.render(version=__version__, style=style, script=code, policy=policy, **values)


def _read_template_file(name: str) -> Markup:
    return Markup((_TEMPLATES / name).read_text(encoding="utf-8"))  # noqa: S704 - a file of this package


def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_escape_invisible,
    )
    environment.filters |= {"lasting": text.lasting, "ticked": _code_in_backticks}
    environment.globals |= {"asked_of": asked_of, "place_of": place_of, "counted": text.counted}
    environment.tests["gap"] = lambda value: isinstance(value, Gap)
    return environment


def _escape_invisible(value: Any) -> Any:
    """The text with its invisible characters escaped, except line breaks."""
    return text.visible(value, "\n") if isinstance(value, str) and not isinstance(value, Markup) else value


def _code_in_backticks(text: str) -> Markup:
    """Our own text as HTML, in which `this` becomes code."""
    return Markup(re.sub(r"`([^`]+)`", r"<code>\1</code>", str(escape(text))))  # noqa: S704 - escaped just here


def _hash(text: str) -> str:
    """The source expression of a Content-Security-Policy that allows exactly this text."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
