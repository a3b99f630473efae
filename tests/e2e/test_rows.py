"""Every row of what the gate covers, in Chromium: a leak without it, none through it, a leak with consent.

A row is one page, whose vendor's host is one that no other row has, so that all pages can be open at once and
the sink still tells who asked. Not here, because no connection shows them: ``dns-prefetch`` and what only
reports to somebody later (``Reporting-Endpoints``, ``NEL``); tests/gating judges their bytes.

Some of what pages ask for is a hint, which browsers may drop while they are busy. So a row that must reach
its vendor is opened again, alone, before it counts as missing. One that must not is opened as often as it
took without the gate, and none of its visits may leak.
"""

from __future__ import annotations

import base64
import html
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Literal, NamedTuple

import pytest
from playwright.sync_api import BrowserContext, Page
from playwright.sync_api import Error as PlaywrightError
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from consentkit import ConsentMiddleware, Policy
from consentkit.testing import cookie_for
from e2e.conftest import NewProfile
from e2e.serving import Served
from e2e.sink import Sink
from e2e.tabs import go
from e2e.waiting import comes

pytestmark = pytest.mark.browser

SECRET = "Zq4v-8mWkT1xR6dY_3hLbN7cJ0pSfUe2"
POLICY = Policy(uses=("google-analytics",))
AT_ONCE = 12
AGAIN = 6
"""How often a row is opened again, alone, before an expected request counts as missing."""
PATIENCE = 10.0
"""Seconds after which it is opened again."""

Phase = Literal["ungated", "denied", "granted"]
LEAK: tuple[Phase, ...] = ("ungated", "granted")
MARKED: tuple[Phase, ...] = ("granted",)
UNKNOWN: tuple[Phase, ...] = ("ungated",)


class Row(NamedTuple):
    """One page. ``{v}`` is the vendor's address, ``{h}`` its host, ``{u}`` an address that nobody knows."""

    body: str
    seen: tuple[Phase, ...] = LEAK
    headers: Mapping[str, str] = {}
    site: Literal["plain", "gate", "csp"] = "plain"
    script: bool = True
    click: str = ""
    windows: bool = False  # whether it takes a browser with windows


def inline(code: str, seen: tuple[Phase, ...] = LEAK) -> Row:
    """Run a script that stands in the page."""
    return Row(f"<body><script>{code}</script>", seen)


def header(name: str, value: str, *, windows: bool = False) -> Row:
    """Send a header."""
    return Row("<p>Text", headers={name: value}, windows=windows)


def spelled(address: str) -> Row:
    """Spell the address of an image."""
    return Row(f"<img src='{address}'>")


def framed(content: str) -> str:
    """Escape the content of a frame."""
    return html.escape(content, quote=True)


