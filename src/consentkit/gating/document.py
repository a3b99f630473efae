"""The gate for one response: the rewriter's handler, which also keeps account of what it did."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Container, Iterable, Mapping, Sequence
from typing import Final

from consentkit.gating import edits, elements
from consentkit.gating.bases import Bases
from consentkit.gating.calls import VendorCalls
from consentkit.gating.classifier import Classifier
from consentkit.gating.embeds import Target, target_within
from consentkit.gating.judge import Gated, Judge
from consentkit.gating.party import NOBODY, NOTHING, Embed, Found, Party, Plan, Reason
from consentkit.gating.planning import MAX_DEPTH
from consentkit.gating.renderer import Renderer
from consentkit.gating.rules import rewrite_import_map
from consentkit.gating.scripts import foreign_text
from consentkit.gating.srcdoc import read_srcdoc, write_srcdoc
from consentkit.gating.stubs import NO_STUBS
from consentkit.rewriter import Attribute, Rewriter, Splice, Where, attributes

# How React writes its scripts.
_REACT: Final = re.compile(rb'(?:async|defer)=""')
_MADE_ANEW: Final = frozenset({b"iframe", b"img", b"link"})
# Attributes, since a policy of the site may forbid styles.
_UNSAID: Final = Embed()
_SIZE: Final = b'width="100%" height="200" frameborder="0"'


class PageGate:
    """Decides on the tags of one document; made by `consentkit.gating.Gate.page`.

    Args:
        classifier: Finds whom bytes reach.
        calls: What vendors are told.
        judge: Says what the visitor's consent makes of it.
        bases: What relative addresses are resolved against at the beginning of the document.
        renderer: Renders what is put into the page; nothing is if left out.
        enforce: Whether to change anything, or to report only.
        target: Where the page is, as seen from a placeholder.
        depth: In how many attributes the document stands.

    Attributes:
        names: The elements the rewriter shows.
        rare: The elements it shows only with certain attributes.
        steady: Whether addresses are resolved as on other pages; see `consentkit.rewriter.Handler`.
        undeclared: What nobody declared, each with whose it looks; see `Judge`.
        mentioned: Hosts of vendors that inline scripts name without loading anything.
        hydrated: Whether a framework may take over the whole page.
        renderer: Renders what is put into the page; nothing is without one.
        language: The page's language by its own account, that of the first ``<html>`` that has one; empty
            while unknown.
    """

    names: frozenset[bytes]
    rare: frozenset[tuple[bytes, frozenset[bytes]]]

    addressed: Final = frozenset(elements.ADDRESSED.items())

    def __init__(
        self, classifier: Classifier, calls: VendorCalls, judge: Judge, bases: Bases, *,
        renderer: Renderer | None, enforce: bool, target: Target = "_parent", depth: int = 0,
    ) -> None:  # fmt: skip
        self.names, self.rare = classifier.containers.names, classifier.containers.rare
        self._classifier = classifier
        self._calls = calls
        self._judge = judge
        self._bases = bases
        self.renderer: Renderer | None = renderer
        self._enforce = enforce
        self._target = target
        self._depth = depth
        self.steady: bool = not bases.urls
        self.undeclared: Final[Mapping[str, str | None]] = judge.undeclared
        self.mentioned: Final[Mapping[str, str | None]] = judge.mentioned
        self.language: str = ""
        self.hydrated: bool = False
        self._stubbed: set[str] = set()
        self._guarded = False
        self._told: set[str] = set()
        self._frames = 0
        self._placeholders: dict[tuple[str, str, Embed], bytes] = {}

    @property
    def gated(self) -> Sequence[Gated]:
        """Return what was made inert, each kind once, in order of appearance."""
        return [Gated(held[0].decode("ascii"), *held[1:]) for held in self._judge.held]

    @property
    def foreign_base(self) -> bool:
        """Whether relative URLs of the page may go to another origin."""
        return self._bases.foreign

    def settle_base(self) -> None:
        """Take note that relative URLs of ours are in the page: from here on no base may lead them away.

        The first base counts for URLs before it, too (WHATWG HTML 4.2.3); behind the beginning of the body,
        where none is allowed, a foreign one would carry the visitor's choice to another site.
        """
        self._bases = self._bases._replace(settled=True)

    def admits(self, raw: bytes) -> bool:
        """Say whether a ``<link>`` would stay as it is; it stands for an address in a header."""
        plan = self._classifier.plan(raw, b"link")
        denied = None if plan is None else self._judge.refusal(plan.load.found)
        if denied is not None:
            self._judge.report(b"link", denied)
        return denied is None

    def start_tag(self, raw: bytes, name: bytes, where: Where) -> Sequence[Splice] | None:
        """Decide on a start tag; see `consentkit.rewriter.Handler`."""
        if name == b"base":
            return self._see_base(raw, where)
        plan = self._classifier.plan(raw, name, self._bases.urls)
        if plan is None:
            return None
        if plan.language and not (self.language or where):
            self.language = plan.language
        denied = self._judge.refusal(plan.load.found)
        if denied is None:
            made: Sequence[Splice] = self._live(plan, where)
        else:
            self._judge.report(name, denied)
            made = plan.load.inert
            if name in elements.FRAMES:
                made = self._stop_frame(raw, name, plan, denied.party, where)
            if name in _MADE_ANEW:
                made = [*self._stubs(frozenset(), where), *made]
        if plan.others and not plan.marked:
            made = edits.tidy(made, self._others(raw, name, plan, where, gone=denied is not None))
        if plan.container is not None:
            made = [*made, *self._fill(raw, name, plan.container, where)]
        return made if self._enforce else ()

    def _see_base(self, raw: bytes, where: Where) -> Sequence[Splice]:
        self._bases, made = self._bases.see(raw, where, self._judge.own_host)
        self.steady = not self._bases.urls
        return made

    def _fill(self, raw: bytes, name: bytes, party: Party, where: Where) -> Sequence[Splice]:
        """Put the placeholder first into an element that a script would fill.

        A style sheet that hides the page until a vendor's script comes is held with that.
        """
        denied = self._judge.refusal(Found((Reason(party, "", "host"),)))
        if name == b"style":
            return edits.stop_style(raw) if denied else ()
        shown = self._shown(party) if denied and not where else b""
        frame = b"<iframe data-consentkit-fill " + _SIZE + shown + b"></iframe>"
        return [*self._stubs(frozenset(), where), (len(raw), len(raw), frame)] if shown else ()

    def _shown(self, party: Party) -> bytes:
        """Write title and content of a frame with the placeholder, nothing where nobody could be allowed."""
        document = self._document(party)
        if not document or self.renderer is None:
            return b""
        return _attribute("title", self.renderer.name(party, language=self.language)) + document

    def reads(self, raw: bytes) -> bool:
        """Say whether a script's text can matter; see `consentkit.rewriter.Handler`."""
        return self._classifier.plan(raw, b"script", self._bases.urls) is not None

    def script(self, raw: bytes, text: bytes, whole: bool, where: Where) -> Sequence[Splice] | None:
        """Decide on a script; see `consentkit.rewriter.Handler`."""
        plan = self._classifier.plan(raw, b"script", self._bases.urls)
        if plan is None:
            return None
        reading, heard = None, plan.heard or plan.load.found.reasons
        if not whole or (text and not text.isspace()):
            inner = foreign_text(text) if where and where & Where.FOREIGN else text
            reading = self._classifier.content(plan, inner, self._bases.urls)
            heard = (*heard, *reading.found.reasons)
        waits = self._wait(where) if b'=""' in raw and _REACT.search(raw) else None
        if plan.silent and whole and not (reading and (reading.mentioned or reading.found != NOTHING)):
            return waits
        calls, runs = self._call(heard, where) if heard else ((), ())
        denied = None if plan.silent else self._judge.refusal(plan.load.found, runs)
        stubs = frozenset[str]()
        if not plan.marked and reading is not None:
            stubs = reading.stubs
            self._judge.mention(reading.mentioned)
            found = reading.found if whole else reading.found._replace(unreadable=True)
            refused = self._judge.refusal(found, runs)
            denied = denied or refused
        if denied is not None:
            if plan.rules == "importmap" and whole and not where and not plan.marked:
                made = self._mapped(raw, text)
                if made:
                    return [*(waits or ()), *made] if self._enforce else ()
            self._judge.report(b"script", denied)
            for one, kind in denied.party.stubs:
                if kind == "form":
                    stubs |= {f"{one}:form"}
            stood = self._stubs(stubs, where, denied.party)
            return [*(waits or ()), *calls, *stood, *plan.load.inert] if self._enforce else ()
        made = self._live(plan, where)
        if plan.others:
            made = edits.tidy(made, self._others(raw, b"script", plan, where, gone=False))
        return [*(waits or ()), *calls, *made] if self._enforce else ()

    def _wait(self, where: Where) -> Sequence[Splice]:
        """Let what is ours wait where a framework may take over the page, before its first script."""
        if self.hydrated or self.renderer is None or where or not self._enforce:
            return ()
        self.hydrated = True
        attributes = f"{NO_STUBS} data-consentkit-whole"
        return [(0, 0, self.renderer.stubs(attributes, foreign_base=self.foreign_base))]

    def _mapped(self, raw: bytes, text: bytes) -> Sequence[Splice]:
        """Let a stub stand in for the modules of an import map that are held back; nothing if that fails."""
        stub = self.renderer.module(foreign_base=self.foreign_base) if self.renderer is not None else ""
        if not stub:
            return ()
        written = rewrite_import_map(text, self._is_denied, stub)
        return () if written is None else [(len(raw), len(raw) + len(text), written)]

    def _is_denied(self, address: str) -> bool:
        listed = b'{"imports":{"":%s}}' % json.dumps(address).encode()
        denied = self._judge.refusal(self._classifier.planner.ruled("importmap", listed, self._bases.urls))
        if denied is not None:
            self._judge.report(b"importmap", denied)
        return denied is not None

    def _live(self, plan: Plan, where: Where) -> Sequence[Splice]:
        return plan.live if plan.simple or not where & Where.UNCERTAIN else ()

    def _others(self, raw: bytes, name: bytes, plan: Plan, where: Where, *, gone: bool) -> Iterable[Splice]:
        """Decide on what stands in attributes: scripts and documents."""
        for part in plan.others:
            denied = self._judge.refusal(part.found)
            if denied is None:
                continue
            if part.srcdoc is not None and not part.found.unreadable and self._depth < MAX_DEPTH:
                if not gone:
                    yield from self._rewrite(raw, part.srcdoc, part.inert, where)
            else:
                self._judge.report(name, denied)
                yield from part.inert

    def _rewrite(
        self, raw: bytes, srcdoc: Attribute, moved: Sequence[Splice], where: Where
    ) -> Sequence[Splice]:
        """Rewrite a document in an attribute as a page."""
        rewriter = Rewriter(self._nested(elements.first(attributes(raw), b"sandbox")))
        document = read_srcdoc(srcdoc.value or b"")
        written = rewriter.feed(document) + rewriter.close()
        if written == document:
            return ()
        return moved if where & Where.UNCERTAIN else [write_srcdoc(raw, srcdoc, written)]

    def _nested(self, sandbox: str | None) -> PageGate:
        """Make the gate for a document inside this one: it has the same base, and globals of its own."""
        inner = PageGate(
            self._classifier, self._calls, self._judge, self._bases._replace(certain=False),
            renderer=self.renderer, enforce=self._enforce,
            target=self._target and target_within(sandbox), depth=self._depth + 1,
        )  # fmt: skip
        inner.language = self.language
        return inner

    def _stop_frame(
        self, raw: bytes, name: bytes, plan: Plan, party: Party, where: Where
    ) -> Sequence[Splice]:
        """Make a frame inert, and put the placeholder into one that visitors would have seen.

        It gets a name of its own: a browser that goes back restores the documents of a page's frames by their
        names, or by their places where they have none, whatever their attributes say, so that one that had
        shown a vendor would show it again.
        """
        self._frames += 1
        made = [edits.insert(raw, name, b"name=consentkit-%d" % self._frames)]
        if plan.embed is not None and party.embed and not where & ~Where.TEMPLATE:
            at = len(name) + 1
            if document := self._document(party, plan.embed):
                made.append((at, at, document))
        made += plan.load.inert
        return made

    def _document(self, party: Party, embed: Embed = _UNSAID) -> bytes:
        """Write the attribute that shows the placeholder, nothing where nobody could be allowed."""
        if not party.purpose or self.renderer is None:
            return b""
        if embed.poster and not self._judge.may_be_fetched(embed.reached):
            embed = embed._replace(poster="")
        key = (party.vendor, party.purpose, embed)
        if key not in self._placeholders:
            foreign, target = self.foreign_base, self._target
            document = self.renderer.placeholder(
                party, embed, target=target, foreign_base=foreign, language=self.language
            )
            self._placeholders[key] = _attribute("srcdoc", document)
        return self._placeholders[key]

    def _call(self, heard: Iterable[Reason], where: Where) -> tuple[Iterable[Splice], Container[str]]:
        """Tell vendors what holds, directly before the first script of theirs.

        Returns:
            The edits, and who may run before consent: none whose script has not its calls directly before it.
        """
        made: dict[str, Splice] = {}
        runs: set[str] = set()
        if where or self.renderer is None:
            return (), runs
        for reason in heard:
            vendor = reason.party.vendor
            calls, early = self._calls.by_vendor.get(vendor), vendor in self._calls.advanced
            if calls is None or (calls.id in self._told and not early) or not self._judge.applies(reason):
                continue
            attributes = self._calls.write(calls, self._judge.consent)
            tag = self.renderer.calls(attributes, foreign_base=self.foreign_base) if attributes else b""
            self._told.add(calls.id)
            if tag:
                made[calls.id] = (0, 0, tag)
                if early:
                    runs.add(vendor)
        return made.values(), runs

    def _stubs(self, wanted: frozenset[str], where: Where, party: Party = NOBODY) -> Sequence[Splice]:
        """Load stubs directly before what is held back: they also hold it where scripts make it anew."""
        if (self._guarded and wanted <= self._stubbed) or self.renderer is None or where:
            return ()
        missing = sorted(wanted - self._stubbed)
        self._stubbed.update(missing)
        self._guarded = True
        attributes = f'data-consentkit-stubs="{" ".join(missing)}"'
        if ":form" in attributes:
            attributes += self._shown(party).decode("ascii")
        return [(0, 0, self.renderer.stubs(attributes, foreign_base=self.foreign_base))]


def _attribute(name: str, value: str) -> bytes:
    return f' {name}="{html.escape(value)}"'.encode("ascii", "xmlcharrefreplace")
