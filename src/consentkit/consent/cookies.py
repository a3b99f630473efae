"""The three cookies (decision cookie, id cookie, once cookie): names, attributes and signed values.

On https, names begin with ``__Host-``, so that no subdomain can set them, or with ``__Secure-`` if the site
shares the cookie with its subdomains (RFC 6265bis, section 4.1.3). On http they have no prefix. Values are
signed with HMAC-SHA256 by itsdangerous and consist of cookie-octets (RFC 6265, section 4.1.1). The decision
is readable by scripts.
"""

import hashlib
import re
from collections.abc import Sequence
from contextlib import suppress
from functools import reduce

import msgspec
from itsdangerous import BadData, Signer, TimestampSigner
from itsdangerous.encoding import base64_decode, base64_encode, int_to_bytes
from msgspec.structs import replace

from consentkit.consent.decision import INVALID, MAX_AGE, Decision, Invalid, most_restrictive
from consentkit.consent.secret_key import check_secrets
from consentkit.exceptions import BadRequest, ConfigurationError

ONCE_SECONDS = 60  # how long "load once" is valid
CLOCK_SKEW = 300  # seconds by which the clocks of servers with the same key may differ
MAX_VALUE = 4_000  # bytes; browsers accept 4096 of name and value together (RFC 6265bis, section 5.6)

_MAX_ONCE = 400  # bytes
_NAME = "consentkit"
_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_DOMAIN = re.compile(rf"(?=.{{1,253}}\Z){_LABEL}(?:\.{_LABEL})+")
# RFC 6265, section 4.1.1: cookie-octet
_OCTETS = re.compile(r"[\x21\x23-\x2b\x2d-\x3a\x3c-\x5b\x5d-\x7e]*")


class TimedSigner(TimestampSigner):
    """Signs text together with a time passed in, since this room reads no clock.

    Args:
        keys: One key, or several, of which the last one signs.
        salt: Different for each cookie, so that the value of one is invalid in another.
    """

    def __init__(self, keys: str | Sequence[str], salt: str) -> None:
        super().__init__(keys, salt=salt, key_derivation="hmac", digest_method=hashlib.sha256)

    def sign_at(self, text: str, now: int) -> str:
        """Sign ASCII text at epoch seconds `now`."""
        stamped = b".".join((text.encode("ascii"), base64_encode(int_to_bytes(now))))
        return b".".join((stamped, self.get_signature(stamped))).decode("ascii")

    def read(self, value: str) -> tuple[str, int]:
        """Return a signed text and the epoch seconds at which it was signed.

        Raises:
            BadData: The signature or the time is invalid.
            ValueError: It is not ASCII.
        """
        text, signed = self.unsign(value, return_timestamp=True)
        return text.decode("ascii"), int(signed.timestamp())


class DecisionCodec:
    """Writes and verifies decision cookies.

    Args:
        secret_key: The key that signs.
        fallbacks: Older keys, still accepted.

    Raises:
        ConfigurationError: A key is too short or can be guessed.
    """

    def __init__(self, secret_key: str, fallbacks: Sequence[str] = ()) -> None:
        self._signer = TimedSigner(check_secrets(secret_key, fallbacks), "consentkit.decision.v1")

    def dumps(self, decision: Decision, *, now: int) -> str:
        """Sign a decision.

        Args:
            decision: What to write. Its `signed_at` is not: `now` is.
            now: Epoch seconds.

        Returns:
            A cookie's value, under 300 bytes for four purposes.

        Raises:
            BadRequest: The decision names so many single vendors that no browser would keep the cookie.
        """
        value = self._signer.sign_at(decision.encode(), now)
        if len(value) > MAX_VALUE:
            raise BadRequest(413, "This choice names too many vendors one by one; choose by purpose instead.")
        return value

    def loads(self, values: Sequence[str], *, now: int) -> Decision | Invalid | None:
        """Verify the values of all cookies of the decision cookie's name.

        Args:
            values: As received. Several of them can come from a parent domain or another path.
            now: Epoch seconds; a cookie signed more than five minutes in the future is rejected.

        Returns:
            The decision, of several the most restrictive combination; `Invalid` if any of them is invalid;
            ``None`` without one. Never raises.
        """
        decisions = [self._load(value, now) for value in values]
        believed = [decision for decision in decisions if isinstance(decision, Decision)]
        # A bad cookie may be a damaged refusal, so it wins over valid ones.
        if len(believed) < len(decisions):
            return INVALID
        return reduce(most_restrictive, believed) if believed else None

    def _load(self, value: str, now: int) -> Decision | Invalid:
        if len(value) > MAX_VALUE:  # rejected before it is hashed
            return INVALID
        try:
            _check_canonical(value)
            text, signed_at = self._signer.read(value)
            decision = replace(Decision.decode(text), signed_at=signed_at)
        except (BadData, ValueError):
            return INVALID
        # A date in the future would make grants last longer than allowed.
        latest = max(decision.signed_at, decision.decided_at)
        return INVALID if latest > now + CLOCK_SKEW else decision


