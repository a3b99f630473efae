"""The analyzer: finds which parties an inline script contacts.

If the text has a vendor's signature or a foreign address, the script is parsed to find the arguments of its
loaders. If the tree is not reliable, the text is searched: a script belongs to a vendor if it has the
vendor's signature, or one of its hosts together with a loader.
"""

import re
from collections.abc import Iterable, Sequence, Set
from typing import Final, NamedTuple
from urllib.parse import unquote

from consentkit.gating.inline import syntax
from consentkit.gating.inline.clues import MAX_HOSTS, AddressFinder, Signature, Signatures
from consentkit.gating.inline.data_flow import DataFlow, Spent
from consentkit.gating.inline.evaluator import MAX_ROUNDS, UNKNOWN, Evaluator
from consentkit.gating.inline.heuristics import fold_literals, loads, words_of
from consentkit.gating.inline.loaders import Load, Loaders
from consentkit.gating.model import NOTHING, Party, Reach, Reason, join
from consentkit.gating.resource_urls import unwrap
from consentkit.gating.vendor_index import VendorIndex
from consentkit.rewriter import decode

MAX_DEPTH: Final = 3
"""Maximum nesting of scripts in strings of scripts; deeper ones count as unreadable."""

# A host continued by a variable, or spelled so that only browsers understand it: "https://" + host,
# `//${host}/`, "https:/\\%68ost", "https:host". Each pattern begins with characters that the engine finds
# fast.
_GOES_ON: Final = (
    re.compile(rb"[/\\](?:x5[cC])?+(?:\\x5[cC]|[/\\]){1,64}+[\w.-]*+[^\w./?#:&;,()<>\[\]*|+=! -]"),
    re.compile(rb":(?:(?<=http:)|(?<=https:)|(?<=ws:)|(?<=wss:))(?:[\w%\\]|/(?!/)|['\"`]\s*+\+)"),
)
# A host in markup, "https://&#104;ost", and one made from another string, "xxhttps://host".slice(2).
_SPELLED: Final = tuple(b"&# &colon; &sol; &bsol; &period; &Tab; &NewLine;".split())
_MADE: Final = re.compile(rb"['\"`]\.(?:replace|slice|split|substr)")
_MAKERS: Final = frozenset(b"replace replaceAll slice split substr substring".split())
_HOST: Final = re.compile(r"\s*(?:[A-Za-z]+:)?[/\\]{2,}[^/\\?#" + UNKNOWN + r"]+[/\\?#]")
_OWN: Final = re.compile(r"\s*(?:[/\\](?![/\\" + UNKNOWN + r"])|[?#.])")
# In addresses in tags, browsers remove line breaks and add missing slashes.
_TAG: Final = re.compile(r"<[a-zA-Z][^>]*")
_BREAKS: Final = str.maketrans("", "", "\t\n\r")
_BARE: Final = re.compile(r"(?<![A-Za-z0-9-])(?:https?|wss?):(?!//)", re.IGNORECASE)
# Strings, which are kept, and unknown parts between them.
_OUTSIDE: Final = re.compile(r"""((["'`])(?:(?!\2)[^\\\n]|\\.)*+\2)|""" + UNKNOWN, re.DOTALL)
# "http" and "//" in base64.
_ENCODED: Final = re.compile(r"(?:aHR0c|Ly[89])[A-Za-z0-9+/_=-]{8,}")


class Analysis(NamedTuple):
    """The result of the analysis of a script.

    Attributes:
        reach: The parties and hosts that it would contact.
        mentioned: Hosts of vendors that it names without loading anything.
        stubs: Globals that the script would define, as ``name:kind``.
    """

    reach: Reach = NOTHING
    mentioned: tuple[str, ...] = ()
    stubs: frozenset[str] = frozenset()


class _Clues(NamedTuple):
    """The result of a cheap text search of a script.

    Attributes:
        text: The text with folded literals.
        words: Its words.
        signed: Signatures of vendors in it.
        named: Vendors whose hosts it names.
        unknown: Other hosts.
        unsure: Whether it may contain a host that a text search does not find.
    """

    text: bytes
    words: Set[bytes]
    signed: Sequence[Signature]
    named: Sequence[Reason]
    unknown: Sequence[str]
    unsure: bool


