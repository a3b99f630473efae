"""The pages that are measured with: ``../shared/corpus/pages``, beside the repository."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

PAGES = Path(__file__).parents[3] / "shared" / "corpus" / "pages"
NO_PAGES = "the corpus of pages is not beside the repository: nothing measured"

Page = Sequence[bytes]


def paths() -> list[Path]:
    """Return the pages' files in order; none where the corpus is not there."""
    return sorted(PAGES.glob("*.html"))


def cut(body: bytes, chunk: int) -> Page:
    """Cut a page into chunks."""
    return [body[at : at + chunk] for at in range(0, len(body), chunk)]


def pages(chunk: int) -> list[Page]:
    """Return all pages, cut into chunks."""
    return [cut(path.read_bytes(), chunk) for path in paths()]
