"""A site's own pages without a server: effects are collected, and answered from a table."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple
from urllib.parse import urlencode

from consentkit.banner.banner import make_notice
from consentkit.consent import cookies
from consentkit.policy import Place, Policy
from consentkit.web.endpoints.effects import Answer, Effect, Ids, ReadBody, Steps
from consentkit.web.endpoints.router import Endpoints
from consentkit.web.options import Options
from consentkit.web.request import Request
from consentkit.web.resolver import Exchange, Resolver

SECRET = "Zq4v-8mWkT1xR6dY_3hLbN7cJ0pSfUe2"
POLICY = Policy(uses=("google-analytics", "meta-pixel", "youtube"))
NOW = 1_800_000_000
AT = "2027-01-15T08:00:00Z"
SUBJECT = "s" * 24
FORM = {"content-type": "application/x-www-form-urlencoded", "sec-fetch-site": "same-origin"}
JSON = {"content-type": "application/json", "sec-fetch-site": "same-origin"}

Results = Mapping[type, object]


def entry_id(number: int) -> str:
    """Return the id that is made as the so-many-th."""
    return f"01900000-0000-7000-8000-{number:012d}"


class Driven(NamedTuple):
    """What was asked of the shell, and what was answered in the end."""

    effects: list[Effect]
    answer: Answer

    @property
    def kinds(self) -> list[str]:
        """The names of the effects, without those that read the body."""
        return [type(effect).__name__ for effect in self.effects if not isinstance(effect, ReadBody)]

    def all(self, name: str) -> list[str]:
        """All values of a header."""
        return [value.decode("latin-1") for key, value in self.answer.headers if key == name.encode()]

    @property
    def cookies(self) -> dict[str, str]:
        """The ``Set-Cookie`` lines by name."""
        return {line.partition("=")[0]: line for line in self.all("set-cookie")}

    def only(self, kind: type) -> Any:
        """Return the only effect of a kind."""
        (found,) = (effect for effect in self.effects if isinstance(effect, kind))
        return found


def drive(steps: Steps, results: Results) -> Driven:
    """Perform an endpoint's effects: each comes to what stands under its type, errors are thrown in.

    A function that stands there is called with the effect.
    """
    effects: list[Effect] = []
    try:
        effect = next(steps)
        while True:
            effects.append(effect)
            result = results.get(type(effect))
            result = result(effect) if callable(result) else result
            effect = steps.throw(result) if isinstance(result, Exception) else steps.send(result)
    except StopIteration as end:
        answer: Answer = end.value
        return Driven(effects, answer)


class Site:
    """A site with a log, unless it says otherwise; options as `Options` takes them."""

    def __init__(self, **options: Any) -> None:
        self.options = Options(
            **{"secret_key": SECRET, "policy": POLICY, "keeps_log": True, "unclassified": "report", **options}
        )
        self.endpoints = Endpoints(self.options)
        self._resolver = Resolver(self.options)
        numbers = itertools.count(1)
        self.ids = Ids(entry=lambda: entry_id(next(numbers)), subject=lambda: SUBJECT)

    def exchange(
        self,
        path: str,
        *,
        method: str = "GET",
        headers: Mapping[str, str] | Sequence[tuple[str, str]] = (),
        secure: bool = False,
        place: Place | None = None,
        now: int = NOW,
    ) -> Exchange:
        """Resolve a request."""
        pairs = [("host", "example.org"), *(headers.items() if isinstance(headers, Mapping) else headers)]
        path, _, query = path.partition("?")
        request = Request(
            method=method,
            path=path,
            headers=[(name.encode(), value.encode("latin-1")) for name, value in pairs],
            query=query.encode(),
            secure=secure,
        )
        return self._resolver.resolve(request, place, now)

    def ask(self, path: str, *, results: Results | None = None, **request: Any) -> Driven:
        """Make one request; arguments as in `exchange` and `drive`."""
        return drive(self.endpoints.answer(self.exchange(path, **request), self.ids), results or {})

    def decide(self, fields: Mapping[str, str], *, results: Results | None = None, **request: Any) -> Driven:
        """Send the decision form about the notice that is shown, unless `fields` say otherwise."""
        request = {"method": "POST", **request, "headers": {**FORM, **request.get("headers", {})}}
        exchange = self.exchange("/_consent/decision", **request)
        notice = make_notice(self.options.policy, exchange.consent, "en")
        body = urlencode({"notice": notice.hash, "locale": "en", "return_to": "/story", **fields}).encode()
        steps = self.endpoints.answer(exchange, self.ids)
        return drive(steps, {ReadBody: body, **(results or {})})

    def id_cookie(self) -> str:
        """Return the Cookie header of a visitor who has an id."""
        return f"{cookies.id_cookie_name(secure=False)}={self.options.subjects.dumps(SUBJECT)}"


def cookie_of(driven: Driven) -> str:
    """Return the Cookie header of a visitor who got an answer."""
    return "; ".join(line.partition(";")[0] for line in driven.all("set-cookie"))
