"""Whom the text of an inline script would reach.

A script counts as a vendor's if it holds the vendor's signature, or names one of the vendor's hosts and also
holds something that loads. A host alone proves nothing (links, configuration) and is only reported.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from consentkit.catalog import URL, HostTable, read_url
from consentkit.gating.party import Party, Reason

# What makes a script load something. Written for what stands in pages, minified or not.
_LOADER: Final = re.compile(
    rb"""\.src\s*=(?!=)|\[['"]src['"]\]\s*=|createElement|sendBeacon|new\s+(?:Image|Audio)\b|document\.write"""
    rb"""|\bfetch\s*[(.]|=\s*fetch\b|backgroundImage|\$\.(?:get|post)\s*\(|XMLHttpRequest|EventSource|WebSocket|importScripts|serviceWorker|new\s+(?:Shared)?Worker\b"""
    rb"""|innerHTML|outerHTML|insertAdjacentHTML|setAttribute\(\s*['"](?:src|data|href)['"]"""
    rb"""|\.(?:getScript|ajax|getJSON|load|append|html)\s*\("""
    rb"""|(?<![\w$.])import\s*(?:\(|['"]|[\w$*{][^;'"]{0,500}?\bfrom\s*['"])|(?<![\w$.])export\b[^;'"]{0,500}?\bfrom\s*['"]"""
)
# A host behind two slashes, in JavaScript's spellings of a slash, or at the beginning of a string: vendors
# put addresses together from parts ("https://ssl" + ".google-analytics.com/ga.js").
_SLASH: Final = rb"(?:\\?/|\\x2[fF]|\\u002[fF]|%2[fF])"
_HOST: Final = re.compile(
    rb"(?:" + _SLASH + rb"{2}(?:[^\s'\"`/\\?#<>@]{1,64}@)?([A-Za-z0-9_.\x80-\xff-]+)"
    rb"|['\"`]\.?((?:[A-Za-z0-9_-]+\.)+[A-Za-z][A-Za-z0-9-]+)\.?)(:[0-9]{1,5})?"
    rb"((?:" + _SLASH + rb"|\?)[^\s'\"`<>]{0,256})?"
)
_WRITTEN_SLASH: Final = re.compile(_SLASH)
_TOKEN: Final = re.compile(r"[\w$]+|\S")
_WORD: Final = re.compile(rb"[\w$]+")
_QUOTES: Final = "'\"`"

MAX_HOSTS: Final = 64
"""Unknown hosts that are reported of one script."""


class Reading(NamedTuple):
    """What was found in a script's text.

    Attributes:
        reasons: Who must be allowed for it to run.
        mentioned: Hosts of vendors that it names without loading anything.
        hosts: Hosts that it may load from and that neither policy nor catalog knows.
        stubs: Globals that the text would define, as ``name:kind``.
    """

    reasons: tuple[Reason, ...] = ()
    mentioned: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()
    stubs: frozenset[str] = frozenset()


NOTHING: Final = Reading()


class InlineReader:
    """Signatures and hosts, compiled.

    Args:
        signatures: Each with its party. Quotes and white space in scripts may differ from the signature's.
        hosts: Rules of all vendors.
    """

    def __init__(self, signatures: Iterable[tuple[str, Party]], hosts: HostTable[Party]) -> None:
        self._signatures: dict[bytes, list[tuple[re.Pattern[bytes], Party]]] = {}
        for text, party in signatures:
            word, pattern = _pattern(text)
            self._signatures.setdefault(word, []).append((pattern, party))
        self._hosts = hosts

    def read(self, text: bytes) -> Reading:
        """Read the text of a script."""
        signed = [Reason(party, "", "signature") for party in self._signed(text)]
        named, unknown = self._named(text)
        if not signed and not named and not unknown:
            return NOTHING
        if not _LOADER.search(text):
            mentioned = dict.fromkeys(reason.host for reason in named)
            return Reading(tuple(signed), tuple(mentioned), (), _stubs(signed, text))
        reasons = (*signed, *named)
        return Reading(reasons, (), tuple(unknown), _stubs(reasons, text))

    def _signed(self, text: bytes) -> Iterator[Party]:
        for word in sorted(self._signatures.keys() & set(_WORD.findall(text))):
            for pattern, party in self._signatures[word]:
                if pattern.search(text):
                    yield party

    def _named(self, text: bytes) -> tuple[list[Reason], list[str]]:
        """Return vendors by the hosts named in a text, and other hosts behind two slashes."""
        found: dict[str, Reason] = {}
        unknown: dict[str, None] = {}
        for match in _HOST.finditer(text):
            behind_slashes, in_string, port, path = match.groups(b"")
            url = read_url("//" + _unescape((behind_slashes or in_string) + port + path))
            if url is None or not url.readable:
                continue
            pair = self._hosts.find(url.host, url.path, url.query, url.port)
            if pair and not pair[0].linked:
                found.setdefault(pair[1].vendor, Reason(pair[1], host_of(url), "host"))
            elif pair is None and behind_slashes and "." in url.host and len(unknown) < MAX_HOSTS:
                unknown[host_of(url)] = None
        return list(found.values()), list(unknown)


def host_of(url: URL) -> str:
    """Return a URL's host as it is reported: with its port where it has one, ``?`` if it cannot be read."""
    if not url.readable:
        return "?"
    return url.host if url.port is None else f"{url.host}:{url.port}"


def _unescape(text: bytes) -> str:
    """Return an address as it is once JavaScript and HTML have read it."""
    plain = _WRITTEN_SLASH.sub(b"/", text).replace(b"&amp;", b"&").replace(b"\\u0026", b"&")
    return plain.decode("utf-8", "replace")


def _pattern(signature: str) -> tuple[bytes, re.Pattern[bytes]]:
    """Compile a signature, and return its first word: a text without it needs no search."""
    word, *rest = _TOKEN.findall(signature)
    start = re.escape(word)
    # The look-behind stands behind the word, so that the engine can look for the word itself.
    parts = [rf"{start}(?<![\w$]{start})"]
    parts += [rf"[{_QUOTES}]" if token in _QUOTES else re.escape(token) for token in rest]
    return word.encode(), re.compile(r"\s*".join(parts).encode())


def _stubs(reasons: Iterable[Reason], text: bytes) -> frozenset[str]:
    """Choose from the globals of the vendors found those that the text itself names."""
    wanted = {pair for reason in reasons for pair in reason.party.stubs}
    return frozenset(f"{name}:{kind}" for name, kind in wanted if _names(text, name))


def _names(text: bytes, name: str) -> bool:
    return re.search(rb"(?<![\w$])" + re.escape(name.encode()) + rb"(?![\w$])", text) is not None