ELEMENTS = {
    "script": Row("<script src={v}></script>"),
    "script-module": Row("<script type=module src={v}></script>"),
    "svg-script": Row("<svg><script href={v}></script></svg>"),
    "svg-script-xlink": Row("<svg><script xlink:href='{v}'/></svg>"),
    "svg-script-in-script": Row(
        "<svg><script><script>new Image().src = '{v}'</script></script></svg><p>Text"
    ),
    "iframe": Row("<iframe src={v}></iframe>"),
    "frame": Row("<frameset cols=*><frame src={v}></frameset>"),
    "srcdoc": Row('<iframe srcdoc="' + framed("<p>Text</p><img src='{v}'>") + '"></iframe>'),
    "srcdoc-script": Row(
        '<iframe srcdoc="' + framed("<script>new Image().src = '{v}'</script>") + '"></iframe>'
    ),
    "srcdoc-in-srcdoc": Row(
        '<iframe srcdoc="'
        + framed('<iframe srcdoc="' + framed("<img src={v}>") + '"></iframe>')
        + '"></iframe>'
    ),
    "img": Row("<img src={v}>"),
    "img-lazy": Row("<img loading=lazy src={v}>"),
    "srcset": Row("<img src=own.gif srcset='own.gif 9x, {v} 1x'>"),
    "picture": Row("<picture><source srcset='{v}'><img src=own.gif></picture>"),
    "svg-image": Row("<svg><image href={v} width=9 height=9 /></svg>"),
    "svg-use": Row("<svg width=9 height=9><image xlink:href='{v}' width=9 height=9 /></svg>"),
    "feimage": Row(
        "<svg width=9 height=9><filter id=f><feImage href={v} /></filter>"
        "<rect width=9 height=9 filter=url(#f) /></svg>"
    ),
    "input-image": Row("<input type=image src={v}>"),
    "body-background": Row("<body background={v}><p>Text"),
    "cell-background": Row("<table><tr><td background={v}>Text</table>"),
    "poster": Row("<video poster={v}></video>"),
    "video": Row("<video preload=auto src={v}></video>"),
    "video-source": Row("<video preload=auto><source src={v}></video>"),
    "audio": Row("<audio preload=auto src={v}></audio>"),
    "track": Row("<video crossorigin><track default kind=subtitles src={v}></video>"),
    "object": Row("<object data={v}></object>"),
    "embed": Row("<embed src={v}>"),
    "ping": Row("<a ping={v} href=#here>Go</a>", click="a"),
    "lazy-loader": Row(
        "<img data-src={v}>"
        "<script>document.querySelectorAll('[data-src]').forEach(i => i.src = i.dataset.src)</script>"
    ),
    "onload": Row("<img src=own.gif onload=\"new Image().src = '{v}'\">"),
    "onerror": Row("<img src=none.gif onerror=\"fetch('{v}')\">"),
    "body-onload": Row("<body onload=\"navigator.sendBeacon('{v}')\">Text"),
    "noscript": Row("<noscript><img src={v}></noscript>", script=False),
    "noscript-in-head": Row("<head><noscript><link rel=stylesheet href={v}></noscript>", script=False),
    "template": Row(
        "<body><template><img src={v}></template>"
        "<script>document.body.append(document.querySelector('template').content.cloneNode(true))</script>"
    ),
    "preconnect": Row("<link rel=preconnect href={v}>", windows=True),
    "preload": Row("<link rel=preload as=script href={v}>"),
    "preload-images": Row("<link rel=preload as=image imagesrcset='{v} 1x'>"),
    "modulepreload": Row("<link rel=modulepreload href={v}>"),
    "prefetch": Row("<link rel=prefetch href={v}>"),
    "stylesheet": Row("<link rel=stylesheet href={v}>"),
    "importmap": Row(
        '<script type=importmap>{{"imports": {{"a": "{v}"}}}}</script><script type=module>import "a"</script>'
    ),
    "meta-refresh": Row("<meta http-equiv=refresh content='0; url={v}'>"),
    "base": Row("<base href='{v}/'><img src=a.gif>"),
    "javascript-frame": Row("<iframe src=\"javascript:'<img src={v}>'\"></iframe>"),
    "javascript-link": Row("<a href=\"javascript:void(new Image().src = '{v}')\">Go</a>", click="a"),
    "javascript-form": Row(
        "<form action=\"javascript:void(new Image().src = '{v}')\"><button>Go</button></form>", click="button"
    ),
    "javascript-button": Row(
        "<form><button formaction=\" &#106;ava\tscript:void(new Image().src = '{v}')\">Go</button></form>",
        click="button",
    ),
    "javascript-drawn-link": Row(
        "<svg width=99 height=99><a xlink:href=\"javascript:void(new Image().src = '{v}')\">"
        "<rect width=99 height=99 /></a></svg>",
        click="rect",
    ),
    "javascript-link-by-motion": Row(
        "<svg width=99 height=99><a><rect width=99 height=99 />"
        "<set attributeName=href to=\"javascript:void(new Image().src = '{v}')\" /></a></svg>",
        click="rect",
    ),
    "svg-onload": Row("<body><svg a='>' onload=\"new Image().src = '{v}'\"></svg>"),
    "use-onload": Row("<svg><g><use href=own.svg#x onload=\"new Image().src = '{v}'\" /></g></svg>"),
    "svg-cdata": Row(
        "<svg><g d=x/><foreignObject><svg></g><style></svg></foreignObject>"
        "<![CDATA[><script src={v}></script>"
    ),
    "data-frame": Row("<iframe src='data:text/html,<img src={v}>'></iframe>"),
    "data-script": Row("<script src=\"data:text/javascript,new Image().src = '{v}'\"></script>"),
    "data-script-base64": Row("<script src='data:text/javascript;base64,{b}'></script>"),
    "data-object": Row("<object data='data:text/html,<img src={v}>'></object>"),
    "data-embed": Row("<embed type=text/html src='data:text/html,<img src={v}>'>"),
}
INLINE = {
    "signature": inline("fbq = () => new Image().src = '{v}'.replace('-', '-'); fbq('init', '1')"),
    "signature-alone": inline(
        "fbq = () => new Image().src = 'https://{l}.google' + '-analytics.com'; fbq('init', '1')"
    ),
    "src": inline("var i = document.createElement('img'); i.src = '{v}'"),
    "create-element": inline(
        "document.head.append(Object.assign(document.createElement('script'), {{src: '{v}'}}))"
    ),
    "import": inline("import('{v}').catch(() => 0)"),
    "fetch": inline("fetch('{v}').catch(() => 0)"),
    "beacon": inline("navigator.sendBeacon('{v}', '1')"),
    "image": inline("new Image().src = '{v}'"),
    "write": inline("document.write('<img src=\"{v}\">')"),
    "request": inline("var r = new XMLHttpRequest(); r.open('GET', '{v}'); r.send()"),
    "module": Row("<script type=module>import '{v}'</script>"),
}
HEADERS = {
    "link-preload": header("link", "<{v}>; rel=preload; as=script"),
    "link-preconnect": header("link", "<{v}>; rel=preconnect", windows=True),
    "link-among-others": header(
        "link", '<own.gif>; rel=preload; as=image, <{v}>; rel="preconnect"', windows=True
    ),
    "refresh": header("refresh", "0; url={v}"),
    "speculation-rules": header("speculation-rules", '"{v}"'),
}
SPELLINGS = {
    "no-scheme": spelled("//{h}/x"),
    "references": spelled("https:&#x2f;&sol;{h}/x"),
    "named-references": spelled("https&colon;//{l}.google-analytics&period;com/x"),
    "backslashes": spelled("https:\\\\{h}\\x"),
    "mixed-slashes": spelled("/\\{h}/x"),
    "one-slash": spelled("https:/{h}/x"),
    "no-slash": spelled("https:{h}/x"),
    "tab": spelled("ht&#9;tps:/\t/{h}/x"),
    "newline": spelled("https://{l}.google-\nanalytics.com/x"),
    "white-space": spelled(" &#1; https://{h}/x "),
    "userinfo": Row("<meta http-equiv=refresh content='0; url=https://user:p@ss@{h}/x'>"),
    "refresh-quoted": Row('<meta http-equiv=refresh content=\'0; url="https://own.example"@{h}/x"\'>'),
    "zeros": spelled("https:&#x000000002f;&#000000000047;{h}/x"),
    "time-with-tab": Row("<meta http-equiv=refresh content='0&#11;; url={v}'>"),
    "port": spelled("https://{h}:8443/x"),
    "trailing-dot": spelled("https://{h}./x"),
    "upper-case": spelled("HTTPS://{l}.GOOGLE-Analytics.COM/x"),
    "percent": spelled("https://{l}.g%6Fogle-analytics.com/x"),
    "wide-letters": spelled("https://{l}.ｇｏｏｇｌｅ-analytics.com/x"),
    "ideographic-dot": spelled("https://{l}。google-analytics。com/x"),
    "soft-hyphen": spelled("https://{l}.google&shy;-analytics.com/x"),
    "braces": spelled("http://{{a}}.{h}/x"),
    "quotes": spelled('http://a"b`.{h}/x'),
}
MARKERS = {
    "data-consent": Row("<script data-consent=analytics src={u}></script>"),
    "data-consent-inert": Row("<script type=text/plain data-consent=analytics src={u}></script>", MARKED),
    "vanilla-cookieconsent": Row("<script type=text/plain data-category=analytics src={u}></script>", MARKED),
    "klaro": Row(
        '<script type="text/plain" data-type="application/javascript" data-name="google-analytics" '
        'data-src="{u}"></script>',
        MARKED,
    ),
    "klaro-frame": Row("<iframe data-name=google-analytics data-src={u}></iframe>", MARKED),
    "cookiebot": Row("<script type=text/plain data-cookieconsent=statistics src={u}></script>", MARKED),
    "cookiebot-frame": Row("<iframe data-cookieconsent=marketing data-cookieblock-src={u}></iframe>", MARKED),
    "onetrust": Row("<script type=text/plain class=optanon-category-C0002 src={u}></script>", MARKED),
    "cookieyes": Row("<script type=text/plain data-cookieyes=cookieyes-analytics src={u}></script>", MARKED),
    "usercentrics": Row(
        '<script type=text/plain data-usercentrics="Google Analytics" src={u}></script>', MARKED
    ),
    "complianz": Row(
        "<script type=text/plain class=cmplz-script data-category=statistics data-cmplz-src={u}></script>",
        MARKED,
    ),
    "marked-inline": Row(
        "<script type=text/plain data-category=analytics>new Image().src = '{u}'</script>", MARKED
    ),
}
UNCLASSIFIED = {
    "unknown-script": Row("<script src={u}></script>", UNKNOWN, site="gate"),
    "unknown-img": Row("<img src={u}>", UNKNOWN, site="gate"),
    "unknown-frame": Row("<iframe src={u}></iframe>", UNKNOWN, site="gate"),
    "unknown-link": Row("<link rel=stylesheet href={u}>", UNKNOWN, site="gate"),
    "unknown-inline": Row("<script>new Image().src = '{u}'</script>", UNKNOWN, site="gate"),
    "unknown-reported": Row("<img src={u}>", ("ungated", "denied", "granted")),
}
CSS = {
    "css-import": Row("<style>@import url({v});</style><p>Text", site="csp"),
    "css-url": Row("<style>p {{ background: url({v}) }}</style><p>Text", site="csp"),
    "css-attribute": Row("<p style='background: url({v})'>Text", site="csp"),
    "css-font": Row(
        "<style>@font-face {{ font-family: f; src: url({v}) }} p {{ font: 1em f }}</style><p>Text", site="csp"
    ),
    "css-file": Row("<link rel=stylesheet href='own.css?{v}'><p>Text", site="csp"),
    "own-script": Row("<script src='own.js?{v}'></script>", site="csp"),
    "written": Row(
        "<script>document.write('<img src=\"ht' + 'tps://{l}.google' + '-analytics.com/\">')</script>",
        site="csp",
    ),
    "worker": Row("<script>new Worker('own.js?{v}')</script>", site="csp"),
    "service-worker": Row("<script>navigator.serviceWorker.register('own.js?{v}')</script>", site="csp"),
    "form": Row(
        "<form action={v}><button>Go</button></form>", ("ungated", "denied", "granted"), click="button"
    ),
}
ROWS: dict[str, Row] = {
    **ELEMENTS,
    **{f"inline-{name}": row for name, row in INLINE.items()},
    **{f"header-{name}": row for name, row in HEADERS.items()},
    **{f"spelling-{name}": row for name, row in SPELLINGS.items()},
    **{f"marker-{name}": row for name, row in MARKERS.items()},
    **UNCLASSIFIED,
    **CSS,
}
NUMBERS = {name: number for number, name in enumerate(ROWS)}

