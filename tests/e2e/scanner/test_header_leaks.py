"""A header of `lint --url` reaches the origin of that address and nobody else, whatever the site does."""

from __future__ import annotations

from base64 import b64encode
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from playwright.sync_api import Browser
from starlette.datastructures import Headers
from starlette.responses import RedirectResponse, Response
from starlette.types import Receive, Scope, Send

from consentkit import Policy
from consentkit.cli.root import root
from consentkit.exceptions import ConfigurationError, ScanError
from consentkit.policy import Site
from consentkit.scanner import lint_site
from e2e.serving import Served, free_port

SECRET = {"Authorization": "Bearer secret", "X-Key": "secret", "Cookie": "staff=secret"}

# Every way from a page to another host that a browser has, by itself and after a redirect.
PAGE = """<!doctype html><html lang="en"><title>Home</title>
<link rel="stylesheet" href="{sink}/style"><link rel="preload" as="image" href="{sink}/preload">
<img src="{sink}/image"><img src="/to/image"><img src="/own/image"><img src="/round/image">
<iframe src="{sink}/frame"></iframe><iframe src="/to/frame"></iframe><script src="/to/script"></script>
<script>
  fetch("{sink}/fetch", {{ mode: "no-cors" }}); fetch("/to/fetch", {{ mode: "no-cors" }});
  fetch("{sink}/cors", {{ headers: {{ "X-Own": "1" }} }}).catch(() => 0);
  navigator.sendBeacon("{sink}/beacon", "x"); new Worker("/own/worker");
  navigator.serviceWorker.register("/service").then(() => navigator.serviceWorker.ready)
    .then((ready) => ready.active.postMessage("go"));
</script><a href="/privacy">Privacy policy</a>"""
FRAME = '<img src="{sink}/in-frame"><img src="{home}/own/in-frame"><iframe src="{home}/own/frame"></iframe>'
WORKER = """fetch("{sink}/worker", {{ mode: "no-cors" }}); fetch("/to/worker", {{ mode: "no-cors" }});
fetch("/own/by-worker");"""
SERVICE = """self.onmessage = () => {{
  fetch("{sink}/service", {{ mode: "no-cors" }}); fetch("/to/service", {{ mode: "no-cors" }});
  fetch("/own/by-service");
}}; self.onfetch = (event) => event.respondWith(fetch(event.request));"""
SCRIPTS = {"/own/worker": WORKER, "/service": SERVICE}


class Two:
    """A site and a stranger, by the port at which they are asked; remembers who was told what."""

    def __init__(self) -> None:
        self.home = self.sink = ""
        self.told: defaultdict[str, dict[str, Headers]] = defaultdict(dict)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            headers, path = Headers(scope=scope), scope["path"]
            self.told[f"http://{headers['host']}"][path] = headers
            await self._answer(path, f"http://{headers['host']}")(scope, receive, send)

    def _answer(self, path: str, asked: str) -> Response:
        if path.startswith("/to/"):
            return RedirectResponse(f"{self.sink}/redirected{path[3:]}")
        if path.startswith("/round/"):
            return RedirectResponse(f"{self.sink}/back{path[6:]}")
        if path.startswith("/back/"):
            return RedirectResponse(f"{self.home}/own/returned{path[5:]}")
        if path == "/_consent/state":
            return Response('{"regime": "opt-in", "needs_prompt": true}', media_type="application/json")
        page = self._pages(asked).get(path, "")
        kind = "text/javascript" if path in SCRIPTS else "text/html"
        answer = Response(page.format(home=self.home, sink=self.sink), media_type=kind)
        answer.set_cookie("seen", "1")
        return answer

    def _pages(self, asked: str) -> dict[str, str]:
        return {"/": PAGE, "/privacy": PAGE, **SCRIPTS} if asked == self.home else {"/frame": FRAME}

    def secrets(self, who: str) -> dict[str, set[str]]:
        """Return which paths of somebody were told which of the secrets."""
        return {
            path: {name for name in SECRET if "secret" in headers.get(name, "")}
            for path, headers in self.told[who].items()
            if path != "/favicon.ico"
        }


@pytest.fixture(scope="module")
def servers() -> Iterator[Two]:
    two = Two()
    with Served(two) as home, Served(two) as sink:
        two.home, two.sink = home.url, sink.url
        yield two


@pytest.fixture
def two(servers: Two) -> Two:
    servers.told.clear()
    return servers


def run(*arguments: str) -> Result:
    headers = [part for name, value in SECRET.items() for part in ("--header", f"{name}: {value}")]
    return CliRunner().invoke(root, ["lint", *arguments, *headers])


# --- without a browser


