"""What a frame says of its content reaches the placeholder, and its picture nobody who is denied."""

from __future__ import annotations

import html
import re
from typing import Any

import pytest

from consentkit.catalog import default_catalog
from consentkit.gating import Gate
from consentkit.gating.embeds import MAX_POSTER, MAX_POSTER_DATA, MAX_TITLE
from consentkit.policy import Policy, Vendor
from consentkit.rewriter import Rewriter
from gating.pages import Markers, consent

POLICY = Policy(
    uses=("youtube",),
    vendors={
        "pictures": Vendor(name="Pictures", purpose="necessary", hosts=("img.pictures.example",)),
        "previews": Vendor(name="Previews", purpose="analytics", hosts=("previews.example",)),
        "proxy": Vendor(name="Proxy", purpose="marketing", hosts=("news.example/proxied",)),
    },
)
VIDEO = "src=https://www.youtube.com/embed/x"
PIXEL = "data:image/gif;base64,R0lGODlhAQABAAAAACw="
everywhere = pytest.mark.parametrize("unclassified", ["report", "gate", "allow"])


def documents(page: str, *granted: str, policy: Policy = POLICY, unclassified: Any = "report") -> list[str]:
    """Return the documents in the frames of a page of ``www.news.example``, as the renderer made them."""
    gate = Gate(policy, unclassified=unclassified)
    handler = gate.page(consent(*granted, policy=policy), host="www.news.example", renderer=Markers())
    rewriter = Rewriter(handler)
    out = (rewriter.feed(page.encode()) + rewriter.close()).decode()
    return [html.unescape(value) for value in re.findall(r'\ssrcdoc="([^"]*)"', out)]


def said(attributes: str, *granted: str, before: str = "", unclassified: str = "report") -> list[str]:
    """Return title, poster and whether it plays, as they reach the placeholder."""
    page = f"{before}<iframe {VIDEO} {attributes}></iframe>"
    [document] = documents(page, *granted, unclassified=unclassified)
    found = re.search(r"é(?: //)? (.*?)</p>", document, re.S)
    return found[1].split("|") if found else []


@pytest.mark.parametrize(
    "poster",
    [
        "/poster.jpg",
        "poster.jpg?a=1&amp;b=2",
        "https://www.news.example/poster.jpg",
        "//news.example/poster.jpg",
        "https://static.news.example/poster.jpg",
        "https://img.pictures.example/poster.jpg",
        "\tHTTPS://IMG.pictures.example/x",
        PIXEL,
        "DATA:image/svg+xml,&lt;svg/&gt;",
    ],
)
@everywhere
def test_a_poster_of_the_site_or_of_who_is_allowed_is_shown(poster: str, unclassified: str) -> None:
    shown = said(f'data-consentkit-poster="{poster}"', unclassified=unclassified)
    assert shown[1] == html.unescape(poster).strip()


@pytest.mark.parametrize(
    "poster",
    [
        "https://i.ytimg.com/vi/x/hqdefault.jpg",
        "//i.ytimg.com/vi/x/hqdefault.jpg",
        "\\\\i.ytimg.com/x",
        "&#x2f;/i.ytimg.com/x",
        "/\t/i.ytimg.com/x",
        "https:\\i.ytimg.com/x",
        "https://www.news.example@i.ytimg.com/x",
        "https://i.ytimg.com./x",
        "https://previews.example/x",
        "https://unknown.example/x.jpg",
        "https://www.news.example.unknown.example/x.jpg",
        "/proxied/x.jpg",
        "javascript:alert(1)",
        "java\nscript:alert(1)",
        "data:text/html,&lt;script&gt;",
        "blob:https://www.news.example/x",
        "ftp://www.news.example/x",
        "file:///x",
        "/" + "x" * MAX_POSTER,
        "data:image/png," + "x" * MAX_POSTER_DATA,
        "",
        " ",
    ],
)
@everywhere
def test_any_other_poster_is_not(poster: str, unclassified: str) -> None:
    assert said(f'title=T data-consentkit-poster="{poster}"', unclassified=unclassified)[:2] == ["T", ""]


