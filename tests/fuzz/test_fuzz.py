"""Every input that once failed, and a small seeded share of what `make soak` does for half an hour."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fuzz import headers, linear, rewriter, scripts, urls
from fuzz.mutating import mutate

FOUND = Path(__file__).parent / "found"
TARGETS: dict[str, Any] = {"headers": headers, "linear": linear, "rewriter": rewriter, "urls": urls}
CHECKED: dict[str, Any] = {**TARGETS, "scripts": scripts}
"""Those, and what `e2e/fuzz` fuzzes, with a browser."""
ROUNDS = {"headers": 150, "linear": 60, "rewriter": 150, "urls": 400}
LONGEST = 400

target = pytest.mark.parametrize("name", TARGETS)


@pytest.mark.parametrize(
    "path", sorted(FOUND.glob("*/*")), ids=lambda path: f"{path.parent.name}-{path.name[:14]}"
)
def test_what_was_found_stays_mended(path: Path) -> None:
    CHECKED[path.parent.name].check(path.read_bytes())


@target
def test_seeded_mutations(name: str) -> None:
    """Walk through inputs that are made of one another, as the fuzzer does."""
    module, choice = TARGETS[name], Random(3)
    pool = [b""]
    for _ in range(ROUNDS[name]):
        data = mutate(choice.choice(pool), LONGEST, choice, module.TOKENS)
        pool.append(data)
        module.check(data)


def _inputs(name: str) -> st.SearchStrategy[bytes]:
    words = st.sampled_from(TARGETS[name].TOKENS)
    return st.lists(words | st.binary(max_size=4), max_size=14).map(b"".join)


def _holds(name: str, rounds: int) -> Callable[[], None]:
    @settings(max_examples=rounds)
    @given(_inputs(name))
    def holds(data: bytes) -> None:
        TARGETS[name].check(data)

    return holds


@target
def test_words_in_any_order(name: str) -> None:
    _holds(name, ROUNDS[name] // 2)()


@target
def test_targets_need_no_pytest(name: str) -> None:
    """The environment of `make soak` for fuzzing has no pytest."""
    code = f"import sys; sys.modules['pytest'] = None; import fuzz.{name}"
    done = subprocess.run([sys.executable, "-c", code], cwd=FOUND.parents[1], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_the_target_s_own_checks_can_fail() -> None:
    """A page that is not rewritten is live, and a changed byte is seen."""
    page = b"<body><img src=//www.google-analytics.com/x>"
    assert rewriter.leaks(page)
    assert not rewriter.leaks(rewriter.rewrite(page, lambda data: [data])[0])


@pytest.mark.parametrize("name", sorted(path.name for path in FOUND.iterdir()) if FOUND.is_dir() else [])
def test_every_folder_of_findings_has_its_target(name: str) -> None:
    assert name in CHECKED
