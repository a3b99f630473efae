"""A rewritten page leaves nothing behind that only the garbage collector finds."""

from __future__ import annotations

import gc
from collections import Counter
from collections.abc import Iterator

import pytest

from consentkit.gating import Gate
from consentkit.policy import Policy
from consentkit.rewriter import Rewriter
from gating.pages import NOTHING, Markers
from rewriter.recording import Cut, at_random, whole

GATE = Gate(Policy(uses=("google-analytics", "youtube")))

# What takes every way through the rewriter and the gate: plain markup, several readings, documents in
# attributes, drawings and formulas, scripts in them, what is cut off at the end, and what passes a limit.
PAGES = [
    "<html lang=en><head><title>t</title></head><body><p>text<img src=/a><iframe src=/b></iframe>",
    "<body><script src=//www.googletagmanager.com/gtag/js></script>"
    "<iframe src=//www.youtube.com/embed/x></iframe><script>gtag('config', 'G-1')</script>",
    "<head><base href=//www.youtube.com/><body><iframe src=embed/x></iframe>",
    '<iframe srcdoc="<body><iframe src=//www.youtube.com/embed/x></iframe>"></iframe>',
    "<noscript><svg><img src=//www.youtube.com/x></noscript><select><xmp></select><img src=/c>",
    "<svg><script>a()</script><foreignObject><p><script>b()</script></svg><math><mi>x</math>",
    "<svg><g><script>fetch('//www.youtube.com/x')</g></svg><p>",
    "<template><col><xmp></template><frameset><script><img>",
    "<body><p><script>var a = '",
    "<body><img src='//www.youtube.com/x",
    "<svg>" + "".join(f"<n{number}>" for number in range(70)) + "</svg><p>",
]


def ours() -> Counter[type]:
    """Count the objects whose types this package defines."""
    types = map(type, gc.get_objects())
    # The module of a type may be anything.
    return Counter(kind for kind in types if str(kind.__module__).startswith("consentkit."))


@pytest.fixture
def _without_collector() -> Iterator[None]:
    gc.collect()
    gc.disable()
    yield
    gc.enable()


def rewritten(page: str, cut: Cut, *, closed: bool) -> None:
    handler = GATE.page(NOTHING, host="www.news.example", renderer=Markers())
    rewriter = Rewriter(
        handler, head=b"<meta>", body=lambda: str(handler.language).encode(), memory=GATE.memory
    )
    for chunk in cut(page.encode()):
        rewriter.feed(chunk)
    if closed:
        rewriter.close()


@pytest.mark.usefixtures("_without_collector")
@pytest.mark.parametrize("closed", [True, False], ids=["closed", "broken off"])
@pytest.mark.parametrize("cut", [whole, at_random(3)], ids=["whole", "in chunks"])
def test_pages_leave_no_object_behind(cut: Cut, closed: bool) -> None:
    for page in PAGES * 4:  # until all that is remembered of them is
        rewritten(page, cut, closed=closed)
    before = ours()
    for page in (PAGES * 10)[:100]:
        rewritten(page, cut, closed=closed)
    assert ours() - before == Counter()
