"""For a site's own tests: ``client.cookies.set(*cookie_for(secret_key=SECRET))`` and no banner is met."""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import Literal

from consentkit.consent import Decision, DecisionCodec, Source, decision_cookie_name
from consentkit.consent.decision import DAY
from consentkit.exceptions import UnknownPurpose
from consentkit.policy import NECESSARY, Policy, Regime


def cookie_for(
    policy: Policy | None = None,
    *,
    secret_key: object,
    granted: Iterable[str] | Literal["all"] = (),
    denied: Iterable[str] | None = None,
    regime: str = "opt-in",
    source: Source = "settings",
    secure: bool = False,
    domain: str | None = None,
    gpc_shown: bool = False,
    now: int | None = None,
) -> tuple[str, str]:
    """Make the decision cookie of a visitor who has chosen.

    Args:
        policy: The policy the app is given; `Policy()` if it is given none.
        secret_key: The app's secret key, as a string or Starlette's `Secret`.
        granted: Purposes and vendors, or ``"all"`` purposes.
        denied: Purposes and vendors; by default all purposes that are not granted.
        regime: The regime in which the choice was made. Its grants count in none that is stricter.
        source: How it was made.
        secure: Whether the app is tested over https, where the cookie has another name.
        domain: The app's `cookie_domain`, if any.
        gpc_shown: Whether the visitor was shown that Sec-GPC had been received.
        now: When the choice was made, in epoch seconds; by default this moment.

    Returns:
        The cookie's name and value.

    Raises:
        ConfigurationError: The secret key is shorter than 32 characters, or can be guessed.
        UnknownPurpose: A name that is neither a purpose nor a vendor, declared or known.
    """
    policy = Policy() if policy is None else policy
    moment = int(time.time()) if now is None else now  # noqa: TID251  # tests live in real time
    purposes = frozenset(policy.purposes) - {NECESSARY}
    allowed = purposes if granted == "all" else _checked(policy, granted)
    decision = Decision(
        regime=Regime(regime),
        granted=allowed,
        denied=purposes - allowed if denied is None else _checked(policy, denied),
        fingerprints={name: policy.fingerprints[name] for name in purposes},
        day=moment // DAY,
        source=source,
        gpc_shown=gpc_shown,
    )
    name = decision_cookie_name(secure, domain)
    return name, DecisionCodec(str(secret_key)).dumps(decision, now=moment)


def _checked(policy: Policy, names: Iterable[str]) -> frozenset[str]:
    if isinstance(names, str):
        names = (names,)
    checked = frozenset(names)
    for name in checked:
        if name not in policy.purposes and policy.vendor_purpose(name) is None:
            raise UnknownPurpose(name, [*policy.purposes, *policy.vendors_declared])
    return checked - {NECESSARY}
