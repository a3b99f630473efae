"""Whom the text of an inline script would reach.

A script counts as a vendor's if it holds the vendor's signature, or names one of the vendor's hosts and also
holds something that loads. A host alone proves nothing (links, configuration) and is only reported.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence, Set
from typing import Final, NamedTuple

from consentkit.catalog import URL, read_url
from consentkit.gating.folding import fold
from consentkit.gating.loading import loads, words_of
from consentkit.gating.owners import Owners, host_of
from consentkit.gating.party import NOTHING, Found, Party, Reason

_TAIL: Final = rb"(:[0-9]{1,5})?+((?:\\*+/|\?|%2[fF])[^\s'\"`<>]{0,256}+)?+"
_USER: Final = rb"(?:[^\s'\"`/\\?#<>@]{1,64}+@)?+"
_NAME: Final = rb"([A-Za-z0-9_.\x80-\xff-]++)"
# A host behind two slashes, or at the beginning of a string, where only vendors' are looked for: what stands
# before it may be a variable.
_BEHIND: Final = re.compile(rb"/\\*+/" + _USER + _NAME + _TAIL)
_QUOTED: Final = re.compile(rb"%2[fF]%2[fF]" + _NAME + _TAIL)
_STRING: Final = re.compile(rb"['\"`]\.?+((?:[A-Za-z0-9_-]++\.)++[A-Za-z][A-Za-z0-9-]++)\.?+" + _TAIL)
# Where an address begins that is not in a comment: in a string, in markup, in CSS.
_OPENED: Final = re.compile(rb"['\"`=(}](?:\\*+(?:https?+|wss?+):)?+\\*+\Z")
# Where an address stands that is loaded, and not linked to.
_LOADED: Final = re.compile(
    rb"(?:src['\"]?+\]?+\s*+[=:,]|(?:fetch|import|importScripts|sendBeacon|getScript|load[A-Za-z]{0,20}+)\s*+\()"
    rb"\s*+\\*+['\"`]?+(?:\\*+https?+:)?+\\*+\Z"
)
_SLASHES: Final = re.compile(r"\\+/|%2[fF]")
_TOKEN: Final = re.compile(r"[\w$]+|\S")
_QUOTES: Final = "'\"`"
# Names of XML vocabularies, which nobody fetches.
_NAMESPACES: Final = frozenset({"www.w3.org", "schema.org", "ogp.me", "purl.org", "ns.adobe.com"})
# What looks like a host at the beginning of a string, and is the name of a file.
_FILES: Final = frozenset(
    {
        "asp",
        "aspx",
        "cgi",
        "css",
        "gif",
        "htm",
        "html",
        "jpg",
        "js",
        "json",
        "jsp",
        "min",
        "mjs",
        "php",
        "png",
    }
    | {"svg", "webp", "xml"}
)

MAX_HOSTS: Final = 64
"""Unknown hosts that are reported of one script."""


class Reading(NamedTuple):
    """What was found in a script's text.

    Attributes:
        found: What it would reach.
        mentioned: Hosts of vendors that it names without loading anything.
        stubs: Globals that the text would define, as ``name:kind``.
    """

    found: Found = Found()
    mentioned: tuple[str, ...] = ()
    stubs: frozenset[str] = frozenset()

    @property
    def silent(self) -> bool:
        """Whether it reaches nobody and names nobody."""
        return self.found == NOTHING and not self.mentioned


EMPTY: Final = Reading()


class InlineReader:
    """Signatures and hosts, compiled.

    Args:
        signatures: Each with its party. Quotes and white space in scripts may differ from the signature's.
        owners: Rules of all vendors.
    """

    def __init__(self, signatures: Iterable[tuple[str, Party]], owners: Owners) -> None:
        self._signatures: dict[bytes, list[tuple[re.Pattern[bytes], Party]]] = {}
        for text, party in signatures:
            word, pattern = _pattern(text)
            self._signatures.setdefault(word, []).append((pattern, party))
        self._owners = owners
        self._own_paths = [(rule.host, party, _path(rule.path)) for rule, party in owners.proxies]

    def read(self, text: bytes) -> Reading:
        """Read the text of a script."""
        text = fold(text)
        words = words_of(text)
        signed = [Reason(party, "", "signature") for party in self._signed(text, words)]
        named, unknown = self._named(text)
        named += self._own(text)
        if not signed and not named and not unknown:
            return EMPTY
        if not loads(text, words):
            mentioned = dict.fromkeys(reason.host for reason in named if reason.host)
            return Reading(Found(tuple(signed)), tuple(mentioned), _stubs(signed, words))
        reasons = (*signed, *named)
        return Reading(Found(reasons, tuple(unknown)), (), _stubs(reasons, words))

    def read_addresses(self, text: bytes) -> Reading:
        """Read the text of an import map or of speculation rules: every address in it counts."""
        named, unknown = self._named(fold(text))
        return Reading(Found(tuple(named), tuple(unknown)))

    def _signed(self, text: bytes, words: Set[bytes]) -> Iterator[Party]:
        for word in sorted(self._signatures.keys() & words):
            for pattern, party in self._signatures[word]:
                if pattern.search(text):
                    yield party

    def _named(self, text: bytes) -> tuple[list[Reason], list[str]]:
        """Return vendors by the hosts named in a text, and other hosts behind two slashes."""
        found: dict[tuple[str, str], Reason] = {}
        unknown: dict[str, None] = {}
        for match in _addresses(text):
            url = read_url("//" + _unescape(b"".join(match.groups(b""))))
            if url is None or not url.readable:
                continue
            owned = self._owners.find(url)
            if owned is None:
                if len(unknown) < MAX_HOSTS and _counts(url, match):
                    unknown[host_of(url)] = None
            elif not owned.linked or _is_loaded(url, match):
                for reason in owned.reasons:
                    found.setdefault((reason.party.vendor, reason.site), reason)
        return list(found.values()), list(unknown)

    def _own(self, text: bytes) -> Iterator[Reason]:
        """Find paths of the site's own that stand for a vendor."""
        for site, party, pattern in self._own_paths:
            if pattern.search(text):
                yield Reason(party, "", "host", site)


