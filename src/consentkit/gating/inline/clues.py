"""Text search for vendors in a script: signatures of their snippets, and addresses."""

import re
from collections.abc import Iterable, Iterator, Set
from functools import lru_cache
from typing import Final, NamedTuple

from consentkit.catalog import URL, read_url
from consentkit.gating.inline.evaluator import UNKNOWN
from consentkit.gating.inline.syntax import names
from consentkit.gating.model import NOTHING, Party, Reach, Reason
from consentkit.gating.vendor_index import VendorIndex, host_of

MAX_HOSTS: Final = 64
"""Unknown hosts that are reported of one script."""

_TAIL: Final = rb"(:[0-9]{1,5})?+((?:\\*+/|\?|%2[fF])[^\s'\"`<>]{0,256}+)?+"
_USER: Final = rb"(?:[^\s'\"`/\\?#<>@]{1,64}+@)?+"
_NAME: Final = rb"([A-Za-z0-9_.\x80-\xff-]++)"
# A host after two slashes; or at the beginning of a string, where only vendors' hosts count, since a variable
# may come before it.
_BEHIND: Final = re.compile(rb"(?:/\\*+/|\\\\[\\/]{1,64}+)" + _USER + _NAME + _TAIL)
_QUOTED: Final = re.compile(rb"%2[fF]%2[fF]" + _NAME + _TAIL)
_STRING: Final = re.compile(rb"['\"`]\.?+((?:[A-Za-z0-9_-]++\.)++[A-Za-z][A-Za-z0-9-]++)\.?+" + _TAIL)
# What comes before an address in a string, markup or CSS, as opposed to a comment.
_OPENED: Final = re.compile(rb"['\"`=(}](?:\\*+(?:https?+|wss?+):)?+\\*+\Z")
# What comes before an address that is loaded and not only linked to.
_LOADED: Final = re.compile(
    rb"(?:src['\"]?+\]?+\s*+[=:,]|(?:fetch|import|importScripts|sendBeacon|getScript|load[A-Za-z]{0,20}+)\s*+\()"
    rb"\s*+\\*+['\"`]?+(?:\\*+https?+:)?+\\*+\Z"
)
_SLASHES: Final = re.compile(r"\\+/|%2[fF]")
# Hosts of XML namespaces, which are not fetched.
_NAMESPACES: Final = frozenset({"www.w3.org", "schema.org", "ogp.me", "purl.org", "ns.adobe.com"})
# Endings of file names, which look like hosts at the beginning of a string.
_FILES: Final = names("asp aspx cgi css gif htm html jpg js json jsp min mjs php png svg webp xml")

_TOKEN: Final = re.compile(r"[\w$]+|\S")
_METHOD: Final = re.compile(r"\.(\w+)\(")
_QUOTES: Final = "'\"`"


class Signature(NamedTuple):
    """A signature of a vendor's snippet.

    Attributes:
        party: The vendor.
        word: Its first word.
        words: Words that a text must contain, checked first.
        pattern: Finds it; quotes and white space may differ.
        queued: Whether it only pushes to a queue, which loads nothing by itself.
    """

    party: Party
    word: str
    words: Set[bytes]
    pattern: re.Pattern[bytes]
    queued: bool

    def acts(self, code: bytes) -> bool:
        """Say whether its first word occurs in a script whose strings and comments were emptied."""
        return re.search(rb"(?<![\w$])" + re.escape(self.word.encode()) + rb"(?![\w$])", code) is not None


class Signatures:
    """The signatures of all vendors, compiled.

    Args:
        signatures: The texts with their parties.

    Attributes:
        methods: Methods by which libraries are initialised, such as ``init``, with the vendors.
    """

    def __init__(self, signatures: Iterable[tuple[str, Party]]) -> None:
        self._by_word: dict[bytes, list[Signature]] = {}
        self.methods: dict[str, set[str]] = {}
        for text, party in signatures:
            signature = Signature(party, *_compile(text))
            self._by_word.setdefault(signature.word.encode(), []).append(signature)
            if (method := _METHOD.search(text)) and not signature.queued:
                self.methods.setdefault(method[1], set()).add(party.vendor)

    def find(self, text: bytes, words: Set[bytes]) -> Iterator[Signature]:
        """Yield the signatures in a text.

        Args:
            text: The script.
            words: The names in it, from `words_of`.
        """
        for word in sorted(self._by_word.keys() & words):
            for signature in self._by_word[word]:
                if signature.words <= words and signature.pattern.search(text):
                    yield signature


