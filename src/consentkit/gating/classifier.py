"""The classifier: finds which vendors a tag or a script contacts, by policy and catalog.

The result depends only on the bytes, so it is cached for all visitors. Consent is applied per response, in
`consentkit.gating.document`.
"""

import re
from collections.abc import Iterator, Sequence
from hashlib import blake2b
from typing import Final, NamedTuple

from consentkit.catalog import URL
from consentkit.gating import elements
from consentkit.gating.embeds import read_embed
from consentkit.gating.inline.analyzer import Analysis, ScriptAnalyzer
from consentkit.gating.markers import Marker, read_marker
from consentkit.gating.model import NOTHING, Classification, Embed, Part, Reach, join
from consentkit.gating.resource_urls import LIST_TYPES, attribute_scripts, attribute_urls, listed_urls, unwrap
from consentkit.gating.vendor_index import VendorIndex
from consentkit.rewriter import Attribute, Rewriter, Splice, Where, attributes, decode

MAX_DEPTH: Final = 3
"""Maximum nesting of documents in attributes; deeper ones are treated as unreadable."""
MEMO_TAGS: Final = 8192
MEMO_TAG_BYTES: Final = 2048
MEMO_TEXTS: Final = 4096
MEMO_TEXT_BYTES: Final = 512
"""Sizes of the two caches: the number of tags, and the bytes up to which the tag itself is the key and not
its digest (at most 16 MB in all, usually a tenth); the same for scripts."""

_UNREADABLE: Final = Reach(unreadable=True)
# Something that every tag contains which contacts a third party, runs a script or has a marker: two slashes
# with only removed characters between them, a scheme, or a character reference that could stand for these.
_SUSPECT: Final = re.compile(
    rb"[/\\][\t\n\r]*+[/\\]|[:&]|[\"'\s/]on[a-z]|srcdoc|optanon-|cmplz-|data-(?:consent|cookie|usercentrics|category|name)",
    re.I,
)
# Common links that fetch nothing; every page has several with addresses of its own.
_IDLE: Final = re.compile(
    rb"<link rel=\"(?:canonical|alternate|shortlink|amphtml|next|prev|author)\""
    rb"(?: (?:href|hreflang|type|title)=\"[^\"]*+\")*+ ?/?>"
)


class _Tag(NamedTuple):
    """A start tag and its context.

    Attributes:
        raw: Its bytes.
        name: Lower-case name of the element.
        attributes: All its attributes.
        bases: Base URLs that relative URLs may be resolved against, besides the page's own.
        depth: Nesting of the document in ``srcdoc`` attributes.
    """

    raw: bytes
    name: bytes
    attributes: Sequence[Attribute]
    bases: Sequence[URL]
    depth: int


