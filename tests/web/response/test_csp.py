"""The second Content-Security-Policy, what the site's own allows, and the reports that come back."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from bs4 import BeautifulSoup
from hypothesis import given
from hypothesis import strategies as st

from asgi.client import (
    BANNER,
    GATED,
    HTML,
    NAVIGATION,
    POLICY,
    Answer,
    App,
    browser,
    cookie,
    post,
    visit,
    wrap,
)
from consentkit import ConsentLog, ConsentMiddleware, Policy, Vendor
from consentkit.exceptions import ConfigurationError
from consentkit.policy import Banner
from consentkit.web.endpoints.csp_reports import find_undeclared
from consentkit.web.request import Request
from consentkit.web.response.csp import Allowed, PagePolicy, read_allowed

SITES_OWN = "default-src 'self' https:; report-uri /own"
REPORT = {"content-type": "application/csp-report", "sec-fetch-site": "same-origin"}
BATCH = {**REPORT, "content-type": "application/reports+json"}


async def policy_of(
    policy: Policy = POLICY, granted: Any = (), *, host: str = "127.0.0.1", **options: Any
) -> set[str]:
    """The sources that a visitor's page may load from."""
    answer = await visit(
        wrap(policy=policy, csp="enforce"),
        headers={**NAVIGATION, "host": host, "cookie": cookie(granted, policy=policy, **options)},
    )
    directive, _, rest = answer.header("content-security-policy").partition("; ")
    assert rest == "report-uri /_consent/csp"
    name, *sources = directive.split()
    assert name == "default-src"
    return set(sources)


OWN = {"'self'", "'unsafe-inline'", "'unsafe-eval'", "'wasm-unsafe-eval'", "data:", "blob:"}


def of(*hosts: str, purpose: str = "analytics") -> Policy:
    return Policy(vendors={"own": Vendor(name="Own", purpose=purpose, hosts=hosts)})


@pytest.mark.anyio
async def test_off_is_the_default_and_adds_nothing() -> None:
    answer = await visit(wrap(), headers=NAVIGATION)
    assert not [name for name, _ in answer.start["headers"] if b"security-policy" in name]


@pytest.mark.parametrize("mode", ["on", "", True, None])
def test_other_modes_are_refused(mode: Any) -> None:
    with pytest.raises(ConfigurationError, match=r"^csp: expected"):
        wrap(csp=mode)


@pytest.mark.anyio
async def test_only_the_site_itself_before_a_choice() -> None:
    assert await policy_of() == OWN


@pytest.mark.anyio
async def test_a_grant_adds_the_hosts_of_its_vendors_and_of_no_other() -> None:
    sources = await policy_of(granted=["analytics"])
    assert {"google-analytics.com:*", "*.google-analytics.com:*", "ws://*.google-analytics.com:*"} <= sources
    assert not [source for source in sources if "facebook" in source or "youtube" in source]


@pytest.mark.anyio
async def test_a_vendor_allowed_singly_is_added_declared_or_not() -> None:
    assert "*.youtube-nocookie.com:*" in await policy_of(granted=["youtube"])
    assert "*.vimeo.com:*" in await policy_of(granted=["vimeo"])


@pytest.mark.anyio
async def test_with_everything_granted_pages_are_still_held_to_what_is_declared() -> None:
    sources = await policy_of(granted=list(POLICY.purposes))
    assert "*.ytimg.com:*" in sources
    assert not [source for source in sources if "hotjar" in source]


@pytest.mark.anyio
async def test_what_is_necessary_needs_no_grant() -> None:
    sources = await policy_of(of("cdn.example", purpose="necessary"))
    assert sources - OWN == {"cdn.example:*", "*.cdn.example:*", "ws://cdn.example:*", "ws://*.cdn.example:*"}


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("host", "sources"),
    [
        ("h.example:8080", {"h.example:8080", "*.h.example:8080"}),
        ("h.example/a/b", {"h.example:*/a/b", "h.example:*/a/b/", "*.h.example:*/a/b", "*.h.example:*/a/b/"}),
        ("h.example/a;b,c", {"h.example:*/a%3Bb%2Cc", "h.example:*/a%3Bb%2Cc/"}),
        ("h.example/a?id=G-", {"h.example:*/a", "h.example:*/a/"}),
        ("10.0.0.1:81", {"10.0.0.1:81"}),
        ("localhost:81", {"localhost:81", "*.localhost:81"}),
        ("[::1]:81", set()),
        ("a_b.example", set()),
        ("a;b.example", set()),
        ("bücher.example", {"xn--bcher-kva.example:*"}),
    ],
)
async def test_hosts_as_sources(host: str, sources: set[str]) -> None:
    found = await policy_of(of(host), ["analytics"])
    assert sources <= found
    assert bool(sources) == bool(found - OWN)
    assert not any("*.10." in source or ";" in source or "," in source for source in found)


