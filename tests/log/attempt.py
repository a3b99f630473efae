"""A process that tries to grant and to refuse, and says what came of it, as JSON.

Usage: ``python attempt.py PATH OUTBOX``
"""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Awaitable
from pathlib import Path

import anyio

sys.path.insert(0, str(Path(__file__).parents[1]))

from consentkit.exceptions import ConsentkitError
from consentkit.log import ConsentLog, open_log
from log.samples import BUNDLE, make_entry, make_refusal


async def attempt(work: Awaitable[int | None]) -> str:
    """Return what came of it, in words."""
    try:
        return f"recorded {await work}"
    except ConsentkitError as error:
        return f"{type(error).__name__}: {error}"


async def main(path: str, outbox: str) -> None:
    """Try everything once."""
    logging.disable()
    said = {}
    try:
        log = ConsentLog(path, outbox=outbox)
    except ConsentkitError as error:
        said["start"] = f"{type(error).__name__}: {error}"
    else:
        said["grant"] = await attempt(log.append(make_entry(), bundle=BUNDLE))
        said["again"] = await attempt(log.append(make_entry(), bundle=BUNDLE))
        said["refusal"] = await attempt(log.honour(make_refusal(), bundle=BUNDLE))
        log.close()
    try:
        said["size"] = str(open_log(path).check().size)
    except ConsentkitError as error:
        said["size"] = f"{type(error).__name__}: {error}"
    print(json.dumps(said))


if __name__ == "__main__":
    anyio.run(main, sys.argv[1], sys.argv[2])
