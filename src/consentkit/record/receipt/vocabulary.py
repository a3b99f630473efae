"""The words of a receipt: which version of the Data Privacy Vocabulary, and how its terms are spelt in JSON.

Terms and structure are those of the W3C community group's guide "Consent Records and Receipts as per ISO/IEC
TS 27560:2023 using DPV". What DPV has no word for, the proof, has names under ``urn:consentkit:receipt:1:``.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

from consentkit.exceptions import ConfigurationError
from consentkit.policy import read_duration

VERSION: Final = "https://w3id.org/dpv/2.3"
"""The version that is pinned. A term's own IRI has no version."""

RECORD: Final = "https://w3id.org/dpv/schema/dpv-27560#record"
RECEIPT: Final = "https://w3id.org/dpv/schema/dpv-27560#receipt"

CONTEXT: Final[Mapping[str, Any]] = json.loads(Path(__file__).with_name("context.json").read_bytes())
"""The JSON-LD context, inline: nothing is fetched to read a receipt."""

PURPOSES: Final[Mapping[str, str]] = {
    "analytics": "dpv:ServiceUsageAnalytics",
    "marketing": "dpv:Advertising",
}
"""DPV's own purposes for those of the default policy that it has a word for."""

CONSENTS: Final[Mapping[str, str]] = {"opt-in": "dpv:ExpressedConsent", "opt-out": "dpv:ImpliedConsent"}
"""Regime → the kind of consent that it rests on. The other regimes rest on none."""

UNKNOWN: Final[Mapping[str, Any]] = {"dpv:hasApplicability": "dpv:NotAvailable"}
"""Stands for what the standard demands and the notice did not say."""

ENDLESS: Final = "dpv:EndlessDuration"

_DATES: Final = {"day": "D", "month": "M", "year": "Y"}
_TIMES: Final = {"second": "S", "minute": "M", "hour": "H"}


def words(text: str, language: str) -> Mapping[str, str] | str:
    """Say in which language a text is."""
    return {"@value": text, "@language": language} if language else text


def retention(text: str) -> Any:
    """Write a policy's duration, such as ``14 months``, as DPV does: ``P14M``."""
    try:
        amount, unit = read_duration(text)
    except ConfigurationError:
        return "dpv:IndeterminateDuration"
    if unit == "session":
        return {"@type": "dpv:UntilEventDuration", "rdf:value": "end of the browser's session"}
    if unit == "week":
        # XML Schema's duration, which DPV's users read it with, has no weeks.
        amount, unit = 7 * amount, "day"
    return lasting(f"P{amount}{_DATES[unit]}" if unit in _DATES else f"PT{amount}{_TIMES[unit]}")


def lasting(duration: str) -> Mapping[str, str]:
    """Make a duration that is counted from when the event was, or the data came."""
    return {"@type": "dpv:TemporalDuration", "rdf:value": duration}


def between(start: datetime, end: datetime) -> str:
    """Write the time between two moments as an ISO 8601 duration in days, hours, minutes and seconds."""
    length = max(end - start, timedelta())
    minutes, seconds = divmod(length.seconds, 60)
    parts = {"H": minutes // 60, "M": minutes % 60, "S": seconds}
    time = "".join(f"{amount}{unit}" for unit, amount in parts.items() if amount)
    date = f"{length.days}D" if length.days or not time else ""
    return f"P{date}T{time}" if time else f"P{date}"
