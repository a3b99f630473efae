"""Renders the banner, the link to the settings and their notice, cached by policy, regimes and locale."""

from collections.abc import Set
from functools import lru_cache
from typing import Final, NamedTuple, Unpack

from consentkit.banner.assets import read_assets
from consentkit.banner.markup import Fragment, Where, escape, render
from consentkit.banner.texts import Words, fill, read_words
from consentkit.catalog import safe_path
from consentkit.consent.consent import UNTOLD, Consent
from consentkit.consent.notice import Notice
from consentkit.policy import NECESSARY, Policy, Regime, strictest

_REMEMBERED: Final = 256
"""Number of rendered banners, links and heads in the cache; a few kilobytes each."""


class _Shape(NamedTuple):
    """What banner and link depend on besides the policy: their cache key.

    Attributes:
        regimes: Each purpose with its regime at the visitor's place.
        locale: One of `available_locales`.
        asked: Purposes that the banner asks for; no banner if empty.
        honoured: Whether the banner says that the browser's signal was honoured.
        choices: Whether the link reads "Your Privacy Choices", as the law of some states prescribes.
        scripted: Whether our script may run on the page; a modal banner needs it.
    """

    regimes: frozenset[tuple[str, Regime]]
    locale: str
    asked: frozenset[str]
    honoured: bool
    choices: bool
    scripted: bool


class _Prepared(NamedTuple):
    notice: Notice
    banner: Fragment
    link: Fragment


def make_notice(
    policy: Policy, consent: Consent, locale: str, *, asked: Set[str] | None = None, scripted: bool = True
) -> Notice:
    """Make the notice: everything that a visitor is shown, as the log stores it.

    Args:
        policy: The policy.
        consent: The consent; its regimes, signal and required links count.
        locale: One of `available_locales`.
        asked: Purposes that the banner asks for; by default those that this visitor has not answered.
        scripted: Whether our script may run on the page.

    Returns:
        The notice; the same object for the same arguments. Its banner's slots are not filled in.

    Raises:
        ConfigurationError: A text or template of the site is wrong.
    """
    return _prepared(policy, consent, locale, asked, scripted=scripted).notice


def render_banner(
    policy: Policy, consent: Consent, *, locale: str, scripted: bool = True, **where: Unpack[Where]
) -> str:
    """Render the banner and the hidden link that replaces it once it is answered.

    Args:
        policy: The policy.
        consent: The consent; its regimes choose the text.
        locale: One of `available_locales`.
        scripted: Whether our script may run on the page.
        where: See `consentkit.banner.markup.Where`.

    Returns:
        HTML that is also XML, in ASCII, to stand directly after ``<body>``.
    """
    prepared = _prepared(policy, consent, locale, scripted=scripted)
    return _fill(prepared.banner, notice=prepared.notice.hash, **where)


def render_link(policy: Policy, consent: Consent, *, locale: str, **where: Unpack[Where]) -> str:
    """Render the link to the settings, for pages without a banner. Arguments as in `render_banner`."""
    return _fill(_prepared(policy, consent, locale).link, notice="", **where)


@lru_cache(maxsize=_REMEMBERED)
def render_head(
    policy: Policy,
    *,
    prefix: str,
    script: str | None = "",
    style: str | None = "",
    origin: str = "",
    made_for: str = UNTOLD,
    opens: bool = False,
    again: str = "",
) -> str:
    """Render the elements that load style sheet and script. Other arguments as in `Where`.

    Args:
        policy: Its colours are the style sheet's.
        prefix: Path prefix of the endpoints, `root_path` included.
        script: Nonce of the site's own Content-Security-Policy for scripts, if any; ``None`` if it blocks our
            script.
        style: The same for style sheets.
        opens: Whether anything is on that the visitor could turn off. The script then runs at once, before
            the site's own: it leaves a page that is older than the visitor's last choice.
        again: Path to load instead of reloading, if the page answers a form, which must not be sent twice.
    """
    assets = read_assets(policy)
    base = escape(f"{origin}{prefix}/assets/")
    sheet = loader = ""
    if style is not None:
        sheet = f'<link rel="stylesheet" href="{base}{assets.sheet.name}"{_nonce(style)}/>'
    if script is not None:
        told = "" if made_for == UNTOLD else f' data-made-for="{escape(made_for.partition("@")[0])}"'
        told += f' data-again="{escape(safe_path(again))}"' if again else ""
        when, told = ("", told + ' data-opens=""') if opens else (' defer="defer"', told)
        loader = f'<script{when} src="{base}{assets.script.name}"{told}{_nonce(script)}></script>'
    # A script that runs at once would wait for a style sheet before it.
    return loader + sheet if opens else sheet + loader