@lru_cache(maxsize=1024)
def _compile(text: str) -> tuple[str, Set[bytes], re.Pattern[bytes], bool]:
    """Return the fields of a `Signature` after its party."""
    word, *rest = tokens = _TOKEN.findall(text)
    # Without the last token, which may be only the beginning of a word.
    words = frozenset(token.encode() for token in (word, *tokens[:-1]) if token.isidentifier())
    start = re.escape(word)
    # The look-behind comes after the word, so that the engine can search for the word first.
    parts = [rf"{start}(?<![\w$]{start})"]
    parts += [rf"[{_QUOTES}]" if token in _QUOTES else re.escape(token) for token in rest]
    pattern = re.compile(r"\s*+".join(parts).encode())
    return word, words, pattern, rest[-3:] == [".", "push", "("]


class AddressFinder:
    """Finds addresses in texts.

    Args:
        vendors: The rules of all vendors.
    """

    def __init__(self, vendors: VendorIndex) -> None:
        self._vendors = vendors
        # Paths of first-party proxies, at the beginning of a string.
        self._own_paths = [
            (rule.host, party, re.compile(rb"['\"`]%b(?=[/'\"`?#])" % re.escape(rule.path.encode())))
            for rule, party in vendors.proxies
        ]

    def find(self, text: bytes) -> tuple[list[Reason], list[str]]:
        """Return the vendors whose hosts a text names, and other hosts after two slashes."""
        named: dict[tuple[str, str], Reason] = {}
        unknown: dict[str, None] = {}
        patterns = (_BEHIND, _STRING, _QUOTED) if b"%2" in text else (_BEHIND, _STRING)
        for match in (found for pattern in patterns for found in pattern.finditer(text)):
            url = read_url("//" + _unescape(b"".join(match.groups(b""))))
            if url is None or not url.readable:
                continue
            owner = self._vendors.find_owner(url)
            if owner is None:
                if len(unknown) < MAX_HOSTS and _counts(url, match):
                    unknown[host_of(url)] = None
            elif not owner.linked or _is_loaded(url, match):
                for reason in owner.reasons:
                    named.setdefault((reason.party.vendor, reason.site), reason)
        return [*named.values(), *self._find_own(text)], list(unknown)

    def reach_of(self, text: str, *, direct: bool = False) -> Reach:
        """Find which party the address in a loader contacts.

        Args:
            text: The address.
            direct: Whether it is an argument of an unknown function: then only a vendor's host or the path of
                a script counts.
        """
        url = read_url(text)
        if url is None:
            return NOTHING
        owner = self._vendors.find_owner(url)
        if url.own:
            # A vendor's script on the site's own host is not blocked, but reported.
            own = self._find_own(b'"%b"' % text.encode("utf-8", "replace"))
            return Reach((*own, *(owner.reasons if owner else ())))
        is_program = url.path.endswith((".js", ".mjs", ".gif"))
        if direct and not is_program and (owner is None or owner.linked):
            return NOTHING
        return Reach((), (host_of(url),)) if owner is None else Reach(owner.reasons)

    def is_own(self, text: str) -> bool:
        """Say whether an address is on the site itself, and is no vendor's script by its name."""
        url = read_url(text.replace(UNKNOWN, "x")) if not text.startswith(UNKNOWN) else None
        return url is not None and url.own and self._vendors.find_owner(url) is None

    def _find_own(self, text: bytes) -> Iterator[Reason]:
        """Find paths of first-party proxies."""
        for site, party, pattern in self._own_paths:
            if pattern.search(text):
                yield Reason(party, "", "host", site)


def _counts(url: URL, match: re.Match[bytes]) -> bool:
    """Say whether an unknown host is part of an address, and not of a comment."""
    if "." not in url.host or url.host in _NAMESPACES:
        return False
    before = match.string[max(0, match.start() - 12) : match.start()]
    if match.re is _STRING:
        joined = before.rstrip().endswith(b"+") and len(url.path) > 1
        return joined and url.host.rpartition(".")[2] not in _FILES
    return match.re is _QUOTED or _OPENED.search(before) is not None


def _is_loaded(url: URL, match: re.Match[bytes]) -> bool:
    """Say whether a script loads an address on a host that pages commonly link to."""
    before = match.string[max(0, match.start() - 64) : match.start()]
    return url.path.endswith((".js", ".gif")) or _LOADED.search(before) is not None


def _unescape(text: bytes) -> str:
    """Return an address with the escapes of JavaScript and HTML resolved."""
    return _SLASHES.sub("/", text.decode("utf-8", "replace")).replace("&amp;", "&")