@pytest.mark.anyio
async def test_a_source_is_left_out_where_another_covers_it() -> None:
    sources = await policy_of(of("h.example", "a.h.example", "h.example/x", "b.h.example:81"), ["own"])
    assert {source for source in sources - OWN if "ws" not in source} == {"h.example:*", "*.h.example:*"}


@pytest.mark.anyio
async def test_below_the_sites_own_host_everything_may_load() -> None:
    assert await policy_of(host="www.news.example:81") >= {"news.example:*", "*.news.example:*"}


@pytest.mark.anyio
@pytest.mark.parametrize(("granted", "there"), [([], False), (["analytics"], True)])
async def test_but_not_while_a_vendor_is_denied_there(granted: list[str], there: bool) -> None:
    sources = await policy_of(of("stats.news.example"), granted, host="www.news.example")
    assert ("*.news.example:*" in sources) is there


@pytest.mark.anyio
@pytest.mark.parametrize(("mode", "gated"), [("off", False), ("report-only", False), ("enforce", True)])
async def test_enforcing_gates_unclassified_third_parties_too(mode: str, gated: bool) -> None:
    app = App(b'<body><script src="https://unknown.example/x.js"></script></body>')
    assert (GATED in (await visit(wrap(app, csp=mode), headers=NAVIGATION)).body) is gated


@pytest.mark.anyio
@pytest.mark.parametrize(("mode", "there"), [("", False), ("basic", False), ("advanced", True)])
async def test_a_vendor_in_advanced_mode_is_loaded_before_the_choice(mode: Any, there: bool) -> None:
    policy = Policy(uses=("google-analytics",), vendors={"google-analytics": Vendor(consent_mode=mode)})
    assert ("*.google-analytics.com:*" in await policy_of(policy)) is there


@pytest.mark.anyio
async def test_the_sites_own_policy_stays_as_it_is() -> None:
    app = App(headers=[HTML, ("content-security-policy", SITES_OWN)])
    first, second = (await visit(wrap(app, csp="enforce"), headers=NAVIGATION)).all("content-security-policy")
    assert first == SITES_OWN
    assert second.startswith("default-src 'self' ")


@pytest.mark.anyio
async def test_report_only_has_a_header_of_its_own() -> None:
    answer = await visit(wrap(csp="report-only"), headers=NAVIGATION)
    assert answer.header("content-security-policy-report-only").startswith("default-src 'self' ")
    assert not answer.header("content-security-policy")


@pytest.mark.anyio
async def test_nothing_is_added_where_nothing_is_enforced_or_excluded() -> None:
    for app in (wrap(csp="enforce", enforce=False), wrap(csp="enforce", exclude=["/"])):
        assert not (await visit(app, headers=NAVIGATION)).header("content-security-policy")


@pytest.mark.anyio
async def test_the_report_address_is_below_the_mount() -> None:
    answer = await visit(wrap(csp="enforce", prefix="/c"), "/a;b/x", root_path="/a;b", headers=NAVIGATION)
    assert answer.header("content-security-policy").endswith("; report-uri /a%3Bb/c/csp")


def script(dest: str, **headers: str) -> dict[str, Any]:
    return {"headers": {"sec-fetch-dest": dest, "accept": "*/*", **headers}}


JS = App(b"1", headers=[("content-type", "text/javascript"), ("cache-control", "public"), ("etag", '"1"')])


@pytest.mark.anyio
@pytest.mark.parametrize("dest", ["worker", "sharedworker", "serviceworker"])
async def test_a_workers_script_has_the_policy_and_no_shared_cache(dest: str) -> None:
    answer = await visit(wrap(JS, csp="enforce"), **script(dest))
    assert answer.header("content-security-policy").startswith("default-src 'self' ")
    assert answer.header("cache-control") == "private"
    assert "Cookie" in answer.header("vary")
    assert answer.header("etag").startswith('W/"1;ck-')
    assert answer.body.startswith(b"1")


