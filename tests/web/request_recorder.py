"""Record what browsers send when they ask for a page or for a part of one. Run by hand, never by a test.

Its output is ``recorded_requests.json``; its argument is a folder with htmx-2.js, turbo-8.js and the like.

A browser opens one address and is led from step to step by the pages that it gets: each step asks for
``/asked/<step>`` in its way. The browsers are run without a driver, which would change what they send.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

RELEVANT = (
    *("accept", "sec-fetch-dest", "sec-fetch-mode", "sec-fetch-site", "sec-purpose", "purpose", "x-moz"),
    *("x-requested-with", "hx-request", "hx-boosted", "turbo-frame"),
    *("service-worker", "service-worker-navigation-preload"),
)
WAIT = "setTimeout(next, 6000); (async () => { while (!(await (await fetch('/seen')).json())) ; next() })();"
GO = "const next = () => { if (next.done) return; next.done = 1; location.replace('/next') };"
CLICK = "document.querySelector('a').click();"
MARKUP = "document.body.innerHTML = "
SPECULATE = """const rules = document.createElement("script"); rules.type = "speculationrules";
rules.textContent = JSON.stringify({%s: [{urls: ["%s"], eagerness: "immediate"}]});
document.head.append(rules);"""
REGISTER = """navigator.serviceWorker.register("/worker.js?%s", {scope: "/asked/worker-%s"}).then(
  async (one) => {
  while (!one.active || one.active.state !== "activated") await new Promise((go) => setTimeout(go, 50));
  %s });"""
VISIT, FRAME = 'location.assign("%s")', 'document.body.innerHTML = "<iframe src=%s>"'
# What a worker answers with.
WORKERS = {
    "through": "fetch(e.request)",
    "address": "fetch(e.request.url)",
    "cache-first": "caches.match(e.request).then((old) => old || fetch(e.request))",
    "revalidate": "caches.open('a').then(async (c) => { const r = await fetch(e.request.clone());"
    " c.put(e.request, r.clone()); return r; })",
    "built": "fetch(new Request(e.request, {cache: 'reload'}))",
    "built-of-address": "fetch(new Request(e.request.url, {headers: e.request.headers}))",
    "preload": "e.preloadResponse",
}

# A step's script; %s is the address to ask for. Steps that do not lead away wait until they were seen.
LEADING = {
    "link": MARKUP + "'<a href=%s>'; " + CLICK,
    "script": "location.assign('%s')",
    "form": MARKUP + "'<form action=%s>'; document.forms[0].submit();",
    "form-post": MARKUP + "'<form method=post action=%s>'; document.forms[0].submit();",
    "refresh": MARKUP + "'<meta http-equiv=refresh content=0;url=%s>';",
    "reload": "location.assign('%s')",
    "history": "location.assign('%s')",
}
STAYING = {
    "form-into-frame": MARKUP
    + "'<iframe name=f></iframe><form target=f action=%s>'; document.forms[0].submit();",
    "download": MARKUP + "'<a download href=%s>'; " + CLICK,
    "iframe": MARKUP + "'<iframe src=%s>';",
    "frame": MARKUP + "'<iframe srcdoc=\"<frameset><frame src=%s></frameset>\">';",
    "object": MARKUP + "'<object data=%s>';",
    "object-typed": MARKUP + "'<object type=text/html data=%s>';",
    "embed": MARKUP + "'<embed src=%s>';",
    "embed-typed": MARKUP + "'<embed type=image/svg+xml src=%s>';",
    "img": MARKUP + "'<img src=%s>';",
    "svg-use": MARKUP + "'<svg><use href=%s#x /></svg>';",
    "video": MARKUP + "'<video src=%s preload=auto>';",
    "style": MARKUP + "'<link rel=stylesheet href=%s>';",
    "script-element": "document.body.append(Object.assign(document.createElement('script'), {src: '%s'}));",
    "module": "import('%s').catch(() => 0);",
    "worker": "new Worker('%s');",
    "prefetch": "document.head.append(Object.assign(document.createElement('link'), "
    "{rel: 'prefetch', href: '%s'}));",
    "prefetch-document": "document.head.append(Object.assign(document.createElement('link'), "
    "{rel: 'prefetch', as: 'document', href: '%s'}));",
    "speculation-prefetch": SPECULATE.replace("%s", "prefetch", 1),
    "speculation-prerender": SPECULATE.replace("%s", "prerender", 1),
    "fetch": "fetch('%s');",
    "fetch-html": "fetch('%s', {headers: {Accept: 'text/html'}});",
    "fetch-same-origin": "fetch('%s', {mode: 'same-origin'});",
    "fetch-same-origin-html": "fetch('%s', {mode: 'same-origin', headers: {Accept: 'text/html'}});",
    "fetch-no-cors": "fetch('%s', {mode: 'no-cors'});",
    "xhr": "const x = new XMLHttpRequest(); x.open('GET', '%s'); x.send();",
    "xhr-document": "const x = new XMLHttpRequest(); x.open('GET', '%s'); "
    "x.responseType = 'document'; x.send();",
    "xhr-jquery": "const x = new XMLHttpRequest(); x.open('GET', '%s'); "
    "x.setRequestHeader('X-Requested-With', 'XMLHttpRequest'); "
    "x.setRequestHeader('Accept', 'text/html, */*; q=0.01'); x.send();",
}
LOAD = """const s = document.createElement("script"); s.src = "/%f";
s.onload = () => setTimeout(() => { %d }, 200); document.head.append(s);"""
LIBRARIES = {
    "htmx": "document.body.innerHTML = '<a hx-get=%s>'; htmx.process(document.body); " + CLICK,
    "htmx-boosted": "document.body.innerHTML = '<div hx-boost=true><a href=%s>x</a></div>'; "
    "htmx.process(document.body); " + CLICK,
    "turbo": "document.body.innerHTML = '<a href=%s>x</a>'; " + CLICK,
    "turbo-frame": "document.body.innerHTML = '<turbo-frame id=f src=%s></turbo-frame>';",
    "turbo-form": "document.body.innerHTML = '<form method=post action=%s>'; "
    "document.forms[0].requestSubmit();",
}


def steps(folder: Path | None, *, secure: bool) -> dict[str, str]:
    """Return the script of each step."""
    made = {**LEADING}
    made |= {name: script + WAIT for name, script in STAYING.items()}
    for name in WORKERS if secure else ():
        made[f"worker-{name}"] = REGISTER.replace("%s", name, 2).replace("%s", VISIT, 1)
        made[f"worker-{name}-frame"] = REGISTER.replace("%s", name, 2).replace("%s", FRAME, 1) + WAIT
    for library in sorted(folder.iterdir()) if folder else ():
        which, _, version = library.stem.partition("-")
        made |= {
            name.replace(which, f"{which}-{version}", 1): LOAD.replace("%f", library.name).replace(
                "%d", script
            )
            + WAIT
            for name, script in LIBRARIES.items()
            if name.startswith(which)
        }
    return made


class Recorder(ThreadingHTTPServer):
    """Leads one browser through all steps and keeps what it sent."""

    def __init__(self, folder: Path | None, *, secure: bool) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.folder = folder
        self.steps = steps(folder, secure=secure)
        self.left = ["typed", *self.steps]
        self.now = self.left.pop(0)
        self.seen: dict[str, dict[str, str]] = {}
        self.times: dict[str, int] = {}
        self.done = threading.Event()


class Handler(BaseHTTPRequestHandler):
    """Answers with what makes the browser go on."""

    server: Recorder

    def do_GET(self) -> None:
        """Answer."""
        kind, _, name = self.path.partition("?")[0][1:].partition("/")
        server = self.server
        if kind == "asked":
            server.seen[name] = {key: self.headers[key] for key in RELEVANT if key in self.headers}
            server.times[name] = server.times.get(name, 0) + 1
            self._send(self._asked(name))
        elif kind == "seen":
            self._send(json.dumps(server.now in server.seen), "application/json")
        elif kind == "worker.js":
            answer = WORKERS[self.path.partition("?")[2]]
            preload = (
                "self.onactivate = (e) => e.waitUntil(registration.navigationPreload.enable());"
                if "preload" in self.path
                else ""
            )
            self._send(
                f"{preload} self.onfetch = (e) => "
                f"{{ if (e.request.mode === 'navigate') e.respondWith({answer}) }};",
                "text/javascript",
            )
        elif kind == "next":
            if not server.left:
                self._send("done")
                server.done.set()
                return
            server.now = server.left.pop(0)
            script = server.steps[server.now].replace("%s", f"/asked/{server.now}")
            self._send(f"<!doctype html><title>x</title><body><script>{GO}{script}</script>")
        elif server.folder and (server.folder / kind).is_file():
            self._send((server.folder / kind).read_text(), "text/javascript")
        else:
            self.send_error(404)

    do_POST = do_GET  # noqa: N815

    def _asked(self, name: str) -> str:
        goes_on = (
            name in LEADING
            or name in ("typed", "back")
            or (name.startswith("worker-") and "frame" not in name)
        )
        if not goes_on:
            return "x"
        script = "location.replace('/next')"
        if name == "reload" and self.server.times[name] == 1:
            script = "location.reload()"
        if name == "history" and self.server.times[name] == 1:
            script = "location.assign('/asked/back')"
        if name == "back":
            script = "history.back()"
        later = f"onpageshow = () => setTimeout(() => {{ {script} }}, 50)"
        return f"<!doctype html><title>x</title><body><script>{later}</script>"

    def _send(self, text: str, kind: str = "text/html") -> None:
        data = text.encode()
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        self.send_header("Cache-Control", "no-store")
        self.send_header("Service-Worker-Allowed", "/")
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: object) -> None:
        """Keep quiet."""


FIREFOX_PREFERENCES = """user_pref("network.dns.localDomains", "site.test");
user_pref("browser.shell.checkDefaultBrowser", false);
user_pref("datareporting.policy.dataSubmissionEnabled", false);
user_pref("browser.aboutwelcome.enabled", false);
user_pref("dom.security.https_first", false);
user_pref("browser.sessionhistory.max_total_viewers", 0);
user_pref("browser.download.useDownloadDir", true);
"""


def commands(profile: Path) -> dict[str, list[str]]:
    """Return how each browser is started, without the address."""
    (profile / "user.js").write_text(FIREFOX_PREFERENCES)
    return {
        "chromium": [
            *("chromium", "--headless=new", "--no-sandbox", "--disable-gpu", f"--user-data-dir={profile}/c"),
            *(
                "--no-first-run",
                "--host-resolver-rules=MAP site.test 127.0.0.1",
                "--disable-features=HttpsUpgrades,BackForwardCache",
            ),
        ],
        "firefox-esr": ["firefox-esr", "--headless", "--no-remote", "--profile", str(profile)],
    }


def record(browser: str, folder: Path | None, *, secure: bool) -> list[dict[str, object]]:
    """Lead one browser through all steps."""
    with tempfile.TemporaryDirectory() as profile, Recorder(folder, secure=secure) as server:
        command = commands(Path(profile))[browser]
        version = subprocess.run([command[0], "--version"], capture_output=True, text=True, check=True).stdout
        threading.Thread(target=server.serve_forever, daemon=True).start()
        host = "127.0.0.1" if secure else "site.test"
        address = f"http://{host}:{server.server_port}/asked/typed"
        with subprocess.Popen(
            [*command, address], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        ) as process:
            server.done.wait(300)
            process.terminate()
        server.shutdown()
        missing = sorted({*server.steps} - {*server.seen})
        print(version.strip(), "secure" if secure else "plain http", "missing:", missing, file=sys.stderr)
        groups: dict[str, list[str]] = {}
        for step, sent in server.seen.items():
            groups.setdefault(json.dumps(sent), []).append(step)
        where = {"browser": version.split("built")[0].strip(), "secure": secure}
        return [
            {**where, "steps": sorted(names), "headers": json.loads(sent)} for sent, names in groups.items()
        ]


def main() -> None:
    """Record both browsers, on an origin with fetch metadata and on one without."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else None
    found = [
        json.dumps(line)
        for secure in (True, False)
        for browser in ("chromium", "firefox-esr")
        for line in record(browser, folder, secure=secure)
    ]
    print("[\n" + ",\n".join(found) + "\n]")


if __name__ == "__main__":
    main()
