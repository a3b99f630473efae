"""What to write into consent.toml where a finding asks for a key."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from consentkit.policy.lint.model import Finding

# By rule: which keys can be written, as a pattern of key paths, and their value. Values that only the author
# knows say so.
_VALUES: Final[Mapping[int, tuple[tuple[str, str], ...]]] = {
    1: ((r"regimes\..+", '"opt-in"'), (r".+\.consent_mode", '"basic"')),
    15: ((r"lifetime\.refusal", '"400 days"  # no less than lifetime.consent'),),
    16: ((r"lifetime\.\w+", '"180 days"'),),
    18: ((r"lifetime\.consent", '"180 days"  # or what the finding names'),),
    19: (
        (r"vendors\..+\.description", '"…"  # what it does, in one sentence for visitors'),
        (r"vendors\..+\.retention", '"13 months"  # or for how long it says that it keeps data'),
    ),
    26: ((r"banner\.link", "true"), (r"regimes\..+", '"opt-out"')),
    27: ((r"vendors\..+\.purpose", '"marketing"  # or another with sale = true'),),
    30: ((r"signals\.gpc_updated", '"2026-11-30"  # the day on which gpc.json last changed'),),
    31: ((r"vendors\..+\.own_use", "false  # if your contract says so"), (r"regimes\..+", '"opt-in"')),
}
_VENDOR: Final = """[vendors.{0}-service]
name = "…"  # as visitors know it
purpose = "{0}"
hosts = ["stats.example.org"]
retention = "13 months\""""
_KEYS: Final = re.compile(r"[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)+")


def toml_for(finding: Finding) -> str:
    """Return lines that mend a finding; empty where no key would.

    Of a table that is in the file already, the key goes there.
    """
    if not _KEYS.fullmatch(finding.where):
        return ""
    table, _, key = finding.where.rpartition(".")
    if finding.rule == 19 and table == "purposes":
        return _VENDOR.format(key)
    values = _VALUES.get(finding.rule, ())
    value = next((value for where, value in values if re.fullmatch(where, finding.where)), "")
    return f"[{table}]\n{key} = {value}" if value else ""