DRAWING = '<svg xmlns="http://www.w3.org/2000/svg"><rect id="x" width="9" height="9"/></svg>'
IMAGE = base64.b64decode("R0lGODlhAQABAIAAAP///wAAACH5BAEAAAAALAAAAAABAAEAAAICRAEAOw==")


def label_of(name: str, phase: str) -> str:
    """Return the part of a host that is this row's in this phase alone: browsers ask again."""
    return f"row{NUMBERS[name]}{phase}"


def words_of(name: str, phase: str) -> dict[str, str]:
    """Return what a row's placeholders stand for."""
    label = label_of(name, phase)
    vendor = f"https://{label}.google-analytics.com/x"
    code = f"new Image().src = '{vendor}'".encode()
    return {
        "v": vendor,
        "h": vendor.split("/")[2],
        "l": label,
        "u": f"https://{label}.unknown.example/x.js",
        "b": base64.b64encode(code).decode(),
    }


async def answer(scope: Scope, receive: Receive, send: Send) -> None:
    """Send the page of a row, or one of the site's own files: ``/site/phase/name``."""
    phase, name = scope["path"].split("/")[-2:]
    asked = scope["query_string"].decode()
    if name in ROWS:
        row, words = ROWS[name], words_of(name, phase)
        headers = {key: value.format(**words) for key, value in row.headers.items()}
        response = Response(f"<!doctype html>{row.body.format(**words)}", 200, headers, "text/html")
    elif name == "own.css":
        response = Response(f"@import '{asked}';", media_type="text/css")
    elif name == "own.js":
        response = Response(
            f"fetch('{asked}', {{mode: 'no-cors'}}).catch(() => 0)", media_type="text/javascript"
        )
    elif name == "own.svg":
        response = Response(DRAWING, media_type="image/svg+xml")
    else:
        found = name == "own.gif"
        response = Response(IMAGE if found else b"", 200 if found else 404, media_type="image/gif")
    await response(scope, receive, send)


