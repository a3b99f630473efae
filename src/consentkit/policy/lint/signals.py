"""What the site says of Global Privacy Control, against rule 30."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Final

from consentkit.exceptions import ConfigurationError
from consentkit.policy.duration import read_day
from consentkit.policy.lint.model import Facts, Finding

_UNDATED: Final = "it does not say when it last changed"
_DATE: Final = 'Add "lastUpdate", if you know the day: it tells by which version of the signal you go.'


def gpc_is_valid(facts: Facts) -> Iterator[Finding]:
    """Rule 30: /.well-known/gpc.json is valid."""
    day = facts.policy.signals.gpc_updated
    if day and (problem := _problem(day, facts.today)):
        yield Finding(rule=30, level="error", where="signals.gpc_updated", message=problem)


def lint_gpc(body: bytes, kind: str, *, url: str, today: str = "") -> list[Finding]:
    """Hold a captured ``/.well-known/gpc.json`` against rule 30.

    Args:
        body: What was answered.
        kind: Its media type.
        url: Where it came from.
        today: ISO 8601 date; empty where nobody says.
    """
    try:
        told = json.loads(body)
    except (ValueError, RecursionError):
        told = None
    found = []
    if kind.partition(";")[0].strip().lower() != "application/json":
        found.append(_broken(url, f'its media type is "{kind}", not "application/json"'))
    if not isinstance(told, dict) or not isinstance(told.get("gpc"), bool):
        found.append(_broken(url, 'it is no JSON object with a true or false "gpc"'))
    elif "lastUpdate" not in told:
        found.append(Finding(rule=30, level="note", where=url, message=_UNDATED, fix=_DATE))
    elif problem := _problem(told["lastUpdate"], today):
        found.append(_broken(url, f"lastUpdate: {problem}"))
    return found


def _broken(url: str, problem: str) -> Finding:
    return Finding(rule=30, level="error", where=url, message=problem)


def _problem(day: object, today: str) -> str:
    """Say what is wrong with the day or time of a change; empty if nothing is."""
    try:
        changed = read_day(str(day), path="")
    except ConfigurationError as error:
        return error.problem
    return f"{day} is yet to come" if today and changed > today else ""
