"""The command `import`: drafts of OpenAPI documents from an SDK's package, a HAR file or a vendor's page."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from ..errors import InputError


def add(commands: Any) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "import",
        help="draft an OpenAPI document from something else",
        description="Draft an OpenAPI document: from an installed huaweicloudsdk* package (sdk NAME), a HAR file (har FILE)"
        " or the saved text of a vendor's page (page FILE). What is missing from a draft is listed on stderr.",
    )
    parser.add_argument("kind", choices=("sdk", "har", "page"), help="what it is made from")
    parser.add_argument("source", metavar="NAME|FILE", help="a package's name, or a file")
    parser.add_argument("--out", metavar="FILE", help="where to write it (default: stdout)")
    parser.add_argument(
        "--compare",
        nargs="?",
        const="",
        metavar="DEFINITION",
        help="of a page: print how many fields the draft has as a document's operation at the same path has them"
        " (default: a shipped one's), source by source; the draft itself is written with --out alone",
    )
    parser.set_defaults(run=_import)


def _import(options: argparse.Namespace) -> int:
    if options.compare is not None and options.kind != "page":
        raise InputError(f"--compare doesn't go with import {options.kind}; allowed: import page FILE --compare")
    document, gaps = _draft(options.kind, options.source)
    if options.compare is not None:
        from ..importers.score import draft_score

        score = draft_score(document, Path(options.compare) if options.compare else None)
        print(f"{options.source}:", *score.lines(), sep="\n")
        if options.out is None:
            return 0
    for gap in gaps:
        print(f"mockserver: gap: {gap}", file=sys.stderr)
    text = json.dumps(document, ensure_ascii=False, indent=2) + "\n"
    if options.out is None:
        sys.stdout.write(text)
        return 0
    try:
        Path(options.out).write_text(text, encoding="utf-8")
    except OSError as error:
        raise InputError(f"can't write {options.out}: {error.strerror}") from error
    return 0


def _draft(kind: str, source: str) -> tuple[dict[str, Any], list[str]]:
    if kind == "sdk":
        from ..importers.sdk import document_of

        return document_of(source), []
    if kind == "har":
        from ..importers.har import draft_of_har

        return draft_of_har(Path(source))
    from ..importers.page import draft_of_page

    return draft_of_page(Path(source))
