"""Reading one tag: whom it would reach, and which edits keep it from that. A function of the bytes alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Final

from consentkit.catalog import URL
from consentkit.gating import edits, elements
from consentkit.gating.embeds import read_embed
from consentkit.gating.inline import Reading
from consentkit.gating.markers import Marker, parked, parked_type, read_marker
from consentkit.gating.parties import Parties
from consentkit.gating.party import NOTHING, Embed, Found, Part, Plan, join
from consentkit.gating.rules import KINDS as RULES
from consentkit.gating.rules import addresses
from consentkit.gating.running import scripts_in
from consentkit.gating.scripts import foreign_text, script_type
from consentkit.gating.values import urls
from consentkit.gating.wrapped import unwrap
from consentkit.rewriter import Attribute, Rewriter, Splice, Where, attributes, decode

MAX_DEPTH: Final = 3
"""How many attributes deep documents are read; deeper ones count as unreadable."""

_LIVE_TYPES: Final = ("javascript", "module")
_UNREADABLE: Final = Found(unreadable=True)


class Planner:
    """Makes plans for tags.

    Args:
        parties: Who addresses and markers stand for.
        read: Reads the text of an inline script.
    """

    def __init__(self, parties: Parties, read: Callable[[bytes], Reading]) -> None:
        self._parties = parties
        self.read = read

    def plan(self, raw: bytes, name: bytes, bases: Sequence[URL] = (), depth: int = 0) -> Plan | None:
        """Find whom a tag would reach.

        Args:
            raw: The tag's bytes.
            name: Lower-case name of the element.
            bases: What relative URLs may be resolved against, besides the page itself.
            depth: In how many attributes the tag stands.

        Returns:
            What to do with the tag, or `None` if there is nothing to do, whatever the consent.
        """
        found = attributes(raw)
        marker = read_marker(name, found)
        reasons = self._parties.marked(marker) if marker else ()
        if marker and reasons:
            return self._marked(raw, name, found, marker, Found(reasons), bases, depth)
        if name == b"script":
            return self._script(raw, found, bases, depth)
        load = NOTHING if elements.is_idle(name, found) else self._load(name, found, bases, depth)
        others = tuple(self._others(name, found, bases, depth))
        if load == NOTHING and not others:
            return None
        return Plan(
            load=Part(load, edits.move(name, found)),
            others=others,
            embed=self._embed(name, found, bases),
        )

    def based(self, found: Sequence[Attribute]) -> Found:
        """Find whom relative addresses would reach behind a base with these attributes."""
        href = elements.first(found, b"href")
        return self._parties.reached([href] if href else [], ())

    def ruled(self, kind: str, text: bytes, bases: Sequence[URL]) -> Found:
        """Find whom a list of addresses would reach, such as an import map."""
        listed = addresses(kind, text)
        if listed is None:
            return _UNREADABLE
        inner = [self._inside(text, b"script", 0) for text in listed if ":" in text]
        return join([self._parties.reached(listed, bases), *inner])

    def _marked(
        self, raw: bytes, name: bytes, found: Sequence[Attribute], marker: Marker, reached: Found,
        bases: Sequence[URL], depth: int,
    ) -> Plan | None:  # fmt: skip
        """Plan for a tag that says who must be allowed; where that is trusted, nothing else counts."""
        plan = Plan(marked=self._parties.trusts(marker), rules=_rules_in(found))
        if not plan.marked:
            if not elements.is_idle(name, found):
                reached = join([reached, self._load(name, found, bases, depth)])
            plan = plan._replace(others=tuple(self._others(name, found, bases, depth)))
        if name == b"script":
            kind = script_type(found)
            if kind == "text/plain":
                live, simple = _started(found)
                heard = self._load(name, found, (), 0).reasons
                return plan._replace(load=Part(reached), live=live, simple=simple, heard=heard)
            if kind not in (*_LIVE_TYPES, *RULES):
                return None
            heard = self._load(name, found, (), 0).reasons
            return plan._replace(load=Part(reached, edits.stop_script(raw, found)), heard=heard)
        moved = edits.tidy(edits.move(name, found), edits.rename(found, scripts_in(name, found)))
        own = {b"link": b"href", b"object": b"data"}.get(name, b"src")
        return plan._replace(
            load=Part(reached, moved),
            live=edits.tidy(edits.restore(found, parked(name, found), own)) if marker.inert else (),
            simple=not marker.inert,
            embed=self._embed(name, found, bases),
        )

    def _embed(self, name: bytes, found: Sequence[Attribute], bases: Sequence[URL]) -> Embed | None:
        shown = name == b"iframe" and elements.is_visible(found)
        return read_embed(found, bases, self._parties.reached) if shown else None

    def _script(
        self, raw: bytes, found: Sequence[Attribute], bases: Sequence[URL], depth: int
    ) -> Plan | None:
        kind = script_type(found)
        if kind not in (*_LIVE_TYPES, *RULES):
            return None
        load = self._load(b"script", found, bases, depth)
        others = tuple(self._others(b"script", found, bases, depth))
        return Plan(
            load=Part(load, edits.stop_script(raw, found)),
            others=others,
            rules=_rules_in(found),
            silent=load == NOTHING and not others,
        )

    def _load(self, name: bytes, found: Sequence[Attribute], bases: Sequence[URL], depth: int) -> Found:
        """Find the owners of all URLs, and what those hold that bring their content with them."""
        texts = list(urls(name, found))
        reached = self._parties.reached(texts, bases)
        if name not in elements.RUNNING:
            return reached
        inner = [self._inside(text, name, depth) for text in texts if ":" in text]
        return join([reached, *inner])

    def _inside(self, text: str, name: bytes, depth: int) -> Found:
        inner = unwrap(text, name)
        if inner is None:
            return NOTHING
        if inner.kind == "unreadable":
            return _UNREADABLE
        return self.read(inner.text).found if inner.kind == "script" else self._document(inner.text, depth)

    def _others(
        self, name: bytes, found: Sequence[Attribute], bases: Sequence[URL], depth: int
    ) -> Iterator[Part]:
        """Judge scripts in attributes, all of one name at once: if the first goes, the second lives.

        The same of documents in a frame's attribute.
        """
        for attribute, texts in scripts_in(name, found).items():
            reached = join([self.read(text).found for text in texts])
            if reached != NOTHING:
                yield Part(reached, edits.rename(found, {attribute}))
        if name != b"iframe":
            return
        sources = [item for item in found if item.name == b"srcdoc" and item.value]
        documents = [decode(item.value or b"").encode() for item in sources]
        reached = join([NOTHING, *(self._document(markup, depth, bases) for markup in documents)])
        if reached != NOTHING:
            yield Part(reached, edits.rename(found, {b"srcdoc"}), sources[0])

    def _document(self, markup: bytes, depth: int, bases: Sequence[URL] = ()) -> Found:
        if depth >= MAX_DEPTH:
            return _UNREADABLE
        observer = _Observer(self, depth + 1, bases)
        rewriter = Rewriter(observer)
        rewriter.feed(markup)
        rewriter.close()
        return join([NOTHING, *observer.found])


class _Observer:
    """Finds whom a document would reach; the rewriter's handler."""

    names: Final = elements.NAMES
    rare: Final = frozenset(elements.RARE.items())
    addressed: Final = frozenset(elements.ADDRESSED.items())
    steady: Final = True

    def __init__(self, planner: Planner, depth: int, bases: Sequence[URL]) -> None:
        self.found: list[Found] = []
        self._planner = planner
        self._depth = depth
        self._bases = bases

    def start_tag(self, raw: bytes, name: bytes, where: Where) -> Sequence[Splice]:
        """Take note of whom a tag would reach."""
        if name == b"base":
            # Whatever is relative may go there.
            self.found.append(self._planner.based(attributes(raw)))
        else:
            self._take(self._planner.plan(raw, name, self._bases, self._depth))
        return ()

    def reads(self, raw: bytes) -> bool:
        """See `consentkit.rewriter.Handler`; the document is there whole."""
        return True

    def script(self, raw: bytes, text: bytes, whole: bool, where: Where) -> Sequence[Splice]:
        """Take note of whom a script would reach."""
        plan = self._planner.plan(raw, b"script", self._bases, self._depth)
        self._take(plan)
        if plan is not None and not plan.marked:
            text = foreign_text(text) if where & Where.FOREIGN else text
            rules = self._planner.ruled(plan.rules, text, self._bases) if plan.rules else None
            self.found.append(rules or self._planner.read(text).found)
            if not whole:
                self.found.append(_UNREADABLE)
        return ()

    def _take(self, plan: Plan | None) -> None:
        if plan is not None:
            self.found += [plan.load.found, *(part.found for part in plan.others)]


def _rules_in(found: Sequence[Attribute]) -> str:
    kind = script_type(found)
    return kind if kind in RULES else ""


def _started(found: Sequence[Attribute]) -> tuple[list[Splice], bool]:
    """Make a script live that was written inert; say whether only insertions are needed for it."""
    kind, address = parked_type(found), parked(b"script", found)
    live = edits.tidy(
        edits.restore(found, kind, b"type") if kind else edits.rename(found, {b"type"}),
        edits.restore(found, address, b"src"),
    )
    return live, kind is None and address is None