@pytest.mark.anyio
@pytest.mark.parametrize(("dest", "csp"), [("script", "enforce"), ("worker", "off")])
async def test_other_scripts_stay_as_they_are(dest: str, csp: str) -> None:
    answer = await visit(wrap(JS, csp=csp), **script(dest))
    assert dict(answer.start["headers"]) == {
        b"content-type": b"text/javascript",
        b"cache-control": b"public",
        b"etag": b'"1"',
    }


@pytest.mark.anyio
async def test_a_workers_script_from_before_a_withdrawal_is_not_confirmed() -> None:
    app = App(b"1", headers=JS.headers)
    wrapped = wrap(app, csp="enforce")
    granted = await visit(wrapped, **script("worker", cookie=cookie(["analytics"])))
    tag = granted.header("etag")
    await visit(wrapped, **script("worker", cookie=cookie(["analytics"]), **{"if-none-match": tag}))
    assert app.seen["if-none-match"].removeprefix("W/") == '"1"'
    for stale in (tag, '"1"'):
        await visit(wrapped, **script("worker", cookie=cookie(), **{"if-none-match": stale}))
        assert "if-none-match" not in app.seen


@pytest.mark.anyio
async def test_a_service_workers_script_changes_with_its_policy_and_never_else() -> None:
    """Browsers keep a worker, and the policy it came with, until the bytes of its script change."""
    app = App(b"let a;", b"let b", headers=[*JS.headers, ("content-length", "11")], length=False)
    wrapped = wrap(app, csp="enforce")

    async def body(**headers: str) -> bytes:
        answer = await visit(wrapped, **script("serviceworker", **headers))
        assert not answer.header("content-length")
        lines = answer.body.splitlines()
        assert lines[0] == b"let a;let b"
        assert [line[:3] for line in lines[1:]] == [b"// "]
        return answer.body

    refused, granted = await body(cookie=cookie()), await body(cookie=cookie(["analytics"]))
    assert refused == await body() == await body(**{"accept-language": "de"}) != granted
    assert app.seen["accept-encoding"] == "identity"


@pytest.mark.anyio
async def test_a_packed_service_worker_is_left_packed() -> None:
    app = App(b"\x1f", headers=[*JS.headers, ("content-encoding", "br"), ("content-length", "1")])
    answer = await visit(wrap(app, csp="enforce"), **script("serviceworker"))
    assert (answer.body, answer.header("content-length")) == (b"\x1f", "1")


@pytest.mark.anyio
@pytest.mark.parametrize(("own", "expected"), [((), 0), ((("content-security-policy", SITES_OWN),), 2)])
async def test_a_304_takes_no_stored_policy_away(own: tuple[tuple[str, str], ...], expected: int) -> None:
    tag = (await visit(wrap(JS, csp="enforce"), **script("worker"))).header("etag")
    app = App(b"", status=304, headers=[("etag", '"1"'), *own])
    answer = await visit(wrap(app, csp="enforce"), **script("worker", **{"if-none-match": tag}))
    assert len(answer.all("content-security-policy")) == expected


@pytest.mark.anyio
async def test_turning_it_on_makes_every_page_another() -> None:
    app = App(headers=[HTML, ("etag", '"1"')])
    off, on = [
        (await visit(wrap(app, csp=csp), headers=NAVIGATION)).header("etag") for csp in ("off", "enforce")
    ]
    assert off != on


@pytest.mark.anyio
@pytest.mark.parametrize("media_type", ["image/svg+xml", "application/xml", "application/xhtml+xml"])
async def test_other_documents_that_run_scripts_have_the_policy(media_type: str) -> None:
    app = App(b"<svg xmlns='http://www.w3.org/2000/svg'/>", headers=[("content-type", media_type)])
    policies = (await visit(wrap(app, csp="enforce"), headers=NAVIGATION)).all("content-security-policy")
    assert policies[-1].endswith("report-uri /_consent/csp")


@pytest.mark.anyio
async def test_head_has_the_headers_of_get() -> None:
    answer = await visit(wrap(csp="enforce"), headers=NAVIGATION, method="HEAD")
    assert answer.header("content-security-policy").startswith("default-src ")