def _nonce(nonce: str) -> str:
    return f' nonce="{escape(nonce)}"' if nonce else ""


def _prepared(
    policy: Policy, consent: Consent, locale: str, asked: Set[str] | None = None, scripted: bool = True
) -> _Prepared:
    shape = _Shape(
        regimes=frozenset(consent.regimes.items()),
        locale=locale,
        asked=consent.prompt_for if asked is None else frozenset(asked),
        honoured=consent.signal_honoured,
        choices="choices" in consent.required_links and policy.sells,
        scripted=scripted or policy.banner.layout != "modal",
    )
    return _prepare(policy, shape)


_fill = lru_cache(maxsize=_REMEMBERED)(Fragment.fill)


@lru_cache(maxsize=1024)
def _prepare(policy: Policy, shape: _Shape) -> _Prepared:
    words, regimes = read_words(policy, shape.locale), dict(sorted(shape.regimes))
    banner = _render_banner(policy, shape, words) if shape.asked else ""
    notice = Notice(
        locale=shape.locale,
        regime=strictest(regimes.values()),
        regimes=regimes,
        asked=tuple(sorted(shape.asked)),
        texts={f"{part}.{key}": text for part, keys in words.texts.items() for key, text in keys.items()},
        purposes=tuple(words.purposes.values()),
        vendors=tuple(words.vendors.values()),
        fingerprints=dict(policy.fingerprints),
        html=banner,
        assets={asset.name: asset.hash for asset in read_assets(policy)},
    )
    link = _render_link(policy, shape, words, hidden=not policy.banner.link)
    waiting = _render_link(policy, shape, words, hidden=True)
    return _Prepared(notice, Fragment(banner + waiting), Fragment(link))


def _render_link(policy: Policy, shape: _Shape, words: Words, *, hidden: bool) -> str:
    return render(
        "link.html",
        policy,
        words,
        choices=shape.choices,
        hidden=hidden,
        honoured=shape.honoured,
        older=words.texts["problem"]["older"],
        saved=words.texts["settings"]["saved"],
        shown=policy.banner.link,
    )


def _render_banner(policy: Policy, shape: _Shape, words: Words) -> str:
    texts, regime = words.texts, strictest(regime for _, regime in shape.regimes)
    before, button, after = texts[regime]["notice"].partition("{opt-out}")
    # The purposes that have a declared vendor, or all that are asked for if none has.
    used = {vendor.purpose for vendor in policy.vendors_declared.values()} - {NECESSARY}
    named = shape.asked & used if used else shape.asked
    purposes = words.join(purpose.title for purpose in words.purposes.values() if purpose.id in named)
    return render(
        "banner.html",
        policy,
        words,
        after=fill(after, purposes=purposes),
        before=fill(before, purposes=purposes),
        choices=shape.choices,
        honoured=shape.honoured,
        # A word in the sentence may replace the button only if the law accepts that.
        inline=regime is Regime.OPT_OUT and bool(button),
        layout=_layout(policy, regime, scripted=shape.scripted),
        privacy=texts["settings"]["privacy_policy"],
        # The notice of `opt-out` is prescribed word for word, and the law requires another link there.
        privacy_policy="" if regime is Regime.OPT_OUT else policy.site.privacy_policy,
        quiet=regime is Regime.OPT_OUT,
        text=texts[regime],
    )


def _layout(policy: Policy, regime: Regime, *, scripted: bool) -> str:
    """Return the layout: not modal if nothing is off before a choice, or if our script may not run."""
    if policy.banner.layout != "modal" or (scripted and regime is Regime.OPT_IN):
        return policy.banner.layout
    return "box" if scripted else "bar"
