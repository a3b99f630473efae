"""Decisions: honoured, recorded, announced. No grant without an entry, no refusal lost, no id for who refuses."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest
from starlette.types import Scope

from asgi.visiting import BANNER, GATED, NAVIGATION, POLICY, App, browser, post, shown, state_of, wrap
from consentkit import ConsentLog, Decision, LogUnavailable, Policy, Vendor
from consentkit.log import Entry
from consentkit.log.schema import Store
from log.making import FaultyStore

pytestmark = pytest.mark.anyio
EMBED = b'<iframe src="https://www.youtube.com/embed/x"></iframe>'


def entries(log: ConsentLog) -> list[Entry]:
    """Return the decisions in a log."""
    return [entry for entry in log.entries() if entry.type == "decision"]


@pytest.fixture
def faulty(log: ConsentLog) -> Iterator[FaultyStore]:
    """Put faults between a log and its store."""
    store = FaultyStore(log._store)
    log._store = store
    yield store
    store.before = lambda: None


def away() -> None:
    """Fail as a store that is away."""
    raise LogUnavailable("away")