# --- what the site's own policy allows

NONE = Allowed(script=None, style=None)


@pytest.mark.parametrize(
    ("policy", "allowed"),
    [
        ("", Allowed()),
        ("default-src 'self'", Allowed()),
        ("default-src *", Allowed()),
        ("default-src 'none'", NONE),
        ("default-src", NONE),
        ("default-src https://cdn.example", NONE),
        ("default-src https://www.example.org", Allowed()),
        ("default-src www.example.org:443/assets/", Allowed()),
        ("default-src *.example.org", Allowed()),
        ("default-src http://www.example.org", Allowed()),
        ("default-src https:", Allowed()),
        ("default-src wss://www.example.org", NONE),
        ("default-src www.example.org:8443", NONE),
        ("default-src example.org", NONE),
        ("script-src 'none'", Allowed(script=None)),
        ("style-src-elem 'none'; style-src 'self'", Allowed(style=None)),
        ("script-src-elem 'self'; script-src 'none'; default-src 'none'", Allowed(style=None)),
        ("script-src 'self' 'nonce-abc='", Allowed(script="abc=")),
        ("default-src 'nonce-d'", Allowed("d", "d")),
        ("default-src 'nonce-d'; script-src 'self'", Allowed("", "d")),
        ("style-src 'nonce-s'", Allowed("", "s")),
        ("SCRIPT-SRC 'NONCE-s'", Allowed("s")),
        ("script-src 'self'; script-src 'none'", Allowed()),
        ("script-src 'nonce-\"><script>'", Allowed(script=None)),
        ("script-src 'nonce-a b'", Allowed(script=None)),
        ("script-src 'self' 'strict-dynamic'", Allowed(script=None)),
        ("script-src 'self' 'nonce-n' 'strict-dynamic'", Allowed("n")),
        ("style-src 'self' 'strict-dynamic'", Allowed()),
        ("script-src 'nonce-a' 'nonce-b', script-src 'nonce-b'", Allowed("b")),
        ("script-src 'nonce-a', script-src 'nonce-b'", Allowed(script=None)),
        ("script-src 'nonce-a', script-src 'self'", Allowed("a")),
        ("default-src 'self', style-src 'none'", Allowed(style=None)),
        ("form-action 'none'", Allowed()),
        ("form-action 'none'; connect-src 'none'", Allowed(choice=False)),
        ("form-action 'none'; script-src 'none'", Allowed(script=None, choice=False)),
        ("form-action 'none', connect-src https://a.example", Allowed(choice=False)),
        ("form-action https://www.example.org; default-src 'none'", NONE),
        ("sandbox allow-forms", Allowed(script=None, choice=False)),
        ("sandbox allow-forms allow-same-origin", Allowed(script=None)),
        ("sandbox allow-scripts allow-same-origin", Allowed()),
        ("sandbox", Allowed(script=None, choice=False)),
        ("sandbox allow-scripts allow-forms", Allowed(choice=False)),
        ("script-src :99999999999999999999 [ ] http://: //x", Allowed(script=None)),
    ],
)
def test_what_the_sites_own_policy_allows(policy: str, allowed: Allowed) -> None:
    header = (b"Content-Security-Policy", policy.encode())
    assert read_allowed([header], "https://www.example.org")[:3] == allowed[:3]


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("policy", "form", "leaving"),
    [
        ("default-src 'none'", True, True),
        ("form-action 'none'", False, True),
        ("form-action 'self', form-action https://a.example", False, True),
        ("sandbox allow-forms allow-same-origin allow-top-navigation", True, True),
        ("sandbox allow-forms allow-same-origin ALLOW-top-navigation-by-user-activation", True, True),
        ("sandbox allow-forms allow-same-origin", True, False),
        ("sandbox allow-forms allow-same-origin allow-top-navigation, sandbox allow-forms", False, False),
        ("sandbox allow-top-navigation allow-same-origin", False, True),
        ("sandbox allow-forms allow-top-navigation", False, True),
    ],
)
async def test_placeholders_have_no_button_that_would_do_nothing(
    policy: str, form: bool, leaving: bool
) -> None:
    frame = b'<html><body><iframe src="https://www.youtube.com/embed/x"></iframe>'
    app = App(frame, headers=[("content-type", "text/html"), ("content-security-policy", policy)])
    page = BeautifulSoup((await visit(wrap(app), headers=NAVIGATION)).body, "html.parser")
    [shown] = page.select("iframe")
    inside = BeautifulSoup(str(shown["srcdoc"]), "html.parser")
    assert bool(inside.select("form, button")) is (form and leaving)
    assert bool(inside.select("a")) is leaving
    # In a window of another page, its frame is what is led, which a sandbox lets be.
    framed = await visit(wrap(app), headers={**NAVIGATION, "sec-fetch-dest": "iframe"})
    assert (b"&lt;form" in framed.body) is form