def test_a_long_poster_that_is_the_picture_is_shown() -> None:
    poster = "data:image/png;base64," + "x" * (MAX_POSTER_DATA - 22)
    assert said(f"data-consentkit-poster={poster}")[1] == poster


def test_a_poster_of_who_is_granted_is_shown_to_who_granted() -> None:
    poster = "data-consentkit-poster=https://previews.example/x"
    assert said(f"title=T {poster}")[1] == ""
    assert said(f"title=T {poster}", "analytics")[1] == "https://previews.example/x"


@pytest.mark.parametrize(
    ("base", "shown"),
    [
        ("/a/", True),
        ("https://img.pictures.example/", True),
        ("https://i.ytimg.com/", False),
        ("//x.example", False),
    ],
)
def test_a_relative_poster_is_where_the_pages_base_says(base: str, shown: bool) -> None:
    found = said("title=T data-consentkit-poster=p.jpg", before=f"<base href={base}>")
    assert found[1] == ("p.jpg" if shown else "")


def test_an_allowed_frame_keeps_its_poster_as_it_is_written() -> None:
    frame = f"<iframe {VIDEO} data-consentkit-poster=/p.jpg></iframe>"
    rewriter = Rewriter(Gate(POLICY).page(consent("marketing", policy=POLICY), renderer=Markers()))
    assert (rewriter.feed(frame.encode()) + rewriter.close()).decode() == frame


def test_titles_are_one_short_line() -> None:
    assert said("title='  How\n a &quot;story&quot; &lt;b&gt;  is made '")[0] == 'How a "story" <b> is made'
    long = said(f"title='{'word ' * 100}'")[0]
    assert (len(long), long[-1]) == (MAX_TITLE, "…")


def test_frames_of_players_play() -> None:
    own = Policy(vendors={"tube": Vendor(name="Tube", purpose="functional", hosts=("tube.example",))})
    players = {
        "allow='accelerometer; autoplay; encrypted-media'": "plays",
        "allow='fullscreen; geolocation'": "",
        "allow=notautoplaying": "",
    }
    for attribute, plays in players.items():
        [document] = documents(f"<iframe src=//tube.example/x title=T {attribute}></iframe>", policy=own)
        assert f"T||{plays}</p>" in document


def test_vendors_that_play_are_those_that_say_so() -> None:
    vendors = default_catalog().vendors.values()
    playing = {vendor.id for vendor in vendors if vendor.plays}
    assert {"youtube", "vimeo", "spotify", "soundcloud", "twitch", "tiktok"} <= playing
    said_so = {vendor.id for vendor in vendors if vendor.embed and "plays" in vendor.description.lower()}
    assert said_so <= playing
    assert not playing & {"google-maps", "facebook", "disqus", "typeform"}
    assert [vendor.id for vendor in vendors if vendor.plays and not vendor.embed] == []


SENDS = "allow-forms allow-same-origin"


@pytest.mark.parametrize(
    ("around", "leads"),
    [
        ("", "_top"),
        (f"sandbox='allow-scripts {SENDS} allow-top-navigation'", "_top"),
        (f"sandbox='{SENDS} ALLOW-top-navigation-by-user-activation'", "_top"),
        (f"sandbox='{SENDS}'", "nowhere"),
        ("sandbox='allow-forms allow-top-navigation'", "nowhere"),
        ("sandbox='allow-same-origin allow-top-navigation'", "nowhere"),
        ("sandbox", "nowhere"),
    ],
)
def test_a_placeholder_leads_to_the_page_also_from_documents_in_it(around: str, leads: str) -> None:
    inner = html.escape(f"<p>Before</p><iframe {VIDEO}></iframe>")
    [outer] = documents(f'<iframe {around} srcdoc="{inner}"></iframe>')
    assert f" {leads}</p>" in html.unescape(outer)
    twice = html.escape(f'<iframe srcdoc="{inner}"></iframe>')
    [deep] = documents(f'<iframe {around} srcdoc="{twice}"></iframe>')
    assert f" {leads}</p>" in html.unescape(html.unescape(deep))
    # The frame itself has its own sandbox only when it is live.
    [direct] = documents(f"<iframe {VIDEO} {around}></iframe>")
    assert direct.endswith(" é</p>")
