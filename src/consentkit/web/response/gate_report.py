"""Reports of what the gate blocked: the debug header, and log messages with ``enforce=False``."""

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Final

from consentkit.gating import PageGate

MAX_REPORT: Final = 2048
"""Maximum bytes of the debug header."""
MAX_THINGS: Final = 200
"""Maximum findings that are logged, since pages may name any host."""
MAX_NAMED: Final = 20
"""Findings in the summary."""
BEGINS: Final = "enforce=False: nothing is held back and nobody is asked. What pages hold is told here, once"
"""The message at start."""


NOTHING: Final = (0, 0)
"""The initial counts of a gate: kinds of blocked elements, and undeclared hosts."""


def report_of(gate: PageGate, since: tuple[int, int] = NOTHING) -> str:
    """Return the debug header's value: what was blocked, and undeclared hosts, in ASCII.

    Args:
        gate: The gate of one page.
        since: How many of each were reported before.
    """
    gated_before, hosts_before = since
    gated = [
        f"{item.element}; vendor={item.vendor}; purpose={item.purpose}; host={item.host}; why={item.why}"
        for item in gate.gated[gated_before:]
    ]
    hosts = [*gate.undeclared.items()][hosts_before:]
    undeclared = [f"undeclared; host={host}" + _advice(host, like) for host, like in hosts]
    # Elements that a hydrated page creates anew are gated only where our script ran first.
    whole = ["hydrated; needs=csp-enforce"] if gate.hydrated and gated else []
    return _ascii(", ".join([*whole, *gated, *undeclared]))


def things_of(gate: PageGate) -> Iterator[str]:
    """Yield descriptions of what was blocked and of undeclared hosts."""
    for item in gate.gated:
        who = " ".join(filter(None, (item.vendor, f"({item.purpose})" if item.purpose else "")))
        yield _ascii(f"{item.element} of {who or 'nobody known'}" + (item.host and f", {item.host}"))
    for host, like in gate.undeclared.items():
        yield _ascii(f"nobody declared {host}" + _advice(host, like))


def _ascii(line: str) -> str:
    return "".join(char if " " <= char <= "~" else "?" for char in line)[:MAX_REPORT]


def _advice(host: str, like: str | None) -> str:
    """Say how to declare what looks like a vendor's program on the site's own host."""
    return f'; looks-like={like}; declare=[vendors.{like}] hosts = ["{host}"]' if like else ""


class Trial:
    """Counts findings with ``enforce=False``, and selects those to be logged."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()
        self._pages = 0
        self._has_more = False

    def note(self, things: Iterable[str]) -> list[str]:
        """Count the findings of one response, and return the new ones."""
        found, new = dict.fromkeys(things), list[str]()
        self._pages += bool(found)
        for thing in found:
            if thing in self._counts:
                self._counts[thing] += 1
            elif len(self._counts) < MAX_THINGS:
                self._counts[thing] = 1
                new.append(f"not enforced; found on a page: {thing}")
            elif not self._has_more:
                self._has_more = True
                new.append(f"not enforced; more than {MAX_THINGS} things were found")
        return new

    def end(self) -> str:
        """Return a summary of the counts and reset them; empty if there are none."""
        most = "; ".join(f"{count} × {thing}" for thing, count in self._counts.most_common(MAX_NAMED))
        told = f"not enforced; pages with something of it: {self._pages}; {most}" if self._pages else ""
        self._counts.clear()
        self._pages, self._has_more = 0, False
        return told
