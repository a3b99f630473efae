"""The stories: one read from the seed article's text, the others from stories.toml."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from examples.news.settings import PROJECT

SEED = PROJECT / "seeds" / "000_d919394625708035.txt"
STORIES = Path(__file__).with_name("stories.toml")
EDITIONS = Path(__file__).with_name("editions.toml")
SECTIONS = {
    "world": "World",
    "city": "City",
    "business": "Business",
    "culture": "Culture",
    "science": "Science",
    "sport": "Sport",
}
FOOTER = {
    **SECTIONS,
    "demonstration": "This is a demonstration",
    "seen_from": "See the site as a visitor from …",
    "nowhere": "Nowhere known",
    "nowhere_note": "the strictest rule",
    "eu": "The EU",
    "california": "California",
    "live": "Live hits",
    "live_note": "what our own statistics receive, as it arrives",
    "links": "Footer",
    "privacy": "Privacy",
    "settings": "Privacy settings",
    "imprint": "Odu News Ltd, 1 Press Lane, Lagos. An invented publisher: apart from the article that the "
    "demonstration is about, stories, people and numbers are made up, and the pictures are drawn.",
}
"""What the footer says in English; an edition says the same in its language."""


@dataclass(frozen=True, kw_only=True)
class Story:
    """One article.

    Attributes:
        google_news: Last lines of the seed article; the others have none.
        contact: Last line of the seed article: where to send tips, whom to follow.
        embeds: Whether a video and a post stand between the paragraphs.
    """

    slug: str
    section: str
    headline: str
    deck: str
    byline: str
    picture: str
    alt: str
    caption: str
    body: tuple[str, ...]
    google_news: str = ""
    contact: str = ""
    embeds: bool = False

    @property
    def url(self) -> str:
        """Path of the article's page."""
        return f"/{self.section}/{self.slug}"

    @property
    def minutes(self) -> int:
        """Minutes that the article takes to read, at 220 words a minute."""
        return max(1, round(sum(len(paragraph.split()) for paragraph in self.body) / 220))


@dataclass(frozen=True, kw_only=True)
class Brief:
    """One line of the "In brief" column."""

    time: str
    text: str


@dataclass(frozen=True, kw_only=True)
class Edition:
    """The seed article in a few sentences of another language.

    Attributes:
        language: Its tag (BCP 47), which is also its path.
        name: What the language calls itself.
        footer: What its footer says, by the keys of `FOOTER`.
    """

    language: str
    name: str
    title: str
    deck: str
    body: tuple[str, ...]
    footer: Mapping[str, str]

    @property
    def direction(self) -> str:
        """The page's `dir` attribute."""
        return "rtl" if self.language == "ar" else "ltr"


def read_seed(text: str) -> Story:
    """Read the seed article: blocks of text between empty lines.

    Headline, deck, picture (its title, then its caption), paragraphs, and after them three lines: Google
    News, contact, and the cookie notice. The notice is the middleware's to show, so it is not in the story.

    Raises:
        ValueError: A block is missing.
    """
    blocks = [block.strip() for block in re.split(r"\n\s*\n", text.strip())]
    try:
        headline, deck, picture, *body, google_news, contact, _notice = blocks
        alt, caption = picture.split("\n")
    except ValueError as error:
        raise ValueError("the seed article has not the blocks that it should have") from error
    return Story(
        slug="biden-authorizes-long-range-missiles",
        section="world",
        headline=headline,
        deck=deck,
        byline="OduNews World Desk",
        picture="biden.svg",
        alt=alt,
        caption=caption,
        body=tuple(body),
        google_news=google_news,
        contact=contact,
        embeds=True,
    )


def read_stories(text: str) -> tuple[list[Story], list[Brief]]:
    """Read the stories and the briefs of stories.toml."""
    tables = tomllib.loads(text)
    stories = [Story(**{**table, "body": _paragraphs(table["body"])}) for table in tables["story"]]
    return stories, [Brief(**table) for table in tables["brief"]]


def read_editions(text: str) -> dict[str, Edition]:
    """Read the editions of editions.toml by language."""
    tables = tomllib.loads(text)
    return {
        language: Edition(**{**table, "language": language, "body": _paragraphs(table["body"])})
        for language, table in tables.items()
    }


def _paragraphs(text: str) -> tuple[str, ...]:
    return tuple(" ".join(block.split()) for block in text.strip().split("\n\n"))