class Classifier:
    """Finds which parties tags and scripts contact. Made once per gate and shared by all documents.

    Args:
        vendors: Look-up of vendors by address, marker and cookie.
        exact: Whether unclassified hosts are gated, too; see `ScriptAnalyzer`.

    Attributes:
        containers: Elements that vendors' scripts fill.
    """

    def __init__(self, vendors: VendorIndex, *, exact: bool) -> None:
        self._vendors = vendors
        self._analyzer = ScriptAnalyzer(vendors, exact=exact)
        self.containers: Final = vendors.containers
        self._tags: dict[bytes | tuple[bytes, Sequence[URL]], Classification | None] = {}
        self._texts: dict[tuple[bytes, int], Analysis] = {}

    # --- with caches

    def classify(self, raw: bytes, name: bytes, bases: Sequence[URL] = ()) -> Classification | None:
        """Find which parties a tag contacts; `None` if it never needs an edit, whatever the consent.

        Args:
            raw: The tag's bytes.
            name: Lower-case name of the element.
            bases: Base URLs that relative URLs may be resolved against, besides the page's own.
        """
        known_as = raw if len(raw) <= MEMO_TAG_BYTES else b"#" + blake2b(raw, digest_size=20).digest()
        key = (known_as, bases) if bases else known_as
        try:
            return self._tags[key]
        except KeyError:
            pass
        made = self._classify(raw, name, bases)
        # Results of long tags are cached unless they contain a document or a picture.
        small = known_as is raw or made is None or not (made.others or (made.embed and made.embed.poster))
        if small and sum(len(base.path) for base in bases) <= MEMO_TAG_BYTES:
            if len(self._tags) >= MEMO_TAGS:
                self._tags.clear()
            self._tags[key] = made
        return made

    def analyze(self, text: bytes) -> Analysis:
        """Find which parties an inline script contacts."""
        known_as = text if len(text) <= MEMO_TEXT_BYTES else blake2b(text, digest_size=20).digest()
        key = known_as, len(text)
        analysis = self._texts.get(key)
        if analysis is None:
            if len(self._texts) >= MEMO_TEXTS:
                self._texts.clear()
            analysis = self._texts[key] = self._analyzer.analyze(text)
        return analysis

    def analyze_content(self, tag: Classification, text: bytes, bases: Sequence[URL]) -> Analysis:
        """Find which parties the content of a script element contacts.

        Args:
            tag: The result of :meth:`classify` for its tag.
            text: The content.
            bases: Base URLs that relative URLs may be resolved against, besides the page's own.
        """
        if tag.list_type:
            return Analysis(self.reach_of_list(tag.list_type, text, bases))
        analysis = self.analyze(text)
        if bases and self._analyzer.loads(text):
            # Its relative URLs may go to one of the bases.
            based = self._vendors.find_reach(["."], bases)
            analysis = analysis._replace(reach=join([analysis.reach, based]))
        return analysis

    def reach_of_list(self, list_type: str, text: bytes, bases: Sequence[URL]) -> Reach:
        """Find which parties a list of addresses contacts, such as an import map."""
        listed = listed_urls(list_type, text)
        if listed is None:
            return _UNREADABLE
        inner = [self._reach_of_url(text, b"script", 0) for text in listed if ":" in text]
        return join([self._vendors.find_reach(listed, bases), *inner])

    def reach_of_base(self, raw: bytes) -> Reach:
        """Find the party that a ``<base>`` names: relative URLs go there."""
        href = elements.first(attributes(raw), b"href")
        return self._vendors.find_reach([href] if href else [], ())

    def _classify(self, raw: bytes, name: bytes, bases: Sequence[URL]) -> Classification | None:
        if name == b"html":
            found = attributes(raw)
            # In XML the attribute is called xml:lang.
            language = elements.first(found, b"lang") or elements.first(found, b"xml:lang") or ""
            return Classification(language=language)
        # Scripts may load by their text and frames by `srcdoc`; other tags only by an address or a handler.
        always = bases or name in (b"script", b"iframe")
        matters = always or (_SUSPECT.search(raw) and not _IDLE.fullmatch(raw))
        made = self.read_tag(raw, name, bases, 0) if matters else None
        party = self.containers.find(raw, name)
        return made if party is None else (made or Classification())._replace(container=party)

    # --- single tags

    def read_tag(self, raw: bytes, name: bytes, bases: Sequence[URL], depth: int) -> Classification | None:
        """Find which parties a tag contacts, in a document nested ``depth`` attributes deep.

        Unlike `classify`, without cache and without containers.
        """
        tag = _Tag(raw, name, found := attributes(raw), bases, depth)
        marker = read_marker(name, found)
        reasons = self._vendors.find_marked(marker) if marker else ()
        if marker and reasons:
            return self._read_marked(tag, marker, Reach(reasons))
        # A script of another type is a data block, which browsers do not run (WHATWG HTML 4.12.1).
        is_script = name == b"script"
        if is_script and elements.script_type(found) not in (*elements.LIVE_TYPES, *LIST_TYPES):
            return None
        load = NOTHING if elements.is_idle(name, found) else self._reach_of_load(tag)
        others = tuple(self._others(tag))
        silent = load == NOTHING and not others
        if is_script:
            part = Part(load, elements.stop_script(raw, found))
            return Classification(part, others, list_type=_list_type(found), silent=silent)
        if silent:
            return None
        return Classification(Part(load, elements.move(name, found)), others, embed=self._embed(tag))

    def _read_marked(self, tag: _Tag, marker: Marker, reach: Reach) -> Classification | None:
        """Classify a tag with a marker; a trusted marker overrides everything else."""
        name, found = tag.name, tag.attributes
        made = Classification(marked=self._vendors.trusts(marker), list_type=_list_type(found))
        if not made.marked:
            if not elements.is_idle(name, found):
                reach = join([reach, self._reach_of_load(tag)])
            made = made._replace(others=tuple(self._others(tag)))
        if name == b"script":
            return self._read_marked_script(tag, made, reach)
        scripts = attribute_scripts(name, found)
        moved = elements.tidy(elements.move(name, found), elements.rename(found, scripts))
        parked = elements.find_parked(name, found)
        woken = elements.restore(found, parked, elements.own_address(name)) if marker.inert else ()
        part, live = Part(reach, moved), elements.tidy(woken)
        return made._replace(load=part, live=live, simple=not marker.inert, embed=self._embed(tag))

    def _read_marked_script(self, tag: _Tag, made: Classification, reach: Reach) -> Classification | None:
        """Classify a script with a marker.

        Its vendor's calls must be made before it runs, whatever its address: hence `heard`.
        """
        found = tag.attributes
        kind = elements.script_type(found)
        if kind not in ("text/plain", *elements.LIVE_TYPES, *LIST_TYPES):
            return None
        made = made._replace(heard=self._reach_of_load(tag._replace(bases=(), depth=0)).reasons)
        if kind == "text/plain":
            live, simple = elements.start_script(found)
            return made._replace(load=Part(reach), live=live, simple=simple)
        return made._replace(load=Part(reach, elements.stop_script(tag.raw, found)))

    def _embed(self, tag: _Tag) -> Embed | None:
        if tag.name != b"iframe" or not elements.is_visible(tag.attributes):
            return None
        return read_embed(tag.attributes, tag.bases, self._vendors.find_reach)

    def _reach_of_load(self, tag: _Tag) -> Reach:
        """Find the owners of all URLs, and the parties that ``data:`` and ``javascript:`` URLs contact."""
        texts = list(attribute_urls(tag.name, tag.attributes))
        reach = self._vendors.find_reach(texts, tag.bases)
        if tag.name not in elements.RUNNING:
            return reach
        inner = [self._reach_of_url(text, tag.name, tag.depth) for text in texts if ":" in text]
        return join([reach, *inner])

    def _reach_of_url(self, text: str, name: bytes, depth: int) -> Reach:
        """Find which parties the content of a ``data:`` or ``javascript:`` URL contacts."""
        content = unwrap(text, name)
        if content is None:
            return NOTHING
        if content.kind == "script":
            return self.analyze(content.text).reach
        return _UNREADABLE if content.kind == "unreadable" else self._reach_of_document(content.text, depth)

    def _others(self, tag: _Tag) -> Iterator[Part]:
        """Classify scripts in attributes, and documents in ``srcdoc``.

        Attributes of one name together: if the first is renamed, browsers use the second.
        """
        for attribute, texts in attribute_scripts(tag.name, tag.attributes).items():
            reach = join([self.analyze(text).reach for text in texts])
            if reach != NOTHING:
                yield Part(reach, elements.rename(tag.attributes, {attribute}))
        sources = [item for item in tag.attributes if item.name == b"srcdoc" and item.value]
        if tag.name != b"iframe" or not sources:
            return
        documents = [decode(item.value or b"").encode() for item in sources]
        reach = join([NOTHING, *(self._reach_of_document(one, tag.depth, tag.bases) for one in documents)])
        if reach != NOTHING:
            yield Part(reach, elements.rename(tag.attributes, {b"srcdoc"}), sources[0])

    def _reach_of_document(self, markup: bytes, depth: int, bases: Sequence[URL] = ()) -> Reach:
        if depth >= MAX_DEPTH:
            return _UNREADABLE
        observer = _Observer(self, bases, depth + 1)
        rewriter = Rewriter(observer)
        rewriter.feed(markup)
        rewriter.close()
        return join([NOTHING, *observer.found])


