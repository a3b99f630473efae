"""Rules of who can use it: content, language, settings on every page, people with disabilities, tools."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from consentkit.policy import Regime
from consentkit.scanner.evidence import Flaw
from consentkit.scanner.language import contradicts, primary
from consentkit.scanner.site import Site
from consentkit.scanner.visiting import Trace
from consentkit.scanner.words import read_label, spoken

LEAST_TEXT: Final = 0.5
"""How much of the text that accepting shows must be there after rejecting."""


def settings_are_on_every_page(site: Site) -> Iterator[Flaw]:
    """13: every page has a control to withdraw, which shows what holds."""
    if site.regime is Regime.NONE:
        yield from _without_settings(site.arrival.walk, "")
        return
    for chosen, when in ((site.granted, " after accepting"), (site.refused, " after rejecting")):
        yield from _without_settings(chosen.walk, when)
        if chosen.walk and chosen.walk[-1].view.opener and chosen.shown is None:
            yield Flaw(chosen.walk[-1].url, f"what opens the settings cannot be pressed{when}")
    granted, refused = site.granted.shown, site.refused.shown
    if granted is not None and granted == refused:
        yield Flaw(site.plan.url, "the settings look the same whether the visitor has accepted or rejected")


def _without_settings(walk: tuple[Trace, ...], when: str) -> Iterator[Flaw]:
    for trace in walk:
        if trace.view.opener is None:
            yield Flaw(trace.url, f"nothing on the page opens the settings{when}")


def the_language_is_the_pages(site: Site) -> Iterator[Flaw]:
    """23: the first layer speaks the page's language, whatever the browser's."""
    traces = site.arrival.walk if site.layer is None else (*site.arrival.walk, site.foreign)
    seen: set[tuple[str, str]] = set()
    for trace in traces:
        layer, page = trace.view.layer, primary(trace.view.language)
        if layer is None:
            continue
        if not page:
            yield Flaw(trace.url, "the page does not say in which language it is", "warning")
            return
        spoken_in = primary(layer.language)
        other = spoken_in if spoken_in != page else contradicts(layer.text, page)
        if other and (page, other) not in seen:
            seen.add((page, other))
            yield Flaw(f"{trace.url} {layer.path}", f'the page is in "{page}", the first layer in "{other}"')


def the_content_is_open(site: Site) -> Iterator[Flaw]:
    """24: the content can be reached without accepting."""
    if site.layer is None:
        return
    if site.arrival.walk[0].view.blocked and site.layer.find("reject") is None:
        yield Flaw(site.plan.url, "the first layer stands before the content and cannot be refused")
    for refused, granted in zip(site.refused.walk, site.granted.walk, strict=False):
        yield from _closed(refused, granted)


def _closed(refused: Trace, granted: Trace) -> Iterator[Flaw]:
    if refused.view.blocked and not granted.view.blocked:
        yield Flaw(granted.url, "after a refusal something stands before the content")
    elif refused.url != granted.url:
        yield Flaw(granted.url, f"who refuses is sent to {refused.url}")
    elif refused.view.length < granted.view.length * LEAST_TEXT:
        yield Flaw(granted.url, "after a refusal much of the content is missing")


def everybody_can_use_it(site: Site) -> Iterator[Flaw]:
    """33: first layer and settings can be used by everybody."""
    if site.layer is not None:
        for obstacle in dict.fromkeys(site.obstacles):
            yield Flaw(f"{site.plan.url} {obstacle.at}", obstacle.problem)


def tools_find_the_button(site: Site) -> Iterator[Flaw]:
    """34: a tool that refuses for people finds the reject button."""
    if site.layer is None:
        return
    layer = site.layer
    where = f"{site.plan.url} {layer.path}"
    if site.refused_by_tool is not None:
        if not site.refused_by_tool:
            yield Flaw(where, "autoconsent finds no reject button")
    elif not layer.popup:
        yield Flaw(where, "it is neither fixed nor a dialog, so tools do not take it for a banner")
    elif any(read_label(one.text, shipped=False) == "reject" for one in layer.controls):
        return
    elif primary(layer.language) in spoken():
        yield Flaw(where, "no label says what tools know as rejecting")
    else:
        yield Flaw(where, "whether tools know these labels is not known; give autoconsent's script", "note")
