"""Whole pages: settings, messages, and the document that stands in an embed's place."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Final, NamedTuple, Unpack
from urllib.parse import quote

from consentkit.banner.assets import read_assets
from consentkit.banner.form import state_field
from consentkit.banner.history import Choice, History, tell
from consentkit.banner.languages import direction, find_locale
from consentkit.banner.markup import Fragment, Where, escape
from consentkit.banner.notice import make_notice, render_banner, render_link
from consentkit.banner.templating import read_templates, render, slots
from consentkit.banner.texts import FALLBACK, Words, fill, read_words, shipped_locales
from consentkit.catalog import default_catalog, safe_path
from consentkit.consent import Consent, resolve
from consentkit.exceptions import ConfigurationError
from consentkit.policy import NECESSARY, Policy, Purpose, Regime, Vendor
from consentkit.signals import Signals

SIGNALS: Final = {"gpc": "Global Privacy Control", "dnt": "Do Not Track"}
"""What signals are called, in every language."""

_BUTTON: Final = re.compile(r"<button\b[^>]*>")
# The letters of Consent-O-Matic's categories, for tools that answer for people; other purposes are "X".
_CATEGORIES: Final = {"functional": "A", "analytics": "B", "marketing": "F"}


class _Row(NamedTuple):
    purpose: Purpose
    vendors: tuple[Vendor, ...]
    expanded: bool  # a vendor's box differs from the purpose's


def render_settings(
    policy: Policy,
    consent: Consent,
    *,
    locale: str,
    prefix: str,
    return_to: str,
    saved: bool = False,
    erased: bool = False,
    framed: bool = False,
    history: History | None = None,
) -> str:
    """Render the settings page.

    Args:
        policy: What to tell.
        consent: What holds now.
        locale: One of `available_locales`.
        prefix: Path prefix of the endpoints, `root_path` included.
        return_to: Path of the page that the visitor came from.
        saved: Whether the visitor has just saved; the form's `return_to` leads here with ``saved=1``.
        erased: Whether the visitor has just erased the history, in the same way.
        framed: Whether it is shown in the dialog of another page, which has its own way back.
        history: What the site has recorded of the visitor; ``None`` where it keeps no record.

    Returns:
        HTML in ASCII, for ``text/html; charset=utf-8``.
    """
    words = _words(policy, locale)
    vendors = _vendors(words, consent)
    told = tell(history, words) if history else []
    path = safe_path(return_to)
    query = f"return_to={quote(path, safe='')}&locale={words.locale}{'&framed=1' if framed else ''}"
    return _page(
        "settings.html",
        policy,
        words,
        base=prefix,
        categories=_CATEGORIES,
        consent=consent,
        contact_link=_contact_link(policy.site.contact),
        done=_done(words, consent, saved=saved, erased=erased and not told),
        erased_here=f"{prefix}/?erased=1&{query}",
        foreign="" if words.locale.partition("-")[0] == FALLBACK else FALLBACK,
        framed=framed,
        here=f"{prefix}/?saved=1&{query}",
        history=history,
        notice=make_notice(policy, consent, words.locale).hash,
        receipt=f"{prefix}/receipt?{query}",
        return_to=path,
        rows=[_row(purpose, vendors, consent) for purpose in words.purposes.values()],
        signal=_signal_line(words, consent) if consent.signal else "",
        state=_state_lines(consent, words.texts["settings"]),
        told=told,
        unsaid=words.english | (vendors.keys() - words.vendors.keys()),
        was=state_field(consent, _choosable(policy, vendors)),
        withdrawable=consent.decision is not None and consent.opens,
    )


def render_message(
    policy: Policy,
    title: str,
    problem: str,
    *,
    locale: str,
    prefix: str,
    return_to: str = "/",
    framed: bool = False,
) -> str:
    """Render a page that says what went wrong.

    Args:
        policy: Its colours and texts.
        title: A few words: a key of the texts `problem`, or the words themselves.
        problem: One or two sentences, in the same way.
        locale: One of `available_locales`.
        prefix: Path prefix of the endpoints, `root_path` included.
        return_to: Path of the page that the visitor came from.
        framed: Whether it is shown in the dialog of another page, which has its own way back.
    """
    words = _words(policy, locale)
    return _page(
        "message.html",
        policy,
        words,
        base=prefix,
        foreign="" if words.locale.partition("-")[0] == FALLBACK else FALLBACK,
        framed=framed,
        problem=problem_text(policy, problem, locale=locale),
        return_to=safe_path(return_to),
        said=problem in words.texts["problem"],
        title=problem_text(policy, title, locale=locale),
    )


def check_templates(policy: Policy) -> None:
    """Render everything once, where a site has templates of its own.

    Raises:
        ConfigurationError: A template cannot be read, or names what is not there; it says which.
    """
    if not policy.banner.templates:
        return
    read_templates(policy.banner.templates)
    where = Where(prefix="/", return_to="/")
    history = History(choices=(Choice(at="1970-01-01T00:00:00Z", denied=(NECESSARY,)),))
    for regime in Regime:
        regimes = dict.fromkeys(policy.purposes, regime)
        consent = resolve(policy, regimes, None, Signals(gpc=True), now=0, gpc_binding=False)
        _check_buttons(render_banner(policy, consent, locale=FALLBACK, **where))
        render_link(policy, consent, locale=FALLBACK, **where)
        render_settings(policy, consent, history=history, locale=FALLBACK, prefix="/", return_to="/")
    render_message(policy, "title", "stale", locale=FALLBACK, prefix="/")
    for forms in (True, False):
        shown = Placeholder("", NECESSARY, forms=forms)
        render_placeholder(policy, shown, notice_hash="", locale=FALLBACK, title="T", poster="P", **where)


def _check_buttons(banner: str) -> None:
    """Refuse a banner whose buttons would do nothing: its form stands beside them, not around them."""
    for button in _BUTTON.findall(banner):
        if 'name="action"' in button and 'form="consentkit-form"' not in button:
            problem = f'a button of the banner needs form="consentkit-form": {button}'
            raise ConfigurationError(problem, path="banner.templates")


def problem_text(policy: Policy, problem: str, *, locale: str) -> str:
    """Return what a key of the texts `problem` says in a locale, or the argument itself if it is no key."""
    text = _words(policy, locale).texts["problem"].get(problem, problem)
    return fill(text, signal=SIGNALS["gpc"])


class Placeholder(NamedTuple):
    """What a placeholder is for, and how it looks.

    Attributes:
        vendor: What "always" allows; where empty, the purpose is allowed instead.
        purpose: Id of the purpose.
        name: What an undeclared vendor is called.
        plays: Whether the content is video or audio.
        target: Where forms and link lead, as browsers name it; where empty, there are none.
        forms: Whether forms can be sent from the page; where not, there is a link to the settings.
        titled: Whether the content has a title of its own.
        pictured: Whether there is a picture of it.
    """

    vendor: str
    purpose: str
    name: str = ""
    plays: bool = False
    target: str = "_parent"
    forms: bool = True
    titled: bool = False
    pictured: bool = False


def party_name(policy: Policy, locale: str, vendor: str, purpose: str, name: str = "") -> str:
    """Return what a vendor is called in a locale, or a purpose where `vendor` is empty.

    Args:
        policy: Its words.
        locale: One of `available_locales`.
        vendor: Id of the vendor.
        purpose: Id of the purpose.
        name: What an undeclared vendor is called.
    """
    words = _words(policy, locale, "embed")
    if not vendor:
        return words.purposes[purpose].title if purpose in words.purposes else purpose
    return words.vendors[vendor].name if vendor in words.vendors else name


def render_placeholder(
    policy: Policy,
    shown: Placeholder,
    *,
    notice_hash: str,
    locale: str,
    title: str = "",
    poster: str = "",
    **where: Unpack[Where],
) -> str:
    """Render the document for the `srcdoc` of a gated frame. It needs no script.

    Args:
        policy: Its accent and texts.
        shown: What it is for.
        notice_hash: Hash of the notice in force.
        locale: One of `available_locales`.
        title: Title of the content.
        poster: Address of a picture of it, which this visitor's browser may fetch.
        where: See `consentkit.banner.markup.Where`; such a document inherits the page's ``<base>``.

    Returns:
        HTML in ASCII, not yet escaped for the attribute.
    """
    shown = shown._replace(titled=bool(title), pictured=bool(poster))
    said = {"title": escape(title), "poster": escape(poster)}
    return _placeholder(policy, shown, locale).fill(notice=notice_hash, **said, **where)


@lru_cache(maxsize=512)
def _placeholder(policy: Policy, shown: Placeholder, locale: str) -> Fragment:
    words = _words(policy, locale, "embed")
    return Fragment(
        _page(
            "embed.html",
            policy,
            words,
            purpose=party_name(policy, locale, "", shown.purpose),
            shown=shown,
            vendor=party_name(policy, locale, shown.vendor, shown.purpose, shown.name),
            **slots("base", "notice", "poster", "return_query", "return_to", "title"),
        )
    )


def _words(policy: Policy, locale: str, section: str = "settings") -> Words:
    """Return what these pages say: in a locale of the site's own only if it has words for them."""
    speaks = find_locale(locale, shipped_locales()) or section in policy.banner.text.get(locale, {})
    return read_words(policy, locale if speaks else FALLBACK)


