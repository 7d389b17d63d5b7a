"""The page and the plot that `bench_server.py` writes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from statistics import median
from typing import Any

PEERS = ("WireMock, tuned", "Prism", "Scalar mock")


def page(
    figures: Mapping[str, Any], own: Mapping[str, Any], machine: str, checks: Mapping[str, str], sizes: Sequence[int]
) -> str:
    """`docs/performance.md`."""
    titles = ("", "one endpoint /s", "mix of five /s", "CPU us/request", "c=1 p99 us", "start ms", "RSS MiB", "checks")
    rows = [f"| {' | '.join(titles)} |", "|---" * len(titles) + "|"]
    for name, one in figures.items():
        if name in checks:
            cpu, p99 = median(one.cpu_us["one"]), median(one.p99_us["alone"])
            mix = f"{one.rate('mix'):,.0f}" if one.rates["mix"] else "-"
            rows.append(
                f"| {name} | {one.rate('one'):,.0f} | {mix} | {cpu:.0f} | {p99:,.0f} | {one.start_ms:,.0f}"
                f" | {one.idle_mib:.0f} / {one.loaded_mib:.0f} | {checks[name]} |"
            )
    return "\n".join(
        [
            "# Performance",
            "",
            "Written by `python tests/bench_server.py`, which says how it measures and how to install the peers. All",
            "servers ran at once and were loaded in turn by `wrk` over loopback, 16 connections (c=1: one), three rounds,",
            f"medians; RSS is idle / after the load. Machine: {machine}.",
            "Read the ratios: absolute figures are this machine's, on that day.",
            "",
            "![requests a second](performance.svg)",
            "",
            *rows,
            "",
            "## Targets",
            "",
            "| | target | measured |",
            "|---|---|---|",
            *(f"| {what} | {target} | {value} |" for what, target, value in _targets(figures, own, sizes)),
            "",
        ]
    )


def _targets(figures: Mapping[str, Any], own: Mapping[str, Any], sizes: Sequence[int]) -> list[tuple[str, str, str]]:
    mine = figures["ours"]

    def ratio(load: str, name: str, value: float) -> str:
        other = figures[name].rate(load) if name in figures else 0.0
        return f"{value / other:.2f} x" if other else f"not measured ({name} is not installed)"

    verify = float(figures["ours, verify"].rate("signed")) if "ours, verify" in figures else 0.0
    wiremock = figures.get("WireMock, tuned")
    slowest = median(mine.p99_us["alone"])
    idle, after = own["million"]
    middle, most = own["hanging"]
    jobs, namespaces = own["flat"]["jobs"], own["flat"]["namespaces"]
    costs, (same, others) = own["in process"]
    return [
        ("one endpoint", ">= 2.5 x WireMock tuned", ratio("one", "WireMock, tuned", mine.rate("one"))),
        ("one endpoint", ">= 10 x Prism", ratio("one", "Prism", mine.rate("one"))),
        ("one endpoint", ">= 0.6 x bare WSGI on granian", ratio("one", "bare WSGI (granian)", mine.rate("one"))),
        ("one endpoint", "(no target) a bare protocol", ratio("one", "bare protocol (httptools, uvloop)", mine.rate("one"))),
        ("mix of five", ">= 4 x WireMock tuned", ratio("mix", "WireMock, tuned", mine.rate("mix"))),
        ("mix of five", ">= 4 x Scalar", ratio("mix", "Scalar mock", mine.rate("mix"))),
        ("every request another job id", ">= 1.5 x WireMock tuned", ratio("one", "WireMock, tuned", mine.rate("other"))),
        (
            "`--auth verify`, 2,000 signatures",
            ">= 0.5 x presence",
            ratio("signed", "ours, presence", verify),
        ),
        (
            "server CPU a request",
            "<= 1/3 of WireMock's",
            f"{median(mine.cpu_us['one']) / median(wiremock.cpu_us['one']):.2f} x" if wiremock else "not measured",
        ),
        (
            "c=1 p99",
            "<= 0.3 x WireMock's",
            f"{slowest / median(wiremock.p99_us['alone']):.2f} x" if wiremock else f"{slowest:.0f} us",
        ),
        (
            "start to first answer",
            "<= 1/5 of Prism's",
            f"{mine.start_ms / figures['Prism'].start_ms:.2f} x" if "Prism" in figures else f"{mine.start_ms:.0f} ms",
        ),
        ("RSS idle / after 1,000,000 requests", "<= 40 MiB / +15 MiB", f"{idle:.0f} MiB / +{after - idle:.0f} MiB"),
        (
            "a quick request beside 1,000 hanging answers and 5,000 idle connections",
            "<= 5 ms",
            f"{middle:.2f} ms, the slowest of 200 {most:.2f} ms",
        ),
        (
            "CPU a request at " + ", ".join(f"{size:,}" for size in sizes) + " declared jobs",
            "flat",
            ", ".join(f"{cost:.1f} us" for cost in jobs),
        ),
        ("CPU a request at 1 and 1,000 namespaces", "flat", ", ".join(f"{cost:.1f} us" for cost in namespaces)),
        ("a line of the access log: the same poll, another one each time", "<= 5 us", f"{same:.1f} us, {others:.1f} us"),
        (
            "in process, another job each time: " + ", ".join(costs),
            "(no target)",
            ", ".join(f"{cost:.0f} us" for cost in costs.values()),
        ),
    ]


def plot(figures: Mapping[str, Any]) -> str:
    """`docs/performance.svg`: bars of requests a second, the one endpoint and the mix."""
    bars = [(name, one.rate("one"), one.rate("mix")) for name, one in figures.items() if one.rates["one"]]
    most, height = max(rate for _, *rates in bars for rate in rates), 44 * len(bars) + 50
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 760 {height}" font-family="sans-serif" font-size="13">',
        f'<rect width="760" height="{height}" fill="white"/>',
        '<text x="12" y="22" font-weight="bold">Requests a second, 16 connections</text>',
        '<text x="440" y="22" fill="#1f6feb">one endpoint</text><text x="560" y="22" fill="#8b949e">mix of five</text>',
    ]
    for index, (name, one, mix) in enumerate(bars):
        top = 40 + 44 * index
        parts.append(f'<text x="232" y="{top + 20}" text-anchor="end">{escape(name)}</text>')
        for offset, rate, colour in ((0, one, "#1f6feb"), (17, mix, "#8b949e")):
            if rate:
                width = rate / most * 430
                parts.append(f'<rect x="240" y="{top + offset}" width="{width:.1f}" height="15" fill="{colour}"/>')
                parts.append(f'<text x="{246 + width:.1f}" y="{top + offset + 12}" font-size="11">{rate:,.0f}</text>')
    return "\n".join([*parts, "</svg>", ""])
