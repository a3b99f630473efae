"""Rewriting real pages: one interleaved run of every rewriter that is installed, as ratios to consentkit's.

Pages of ``../shared/corpus/pages`` in chunks of 16 KB, with a handler that looks at each tag and edits none.
Medians of the processor time of whole passes, so that other work on the machine counts little.
"""

from __future__ import annotations

import importlib
import statistics
import time
from collections.abc import Callable, Sequence
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from consentkit.rewriter import Rewriter, Splice, Where

PAGES = Path(__file__).parents[3] / "shared" / "corpus" / "pages"
CHUNK = 16_384
PASSES = 9
NAMES = ("script", "img", "iframe", "link", "image", "frame", "embed", "object", "video", "audio", "source")

Page = Sequence[bytes]
Run = Callable[[Page], None]


class Look:
    """Looks at tags and edits none."""

    names = frozenset(name.encode() for name in NAMES)

    def start_tag(self, raw: bytes, name: bytes, where: Where) -> Sequence[Splice]:
        return ()

    def script(self, raw: bytes, text: bytes, whole: bool, where: Where) -> Sequence[Splice]:
        return ()


def consentkit(page: Page) -> None:
    rewriter = Rewriter(Look())
    for chunk in page:
        rewriter.feed(chunk)
    rewriter.close()


def copy(page: Page) -> None:
    for chunk in page:
        bytearray(chunk)


def html_parser(page: Page) -> None:
    parser = HTMLParser()
    for chunk in page:
        parser.feed(chunk.decode("utf-8", "replace"))
    parser.close()


def _lolhtml(module: Any) -> Run:
    class Elements:
        def element(self, element: object) -> None:
            return None

    def run(page: Page) -> None:
        rewriter = module.HTMLRewriter(lambda chunk: None)
        rewriter.on(", ".join(NAMES), Elements())
        for chunk in page:
            rewriter.write(chunk)
        rewriter.end()

    return run


def _turbohtml(module: Any) -> Run:
    elements = [(name, lambda element: None) for name in NAMES]

    def run(page: Page) -> None:
        # Takes the whole page as text only.
        module.rewrite(b"".join(page).decode("utf-8", "replace"), elements=elements)

    return run


def _runs() -> dict[str, Run]:
    runs: dict[str, Run] = {"consentkit": consentkit, "copy": copy, "html.parser": html_parser}
    for label, name, make in (
        ("python-lolhtml", "lolhtml", _lolhtml),
        ("turbohtml (whole text)", "turbohtml.rewrite", _turbohtml),
    ):
        try:
            runs[label] = make(importlib.import_module(name))
        except ImportError:
            print(f"{label}: not installed, left out")
    return runs


def _pages() -> list[Page]:
    bodies = [path.read_bytes() for path in sorted(PAGES.glob("*.html"))]
    return [[body[at : at + CHUNK] for at in range(0, len(body), CHUNK)] for body in bodies]


def measure(runs: dict[str, Run], pages: list[Page], passes: int = PASSES) -> dict[str, float]:
    """Return the median processor time in seconds of a pass over all pages, for every rewriter."""
    times: dict[str, list[float]] = {label: [] for label in runs}
    for _ in range(passes):
        for label, run in runs.items():
            begin = time.process_time()
            for page in pages:
                run(page)
            times[label].append(time.process_time() - begin)
    return {label: statistics.median(values) for label, values in times.items()}


def main() -> bool:
    """Print the ratios; without the corpus there is nothing to measure."""
    pages = _pages()
    if not pages:
        print("rewrite: the corpus of pages is not beside the repository, nothing measured")
        return True
    size = sum(len(chunk) for page in pages for chunk in page)
    times = measure(_runs(), pages)
    base = times["consentkit"]
    print(f"rewrite: {len(pages)} pages, {size / 1e6:.1f} MB, {CHUNK} B chunks, median of {PASSES} passes")
    for label, seconds in sorted(times.items(), key=lambda item: item[1]):
        print(f"  {label:24} {seconds / base:7.2f} ×  {size / seconds / 1e6:8.0f} MB/s")
    return True


if __name__ == "__main__":
    main()
