"""The rules that are seen in a browser only: by number, what looks, and under which regimes they hold."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Final, NamedTuple

from consentkit.policy import Regime
from consentkit.scanner.evidence import Flaw
from consentkit.scanner.rules import asking, signals, tracking, using
from consentkit.scanner.site import Site

_EVERYWHERE: Final = frozenset(Regime)
_ASKED: Final = frozenset(regime for regime in Regime if regime.prompts)
_OPT_IN: Final = frozenset({Regime.OPT_IN})
_OPT_OUT: Final = frozenset({Regime.OPT_OUT})
_ANSWERED: Final = _OPT_IN | _OPT_OUT


class Check(NamedTuple):
    """A rule that is seen in a browser.

    Attributes:
        find: Finds what breaks it.
        regimes: Where it holds.
    """

    find: Callable[[Site], Iterator[Flaw]]
    regimes: frozenset[Regime]


CHECKS: Final[Mapping[int, Check]] = MappingProxyType(
    {
        3: Check(asking.rejecting_is_a_button, _ASKED),
        4: Check(asking.both_look_the_same, _OPT_IN),
        5: Check(asking.both_can_be_read, _ASKED),
        6: Check(asking.nothing_is_ticked, _OPT_IN),
        7: Check(asking.rejecting_is_as_short, _ASKED),
        8: Check(asking.nothing_else_grants, _OPT_IN),
        9: Check(tracking.no_request_before, _EVERYWHERE),
        10: Check(tracking.nothing_stored_before, _EVERYWHERE),
        11: Check(tracking.nothing_after_refusing, _ASKED),
        12: Check(tracking.withdrawing_ends_it, _ASKED),
        13: Check(using.settings_are_on_every_page, _EVERYWHERE),
        14: Check(asking.withdrawing_is_as_short, _ASKED),
        23: Check(using.the_language_is_the_pages, _ASKED),
        24: Check(using.the_content_is_open, _OPT_IN),
        25: Check(tracking.the_policy_can_be_read, _EVERYWHERE),
        27: Check(signals.the_signal_opts_out, _ANSWERED),
        28: Check(signals.the_signal_grants_nothing, _OPT_IN),
        29: Check(signals.the_signal_prevails, _OPT_OUT),
        33: Check(using.everybody_can_use_it, _ASKED),
        34: Check(using.tools_find_the_button, _ANSWERED),
    }
)
