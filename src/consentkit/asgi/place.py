"""Where the visitor is, from what the site trusts."""

from __future__ import annotations

import re

from starlette.types import Scope

from consentkit.exceptions import ConfigurationError
from consentkit.policy import Place

_HEADER = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # RFC 9110, section 5.6.2: token


class FromHeaders:
    """Read the place from headers that a proxy or CDN in front of the site sets.

    Name only headers that your proxy overwrites: a visitor can send any other. A header that is missing,
    repeated with different values, or no ISO 3166 code leaves the place unknown, for which the strictest
    regime holds.

    Args:
        country: Header with the ISO 3166-1 alpha-2 code, such as ``CF-IPCountry``.
        region: Header with the ISO 3166-2 part, such as ``CF-Region-Code``; ``None`` where there is none.

    Raises:
        ConfigurationError: A name that no header can have.
    """

    def __init__(self, country: str, region: str | None = None) -> None:
        for name in (country, region):
            if name is not None and not _HEADER.fullmatch(name):
                raise ConfigurationError(
                    f"expected a header name such as CF-IPCountry, got {name!r}", path="place"
                )
        self._country = country.lower().encode("ascii")
        self._region = region.lower().encode("ascii") if region else None
        self.headers: tuple[str, ...] = tuple(name for name in (country, region) if name)
        """Names of the headers, for ``Vary``."""

    def __call__(self, scope: Scope) -> Place | None:
        """Return the place, or ``None`` where the headers do not tell."""
        country = _only(scope, self._country)
        if not country:
            return None
        return Place(country=country, region=_only(scope, self._region) if self._region else "")


def _only(scope: Scope, header: bytes) -> str:
    values = {value for name, value in scope["headers"] if name == header}
    return values.pop().decode("latin-1") if len(values) == 1 else ""
