"""Allowing one embed for one page view: a signed cookie of a minute, spent by the next page."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from itsdangerous import BadData

from consentkit.consent import decision_cookie_name
from consentkit.consent.codec import SignerAt
from consentkit.consent.secret_key import check_secrets

SECONDS = 60
"""How long the cookie lasts."""
_MAX_VALUE = 400


class OnceCodec:
    """Writes and verifies the cookie.

    Args:
        secret_key: The key that signs.
        fallbacks: Older keys, still accepted.

    Raises:
        ConfigurationError: A key is too short or can be guessed.
    """

    def __init__(self, secret_key: str, fallbacks: Sequence[str] = ()) -> None:
        self._keys = check_secrets(secret_key, fallbacks)

    @staticmethod
    def cookie_name(secure: bool) -> str:
        """Return the cookie's name; it is for one page, so no cookie domain shares it."""
        return decision_cookie_name(secure) + "-once"

    def set_cookie(self, value: str, *, secure: bool) -> str:
        """Build the Set-Cookie value; an empty value removes the cookie."""
        ending = "; Secure" if secure else ""
        seconds = SECONDS if value else 0
        name = self.cookie_name(secure)
        return f"{name}={value}; Max-Age={seconds}; Path=/; SameSite=Lax; HttpOnly{ending}"

    def dumps(self, vendor: str, *, now: int) -> str:
        """Sign a vendor's id at epoch seconds ``now``."""
        return self._signer(now).sign(vendor).decode("ascii")

    def loads(self, value: str, *, now: int) -> frozenset[str]:
        """Return the vendor, or nothing where the value cannot be believed or its minute is over."""
        if len(value) > _MAX_VALUE:
            return frozenset()
        try:
            return frozenset({self._signer(now).unsign(value, max_age=SECONDS).decode("ascii")})
        except (BadData, ValueError):
            return frozenset()

    def _signer(self, now: int) -> SignerAt:
        signer = SignerAt(
            self._keys, salt=b"consentkit.once.v1", key_derivation="hmac", digest_method=hashlib.sha256
        )
        signer.now = now
        return signer
