"""Renders error pages and the placeholders of embeds."""

import re
from functools import lru_cache
from typing import Final, NamedTuple, Unpack

from consentkit.banner.banner import render_banner, render_link
from consentkit.banner.markup import Fragment, Where, escape, read_templates, render, slots
from consentkit.banner.settings import SIGNALS, Choice, History, render_settings
from consentkit.banner.texts import FALLBACK, fill, page_words
from consentkit.catalog import safe_path
from consentkit.consent.consent import resolve
from consentkit.exceptions import ConfigurationError
from consentkit.policy import NECESSARY, Policy, Regime
from consentkit.signals import Signals

_BUTTON: Final = re.compile(r"<button\b[^>]*>")


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
    """Render an error page.

    Args:
        policy: Its colours and texts.
        title: A few words: a key of the section `problem` of the texts, or the words themselves.
        problem: One or two sentences: a key or the words.
        locale: One of `available_locales`.
        prefix: Path prefix of the endpoints, `root_path` included.
        return_to: Path of the page that the visitor came from.
        framed: Whether it is shown in the dialog of another page, which has its own way back.
    """
    words = page_words(policy, locale)
    return render(
        "message.html",
        policy,
        words,
        base=prefix,
        framed=framed,
        problem=problem_text(policy, problem, locale=locale),
        return_to=safe_path(return_to),
        said=problem in words.texts["problem"],
        title=problem_text(policy, title, locale=locale),
    )


def check_templates(policy: Policy) -> None:
    """Render everything once, if the site has templates of its own.

    Raises:
        ConfigurationError: A template cannot be read, or names something unknown; it says which.
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
        shown = Placeholder("", NECESSARY, forms=forms, title="T", poster="P")
        render_placeholder(policy, shown, notice_hash="", locale=FALLBACK, **where)


def _check_buttons(banner: str) -> None:
    """Refuse a banner whose buttons would do nothing: they must name the form, which is beside them."""
    for button in _BUTTON.findall(banner):
        if 'name="action"' in button and 'form="consentkit-form"' not in button:
            problem = f'a button of the banner needs form="consentkit-form": {button}'
            raise ConfigurationError(problem, path="banner.templates")


def problem_text(policy: Policy, problem: str, *, locale: str) -> str:
    """Return the text of a key of the section `problem` in a locale, or the argument if it is no key."""
    text = page_words(policy, locale).texts["problem"].get(problem, problem)
    return fill(text, signal=SIGNALS["gpc"])


class Placeholder(NamedTuple):
    """A placeholder of gated content.

    Attributes:
        vendor: The vendor that "always" allows; if empty, it allows the purpose.
        purpose: Id of the purpose.
        name: What an undeclared vendor is called.
        plays: Whether the content is video or audio.
        target: Browsing context of forms and link, such as ``_top``; if empty, there are none.
        forms: Whether forms can be sent from the page; if not, there is a link to the settings.
        title: Title of the content, if it has one.
        poster: URL of a preview picture that this visitor's browser may fetch.
    """

    vendor: str
    purpose: str
    name: str = ""
    plays: bool = False
    target: str = "_parent"
    forms: bool = True
    title: str = ""
    poster: str = ""


def party_name(policy: Policy, locale: str, vendor: str, purpose: str, name: str = "") -> str:
    """Return a vendor's name in a locale, or the purpose's title if `vendor` is empty.

    Args:
        policy: Its words.
        locale: One of `available_locales`.
        vendor: Id of the vendor.
        purpose: Id of the purpose.
        name: What an undeclared vendor is called.
    """
    words = page_words(policy, locale, "embed")
    return words.name(vendor, name) if vendor else words.name(purpose, purpose)


def render_placeholder(
    policy: Policy, shown: Placeholder, *, notice_hash: str, locale: str, **where: Unpack[Where]
) -> str:
    """Render the document for the `srcdoc` of a gated frame. It needs no script.

    Args:
        policy: Its accent and texts.
        shown: The placeholder.
        notice_hash: Hash of the notice in force.
        locale: One of `available_locales`.
        where: See `consentkit.banner.markup.Where`; such a document inherits the page's ``<base>``.

    Returns:
        HTML in ASCII, not yet escaped for the attribute.
    """
    kind = shown._replace(title="title" if shown.title else "", poster="poster" if shown.poster else "")
    said = {"title": escape(shown.title), "poster": escape(shown.poster)}
    return _placeholder(policy, kind, locale).fill(notice=notice_hash, **said, **where)


@lru_cache(maxsize=512)
def _placeholder(policy: Policy, kind: Placeholder, locale: str) -> Fragment:
    """Render the part that placeholders of one kind share; title and poster are slots."""
    words = page_words(policy, locale, "embed")
    markup = render(
        "embed.html",
        policy,
        words,
        purpose=words.name(kind.purpose, kind.purpose),
        shown=kind,
        vendor=party_name(policy, locale, kind.vendor, kind.purpose, kind.name),
        **slots("base", "notice", "poster", "return_query", "return_to", "title"),
    )
    return Fragment(markup)
