"""What Chromium asks for when it runs a script, the gate has read in it."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from itertools import chain, islice
from random import Random

import pytest
from playwright.sync_api import Browser

from fuzz.mutating import mutate
from fuzz.programs import AROUND, LOADERS, TOKENS, TRAPS, Grammar, Program, one_of_each, parts
from fuzz.scripts import Outcome, Runner, ends, fits, runner, vendors

LIMITS = frozenset(parts("limits"))
"""Parts by which an address reaches a loader unread, as the gate's limits say."""
LONGEST = 600
SHRUNK = 12
"""Leaks that are made as short as they can be before they are shown."""

no_part_twice = list(dict.fromkeys(one_of_each()))


@pytest.fixture(scope="module")
def scripts(chromium: Browser) -> Iterator[Runner]:
    with runner(chromium) as programs:
        yield programs


@pytest.mark.parametrize("program", no_part_twice, ids=lambda program: program.text.decode()[:60])
def test_each_part_is_read_or_a_limit(program: Program) -> None:
    assert bool(vendors(program.text)) is LIMITS.isdisjoint(program.means)


@pytest.mark.browser
def test_each_part_asks(scripts: Runner) -> None:
    """What is held against the gate above is what a browser does."""
    silent = [_shown(outcome) for outcome in scripts.outcomes(no_part_twice) if not outcome.asked]
    assert silent == []


@pytest.mark.browser
def test_programs_of_a_grammar(scripts: Runner) -> None:
    grammar = Grammar(Random(11))
    programs = filter(_counts, iter(grammar.program, None))
    outcomes = list(scripts.outcomes(islice(programs, 192)))
    assert [_shown(outcome) for outcome in outcomes if outcome.leaked] == []
    assert sum(bool(outcome.asked) for outcome in outcomes) > 96


@pytest.mark.soak
@pytest.mark.browser
def test_programs_for_a_long_time(scripts: Runner) -> None:
    """Run what the gate lets through: programs of the grammar, and plain ones that were changed."""
    end = time.monotonic() + int(os.environ.get("FUZZ_SECONDS", "60"))
    choice = Random()
    made = chain.from_iterable(zip(_made(choice), _changed(choice), strict=False))
    silent = (program for program in made if not vendors(program.text))
    running = scripts.outcomes(silent)
    leaks: list[Program] = []
    for outcome in running:
        if outcome.leaked:
            leaks.append(outcome.program)
        if time.monotonic() > end or len(leaks) >= SHRUNK:
            break
    assert [json.dumps(scripts.shrink(program).text.decode("utf-8", "replace")) for program in leaks] == []


def _made(choice: Random) -> Iterator[Program]:
    return filter(_counts, iter(Grammar(choice).program, None))


def _changed(choice: Random) -> Iterator[Program]:
    """Change programs by bytes: whose address is plain, so that nothing is left but to read the words around."""
    for program in _made(choice):
        loads = choice.choice(LOADERS).replace("@", "'https://connect.facebook.net/q'").replace("#", "n")
        text = choice.choice(TRAPS) + choice.choice(AROUND).replace("@", loads) + choice.choice(TRAPS)
        data = mutate(text.encode("utf-8", "replace"), LONGEST, choice, TOKENS)
        if fits(data) and ends(data):
            yield Program(data, program.module)


def _counts(program: Program) -> bool:
    return fits(program.text) and LIMITS.isdisjoint(program.means)


def _shown(outcome: Outcome) -> str:
    return f"{outcome.program.text.decode('utf-8', 'replace')}  {outcome.error}"
