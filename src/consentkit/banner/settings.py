"""The settings page: the current consent, the form to change it, and the visitor's history."""

from collections.abc import Iterable, Mapping
from typing import Final
from urllib.parse import quote

import msgspec

from consentkit.banner.banner import make_notice
from consentkit.banner.markup import render
from consentkit.banner.texts import Words, fill, page_words
from consentkit.catalog import default_catalog, safe_path
from consentkit.consent.consent import Consent
from consentkit.policy import Policy, Purpose, Regime, Vendor

SIGNALS: Final = {"gpc": "Global Privacy Control", "dnt": "Do Not Track"}
"""Names of the signals, the same in every language."""

MAX_CHOICES: Final = 50
"""Maximum choices on the page; the receipt has all."""

# The letters of Consent-O-Matic's categories, for tools that answer for people; other purposes are "X".
_CATEGORIES: Final = {"functional": "A", "analytics": "B", "marketing": "F"}


class Choice(msgspec.Struct, frozen=True, kw_only=True):
    """One choice in a visitor's history.

    Attributes:
        at: When it was made, RFC 3339 in UTC.
        granted: Ids of purposes and vendors.
        denied: The same.
        in_settings: Whether it was made in the settings; else on a page of the site.
    """

    at: str
    granted: tuple[str, ...] = ()
    denied: tuple[str, ...] = ()
    in_settings: bool = False


class History(msgspec.Struct, frozen=True, kw_only=True):
    """The log's entries with a visitor's id.

    Attributes:
        choices: Newest first; empty for a visitor without an id.
        readable: False if the log cannot be read now.
    """

    choices: tuple[Choice, ...] = ()
    readable: bool = True


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
    """Render the settings page, as HTML in ASCII.

    Args:
        policy: The policy.
        consent: The consent.
        locale: One of `available_locales`.
        prefix: Path prefix of the endpoints, `root_path` included.
        return_to: Path of the page that the visitor came from.
        saved: Whether the visitor has just saved.
        erased: Whether the visitor has just erased the history.
        framed: Whether it is shown in the dialog of another page, which has its own way back.
        history: The visitor's history; ``None`` if the site keeps no log.
    """
    words = page_words(policy, locale)
    told = [_told(choice, words) for choice in history.choices[:MAX_CHOICES]] if history else []
    return render(
        "settings.html",
        policy,
        words,
        consent=consent,
        done=_done(words, consent, saved=saved, erased=erased and not told),
        framed=framed,
        history=history,
        told=told,
        **_links(prefix, safe_path(return_to), words.locale, framed=framed),
        **_state(policy, consent, words),
    )


def _state(policy: Policy, consent: Consent, words: Words) -> dict[str, object]:
    """Return the template values that depend on the consent."""
    vendors, contact = _vendors(words, consent), policy.site.contact
    mail = f"mailto:{contact}" if "@" in contact and " " not in contact else ""
    return {
        "categories": _CATEGORIES,
        "contact_link": contact if contact.startswith(("https://", "http://")) else mail,
        "notice": make_notice(policy, consent, words.locale).hash,
        "rows": [_row(purpose, vendors, consent) for purpose in words.purposes.values()],
        "signal": _signal_line(words, consent) if consent.signal else "",
        "state": _state_lines(consent, words.texts["settings"]),
        "unsaid": words.english | (vendors.keys() - words.vendors.keys()),
        "was": _state_field(consent, vendors.values()),
        "withdrawable": consent.decision is not None and consent.opens,
    }


def _links(prefix: str, path: str, locale: str, *, framed: bool) -> dict[str, str]:
    """Return the URLs of the page's links. Forms return to the page, with ``saved=1`` or ``erased=1``."""
    query = f"return_to={quote(path, safe='')}&locale={locale}{'&framed=1' if framed else ''}"
    return {
        "base": prefix,
        "here": f"{prefix}/?saved=1&{query}",
        "erased_here": f"{prefix}/?erased=1&{query}",
        "receipt": f"{prefix}/receipt?{query}",
        "return_to": path,
    }


def _vendors(words: Words, consent: Consent) -> dict[str, Vendor]:
    """Return the declared vendors, and those of the catalog that this visitor allowed one by one."""
    vendors = dict(words.vendors)
    for ident in sorted(consent.vendors_granted - vendors.keys()):
        known = default_catalog().vendors.get(ident)
        if known is not None and known.purpose in words.purposes:
            link = known.privacy_policy
            vendors[ident] = Vendor(id=ident, name=known.name, purpose=known.purpose, privacy_policy=link)
    return vendors


def _row(purpose: Purpose, vendors: Mapping[str, Vendor], consent: Consent) -> tuple[object, ...]:
    """Return a purpose, its vendors, and whether a vendor's box differs from the purpose's."""
    own = [vendor for vendor in vendors.values() if vendor.purpose == purpose.id]
    allowed = consent.allows(purpose.id)
    return purpose, own, any(consent.allows_known(vendor.id, purpose.id) is not allowed for vendor in own)