class ScriptAnalyzer:
    """Analyzes scripts.

    Args:
        vendors: The vendors' rules and signatures.
        exact: Whether unclassified hosts are blocked, too, so that all loaded hosts must be found.
    """

    def __init__(self, vendors: VendorIndex, *, exact: bool = False) -> None:
        self._signatures = Signatures(vendors.signatures)
        self._addresses = AddressFinder(vendors)
        self._exact = exact

    def analyze(self, text: bytes, depth: int = 0) -> Analysis:
        """Find the parties that a script contacts; ``depth`` is its nesting in strings of other scripts."""
        clues = self._search(text)
        named = clues.signed or clues.named or clues.unsure
        if not (named or clues.unknown):
            return Analysis()
        said = _analyze_words(clues)
        if not (named or self._exact):
            return said
        reach = None if self._is_plain(clues, text) else self._reach_by_tree(text, clues, said, depth)
        if reach is None:
            return said
        reached = {reason.host for reason in reach.reasons}
        mentioned = dict.fromkeys(r.host for r in clues.named if r.host and r.host not in reached)
        parties = [*(reason.party for reason in reach.reasons), *(one.party for one in clues.signed)]
        return Analysis(reach, tuple(mentioned), _stubs(parties, clues.words))

    def loads(self, text: bytes) -> bool:
        """Say whether a script contains a loader, by its words."""
        folded = fold_literals(text)
        return loads(folded, words_of(folded))

    def _search(self, text: bytes) -> _Clues:
        folded = fold_literals(text)
        words = words_of(folded)
        signed = list(self._signatures.find(folded, words))
        named, unknown = self._addresses.find(folded)
        unsure = not (signed or named) and (
            any(pattern.search(folded) for pattern in _GOES_ON)
            or any(sign in folded for sign in _SPELLED)
            or (not words.isdisjoint(_MAKERS) and _MADE.search(folded) is not None)
        )
        return _Clues(folded, words, signed, named, unknown, unsure and loads(folded, words))

    def _is_plain(self, clues: _Clues, text: bytes) -> bool:
        """Say whether all vendors in a script have signatures in its code, so that a tree adds nothing."""
        vendors = {signature.party.vendor for signature in clues.signed}
        others = {reason.party.vendor for reason in clues.named} - vendors
        if not vendors or others or b"import" in clues.words or (self._exact and clues.unknown):
            return False
        code = syntax.empty_literals(text)
        return vendors == {one.party.vendor for one in clues.signed if not one.queued and one.acts(code)}

    # --- by the tree

    def _reach_by_tree(self, text: bytes, clues: _Clues, said: Analysis, depth: int) -> Reach | None:
        script = syntax.parse(text)
        if script is None:
            return None
        try:
            flow = DataFlow(script)
            evaluator = Evaluator(flow)
            loaders = Loaders(flow, evaluator)
            for _ in range(MAX_ROUNDS):
                given = [*loaders.loads()]
                if evaluator.settle():
                    break
        except Spent:
            return None
        alone = flow.defined if all(call.name == "push" for call in flow.calls) else ()
        reads = any(one.inserts and self._may_be_foreign(one) for one in given)
        acting = [one for one in clues.signed if reads or not one.queued or one.word in alone]
        signs = [*self._told(flow, evaluator), *(s for one in acting for s in self._acts(one, text, flow))]
        # If browsers may parse the script differently, the result of the text search counts as well.
        words = [] if flow.certain else [said.reach]
        reach = join([Reach(tuple(dict.fromkeys(signs))), *self._reach_of_loads(given, depth), *words])
        return reach._replace(hosts=reach.hosts[:MAX_HOSTS])

    def _acts(self, signature: Signature, text: bytes, flow: DataFlow) -> Iterable[Reason]:
        """Find a signature that stands in code, and not in a string or a comment."""
        # An imported library contacts the address that it is given; see `_told`.
        if signature.word in flow.imported:
            return
        for match in signature.pattern.finditer(text):
            node = flow.script.root.descendant_for_byte_range(match.start(), match.end() - 1)
            if node is None or node.type in syntax.QUIET:
                continue
            if node.type != "string" or node.start_byte >= match.start() - 1:
                yield Reason(signature.party, "", "signature")
                return

    def _told(self, flow: DataFlow, evaluator: Evaluator) -> Iterable[Reason]:
        """Find vendors whose library, from wherever it is loaded, is initialised with their address."""
        for call in flow.calls:
            vendors = self._signatures.methods.get(call.name, ())
            given = {text for one in call.given if vendors for text in evaluator.texts(one, within=True)}
            for text in sorted(given):
                yield from (reason for reason in self._loose(text).reasons if reason.party.vendor in vendors)

    def _may_be_foreign(self, load: Load) -> bool:
        """Say whether inserted content may load a vendor's script: it is no constant of the site itself."""
        if load.kind == "markup":
            return any("<script" in text.lower() for text in load.texts)
        return not load.texts or not all(map(self._addresses.is_own, load.texts))

    # --- arguments of loaders

    def _reach_of_loads(self, given: Iterable[Load], depth: int) -> Iterable[Reach]:
        for kind, text in dict.fromkeys((one.kind, _paired(t)) for one in given for t in sorted(one.texts)):
            if kind != "markup" and "url(" in text:
                yield self._loose(text)
            if kind == "link":
                yield self._script(text, depth) or NOTHING
            elif kind == "code":
                yield self._code(text, depth)
            elif kind == "markup":
                yield self._loose(text)
            elif kind == "address" or UNKNOWN not in text:
                if (kind == "address" and " " in text.strip()) or (UNKNOWN in text and not _OWN.match(text)):
                    yield self._loose(text)
                if UNKNOWN not in text or _HOST.match(text):
                    yield self._address(text.replace(UNKNOWN, "x"), depth, direct=kind == "call")

    def _address(self, text: str, depth: int, *, direct: bool) -> Reach:
        if _ENCODED.fullmatch(text):
            return self._loose(text)
        script = None if direct else self._script(text, depth)
        return script or self._addresses.reach_of(text, direct=direct)

    def _script(self, text: str, depth: int) -> Reach | None:
        """Analyze the script in a ``data:`` or ``javascript:`` URL; ``None`` for other URLs."""
        text = text.lstrip(UNKNOWN)
        content = unwrap(text, b"iframe") or unwrap(text, b"script")
        if content is None or content.kind == "unreadable":
            return content and Reach(unreadable=True)
        return self._code(content.text.decode("utf-8", "replace"), depth)

    def _loose(self, text: str) -> Reach:
        """Search a partly unknown text, or markup, for addresses."""
        tags = " ".join(_TAG.findall(text) or [text]).translate(_BREAKS)
        tags = decode(tags.encode("utf-8", "replace"))
        texts = (text, _BARE.sub(r"\g<0>//", unquote(tags).replace("\\", "/")))
        forms = (f'"{one.replace(UNKNOWN, other)}"' for one in texts for other in ("x", "", '"\n"'))
        named, unknown = self._addresses.find(fold_literals("\n".join(forms).encode("utf-8", "replace")))
        return Reach(tuple(named), tuple(unknown))

    def _code(self, text: str, depth: int) -> Reach:
        if depth >= MAX_DEPTH:
            return Reach(unreadable=True)
        code = _OUTSIDE.sub(lambda found: found[1] or " ", text)
        return self.analyze(code.encode("utf-8", "replace"), depth + 1).reach


def _analyze_words(clues: _Clues) -> Analysis:
    reasons = tuple(dict.fromkeys(Reason(signature.party, "", "signature") for signature in clues.signed))
    acts = bool(clues.named or clues.unknown) and loads(clues.text, clues.words)
    reach = Reach((*reasons, *clues.named), tuple(clues.unknown)) if acts else Reach(reasons)
    mentioned = () if acts else tuple(dict.fromkeys(reason.host for reason in clues.named if reason.host))
    return Analysis(reach, mentioned, _stubs((reason.party for reason in reach.reasons), clues.words))


def _paired(text: str) -> str:
    """Return a text with pairs of surrogates replaced by their characters."""
    return text if text.isascii() else text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _stubs(parties: Iterable[Party], words: Set[bytes]) -> frozenset[str]:
    """Return the vendors' globals that the script itself names."""
    wanted = {pair for party in parties for pair in party.stubs}
    return frozenset(f"{name}:{kind}" for name, kind in wanted if name.encode() in words)
