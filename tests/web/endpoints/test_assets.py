"""Files by their names, and reports of browsers."""

from __future__ import annotations

import json
import re

from consentkit.web.endpoints.effects import Observe, ReadBody
from web.endpoints.driver import Driven, Site


def report(site: Site, host: str, **headers: str) -> Driven:
    """Send a browser's report."""
    body = {"csp-report": {"blocked-uri": f"https://{host}/x.js", "effective-directive": "script-src"}}
    return site.ask(
        "/_consent/csp",
        method="POST",
        headers={"content-type": "application/csp-report", **headers},
        results={ReadBody: json.dumps(body).encode()},
    )


def test_reports_are_counted() -> None:
    driven = report(Site(csp="report-only"), "ads.example")
    assert driven.only(Observe) == Observe("csp", ["script-src ads.example"])
    assert (driven.answer.status, driven.answer.headers) == (204, [(b"cache-control", b"no-store")])
    assert report(Site(csp="report-only"), "example.org").kinds == []
    assert report(Site(csp="report-only", keeps_log=False), "ads.example").kinds == []
    elsewhere = report(Site(csp="report-only"), "ads.example", **{"sec-fetch-site": "cross-site"})
    assert (elsewhere.answer.status, elsewhere.effects) == (403, [])


def test_files_by_their_old_names_as_well() -> None:
    site = Site()
    page = site.ask("/_consent/").answer.body.decode()
    name = re.findall(r"/_consent/assets/([^\"]+)", page)[0]
    stem, _, kind = name.split(".")
    current, old = (site.ask(f"/_consent/assets/{one}") for one in (name, f"{stem}.{'0' * 12}.{kind}"))
    assert current.answer.body == old.answer.body
    assert current.all("cache-control") == ["public, max-age=31536000, immutable"]
    assert old.all("cache-control") == ["no-cache"]
