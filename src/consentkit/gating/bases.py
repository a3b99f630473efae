"""What the relative addresses of a document may be resolved against."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final, NamedTuple

from consentkit.catalog import OWN_PAGE, URL, read_url
from consentkit.gating import edits
from consentkit.gating.elements import first
from consentkit.gating.owners import host_of
from consentkit.rewriter import Splice, Where, attributes

_PLAIN: Final = re.compile(r"[a-z0-9.-]*\Z")
MAX_BASES: Final = 4
"""Bases that are considered where it is not certain which one counts; with more, nobody can tell."""

_ANY: Final = URL("https", readable=False)


class Bases(NamedTuple):
    """What the ``<base>`` elements of a document say, as far as it was read.

    Attributes:
        urls: What relative addresses may be resolved against, besides the page itself.
        foreign: Whether they may go to another origin.
        certain: Whether the one that counts was seen.
        settled: Whether none may lead addresses away any more.
    """

    urls: tuple[URL, ...] = ()
    foreign: bool = False
    certain: bool = False
    settled: bool = False

    def see(self, raw: bytes, where: Where, own_host: str) -> tuple[Bases, Sequence[Splice]]:
        """Take the first ``<base href>``: it counts for every URL behind it (WHATWG HTML 4.2.3).

        Where it is not certain that a browser sees it as such, as in a template, others may follow, and all
        are considered.

        Args:
            raw: The tag's bytes.
            where: Its surroundings.
            own_host: The page's own host as hosts are reported; empty where it is not known.

        Returns:
            What holds from here on, and the edits that take its address from the tag, where it comes too late
            to be let through.
        """
        found = attributes(raw)
        href = first(found, b"href")
        if href is None or self.certain or where & Where.FOREIGN:
            return self, ()
        url = read_url(href, base=OWN_PAGE)
        foreign = url is not None and not url.own and host_of(url) != own_host
        if foreign and self.settled:
            return self, edits.rename(found, {b"href"})
        urls = self.urls
        if foreign and url is not None and url not in urls and len(urls) <= MAX_BASES:
            urls = (*urls, url if len(urls) < MAX_BASES else _ANY)
        # Behind a base that browsers refuse, relative addresses lead nowhere.
        refused = url is None and "//" in href.replace("\\", "/")
        # Browsers differ in which hosts they take; Chromium passes over bases that lead nowhere.
        certain = not where and url is not None and _PLAIN.match(url.host) is not None
        return Bases(urls, self.foreign or foreign or refused, certain, self.settled), ()


NO_BASES: Final = Bases()
"""Where relative addresses reach nobody but the page's own host."""
