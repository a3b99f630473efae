"""Shared by all tests: a real browser, the conformance corpus, and the rule that CI skips nothing."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest
from playwright.sync_api import Browser, Playwright, sync_playwright

import chromium as chromium_finder

ROOT = Path(__file__).resolve().parent.parent
CORPUS = ROOT.parent / "shared" / "corpus"

hypothesis.settings.register_profile("default", deadline=None, print_blob=True)
hypothesis.settings.register_profile("ci", deadline=None, derandomize=True, print_blob=True)
hypothesis.settings.load_profile("ci" if os.environ.get("CI") else "default")

# For each window Chromium renders what its address bar might unfold, which costs as much as the page itself.
ADDRESS_BAR = ("WebUIOmniboxPopup", "WebUIOmniboxFullPopup", "WebUIOmniboxAimPopup")
# The last list counts: these are Playwright's.
PLAYWRIGHTS_OWN = (
    "AvoidUnnecessaryBeforeUnloadCheckSync", "DestroyProfileOnBrowserClose", "HttpsUpgrades",
    "HttpsFirstBalancedModeAutoEnable", "LensOverlay", "MediaRouter", "PaintHolding",
    "ThirdPartyStoragePartitioning", "AvoidCorsURLLoaderRestartOnRedirect", "OptimizationHints",
    "NetworkTimeServiceQuerying", "AimEnabled", "PreconnectToSearch",
)  # fmt: skip
CHROMIUM_ARGUMENTS = [
    f"--disable-features={','.join((*PLAYWRIGHTS_OWN, *ADDRESS_BAR))}",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]


@pytest.fixture(scope="session")
def chromium_path() -> str:
    """Where Chromium is."""
    path = chromium_finder.find()
    if path is None:
        pytest.skip(f"no Chromium: {chromium_finder.HOW}")
    return path


@pytest.fixture(scope="session")
def headless_path(chromium_path: str) -> str:
    """Where the Chromium is that most tests use: without windows, if there is one."""
    return chromium_finder.find_headless() or chromium_path


# Playwright's event loop counts as running in its thread until it is stopped: were it there for the whole
# session, no other test could run a loop of its own. Modules are never interleaved, so it lives for a module.
@pytest.fixture(scope="module")
def playwright_driver(chromium_path: str) -> Iterator[Playwright]:
    """Playwright, started once per module."""
    with sync_playwright() as playwright:
        yield playwright


@pytest.fixture(scope="module")
def chromium(playwright_driver: Playwright, headless_path: str) -> Iterator[Browser]:
    """A real Chromium that reaches this machine only."""
    rules = "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1 , EXCLUDE localhost"
    arguments = [*CHROMIUM_ARGUMENTS, rules]
    browser = playwright_driver.chromium.launch(executable_path=headless_path, args=arguments)
    yield browser
    browser.close()


@pytest.fixture(scope="session")
def corpus() -> Path:
    """The conformance corpus beside the project."""
    if not CORPUS.is_dir():
        pytest.skip("no conformance corpus: it lies in shared/corpus beside the project's folder")
    return CORPUS


_skipped: list[str] = []


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    if report.skipped and not hasattr(report, "wasxfail"):
        _skipped.append(report.nodeid)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave the long counts to `make soak`, and begin with browsers, which take longest.

    So no process of `make test` waits long for another at the end.
    """
    if not os.environ.get("CONSENTKIT_SOAK"):
        items[:] = [item for item in items if item.get_closest_marker("soak") is None]
    items.sort(key=lambda item: item.get_closest_marker("browser") is None)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Fail where CI skipped anything."""
    if os.environ.get("CI") and _skipped:
        reporter = session.config.pluginmanager.get_plugin("terminalreporter")
        if reporter is not None:
            reporter.write_line(f"CI may skip nothing, but skipped: {', '.join(_skipped)}", red=True)
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
