"""Third parties that neither policy nor catalog knows: reported, gated, or let through unseen."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import unquote

import ada_url
import pytest

import live_tags
from consentkit.catalog import default_catalog
from consentkit.exceptions import ConfigurationError
from consentkit.gating import Gate
from consentkit.policy import Policy, Vendor
from consentkit.rewriter import Rewriter
from gating.pages import EVERYTHING, NOTHING, POLICY, consent, rewrite, run

STRICT = Gate(POLICY, unclassified="gate")
LAX = Gate(POLICY, unclassified="allow")

FOREIGN = [
    "<script src=//cdn.elsewhere.example/a.js></script>",
    "<link rel=stylesheet href=https://cdn.elsewhere.example/a.css>",
    "<img src=https://cdn.elsewhere.example/a.png>",
    "<iframe src=https://cdn.elsewhere.example/></iframe>",
    "<video src=https://cdn.elsewhere.example/v></video>",
    "<object data=https://cdn.elsewhere.example/v></object>",
    "<a href=/ ping=https://cdn.elsewhere.example/>x</a>",
    "<body onload=\"fetch('https://cdn.elsewhere.example/')\">",
    "<iframe srcdoc='<img src=//cdn.elsewhere.example/x>'></iframe>",
    "<iframe src='data:text/html,<img src=//cdn.elsewhere.example/x>'></iframe>",
    "<script>var s = document.createElement('script'); s.src = 'https://cdn.elsewhere.example/a.js'</script>",
    '<script type=importmap>{"imports": {"a": "https://cdn.elsewhere.example/a.js"}}</script>',
]


@pytest.mark.parametrize("page", FOREIGN)
@pytest.mark.parametrize("given", [NOTHING, EVERYTHING])
def test_gated_they_are_whatever_the_consent(page: str, given: object) -> None:
    visitor = EVERYTHING if given is EVERYTHING else NOTHING
    out, handler = run(page, visitor, gate=STRICT)
    assert out != page
    assert {gated.why for gated in handler.gated} == {"unclassified"}
    assert {gated.purpose for gated in handler.gated} == {""}
    assert rewrite(page, visitor) == page
    assert rewrite(page, visitor, gate=LAX) == page


def test_they_are_named_unless_they_are_allowed() -> None:
    page = FOREIGN[0] + FOREIGN[10]
    assert list(run(page)[1].undeclared) == ["cdn.elsewhere.example"]
    assert list(run(page, gate=STRICT)[1].undeclared) == ["cdn.elsewhere.example"]
    assert list(run(page, gate=LAX)[1].undeclared) == []


@pytest.mark.parametrize(
    "page",
    [
        "<img src=https://www.news.example/a.png>",
        "<img src=https://img.news.example/a.png>",
        "<img src=https://news.example:8443/a.png>",
        "<img src=/a.png><script>fetch('/api')</script>",
        "<link rel=canonical href=https://elsewhere.example/>",
        "<a href=https://elsewhere.example/>x</a>",
        "<form action=https://elsewhere.example/></form>",
        "<script>var link = 'https://elsewhere.example/'</script>",
        "<script>// see https://elsewhere.example/\ndocument.createElement('p')</script>",
        "<script>document.createElementNS('http://www.w3.org/2000/svg', 'g').innerHTML = ''</script>",
        '<script type="application/ld+json">{"url": "https://elsewhere.example/"}</script>',
        "<img src=data:image/gif;base64,R0lGODlhAQABAAAAACw=>",
        "<img data-consent=necessary src=https://cdn.elsewhere.example/a.png>",
    ],
)
def test_what_is_the_site_s_own_or_reaches_nobody_stays(page: str) -> None:
    assert rewrite(page, gate=STRICT) == page


def test_a_declaration_or_a_marker_lets_them_through() -> None:
    host = "cdn.elsewhere.example"
    policy = Policy(vendors={"cdn": Vendor(name="CDN", purpose="necessary", hosts=(host,))})
    gate = Gate(policy, unclassified="gate")
    assert rewrite(FOREIGN[0], consent(policy=policy), gate=gate) == FOREIGN[0]
    marked = f"<script data-consent=analytics src=//{host}/a.js></script>"
    assert rewrite(marked, consent("analytics"), gate=STRICT) == marked
    assert rewrite(marked, NOTHING, gate=STRICT) != marked


def test_a_frame_that_nobody_can_allow_has_no_placeholder() -> None:
    assert "srcdoc" not in rewrite(FOREIGN[3], gate=STRICT)


def test_other_words_are_refused() -> None:
    with pytest.raises(ConfigurationError, match="unclassified"):
        Gate(POLICY, unclassified="deny")  # type: ignore[arg-type]


PAGES = sorted((Path(__file__).parents[3] / "shared" / "corpus" / "pages").glob("*.html"))


def _is_foreign(address: str, base: str = live_tags.PAGE) -> bool:
    """Say whether a browser would ask a third party that is not a necessary one of the catalog's."""
    try:
        url = ada_url.URL(address, base=base)
    except ValueError:
        return False
    if url.protocol not in ("http:", "https:") or url.hostname.endswith("site.example"):
        return False
    known = default_catalog().match_host(url.hostname, unquote(url.pathname), url.search[1:])
    return known is None or known.purpose != "necessary"


@pytest.mark.skipif(not PAGES, reason="the corpus of real pages is not beside the repository")
def test_on_real_pages_no_third_party_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live_tags, "is_gated", _is_foreign)
    before = 0
    for path in PAGES:
        page = path.read_text("utf-8", "replace")
        handler = STRICT.page(NOTHING, host="www.site.example")
        rewriter = Rewriter(handler)
        out = (rewriter.feed(page.encode()) + rewriter.close()).decode()
        before += len(live_tags.live_in(page, "lexbor"))
        # A language with a space behind it is none, so such a script does not run (WHATWG HTML 4.12.1.1).
        assert [tag for tag in live_tags.live_in(out, "lexbor") if not tag.address.endswith(" ")] == []
    assert before > 1000
