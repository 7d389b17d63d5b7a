"""The HTML report: one safe file that needs nothing else. `browser_report.py` looks at it in a real browser."""

from __future__ import annotations

import dataclasses
import re
from itertools import pairwise
from typing import Any

import pytest
from html_pages import Page, check_policy, check_safe, words
from sample_result import CDM, DATAARTS, URLS, Run, hostile, sample

from mockserver.contract.findings import finding
from mockserver.contract.report import render
from mockserver.contract.report.html_model import FULL_PER_CODE, GROUPS_PER_CODE
from mockserver.contract.result import Result
from mockserver.definitions import Definitions

BOTH = pytest.mark.parametrize("make", [sample, hostile], ids=["sample", "hostile"])


def page_of(result: Result, definitions: Definitions) -> tuple[str, Page]:
    """The report, and the same read back."""
    text = render(result, "html", definitions)
    return text, Page(text)


@BOTH
def test_the_page_is_well_formed_and_loads_nothing(shipped: Definitions, make: Any) -> None:
    """Every element closes, ids are unique, links stay on the page, nothing is fetched, no handler or style is inline."""
    check_safe(render(make(shipped), "html", shipped))


@BOTH
def test_the_policy_allows_the_pages_own_style_and_script_alone(shipped: Definitions, make: Any) -> None:
    """The policy forbids everything, but for one style and one script, named by their hashes."""
    check_policy(render(make(shipped), "html", shipped), "style", "script")


def test_the_header_tells_the_verdict_at_a_glance(shipped: Definitions) -> None:
    """Target, mode, verdict, counts and seconds are at the top."""
    text, page = page_of(sample(shipped), shipped)
    top = words(text[text.index('<header class="top">') : text.index("</header>")])
    for part in ("INCOMPLETE", "http://127.0.0.1:4010", "as documented", "21 errors", "2 warnings", "1 note", "24 exchanges",
                 "8.0% coverage", "4.31 s duration", "1 not run", "2 skipped"):  # fmt: skip
        assert part in top, part
    assert page.text("title").startswith("INCOMPLETE: contract of http://127.0.0.1:4010")


def test_the_page_has_landmarks_and_headings_in_order(shipped: Definitions) -> None:
    """One header, nav, main, footer; one h1, and no level of heading left out; every control and drawing is named."""
    _, page = page_of(sample(shipped), shipped)
    assert [len(page.of(tag)) for tag in ("nav", "main", "footer", "h1")] == [1, 1, 1, 1]
    levels = [int(tag[1]) for tag, _ in page.elements if re.fullmatch(r"h[1-6]", tag)]
    assert levels[0] == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))
    named = [item for item in page.of("svg") if item.get("role") == "img"]
    assert len(named) == 5
    assert all(item["aria-label"] for item in named)
    assert page.of("html") == [{"lang": "en"}]


def card(text: str, code: str) -> str:
    """The first card of a code, as it stands on the page."""
    return next(part for part in text.split("<article")[1:] if f'codename">{code}<' in part).split("</article>")[0]


def test_a_finding_has_all_that_is_known_and_its_fragment(shipped: Definitions) -> None:
    """The card explains the code, names place and source, and marks the line that is meant, in its context."""
    result = card(render(sample(shipped), "html", shipped), "status-unknown")
    says = words(result)
    for part in ("×3", "body /submissions/*/status", "STARTING", "basis: documented", "huaweicloud/cdm.json#/components",
                 "never ends", "mockserver explain status-unknown", "case cdm:poll-to-the-end",
                 "2 more exchanges in full"):  # fmt: skip
        assert part in says, part
    fragment = result.split('<pre class="code">')[1].split("</pre>")[0]
    assert fragment.count('class="line marked') == 1
    assert '▶8 "status": "STARTING"' in words(fragment)
    assert "Request and answer" in says
    assert "x-auth-token: [redacted]" in says


def test_embedded_json_is_unfolded_and_said_to_be_so(shipped: Definitions) -> None:
    """A place two strings deep is marked there, on a line that stands inside of what is called JSON in a string."""
    result = card(render(sample(shipped), "html", shipped), "total-wrong")
    fragment = result.split('<pre class="code">')[1].split("</pre>")[0]
    assert "JSON in a string" in fragment
    line = next(part for part in fragment.split('<span class="line') if part.startswith(" marked embedded"))
    assert '"total": 7,' in words(line)


def test_what_is_missing_is_said_in_words(shipped: Definitions) -> None:
    """Where a pointer leads nowhere, the card says so and marks what should hold it."""
    assert "Nothing stands at /status here" in words(card(render(sample(shipped), "html", shipped), "member-missing"))


def test_headers_and_bodies_that_are_not_json_are_shown(shipped: Definitions) -> None:
    """A wrong header is marked among the headers; an HTML page is shown as text."""
    text = render(sample(shipped), "html", shipped)
    header = card(text, "content-type-wrong").split('<pre class="code">')[1].split("</pre>")[0]
    assert re.search(r"line marked.*Content-Type</span>.*text/html", header, re.DOTALL)
    assert "502 Bad Gateway" in words(card(text, "body-not-json"))


