from __future__ import annotations

from html.parser import HTMLParser

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from examples.news.stories import SECTIONS, SEED, STORIES, read_seed, read_stories

ARTICLE = "/world/biden-authorizes-long-range-missiles"
WORDS = st.lists(st.text("aZé9’$.,", min_size=1, max_size=9), min_size=1, max_size=9)
PARAGRAPHS = st.lists(WORDS.map(" ".join), min_size=1)


class _ArticleText(HTMLParser):
    """Words of the first article element, alternative texts included."""

    def __init__(self) -> None:
        super().__init__()
        self.words: list[str] = []
        self.inside = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.inside = self.inside or tag == "article"
        if self.inside and tag == "img":
            self.words += (dict(attrs).get("alt") or "").split()

    def handle_endtag(self, tag: str) -> None:
        self.inside = self.inside and tag != "article"

    def handle_data(self, data: str) -> None:
        if self.inside:
            self.words += data.split()


def _blocks() -> list[str]:
    return [block for block in SEED.read_text().split("\n\n") if block.strip()]


def test_the_parser_keeps_every_word_of_the_article_in_order() -> None:
    story = read_seed(SEED.read_text())
    parts = [
        story.headline,
        story.deck,
        story.alt,
        story.caption,
        *story.body,
        story.google_news,
        story.contact,
    ]
    assert " ".join(parts).split() == " ".join(_blocks()[:-1]).split()


def test_the_cookie_notice_is_left_to_the_middleware() -> None:
    story = read_seed(SEED.read_text())
    assert _blocks()[-1].startswith("This website uses cookies")
    assert not any("cookies" in text for text in (*story.body, story.contact, story.google_news))


@given(PARAGRAPHS)
def test_any_number_of_paragraphs_is_kept(paragraphs: list[str]) -> None:
    blocks = ["Headline", "Deck", "Headline\nCaption", *paragraphs, "Google News", "Contact", "Notice"]
    assert list(read_seed("\n\n".join(blocks)).body) == paragraphs


def test_a_text_without_its_parts_is_refused() -> None:
    with pytest.raises(ValueError, match="seed article"):
        read_seed("Headline\n\nDeck\n\nNo picture\n\nGoogle\n\nContact\n\nNotice")


@pytest.mark.anyio
async def test_the_page_shows_every_word_of_the_article_in_order(site: httpx.AsyncClient) -> None:
    page = _ArticleText()
    page.feed((await site.get(ARTICLE)).text)
    shown = iter(page.words)
    missing = [word for word in " ".join(_blocks()[:-1]).split() if word not in shown]
    assert missing == []


def test_other_stories_have_addresses_of_their_own_in_known_sections() -> None:
    stories, briefs = read_stories(STORIES.read_text())
    assert len({story.url for story in stories}) == len(stories) >= 8
    assert {story.section for story in stories} < set(SECTIONS)
    assert briefs
