"""Record the host that Chromium finds in ``https://a?b.example/`` for every code point; run as a program.

``tests/catalog/hosts.json`` keeps which code points it refuses, and of each 4,096 a hash of the hosts of all
others, which ``test_every_code_point.py`` compares with what `consentkit.catalog.read_url` finds. With
``--show`` the program names every code point where the two differ.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from hashlib import sha256
from itertools import groupby
from pathlib import Path

from consentkit.catalog import read_url
from e2e import chromium

ANSWERS = Path(__file__).parents[2] / "catalog" / "hosts.json"
BLOCK = 0x1000
BLOCKS = range(0, 0x110000, BLOCK)
_ASK = """([first, count]) => Array.from({length: count}, (_, i) => {
    try { return new URL(`https://a${String.fromCodePoint(first + i)}b.example/`).host } catch { return "" }
})"""


def find(code: int) -> str:
    """Return the host that the package finds; empty where it finds none."""
    url = read_url(f"https://a{chr(code)}b.example/")
    return url.host if url else ""


def digest(hosts: Iterable[str]) -> str:
    """Return a short hash of hosts."""
    return sha256("\n".join(hosts).encode()).hexdigest()[:12]


def ask() -> Iterator[Sequence[str]]:
    """Yield Chromium's version, and then its answers block by block, empty where it refuses."""
    from playwright.sync_api import sync_playwright

    path = chromium.find()
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield [browser.version]
        page = browser.new_page()
        for block in BLOCKS:
            yield page.evaluate(_ASK, [block, BLOCK])
        browser.close()


def _ranges(codes: Iterable[int]) -> Iterator[str]:
    for _, group in groupby(enumerate(codes), lambda pair: pair[1] - pair[0]):
        run = [code for _, code in group]
        yield f"{run[0]:X}-{run[-1]:X}"


def main(*, show: bool) -> None:
    """Record the answers, or show where the package's differ."""
    (version,), *blocks = ask()
    hosts = [host for block in blocks for host in block]
    if show:
        for code, host in enumerate(hosts):
            if host and find(code) != host:
                print(f"U+{code:04X} chromium={host!r} ours={find(code)!r}")
        return
    refused = _ranges(code for code, host in enumerate(hosts) if not host)
    hashes = {f"{first:X}": digest(filter(None, hosts[first : first + BLOCK])) for first in BLOCKS}
    taken = {first: value for first, value in hashes.items() if value != digest([])}
    answers = {"chromium": version, "refused": " ".join(refused), "taken": taken}
    ANSWERS.write_text(json.dumps(answers, indent=1) + "\n")


if __name__ == "__main__":
    main(show="--show" in sys.argv)