def _done(words: Words, consent: Consent, *, saved: bool, erased: bool) -> str:
    """Return the message after a form. No decision after one was saved: the browser refuses cookies."""
    text = words.texts["settings"]
    if saved and not erased and consent.source != "invalid" and consent.decision is None:
        return words.texts["common"]["blocked"]
    return text["erased"] if erased else text["saved"] if saved else ""


def _state_lines(consent: Consent, text: Mapping[str, str]) -> list[tuple[str, int | None]]:
    """Return sentences about the current consent, each with the epoch seconds of its ``{date}``."""
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
    """Return a sentence about the browser's signal (CPPA regulations, section 7025(c)(6))."""
    sales = [purpose for purpose in words.purposes.values() if purpose.sale]
    granted = [purpose for purpose in sales if consent.allows(purpose.id)]
    chosen = consent.decision.granted if consent.decision else frozenset[str]()
    key, named = "signal_honoured", sales
    if granted:
        named = [purpose for purpose in granted if purpose.id in chosen]
        key = "signal_overridden" if named else "signal"
    text = words.texts["settings"][key if sales else "signal"]
    return fill(text, purposes=words.join(one.title for one in named), signal=SIGNALS[consent.signal])


def _told(choice: Choice, words: Words) -> dict[str, object]:
    """Return a choice's template values; `answers` pairs "Allowed" and "Refused" with titles."""
    text = words.texts["settings"]
    answers = (text["allowed"], choice.granted), (text["refused"], choice.denied)
    return {
        "at": choice.at,
        "day": choice.at[:10],
        "time": choice.at[11:16],
        "where": words.texts["common"]["settings"] if choice.in_settings else text["on_page"],
        "answers": [(label, _titles(names, words)) for label, names in answers if names],
    }


def _titles(names: Iterable[str], words: Words) -> str:
    """Join titles: purposes first, in the page's order. Names that left the policy are shown as ids."""
    order = {ident: index for index, ident in enumerate(words.purposes)}
    catalog = default_catalog().vendors
    return words.join(
        words.name(name, catalog[name].name if name in catalog else name)
        for name in sorted(names, key=lambda name: (order.get(name, len(order)), name))
    )


def _state_field(consent: Consent, vendors: Iterable[Vendor]) -> str:
    """Return the form's hidden field `was`: each box as it was shown, ``+`` for ticked and ``-`` for not."""
    optional = _optional(consent.policy)
    boxes = {ident: consent.allows(ident) for ident in optional}
    choosable = (vendor for vendor in vendors if vendor.purpose in optional)
    boxes |= {vendor.id: consent.allows_known(vendor.id, vendor.purpose) for vendor in choosable}
    return " ".join(f"{'+' if ticked else '-'}{ident}" for ident, ticked in boxes.items())


def read_choices(policy: Policy, *, ticked: Iterable[str], was: str = "") -> frozenset[str]:
    """Read what a saved settings form grants, as `consentkit.consent.choose` takes it.

    Without the script a vendor's box that was left alone follows its purpose's box: ``was="-analytics -ga"``
    with ``analytics`` ticked grants both. The script moves the vendors' boxes itself and writes ``=`` for
    ``+`` and ``~`` for ``-`` in `was`: boxes then mean what they show. A purpose whose vendors were all
    refused is refused.

    Args:
        policy: The policy that the form was made from.
        ticked: Fields `purpose` and `vendor` of the form, in any order; names are not checked.
        was: Field `was` of the form. Without it (other clients) the answer is `ticked`.
    """
    granted = set(ticked)
    before = _boxes(was)
    purposes = _optional(policy)
    moved = {ident for ident in purposes if _moved(ident, granted, before)}
    vendors = {ident: policy.vendor_purpose(ident) for ident in before if ident not in purposes}
    for vendor, purpose in vendors.items():
        if purpose in moved and not _moved(vendor, granted, before):
            (granted.add if purpose in granted else granted.discard)(vendor)
    for purpose in purposes:
        offered = {vendor for vendor in policy.vendors_declared if vendors.get(vendor) == purpose}
        if offered and not offered & granted:
            granted.discard(purpose)
    return frozenset(granted)


def read_offered(was: str) -> frozenset[str]:
    """Return the names of all boxes that a settings form showed; names are not checked."""
    return frozenset(_boxes(was))


def read_ticked(was: str) -> frozenset[str]:
    """Return the names of the boxes that were ticked when the form was shown; names are not checked."""
    return frozenset(name for name, mark in _boxes(was).items() if mark in "+=")


def _boxes(was: str) -> dict[str, str]:
    """Return the boxes that field `was` names, and the mark before each."""
    return {item[1:]: item[0] for item in was.split() if item[0] in "+-=~"}


def _optional(policy: Policy) -> frozenset[str]:
    return frozenset(purpose.id for purpose in policy.purposes.values() if not purpose.required)


def _moved(ident: str, ticked: Iterable[str], before: Mapping[str, str]) -> bool:
    return before.get(ident) == ("-" if ident in ticked else "+")
