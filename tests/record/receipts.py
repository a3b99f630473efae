"""A visitor's story with real notices, for the tests of receipts."""

from __future__ import annotations

from consentkit.banner.banner import make_notice
from consentkit.consent.consent import resolve
from consentkit.consent.notice import Notice
from consentkit.policy import Cookie, Place, Policy, Purpose, Site, Vendor
from consentkit.record.entry import Bundle, Entry, uuid7
from consentkit.signals import Signals

SITE = Site(controller="Odu & Söhne, Platz 1, Linz", contact="privacy@odu.example", privacy_policy="/privacy")
SETTINGS = "https://odu.example/_consent/"
SUBJECT = "c3ViamVjdC1vbmU0"
ID = "0b54c8ae-9a52-4c7c-9f6e-2f2f6f3c1a11"
NOW = "2026-12-24T08:00:00Z"

POLICY = Policy(
    site=SITE,
    purposes={"surveys": Purpose(title="Umfragen", description="Fragt, wie es war.")},
    vendors={
        "newsroom": Vendor(
            name="Newsroom",
            purpose="analytics",
            retention="14 months",
            cookies=(Cookie(name="_nr", retention="30 days"), Cookie(name="_nrs", retention="session")),
            privacy_policy="https://newsroom.example/privacy",
            country="US",
            own_use=False,
        ),
        "ads": Vendor(name="Ads", purpose="marketing"),
        "tube": Vendor(name="Tube", purpose="functional"),
    },
)


def notice_for(policy: Policy = POLICY, country: str = "AT", locale: str = "de") -> Notice:
    """Make the notice that a new visitor in a country sees."""
    place = Place(country=country)
    consent = resolve(policy, policy.regimes_at(place), None, Signals(), now=0)
    return make_notice(policy, consent, locale)


def publish(notice: Notice, at: str) -> Bundle:
    """Make what publishes a notice."""
    return Bundle(hash=notice.hash, body=notice.body, at=at)


NOTICE = notice_for()
OTHER = notice_for(country="US", locale="en")


class Story:
    """Makes one visitor's decisions, each with an id of its own."""

    def __init__(self, subject: str | None = SUBJECT) -> None:
        self._subject = subject
        self._milliseconds = 1_800_000_000_000

    def decide(
        self,
        at: str,
        granted: str = "",
        denied: str = "",
        *,
        action: str = "save",
        expires: str = "",
        notice: Notice = NOTICE,
        country: str = "AT",
    ) -> Entry:
        """Make a decision; names are separated by spaces."""
        return Entry(
            id=self._id(),
            at=at,
            subject=self._subject,
            regime=notice.regime.value,
            country=country,
            action=action,
            source="settings",
            granted=tuple(sorted(granted.split())),
            denied=tuple(sorted(denied.split())),
            notice=notice.hash,
            locale=notice.locale,
            expires=expires,
        )

    def invalidate(self, entry: Entry, at: str) -> Entry:
        """Note that a decision was not honoured."""
        return Entry(id=self._id(), type="invalidated", at=at, previous=entry.id, subject=self._subject)

    def _id(self) -> str:
        self._milliseconds += 1
        return uuid7(self._milliseconds)
