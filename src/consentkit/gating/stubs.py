"""Stubs for what held back scripts would have been: globals of snippets, modules of import maps."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Final

NO_STUBS: Final = 'data-consentkit-stubs=""'
"""The attribute of the element that loads the script, where it defines none."""


@cache
def stubs_script() -> bytes:
    """Return the script that defines stubs, to be served from the site's own origin.

    The same bytes for every page: which globals to define stands in the ``data-consentkit-stubs`` attribute
    of the element that loads it. It must be loaded by a classic script without ``async`` or ``defer``, so
    that the globals exist before anything that follows. A global that exists is left alone, and a vendor's
    own snippet that runs later takes the place of the stub.
    """
    return b"".join(Path(__file__).with_name(f"{name}.min.js").read_bytes() for name in ("stubs", "guard"))


@cache
def module_script() -> bytes:
    """Return the module whose default export stands in for a vendor's and does nothing."""
    return Path(__file__).with_name("module.js").read_bytes()
