"""``consentkit log show --render``: the banner as it was shown, in a file in which nothing runs."""

from __future__ import annotations

import stat
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path

import msgspec
import pytest
from playwright.sync_api import Browser, Page, Request, expect

from cli.running import run, said
from consentkit.banner.assets import read_assets
from consentkit.consent.notice import Notice
from consentkit.log import ConsentLog
from consentkit.record.entry import Bundle
from log.samples import BUNDLE, make_entry
from record.receipts import POLICY, notice_for

AT = "2026-11-22T10:00:00Z"
ASSETS = {asset.hash: asset.body for asset in read_assets(POLICY)}
HOSTILE = (
    "<script>document.title = 'ran'</script><img src='http://evil.example/i' onerror='document.title=1'>"
    "<meta http-equiv='refresh' content='0;url=http://evil.example/'><style>@import 'http://evil.example/s'</style>"
    "</iframe><script>document.title = 'ran'</script>"
)

Render = Callable[[Bundle], Path]


@pytest.fixture
def render(path: Path) -> Render:
    """Record a decision on a notice, and render what was shown with it."""

    def rendered(bundle: Bundle) -> Path:
        entry = make_entry(notice=bundle.hash)
        with ConsentLog(path) as log:
            log.commit([bundle, entry])
        said("show", entry.id, "--log", path, "--render", path.with_name("shown.html"))
        return path.with_name("shown.html")

    return rendered


def bundle_of(notice: Notice, **changes: object) -> Bundle:
    """Make a notice's bundle; a change to None leaves a key out, as older versions did."""
    fields = {**msgspec.json.decode(notice.body), **changes}
    body = msgspec.json.encode({key: value for key, value in fields.items() if value is not None})
    return Bundle(hash=sha256(body).hexdigest(), body=body, assets=ASSETS, at=AT)


@pytest.mark.parametrize("missing", [(), ("v", "asked", "fingerprints", "regimes", "texts")])
def test_a_bundle_of_any_version_is_rendered(render: Render, missing: tuple[str, ...]) -> None:
    notice = notice_for()
    file = render(bundle_of(notice, **dict.fromkeys(missing)))
    document = file.read_text("utf-8")
    assert "script" not in document.replace("Content-Security-Policy", "").replace("javascript", "")
    assert "language de" in document
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_what_was_not_shown_cannot_be_rendered(path: Path) -> None:
    entry, nothing = make_entry(), bundle_of(notice_for(), html="")
    unshown = make_entry(notice=nothing.hash)
    with ConsentLog(path) as log:
        log.commit([BUNDLE, entry, nothing, unshown])
        for id, said_of_it in ((entry.id, "has no banner"), (unshown.id, "in the settings")):
            _fails(path, id, said_of_it)
        log.erase_now(entry.subject or "", at=AT)
        _fails(path, entry.id, "it was destroyed")
        _fails(path, str(log.head().size - 1), "it is of type erasure")


def test_a_notice_that_was_changed_is_not_rendered(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bundle = bundle_of(notice_for())
    with ConsentLog(path) as log:
        log.commit([bundle])
    monkeypatch.setattr("consentkit.log.LogReader.notice", lambda *_: bundle.body + b" ")
    _fails(path, bundle.hash, "it was changed")


def _fails(path: Path, id: str, why: str) -> None:
    output = path.with_name("shown.html")
    result = run("show", id, "--log", path, "--render", output)
    assert result.exit_code == 1
    assert why in result.stderr
    assert not output.exists()


@pytest.fixture
def page(chromium: Browser) -> Iterator[tuple[Page, list[str]]]:
    """A page, and what it asks the network for: what its policy forbids is not asked for."""
    context = chromium.new_context(viewport={"width": 1280, "height": 800})
    page, asked = context.new_page(), []
    page.on("request", lambda request: asked.append(request.url))

    def take_back(request: Request) -> None:
        if request.failure == "csp":
            asked.remove(request.url)

    page.on("requestfailed", take_back)
    yield page, asked
    context.close()


@pytest.mark.browser
def test_the_banner_is_shown_as_it_was(render: Render, page: tuple[Page, list[str]]) -> None:
    shown, asked = page
    file = render(bundle_of(notice_for()))
    shown.goto(file.as_uri())
    frame = shown.frame_locator("iframe")
    accept = frame.get_by_role("button", name=notice_for().texts["opt-in.accept"])
    expect(accept).to_be_visible()
    style = accept.evaluate("e => [getComputedStyle(e).minHeight, getComputedStyle(e).backgroundColor]")
    assert style[0] == "44px" and style[1] not in ("rgba(0, 0, 0, 0)", "rgb(239, 239, 239)")
    banner = frame.locator("#consentkit-banner")
    assert banner.evaluate("e => getComputedStyle(e).position") == "fixed"
    accept.click()
    assert [url for url in asked if not url.startswith(("file:", "data:"))] == []
    assert shown.url == file.as_uri()


@pytest.mark.browser
def test_nothing_in_a_notice_runs_or_leads_away(render: Render, page: tuple[Page, list[str]]) -> None:
    shown, asked = page
    notice = notice_for()
    file = render(
        bundle_of(notice, html=notice.html + HOSTILE, locale='de"><script>document.title=1</script>')
    )
    shown.goto(file.as_uri())
    expect(shown.frame_locator("iframe").locator("#consentkit-banner")).to_be_visible()
    assert shown.title() == "The banner as it was shown"
    shown.wait_for_load_state("networkidle")
    assert [url for url in asked if not url.startswith(("file:", "data:"))] == []
    assert shown.locator("script").count() == 0
