"""Markup of the banner, of pages with it, and of pages of the package's own, for tests."""

from __future__ import annotations

import html
from typing import TypedDict

from consentkit.banner.banner import render_banner, render_head, render_link
from consentkit.banner.languages import direction
from consentkit.banner.pages import Placeholder, render_message, render_placeholder
from consentkit.consent.consent import Consent
from consentkit.policy import Policy

PARAGRAPH = '<p>Text with a <a href="/x">link</a>.</p>'
ARTICLE = f"<main><h1>A story</h1>{PARAGRAPH * 24}</main>"


class Where(TypedDict):
    locale: str
    prefix: str
    return_to: str


def where(locale: str = "en") -> Where:
    return Where(locale=locale, prefix="/_consent", return_to="/story")


def document(policy: Policy, body: str, *, locale: str = "en", head: str = "", article: str = ARTICLE) -> str:
    """Return a page of the site in a language, with the package's files in its head."""
    links = render_head(policy, prefix="/_consent")
    viewport = '<meta name="viewport" content="width=device-width, initial-scale=1">'
    opening = f'<!doctype html><html lang="{locale}" dir="{direction(locale)}">'
    meta = f'<head><meta charset="utf-8">{viewport}<title>Story</title>'
    return f"{opening}{meta}{links}{head}</head><body>{body}{article}</body></html>"


def banner_page(policy: Policy, consent: Consent, locale: str = "en", **how: str) -> str:
    """Return a page with the banner."""
    return document(policy, render_banner(policy, consent, **where(locale)), locale=locale, **how)


def link_page(policy: Policy, consent: Consent, locale: str = "en", **how: str) -> str:
    """Return a page with the link to the settings."""
    return document(policy, render_link(policy, consent, **where(locale)), locale=locale, **how)


def message_page(policy: Policy, locale: str = "en") -> str:
    """Return a message."""
    return render_message(policy, "choose_again", "stale", **where(locale))


def embed_page(policy: Policy, consent: Consent, locale: str = "en") -> str:
    """Return a page with a placeholder, as small as any and as large as a video."""
    shown = Placeholder("tube", "functional", "Tube", plays=True, title="A story told")
    frame = render_placeholder(policy, shown, notice_hash="0" * 64, **where(locale))
    embeds = "".join(
        f'<iframe title="{size}" width="{size[0]}" height="{size[1]}" srcdoc="{html.escape(frame)}"></iframe>'
        for size in ((300, 150), (640, 360))
    )
    style = "<style>iframe { max-width: 100%; border: 0 }</style>"
    return link_page(policy, consent, locale, head=style, article=f"<main><h1>A story</h1>{embeds}</main>")
