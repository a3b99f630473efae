"""For a site's own tests: after ``client.cookies.update(visitor_cookies(app))`` no banner is met."""

import time
from collections.abc import Iterable
from typing import Literal, TypeAlias

from msgspec.structs import replace

from consentkit.asgi.application import deployment_of
from consentkit.consent.choice import known_names
from consentkit.consent.cookies import DecisionCodec, decision_cookie_name
from consentkit.consent.decision import DAY, Decision, Source
from consentkit.policy import NECESSARY, Policy, Regime

Granted: TypeAlias = Iterable[str] | Literal["all"]


def visitor_cookies(
    app: object,
    *,
    granted: Granted = (),
    denied: Iterable[str] | None = None,
    regime: str = "opt-in",
    source: Source = "settings",
    gpc_shown: bool = False,
    now: int | None = None,
) -> dict[str, str]:
    """Make the cookies of a visitor who has chosen, as an application will read them.

    Policy, secret key and cookie domain are taken from the application. There is a cookie for http and one
    for https, since their names differ.

    Args:
        app: What ``with_consent(app, …)`` returned, or an application that has the middleware in it.
        granted: Purposes and vendors, or ``"all"`` purposes.
        denied: Purposes and vendors; by default all purposes that are not granted.
        regime: The regime in which the choice was made. Its grants are ignored in a stricter one.
        source: How it was made.
        gpc_shown: Whether the visitor was shown that Sec-GPC had been received.
        now: When the choice was made, in epoch seconds; by default this moment.

    Returns:
        The value under each name.

    Raises:
        ConfigurationError: No middleware is around the application.
        UnknownPurpose: A name that is neither a purpose nor a vendor, declared or known.
    """
    options = deployment_of(app).options
    moment = _moment(now)
    made = Decision(regime=Regime(regime), source=source, gpc_shown=gpc_shown, day=moment // DAY)
    value = options.decisions.dumps(_with_choice(made, options.policy, granted, denied), now=moment)
    https_only, domain = options.cookies.https_only, options.cookies.domain
    schemes = (True, False) if https_only is None else (https_only,)
    return {decision_cookie_name(secure, domain): value for secure in schemes}


def cookie_for(
    policy: Policy | None = None,
    *,
    secret_key: object,
    granted: Granted = (),
    denied: Iterable[str] | None = None,
    regime: str = "opt-in",
    source: Source = "settings",
    secure: bool = False,
    domain: str | None = None,
    gpc_shown: bool = False,
    now: int | None = None,
) -> tuple[str, str]:
    """Make the decision cookie of a visitor who has chosen, for tests without the application object.

    Policy, key, scheme and domain must be the application's; otherwise it ignores the cookie.

    Args:
        policy: The policy the app is given; `Policy()` if it is given none.
        secret_key: The app's secret key, as a string or Starlette's `Secret`.
        granted: As of `visitor_cookies`, as are `denied`, `regime`, `source`, `gpc_shown` and `now`.
        secure: Whether the app is tested over https, where the cookie has another name.
        domain: The `domain` of the app's `CookieOptions`, if any.

    Returns:
        The cookie's name and value.

    Raises:
        ConfigurationError: The secret key is shorter than 32 characters, or can be guessed.
        UnknownPurpose: A name that is neither a purpose nor a vendor, declared or known.
    """
    policy = Policy() if policy is None else policy
    moment = _moment(now)
    made = Decision(regime=Regime(regime), source=source, gpc_shown=gpc_shown, day=moment // DAY)
    value = DecisionCodec(str(secret_key)).dumps(_with_choice(made, policy, granted, denied), now=moment)
    return decision_cookie_name(secure, domain), value


def _moment(now: int | None) -> int:
    return int(time.time()) if now is None else now  # noqa: TID251  # tests live in real time


def _with_choice(made: Decision, policy: Policy, granted: Granted, denied: Iterable[str] | None) -> Decision:
    purposes = frozenset(policy.purposes) - {NECESSARY}
    allowed = purposes if granted == "all" else known_names(policy, granted)
    return replace(
        made,
        granted=allowed,
        denied=purposes - allowed if denied is None else known_names(policy, denied),
        fingerprints={name: policy.fingerprints[name] for name in purposes},
    )
