"""The demo's article behind `wsgi_shell`, served by wsgiref to real clients: the core knows no server."""

from __future__ import annotations

import gc
import io
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from types import FrameType
from typing import Any
from urllib.parse import urlencode
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment
from wsgiref.util import setup_testing_defaults, shift_path_info
from wsgiref.validate import validator

import httpx
import pytest
from bs4 import BeautifulSoup

from consentkit.log import ConsentLog
from consentkit.record.receipt import verify_receipt
from consentkit.tlog.note import read_checkpoint
from consentkit.web.options import Options
from web.endpoints.driver import SECRET
from web.wsgi_shell import WSGIShell
from web.wsgi_site import HTML, PATIENCE, POLICY, Site, served

NAVIGATION = {"accept": "text/html", "sec-fetch-dest": "document", "sec-fetch-mode": "navigate"}
FORM = {"accept": "text/html", "sec-fetch-site": "same-origin"}
LIVE = 'async src="https://www.googletagmanager.com/gtag/js'
HELD = 'data-consentkit-src="https://www.googletagmanager.com/gtag/js'
VIDEO_HELD = 'data-consentkit-src="https://www.youtube.com/embed/'


@pytest.fixture
def visitor(site: Site) -> Iterator[httpx.Client]:
    with (
        served(site.shell) as url,
        httpx.Client(base_url=url, headers=NAVIGATION, timeout=PATIENCE) as client,
    ):
        yield client


def fields_of(page: str) -> dict[str, str]:
    """Return the hidden fields of the banner's form."""
    form = BeautifulSoup(page, "html.parser").select_one("#consentkit-form")
    assert form is not None, "there is no banner"
    assert (form["method"], form["action"]) == ("post", "/_consent/decision")
    return {str(field["name"]): str(field["value"]) for field in form.select("input")}


def choose(client: httpx.Client, site: Site, action: str, **fields: str) -> httpx.Response:
    """Press a button of the banner as a browser without JavaScript does."""
    shown = fields_of(client.get(site.news.path).text)
    return client.post("/_consent/decision", data={**shown, "action": action, **fields}, headers=FORM)


def choose_in_settings(client: httpx.Client, action: str) -> httpx.Response:
    """Press a button of the settings page in the same way."""
    page = BeautifulSoup(client.get("/_consent/").text, "html.parser")
    form = page.select_one('form[action="/_consent/decision"]')
    assert form is not None
    fields = {str(field["name"]): str(field["value"]) for field in form.select("input[type=hidden]")}
    return client.post("/_consent/decision", data={**fields, "action": action}, headers=FORM)


def set_cookies(answer: httpx.Response) -> list[str]:
    return sorted(line.partition("=")[0] for line in answer.headers.get_list("set-cookie"))


def history_of(client: httpx.Client) -> str:
    """Return what the settings page says of the visitor's choices."""
    page = BeautifulSoup(client.get("/_consent/").text, "html.parser")
    found = page.select_one("section[aria-labelledby=consentkit-history]")
    assert found is not None
    return found.get_text(" ")


# --- pages


def test_the_article_has_its_banner_and_vendors_are_held_back(visitor: httpx.Client, site: Site) -> None:
    answer = visitor.get(site.news.path)
    assert answer.status_code == 200
    assert 'id="consentkit-banner"' in answer.text and "Long-Range Missiles" in answer.text
    assert HELD in answer.text and LIVE not in answer.text and VIDEO_HELD in answer.text
    assert int(answer.headers["content-length"]) == len(answer.content)
    assert answer.headers["cache-control"] == "private" and "Cookie" in answer.headers["vary"]
    site.log.write_observations()
    assert [(one.key, count) for one, count in site.log.observations("shown").items()] == [("opt-in en", 1)]


def test_a_head_request_gets_no_body(visitor: httpx.Client, site: Site) -> None:
    for path in (site.news.path, "/_consent/", "/_consent/state"):
        answer = visitor.head(path)
        assert (answer.status_code, answer.content) == (200, b""), path
    assert int(visitor.head("/_consent/").headers["content-length"]) > 1000