def test_what_was_exercised_and_what_not(shipped: Definitions) -> None:
    """Chips and the matrix tell seen from unseen and from undocumented, in words too."""
    text = render(sample(shipped), "html", shipped)
    part = text[text.index(f">{CDM}</h2>") : text.index(f">{DATAARTS}</h2>")]
    says = words(part)
    for expected in ("✓ RUNNING ×249 seen", "○ PENDING not seen", "3 of 13 seen", "✓ job-not-found ×1",
                     "! states: STARTING ×1", "Ended as SUCCEEDED.", "Ended as FAILED.", "2 errors (×)"):  # fmt: skip
        assert expected in says, expected
    assert re.search(r'<td class="odd">1!<span class="hidden"> not documented</span></td>', part)


def test_ten_thousand_exchanges_with_few_findings_stay_small(shipped: Definitions) -> None:
    """Clean exchanges are counted, not shown: the page doesn't grow with them."""
    small = sample(shipped)
    many = sample(shipped)
    clean = many.judged[0]
    many.judged += [dataclasses.replace(clean, number=number) for number in range(100, 10_100)]
    before, after = (len(render(item, "html", shipped)) for item in (small, many))
    assert after < before + 200


def test_ten_thousand_findings_are_capped_and_the_rest_counted(shipped: Definitions) -> None:
    """Of one code a few exchanges are shown in full, more by number, others as a count; other codes still get theirs."""
    run = Run(shipped)
    body = run.example(DATAARTS)
    for number in range(2_000):
        wrong = [finding("type-wrong", "body", f"/body/m{place}", "x", "y") for place in range(number % 40 + 1)]
        run.add(DATAARTS, URLS[DATAARTS], body, *wrong)
    run.add(DATAARTS, URLS[DATAARTS], body, finding("total-wrong", "body", "/body/total", 7, "1"))
    text = render(run.result, "html", shipped)
    assert len(text) < 1_500_000
    assert text.count("Request and answer") == FULL_PER_CODE + 1
    assert text.count("<article") == GROUPS_PER_CODE + 1
    says = words(text)
    assert "type-wrong at 20 more places: not shown here." in says
    assert re.search(r"Also in exchanges 4, 5, .* and [\d,]+ more \(not shown in full\)", says)


def test_long_bodies_are_cut_where_nothing_is_marked(shipped: Definitions) -> None:
    """A body of a hundred thousand rows is cut around its mark, one too long to be read is cut as text."""
    run = Run(shipped)
    rows = [{"status": "x", "text": "y" * 5_000 if number == 300 else "z"} for number in range(1_000)]
    run.add(CDM, URLS[CDM], {"rows": rows}, finding("status-unknown", "body", "/rows/777/status", "x", "y"))
    run.add(CDM, URLS[CDM], {"rows": rows * 20}, finding("total-wrong", "body", "/rows", "x", "y"))
    text = render(run.result, "html", shipped)
    assert len(text) < 400_000
    assert "lines not shown" in card(text, "status-unknown")
    assert "characters more" in words(card(text, "total-wrong"))


def test_deep_bodies_stay_readable(shipped: Definitions) -> None:
    """Hundreds of levels are indented up to a point: the page neither fails nor grows with their square."""
    run = Run(shipped)
    deep = b"[" * 400 + b"1" + b"]" * 400
    run.add(CDM, URLS[CDM], deep, finding("type-wrong", "body", "/0" * 400, 1, "an array"))
    run.add(CDM, URLS[CDM], b"[" * 100_000, finding("body-not-json", "body", "", "[", "JSON"))
    text = render(run.result, "html", shipped)
    assert len(text) < 300_000
    assert re.search(r"▶401 +1", words(card(text, "type-wrong")))


def luminance(colour: str) -> float:
    """The relative luminance of #rrggbb, as WCAG 2 defines it."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


PAIRS = [
    *((front, back) for front in ("text", "soft") for back in ("back", "card", "sunk", "inside", "mark")),
    *((front, back) for front in ("name", "string", "number") for back in ("sunk", "inside", "mark")),
    *((item, f"{item}-back") for item in ("error", "warning", "note", "good")),
    *((item, "card") for item in ("link", "error", "warning", "note", "good")),
    *(("text", f"s{number}") for number in range(10)),
    ("link", "back"), ("good", "back"), ("band-text", "band"), ("band-soft", "band"), ("note", "inside"),
]  # fmt: skip


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_colours_have_contrast(shipped: Definitions, scheme: str) -> None:
    """Every pair of text and ground that the page uses has a contrast of at least 4.5 to 1 (WCAG AA)."""
    _, page = page_of(sample(shipped), shipped)
    blocks = re.findall(r":root \{(.*?)\}", page.text("style"), re.DOTALL)
    colours = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", blocks[0] + (blocks[1] if scheme == "dark" else "")))
    for front, back in PAIRS:
        light, dark = sorted((luminance(colours[front]), luminance(colours[back])), reverse=True)
        assert (light + 0.05) / (dark + 0.05) >= 4.5, (front, back, (light + 0.05) / (dark + 0.05))
