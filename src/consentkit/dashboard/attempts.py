"""Wrong tokens, counted for each client: whoever guesses is slowed down, and the counting stays small."""

from __future__ import annotations

from ipaddress import IPv6Address, ip_address
from typing import Final

from starlette.types import Scope

MOST: Final = 20
"""Wrong tokens of one client within a minute."""
SECONDS: Final = 60
CLIENTS: Final = 1024
"""Clients that are remembered."""


class Attempts:
    """Counts wrong tokens of the present minute. Kept in memory only, by each process for itself."""

    def __init__(self) -> None:
        self._wrong: dict[str, tuple[int, int]] = {}

    def exhausted(self, scope: Scope, *, now: int) -> bool:
        """Say whether a client must wait, at epoch seconds `now`."""
        began, wrong = self._wrong.get(_client(scope), (now, 0))
        return wrong >= MOST and now - began < SECONDS

    def note(self, scope: Scope, *, now: int) -> None:
        """Count one more wrong token of a client."""
        client = _client(scope)
        began, wrong = self._wrong.pop(client, (now, 0))
        self._wrong[client] = (began, wrong + 1) if now - began < SECONDS else (now, 1)
        if len(self._wrong) > CLIENTS:
            del self._wrong[next(iter(self._wrong))]


def _client(scope: Scope) -> str:
    """Return a client's address; of IPv6 the network, in which one client has every address."""
    host = (scope.get("client") or ("",))[0]
    try:
        address = ip_address(host)
    except ValueError:
        return str(host)
    return address.exploded[:19] if isinstance(address, IPv6Address) else str(address)
