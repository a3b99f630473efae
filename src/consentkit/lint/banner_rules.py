"""Rules for banner and settings: buttons, looks, effects of clicks, accessibility."""

from collections.abc import Iterator
from typing import Final

from consentkit.lint.facts import Control, Observations, PageVisit
from consentkit.lint.finding import Finding, error, listed, note, warning
from consentkit.policy import Regime

CONTRAST: Final = 4.5
"""Minimum contrast of a label (WCAG 2.2, 1.4.3)."""
HEIGHT: Final = 0.1
"""Maximum relative difference between the buttons' heights."""
WIDTH: Final = 0.3
"""Maximum relative difference between their widths, which depend on the labels."""
LEAST_TEXT: Final = 0.5
"""Minimum share of the page's text that must remain after rejecting, compared with accepting."""


def check_reject_button(seen: Observations) -> Iterator[Finding]:
    """Rule 3: rejecting is a button on the first layer."""
    if seen.layer is None:
        yield error(3, seen.url, "no first layer was found, though visitors are to be asked")
        return
    reject = seen.layer.find("reject")
    if reject is None:
        offers = listed(sorted(control.text for control in seen.layer.controls), 4)
        message = f"nothing on the first layer rejects; it offers: {offers}"
        yield error(3, f"{seen.url} {seen.layer.path}", message)
    elif not reject.button:
        yield error(3, f"{seen.url} {reject.path}", f'"{reject.text}" is a link, not a button')


def check_equal_buttons(seen: Observations) -> Iterator[Finding]:
    """Rule 4: accept and reject are the same element, in the same size, font and weight."""
    accept = seen.layer.find("accept") if seen.layer else None
    reject = seen.layer.find("reject") if seen.layer else None
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
        yield error(4, f"{seen.url} {reject.path}", f"accept and reject differ in {', '.join(differ)}")


def _smaller(accept: float, reject: float) -> float:
    return abs(accept - reject) / max(accept, reject, 1)


def _size(control: Control) -> str:
    return f"{control.width:.0f} × {control.height:.0f}"


def check_contrast(seen: Observations) -> Iterator[Finding]:
    """Rule 5: both labels have a contrast of 4.5:1, in light and dark."""
    for scheme, view in (("light", seen.arrival.walk[0].view), ("dark", seen.arrival.dark)):
        for action in ("accept", "reject"):
            control = view.layer.find(action) if view.layer else None
            if control is not None:
                yield from _contrast(f"{seen.url} {control.path}", control, scheme)


def _contrast(where: str, control: Control, scheme: str) -> Iterator[Finding]:
    if control.contrast is None:
        message = f'"{control.text}" stands before a picture or gradient ({scheme}): look at it yourself'
        yield note(5, where, message)
    elif control.contrast < CONTRAST:
        ratio = f"{control.contrast:.2f}:1"
        message = f'the contrast of "{control.text}" is {ratio} ({scheme}), less than {CONTRAST}:1'
        yield error(5, where, message)


def check_ticked_boxes(seen: Observations) -> Iterator[Finding]:
    """Rule 6: only necessary purposes are ticked before a choice."""
    for box in seen.ticked:
        if box.purpose not in seen.allowed:
            yield error(6, f"{seen.url} {box.path}", f'"{box.name}" is ticked before the visitor has chosen')


def check_presses_to_reject(seen: Observations) -> Iterator[Finding]:
    """Rule 7: rejecting takes no more presses than accepting."""
    if seen.layer is None:
        return
    accept, reject = seen.granted.presses, seen.refused.presses
    if reject is None:
        yield error(7, seen.url, "no way to reject was found, or the layer stays when it is pressed")
    elif accept is not None and reject > accept:
        yield error(7, seen.url, f"rejecting takes {_presses(reject)}, accepting {_presses(accept)}")


def _presses(count: int) -> str:
    return "1 press" if count == 1 else f"{count} presses"


def check_gestures(seen: Observations) -> Iterator[Finding]:
    """Rule 8: scrolling, Escape, a click beside the layer and closing it grant nothing."""
    if seen.layer is None:
        return
    before = {(one.name, one.value) for one in seen.arrival.walk[0].stored}
    refused = {(one.name, one.value) for one in seen.refused.stored}
    marks = {(one.name, one.value) for one in seen.granted.stored} - refused - before
    for done in seen.gestures:
        stored = {(one.name, one.value) for one in done.trace.stored}
        granted = set(done.state.granted) - seen.allowed if done.state else set()
        if granted:
            yield error(8, seen.url, f"{done.name} grants {listed(sorted(granted), 4)}")
        elif marks & stored:
            kept = listed(sorted(name for name, _ in marks & stored), 4)
            yield error(8, seen.url, f"{done.name} leaves behind what accepting does: {kept}")
        elif begun := set(seen.tracking(done.trace)) - set(seen.tracking(seen.arrival.walk[0])):
            yield error(8, seen.url, f"after {done.name}, {listed(sorted(begun), 4)} begins")