class _Observer:
    """The rewriter's handler for a document in an attribute: collects its reach, without edits."""

    names: Final = elements.NAMES
    rare: Final = frozenset(elements.RARE.items())
    addressed: Final = frozenset(elements.ADDRESSED.items())
    steady: Final = True

    def __init__(self, classifier: Classifier, bases: Sequence[URL], depth: int) -> None:
        self.found: list[Reach] = []
        self._classifier, self._bases, self._depth = classifier, bases, depth

    def start_tag(self, raw: bytes, name: bytes, where: Where) -> Sequence[Splice]:
        """Record which parties a tag contacts."""
        if name == b"base":
            self.found.append(self._classifier.reach_of_base(raw))
        else:
            self._take(raw, name)
        return ()

    def reads(self, raw: bytes) -> bool:
        """See `consentkit.rewriter.Handler`; True, since all text is available."""
        return True

    def script(self, raw: bytes, text: bytes, whole: bool, where: Where) -> Sequence[Splice]:
        """Record which parties a script contacts."""
        tag = self._take(raw, b"script")
        if tag is not None and not tag.marked:
            text = elements.foreign_text(text) if where & Where.FOREIGN else text
            if tag.list_type:
                self.found.append(self._classifier.reach_of_list(tag.list_type, text, self._bases))
            else:
                self.found.append(self._classifier.analyze(text).reach)
            if not whole:
                self.found.append(_UNREADABLE)
        return ()

    def _take(self, raw: bytes, name: bytes) -> Classification | None:
        tag = self._classifier.read_tag(raw, name, self._bases, self._depth)
        if tag is not None:
            self.found += [tag.load.reach, *(part.reach for part in tag.others)]
        return tag


def _list_type(found: Sequence[Attribute]) -> str:
    kind = elements.script_type(found)
    return kind if kind in LIST_TYPES else ""