def test_every_header_must_allow_it() -> None:
    headers = [(b"content-security-policy", value) for value in (b"script-src 'self'", b"script-src 'none'")]
    assert read_allowed(headers, "http://example.org").script is None
    assert read_allowed([(b"content-security-policy-report-only", b"default-src 'none'")], "") == Allowed()


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("own", "script", "style", "banner"),
    [
        ("default-src 'self'", True, True, True),
        ("script-src 'none'", False, True, True),
        ("style-src 'none'", True, False, True),
        ("default-src 'none'", False, False, True),
        ("default-src 'none'; form-action 'none'", False, False, False),
    ],
)
async def test_only_what_may_load_is_put_into_a_page(
    own: str, script: bool, style: bool, banner: bool
) -> None:
    body = b"<html><head></head><body><script>fbq('init', '1')</script></body></html>"
    app = App(body, headers=[HTML, ("content-security-policy", own)])
    page = (await visit(wrap(app), headers=NAVIGATION)).body
    assert (b"<script defer=" in page, b"data-consentkit-stubs" in page) == (script, script)
    assert (b"<link rel=" in page) is style
    assert (BANNER in page) is banner
    assert b"/_consent/?return_to=" in page


# --- reports


def violation(blocked: object, directive: object = "script-src-elem", **more: object) -> bytes:
    return json.dumps(
        {"csp-report": {"blocked-uri": blocked, "effective-directive": directive, **more}}
    ).encode()


def batch(*blocked: str) -> bytes:
    reports = [
        {"type": "csp-violation", "body": {"blockedURL": url, "effectiveDirective": "img-src"}}
        for url in blocked
    ]
    return json.dumps([*reports, {"type": "deprecation", "body": {"id": "x"}}]).encode()


async def report(app: ConsentMiddleware, body: bytes, headers: Mapping[str, str] = REPORT) -> Answer:
    """Send a report as a browser does."""
    return await visit(app, "/_consent/csp", body=body, method="POST", headers=headers)


def counted(log: ConsentLog) -> dict[str, int]:
    """What is in the log."""
    log.write_observations()
    return {one.key: count for one, count in log.observations("csp").items()}


def written(folder: Path) -> bytes:
    """Everything that is on disk."""
    return b"".join(path.read_bytes() for path in folder.iterdir())


@pytest.mark.anyio
async def test_both_shapes_are_counted_by_directive_and_host_only(log: ConsentLog, tmp_path: Path) -> None:
    app = wrap(log=log, csp="enforce")
    url = "https://user@Cdn.Example:8443/secret?id=1#x"
    answer = await report(app, violation(url, **{"document-uri": "https://example.org/private"}))
    assert (answer.status, answer.body) == (204, b"")
    assert (await report(app, batch(url, "wss://b.example/x"), BATCH)).status == 204
    assert counted(log) == {
        "script-src-elem cdn.example": 1,
        "img-src cdn.example": 1,
        "img-src b.example": 1,
    }
    assert not [name for name in (b"secret", b"private", b"user") if name in written(tmp_path)]