def _addresses(text: bytes) -> Iterator[re.Match[bytes]]:
    yield from _BEHIND.finditer(text)
    yield from _STRING.finditer(text)
    if b"%2" in text:
        yield from _QUOTED.finditer(text)


def _counts(url: URL, match: re.Match[bytes]) -> bool:
    """Tell whether a host that nobody knows is an address at all, and not in a comment."""
    if "." not in url.host or url.host in _NAMESPACES:
        return False
    before = match.string[max(0, match.start() - 12) : match.start()]
    if match.re is _STRING:
        joined = before.rstrip().endswith(b"+") and len(url.path) > 1
        return joined and url.host.rpartition(".")[2] not in _FILES
    return match.re is _QUOTED or _OPENED.search(before) is not None


def _is_loaded(url: URL, match: re.Match[bytes]) -> bool:
    """Tell whether an address on a host that pages link to is one that the script itself loads."""
    before = match.string[max(0, match.start() - 64) : match.start()]
    return url.path.endswith((".js", ".gif")) or _LOADED.search(before) is not None


def _unescape(text: bytes) -> str:
    """Return an address as it is once JavaScript and HTML have read it."""
    return _SLASHES.sub("/", text.decode("utf-8", "replace")).replace("&amp;", "&")


def _path(path: str) -> re.Pattern[bytes]:
    """Compile the search for a path of the site's own at the beginning of a string or behind a host."""
    return re.compile(rb"['\"`]" + re.escape(path.encode()) + rb"(?=[/'\"`?#])")


def _pattern(signature: str) -> tuple[bytes, re.Pattern[bytes]]:
    """Compile a signature, and return its first word: a text without it needs no search."""
    word, *rest = _TOKEN.findall(signature)
    start = re.escape(word)
    # The look-behind stands behind the word, so that the engine can look for the word itself.
    parts = [rf"{start}(?<![\w$]{start})"]
    parts += [rf"[{_QUOTES}]" if token in _QUOTES else re.escape(token) for token in rest]
    return word.encode(), re.compile(r"\s*+".join(parts).encode())


def _stubs(reasons: Sequence[Reason], words: Set[bytes]) -> frozenset[str]:
    """Choose from the globals of the vendors found those that the text itself names."""
    wanted = {pair for reason in reasons for pair in reason.party.stubs}
    return frozenset(f"{name}:{kind}" for name, kind in wanted if name.encode() in words)
