"""Where the links of a page lead."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from consentkit.scanner.view import View, read_script
from consentkit.scanner.words import leads_to_policy

if TYPE_CHECKING:
    from playwright.sync_api import Frame

_FILES: Final = frozenset(
    {"pdf", "zip", "jpg", "jpeg", "png", "gif", "svg", "webp", "avif", "mp4", "mp3", "xml", "json", "txt"}
)


def find_pages(frame: Frame, view: View, *, prefix: str, most: int) -> list[str]:
    """Find pages of the same site to which a page links outside of its first layer.

    Args:
        frame: The page.
        view: What it looks like.
        prefix: Paths below this one are no pages of the site.
        most: How many pages to find at most.
    """
    here = urlsplit(frame.url)
    seen, pages = {(here.path, here.query)}, []
    for link, _ in _links(frame, view.layer.path if view.layer else None):
        to = urlsplit(link)
        own = (to.scheme, to.netloc) == (here.scheme, here.netloc) and not to.path.startswith(prefix + "/")
        if own and (to.path, to.query) not in seen and to.path.rpartition(".")[2].lower() not in _FILES:
            seen.add((to.path, to.query))
            pages.append(to._replace(fragment="").geturl())
    return pages[:most]


def find_policy(frame: Frame) -> str:
    """Find where the link to the site's own privacy policy leads; nowhere if there is none."""
    here = urlsplit(frame.url).netloc
    found = [(href, text) for href, text in _links(frame) if leads_to_policy(text)]
    # Those of vendors are elsewhere, and say whose they are.
    found.sort(key=lambda link: (urlsplit(link[0]).netloc != here, len(link[1])))
    return found[0][0] if found else ""


def _links(frame: Frame, layer: str | None = None) -> list[tuple[str, str]]:
    links: list[tuple[str, str]] = frame.evaluate(read_script("links"), layer)
    return [(href, text.strip()) for href, text in links if href.startswith("http")]
