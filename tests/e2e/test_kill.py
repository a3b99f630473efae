"""Four processes on one log, killed while two hundred visitors are deciding."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from http.cookies import SimpleCookie
from pathlib import Path

import anyio
import httpx
import pytest

import consentkit.exceptions
from consentkit.consent.cookies import SubjectCodec, id_cookie_name
from consentkit.log import ConsentLog
from e2e.four_workers import SECRET, WORKERS
from e2e.serving import free_port
from e2e.waiting import PATIENCE

PROGRAM = Path(__file__).with_name("four_workers.py")
SOURCE = Path(consentkit.exceptions.__file__).parents[1]
VISITORS = 200


class Group:
    """The site's processes, in a process group of their own."""

    def __init__(self, folder: Path) -> None:
        self.url = f"http://127.0.0.1:{(port := free_port())}"
        environment = {**os.environ, "PYTHONPATH": str(SOURCE)}
        environment.pop("PYTHONDEVMODE", None)
        command = [sys.executable, str(PROGRAM), str(folder), str(port)]
        self._parent = subprocess.Popen(command, env=environment, start_new_session=True)

    def kill(self) -> None:
        """End parent and workers at once."""
        if self._parent.poll() is None:
            os.killpg(self._parent.pid, signal.SIGKILL)
            self._parent.wait()


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[[], Group]]:
    """Start the site's processes; whatever happens, none survives."""
    started: list[Group] = []

    def start() -> Group:
        started.append(Group(tmp_path))
        return started[-1]

    yield start
    for one in started:
        one.kill()


async def all_up(url: str) -> dict[str, str]:
    """Wait until every worker has answered; return the notice and locale that are to be decided on."""
    seen: set[str] = set()
    # A connection of its own each time, so that any worker may take it.
    async with httpx.AsyncClient(headers={"connection": "close"}) as client:
        with anyio.fail_after(PATIENCE):
            while len(seen) < WORKERS:
                try:
                    answer = await client.get(f"{url}/_consent/state")
                    seen.add(answer.headers["worker"])
                except httpx.TransportError:
                    await anyio.sleep(0.02)
    state = answer.json()
    return {"notice": state["notice"], "locale": state["locale"]}


class Round:
    """Visitors who decide until the site is gone.

    Attributes:
        grants: Ids of those whose grant was acknowledged.
        refusals: How many refusals were acknowledged.
    """

    def __init__(self, site: Group, *, last: int) -> None:
        self.grants: list[str] = []
        self.refusals = 0
        self._site = site
        self._last = last
        self._subjects = SubjectCodec(SECRET)

    async def run(self) -> None:
        """Kill the site with the `last` acknowledgement, while the other visitors wait for theirs."""
        notice = await all_up(self._site.url)
        limits = httpx.Limits(max_connections=VISITORS, max_keepalive_connections=VISITORS)
        with anyio.fail_after(PATIENCE):
            async with httpx.AsyncHTTPTransport(limits=limits) as wire, anyio.create_task_group() as visitors:
                for number in range(VISITORS):
                    action = "accept" if number % 4 else "reject"
                    visitors.start_soon(self._decide, wire, {**notice, "action": action})

    async def _decide(self, wire: httpx.AsyncHTTPTransport, fields: dict[str, str]) -> None:
        url, headers = f"{self._site.url}/_consent/decision", {"accept": "application/json"}
        timeout = dict.fromkeys(("connect", "read", "write", "pool"), PATIENCE)
        while True:
            request = httpx.Request(
                "POST", url, data=fields, headers=headers, extensions={"timeout": timeout}
            )
            try:
                response = await wire.handle_async_request(request)
                await response.aread()
            except httpx.TransportError:
                return
            if response.status_code == 200:
                self._acknowledged(fields["action"], response)

    def _acknowledged(self, action: str, response: httpx.Response) -> None:
        if action == "accept":
            self.grants.append(self._subject(response))
        else:
            self.refusals += 1
        if len(self.grants) + self.refusals == self._last:
            self._site.kill()

    def _subject(self, response: httpx.Response) -> str:
        cookies = SimpleCookie()
        for value in response.headers.get_list("set-cookie"):
            cookies.load(value)
        subject = self._subjects.loads([cookies[id_cookie_name(False, None)].value])
        assert subject is not None
        return subject


def check(folder: Path, grants: list[str], refusals: int) -> None:
    """Hold the log against what visitors were told."""
    with ConsentLog(folder / "consent.sqlite3") as log:
        keys = log.keys()
        assert keys is not None
        assert log.check(keys=keys.accepted) == log.head()
        entries = [one.entry for one in log.entries() if one.entry is not None]
    logged = Counter(entry.subject for entry in entries if entry.granted)
    assert {logged[subject] for subject in grants} == {1}
    assert max(logged.values()) == 1
    assert sum(entry.action == "reject_all" for entry in entries) >= refusals
    for name in ("outbox", "outbox.draining", "outbox.refused"):
        assert not (folder / name).exists() or (folder / name).stat().st_size == 0


@pytest.mark.parametrize("rounds", [2, pytest.param(100, marks=pytest.mark.soak)])
def test_what_was_acknowledged_survives_the_kill(
    tmp_path: Path, start: Callable[[], Group], rounds: int
) -> None:
    seeded = random.Random(2)
    grants: list[str] = []
    refusals = 0
    site = start()
    for _ in range(rounds):
        one = Round(site, last=seeded.randrange(1, 2 * VISITORS))
        anyio.run(one.run)
        grants += one.grants
        refusals += one.refusals
        site = start()
        anyio.run(all_up, site.url)
        check(tmp_path, grants, refusals)