def test_a_page_goes_out_piece_by_piece(visitor: httpx.Client, site: Site) -> None:
    with visitor.stream("GET", "/streamed") as answer:
        seen, pieces = "", answer.iter_text()
        while 'id="consentkit-banner"' not in seen:
            seen += next(pieces)
        assert "<article" not in seen and HELD in seen
        site.news.onwards.set()
        rest = "".join(pieces)
    assert "<article" in rest and VIDEO_HELD in rest and "</html>" in rest
    assert site.news.closed.wait(PATIENCE)


def test_what_a_visitor_denies_is_hidden_from_the_app(visitor: httpx.Client, site: Site) -> None:
    sent = {"cookie": "_ga=GA1.2.3; session=mine", "accept-encoding": "gzip, weird", "x-other": "kept"}
    page = visitor.get(site.news.path, headers=sent)
    environ = site.news.environs[-1]
    assert environ["HTTP_COOKIE"] == "session=mine" and environ["HTTP_X_OTHER"] == "kept"
    assert environ["HTTP_ACCEPT_ENCODING"] == "gzip"
    assert not environ["consentkit.consent"].allows("analytics")
    visitor.get(site.news.path, headers={"if-none-match": page.headers["etag"]})
    assert page.headers["etag"] != '"1"' and site.news.environs[-1]["HTTP_IF_NONE_MATCH"] == 'W/"1"'


def test_what_is_no_page_passes(visitor: httpx.Client) -> None:
    answer = visitor.get("/nothing")
    assert (answer.status_code, answer.text) == (404, "no such page")


