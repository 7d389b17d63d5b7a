"""The HTML report in a real browser: run by `.ci/run`, which installs Chromium; `pytest tests/browser_report.py`."""

from __future__ import annotations

import html
import json
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from coverage_sample import shown_sample
from sample_result import hostile, sample

from mockserver.contract.report import render
from mockserver.contract.result import Result
from mockserver.definitions import Definitions
from mockserver.testing.poller_coverage_html import html as html_of_shown

Make = Callable[[Definitions], str]

MEASURE = """
<!doctype html><meta charset="utf-8"><title>waiting</title><body><script>
const report = REPORT, widths = [360, 390, 768, 1280], found = {errors: [], widths: {}};
const measured = (width) => new Promise((resolve) => {
  const frame = document.createElement("iframe");
  frame.style.cssText = `width:${width}px;height:800px;border:0`;
  frame.onload = () => {
    const page = frame.contentDocument, root = page.documentElement, wide = [];
    page.addEventListener("securitypolicyviolation", (event) => found.errors.push(event.violatedDirective));
    wide.push(root.scrollWidth - root.clientWidth);
    for (const details of page.querySelectorAll("details")) details.open = true;
    wide.push(root.scrollWidth - root.clientWidth);
    found.widths[width] = wide;
    if (width === 1280 && page.getElementById("filter")) found.filter = filtered(page);
    found.loaded = frame.contentWindow.performance.getEntriesByType("resource").map((one) => one.name);
    found.mode = page.compatMode;
    resolve();
  };
  frame.srcdoc = report;
  document.body.append(frame);
});
const filtered = (page) => {
  const form = page.getElementById("filter"), seen = () => page.querySelectorAll(".finding:not([hidden])").length;
  const counts = [form.hidden, seen()];
  form.elements.error.click();
  counts.push(seen());
  form.elements.error.click();
  form.elements.text.value = "Content-Type-Wrong";
  form.elements.text.dispatchEvent(new Event("input", {bubbles: true}));
  return [...counts, seen(), form.querySelector("output").textContent];
};
(async () => {
  for (const width of widths) await measured(width);
  document.title = "done"; document.body.textContent = JSON.stringify(found);
})();
</script>
"""


@pytest.fixture(scope="module")
def browser() -> str:
    """A Chromium on the path."""
    result = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if not result:
        pytest.fail("no Chromium on the path: apt-get install chromium")
    return result


def contract(make: Callable[[Definitions], Result]) -> Make:
    """The report of a run of the contract."""
    return lambda definitions: render(make(definitions), "html", definitions)


def pollers(definitions: Definitions) -> str:
    """The page of what pollers were shown, with a name as long as a patch can make it."""
    coverage = shown_sample(definitions)
    coverage.count("ShowJobStatus", "states", "x" * 300)
    return html_of_shown(coverage, 40.0)


MAKERS = {"sample": contract(sample), "hostile": contract(hostile), "pollers": pollers}


@pytest.mark.parametrize("make", MAKERS)
def test_a_browser_shows_the_page_at_any_width(shipped: Definitions, make: str, browser: str, tmp_path: Path) -> None:
    """In Chromium nothing scrolls sideways, details open or not; nothing is loaded or refused; filters work."""
    report = json.dumps(MAKERS[make](shipped)).replace("</", "<\\/").replace("<!--", "<\\u0021--")
    (tmp_path / "measure.html").write_text(MEASURE.replace("REPORT", report), encoding="utf-8")
    command = [
        browser, "--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-dev-shm-usage",
        "--no-first-run", f"--user-data-dir={tmp_path / 'profile'}", "--host-resolver-rules=MAP * ~NOTFOUND",
        "--enable-logging=stderr", "--virtual-time-budget=20000", "--dump-dom", (tmp_path / "measure.html").as_uri(),
    ]  # fmt: skip
    ran = subprocess.run(command, capture_output=True, timeout=120, check=False)
    assert b"<title>done</title>" in ran.stdout, ran.stderr[-2_000:]
    body = html.unescape(ran.stdout.decode().split("<body>")[1].split("</body>")[0])
    result = json.loads(body)
    assert result["widths"] == {str(width): [0, 0] for width in (360, 390, 768, 1280)}
    assert (result["errors"], result["loaded"], result["mode"]) == ([], [], "CSS1Compat")
    assert not re.search(rb"CONSOLE.*(Refused|Error|violates)", ran.stderr)
    if make == "sample":
        assert result["filter"] == [False, 17, 3, 1, "1 of 17 shown"]
