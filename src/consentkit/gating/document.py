"""The gate of one document: turns classified tags and the visitor's consent into edits.

It is the rewriter's handler for one response, and records what it gated.
"""

import html
import json
import re
from collections.abc import Container, Iterable, Sequence, Set
from typing import Final, NamedTuple

from consentkit.catalog import OWN_PAGE, URL, read_url
from consentkit.gating import elements
from consentkit.gating.classifier import MAX_DEPTH, Classifier
from consentkit.gating.embeds import read_srcdoc, target_within, write_srcdoc
from consentkit.gating.inline.analyzer import Analysis
from consentkit.gating.judge import Gated, Judge
from consentkit.gating.model import NO_STUBS, Classification, Embed, Party, Reach, Reason, Renderer, Target
from consentkit.gating.resource_urls import rewrite_import_map
from consentkit.gating.vendor_calls import VendorCalls
from consentkit.gating.vendor_index import host_of
from consentkit.rewriter import Attribute, Rewriter, Splice, Where, attributes

MAX_BASES: Final = 4
"""Maximum base URLs that are considered if it is not certain which one a browser uses."""

_PLAIN: Final = re.compile(r"[a-z0-9.-]*\Z")
_ANY: Final = URL("https", readable=False)
# React and Next.js write boolean attributes like this. A page with such scripts may be hydrated.
_REACT: Final = re.compile(rb'(?:async|defer)=""')
# Elements that scripts of pages may create again with the original address: our guard script must be loaded.
_MADE_ANEW: Final = frozenset({b"iframe", b"img", b"link"})
_UNSAID: Final = Embed()


class BaseURLs(NamedTuple):
    """The base URLs of a document, from its ``<base>`` elements so far.

    Attributes:
        urls: Base URLs that relative URLs may be resolved against, besides the page's own.
        foreign: Whether relative addresses may go to another origin.
        certain: Whether the base that browsers use was seen.
        settled: Whether later bases to other origins must be made inert.
    """

    urls: tuple[URL, ...] = ()
    foreign: bool = False
    certain: bool = False
    settled: bool = False

    def see(self, raw: bytes, where: Where, own_host: str) -> "tuple[BaseURLs, Sequence[Splice]]":
        """Process a ``<base href>``. The first one counts for all URLs after it (WHATWG HTML 4.2.3).

        If browsers may not see it as such, for example in a template, later ones are considered as well.

        Returns:
            The new base URLs, and the edits that remove the address of a base that comes too late.
        """
        found = attributes(raw)
        href = elements.first(found, b"href")
        if href is None or self.certain or where & Where.FOREIGN:
            return self, ()
        url = read_url(href, base=OWN_PAGE)
        foreign = url is not None and not url.own and host_of(url) != own_host
        if foreign and self.settled:
            return self, elements.rename(found, {b"href"})
        urls = self.urls
        if foreign and url is not None and url not in urls and len(urls) <= MAX_BASES:
            urls = (*urls, url if len(urls) < MAX_BASES else _ANY)
        # After a base that browsers reject, relative URLs lead nowhere.
        refused = url is None and "//" in href.replace("\\", "/")
        # Browsers accept different hosts, and Chromium skips bases that lead nowhere.
        certain = not where and url is not None and _PLAIN.match(url.host) is not None
        return BaseURLs(urls, self.foreign or foreign or refused, certain, self.settled), ()


NO_BASES: Final = BaseURLs()
"""No bases: relative addresses go to the page's own host."""


