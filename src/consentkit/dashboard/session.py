"""The auditor's session: a signed cookie that holds nothing but the time at which it was made."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from itsdangerous import BadData

from consentkit.consent.cookies import CLOCK_SKEW, TimedSigner

SECONDS: Final = 8 * 3600
"""How long a session lasts."""

_CONTENT: Final = "1"
_MAX_VALUE: Final = 200


class Sessions:
    """Writes and verifies session cookies.

    The token is the key, so another token ends every session, and any number of processes share them.

    Args:
        token: The token with which auditors sign in.
    """

    def __init__(self, token: str) -> None:
        self._signer = TimedSigner(token, "consentkit.dashboard.v1")

    @staticmethod
    def cookie_name(secure: bool) -> str:
        """Return the cookie's name. ``__Host-`` would rule out a path."""
        return "__Secure-consentkit-audit" if secure else "consentkit-audit"

    def set_cookie(self, *, path: str, secure: bool, now: int) -> str:
        """Build the Set-Cookie value that begins a session.

        Args:
            path: Where the app is mounted.
            secure: Whether auditors come over https.
            now: Epoch seconds.
        """
        value = self._signer.sign_at(_CONTENT, now)
        return _cookie(self.cookie_name(secure), value, SECONDS, path, secure)

    def expire_cookie(self, *, path: str, secure: bool) -> str:
        """Build the Set-Cookie value that ends a session. Arguments as in `set_cookie`."""
        return _cookie(self.cookie_name(secure), "", 0, path, secure)

    def holds(self, values: Sequence[str], *, now: int) -> bool:
        """Say whether one of a cookie's values is a session that has not ended at epoch seconds `now`."""
        return any(self._holds(value, now) for value in values)

    def _holds(self, value: str, now: int) -> bool:
        if len(value) > _MAX_VALUE:
            return False
        try:
            content, signed_at = self._signer.read(value)
        except (BadData, ValueError):
            return False
        return content == _CONTENT and -CLOCK_SKEW <= now - signed_at < SECONDS


def _cookie(name: str, value: str, seconds: int, path: str, secure: bool) -> str:
    ending = "; Secure" if secure else ""
    # A path may hold what would end the attribute.
    path = path.replace(";", "%3B")
    return f"{name}={value}; Max-Age={seconds}; Path={path}; SameSite=Strict; HttpOnly{ending}"