def _page(template: str, policy: Policy, words: Words, **values: object) -> str:
    return render(
        template,
        folder=policy.banner.templates,
        assets=read_assets(policy),
        dir=direction(words.locale),
        locale=words.locale,
        logo=policy.banner.logo,
        policy=policy,
        text=words.texts,
        theme=policy.banner.theme,
        words=words,
        **values,
    )


def _vendors(words: Words, consent: Consent) -> dict[str, Vendor]:
    """Return the declared vendors, and those of the catalog that this visitor allowed one by one."""
    vendors = dict(words.vendors)
    for ident in sorted(consent.vendors_granted - vendors.keys()):
        known = default_catalog().vendors.get(ident)
        if known is not None and known.purpose in words.purposes:
            link = known.privacy_policy
            vendors[ident] = Vendor(id=ident, name=known.name, purpose=known.purpose, privacy_policy=link)
    return vendors


def _done(words: Words, consent: Consent, *, saved: bool, erased: bool) -> str:
    """Say what was done. A browser that sends no decision after one was saved refuses cookies."""
    text = words.texts["settings"]
    if saved and not erased and consent.source != "invalid" and consent.decision is None:
        return words.texts["common"]["blocked"]
    return text["erased"] if erased else text["saved"] if saved else ""


def _choosable(policy: Policy, vendors: Mapping[str, Vendor]) -> list[Vendor]:
    return [vendor for vendor in vendors.values() if not policy.purposes[vendor.purpose].required]


