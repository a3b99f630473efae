"""What a page looks like, read from the document as it is now, and where its links lead."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

import msgspec

from consentkit.lint.facts import View
from consentkit.scanner import labels

if TYPE_CHECKING:
    from playwright.sync_api import Frame

_HOOKS: Final = frozenset({"accept", "reject", "settings", "save", "withdraw"})
_FILES: Final = frozenset(
    {"pdf", "zip", "jpg", "jpeg", "png", "gif", "svg", "webp", "avif", "mp4", "mp3", "xml", "json", "txt"}
)


@cache
def read_script(name: str) -> str:
    """Read a script of this room as an expression, as Playwright takes it."""
    return Path(__file__).with_name(f"{name}.js").read_text("utf-8").rstrip().removesuffix(";")


def look(frame: Frame) -> View:
    """Look at a document as it is now, and read its labels."""
    seen = frame.evaluate(read_script("probe"), labels.about_consent())
    page = seen["language"] = labels.primary_language(seen["language"])
    for layer in seen["layers"]:
        language = layer["language"] = labels.primary_language(layer["language"])
        layer["spoken"] = labels.contradicting_language(layer["text"], page)
        layer["known"] = language in labels.known_languages()
    for control in (*seen["controls"], *(one for layer in seen["layers"] for one in layer["controls"])):
        control.update(_read_labels(control))
    return msgspec.convert(seen, View)


def _read_labels(control: dict[str, Any]) -> dict[str, Any]:
    label, hook = control["text"] or control["name"], control["hook"]
    return {
        "action": hook if hook in _HOOKS else labels.read_label(label),
        "refuses": labels.read_label(control["text"], shipped=False) == "reject",
        "reopens": labels.reopens(label),
    }


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
    """Find where the link to the site's own privacy policy leads; empty if there is none."""
    here = urlsplit(frame.url).netloc
    found = [(href, text) for href, text in _links(frame) if labels.leads_to_policy(text)]
    # Those of vendors are elsewhere, and say whose they are.
    found.sort(key=lambda link: (urlsplit(link[0]).netloc != here, len(link[1])))
    return found[0][0] if found else ""


def _links(frame: Frame, layer: str | None = None) -> list[tuple[str, str]]:
    links: list[tuple[str, str]] = frame.evaluate(read_script("links"), layer)
    return [(href, text.strip()) for href, text in links if href.startswith("http")]
