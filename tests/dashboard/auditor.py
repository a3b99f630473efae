"""A log with something of everything, and auditors who look at it."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import httpx
from bs4 import BeautifulSoup
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.types import ASGIApp

from consentkit import ConsentLog, Policy
from consentkit.banner.assets import read_assets
from consentkit.banner.banner import make_notice
from consentkit.consent.consent import resolve
from consentkit.dashboard import Dashboard
from consentkit.record.entry import Bundle, Entry
from consentkit.signals import Signals
from log.samples import make_entry

TOKEN: Final = "Vd6k-1pXsJ_8fRtQ3zLwN9bYhG5mCa0e"
BEARER: Final = {"authorization": f"Bearer {TOKEN}"}
SITE: Final = "http://site.example"

NOW: Final = datetime(2026, 11, 22, 12, tzinfo=UTC)
TODAY, YESTERDAY, EARLIER = ((NOW - timedelta(days=days)).strftime("%Y-%m-%d") for days in (0, 1, 40))
SUBJECT: Final = "c3ViamVjdC1vbmU0"
POLICY: Final = Policy(uses=("google-analytics", "youtube"))


def made_bundle(locale: str = "en", at: str = f"{EARLIER}T08:00:00Z") -> Bundle:
    """Make the notice that visitors were shown."""
    consent = resolve(POLICY, POLICY.regimes_at(None), None, Signals(), now=int(NOW.timestamp()))
    notice = make_notice(POLICY, consent, locale)
    assets = {asset.hash: asset.body for asset in read_assets(POLICY)}
    return Bundle(hash=notice.hash, body=notice.body, assets=assets, at=at)


BUNDLE: Final = made_bundle()


def decided(day: str, hour: int = 9, **changes: object) -> Entry:
    """Make a grant of the visitor `SUBJECT`."""
    values = {"at": f"{day}T{hour:02}:00:00Z", "notice": BUNDLE.hash, "locale": "en", "subject": SUBJECT}
    return make_entry(**{**values, **changes})


def refused(day: str, hour: int = 9) -> Entry:
    """Make a refusal, which has no subject."""
    denied = ("analytics", "functional", "marketing")
    return decided(day, hour, subject=None, action="reject_all", granted=(), denied=denied)


def fill(log: ConsentLog) -> None:
    """Write the notice and seven decisions: 0 is the notice, 1 is from long ago, 2 closes that day."""
    log.commit([BUNDLE, decided(EARLIER, action="accept_all")])
    log.commit([decided(YESTERDAY, hour, action="accept_all", subject="c3ViamVjdC10d280") for hour in (8, 9)])
    log.commit([refused(YESTERDAY), decided(YESTERDAY, regime="opt-out", action="save")])
    log.commit([decided(TODAY, 0, action="withdraw", granted=()), decided(TODAY, 0, action="allow_vendor")])


def mounted(dashboard: ASGIApp, path: str = "/audit") -> Starlette:
    """Mount an app as sites do."""
    return Starlette(routes=[Mount(path, dashboard)])


def audited(log: Any, **options: Any) -> Starlette:
    """Mount a dashboard with the token."""
    return mounted(Dashboard(log, **{"token": TOKEN, **options}))


@asynccontextmanager
async def visiting(app: ASGIApp, *, base: str = SITE, **headers: str) -> AsyncIterator[httpx.AsyncClient]:
    """Speak HTTP to an app."""
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url=base, headers=headers) as client:
        yield client


@asynccontextmanager
async def auditing(log: Any, **options: Any) -> AsyncIterator[httpx.AsyncClient]:
    """Look at a log with the token."""
    async with visiting(audited(log, **options), base=f"{SITE}/audit/", **BEARER) as client:
        yield client


def read(answer: httpx.Response) -> BeautifulSoup:
    """Read a page that was answered with 200."""
    assert answer.status_code == 200, answer.text
    return BeautifulSoup(answer.text, "html.parser")


def rows(page: BeautifulSoup, caption: str) -> list[list[str]]:
    """Return the texts of a table's cells."""
    (table,) = [
        found for found in page.find_all("table") if found.caption and found.caption.get_text() == caption
    ]
    return [
        [cell.get_text(" ", strip=True) for cell in row.select("th, td")] for row in table.select("tbody tr")
    ]


def tiles(page: BeautifulSoup) -> dict[str, str]:
    """Return the overview's sums by their names."""
    return {
        tile.select("dt")[0].get_text(): tile.select("dd")[0].get_text().split()[0]
        for tile in page.select(".tiles div")
    }


@contextmanager
def tampering(path: Path) -> Iterator[sqlite3.Connection]:
    """Change a log behind its back."""
    with closing(sqlite3.connect(path)) as connection, connection:
        yield connection


async def failures(path: Path, address: str, **options: Any) -> list[str]:
    """Return what a page says does not hold."""
    async with auditing(path, **options) as client:
        page = read(await client.get(address))
    return [item.get_text(" ", strip=True) for item in page.select(".checks .fails")]