@pytest.mark.anyio
async def test_older_browsers_name_the_directive_with_its_sources(log: ConsentLog) -> None:
    body = {"csp-report": {"blocked-uri": "https://a.example", "violated-directive": "img-src 'self' data:"}}
    assert (await report(wrap(log=log), json.dumps(body).encode())).status == 204
    assert counted(log) == {"img-src a.example": 1}


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("blocked", "directive"),
    [
        ("inline", "script-src-elem"),
        ("eval", "script-src"),
        ("data", "img-src"),
        ("self", "img-src"),
        ("", "img-src"),
        ("chrome-extension://abc/x.js", "script-src"),
        ("moz-extension", "script-src"),
        ("about:blank", "frame-src"),
        ("https://example.org/own", "img-src"),
        ("https://www.google-analytics.com/g/collect", "connect-src"),
        ("https://a_b.example/", "img-src"),
        ("https://[::1]/", "img-src"),
        ("https://" + "a." * 200 + "example/", "img-src"),
        ("https://a.example/", "base-uri"),
        ("https://a.example/", "nonsense"),
        ("https://a.example/", ""),
        (["https://a.example/"], "img-src"),
        (None, None),
        ("https://a.example/", {"a": 1}),
    ],
)
async def test_what_says_nothing_of_undeclared_hosts_is_not_kept(
    log: ConsentLog, blocked: object, directive: object
) -> None:
    assert (await report(wrap(log=log), violation(blocked, directive))).status == 204
    assert counted(log) == {}


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("headers", "body", "status"),
    [
        ({**REPORT, "content-type": "application/json"}, violation("https://a.example"), 415),
        ({"sec-fetch-site": "same-origin"}, violation("https://a.example"), 415),
        (REPORT, b"", 400),
        (REPORT, b"{", 400),
        (REPORT, b"\xff", 400),
        (REPORT, b"[" * 9000, 400),
        (REPORT, b"[]", 400),
        (REPORT, b'{"csp-report": []}', 400),
        (REPORT, batch("https://a.example"), 400),
        (BATCH, violation("https://a.example"), 400),
        (BATCH, b'[{"type": "csp-violation"}]', 400),
        (REPORT, violation("https://a.example/" + "x" * 17_000), 413),
        ({**REPORT, "sec-fetch-site": "cross-site"}, violation("https://a.example"), 403),
        ({**REPORT, "sec-fetch-site": "same-site"}, violation("https://a.example"), 403),
    ],
)
async def test_what_is_no_report_of_this_site_is_refused(
    log: ConsentLog, headers: dict[str, str], body: bytes, status: int
) -> None:
    assert (await report(wrap(log=log), body, headers)).status == status
    assert counted(log) == {}


@pytest.mark.anyio
async def test_reports_are_posted() -> None:
    answer = await visit(wrap(), "/_consent/csp")
    assert (answer.status, answer.header("allow")) == (405, "POST")


@pytest.mark.anyio
async def test_a_browser_that_sends_no_fetch_metadata_is_heard(log: ConsentLog) -> None:
    headers = {"content-type": "application/csp-report; charset=utf-8", "origin": "null"}
    assert (await report(wrap(log=log), violation("https://a.example"), headers)).status == 204
    assert counted(log) == {"script-src-elem a.example": 1}


@pytest.mark.anyio
async def test_without_a_log_reports_are_taken_and_forgotten() -> None:
    assert (await report(wrap(csp="enforce"), violation("https://a.example"))).status == 204


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: (
        st.lists(inner) | st.dictionaries(st.sampled_from(["csp-report", "body", "type", "x"]), inner)
    ),
)


@given(data=JSON, blocked=st.text() | JSON, directive=st.text() | st.sampled_from(["img-src"]))
def test_no_report_breaks_the_reader(data: Any, blocked: Any, directive: str) -> None:
    reader = PagePolicy(POLICY, "enforce")
    request = Request("POST", "/", [(b"content-type", b"application/csp-report")])
    body = {"csp-report": {"blocked-uri": blocked, "effective-directive": directive, "x": data}}
    for key in find_undeclared(reader, request, json.dumps(body).encode()):
        assert len(key.split(" ")) == 2


@pytest.mark.anyio
async def test_where_our_script_may_not_run_nothing_stands_before_the_page() -> None:
    policy = Policy(uses=POLICY.uses, banner=Banner(layout="modal"))
    app = wrap(App(headers=[HTML, ("content-security-policy", "script-src 'none'")]), policy=policy)
    async with browser(app) as client:
        page = (await client.get("/", headers=NAVIGATION)).text
        assert "<dialog" not in page and 'data-layout="bar"' in page
        notice = re.findall(r'name="notice" value="([0-9a-f]{64})"', page)[0]
        assert (await post(client, {"action": "accept", "notice": notice})).status_code == 303
    assert "<dialog" in (await visit(wrap(policy=policy), headers=NAVIGATION)).body.decode()
