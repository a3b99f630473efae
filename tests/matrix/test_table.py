"""The table in the documentation is of the suite as it is."""

from __future__ import annotations

from docs.documents import find_page, section
from matrix.behaviours import BEHAVIOURS
from matrix.pairs import FRAMEWORKS, Pair
from matrix.servers import SERVERS

PAGE = find_page("servers")


def cells(heading: str) -> list[list[str]]:
    """Return the cells of the table below a heading, without the line below its head."""
    rows = [line for line in section(PAGE, heading).splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in rows]


def test_every_behaviour_is_described() -> None:
    assert [row[0] for row in cells("## What is tested")[1:]] == [one.name for one in BEHAVIOURS]


def test_every_pair_has_been_run() -> None:
    head, *rows = cells("## Results")
    assert head[1:] == [one.name for one in BEHAVIOURS]
    assert [row[0] for row in rows] == [
        Pair(framework, server).name for framework in FRAMEWORKS for server in SERVERS
    ]
