"""The script that answers `__gpp`, and the attribute of the element that loads it."""

from __future__ import annotations

import json
from collections.abc import Collection
from functools import cache
from pathlib import Path

import msgspec

from consentkit.vendorcalls.gpp.choices import GPP, WRITTEN
from consentkit.vendorcalls.gpp.sections import section_table


@cache
def gpp_script() -> bytes:
    """Return the script: the same bytes for every page, to be served from the site's origin.

    It must be loaded by a classic script without ``async`` or ``defer``, before the first script that asks.
    """
    return Path(__file__).with_name("gpp.min.js").read_bytes()


def gpp_attributes(gpp: GPP, *, prompting: bool, written: Collection[str] = WRITTEN) -> str:
    """Write the attribute that tells the script what to answer.

    Args:
        gpp: What holds for this visitor.
        prompting: Whether the page asks the visitor.
        written: Names of the sections that may be written.

    Returns:
        One attribute in single quotes. It is made of names, codes and numbers of the table, none of which
        holds a single quote, an ampersand or ``>``.
    """
    apis = [f"{row.id}:{row.prefix}" for row in section_table().values() if row.prefix in written]
    says = {**msgspec.to_builtins(gpp), "apis": apis, "prompting": prompting}
    return f"data-gpp='{json.dumps(says, separators=(',', ':'))}'"
