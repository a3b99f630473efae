"""What the fields of a policy's tables must look like."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from consentkit.catalog import HostRule
from consentkit.exceptions import ConfigurationError
from consentkit.policy.duration import check_date, read_duration
from consentkit.policy.reading import check_keys, hint, join, nearest, read_mapping, read_text
from consentkit.policy.regime import Regime
from consentkit.policy.tables import (
    BANNER_SECTIONS,
    MARKER_TOOLS,
    NOTICE_SLOTS,
    TEXT_KEYS,
    TEXT_SECTIONS,
    Banner,
    Cookie,
    Purpose,
    SignalRules,
    Site,
    Vendor,
)
from consentkit.vendorcalls import calls_for

# Ids are written into the decision cookie, into URLs and into attributes, hence the narrow alphabet.
IDENTIFIER = re.compile(r"[a-z][a-z0-9-]{0,39}")
_COLOUR = r"#(?:[0-9a-fA-F]{3}|[0-9a-fA-F]{6})"
_COUNTRY = r"[A-Z]{2}"
_COOKIE = r"[!#$%&'+.^_`|~0-9A-Za-z-]+\*?"  # RFC 9110 token, its "*" only at the end
_LINK = r"(?:https?://|/(?![/\\]))[^\s\"<>\\]*"
_PATH = r"/(?![/\\])[^\s\"<>\\]*"
_LOCALE = r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8})*"  # the common shape of RFC 5646
_BRACES = r"\{([^{}]*)\}"


def check_identifier(ident: str, *, path: str) -> None:
    """Refuse ids that are not lower-case words of at most 40 characters."""
    if not IDENTIFIER.fullmatch(ident):
        problem = "expected an id of lower-case letters, digits and hyphens, at most 40 characters"
        raise ConfigurationError(problem, path=path)


def check_site(site: Site) -> None:
    """Check the table `site`."""
    _match(_LINK, site.privacy_policy, 'a path or URL such as "/privacy"', "site.privacy_policy")


def check_markers(markers: Iterable[str]) -> None:
    """Check the list `markers`."""
    for index, tool in enumerate(markers):
        if tool not in MARKER_TOOLS:
            problem = f'markers of "{tool}" mean nothing here{hint(tool, sorted(MARKER_TOOLS))}'
            raise ConfigurationError(problem, path=f"markers[{index}]")


def check_signals(signals: SignalRules) -> None:
    """Check the table `signals`."""
    if signals.gpc_updated:
        check_date(signals.gpc_updated, path="signals.gpc_updated")


def check_purpose(purpose: Purpose, *, path: str) -> None:
    """Check one purpose, its defaults filled in."""
    check_identifier(purpose.id, path=path)
    for key, text in (("title", purpose.title), ("description", purpose.description)):
        if not text.strip():
            raise ConfigurationError("expected a text, got nothing", path=join(path, key))
    if purpose.required and purpose.sale:
        raise ConfigurationError("what is necessary cannot be a sale", path=join(path, "sale"))


def check_vendor(vendor: Vendor, *, path: str) -> None:
    """Check one declared vendor as the site wrote it."""
    check_identifier(vendor.id, path=path)
    for index, host in enumerate(vendor.hosts):
        _check_host(host, f"{path}.hosts[{index}]")
    for index, cookie in enumerate(vendor.cookies):
        _check_cookie(cookie, f"{path}.cookies[{index}]")
    if vendor.retention:
        read_duration(vendor.retention, path=join(path, "retention"))
    _check_consent_mode(vendor, join(path, "consent_mode"))
    _match(_LINK, vendor.privacy_policy, "a URL", join(path, "privacy_policy"))
    _match(_COUNTRY, vendor.country, 'a country code such as "IE"', join(path, "country"))


def _check_consent_mode(vendor: Vendor, path: str) -> None:
    mode = vendor.consent_mode
    if mode and calls_for(vendor.id, advanced=mode == "advanced") is None:
        raise ConfigurationError(f'this vendor documents no mode "{mode}"', path=path)


def _check_host(host: str, path: str) -> None:
    try:
        HostRule.parse(host)
    except ConfigurationError as error:
        problem = f'expected a host such as "stats.example.org", with or without a path, got "{host}"'
        raise ConfigurationError(problem, path=path) from error


def _check_cookie(cookie: Cookie, path: str) -> None:
    if not re.fullmatch(_COOKIE, cookie.name):
        problem = f'expected a cookie name such as "_ga" or "_ga_*", got "{cookie.name}"'
        raise ConfigurationError(problem, path=join(path, "name"))
    if cookie.retention:
        read_duration(cookie.retention, path=join(path, "retention"))


def check_banner(banner: Banner) -> None:
    """Check the table `banner` with the banner's own texts; others are checked where they are said."""
    for key, colour in (
        ("accent", banner.accent),
        ("surface", banner.surface),
        ("dark_surface", banner.dark_surface),
    ):
        _match(_COLOUR, colour, 'a colour such as "#0b6e4f"', f"banner.{key}", empty=False)
    _match(_PATH, banner.logo, 'a path on this site such as "/logo.svg"', "banner.logo")
    for locale, sections in banner.text.items():
        path = f"banner.text.{locale}"
        _match(_LOCALE, locale, 'a locale such as "en" or "pt-BR"', path, empty=False)
        if locale != canonical_locale(locale):
            raise ConfigurationError(f'write "{canonical_locale(locale)}"', path=path)
        check_keys(sections, TEXT_SECTIONS, path=path)
        for section, texts in sections.items():
            _check_texts(texts, section, join(path, section))


def canonical_locale(tag: str) -> str:
    """Write a language tag in the one spelling that counts (RFC 5646, section 2.1.1)."""
    language, *rest = tag.split("-")
    shapes = {4: str.title, 2: str.upper}
    return "-".join([language.lower(), *(shapes.get(len(part), str.lower)(part) for part in rest)])


def check_banner_text(value: object) -> None:
    """Refuse a `banner.text` that is not locale → section → key → text, naming the very key."""
    for locale, regimes in read_mapping(value, path="banner.text").items():
        path = f"banner.text.{locale}"
        for regime, texts in read_mapping(regimes, path=path).items():
            for key, text in read_mapping(texts, path=join(path, regime)).items():
                read_text(text, path=f"{path}.{regime}.{key}")


def _check_texts(texts: Mapping[str, str], section: str, path: str) -> None:
    for key, text in texts.items():
        if not text.strip():
            raise ConfigurationError("expected a text, got nothing", path=join(path, key))
    if section not in BANNER_SECTIONS:
        return
    check_keys(texts, TEXT_KEYS, path=path)
    for key, text in texts.items():
        slots = NOTICE_SLOTS if key == "notice" else frozenset()
        if section != Regime.OPT_OUT:
            # A word in a sentence is no equal of a button (EDPB Cookie Banner Taskforce report, section 14).
            slots -= {"opt-out"}
        for word in re.findall(_BRACES, text):
            if word not in slots:
                problem = f'nothing is filled in for "{{{word}}}"{nearest(word, slots)}'
                raise ConfigurationError(problem, path=join(path, key))
        if text.count("{opt-out}") > 1:
            raise ConfigurationError('"{opt-out}" is one button, and is there twice', path=join(path, key))


def _match(shape: str, text: str, expected: str, path: str, *, empty: bool = True) -> None:
    if not (re.fullmatch(shape, text) or (empty and not text)):
        raise ConfigurationError(f'expected {expected}, got "{text}"', path=path)
