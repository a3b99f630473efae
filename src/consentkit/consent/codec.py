"""The values of the three cookies: signed, compact, made of RFC 6265 cookie-octets.

A decision, version 1, reads, signed at a point in time that follows it:

    1:<regime>:<source>:<gpc shown, 0 or 1>:<day>[:<name><mark><fingerprint>]...

where the mark is ``*`` for granted, ``!`` for denied, ``+`` for left on where it was on, and ``~`` for a
purpose that stands there for its fingerprint alone (a vendor of it was decided); single vendors have no
fingerprint. Scripts may read it.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from functools import reduce

from itsdangerous import BadData, Signer, TimestampSigner
from itsdangerous.encoding import base64_decode, base64_encode, int_to_bytes
from msgspec.structs import replace

from consentkit.consent.decision import INVALID, ONCE_SECONDS, SOURCES, Decision, Invalid
from consentkit.consent.secret_key import check_secrets
from consentkit.exceptions import BadRequest
from consentkit.policy import Regime

MAX_VALUE = 4_000  # bytes; leaves room for the longest name
CLOCK_SKEW = 300  # seconds by which machines that share a key may disagree

_MAX_ONCE = 400  # bytes
_VERSION = "1"
_NAME = "consentkit"  # the cookie's, without the prefixes
_MARKS = {"*": "granted", "!": "denied", "+": "left_on", "~": "neither"}
_HEAD = re.compile(
    rf"{_VERSION}:({'|'.join(Regime)}):({'|'.join(SOURCES)}):([01]):(0|[1-9][0-9]{{0,5}})", re.ASCII
)
_ITEM = re.compile(r":([a-z][a-z0-9-]{0,39})([*!+~])([0-9a-f]{6})?", re.ASCII)


class TimedSigner(TimestampSigner):
    """Signs text together with a time that it is told, since this room reads no clock.

    Args:
        keys: One key, or several, of which the last one signs.
        salt: What keeps the values of one cookie from counting in another.
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
            BadData: The signature or the time cannot be believed.
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
            A cookie value of cookie-octets (RFC 6265, section 4.1.1), under 300 bytes for four purposes.

        Raises:
            BadRequest: The decision names so many single vendors that no browser would keep the cookie.
        """
        told, items = int(decision.gpc_shown), _items(decision)
        text = f"{_VERSION}:{decision.regime}:{decision.source}:{told}:{decision.day}{items}"
        value = self._signer.sign_at(text, now)
        if len(value) > MAX_VALUE:
            raise BadRequest(413, "This choice names too many vendors one by one; choose by purpose instead.")
        return value

    def loads(self, values: Sequence[str], *, now: int) -> Decision | Invalid | None:
        """Verify the values of all cookies of the decision cookie's name.

        Args:
            values: As received. Several of them can come from a parent domain or another path.
            now: Epoch seconds; a cookie signed more than five minutes later is not believed.

        Returns:
            The decision, the most restrictive reading of several; `Invalid` as soon as one cannot be
            believed; ``None`` where there is none. Never raises.
        """
        decisions = [self._load(value, now) for value in values]
        if any(isinstance(decision, Invalid) for decision in decisions):
            return INVALID
        believed = [decision for decision in decisions if isinstance(decision, Decision)]
        return reduce(most_restrictive, believed) if believed else None

    def _load(self, value: str, now: int) -> Decision | Invalid:
        if len(value) > MAX_VALUE:
            return INVALID
        try:
            decision = self._read(value)
        except (BadData, ValueError):
            return INVALID
        latest = max(decision.signed_at, decision.decided_at)
        return INVALID if latest > now + CLOCK_SKEW else decision

    def _read(self, value: str) -> Decision:
        _check_canonical(value)
        text, signed_at = self._signer.read(value)
        return replace(_parse(text), signed_at=signed_at)


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
        """Return the subject id of an id cookie; ``None`` where none can be believed, or several disagree."""
        subjects = {*map(self._load, values)}
        return subjects.pop() if len(subjects) == 1 else None

    def _load(self, value: str) -> str | None:
        try:
            _check_canonical(value)
            return self._signer.unsign(value).decode("ascii")
        except (BadData, ValueError):
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
        """Return the id, or nothing where the value cannot be believed or its minute is over."""
        if len(value) > _MAX_ONCE:
            return frozenset()
        try:
            name, signed_at = self._signer.read(value)
        except (BadData, ValueError):
            return frozenset()
        return frozenset({name} if 0 <= now - signed_at <= ONCE_SECONDS else ())


def most_restrictive(one: Decision, other: Decision) -> Decision:
    """Combine two decisions that arrived together.

    What either denies is denied, what only one grants is undecided, and every other field takes the value
    that makes grants count for less.
    """
    granted = one.granted & other.granted
    denied = one.denied | other.denied
    # Grants count from the older day; where none is left, a refusal is respected from the newer one on.
    day = min(one.day, other.day) if granted - denied else max(one.day, other.day)
    on = (one.granted | one.left_on) & (other.granted | other.left_on)
    same = one.fingerprints.items() & other.fingerprints.items()
    return Decision(
        regime=min(one.regime, other.regime, key=lambda regime: regime.strictness),
        granted=granted,
        denied=denied,
        left_on=on,
        fingerprints=dict(same),
        day=day,
        source=one.source if one.day >= other.day else other.source,
        gpc_shown=one.gpc_shown and other.gpc_shown,
        signed_at=min(one.signed_at, other.signed_at),
    )


def mark(decision: Decision, *, dated: bool = False) -> str:
    """Return what a page carries of the decision that it was made for.

    It is what the cookie says but for source, day and signature, as the banner's script reads it, too: a
    cookie that is only signed anew keeps its mark.

    Args:
        decision: What the cookie says.
        dated: Whether the day counts as well. Where a page asks although there is a decision, the same answer
            once more is a newer one; only the server looks at that.
    """
    day = f"@{decision.day}" if dated else ""
    return f"{_NAME}={_VERSION}:{decision.regime}{int(decision.gpc_shown)}{_items(decision)}{day}"


def _items(decision: Decision) -> str:
    marks = dict.fromkeys(decision.fingerprints, "~")
    marks |= dict.fromkeys(decision.left_on, "+")
    marks |= dict.fromkeys(decision.granted, "*") | dict.fromkeys(decision.denied, "!")
    items = ""
    for name in sorted(marks):
        items += f":{name}{marks[name]}{decision.fingerprints.get(name, '')}"
    return items


def _parse(payload: str) -> Decision:
    head = _HEAD.match(payload)
    if head is None:
        raise ValueError("not a decision of this version")
    names: dict[str, set[str]] = {kind: set() for kind in _MARKS.values()}
    fingerprints: dict[str, str] = {}
    position = head.end()
    while position < len(payload):
        item = _ITEM.match(payload, position)
        if item is None:
            raise ValueError("not a decision of this version")
        names[_MARKS[item[2]]].add(item[1])
        if item[3]:
            fingerprints[item[1]] = item[3]
        position = item.end()
    return Decision(
        regime=Regime(head[1]),
        source=head[2],  # type: ignore[arg-type]  # one of SOURCES by the expression
        gpc_shown=head[3] == "1",
        day=int(head[4]),
        granted=frozenset(names["granted"]),
        denied=frozenset(names["denied"]),
        left_on=frozenset(names["left_on"]),
        fingerprints=fingerprints,
    )


def _check_canonical(value: str) -> None:
    # base64 has several spellings of the same bytes, and its decoder skips what it does not know: one
    # signature must have one spelling, or a changed cookie would verify.
    signature = value.rpartition(".")[2].encode("ascii")
    if base64_encode(base64_decode(signature)) != signature:
        raise ValueError("signature not in canonical base64")