def test_a_site_is_told_and_a_stranger_is_not(two: Two, tmp_path: Path) -> None:
    policy = tmp_path / "consent.toml"
    policy.write_text(f'site.privacy_policy = "{two.sink}/privacy"')
    result = run(str(policy), "--url", two.home + "/")
    assert result.exception is None or result.exit_code == 1, result.output
    assert two.secrets(two.home) == {"/": set(SECRET), "/.well-known/gpc.json": set(SECRET)}
    assert two.secrets(two.sink) == {"/privacy": set()}
    assert "another origin" not in result.stderr


@pytest.mark.parametrize("path", ["/to/page", "/round/page"])
def test_redirects(two: Two, path: str) -> None:
    result = run("--url", two.home + path)
    assert two.secrets(two.home).pop(path) == set(SECRET)
    assert two.secrets(two.sink) and not any(two.secrets(two.sink).values())
    if path == "/to/page":
        assert f"led to {two.sink}/redirected/page, another origin" in result.stderr
    else:
        assert two.secrets(two.home)["/own/returned/page"] == set(SECRET)


def test_the_policy_s_page_may_lead_elsewhere(two: Two, tmp_path: Path) -> None:
    policy = tmp_path / "consent.toml"
    policy.write_text('site.privacy_policy = "/to/privacy"')
    run(str(policy), "--url", two.home + "/")
    assert two.secrets(two.home)["/to/privacy"] == set(SECRET)
    assert two.secrets(two.sink) == {"/redirected/privacy": set()}


def test_a_password_in_the_address_is_sent_and_not_told(two: Two, tmp_path: Path) -> None:
    """Staging sites have one; reports are kept by whoever runs them."""
    url = two.home.replace("//", "//staff:p%40ss:word@") + "/to/page"
    report = tmp_path / "report"
    told = CliRunner().invoke(root, ["lint", "--url", url, "--output", str(report)])
    assert "ss:word" not in told.output + report.read_text() and "p%40" not in told.output
    sent = two.told[two.home]["/to/page"]["authorization"]
    assert sent == "Basic " + b64encode(b"staff:p@ss:word").decode()
    assert "authorization" not in two.told[two.sink]["/redirected/page"]
    gone = CliRunner().invoke(root, ["lint", "--url", f"http://staff:word@127.0.0.1:{free_port()}/"])
    assert gone.exit_code == 2 and "word" not in gone.output


# --- with one


@pytest.mark.browser
def test_nothing_of_a_page_tells_a_stranger(two: Two, chromium: Browser) -> None:
    """Subresources, frames, workers, service workers, redirects, and a foreign privacy policy."""
    policy = Policy(site=Site(privacy_policy=two.sink + "/privacy"))
    options = {"policy": policy, "headers": SECRET, "rules": [25], "quiet": 0.3, "pages": 2}
    lint_site(two.home + "/", browser=chromium, **options)  # type: ignore[arg-type]
    strangers, own = two.secrets(two.sink), two.secrets(two.home)
    ways = {"image", "frame", "fetch", "worker", "service"}
    assert {f"/{way}" for way in ways} | {f"/redirected/{way}" for way in ways} <= strangers.keys()
    assert {
        "/style",
        "/preload",
        "/cors",
        "/beacon",
        "/in-frame",
        "/privacy",
        "/back/image",
    } <= strangers.keys()
    assert not any(strangers.values())
    asked = {
        "/",
        "/privacy",
        "/service",
        "/_consent/state",
        "/own/returned/image",
        "/own/frame",
        "/own/in-frame",
    }
    assert asked | {"/own/worker", "/own/by-worker", "/own/by-service"} <= own.keys()
    assert all(told == set(SECRET) for told in own.values()), own
    assert "seen=1" in two.told[two.home]["/privacy"]["cookie"]  # the visitor's own cookies go with them


@pytest.mark.browser
def test_an_address_that_leads_elsewhere(two: Two, chromium: Browser) -> None:
    lint_site(two.home + "/to/page", headers=SECRET, rules=[9], browser=chromium, quiet=0.1, pages=1)
    assert two.secrets(two.home)["/to/page"] == set(SECRET)
    assert two.secrets(two.sink)["/redirected/page"] == set()
    assert not any(two.secrets(two.sink).values())


@pytest.mark.browser
def test_what_a_browser_sets_itself_is_refused(chromium: Browser) -> None:
    for name in ("Host", "content-length", "Proxy-Authorization"):
        with pytest.raises(ConfigurationError, match=f"sets the header {name} by itself"):
            lint_site(f"http://127.0.0.1:{free_port()}/", headers={name: "1"}, browser=chromium)
    with pytest.raises(ScanError, match="cannot open"):  # and the browser is left as it was
        lint_site(f"http://127.0.0.1:{free_port()}/", headers=SECRET, browser=chromium)
