"""lol-html as WebAssembly in Node: html-rewriter-wasm, in a child process that reports its own time."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import chain
from pathlib import Path

from bench.corpus import paths
from bench.deciding import Decider

SCRIPT = Path(__file__).with_name("wasm.cjs")
MODULES = Path(sys.prefix) / "node"


def missing() -> str:
    """Say what is missing, and how to get it; nothing if all is there."""
    if shutil.which("node") is None:
        return "needs node on the path (Debian: apt-get install nodejs npm)"
    if not (MODULES / "node_modules" / "html-rewriter-wasm").is_dir():
        return "needs html-rewriter-wasm (`make bench` installs it where npm is on the path)"
    return ""


@contextmanager
def started(decider: Decider, chunk: int) -> Iterator[Callable[[int], float]]:
    """Start Node and yield what rewrites a page by its number and returns its processor time.

    Args:
        decider: What lol-html, native, asked. Both read attributes alike, so every tag is found again.
        chunk: Size of the chunks.
    """
    with subprocess.Popen(
        ["node", str(SCRIPT), str(MODULES)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as node:
        assert node.stdin is not None and node.stdout is not None
        questions, answers = node.stdin, node.stdout

        def ask(line: str) -> str:
            print(line, file=questions, flush=True)
            return answers.readline().strip()

        print(json.dumps(_given(decider, chunk)), file=questions)
        yield lambda page: float(ask(str(page)))
        print("  html-rewriter-wasm, all passes:", ask("report"))


def _given(decider: Decider, chunk: int) -> dict[str, object]:
    tags = [["\0".join((name, *chain(*found))), decided] for (name, found), decided in decider.tags.items()]
    return {
        "pages": [str(path) for path in paths()],
        "selectors": ", ".join(name for name in decider.shown if name != "script"),
        "chunk": chunk,
        "tags": tags,
        "texts": list(decider.texts.items()),
    }
