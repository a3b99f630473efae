"""A site as visits saw it, made without a browser; what a test is about is given by name."""

from __future__ import annotations

from typing import Any

from consentkit.lint.facts import Control, FirstVisit, Layer, Observations, PageView, PageVisit, State, Stored
from consentkit.policy import Policy

URL = "https://news.example/"


def control(action: str, **fields: Any) -> Control:
    """Make a button that does something."""
    sizes = {"width": 90.0, "height": 40.0, "left": 0.0, "right": 90.0}
    texts = {
        "path": f"#{action}",
        "text": action,
        "name": action,
        "tag": "button",
        "font": "16px",
        "weight": "400",
    }
    flags = {"button": True, "inline": False, "opens": False, "reachable": True, "reopens": False}
    refuses = action == "reject"
    return Control(
        **{"action": action, "refuses": refuses, "contrast": 9.0, **sizes, **texts, **flags, **fields}
    )


def layer(*controls: Control, **fields: Any) -> Layer:
    """Make a first layer, which accepts and rejects if nothing else is said."""
    found = controls or (control("accept"), control("reject"))
    texts = {"path": "#ask", "language": "en", "spoken": "", "text": "We use cookies."}
    flags = {"popup": True, "known": True, "overflows": False}
    return Layer(**{"controls": found, "boxes": (), "left": 0.0, "right": 900.0, **texts, **flags, **fields})


def page_visit(*layers: Layer, requests: tuple[str, ...] = (), stored: tuple[Stored, ...] = ()) -> PageVisit:
    """Make what came of opening the start page."""
    what = {"language": "en", "root": "body", "text": "News", "length": 900, "covered": 0.1, "locked": False}
    view = PageView(layers=layers, controls=(), boxes=(), **what)  # type: ignore[arg-type]
    return PageVisit(url=URL, view=view, requests=requests, stored=stored)


def observed(first: PageVisit, policy: Policy | None = None, state: State | None = None) -> Observations:
    """Make observations of which a first visit is all there is so far."""
    seen = Observations(URL, policy)
    seen.arrival = FirstVisit(state=state, pages=(URL,), walk=(first,), dark=first.view)
    return seen
