"""An invented log for the pictures of the auditor's pages: some weeks of a small site, the same each time."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import Final

from consentkit import ConsentLog, Place, Policy
from consentkit.banner.assets import read_assets
from consentkit.banner.banner import make_notice
from consentkit.consent.consent import Consent, resolve
from consentkit.record.entry import Bundle, Entry, uuid7
from consentkit.signals import Signals
from examples.news.site import HERE

DAYS: Final = 60
ACTIONS: Final = {"accept_all": 46, "reject_all": 36, "save": 11, "allow_vendor": 3, "withdraw": 4}
GRANTED: Final = {
    "accept_all": ("analytics", "functional", "marketing"),
    "save": ("analytics",),
    "allow_vendor": ("youtube",),
}
PLACES: Final = {"DE": Place(country="DE"), "FR": Place(country="FR"), "US": Place(country="US", region="CA")}
LOCALES: Final = {"DE": "de", "FR": "fr", "US": "en"}


def invent(path: Path, *, now: datetime) -> None:
    """Write the log of the weeks before `now` to a file.

    Args:
        path: A file that is not there yet.
        now: The time, UTC.
    """
    policy = Policy.from_toml(HERE / "consent.toml")
    chance = random.Random(60)
    with ConsentLog(path) as log:
        first = now - timedelta(days=DAYS)
        bundles = {country: _bundle(policy, country, first) for country in PLACES}
        log.commit(list(bundles.values()))
        for number in range(DAYS):
            entries = list(_entries(policy, bundles, first + timedelta(days=number + 1), chance))
            log.commit(entries)
            for _ in range(chance.randint(250, 400)):
                country = chance.choice(list(PLACES))
                regime = _consent(policy, country).regime.value
                log.observed.add("shown", [f"{regime} {LOCALES[country]}"], now=_seconds(entries[0].at))
            log.write_observations()


def _entries(
    policy: Policy, bundles: dict[str, Bundle], day: datetime, chance: random.Random
) -> Iterator[Entry]:
    weekend = day.weekday() > 4
    count = chance.randint(30, 45) if weekend else chance.randint(60, 85)
    for number in range(count):
        country = chance.choices(list(PLACES), weights=[5, 2, 3])[0]
        action = chance.choices(list(ACTIONS), weights=list(ACTIONS.values()))[0]
        at = datetime.combine(day, time(), UTC) + timedelta(seconds=number * 60)
        granted = GRANTED.get(action, ())
        yield Entry(
            id=uuid7(int(at.timestamp() * 1000)),
            at=_written(at),
            subject=f"{chance.getrandbits(128):032x}" if granted or action == "withdraw" else None,
            regime=_consent(policy, country).regime.value,
            country=country,
            action=action,
            source="settings" if action in ("save", "withdraw") else "banner",
            granted=granted,
            denied=tuple(sorted({"analytics", "functional", "marketing"} - {*granted})),
            fingerprints=dict(policy.fingerprints),
            notice=bundles[country].hash,
            locale=LOCALES[country],
            expires=_written(at + timedelta(days=180)),
        )


def _consent(policy: Policy, country: str) -> Consent:
    place = PLACES[country]
    return resolve(
        policy,
        policy.regimes_at(place),
        None,
        Signals(),
        now=0,
        required_links=policy.required_links_at(place),
    )


def _bundle(policy: Policy, country: str, at: datetime) -> Bundle:
    notice = make_notice(policy, _consent(policy, country), LOCALES[country])
    assets = {asset.hash: asset.body for asset in read_assets(policy)}
    return Bundle(hash=notice.hash, body=notice.body, assets=assets, at=_written(at))


def _written(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def _seconds(at: str) -> int:
    return int(datetime.fromisoformat(at).timestamp())
