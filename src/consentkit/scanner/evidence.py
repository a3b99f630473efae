"""What visits find, each as it was when it ended, and what a rule finds in it."""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple

import msgspec

from consentkit.policy.lint.model import Level
from consentkit.scanner.choosing import Shown
from consentkit.scanner.owners import Stored
from consentkit.scanner.view import View
from consentkit.scanner.visiting import State, Trace


class Arrival(msgspec.Struct, frozen=True, kw_only=True):
    """Before a choice.

    Attributes:
        state: What the site says that holds, if it runs this package.
        pages: Addresses of the start page, then of others.
        walk: What came of opening them.
        dark: The start page for a visitor who prefers dark colours.
    """

    state: State | None
    pages: tuple[str, ...]
    walk: tuple[Trace, ...]
    dark: View


class Chosen(msgspec.Struct, frozen=True, kw_only=True):
    """After a choice on the first layer.

    Attributes:
        presses: What it took; `None` if there is no way.
        stored: What was in the browser right afterwards.
        walk: The pages, opened afterwards.
        shown: What the settings showed; `None` where nothing opens them.
        withdrawn: What came of withdrawing then, if that was tried and there is a way.
    """

    presses: int | None
    stored: tuple[Stored, ...] = ()
    walk: tuple[Trace, ...] = ()
    shown: Shown | None = None
    withdrawn: Chosen | None = None


class Gesture(msgspec.Struct, frozen=True, kw_only=True):
    """After something that is not a choice.

    Attributes:
        name: What was done.
        trace: The page, opened again.
        state: What the site says that holds.
    """

    name: str
    trace: Trace
    state: State | None


class Signalled(msgspec.Struct, frozen=True, kw_only=True):
    """With Sec-GPC.

    Attributes:
        state: What the site says that holds.
        walk: The pages.
        text: All that pages and settings say.
    """

    state: State | None
    walk: tuple[Trace, ...]
    text: str = ""


class PolicyPage(msgspec.Struct, frozen=True, kw_only=True):
    """The privacy policy, opened before a choice.

    Attributes:
        url: Where it is; empty if no link to it is found.
        status: What it answers with.
        trace: What came of opening it; `None` if it cannot be opened.
    """

    url: str
    status: int = 0
    trace: Trace | None = None


_NAMED = 4


class Flaw(NamedTuple):
    """Something that breaks a rule; see `consentkit.policy.lint.Finding`."""

    where: str
    message: str
    level: Level = "error"
    fix: str = ""


def listed(names: Collection[str]) -> str:
    """Name some things, and how many more there are."""
    unique = sorted(set(names))
    rest = f" and {len(unique) - _NAMED} more" if len(unique) > _NAMED else ""
    return ", ".join(unique[:_NAMED]) + rest
