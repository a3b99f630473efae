"""The bases that relative addresses of one document may be resolved against."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from consentkit.catalog import OWN_PAGE, URL, read_url
from consentkit.gating import edits
from consentkit.gating.elements import first
from consentkit.gating.owners import host_of
from consentkit.rewriter import Splice, Where, attributes

_PLAIN: Final = re.compile(r"[a-z0-9.-]*\Z")
MAX_BASES: Final = 4
"""Bases that are considered where it is not certain which one counts; with more, nobody can tell."""

_ANY: Final = URL("https", readable=False)


class Bases:
    """Follows the ``<base>`` elements of a document.

    Args:
        own_host: The page's own host as hosts are reported; empty where it is not known.
        urls: Bases that count from the beginning.

    Attributes:
        urls: What relative addresses may be resolved against, besides the page itself.
        foreign: Whether they may go to another origin.
    """

    def __init__(self, own_host: str, urls: tuple[URL, ...] = (), *, foreign: bool = False) -> None:
        self.urls: tuple[URL, ...] = urls
        self.foreign: bool = foreign
        self._own_host = own_host
        self._is_certain = False
        self._is_settled = False

    def nested(self) -> Bases:
        """Return what a document inside this one begins with."""
        inner = Bases(self._own_host, self.urls, foreign=self.foreign)
        inner._is_settled = self._is_settled
        return inner

    def settle(self) -> None:
        """Let no base lead addresses away from here on; see `consentkit.gating.page.PageGate.settle_base`."""
        self._is_settled = True

    def see(self, raw: bytes, where: Where) -> Sequence[Splice]:
        """Take the first ``<base href>``: it counts for every URL behind it (WHATWG HTML 4.2.3).

        Where it is not certain that a browser sees it as such, as in a template, others may follow, and all
        are considered.

        Args:
            raw: The tag's bytes.
            where: Its surroundings.

        Returns:
            The edits that take its address from it, where it comes too late to be let through.
        """
        found = attributes(raw)
        href = first(found, b"href")
        if href is None or self._is_certain or where & Where.FOREIGN:
            return ()
        url = read_url(href, base=OWN_PAGE)
        foreign = url is not None and not url.own and host_of(url) != self._own_host
        if foreign and self._is_settled:
            return edits.rename(found, {b"href"})
        # Behind a base that browsers refuse, relative addresses lead nowhere.
        self.foreign = self.foreign or (url is None and "//" in href.replace("\\", "/"))
        # Browsers differ in which hosts they take; Chromium passes over bases that lead nowhere.
        self._is_certain = not where and url is not None and _PLAIN.match(url.host) is not None
        if foreign and url is not None:
            self.foreign = True
            if url not in self.urls and len(self.urls) <= MAX_BASES:
                self.urls = (*self.urls, url if len(self.urls) < MAX_BASES else _ANY)
        return ()
