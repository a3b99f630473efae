"""`Decision`: what a visitor granted and denied, when and how; and its text in the cookie.

The text of a decision, version 1, is

    1:<regime>:<source>:<gpc shown, 0 or 1>:<day>[:<name><mark><fingerprint>]...

where the mark is ``*`` for granted, ``!`` for denied, ``+`` for on by default and left on, and ``~`` for a
purpose that is listed only for its fingerprint (a single vendor of it was decided). Single vendors have no
fingerprint. For example ``1:opt-in:banner:0:20780:analytics*8a0f1c:marketing!42be07``.
"""

import re
from collections.abc import Mapping
from typing import Literal, get_args

import msgspec
from msgspec.structs import force_setattr

from consentkit.policy import Regime, Validity

DAY = 86_400  # seconds
MAX_AGE = 34_560_000  # seconds: the 400 days that browsers allow a cookie (RFC 6265bis, section 5.5)

Source = Literal["banner", "settings", "embed", "gpc", "api"]

_VERSION = "1"
_ITEM = re.compile(r":([a-z][a-z0-9-]{0,39})([*!+~])([0-9a-f]{6})?")
_TEXT = re.compile(
    rf"{_VERSION}:({'|'.join(Regime)}):({'|'.join(get_args(Source))}):([01]):(0|[1-9][0-9]{{0,5}})"
    rf"((?:{_ITEM.pattern})*)"
)


class Decision(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A visitor's decision. It contains no identifier.

    Attributes:
        regime: The strictest regime under which it was made. Its grants are ignored under a stricter one.
        granted: Purposes, and vendors allowed one by one.
        denied: Purposes, and vendors refused one by one. A name in both counts as denied.
        left_on: Purposes that were on by the regime's default and that the visitor left on. They are not
            asked again while the regime grants them; they are not grants.
        fingerprints: Purpose → fingerprint at the time.
        day: Day on which it was made, in days since the epoch; the validity of grants starts here.
        source: How it was made.
        gpc_shown: Whether the visitor was shown that the browser's signal had been received.
        signed_at: Epoch seconds at which its cookie was last signed; 0 without a cookie.
    """

    regime: Regime
    granted: frozenset[str] = frozenset()
    denied: frozenset[str] = frozenset()
    left_on: frozenset[str] = frozenset()
    fingerprints: Mapping[str, str] = {}
    day: int
    source: Source = "banner"
    gpc_shown: bool = False
    signed_at: int = 0

    def __post_init__(self) -> None:
        force_setattr(self, "granted", frozenset(self.granted) - frozenset(self.denied))
        force_setattr(self, "denied", frozenset(self.denied))
        force_setattr(self, "left_on", frozenset(self.left_on) - self.granted - self.denied)

    @property
    def decided_at(self) -> int:
        """Return epoch seconds of the day's beginning."""
        return self.day * DAY

    def expires_at(self, validity: Validity) -> int:
        """Return epoch seconds at which its grants expire. Its denials never expire.

        Args:
            validity: How long choices are valid at the visitor's place, from `Policy.validity_at`.
        """
        return (self.day + validity.grant_days) * DAY

    def asks_again_at(self, validity: Validity) -> int:
        """Return epoch seconds from which its denials may be asked about again, under `opt-in` only."""
        return (self.day + validity.refusal_days) * DAY

    def max_age(self, validity: Validity, *, now: int) -> int:
        """Return how many seconds a browser should keep it.

        Args:
            validity: As in `expires_at`.
            now: Epoch seconds.

        Returns:
            400 days where anything is denied, else the rest of the grants' time.
        """
        return MAX_AGE if self.denied else max(0, min(self.expires_at(validity) - now, MAX_AGE))

    def encode(self) -> str:
        """Write its cookie's text; see the module."""
        told = int(self.gpc_shown)
        return f"{_VERSION}:{self.regime}:{self.source}:{told}:{self.day}{_items(self)}"

    @classmethod
    def decode(cls, text: str) -> "Decision":
        """Read a decision's text.

        Raises:
            ValueError: It is not of this version. Nothing is read in part: the rest may be a refusal.
        """
        found = _TEXT.fullmatch(text)
        if found is None:
            raise ValueError("not a decision of this version")
        names: dict[str, set[str]] = {mark: set() for mark in "*!+~"}
        fingerprints: dict[str, str] = {}
        for name, mark, fingerprint in _ITEM.findall(found[5]):
            names[mark].add(name)
            if fingerprint:
                fingerprints[name] = fingerprint
        return cls(
            regime=Regime(found[1]),
            source=found[2],  # type: ignore[arg-type]  # one of `Source` by the expression
            gpc_shown=found[3] == "1",
            day=int(found[4]),
            granted=frozenset(names["*"]),
            denied=frozenset(names["!"]),
            left_on=frozenset(names["+"]),
            fingerprints=fingerprints,
        )


class Invalid(msgspec.Struct, frozen=True):
    """An invalid decision cookie. It denies everything but `necessary`."""


INVALID = Invalid()


def page_mark(decision: Decision, *, dated: bool = False) -> str:
    """Return the mark of a page: the decision for which it was made.

    It is the cookie's text without source, day and signature, as the banner's script computes it as well, so
    that signing the cookie again does not change the mark.

    Args:
        decision: The cookie's decision.
        dated: Whether to add the day. A page that asks again although there is a decision needs it: the same
            answer once more is a newer decision. Only the server compares it.
    """
    day = f"@{decision.day}" if dated else ""
    return f"consentkit={_VERSION}:{decision.regime}{int(decision.gpc_shown)}{_items(decision)}{day}"


def _items(decision: Decision) -> str:
    marks = dict.fromkeys(decision.fingerprints, "~")
    marks |= dict.fromkeys(decision.left_on, "+")
    marks |= dict.fromkeys(decision.granted, "*") | dict.fromkeys(decision.denied, "!")
    items = ""
    for name in sorted(marks):
        items += f":{name}{marks[name]}{decision.fingerprints.get(name, '')}"
    return items


def most_restrictive(one: Decision, other: Decision) -> Decision:
    """Combine two decisions that arrived together.

    What either denies is denied, what only one grants is undecided, and every other field takes the value
    that makes grants count for less.
    """
    granted = one.granted & other.granted
    denied = one.denied | other.denied
    # Grants expire by the older day. Without grants the newer day counts, so that a refusal lasts longer.
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
