"""What is a page and what a part of one: as recorded from browsers, see `request_recorder`, and beyond."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asgi.client import BANNER, GATED, HTML, App, cookie, visit, wrap
from consentkit import Policy
from consentkit.web.request_kind import read_traits
from consentkit.web.response.cache_headers import BLOCKING

RECORDED = json.loads((Path(__file__).parent / "recorded_requests.json").read_text())
REQUESTS = [
    pytest.param(line["secure"], step, line["headers"], id=f"{line['browser'][:8]}-{line['secure']}-{step}")
    for line in RECORDED
    for step in line["steps"]
]
PAGES = frozenset(
    (
        *("typed", "link", "script", "form", "form-post", "refresh", "reload", "history", "back"),
        *("prefetch", "prefetch-document", "speculation-prefetch", "speculation-prerender"),
        *("worker-through", "worker-cache-first", "worker-revalidate", "worker-built", "worker-preload"),
    )
)
FRAMES = frozenset(
    (
        *("form-into-frame", "iframe", "frame", "object", "object-typed", "embed", "embed-typed"),
        "worker-preload-frame",
    )
)
# What comes over a worker or plain http does not say that it is for a frame, Firefox's download not that it
# is one, and a fetch that wants to look like a worker's does.
AS_PAGES = frozenset(
    (
        *(f"worker-{name}-frame" for name in ("through", "cache-first", "revalidate", "built")),
        *("fetch-same-origin-html",),
    )
)


def expected(step: str, headers: dict[str, str], *, secure: bool) -> set[str]:
    """Return what a request may be taken for."""
    if step in PAGES or step in AS_PAGES:
        return {"page"} if secure or not step.startswith("fetch") else {"page", "part"}
    if step in FRAMES:
        return {"frame"} if secure else {"page", "part"}
    if step == "download" and "accept" in headers:  # Firefox's
        return {"page"}
    if step == "fetch-html" and not secure:
        return {"page"}
    if step in ("img", "svg-use", "video", "style", "script-element", "module"):
        return {"resource"} if secure else {"part"}
    if step == "worker":
        return {"worker"} if secure else {"part"}
    return {"part"}


def asked(headers: dict[str, str], method: str = "GET") -> str:
    pairs = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
    return read_traits(method, pairs).asked


@pytest.mark.parametrize(("secure", "step", "headers"), REQUESTS)
def test_requests_are_taken_for_what_they_are(secure: bool, step: str, headers: dict[str, str]) -> None:
    assert asked(headers) in expected(step, headers, secure=secure)


def test_the_record_has_every_way_in_both_browsers() -> None:
    for name in ("Chromium", "Firefox"):
        lines = [line for line in RECORDED if name in line["browser"] and line["secure"]]
        missing = (PAGES | FRAMES | AS_PAGES).difference(*(line["steps"] for line in lines))
        assert missing <= {"speculation-prefetch", "speculation-prerender"}


NAVIGATES = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
SAFARI = {"sec-fetch-dest": "document", "sec-fetch-mode": "navigate", "accept": NAVIGATES}


@pytest.mark.parametrize(
    ("headers", "kind"),
    [
        # In-app browsers name their app on every request.
        ({**SAFARI, "x-requested-with": "com.instagram.android"}, "page"),
        ({**SAFARI, "x-requested-with": "com.facebook.katana"}, "page"),
        ({"accept": NAVIGATES, "x-requested-with": "com.instagram.android"}, "page"),
        ({"accept": NAVIGATES, "x-requested-with": "com.zhiliaoapp.musically"}, "page"),
        ({**SAFARI, "sec-fetch-dest": "empty", "x-requested-with": "org.telegram.messenger"}, "page"),
        ({"accept": NAVIGATES, "x-requested-with": "XMLHttpRequest"}, "part"),
        ({"accept": NAVIGATES, "x-requested-with": "xmlhttprequest"}, "part"),
        # Older browsers' prefetches, and other ways to write them.
        ({"sec-fetch-dest": "empty", "accept": NAVIGATES, "purpose": "prefetch"}, "page"),
        (
            {"sec-fetch-dest": "empty", "accept": NAVIGATES, "sec-purpose": "prefetch;anonymous-ip"},
            "page",
        ),
        ({"sec-fetch-dest": "empty", "accept": "*/*", "sec-purpose": "prefetch"}, "part"),
        ({"sec-fetch-dest": "image", "accept": "image/*", "purpose": "prefetch"}, "resource"),
        # Forwarded by a worker, or by a script that takes anything.
        ({"sec-fetch-dest": "empty", "sec-fetch-mode": "navigate", "accept": "TEXT/HTML"}, "page"),
        ({"sec-fetch-dest": "empty", "sec-fetch-mode": "navigate", "accept": "*/*"}, "part"),
        ({"sec-fetch-dest": "empty", "sec-fetch-mode": "navigate"}, "part"),
        ({"sec-fetch-dest": "empty", "sec-fetch-mode": "cors", "accept": NAVIGATES}, "part"),
        ({"sec-fetch-dest": "empty", "sec-fetch-mode": "same-origin", "accept": "application/json"}, "part"),
        ({"sec-fetch-dest": "unheard-of", "sec-fetch-mode": "navigate", "accept": NAVIGATES}, "part"),
        # No fetch metadata.
        ({"accept": "text/html"}, "page"),
        ({"accept": "application/xhtml+xml, text/html;q=0.9"}, "page"),
        ({"accept": "*/*"}, "part"),
        ({"accept": "application/json, */*"}, "part"),
        ({}, "part"),
        ({"accept": "text/html", "hx-request": "true"}, "part"),
        ({"accept": "text/html", "hx-request": "true", "hx-boosted": "true"}, "page"),
        ({"accept": "*/*", "hx-request": "true", "hx-boosted": "true"}, "part"),
        ({"accept": "text/html", "turbo-frame": "main"}, "part"),
        ({"accept": "text/html, application/xhtml+xml"}, "part"),
        ({"accept": "text/vnd.turbo-stream.html, text/html, application/xhtml+xml"}, "part"),
    ],
)
def test_other_requests_follow_the_same_table(headers: dict[str, str], kind: str) -> None:
    assert asked(headers) == kind


WORKER = {"sec-fetch-dest": "empty", "sec-fetch-mode": "navigate", "accept": NAVIGATES}
FIREFOX = {**WORKER, "sec-fetch-mode": "same-origin"}
IN_APP = {**SAFARI, "x-requested-with": "com.instagram.android"}
SCRIPT = {"accept": "*/*"}
OPT_OUT = Policy(uses=("google-analytics",), regimes={"default": "opt-out"})


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("headers", "page"), [(WORKER, True), (FIREFOX, True), (IN_APP, True), (SAFARI, True), (SCRIPT, False)]
)
async def test_pages_alone_have_banner_link_and_vendors_calls(headers: dict[str, str], page: bool) -> None:
    answer = await visit(wrap(), headers=headers)
    assert (GATED in answer.body, BANNER in answer.body) == (True, page)
    settled = await visit(wrap(), headers={**headers, "cookie": cookie("all")})
    assert (b'id="consentkit-link"' in settled.body) is page
    free = await visit(wrap(policy=OPT_OUT), headers=headers)
    assert (b"/assets/vc." in free.body) is page
    assert b'src="https://www.googletagmanager.com' in free.body


@pytest.mark.anyio
@pytest.mark.parametrize("headers", [WORKER, SAFARI])
async def test_who_comes_from_another_site_through_a_worker_is_known(headers: dict[str, str]) -> None:
    """Chromium sends the cookie with a visit that a worker forwards, ``empty`` and ``cross-site``."""
    site, away = wrap(policy=OPT_OUT), {**headers, "sec-fetch-site": "cross-site"}
    known = await visit(site, headers={**away, "cookie": cookie("all", policy=OPT_OUT, regime="opt-out")})
    assert GATED not in known.body
    refused = await visit(site, headers={**away, "cookie": cookie(policy=OPT_OUT, regime="opt-out")})
    assert GATED in refused.body
    # A frame looks the same, and there no cookie travels: whoever has none may have refused.
    assert (GATED in (await visit(site, headers=away)).body) is (headers is WORKER)
    posted = await visit(site, headers=away, method="POST")
    assert GATED in posted.body


@pytest.mark.anyio
@pytest.mark.parametrize("headers", [WORKER, FIREFOX, IN_APP, SAFARI])
@pytest.mark.parametrize("kind", [[], [("content-type", "image/svg+xml")]])
async def test_what_is_shown_and_cannot_be_read_is_held(headers: dict[str, str], kind: Any) -> None:
    answer = await visit(wrap(App(headers=kind)), headers=headers)
    assert answer.header("content-security-policy") == BLOCKING.decode()
    part = await visit(wrap(App(headers=kind)), headers=SCRIPT)
    assert part.header("content-security-policy") == ""


@pytest.mark.anyio
async def test_a_stream_of_turbos_is_a_part_whoever_asks() -> None:
    stream = b"<turbo-stream action=append target=x><template><script src='//www.googletagmanager.com/x'>"
    for headers in (
        SCRIPT,
        SAFARI,
        {"accept": "text/vnd.turbo-stream.html, text/html, application/xhtml+xml"},
    ):
        for kind in ("text/vnd.turbo-stream.html", "text/vnd.turbo-stream.html; charset=utf-8"):
            answer = await visit(wrap(App(stream, headers=[("content-type", kind)])), headers=headers)
            assert (GATED in answer.body, b"consentkit-banner" in answer.body) == (True, False)
            assert answer.body.startswith(b"<turbo-stream action=append target=x>")


@pytest.mark.anyio
async def test_what_tells_pages_from_parts_varies_them() -> None:
    listed = (await visit(wrap(App(headers=[HTML])), headers=SAFARI)).header("vary").lower().split(", ")
    for name in ("sec-fetch-dest", "sec-fetch-mode", "accept", "sec-purpose", "purpose", "turbo-frame"):
        assert name in listed


@given(
    st.dictionaries(
        st.sampled_from(["sec-fetch-dest", "sec-fetch-mode", "accept", "sec-purpose", "x-requested-with"]),
        st.sampled_from(["", "document", "empty", "navigate", "text/html", "*/*", "prefetch"]),
    )
)
def test_no_fragment_of_a_script_is_a_page(headers: dict[str, str]) -> None:
    kind = asked(headers)
    if headers.get("sec-fetch-dest") == "document":
        assert kind == "page"
    elif "text/html" not in headers.get("accept", ""):
        assert kind != "page"
