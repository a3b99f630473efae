"""Lighthouse on the demo's article with the banner, as a visitor first meets it, against the one without.

Without means: the same site without the middleware, and without the tags of vendors, which the gate holds
back on the other side. So everything that the middleware adds counts against it, and nothing that it takes
away counts for it. No host but this machine can be reached on either side.
"""

from __future__ import annotations

import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple, Self

from jinja2 import ChoiceLoader, DictLoader
from starlette.applications import Starlette
from starlette.types import ASGIApp

from bench.goals import judge
from consentkit import Policy
from e2e import chromium
from e2e.serving import ARTICLE, Served
from examples.news.settings import Settings
from examples.news.site import HERE, build, read_site

RUNS = 7
PRESETS = ("mobile", "desktop")
SIDES = ("without", "banner")
PROGRAM = Path(sys.prefix) / "node" / "node_modules" / "lighthouse" / "cli" / "index.js"
_VENDORS = {"_vendors_head.html": "", "_vendors_body.html": ""}
_CHROMIUM = '--headless=new --no-sandbox --host-resolver-rules="MAP * ~NOTFOUND , EXCLUDE 127.0.0.1"'
_OPTIONS = (
    "--quiet",
    "--output=json",
    "--no-enable-error-reporting",
    "--only-categories=performance,accessibility",
    '--extra-headers={"CF-IPCountry": "DE"}',
    f"--chrome-flags={_CHROMIUM}",
)
_LCP = "largest-contentful-paint"


class Report(NamedTuple):
    """What one run found.

    Attributes:
        performance: Score, 0 to 100.
        shift: Cumulative layout shift.
        paint: Largest contentful paint, in milliseconds, as Lighthouse models its preset's device and line.
        element: Selector of what was painted.
        accessibility: Score, 0 to 100.
        complaints: Accessibility audits that failed.
    """

    performance: float
    shift: float
    paint: float
    element: str
    accessibility: float
    complaints: tuple[str, ...]

    @property
    def ours(self) -> bool:
        """Whether the largest paint is of the banner."""
        return "consentkit" in self.element

    @classmethod
    def read(cls, report: dict[str, Any]) -> Self:
        """Take what counts from Lighthouse's own report."""
        audits, categories = report["audits"], report["categories"]
        references = categories["accessibility"]["auditRefs"]
        return cls(
            performance=100 * categories["performance"]["score"],
            shift=audits["cumulative-layout-shift"]["numericValue"],
            paint=audits[_LCP]["numericValue"],
            element=audits[f"{_LCP}-element"]["details"]["items"][0]["items"][0]["node"]["selector"],
            accessibility=100 * categories["accessibility"]["score"],
            complaints=tuple(
                reference["id"] for reference in references if audits[reference["id"]]["score"] == 0
            ),
        )


def missing() -> str:
    """Say what is missing, and how to get it; nothing if all is there."""
    if shutil.which("node") is None:
        return "needs node on the path (Debian: apt-get install nodejs npm)"
    if not PROGRAM.is_file():
        return "needs lighthouse (`make bench` installs it where npm is on the path)"
    return "" if chromium.find() else chromium.HOW


def without() -> ASGIApp:
    """Return the demo's site as if nobody had to be asked."""
    site = read_site(Policy.from_toml(HERE / "consent.toml"))
    environment = site.templates.env
    assert environment.loader is not None
    environment.loader = ChoiceLoader([DictLoader(_VENDORS), environment.loader])
    return Starlette(routes=site.routes())


@contextmanager
def served() -> Iterator[dict[str, str]]:
    """Serve both sides and yield the addresses of the article."""
    with tempfile.TemporaryDirectory() as data:
        settings = Settings(port=0, data=Path(data), secret="Zq4v-8mWkT1xR6dY_3hLbN7cJ0pSfUe2")
        with Served(without()) as bare, Served(build(settings)) as banner:
            yield {"without": bare.url + ARTICLE, "banner": banner.url + ARTICLE}


def run(url: str, preset: str) -> Report:
    """Run Lighthouse once.

    Args:
        url: What to load, in a fresh profile.
        preset: ``mobile`` or ``desktop``.
    """
    command = ["node", str(PROGRAM), url, *_OPTIONS, *(["--preset=desktop"] if preset == "desktop" else [])]
    environment = {**os.environ, "CHROME_PATH": chromium.find() or ""}
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True, env=environment, timeout=180)
    return Report.read(json.loads(done.stdout))


def score(reports: Sequence[Report]) -> float:
    """Return the median of a side's scores."""
    return statistics.median(report.performance for report in reports)


def line(preset: str, side: str, reports: Sequence[Report]) -> str:
    """Say what the runs of one side have found."""
    elements = ", ".join(sorted({report.element for report in reports}))
    complaints = sorted({complaint for report in reports for complaint in report.complaints})
    return (
        f"  {preset:8} {side:8} performance {score(reports):3.0f}"
        f"  shift {max(report.shift for report in reports):.3f}"
        f"  LCP {statistics.median(report.paint for report in reports):5.0f} ms ({elements})"
        f"  accessibility {min(report.accessibility for report in reports):3.0f} {' '.join(complaints)}"
    )


def measure(urls: Mapping[str, str], preset: str) -> dict[str, list[Report]]:
    """Run Lighthouse on both sides in turn, and return what it found by side."""
    found: dict[str, list[Report]] = {side: [] for side in SIDES}
    for _ in range(RUNS):
        for side in SIDES:
            found[side].append(run(urls[side], preset))
    return found


def main() -> bool:
    """Print what both sides get and say whether the banner costs anything."""
    if why := missing():
        print(f"lighthouse: left out, {why}")
        return True
    print(f"lighthouse: the demo's article, first visit from Germany; {RUNS} runs, sides in turn; medians")
    with served() as urls:
        found = {preset: measure(urls, preset) for preset in PRESETS}
    for preset, sides in found.items():
        for side, reports in sides.items():
            print(line(preset, side, reports))
    banners = [report for sides in found.values() for report in sides["banner"]]
    lost = [score(sides["without"]) - score(sides["banner"]) for sides in found.values()]
    return all(
        [
            judge("lighthouse: points of performance lost", max(lost)),
            judge("lighthouse: layout shift", max(report.shift for report in banners)),
            judge("lighthouse: largest paint is the banner's", sum(report.ours for report in banners)),
            judge("lighthouse: accessibility", min(report.accessibility for report in banners)),
        ]
    )


if __name__ == "__main__":
    raise SystemExit(not main())