@pytest.fixture(scope="module")
def site() -> Iterator[Served]:
    """Serve the rows without the gate and behind three of them, by the first part of the path."""
    sites: dict[str, ASGIApp] = {
        "plain": ConsentMiddleware(answer, secret_key=SECRET, log=None, policy=POLICY),
        "gate": ConsentMiddleware(answer, secret_key=SECRET, log=None, policy=POLICY, unclassified="gate"),
        "csp": ConsentMiddleware(answer, secret_key=SECRET, log=None, policy=POLICY, csp="enforce"),
    }

    async def choose(scope: Scope, receive: Receive, send: Send) -> None:
        first = scope.get("path", "/").split("/")[1]
        await sites.get(first, answer)(scope, receive, send)

    with Served(choose) as running:
        yield running


class Visit:
    """Opens rows, each in the profile that it takes, and sees which of them reach their vendor."""

    def __init__(self, profile: NewProfile, sink: Sink, url: str) -> None:
        self._sink, self._url = sink, url
        self._repeated: Counter[str] = Counter()
        self._names: dict[BrowserContext, list[str]] = {}
        for name, row in ROWS.items():
            self._names.setdefault(profile(script=row.script, windows=row.windows), []).append(name)
        self._tabs = {
            context: [context.new_page() for _ in names[:AT_ONCE]] for context, names in self._names.items()
        }

    def reached(self, phase: Phase) -> frozenset[str]:
        """Open every row and return the names of those that asked their vendor."""
        for context, names in self._names.items():
            context.clear_cookies()
            if phase == "granted":
                name, value = cookie_for(POLICY, secret_key=SECRET, granted="all")
                context.add_cookies([{"name": name, "value": value, "url": self._url}])
            for at in range(0, len(names), AT_ONCE):
                self._open(self._tabs[context], names[at : at + AT_ONCE], phase)
            for name in names:
                self._open_again(self._tabs[context][:1], name, phase)
        return self._found(phase)

    def _open(self, tabs: Sequence[Page], names: Sequence[str], phase: Phase) -> None:
        opened = [(tab, ROWS[name]) for tab, name in zip(tabs, names, strict=False)]
        for (tab, row), name in zip(opened, names, strict=True):
            site = "none" if phase == "ungated" else row.site
            go(tab, f"{self._url}/{site}/{phase}/{name}", wait_until="commit")
        for tab, row in opened:
            _settle(tab, row.click, quiet=phase not in row.seen)
        self._wait(phase, {name for name in names if phase in ROWS[name].seen})

    def _open_again(self, tab: Sequence[Page], name: str, phase: Phase) -> None:
        """Open a row alone until it has reached its vendor: as often as may be, or as it has taken so far."""
        expected = phase in ROWS[name].seen
        for _ in range(AGAIN if expected else self._repeated[name]):
            if name in self._found(phase):
                return
            self._repeated[name] += expected
            self._open(tab, [name], phase)

    def _found(self, phase: Phase) -> frozenset[str]:
        labels = {part for host in self._sink.hosts for part in host.split(".")}
        return frozenset(name for name in ROWS if label_of(name, phase) in labels)

    def _wait(self, phase: Phase, expected: set[str]) -> None:
        """Wait until what must come has come; what must not come has had its time already."""
        comes(lambda: expected <= self._found(phase), PATIENCE)


def _settle(page: Page, click: str, *, quiet: bool) -> None:
    """Wait until a page is loaded, and until it asks nobody any more. One that goes elsewhere has done so."""
    try:
        page.wait_for_load_state("load")
        if click:
            page.locator(click).last.click()
        if quiet:
            page.wait_for_load_state("networkidle")
    except PlaywrightError as error:
        if "interrupted" not in error.message and "ERR_" not in error.message:
            raise


@pytest.fixture(scope="module")
def reached(profile: NewProfile, sink: Sink, site: Served) -> Callable[[Phase], frozenset[str]]:
    """Return which rows reach their vendor in a phase; each phase is walked through once."""
    return lru_cache(maxsize=None)(Visit(profile, sink, site.url).reached)


@pytest.mark.parametrize("name", ROWS)
def test_vendors_are_reached_with_consent_only(reached: Callable[[Phase], frozenset[str]], name: str) -> None:
    phases: tuple[Phase, ...] = ("ungated", "denied", "granted")
    assert tuple(phase for phase in phases if name in reached(phase)) == ROWS[name].seen