def check_settings_control(seen: Observations) -> Iterator[Finding]:
    """Rule 13: every page has a control to withdraw, and the settings show the present choice."""
    if seen.regime is Regime.NONE:
        yield from _without_settings(seen.arrival.walk, "")
        return
    for chosen, when in ((seen.granted, " after accepting"), (seen.refused, " after rejecting")):
        yield from _without_settings(chosen.walk, when)
        if chosen.walk and chosen.walk[-1].view.opener and chosen.shown is None:
            yield error(13, chosen.walk[-1].url, f"what opens the settings cannot be pressed{when}")
    if seen.granted.shown is not None and seen.granted.shown == seen.refused.shown:
        yield error(13, seen.url, "the settings look the same whether the visitor has accepted or rejected")


def _without_settings(walk: tuple[PageVisit, ...], when: str) -> Iterator[Finding]:
    for trace in walk:
        if trace.view.opener is None:
            yield error(13, trace.url, f"nothing on the page opens the settings{when}")


def check_presses_to_withdraw(seen: Observations) -> Iterator[Finding]:
    """Rule 14: withdrawing takes no more presses than granting, each counted from where it is offered."""
    if seen.granted.presses is None or seen.granted.shown is None:
        return
    grant, withdraw = seen.granted.presses, seen.granted.withdrawn
    if withdraw is None or withdraw.presses is None:
        yield error(14, seen.url, "the settings opened from the page offer no way to withdraw")
    elif withdraw.presses > grant:
        taken = f"withdrawing takes {_presses(withdraw.presses)} in the settings"
        yield error(14, seen.url, f"{taken}, granting {_presses(grant)} on the first layer")


def check_language(seen: Observations) -> Iterator[Finding]:
    """Rule 23: the first layer speaks the page's language, whatever the browser's."""
    found: set[tuple[str, str]] = set()
    for trace in seen.arrival.walk if seen.layer is None else (*seen.arrival.walk, seen.foreign):
        layer, page = trace.view.layer, trace.view.language
        if layer is None:
            continue
        if not page:
            yield warning(23, trace.url, "the page does not say in which language it is")
            return
        other = layer.language if layer.language != page else layer.spoken
        if other and (page, other) not in found:
            found.add((page, other))
            message = f'the page is in "{page}", the first layer in "{other}"'
            yield error(23, f"{trace.url} {layer.path}", message)


def check_open_content(seen: Observations) -> Iterator[Finding]:
    """Rule 24: the content can be reached without accepting."""
    if seen.layer is None:
        return
    if seen.arrival.walk[0].view.blocked and seen.layer.find("reject") is None:
        yield error(24, seen.url, "the first layer stands before the content and cannot be refused")
    for refused, granted in zip(seen.refused.walk, seen.granted.walk, strict=False):
        if problem := _closed(refused, granted):
            yield error(24, granted.url, problem)


def _closed(refused: PageVisit, granted: PageVisit) -> str:
    """Describe what a refusal takes away from a page; empty if nothing."""
    if refused.view.blocked and not granted.view.blocked:
        return "after a refusal something stands before the content"
    if refused.url != granted.url:
        return f"who refuses is sent to {refused.url}"
    missing = refused.view.length < granted.view.length * LEAST_TEXT
    return "after a refusal much of the content is missing" if missing else ""


def check_accessibility(seen: Observations) -> Iterator[Finding]:
    """Rule 33: first layer and settings can be used by everybody."""
    if seen.layer is not None:
        for barrier in dict.fromkeys(seen.barriers):
            yield error(33, f"{seen.url} {barrier.at}", barrier.problem)


def check_machine_refusal(seen: Observations) -> Iterator[Finding]:
    """Rule 34: tools that reject automatically find the reject button."""
    layer = seen.layer
    if layer is None:
        return
    where = f"{seen.url} {layer.path}"
    if seen.refused_by_tool is not None:
        if not seen.refused_by_tool:
            yield error(34, where, "autoconsent finds no reject button")
    elif not layer.popup:
        yield error(34, where, "it is neither fixed nor a dialog, so tools do not take it for a banner")
    elif any(control.refuses for control in layer.controls):
        return
    elif layer.known:
        yield error(34, where, "no label says what tools know as rejecting")
    else:
        yield note(34, where, "whether tools know these labels is not known; give autoconsent's script")
