"""One framework on each server; `make matrix` has all of them."""

from __future__ import annotations

import pytest

from matrix.pairs import FRAMEWORKS, Pair
from matrix.servers import SERVERS, Server


@pytest.mark.parametrize("server", SERVERS, ids=lambda server: str(server.name))
def test_a_framework_on_each_server(server: Server) -> None:
    faults = {
        outcome.behaviour: outcome.fault for outcome in Pair(FRAMEWORKS[0], server).run() if outcome.fault
    }
    assert not faults
