"""Tags that are shown if an attribute holds a ``javascript:`` address, and only then."""

from __future__ import annotations

import pytest

from consentkit.rewriter import Memory, Rewriter
from consentkit.rewriter.tags import runs_script
from rewriter.recording import CUTS, Recorder

RUNNING = [
    b"javascript:a", b"JavaScript:a", b"  javascript:a", b"\x01\njavascript:a", b"java\tscript:a",
    b"j\navascript:", b"&#106;avascript:a", b"j&#x61;vascript:a", b"javascript&colon;a", b"java&Tab;script:a",
    b"&NewLine;javascript:a",
]  # fmt: skip
LEADING = [
    b"/javascript:a",
    b"https://x/",
    b"java script:a",
    b"javascript",
    b"#js",
    b" btn",
    b"ja",
    b"",
    b"js-link",
]


class Followed(Recorder):
    """Asks for links that run scripts, and for those with a ping."""

    def __init__(self) -> None:
        super().__init__()
        self.addressed = frozenset({(b"href", frozenset({b"a"})), (b"formaction", frozenset({b"button"}))})
        self.rare = frozenset({(b"ping", frozenset({b"a"}))})


def shown(page: bytes) -> list[bytes]:
    """Return the tags that are shown, the same for every cut and when they are known."""
    found, memory = [], Memory()
    for cut in (*CUTS, CUTS[0], CUTS[0]):
        handler = Followed()
        rewriter = Rewriter(handler, memory=memory)
        assert b"".join([*map(rewriter.feed, cut(page)), rewriter.close()]) == page
        found.append(handler.tags)
    assert all(tags == found[0] for tags in found)
    return found[0]


TAGS = [b'<a href="%s">', b'<a class="x" href="%s">', b"<a class=' y' href='%s'>", b'<A HREF = "%s" id=z>',
        b'<button formaction="%s">', b"<a\nhref\n=\n'%s'>", b'<a title="a>b" href="%s">']  # fmt: skip


@pytest.mark.parametrize(
    "before", [b"", b"<p>", b"<body><p>text</p>", b"<svg></svg><select></select><p>", b"<noscript>"]
)
@pytest.mark.parametrize("tag", TAGS)
def test_what_runs_is_shown_and_what_leads_elsewhere_is_not(tag: bytes, before: bytes) -> None:
    for value in RUNNING:
        raw = tag % value
        assert set(shown(before + raw + b"text</a></button>")) == {raw}
    for value in LEADING:
        assert shown(before + tag % value + b"text</a></button>") == []


@pytest.mark.parametrize("value", RUNNING)
def test_values_without_quotes(value: bytes) -> None:
    if not set(value) & set(b" \t\n"):
        assert shown(b"<p><a href=%s>text</a>" % value) == [b"<a href=%s>" % value]


def test_other_elements_and_attributes_do_not_count() -> None:
    assert shown(b'<p><a title="javascript:a"><button href="javascript:a"><div href="javascript:a">') == []


def test_rare_attributes_still_count() -> None:
    for tag in (b'<a href="/x" ping="/y">', b"<a ping=/y>", b'<a class=" x" ping="/y">', b"<a PING=''>"):
        assert shown(b"<p>" + tag) == [tag]
    assert shown(b"<p><a ping href=/x>") == []
    assert shown(b'<p><a lang="en" href="/ping=">') == []


@pytest.mark.parametrize("value", RUNNING)
def test_addresses_that_run(value: bytes) -> None:
    assert runs_script(value)


@pytest.mark.parametrize("value", LEADING)
def test_addresses_that_do_not(value: bytes) -> None:
    assert not runs_script(value)
