"""The tree-construction inputs of html5lib-tests: the tree of the rewritten page is that of the original.

Every case is rewritten with real edits: an attribute put into every start tag, elements put into head and
body; and, with vendors' tags strewn over it, by the gate. html5lib, with scripting on and off, and lexbor
read both. What the edits put in is taken out of the rewritten tree, and nothing else may differ.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple
from xml.etree.ElementTree import Element

import html5lib  # type: ignore[import-untyped]
import pytest
from selectolax.lexbor import LexborHTMLParser

from consentkit.consent.consent import Consent
from consentkit.gating import Gate
from consentkit.policy import Policy
from consentkit.rewriter import Rewriter, Splice, Table, Where
from rewriter.recording import CORPUS, CUTS

FILES = sorted((CORPUS / "html5lib-tests" / "tree-construction").rglob("*.dat"))
POLICY = Policy()
GATE = Gate(POLICY)
NOTHING = Consent(
    policy=POLICY,
    regimes=POLICY.regimes_at(None),
    granted=frozenset({"necessary"}),
    denied=frozenset(POLICY.purposes) - {"necessary"},
    vendors_granted=frozenset(),
    vendors_denied=frozenset(),
)
HEAD, BODY = b"<meta id=ck-h>", b"<div id=ck-b></div>"
VENDOR = b"//www.google-analytics.com/x"
TAGS = (
    b"<script src=%b></script>" % VENDOR,
    b"<img src='%b'>" % VENDOR,
    b'<iframe src="%b"></iframe>' % VENDOR,
)
NAMES = frozenset(
    b"a b p i font nobr div span table tbody tr td th caption colgroup col svg math g path "
    b"foreignobject desc title mi mo mtext annotation-xml select option optgroup template form input "
    b"button textarea style script noscript iframe frameset frame html head body base link meta h1 ul "
    b"li dd dt ruby rt rp pre listing plaintext marquee object applet embed video img image hr br menu "
    b"center address body xmp noframes noembed keygen bdy".split()
)

pytestmark = pytest.mark.skipif(not FILES, reason="the corpus of html5lib-tests is not beside the repository")


class Marking:
    """Puts an attribute into every start tag that it is shown."""

    names = NAMES
    rare = addressed = Table()
    steady = True

    def start_tag(self, raw: bytes, name: bytes, where: Where) -> Sequence[Splice]:
        return [(1 + len(name), 1 + len(name), b" ck-mark")]

    def reads(self, raw: bytes) -> bool:
        return True

    def script(self, raw: bytes, text: bytes, whole: bool, where: Where) -> Sequence[Splice]:
        return self.start_tag(raw, b"script", where)


class Edited(NamedTuple):
    """A page before and after, and how a dumped tree of the latter is made one of the former."""

    before: bytes
    after: bytes
    restore: Callable[[str], str]


def documents(path: Path) -> Iterator[bytes]:
    """Yield the inputs of a file; those of fragments are read as documents, as the rewriter does."""
    for case in path.read_bytes().split(b"#data\n")[1:]:
        yield case.partition(b"\n#errors")[0]


def rewritten(handler: Any, data: bytes, *, head: bytes = b"", body: bytes = b"") -> bytes | None:
    """Return the output, the same for every way to cut the input; `None` where a limit was passed."""
    found = set()
    for cut in CUTS:
        rewriter = Rewriter(handler(), head=head, body=body)
        found.add((b"".join([*map(rewriter.feed, cut(data)), rewriter.close()]), rewriter.sealed))
    ((out, sealed),) = found
    return None if sealed else out


def _unmark(dump: str) -> str:
    # What the page leaves open is closed in front of an injection at its end: scripts, which no browser then
    # runs, with what would end their comments; and comments that end in half of their mark.
    return re.sub(r' ck-mark(?:="")?|-->(?=</>|</script>)|--(?=-->)', "", dump)


def marked(data: bytes) -> Edited | None:
    out = rewritten(Marking, data, head=HEAD, body=BODY)
    return None if out is None else Edited(data, out, _unmark)


def strewn(data: bytes) -> bytes:
    """Put a vendor's tag behind every ``>``."""
    parts = data.split(b">")
    return b"".join(part + b">" + TAGS[at % len(TAGS)] for at, part in enumerate(parts[:-1])) + parts[-1]


def _ungate(dump: str) -> str:
    dump = re.sub(r"( type=(\"?)text/plain\2| name=(\"?)consentkit-\d+\3)", "", dump)
    return dump.replace("data-consentkit-", "")


def gated(data: bytes) -> Edited | None:
    page = strewn(data)
    out = rewritten(lambda: GATE.page(NOTHING, host="www.site.example"), page)
    return None if out is None else Edited(page, out, _ungate)


def _html5lib(page: bytes, scripting: bool) -> str:
    tree = html5lib.parse(page.decode("utf-8", "replace"), scripting=scripting, namespaceHTMLElements=True)
    return "".join(_dump(tree))


def _dump(element: Element) -> Iterator[str]:
    """Write an element; attributes sorted, since their order in a tree means nothing, and ours left out."""
    name: Any = element.tag
    if element.get("id") not in ("ck-h", "ck-b"):
        yield f"<{name if isinstance(name, str) else 'comment'}"
        yield from (f' {key}="{value}"' for key, value in sorted(element.items()))
        yield f">{element.text or ''}"
        for child in element:
            yield from _dump(child)
        yield "</>"
    yield element.tail or ""


def _lexbor(page: bytes) -> str:
    tree = LexborHTMLParser(page.decode("utf-8", "replace"))
    for node in tree.css("#ck-h, #ck-b"):
        node.decompose()
    return tree.html or ""


READERS: dict[str, Callable[[bytes], str]] = {
    "html5lib, scripting": lambda page: _html5lib(page, True),
    "html5lib, no scripting": lambda page: _html5lib(page, False),
    "lexbor": _lexbor,
}


def _differences(cases: Iterable[Edited]) -> Iterator[str]:
    for case in cases:
        for name, read in READERS.items():
            before, after = case.restore(read(case.before)), case.restore(read(case.after))
            if before != after:
                yield f"{name}: {case.before!r}\n  {case.after!r}\n  {before}\n  {after}"


@pytest.mark.parametrize("edit", [marked, gated])
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_the_tree_stays_but_for_the_edits(path: Path, edit: Callable[[bytes], Edited | None]) -> None:
    cases = [edit(data) for data in documents(path)]
    edited = [case for case in cases if case]
    assert len(edited) >= 0.95 * len(cases)
    tagged = [case for case in edited if b">" in case.before]
    assert sum(case.before != case.after for case in tagged) >= 0.6 * len(tagged)
    assert "\n".join(_differences(edited)) == ""
