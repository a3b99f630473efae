"""Links between documents lead somewhere, and nothing private is named."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from docs.documents import DOCS, DOCUMENTS, ROOT, find_page, name_of

_LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)|^```\{image\} (\S+)$", re.MULTILINE)
_FENCE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
_HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
_IMAGES_MAY_WEIGH = 1_500_000  # bytes
PACKAGE = ROOT / "src" / "consentkit"


def anchors(document: Path) -> set[str]:
    """Return a document's anchors, as GitHub and MyST make them of headings, and those it sets itself."""
    text = document.read_text("utf-8")
    headings = _HEADING.findall(_FENCE.sub("", text))
    made = {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
    return made | set(re.findall(r"^\(([\w-]+)\)=$", text, re.MULTILINE))


def links(document: Path) -> list[str]:
    return [first or second for first, second in _LINK.findall(document.read_text("utf-8"))]


@pytest.mark.parametrize("document", DOCUMENTS, ids=name_of)
def test_links_resolve(document: Path) -> None:
    broken = []
    for link in links(document):
        if re.match(r"[a-z]+:", link):
            continue
        path, _, anchor = link.partition("#")
        target = (document.parent / path).resolve() if path else document
        if not target.exists() or (anchor and anchor not in anchors(target)):
            broken.append(link)
    assert broken == []


@pytest.mark.parametrize("document", [ROOT / "CONTRIBUTING.md", find_page("architecture")], ids=name_of)
def test_every_file_and_folder_that_is_named_is_there(document: Path) -> None:
    named = re.findall(r"`([\w.*-]+/(?:[\w./*-]*(?:/|\.\w+))?)`", document.read_text("utf-8"))
    assert named
    assert [path for path in named if not any([*ROOT.glob(path), *PACKAGE.glob(path)])] == []


def test_every_picture_is_used_and_their_weight_is_bearable() -> None:
    pictures = sorted((DOCS / "images").glob("*.png"))
    shown = {Path(link).name for document in DOCUMENTS for link in links(document)}
    assert {picture.name for picture in pictures} == {name for name in shown if name.endswith(".png")}
    assert sum(picture.stat().st_size for picture in pictures) < _IMAGES_MAY_WEIGH


@pytest.mark.parametrize("document", DOCUMENTS, ids=name_of)
def test_no_path_of_a_machine_is_named(document: Path) -> None:
    text = document.read_text("utf-8")
    assert str(ROOT) not in text
    assert re.findall(r"/(?:home|Users|root|work)/", text) == []
