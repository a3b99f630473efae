"""The gate against an earlier commit of itself: ``python -m bench former``, from ``tests``.

Both run in processes of their own that take turns, page by page; the one who begins changes with every pass,
and every pass has new processes, since some are slower than others for no reason but where their memory lies.
Time is processor time. ``COMMIT`` names the other; its files are checked out into a temporary folder.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, Final

from bench import corpus
from bench.goals import judge

ROOT: Final = Path(__file__).parents[2]
COMMIT: Final = os.environ.get("COMMIT", "2e5e78d")
"""The commit to compare with: the last one before scripts were read by their syntax trees."""
PASSES: Final = 7
CHUNK: Final = 16_384
KINDS: Final = ("cold", "new", "warm")


def serve() -> None:
    """Answer each line of standard input, a kind and the number of a page, with seconds."""
    from consentkit.consent.consent import Consent
    from consentkit.gating import Gate
    from consentkit.policy import Policy
    from consentkit.rewriter import Memory, Rewriter

    policy = Policy()
    denied = frozenset(policy.purposes) - {"necessary"}
    nothing = Consent(
        policy=policy, regimes=policy.regimes_at(None), granted=frozenset({"necessary"}), denied=denied
    )
    pages = corpus.pages(CHUNK)
    gate = Gate(policy)
    for line in sys.stdin:
        kind, number = line.split()
        if kind == "begin":
            gate = Gate(policy)
            continue
        rewriter = Rewriter(
            gate.page(nothing, host="www.site.example"), memory=gate.memory if kind == "warm" else Memory()
        )
        start = time.process_time()
        for chunk in pages[int(number)]:
            rewriter.feed(chunk)
        rewriter.close()
        print(time.process_time() - start, flush=True)


class Side:
    """A process that measures one version of the package.

    Args:
        source: Where the version is.
        bench: The module whose `serve` it runs.
    """

    def __init__(self, source: Path, bench: str = "bench.former") -> None:
        paths = os.pathsep.join((str(source / "src"), str(ROOT / "tests")))
        command = [sys.executable, "-c", f"from {bench} import serve; serve()"]
        self._process: subprocess.Popen[str] = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": paths},
        )

    def ask(self, kind: str, number: int) -> float:
        """Return the seconds that a page took."""
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None and stdout is not None
        self._say(stdin, kind, number)
        return float(stdout.readline())

    def begin(self) -> None:
        """Forget everything."""
        assert self._process.stdin is not None
        self._say(self._process.stdin, "begin", 0)

    def stop(self) -> None:
        """End the process."""
        self._process.communicate()

    def _say(self, stdin: IO[str], kind: str, number: int) -> None:
        stdin.write(f"{kind} {number}\n")
        stdin.flush()


@contextmanager
def checked_out(commit: str) -> Iterator[Path]:
    """Check a commit out into a temporary folder."""
    with tempfile.TemporaryDirectory() as folder:
        other = Path(folder) / "other"
        subprocess.run(["git", "-C", str(ROOT), "worktree", "add", "-q", str(other), commit], check=True)
        try:
            yield other
        finally:
            subprocess.run(["git", "-C", str(ROOT), "worktree", "remove", "--force", str(other)], check=True)


def main() -> bool:
    """Print the ratios and say whether they are within their limits."""
    count = len(corpus.paths())
    if not count:
        print(corpus.NO_PAGES)
        return True
    with checked_out(COMMIT) as other:
        times = _times(ROOT, other, count)
    print(f"former: time by that of commit {COMMIT}, {count} pages, {PASSES} passes; least time of each page")
    fine = True
    for kind in KINDS:
        now, before = times[kind]
        ratios = [one / two for one, two in zip(now, before, strict=True)]
        print(f"  {kind}: in total {sum(now) / sum(before):.2f}")
        fine = judge(f"former: {kind} pages, median ÷ before", statistics.median(ratios)) and fine
    return fine


def _times(ours: Path, other: Path, count: int) -> dict[str, tuple[list[float], list[float]]]:
    least: dict[str, Any] = {kind: ([9.0] * count, [9.0] * count) for kind in KINDS}
    for turn in range(PASSES):
        sides, order = [Side(ours), Side(other)], (0, 1) if turn % 2 else (1, 0)
        for side in sides:
            for number in range(count):
                side.ask("cold", number)  # what is loaded and compiled on first use is no page's
            side.begin()
        for kind in ("cold", "new", "warm", "warm"):
            for number in range(count):
                for index in order:
                    seconds = sides[index].ask(kind, number)
                    least[kind][index][number] = min(least[kind][index][number], seconds)
        for side in sides:
            side.stop()
    return least


if __name__ == "__main__":
    main()