def test_a_mounted_app_has_its_own_pages_below_it(site: Site) -> None:
    def root(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        shift_path_info(environ)
        return site.shell(environ, start_response)

    with served(root) as url, httpx.Client(base_url=url, headers=NAVIGATION) as client:
        page = BeautifulSoup(client.get(f"/caf%C3%A9{site.news.path}").text, "html.parser")
        form = page.select_one("#consentkit-form")
        assert form is not None and form["action"] == "/caf%C3%A9/_consent/decision"
        fields = {str(field["name"]): str(field["value"]) for field in form.select("input")}
        assert fields["return_to"] == f"/caf%C3%A9{site.news.path}"
        answer = client.post(str(form["action"]), data={**fields, "action": "reject"}, headers=FORM)
        assert (answer.status_code, answer.headers["location"]) == (303, fields["return_to"])
    assert [entry.action for entry in site.entries()] == ["reject_all"]


def test_an_excluded_path_is_left_alone(tmp_path: Path) -> None:
    site = Site(tmp_path, exclude=["/world"])
    with served(site.shell) as url:
        assert httpx.get(url + site.news.path, headers=NAVIGATION).content == site.news.article


# --- decisions


def test_a_grant_is_in_the_log_and_holds(visitor: httpx.Client, site: Site) -> None:
    answer = choose(visitor, site, "accept")
    assert (answer.status_code, answer.headers["location"]) == (303, site.news.path)
    assert set_cookies(answer) == ["consentkit", "consentkit-id"]
    [entry] = site.entries()
    assert (entry.action, entry.source, entry.denied) == ("accept_all", "banner", ())
    assert entry.subject and entry.granted == ("analytics", "functional", "marketing")
    assert [sorted(decision.granted) for decision in site.decisions] == [sorted(entry.granted)]
    page = visitor.get(site.news.path).text
    assert LIVE in page and HELD not in page and VIDEO_HELD not in page
    assert 'id="consentkit-banner"' not in page
    assert visitor.get("/_consent/state").json()["granted"] == [*sorted((*entry.granted, "necessary"))]


def test_who_refuses_gets_no_id(visitor: httpx.Client, site: Site) -> None:
    answer = choose(visitor, site, "reject")
    assert (answer.status_code, set_cookies(answer)) == (303, ["consentkit"])
    [entry] = site.entries()
    assert (entry.action, entry.subject) == ("reject_all", None)
    assert HELD in visitor.get(site.news.path).text


def test_a_grant_can_be_withdrawn_from_the_settings(visitor: httpx.Client, site: Site) -> None:
    choose(visitor, site, "accept")
    answer = choose_in_settings(visitor, "withdraw")
    assert answer.status_code == 303
    assert [entry.action for entry in site.entries()] == ["accept_all", "withdraw"]
    assert HELD in visitor.get(site.news.path).text
    assert history_of(visitor).count("UTC") == 2


def test_a_receipt_is_taken_home_and_the_history_erased(visitor: httpx.Client, site: Site) -> None:
    choose(visitor, site, "accept")
    receipt = visitor.get("/_consent/receipt")
    assert receipt.headers["content-type"] == "application/ld+json"
    assert [entry.action for entry in verify_receipt(receipt.content).entries] == ["accept_all"]
    answer = visitor.post("/_consent/erase", data={"action": "erase"}, headers=FORM)
    assert (answer.status_code, answer.headers["location"]) == (303, "/_consent/?erased=1")
    assert (site.entries(), [*visitor.cookies]) == ([], [])
    assert visitor.get("/_consent/receipt").status_code == 404
    assert HELD in visitor.get(site.news.path).text


def test_the_log_shows_its_checkpoint_and_notices(visitor: httpx.Client, site: Site) -> None:
    choose(visitor, site, "reject")
    checkpoint = read_checkpoint(visitor.get("/_consent/log/checkpoint").text)
    assert checkpoint.size == site.log.head().size
    [notice] = visitor.get("/_consent/log/notices").json()
    shown = visitor.get(f"/_consent/log/notices/{notice['hash']}")
    assert (shown.status_code, shown.json()["locale"]) == (200, "en")
    assert visitor.get("/_consent/log/tile/0/000.p/99").status_code == 404


def test_while_the_log_is_away_no_grant_holds_but_every_refusal_does(
    visitor: httpx.Client, site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    site.path.mkdir()
    granted = choose(visitor, site, "accept")
    assert (granted.status_code, set_cookies(granted)) == (503, [])
    assert "a grant is not honoured" in caplog.text and HELD in visitor.get(site.news.path).text
    assert site.decisions == []
    refused = choose(visitor, site, "reject")
    assert (refused.status_code, set_cookies(refused)) == (303, ["consentkit"])
    assert "a refusal is honoured, but the consent log does not take it" in caplog.text
    assert 'id="consentkit-banner"' not in visitor.get(site.news.path).text
    site.path.rmdir()
    assert choose_in_settings(visitor, "accept").status_code == 303
    assert [entry.action for entry in site.entries()] == ["accept_all"]


def test_another_site_can_send_nothing(visitor: httpx.Client, site: Site) -> None:
    shown = fields_of(visitor.get(site.news.path).text)
    for headers in ({"sec-fetch-site": "cross-site"}, {"origin": "https://evil.example"}):
        answer = visitor.post("/_consent/decision", data={**shown, "action": "accept"}, headers=headers)
        assert (answer.status_code, set_cookies(answer)) == (403, [])
    assert site.log.head().size == 0


def test_a_body_that_is_too_large_is_not_read(visitor: httpx.Client) -> None:
    answer = visitor.post("/_consent/decision", data={"action": "x" * 20_000}, headers=FORM)
    assert answer.status_code == 413


# --- PEP 3333, without a server


def environ_of(path: str = "/", method: str = "GET", body: bytes = b"", **more: Any) -> WSGIEnvironment:
    environ: WSGIEnvironment = {"SCRIPT_NAME": "", "PATH_INFO": path, "QUERY_STRING": ""}
    environ |= {"REQUEST_METHOD": method, "wsgi.input": io.BytesIO(body), "HTTP_ACCEPT": "text/html", **more}
    setup_testing_defaults(environ)
    return environ


class Client:
    """Takes one answer as a server does.

    Attributes:
        started: Statuses and headers.
        written: What came by ``write``.
    """

    def __init__(self) -> None:
        self.started: list[tuple[str, dict[str, str]]] = []
        self.written = b""

    def start(
        self, status: str, headers: list[tuple[str, str]], error: Any = None, /
    ) -> Callable[[bytes], None]:
        self.started.append((status, {name.lower(): value for name, value in headers}))
        return self._write

    def _write(self, data: bytes) -> None:
        self.written += data

    def get(self, app: WSGIApplication, environ: WSGIEnvironment) -> bytes:
        """Return the body that is iterated over."""
        body = validator(app)(environ, self.start)
        try:
            return b"".join(body)
        finally:
            body.close()  # type: ignore[attr-defined]


def shell_around(app: WSGIApplication, log: ConsentLog) -> WSGIShell:
    return WSGIShell(validator(app), Options(secret_key=SECRET, policy=POLICY, keeps_log=True), log)


def test_an_app_may_start_late_and_write(site: Site) -> None:
    def late(environ: WSGIEnvironment, start_response: StartResponse) -> Iterator[bytes]:
        write = start_response("200 OK", HTML)
        write(b"<html><body>")
        yield b"<p>text"

    client = Client()
    rest = client.get(shell_around(late, site.log), environ_of())
    assert client.written.startswith(b"<html>") and b'id="consentkit-banner"' in client.written
    assert rest == b"<p>text" and len(client.started) == 1


def test_an_error_takes_the_place_of_what_was_not_sent(site: Site) -> None:
    def failing(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        start_response("200 OK", [("Content-Type", "text/plain")])
        try:
            raise ValueError("first")
        except ValueError:
            start_response("500 Internal Server Error", HTML, sys.exc_info())
        return [b"<html><body>sorry"]

    client = Client()
    assert b'id="consentkit-banner"' in client.get(shell_around(failing, site.log), environ_of())
    assert [status for status, _ in client.started] == ["500 Internal Server Error"]


def test_an_error_after_the_first_bytes_reaches_the_server(site: Site) -> None:
    def failing(environ: WSGIEnvironment, start_response: StartResponse) -> Iterator[bytes]:
        start_response("200 OK", HTML)
        yield b"<html>"
        try:
            raise ValueError("too late")
        except ValueError:
            start_response("500 Internal Server Error", HTML, sys.exc_info())

    with pytest.raises(ValueError, match="too late"):
        Client().get(shell_around(failing, site.log), environ_of())


def test_starting_twice_is_refused(site: Site) -> None:
    def twice(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        start_response("200 OK", HTML)
        start_response("200 OK", HTML)
        return []

    with pytest.raises(RuntimeError, match="twice"):
        shell_around(twice, site.log)(environ_of(), Client().start)


def test_a_body_that_is_cut_off_is_refused(site: Site) -> None:
    client = Client()
    environ = environ_of("/_consent/decision", "POST", b"action=accept", CONTENT_LENGTH="99")
    environ |= {"CONTENT_TYPE": "application/x-www-form-urlencoded", "HTTP_SEC_FETCH_SITE": "same-origin"}
    client.get(site.shell, environ)
    assert client.started[0][0] == "400 Bad Request"


def test_no_code_of_a_server_or_an_event_loop_runs(site: Site) -> None:
    files: set[str] = set()

    def note(frame: FrameType, event: str, argument: object) -> None:
        files.add(frame.f_code.co_filename)

    client, path = Client(), site.news.path
    form = {"CONTENT_TYPE": "application/x-www-form-urlencoded", "HTTP_SEC_FETCH_SITE": "same-origin"}
    gc.disable()  # or what other tests left is finalized in between
    sys.setprofile(note)
    try:
        page = client.get(site.shell, environ_of(path)).decode()
        body = urlencode({**fields_of(page), "action": "accept"}).encode()
        posted = environ_of("/_consent/decision", "POST", body, CONTENT_LENGTH=str(len(body)), **form)
        site.shell(posted, client.start)
        cookies = client.started[-1][1]["set-cookie"].partition(";")[0]
        for own in ("/_consent/", "/_consent/receipt", "/_consent/log/checkpoint"):
            client.get(site.shell, environ_of(own, HTTP_COOKIE=cookies))
    finally:
        sys.setprofile(None)
        gc.enable()
    assert [status[:3] for status, _ in client.started[:2]] == ["200", "303"]
    assert any("/consentkit/web/" in file for file in files)
    foreign = ("/consentkit/asgi/", "/starlette/", "/anyio/", "/asyncio/")
    assert [file for file in files if any(part in file for part in foreign)] == []
