"""What the log's terms are called on pages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

ACTIONS: Final[Mapping[str, str]] = {
    "accept_all": "Accepted all",
    "reject_all": "Refused all",
    "save": "Saved a choice of their own",
    "allow_vendor": "Allowed one vendor",
    "withdraw": "Withdrew",
}
SOURCES: Final[Mapping[str, str]] = {
    "banner": "on the banner",
    "settings": "on the settings page",
    "embed": "in place of embedded content",
    "gpc": "by the browser's signal",
    "api": "through the programming interface",
}
REGIMES: Final[Mapping[str, str]] = {
    "opt-in": "Opt-in: nothing optional before a grant",
    "opt-out": "Opt-out: allowed until refused",
    "inform": "Inform: allowed, visitors are told",
    "none": "None: no rule applied",
}
TYPES: Final[Mapping[str, str]] = {
    "decision": "Decision of a visitor",
    "notice": "Publication of a notice",
    "rollup": "Counts of a day",
    "erasure": "Erasure of entries",
    "purge": "Purge of old entries",
    "invalidated": "Note that a grant was not honoured",
}
SIGNALS: Final[Mapping[str, str]] = {"gpc": "Global Privacy Control (Sec-GPC)", "dnt": "Do Not Track (DNT)"}
