"""Whole pages: settings, messages, and the document that stands in an embed's place."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import quote

from consentkit.banner.assets import read_assets
from consentkit.banner.form import state_field
from consentkit.banner.markup import Fragment, base_url, safe_path
from consentkit.banner.notice import make_notice
from consentkit.banner.templating import render, slots
from consentkit.banner.texts import FALLBACK, Texts, direction, fill, read_texts, shipped_locales
from consentkit.catalog import default_catalog
from consentkit.consent import Consent
from consentkit.policy import Policy, Purpose, Regime, Vendor


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
    gpc: bool = False,
    saved: bool = False,
) -> str:
    """Render the settings page.

    Args:
        policy: What to tell.
        consent: What holds now.
        locale: One of `available_locales`.
        prefix: Path prefix of the endpoints, `root_path` included.
        return_to: Path of the page that the visitor came from.
        gpc: Whether Sec-GPC was received.
        saved: Whether the visitor has just saved; the form's `return_to` leads here with ``saved=1``.

    Returns:
        HTML in ASCII, for ``text/html; charset=utf-8``.
    """
    texts = read_texts(policy, locale)
    vendors = _vendors(policy, consent)
    path = safe_path(return_to)
    return _page(
        "settings.html",
        policy,
        locale,
        base=base_url(prefix),
        consent=consent,
        contact_link=_contact_link(policy.site.contact),
        here=f"{prefix}/?saved=1&return_to={quote(path, safe='')}",
        notice=make_notice(policy, consent.regimes, locale).hash,
        return_to=path,
        rows=[_row(purpose, vendors, consent) for purpose in policy.purposes.values()],
        saved=saved,
        signal=_signal_line(policy, consent, texts) if gpc else "",
        state=_state_lines(consent, texts["settings"]),
        was=state_field(consent, _choosable(policy, vendors)),
        withdrawable=_withdrawable(consent),
    )


def render_message(
    policy: Policy, title: str, problem: str, *, locale: str, prefix: str, return_to: str = "/"
) -> str:
    """Render a page that says what went wrong.

    Args:
        policy: Its accent and texts.
        title: A few words.
        problem: One or two sentences.
        locale: One of `available_locales`.
        prefix: Path prefix of the endpoints, `root_path` included.
        return_to: Path of the page that the visitor came from.
    """
    values = {"title": title, "problem": problem, "return_to": safe_path(return_to)}
    return _page("message.html", policy, locale, base=base_url(prefix), **values)


def render_placeholder(
    policy: Policy,
    vendor_name: str,
    purpose_title: str,
    *,
    vendor_id: str,
    purpose_id: str,
    prefix: str,
    notice_hash: str,
    locale: str,
    return_to: str,
    origin: str = "",
) -> str:
    """Render the document for the `srcdoc` of a gated frame. It needs no script.

    Args:
        policy: Its accent and texts.
        vendor_name: Who the content comes from, as the visitor knows it.
        purpose_title: What allowing it is for.
        vendor_id: What "always" allows; where empty, the purpose is allowed instead.
        purpose_id: Id of the purpose.
        prefix: Path prefix of the endpoints, `root_path` included.
        notice_hash: Hash of the notice in force.
        locale: One of `available_locales`.
        return_to: Path of the page.
        origin: Given where the page's ``<base>`` is foreign, which such a document inherits.

    Returns:
        HTML in ASCII, not yet escaped for the attribute.
    """
    made = _placeholder(policy, vendor_name, purpose_title, vendor_id, purpose_id, locale)
    return made.fill(base=base_url(prefix, origin), return_to=return_to, notice=notice_hash)


@lru_cache(maxsize=512)
def _placeholder(
    policy: Policy, vendor_name: str, purpose_title: str, vendor_id: str, purpose_id: str, locale: str
) -> Fragment:
    return Fragment(
        _page(
            "embed.html",
            policy,
            locale,
            purpose=purpose_title,
            purpose_id=purpose_id,
            vendor=vendor_name,
            vendor_id=vendor_id,
            **slots("base", "notice", "return_to"),
        )
    )


def _page(template: str, policy: Policy, locale: str, **values: object) -> str:
    # Only banner texts can be the site's own: these pages speak what the package speaks.
    locale = locale if locale in shipped_locales() else FALLBACK
    return render(
        template,
        assets=read_assets(policy),
        dir=direction(locale),
        locale=locale,
        policy=policy,
        text=read_texts(policy, locale),
        **values,
    )


def _vendors(policy: Policy, consent: Consent) -> dict[str, Vendor]:
    """Return the declared vendors, and those of the catalog that this visitor allowed one by one."""
    vendors = dict(policy.vendors_declared)
    for ident in sorted(consent.vendors_granted - vendors.keys()):
        known = default_catalog().vendors.get(ident)
        if known is not None and known.purpose in policy.purposes:
            link = known.privacy_policy
            vendors[ident] = Vendor(id=ident, name=known.name, purpose=known.purpose, privacy_policy=link)
    return vendors


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
    chosen = "gpc_decided" if consent.source == "gpc" else "decided"
    lines = [(text[chosen], consent.decided_at)]
    if consent.decision.granted:
        lines.append((text["expires"], consent.expires_at))
    return [*lines, (text["asks_again"], None)] if consent.needs_prompt else lines


def _signal_line(policy: Policy, consent: Consent, texts: Texts) -> str:
    """Say what Sec-GPC did (California, regulations of the CPPA, section 7025(c)(6))."""
    sales = [purpose for purpose in policy.purposes.values() if purpose.sale]
    granted = [purpose for purpose in sales if consent.allows(purpose.id)]
    chosen = consent.decision.granted if consent.decision else frozenset[str]()
    key, named = "gpc_honoured", sales
    if granted:
        named = [purpose for purpose in granted if purpose.id in chosen]
        key = "gpc_overridden" if named else "gpc"
    titles = texts["common"]["separator"].join(purpose.title for purpose in named)
    return fill(texts["settings"][key if sales else "gpc"], purposes=titles)


def _withdrawable(consent: Consent) -> bool:
    optional = any(not consent.policy.purposes[name].required for name in consent.granted)
    return consent.decision is not None and (optional or bool(consent.vendors_granted))


def _contact_link(contact: str) -> str:
    if contact.startswith(("https://", "http://")):
        return contact
    return f"mailto:{contact}" if "@" in contact and " " not in contact else ""