class PageGate:
    """Gates the tags of one document; created by `consentkit.gating.Gate.page`.

    Args:
        classifier: Finds which parties tags contact.
        calls: The calls that tell vendors the consent.
        judge: Applies the visitor's consent.
        bases: The base URLs at the beginning of the document.
        renderer: Renders insertions; without one nothing is inserted.
        enforce: Whether to make edits, or to report only.
        target: The page's window as link target of a placeholder.
        depth: Nesting of the document in ``srcdoc`` attributes.

    Attributes:
        names: The elements that the rewriter passes to this handler.
        rare: The elements that it passes only with certain attributes.
        steady: Whether there are no base URLs; see `consentkit.rewriter.Handler`.
        undeclared: Undeclared hosts, each with the vendor that it looks like; see `Judge`.
        mentioned: Hosts of vendors that inline scripts name without loading anything.
        hydrated: Whether a framework may hydrate the whole page.
        renderer: As given.
        language: The page's language, from the first ``<html>`` that has one; empty while unknown.
    """

    addressed: Final = frozenset(elements.ADDRESSED.items())

    def __init__(
        self, classifier: Classifier, calls: VendorCalls, judge: Judge, bases: BaseURLs, *,
        renderer: Renderer | None, enforce: bool, target: Target = "_parent", depth: int = 0,
    ) -> None:  # fmt: skip
        self.names: Final = classifier.containers.names
        self.rare: Final = classifier.containers.rare
        self.undeclared: Final = judge.undeclared
        self.mentioned: Final = judge.mentioned
        self.renderer = renderer
        self.steady: bool = not bases.urls
        self.language: str = ""
        self.hydrated: bool = False
        self._classifier, self._calls, self._judge = classifier, calls, judge
        self._bases, self._enforce, self._target, self._depth = bases, enforce, target, depth
        self._stubbed: set[str] | None = None  # the page has no element that loads stubs yet
        self._told: set[str] = set()
        self._frames = 0
        self._placeholders: dict[tuple[str, str, Embed], bytes] = {}

    @property
    def gated(self) -> Sequence[Gated]:
        """Return the elements that were made inert, each kind once, in order of appearance."""
        return [Gated(held[0].decode("ascii"), *held[1:]) for held in self._judge.held]

    @property
    def foreign_base(self) -> bool:
        """Whether relative URLs of the page may go to another origin."""
        return self._bases.foreign

    def settle_base(self) -> None:
        """Record that the page now contains relative URLs of ours: later bases must not redirect them.

        A base also applies to URLs before it (WHATWG HTML 4.2.3). A foreign one in the body, where none is
        allowed, would send the visitor's choice to another site.
        """
        self._bases = self._bases._replace(settled=True)

    # --- called by the rewriter

    def admits(self, raw: bytes) -> bool:
        """Say whether a ``<link>`` is allowed; used for addresses in headers."""
        tag = self._classifier.classify(raw, b"link")
        return tag is None or self._refuse(b"link", tag.load.reach) is None

    def start_tag(self, raw: bytes, name: bytes, where: Where) -> Sequence[Splice] | None:
        """Decide on a start tag; see `consentkit.rewriter.Handler`."""
        if name == b"base":
            self._bases, made = self._bases.see(raw, where, self._judge.own_host)
            self.steady = not self._bases.urls
            return made
        tag = self._classifier.classify(raw, name, self._bases.urls)
        if tag is None:
            return None
        # Only an <html> that browsers certainly see as such counts.
        if tag.language and not (self.language or where):
            self.language = tag.language
        denied = self._judge.refusal(tag.load.reach)
        if denied is None:
            made = self._live(tag, where)
        else:
            self._judge.report(name, denied)
            made = self._stop(raw, name, tag, denied.party, where)
        if tag.others:
            made = elements.tidy(made, self._others(raw, name, tag, where, gone=denied is not None))
        if tag.container is not None:
            made = [*made, *self._fill(raw, name, tag.container, where)]
        return made if self._enforce else ()

    def reads(self, raw: bytes) -> bool:
        """Say whether a script's text is needed; see `consentkit.rewriter.Handler`."""
        return self._classifier.classify(raw, b"script", self._bases.urls) is not None

    def script(self, raw: bytes, text: bytes, whole: bool, where: Where) -> Sequence[Splice] | None:
        """Decide on a script; see `consentkit.rewriter.Handler`."""
        tag = self._classifier.classify(raw, b"script", self._bases.urls)
        if tag is None:
            return None
        analysis = self._analyze(tag, text, whole, where)
        # Nothing to do in any document: `None` lets the rewriter remember that.
        waits = self._wait(where) if b'=""' in raw and _REACT.search(raw) else None
        if tag.silent and whole and not (analysis and (any(analysis.reach) or analysis.mentioned)):
            return waits
        heard = (*(tag.heard or tag.load.reach.reasons), *(analysis.reach.reasons if analysis else ()))
        calls, runs = self._call(heard, where) if heard else ((), ())
        denied = self._refuse_script(tag, analysis, runs)
        if denied is None:
            made: Iterable[Splice] = self._live(tag, where)
            if tag.others:
                made = elements.tidy(made, self._others(raw, b"script", tag, where, gone=False))
            made = [*calls, *made]
        elif not (made := self._map(raw, text, tag, where) if whole else ()):
            self._judge.report(b"script", denied)
            # A form that waits for a captcha tells the visitor why; see stubs.js.
            forms = {f"{name}:{kind}" for name, kind in denied.party.stubs if kind == "form"}
            stubs = forms.union(analysis.stubs if analysis and not tag.marked else ())
            made = [*calls, *self._stubs(stubs, where, denied.party), *tag.load.inert]
        return [*(waits or ()), *made] if self._enforce else ()

    # --- scripts

    def _analyze(self, tag: Classification, text: bytes, whole: bool, where: Where) -> Analysis | None:
        """Find which parties the content of a script contacts; `None` without content."""
        if whole and (not text or text.isspace()):
            return None
        text = elements.foreign_text(text) if where and where & Where.FOREIGN else text
        analysis = self._classifier.analyze_content(tag, text, self._bases.urls)
        # The text beyond the rewriter's limit was not analyzed.
        return analysis if whole else analysis._replace(reach=analysis.reach._replace(unreadable=True))

    def _refuse_script(
        self, tag: Classification, analysis: Analysis | None, runs: Container[str]
    ) -> Reason | None:
        """Return the first reason to block a script: its address, or its content."""
        denied = None if tag.silent else self._judge.refusal(tag.load.reach, runs)
        if analysis is None or tag.marked:
            return denied
        self._judge.note(self.mentioned, analysis.mentioned)
        # Judged even if the address is refused, since this also records unknown hosts.
        refused = self._judge.refusal(analysis.reach, runs)
        return denied or refused

    def _wait(self, where: Where) -> Sequence[Splice]:
        """Make the package's script wait before the page's first script, if a framework may hydrate the page.

        A framework that finds unknown elements discards the markup and renders again.
        """
        if self.hydrated or self.renderer is None or where or not self._enforce:
            return ()
        self.hydrated = True
        attributes = f"{NO_STUBS} data-consentkit-whole"
        return [(0, 0, self.renderer.stubs(attributes, foreign_base=self.foreign_base))]

    def _map(self, raw: bytes, text: bytes, tag: Classification, where: Where) -> Sequence[Splice]:
        """Replace blocked modules of an import map by a stub; no edits if that is not possible.

        Without the map as a whole no module of the site would load (WHATWG HTML 8.1.6.2).
        """
        if tag.list_type != "importmap" or where or tag.marked or self.renderer is None:
            return ()
        stub = self.renderer.module(foreign_base=self.foreign_base)
        written = rewrite_import_map(text, self._is_denied, stub) if stub else None
        return () if written is None else [(len(raw), len(raw) + len(text), written)]

    def _is_denied(self, address: str) -> bool:
        listed = b'{"imports":{"":%s}}' % json.dumps(address).encode()
        reach = self._classifier.reach_of_list("importmap", listed, self._bases.urls)
        return self._refuse(b"importmap", reach) is not None

    # --- other elements

    def _refuse(self, name: bytes, reach: Reach) -> Reason | None:
        """Return the first reason to block an element, and report it."""
        denied = self._judge.refusal(reach)
        if denied is not None:
            self._judge.report(name, denied)
        return denied

    def _live(self, tag: Classification, where: Where) -> Sequence[Splice]:
        # Where browsers may read the bytes otherwise, quotes in an edit could end another attribute.
        return tag.live if tag.simple or not where & Where.UNCERTAIN else ()

    def _others(
        self, raw: bytes, name: bytes, tag: Classification, where: Where, *, gone: bool
    ) -> Iterable[Splice]:
        """Make edits for scripts and documents in attributes; ``gone`` means that the element is blocked."""
        for part in tag.others:
            denied = self._judge.refusal(part.reach)
            if denied is None:
                continue
            # A document is rewritten in its attribute; if its frame is gone, so is the document.
            if part.srcdoc is not None and not part.reach.unreadable and self._depth < MAX_DEPTH:
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

    def _nested(self, sandbox: str | None) -> "PageGate":
        """Create the gate of a nested document: same base URLs, its own globals."""
        inner = PageGate(
            self._classifier, self._calls, self._judge, self._bases._replace(certain=False),
            renderer=self.renderer, enforce=self._enforce,
            target=self._target and target_within(sandbox), depth=self._depth + 1,
        )  # fmt: skip
        inner.language = self.language
        return inner

    def _stop(self, raw: bytes, name: bytes, tag: Classification, party: Party, where: Where) -> list[Splice]:
        """Make an element inert, and put a placeholder into a visible frame.

        A frame gets a new name: when a visitor goes back, browsers restore the documents of frames by name,
        or by position without one, whatever their attributes say. A frame that had shown a vendor would show
        it again.
        """
        made = [*tag.load.inert]
        if name in elements.FRAMES:
            self._frames += 1
            shown = party.embed and not where & ~Where.TEMPLATE
            if tag.embed and shown and (document := self._document(party, tag.embed)):
                made.insert(0, (len(name) + 1, len(name) + 1, document))
            made.insert(0, elements.insert(raw, name, b"name=consentkit-%d" % self._frames))
        return [*self._stubs(frozenset(), where), *made] if name in _MADE_ANEW else made

    def _fill(self, raw: bytes, name: bytes, party: Party, where: Where) -> Sequence[Splice]:
        """Insert the placeholder as the first child of a container.

        A style sheet that hides the page until a vendor's script runs is made inert, too.
        """
        denied = self._judge.refusal(Reach((Reason(party, "", "host"),)))
        if name == b"style":
            # Browsers ignore style sheets of an unknown type.
            return [elements.insert(raw, name, b"type=text/plain")] if denied else ()
        shown = self._shown(party) if denied and not where else b""
        # The size is given by attributes, since the site's CSP may forbid styles.
        frame = b'<iframe data-consentkit-fill width="100%%" height="200" frameborder="0"%b></iframe>' % shown
        return [*self._stubs(frozenset(), where), (len(raw), len(raw), frame)] if shown else ()

    # --- insertions

    def _shown(self, party: Party) -> bytes:
        """Write title and content of a frame with the placeholder; nothing if the party cannot be allowed."""
        document = self._document(party)
        if not document or self.renderer is None:
            return b""
        return _attribute("title", self.renderer.name(party, language=self.language)) + document

    def _document(self, party: Party, embed: Embed = _UNSAID) -> bytes:
        """Write the attribute with the placeholder; nothing if the party cannot be allowed."""
        if not party.purpose or self.renderer is None:
            return b""
        if embed.poster and not self._judge.may_be_fetched(embed.reach):
            embed = embed._replace(poster="")
        key = (party.vendor, party.purpose, embed)
        if key not in self._placeholders:
            document = self.renderer.placeholder(
                party, embed, target=self._target, foreign_base=self.foreign_base, language=self.language
            )
            self._placeholders[key] = _attribute("srcdoc", document)
        return self._placeholders[key]

    def _call(self, heard: Iterable[Reason], where: Where) -> tuple[Iterable[Splice], Container[str]]:
        """Insert the vendor calls directly before the vendors' first script.

        Returns the edits, and the vendors whose script may run before consent, since its calls come first.
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
            self._told.add(calls.id)
            attributes = self._calls.write(calls, self._judge.consent)
            if attributes and (tag := self.renderer.calls(attributes, foreign_base=self.foreign_base)):
                made[calls.id] = (0, 0, tag)
                runs |= {vendor} if early else set()
        return made.values(), runs

    def _stubs(self, wanted: Set[str], where: Where, party: Party | None = None) -> Sequence[Splice]:
        """Load stubs directly before a blocked element; they also block it if scripts create it again."""
        if self.renderer is None or where or (self._stubbed is not None and wanted <= self._stubbed):
            return ()
        missing = sorted(wanted - (self._stubbed or set()))
        self._stubbed = {*(self._stubbed or ()), *missing}
        attributes = f'data-consentkit-stubs="{" ".join(missing)}"'
        if party is not None and ":form" in attributes:
            attributes += self._shown(party).decode("ascii")
        return [(0, 0, self.renderer.stubs(attributes, foreign_base=self.foreign_base))]


def _attribute(name: str, value: str) -> bytes:
    return f' {name}="{html.escape(value)}"'.encode("ascii", "xmlcharrefreplace")
