"""Markup that is safe in any page: ASCII only, escaped, well-formed both as HTML and as XML."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from functools import lru_cache
from typing import NotRequired, TypedDict
from urllib.parse import quote

from consentkit.catalog import safe_path
from consentkit.consent import UNTOLD
from consentkit.exceptions import ConfigurationError

# "<" cannot come from escaped text, so no text of a site or visitor can look like a slot.
_SLOT = re.compile(r"<%(\w+)%>")


def to_ascii(markup: str) -> str:
    """Write what is outside ASCII as numeric character references: they mean the same in every charset."""
    return markup.encode("ascii", "xmlcharrefreplace").decode("ascii")


def escape(text: str) -> str:
    """Escape text for element content and quoted attributes, in ASCII."""
    return to_ascii(html.escape(text))


class Where(TypedDict):
    """Where a fragment of a page is shown.

    Attributes:
        prefix: Path prefix of the endpoints, `root_path` included, without a slash at its end.
        return_to: Path and query of the page; see `consentkit.catalog.safe_path`.
        origin: Given where the page's ``<base>`` is foreign: URLs then name the site themselves, scheme
            included, since the base may have another.
        made_for: Mark of the decision that the page is made for; see `Consent.made_for`.
    """

    prefix: str
    return_to: str
    origin: NotRequired[str]
    made_for: NotRequired[str]


@lru_cache(maxsize=256)
def _written(prefix: str, return_to: str, origin: str) -> Mapping[str, str]:
    """Write what the slots of one page's fragments have in common."""
    path = safe_path(return_to)
    return {
        "base": escape(origin + prefix),
        "origin": escape(origin),
        "return_to": escape(path),
        "return_query": quote(path, safe=""),
    }


class Fragment:
    """Markup with slots, taken apart once so that a request costs one join.

    Args:
        markup: Escaped markup; ``<%name%>`` is a slot.
    """

    def __init__(self, markup: str) -> None:
        self._pieces = _SLOT.split(markup)

    def fill(
        self,
        *,
        prefix: str,
        return_to: str,
        notice: str,
        origin: str = "",
        made_for: str = UNTOLD,
        **more: str,
    ) -> str:
        """Fill in the slots of one request.

        Args:
            prefix: See `Where`, as for the others.
            return_to: See there.
            notice: Hash of the notice that is shown.
            origin: See there.
            made_for: See there.
            more: Other slots; markup.

        Raises:
            ConfigurationError: A template of the site's own has a slot that nothing is filled in for.
        """
        known = {**_written(prefix, return_to, origin), "made_for": escape(made_for), "notice": notice}
        values = {**known, **more}
        pieces = self._pieces.copy()
        try:
            pieces[1::2] = map(values.__getitem__, pieces[1::2])
        except KeyError as error:
            problem = f"a template has a slot that is not filled in: {error}"
            raise ConfigurationError(problem, path="banner.templates") from error
        return "".join(pieces)
