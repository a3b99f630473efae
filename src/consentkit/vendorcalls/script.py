"""The script that makes the calls, and the attributes of the element that loads it."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path

from consentkit.vendorcalls.table import Call, Calls


@cache
def calls_script() -> bytes:
    """Return the script: the same bytes for every page, to be served from the site's origin.

    It must be loaded by a classic script without ``async`` or ``defer``, directly before the first script of
    the vendor that is to be told.
    """
    return Path(__file__).with_name("calls.min.js").read_bytes()


def write_attributes(
    calls: Calls,
    made: Iterable[Call],
    asks: Mapping[str, Sequence[tuple[str, str]]],
    before: Collection[str],
    now: Collection[str] | None,
) -> str:
    """Write the attributes that tell the script what to say.

    Args:
        calls: To whom.
        made: The calls to make at once.
        asks: Word → vendor and purpose of each that must be allowed; without a vendor the purpose alone.
        before: Words granted before a choice.
        now: Words granted now; ``None`` where nothing was chosen.

    Returns:
        Two attributes, the second in single quotes. They are made of ids, codes, numbers and the table's
        texts, none of which holds a single quote, an ampersand or ``>``.
    """
    says: dict[str, object] = {"global": calls.queue, "takes": calls.takes, "calls": list(made)}
    says |= {"update": calls.updates, "asks": asks, "before": sorted(before)}
    if now is not None:
        says["now"] = sorted(now)
    return f"data-calls=\"{calls.id}\" data-says='{json.dumps(says, separators=(',', ':'))}'"
