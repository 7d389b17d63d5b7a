"""docs/sdk-behaviour.md is what the vendors' SDKs really do."""

from __future__ import annotations

from pathlib import Path

import pytest
from sdk_answers import CASES, HEAD, PACKAGES, Case, observe, row, versions

DOCUMENT = (Path(__file__).parents[2] / "docs/sdk-behaviour.md").read_text(encoding="utf-8")
SECTIONS = {
    service: DOCUMENT.split(f"## {package} ({service})")[1].split("\n## ")[0] for service, package in PACKAGES.items()
}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name.partition(":")[0].replace("`", ""))
@pytest.mark.parametrize("service", PACKAGES)
def test_the_page_says_what_the_sdk_does(service: str, case: Case) -> None:
    """Each line of the page is what comes out now, also with other patch versions than the page was made with."""
    assert row(case, observe(service, case)) in SECTIONS[service].splitlines()


def test_the_page_has_nothing_else() -> None:
    """The words above the tables are the generator's, and each table has a line for each case."""
    above = DOCUMENT.split("\n## ")[0].strip()
    versions_line = next(line for line in above.splitlines() if line.startswith("Made with: "))
    assert above == HEAD.format(versions=versions_line[len("Made with: ") : -1]).strip()
    assert [part.rpartition(" ")[0] for part in versions_line[len("Made with: ") : -1].split(", ")] == [
        name.rpartition(" ")[0] for name in versions()
    ]
    for section in SECTIONS.values():
        assert len([line for line in section.splitlines() if line.startswith("| ")]) == len(CASES) + 1
