"""What vendors tell sites to put into their pages: inert without consent, as it was with it."""

from __future__ import annotations

import random
import tomllib
from pathlib import Path
from typing import Any

import pytest
from selectolax.lexbor import LexborHTMLParser

from consentkit.catalog import default_catalog
from consentkit.rewriter import Rewriter
from gating.pages import ALL, EVERYTHING, GATE, NOTHING, Markers, consent, run

SYNTAX_TREE = True
"""Whether inline scripts are read as syntax trees, so that addresses that are put together are recognised."""

_TABLES: dict[str, list[dict[str, Any]]] = tomllib.loads(
    (Path(__file__).parent / "snippets.toml").read_text("utf-8")
)
SNIPPETS = _TABLES["snippet"] + (_TABLES["tree"] if SYNTAX_TREE else [])
each = pytest.mark.parametrize(
    "snippet", SNIPPETS, ids=[f"{at}-{one['vendor']}" for at, one in enumerate(SNIPPETS)]
)


def live(page: str) -> list[str]:
    """Return the elements that load or run something, read by a parser that is not this package's."""
    found = []
    for markup in (page, page.replace("<noscript>", "<div>").replace("</noscript>", "</div>")):
        for node in LexborHTMLParser(markup).css("script, iframe, img, link"):
            names = node.attributes
            inert = node.tag == "script" and names.get("type") == "text/plain"
            loads = node.tag == "script" or any(names.get(name) for name in ("src", "href"))
            if loads and not inert and not (node.tag == "iframe" and "srcdoc" in names):
                found.append(node.html or "")
    return list(dict.fromkeys(found))


@each
def test_a_snippet_is_inert_without_consent(snippet: dict[str, Any]) -> None:
    out, handler = run(snippet["html"])
    assert len(live(out)) == snippet.get("stays", 0), live(out)
    assert {gated.vendor for gated in handler.gated} <= {snippet["vendor"], *snippet.get("also", ())}


@each
def test_a_snippet_belongs_to_its_vendor(snippet: dict[str, Any]) -> None:
    vendor = snippet["vendor"]
    out, handler = run(snippet["html"], consent(*ALL, vendors_denied=[vendor]))
    known = default_catalog().vendors[vendor]
    assert {(gated.vendor, gated.purpose) for gated in handler.gated} == {(vendor, known.purpose)}
    assert len(live(out)) == snippet.get("stays", 0)


@each
def test_a_snippet_is_as_written_with_consent(snippet: dict[str, Any]) -> None:
    assert run(snippet["html"], EVERYTHING)[0] == snippet["html"]


@each
def test_a_snippet_is_read_alike_in_pieces(snippet: dict[str, Any]) -> None:
    page = snippet["html"].encode()
    dice = random.Random(page)
    cuts = sorted(dice.sample(range(len(page)), 6))
    splits = [
        [page[at : at + 1] for at in range(len(page))],
        [page[start:end] for start, end in zip([0, *cuts], [*cuts, len(page)], strict=True)],
    ]
    for given in (NOTHING, EVERYTHING):
        whole = run(snippet["html"], given)[0].encode()
        for pieces in splits:
            rewriter = Rewriter(GATE.page(given, host="www.news.example", renderer=Markers()))
            out = b"".join(rewriter.feed(piece) for piece in pieces) + rewriter.close()
            assert out == whole


def test_there_are_snippets_of_enough_vendors() -> None:
    assert len({snippet["vendor"] for snippet in _TABLES["snippet"]}) >= 180
