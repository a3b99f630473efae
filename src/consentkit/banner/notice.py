"""The banner, made once per policy, regimes and locale, and the notice that says what was shown."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple

from consentkit.banner.assets import read_assets
from consentkit.banner.markup import Fragment, base_url, escape
from consentkit.banner.templating import render, slots
from consentkit.banner.texts import Texts, direction, fill, read_texts
from consentkit.consent import Consent, Notice
from consentkit.policy import NECESSARY, Policy, Regime, strictest

_Regimes = tuple[tuple[str, Regime], ...]


class _Prepared(NamedTuple):
    notice: Notice
    banner: Fragment
    link: Fragment


def make_notice(policy: Policy, regimes: Mapping[str, Regime], locale: str) -> Notice:
    """Make the bundle of everything that a visitor is shown.

    Args:
        policy: What to tell.
        regimes: Purpose → regime at the visitor's place.
        locale: One of `available_locales`.

    Returns:
        The same object for the same arguments. Its banner still has slots where a request's values go.

    Raises:
        ConfigurationError: The policy overrides a text that does not exist.
    """
    return _prepare(policy, _key(regimes), locale).notice


def render_banner(
    policy: Policy, consent: Consent, *, locale: str, prefix: str, return_to: str, origin: str = ""
) -> str:
    """Render the banner and, hidden, the link that takes its place when it is answered.

    Args:
        policy: What to tell.
        consent: What holds now; its regimes choose the text.
        locale: One of `available_locales`.
        prefix: Path prefix of the endpoints, `root_path` included.
        return_to: Path and query of the page.
        origin: Given where the page's ``<base>`` is foreign, such as ``https://example.org``; URLs then
            begin with it.

    Returns:
        HTML that is also XML, in ASCII, to stand directly after ``<body>``.
    """
    prepared = _prepare(policy, _key(consent.regimes), locale)
    return prepared.banner.fill(
        base=base_url(prefix, origin), return_to=return_to, notice=prepared.notice.hash
    )


def render_link(policy: Policy, *, locale: str, prefix: str, return_to: str, origin: str = "") -> str:
    """Render the link to settings, for pages where nothing is asked. Arguments as in `render_banner`."""
    link = _link(policy, locale, hidden=False)
    return link.fill(base=base_url(prefix, origin), return_to=return_to, notice="")


def render_head(
    policy: Policy, *, prefix: str, script: str | None = "", style: str | None = "", origin: str = ""
) -> str:
    """Render the elements that load style sheet and script.

    Args:
        policy: Its accent colours the style sheet.
        prefix: Path prefix of the endpoints, `root_path` included.
        script: The nonce of the site's own Content-Security-Policy for scripts, if it has one; ``None`` where
            it lets no script of ours run.
        style: The same for style sheets.
        origin: As in `render_banner`.
    """
    assets = read_assets(policy)
    base = escape(f"{base_url(prefix, origin)}/assets/")
    markup = ""
    if style is not None:
        markup = f'<link rel="stylesheet" href="{base}{assets.sheet.name}"{_proof(style)}/>'
    if script is not None:
        markup += f'<script defer="defer" src="{base}{assets.script.name}"{_proof(script)}></script>'
    return markup


def _proof(nonce: str) -> str:
    return f' nonce="{escape(nonce)}"' if nonce else ""


def _key(regimes: Mapping[str, Regime]) -> _Regimes:
    return tuple(sorted(regimes.items()))


@lru_cache(maxsize=512)
def _prepare(policy: Policy, regimes: _Regimes, locale: str) -> _Prepared:
    texts = read_texts(policy, locale)
    regime = strictest(dict(regimes))
    banner = _banner_template(policy, dict(regimes), texts, locale) if regime.prompts else ""
    link = _link_template(texts, locale, hidden=True)
    assets = read_assets(policy)
    notice = Notice(
        locale=locale,
        regime=regime,
        regimes=dict(regimes),
        texts=_flat(texts),
        purposes=tuple(policy.purposes.values()),
        vendors=tuple(policy.vendors_declared.values()),
        html=banner,
        assets={asset.name: asset.hash for asset in (assets.sheet, assets.page, assets.script)},
    )
    return _Prepared(notice, Fragment(banner + link), Fragment(link))


@lru_cache(maxsize=512)
def _link(policy: Policy, locale: str, *, hidden: bool) -> Fragment:
    return Fragment(_link_template(read_texts(policy, locale), locale, hidden=hidden))


def _link_template(texts: Texts, locale: str, *, hidden: bool) -> str:
    return render(
        "link.html",
        common=texts["common"],
        dir=direction(locale),
        hidden=hidden,
        locale=locale,
        slot=slots("base", "return_query"),
    )


def _banner_template(policy: Policy, regimes: Mapping[str, Regime], texts: Texts, locale: str) -> str:
    regime = strictest(regimes)
    text = texts[regime]
    # Purposes that nobody is declared for are not worth a word, unless nobody is declared at all.
    used = {vendor.purpose for vendor in policy.vendors_declared.values()}
    asked = [
        purpose.title
        for purpose in policy.purposes.values()
        if _asked(regimes.get(purpose.id)) and (purpose.id in used or used <= {NECESSARY})
    ]
    purposes = texts["common"]["separator"].join(asked)
    before, button, after = text["notice"].partition("{opt-out}")
    return render(
        "banner.html",
        after=fill(after, purposes=purposes),
        before=fill(before, purposes=purposes),
        common=texts["common"],
        dir=direction(locale),
        # Only where the law is content with a word in the sentence may it stand for the button.
        inline=regime is Regime.OPT_OUT and bool(button),
        locale=locale,
        quiet=regime is Regime.OPT_OUT,
        slot=slots("base", "notice", "return_to", "return_query"),
        text=text,
    )


def _asked(regime: Regime | None) -> bool:
    return regime is not None and regime.prompts


def _flat(texts: Texts) -> dict[str, str]:
    return {f"{section}.{key}": text for section, keys in texts.items() for key, text in keys.items()}
