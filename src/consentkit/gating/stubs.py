"""Stubs for what held back scripts would have been: globals of snippets, modules of import maps."""

from __future__ import annotations

from functools import cache
from importlib import resources
from typing import Final

from consentkit.vendorcalls import read_script

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
    return read_script("consentkit.gating", "stubs", "guard")


@cache
def module_script() -> bytes:
    """Return the module whose default export stands in for a vendor's and does nothing."""
    return (resources.files("consentkit.gating") / "module.js").read_bytes()
