"""Rules of the first layer: what it offers, how it looks, what a press does."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from consentkit.scanner.evidence import Flaw, listed
from consentkit.scanner.site import Site
from consentkit.scanner.view import Control, View

CONTRAST: Final = 4.5
"""Least contrast of a label (WCAG 2.2, 1.4.3)."""
HEIGHT: Final = 0.1
"""How much smaller one button's height may be, as part of the other's."""
WIDTH: Final = 0.3
"""The same of widths, which follow the labels."""


def rejecting_is_a_button(site: Site) -> Iterator[Flaw]:
    """3: rejecting is a button on the first layer."""
    url = site.plan.url
    if site.layer is None:
        yield Flaw(url, "no first layer was found, though visitors are to be asked")
        return
    reject = site.layer.find("reject")
    if reject is None:
        said = listed([control.text for control in site.layer.controls])
        yield Flaw(_at(url, site.layer.path), f"nothing on the first layer rejects; it offers: {said}")
    elif not reject.button:
        yield Flaw(_at(url, reject.path), f'"{reject.text}" is a link, not a button')


def both_look_the_same(site: Site) -> Iterator[Flaw]:
    """4: accept and reject are the same element, in the same size, font and weight."""
    accept = site.layer.find("accept") if site.layer else None
    reject = site.layer.find("reject") if site.layer else None
    if accept is None or reject is None:
        return
    pairs = [
        ("element", accept.tag, reject.tag),
        ("font", accept.font, reject.font),
        ("weight", accept.weight, reject.weight),
    ]
    differ = [f"{what} ({one} against {other})" for what, one, other in pairs if one != other]
    if _smaller(accept.height, reject.height) > HEIGHT or _smaller(accept.width, reject.width) > WIDTH:
        differ.append(f"size ({_size(accept)} against {_size(reject)})")
    if differ:
        yield Flaw(_at(site.plan.url, reject.path), f"accept and reject differ in {', '.join(differ)}")


def both_can_be_read(site: Site) -> Iterator[Flaw]:
    """5: both labels have a contrast of 4.5:1, in light and dark."""
    for scheme, view in (("light", site.arrival.walk[0].view), ("dark", site.arrival.dark)):
        yield from _unreadable(site, scheme, view)


def _unreadable(site: Site, scheme: str, view: View) -> Iterator[Flaw]:
    for action in ("accept", "reject"):
        control = view.layer.find(action) if view.layer else None
        if control is None:
            continue
        where = _at(site.plan.url, control.path)
        if control.contrast is None:
            said = f'"{control.text}" stands before a picture or gradient ({scheme}): look at it yourself'
            yield Flaw(where, said, "note")
        elif control.contrast < CONTRAST:
            ratio = f"{control.contrast:.2f}:1"
            yield Flaw(
                where, f'the contrast of "{control.text}" is {ratio} ({scheme}), less than {CONTRAST}:1'
            )


def nothing_is_ticked(site: Site) -> Iterator[Flaw]:
    """6: nothing but what is necessary is ticked before a choice."""
    for box in site.ticked:
        if box.purpose not in site.allowed:
            yield Flaw(_at(site.plan.url, box.path), f'"{box.name}" is ticked before the visitor has chosen')


def rejecting_is_as_short(site: Site) -> Iterator[Flaw]:
    """7: rejecting takes no more presses than accepting."""
    if site.layer is None:
        return
    accept, reject = site.granted.presses, site.refused.presses
    if reject is None:
        yield Flaw(site.plan.url, "no way to reject was found, or the layer stays when it is pressed")
    elif accept is not None and reject > accept:
        yield Flaw(site.plan.url, f"rejecting takes {_presses(reject)}, accepting {_presses(accept)}")


def nothing_else_grants(site: Site) -> Iterator[Flaw]:
    """8: scrolling, Escape, a click beside the layer and closing it never grant."""
    if site.layer is None:
        return
    before = {(one.name, one.value) for one in site.arrival.walk[0].stored}
    refused = {(one.name, one.value) for one in site.refused.stored}
    marks = {(one.name, one.value) for one in site.granted.stored} - refused - before
    for done in site.gestures:
        stored = {(one.name, one.value) for one in done.trace.stored}
        granted = set(done.state.granted) - site.allowed if done.state else set()
        if granted:
            yield Flaw(site.plan.url, f"{done.name} grants {listed(granted)}")
        elif marks & stored:
            kept = listed([name for name, _ in marks & stored])
            yield Flaw(site.plan.url, f"{done.name} leaves behind what accepting does: {kept}")
        elif begun := set(site.tracking(done.trace)) - set(site.tracking(site.arrival.walk[0])):
            yield Flaw(site.plan.url, f"after {done.name}, {listed(begun)} begins")


def withdrawing_is_as_short(site: Site) -> Iterator[Flaw]:
    """14: withdrawing takes no more presses than granting, each counted from where it is offered."""
    if site.granted.presses is None or site.granted.shown is None:
        return
    grant, withdraw = site.granted.presses, site.granted.withdrawn
    if withdraw is None or withdraw.presses is None:
        yield Flaw(site.plan.url, "the settings opened from the page offer no way to withdraw")
    elif withdraw.presses > grant:
        taken = f"withdrawing takes {_presses(withdraw.presses)} in the settings"
        yield Flaw(site.plan.url, f"{taken}, granting {_presses(grant)} on the first layer")


def _at(url: str, path: str) -> str:
    return f"{url} {path}"


def _smaller(accept: float, reject: float) -> float:
    return abs(accept - reject) / max(accept, reject, 1)


def _size(control: Control) -> str:
    return f"{control.width:.0f} × {control.height:.0f}"


def _presses(count: int) -> str:
    return "1 press" if count == 1 else f"{count} presses"