def _row(purpose: Purpose, vendors: Mapping[str, Vendor], consent: Consent) -> _Row:
    own = tuple(vendor for vendor in vendors.values() if vendor.purpose == purpose.id)
    allowed = consent.allows(purpose.id)
    differs = any(consent.allows_known(vendor.id, purpose.id) is not allowed for vendor in own)
    return _Row(purpose, own, differs)


def _state_lines(consent: Consent, text: Mapping[str, str]) -> list[tuple[str, int | None]]:
    """Return sentences on what holds now, each with the epoch seconds of its ``{date}``."""
    if consent.source == "invalid":
        return [(text["invalid"], None)]
    if consent.decision is None:
        key = "undecided_opt-in" if consent.regime is Regime.OPT_IN else "undecided_other"
        return [(text[key], None)]
    chosen = "signal_decided" if consent.source == "gpc" else "decided"
    lines = [(fill(text[chosen], signal=SIGNALS["gpc"]), consent.decided_at)]
    if consent.decision.granted:
        lines.append((text["expires"], consent.expires_at))
    return [*lines, (text["asks_again"], None)] if consent.needs_prompt else lines


def _signal_line(words: Words, consent: Consent) -> str:
    """Say what the browser's signal did (California, regulations of the CPPA, section 7025(c)(6))."""
    sales = [purpose for purpose in words.purposes.values() if purpose.sale]
    granted = [purpose for purpose in sales if consent.allows(purpose.id)]
    chosen = consent.decision.granted if consent.decision else frozenset[str]()
    key, named = "signal_honoured", sales
    if granted:
        named = [purpose for purpose in granted if purpose.id in chosen]
        key = "signal_overridden" if named else "signal"
    titles = words.texts["common"]["separator"].join(purpose.title for purpose in named)
    text = words.texts["settings"][key if sales else "signal"]
    return fill(text, purposes=titles, signal=SIGNALS[consent.signal])


def _contact_link(contact: str) -> str:
    if contact.startswith(("https://", "http://")):
        return contact
    return f"mailto:{contact}" if "@" in contact and " " not in contact else ""