class SubjectCodec:
    """Writes and verifies id cookies. Arguments and errors are those of `DecisionCodec`."""

    def __init__(self, secret_key: str, fallbacks: Sequence[str] = ()) -> None:
        keys = check_secrets(secret_key, fallbacks)
        self._signer = Signer(
            keys, salt=b"consentkit.id.v1", key_derivation="hmac", digest_method=hashlib.sha256
        )

    def dumps(self, subject: str) -> str:
        """Sign a subject id, which is random and made of ASCII letters, digits, ``-`` and ``_``."""
        return self._signer.sign(subject).decode("ascii")

    def loads(self, values: Sequence[str]) -> str | None:
        """Return the subject id; ``None`` if no cookie is valid, or several disagree."""
        subjects = {*map(self._load, values)}
        return subjects.pop() if len(subjects) == 1 else None

    def _load(self, value: str) -> str | None:
        with suppress(BadData, ValueError):
            _check_canonical(value)
            return self._signer.unsign(value).decode("ascii")
        return None


class OnceCodec:
    """Writes and verifies cookies that allow one embed on the next page.

    Arguments and errors are those of `DecisionCodec`.
    """

    def __init__(self, secret_key: str, fallbacks: Sequence[str] = ()) -> None:
        self._signer = TimedSigner(check_secrets(secret_key, fallbacks), "consentkit.once.v1")

    def dumps(self, name: str, *, now: int) -> str:
        """Sign the id of a vendor or purpose at epoch seconds `now`."""
        return self._signer.sign_at(name, now)

    def loads(self, value: str, *, now: int) -> frozenset[str]:
        """Return the id; empty if the value is invalid or expired."""
        if len(value) > _MAX_ONCE:
            return frozenset()
        try:
            name, signed_at = self._signer.read(value)
        except (BadData, ValueError):
            return frozenset()
        return frozenset({name} if 0 <= now - signed_at <= ONCE_SECONDS else ())


def _check_canonical(value: str) -> None:
    # base64 can encode the same bytes in several ways, and its decoder skips unknown characters. Only the
    # canonical encoding is accepted, or a changed cookie would verify.
    signature = value.rpartition(".")[2].encode("ascii")
    if base64_encode(base64_decode(signature)) != signature:
        raise ValueError("signature not in canonical base64")


class CookieOptions(msgspec.Struct, frozen=True, kw_only=True):
    """Domain and scheme of the visitor's cookies.

    Args:
        domain: Share the decision among the subdomains of this domain, such as ``example.org``.
        https_only: Whether visitors use https; ``None``: the request's scheme decides.

    Raises:
        ConfigurationError: `domain` is no domain name of at least two labels.
    """

    domain: str | None = None
    https_only: bool | None = None

    def __post_init__(self) -> None:
        if self.domain:
            domain = self.domain.lower().removeprefix(".")
            # Every label is checked, so that the value cannot end the attribute and begin another.
            if not _DOMAIN.fullmatch(domain):
                raise ConfigurationError('expected a domain such as "example.org"', path="cookies.domain")
            msgspec.structs.force_setattr(self, "domain", domain)


def decision_cookie_name(secure: bool, domain: str | None = None) -> str:
    """Return the decision cookie's name on https (`secure`) or http, with or without a cookie domain."""
    if not secure:
        return _NAME
    return f"__Secure-{_NAME}" if domain else f"__Host-{_NAME}"


def other_cookie_names(secure: bool, domain: str | None = None) -> frozenset[str]:
    """Return the decision cookie's other names; arguments as in `decision_cookie_name`."""
    every = {prefix + _NAME for prefix in ("", "__Host-", "__Secure-")}
    return frozenset(every - {decision_cookie_name(secure, domain)})


def id_cookie_name(secure: bool, domain: str | None = None) -> str:
    """Return the id cookie's name on https (`secure`) or http, with or without a cookie domain."""
    return f"{decision_cookie_name(secure, domain)}-id"


def once_cookie_name(secure: bool) -> str:
    """Return the name of the cookie that allows an embed once: for one page, so no domain shares it."""
    return f"{decision_cookie_name(secure)}-once"


def set_decision_cookie(value: str, *, max_age: int, secure: bool, domain: str | None = None) -> str:
    """Build the Set-Cookie value for a decision, readable by scripts.

    Args:
        value: From `DecisionCodec.dumps`.
        max_age: Seconds, from `Decision.max_age`; cut at 400 days.
        secure: Whether the site is served over https.
        domain: That of `CookieOptions`, if any.
    """
    return _build(decision_cookie_name(secure, domain), value, max_age, "Secure" * secure, domain=domain)


def set_id_cookie(value: str, *, secure: bool, domain: str | None = None) -> str:
    """Build the Set-Cookie value for a signed subject id: HttpOnly, kept for 400 days."""
    name, flags = id_cookie_name(secure, domain), ("Secure" * secure, "HttpOnly")
    return _build(name, value, MAX_AGE, *flags, domain=domain)


def set_once_cookie(value: str, *, secure: bool) -> str:
    """Build the Set-Cookie value for a value of `OnceCodec`: HttpOnly; an empty one removes the cookie."""
    flags = ("HttpOnly", "Secure" * secure)
    return _build(once_cookie_name(secure), value, ONCE_SECONDS if value else 0, *flags)


def expire_cookie(name: str, *, secure: bool, domain: str | None = None) -> str:
    """Build the Set-Cookie value that removes a cookie; `name` may be that of another scheme."""
    return _build(name, "", 0, "Secure" * secure, domain=domain)


def _build(name: str, value: str, max_age: int, *flags: str, domain: str | None = None) -> str:
    if not _OCTETS.fullmatch(value):
        raise ConfigurationError("a cookie value may hold only the characters of RFC 6265")
    parts = [f"{name}={value}", f"Max-Age={max(0, min(max_age, MAX_AGE))}", "Path=/", "SameSite=Lax"]
    if domain:
        parts.append(f"Domain={domain}")
    return "; ".join([*parts, *filter(None, flags)])
