"""Coverage-guided fuzzing: ``python -m tests.fuzz TARGET [-seconds N] [libFuzzer's own options]``.

What fails is written to ``tests/fuzz/found/TARGET/``, from where every later run of the tests takes it; what
reached new code is kept in ``.cache/fuzz/TARGET/``, from where the next run goes on.
"""

from __future__ import annotations

import logging
import random
import sys
from importlib import import_module
from pathlib import Path
from typing import Any, Final

HERE: Final = Path(__file__).resolve().parent
CACHE: Final = HERE.parents[1] / ".cache" / "fuzz"
TARGETS: Final = ("rewriter", "linear", "urls", "headers")
LONGEST: Final = 1024
HANGS: Final = 20
"""Seconds for one input of at most `LONGEST` bytes, beyond which it counts as a hang."""

# The project's tests are packages of the folder "tests" (see pytest's `pythonpath`).
sys.path.append(str(HERE.parent))


def fuzz(name: str, seconds: int, options: list[str]) -> None:
    """Fuzz one target; ends the process."""
    try:
        atheris: Any = import_module("atheris")
    except ModuleNotFoundError as error:
        raise SystemExit(
            "fuzzing takes atheris, which comes for Linux on x86-64: requirements/soak.in"
        ) from error
    # Hostile input is what it complains of.
    logging.getLogger("consentkit").setLevel(logging.CRITICAL)
    with atheris.instrument_imports(include=["consentkit"]):
        target = import_module(f"fuzz.{name}")
    mutate = import_module("fuzz.mutating").mutate

    def mutator(data: bytes, longest: int, seed: int) -> bytes:
        if seed % 3 == 0:
            return bytes(atheris.Mutate(data, longest))
        return bytes(mutate(data, longest, random.Random(seed), target.TOKENS))

    found, kept = HERE / "found" / name, CACHE / name
    for folder in (found, kept):
        folder.mkdir(parents=True, exist_ok=True)
    arguments = [f"-max_total_time={seconds}", f"-max_len={LONGEST}", f"-timeout={HANGS}", *options]
    arguments += [f"-artifact_prefix={found}/", "-print_final_stats=1", str(kept), str(found)]
    atheris.Setup([sys.argv[0], *arguments], target.check, custom_mutator=mutator)
    atheris.Fuzz()


def main(arguments: list[str]) -> None:
    """Read the command line."""
    if not arguments or arguments[0] not in TARGETS:
        raise SystemExit(f"usage: python -m tests.fuzz {{{','.join(TARGETS)}}} [-seconds N]")
    name, *options = arguments
    seconds = 60
    if "-seconds" in options:
        at = options.index("-seconds")
        seconds = int(options[at + 1])
        del options[at : at + 2]
    fuzz(name, seconds, options)


if __name__ == "__main__":
    main(sys.argv[1:])
