"""Pages that Chromium renders before they are visited: they show what holds when they are seen."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from e2e.chromium import ARGUMENTS
from e2e.conftest import resolving
from e2e.magazine import VENDORS, for_browsers_that_forget_nothing, loads, site
from e2e.remote import Remote, Unattached
from e2e.serving import Served
from e2e.sink import Sink

pytestmark = pytest.mark.browser

BANNERS = "document.querySelector('#consentkit-banner [data-consentkit-action={}]')"
# The dialog is opened once.
WITHDRAW = (
    "(window.consentkit?.open(), document.querySelector('#consentkit-dialog iframe')?.contentDocument"
    "?.querySelector('[data-consentkit-action=withdraw]'))"
)
ANSWERED = "!!window.consentkit && !document.querySelector('#consentkit-banner, #consentkit-dialog')"
GATED = "!!document.querySelector('iframe[data-consentkit-src]')"
WAS_AHEAD = "performance.getEntriesByType('navigation')[0].activationStart > 0"


@pytest.fixture(scope="module", params=[True, False], ids=["header", "no header"])
def forgets(request: pytest.FixtureRequest) -> bool:
    """Whether the browser knows the header by which it forgets what it got ahead."""
    return bool(request.param)


@pytest.fixture(scope="module")
def remote(
    forgets: bool, chromium_path: str, sink: Sink, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Remote]:
    remote = Remote(site() if forgets else for_browsers_that_forget_nothing(site()))
    profile = tmp_path_factory.mktemp("profile")
    flags = ["--headless=new", f"--user-data-dir={profile}", "--disable-popup-blocking", resolving(sink)]
    command = [chromium_path, *ARGUMENTS, *flags]
    with Served(remote) as served, Unattached([*command, f"{served.url}/one?plain&use=remote"]):
        yield remote


def visit(remote: Remote, path: str, target: str) -> None:
    """Leave a page for another."""
    remote.ask(path, f"void setTimeout(() => location.assign('{target}'))")


def choose(remote: Remote, path: str, button: str) -> None:
    remote.wait(path, f"!!{button}")
    remote.ask(path, f"{button}.click()")
    remote.wait(path, ANSWERED)


def choose_elsewhere(remote: Remote, button: str) -> None:
    """Choose in another tab, and come back to the page that has one rendered ahead."""
    remote.ask("/outside", "void open('/two?plain&use=remote')")
    choose(remote, "/two", button)
    remote.ask("/two", "void setTimeout(close)")
    remote.wait("/outside", "!document.hidden")


def test_what_is_rendered_ahead_follows_the_newest_choice(remote: Remote, sink: Sink, forgets: bool) -> None:
    remote.wait("/one", "!!window.consentkit")
    visit(remote, "/one", "/outside?plain&use=remote&ahead=prerender")
    remote.wait("/ahead", f"document.prerendering && !!{BANNERS.format('reject')}")
    choose_elsewhere(remote, BANNERS.format("reject"))
    visit(remote, "/outside", "/ahead?use=remote")
    remote.wait("/ahead", f"!document.prerendering && {ANSWERED} && {GATED}")
    # By itself the page that was made before a refusal stays, and asks nobody.
    assert remote.ask("/ahead", WAS_AHEAD) is not forgets

    # From a page without the script: where it runs, it loads the page anew, and a visit that has begun ends.
    visit(remote, "/ahead", "/outside?plain&use=remote")
    remote.ask("/outside", "void (document.cookie = 'consentkit=; path=/; max-age=0')")
    visit(remote, "/outside", "/one?plain&use=remote")
    choose(remote, "/one", BANNERS.format("accept"))
    visit(remote, "/one", "/outside?plain&use=remote&ahead=prerender")
    # What is granted runs ahead, but for frames of other sites.
    remote.wait("/ahead", "document.prerendering && window.ran === 1")
    sink.wait_for({"www.googletagmanager.com"})
    choose_elsewhere(remote, WITHDRAW)
    sink.forget()
    loads.clear()
    visit(remote, "/outside", "/ahead?use=remote")
    remote.wait("/ahead", f"!document.prerendering && {ANSWERED} && {GATED} && !window.ran")
    assert "/ran" not in loads
    # The browser lets frames begin that waited for the visit, before it tells the page that it is visited.
    assert sink.hosts & VENDORS <= (set() if forgets else {"www.youtube.com"})
