"""The documents of this project, and what stands in them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
FOLDERS = ("start", "how-to", "reference", "explanation")
PAGES = sorted([DOCS / "index.md", *(page for folder in FOLDERS for page in (DOCS / folder).glob("*.md"))])
DOCUMENTS = sorted([*ROOT.glob("*.md"), *PAGES])

_BLOCK = re.compile(r"^```([a-z]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


class Example(NamedTuple):
    """One fenced block.

    Attributes:
        document: Where it stands.
        line: Of its first line, from 1.
        text: What is in it.
        language: What it is written in.
    """

    document: Path
    line: int
    text: str
    language: str


def find_page(name: str) -> Path:
    """Return the page of a name, such as ``quickstart``, in whichever folder it is."""
    [found] = [page for page in PAGES if page.stem == name]
    return found


def name_of(document: Path) -> str:
    """Name a document as people do."""
    return str(document.relative_to(ROOT))


def examples(document: Path, *languages: str) -> Iterator[Example]:
    """Yield a document's blocks of some languages."""
    text = document.read_text("utf-8")
    for block in _BLOCK.finditer(text):
        if block[1] in languages:
            yield Example(document, text.count("\n", 0, block.start(2)) + 1, block[2], block[1])


def section(document: Path, heading: str) -> str:
    """Return what stands below a heading, up to the next of its level or a higher one."""
    level = heading.split(" ", 1)[0]
    text = document.read_text("utf-8")
    start = text.index(f"\n{heading}\n") + len(heading) + 2
    end = re.compile(rf"^#{{1,{len(level)}}} ", re.MULTILINE).search(text, start)
    return text[start : end.start() if end else len(text)]


def first_column(table: str) -> set[str]:
    """Return the names in code quotes in the first cells of tables."""
    cells = (line.split("|")[1] for line in table.splitlines() if line.startswith("| `"))
    return {name for cell in cells for name in re.findall(r"`([^`]+)`", cell)}


def fill(document: Path, name: str, lines: Iterable[str]) -> None:
    """Put what a command found between the two comments that begin with a name."""
    text = document.read_text("utf-8")
    between = re.compile(rf"(^<!-- {name}: .*-->\n).*?(^<!-- {name}: end -->$)", re.MULTILINE | re.DOTALL)
    made = "\n".join(["", *lines, "", ""])
    filled, count = between.subn(lambda found: found[1] + made + found[2], text)
    if count != 1:
        raise ValueError(f"{name_of(document)} has {count} places for {name}")
    document.write_text(filled, "utf-8")
