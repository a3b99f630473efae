"""The script that answers `__gpp`, in a real browser."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import msgspec
import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page

from consentkit.vendorcalls.gpp import GPP, gpp_attributes, gpp_for, gpp_script
from e2e.tabs import borrowed

pytestmark = pytest.mark.browser

IN = gpp_for("US-CA", opted_out=False, gpc=False)
OUT = gpp_for("US-CA", opted_out=True, gpc=False)
NOWHERE = GPP(string="DBAA", sections=(), parsed={})
CSP = "default-src 'none'; script-src 'self' 'nonce-test'"

# A stub as the specification has it: generic commands are answered, others wait, messages are taken.
STUB = """
window.heard = [];
window.__gpp = function () {
  var stub = window.__gpp;
  stub.queue = stub.queue || []; stub.events = stub.events || [];
  if (!arguments.length) return stub.queue;
  if (arguments[0] === "addEventListener") {
    stub.lastId = (stub.lastId || 0) + 1;
    stub.events.push({ id: stub.lastId, callback: arguments[1] });
    arguments[1]({ eventName: "listenerRegistered", listenerId: stub.lastId, data: true }, true);
  } else stub.queue.push([].slice.apply(arguments));
};
"""
LISTEN = """
window.heard = [];
__gpp("addEventListener", function (event, success) {
  heard.push([event.eventName, event.data, event.pingData && event.pingData.signalStatus, success]);
});
"""
ASK = """([command, parameter]) => {
  let answer = null;
  window.__gpp(command, (data, success) => { answer = [data, success]; }, parameter);
  return answer;
}"""
TELL = "state => { dispatchEvent(new CustomEvent('consentkit', { detail: state })); }"

Load = Callable[..., Page]


@pytest.fixture
def load(chromium: Browser) -> Iterator[Load]:
    """Load a page whose policy allows nothing inline of ours: a script, the file, and a script behind."""
    errors: list[str] = []

    def note(message: ConsoleMessage) -> None:
        if message.type == "error":
            errors.append(message.text)

    with borrowed(chromium) as page:

        def make(gpp: GPP = IN, *, prompting: bool = False, before: str = "", behind: str = "") -> Page:
            inline = '<script nonce="test">{}</script>'
            file = f'<script src="/gpp.js" {gpp_attributes(gpp, prompting=prompting)}></script>'
            html = f"<title>Story</title>{inline.format(before)}{file}{inline.format(behind)}<p>Story"
            files: dict[str, tuple[str | bytes, str]] = {
                "/": (html, "text/html"),
                "/gpp.js": (gpp_script(), "text/javascript"),
            }

            def serve(route: Any) -> None:
                body, kind = files["/" + route.request.url.split("/", 3)[3]]
                route.fulfill(body=body, content_type=kind, headers={"content-security-policy": CSP})

            page.route("**/*", serve)
            page.goto("https://localhost/")
            return page

        page.on("console", note)
        yield make
        page.remove_listener("console", note)
    assert errors == []


def ask(page: Page, command: str, parameter: Any = None) -> Any:
    return page.evaluate(ASK, [command, parameter])


def state(gpp: GPP) -> dict[str, Any]:
    return {"granted": [], "denied": [], "gpp": msgspec.to_builtins(gpp)}


def test_ping(load: Load) -> None:
    assert ask(load(), "ping") == [
        {
            "gppVersion": "1.1",
            "cmpStatus": "loaded",
            "cmpDisplayStatus": "hidden",
            "signalStatus": "ready",
            "supportedAPIs": ["7:usnat", "8:usca"],
            "cmpId": 1,
            "sectionList": [8],
            "applicableSections": [8],
            "gppString": IN.string,
            "parsedSections": IN.parsed,
        },
        True,
    ]


def test_the_display_is_what_the_page_shows(load: Load) -> None:
    assert ask(load(prompting=True), "ping")[0]["cmpDisplayStatus"] == "visible"
    nowhere = ask(load(NOWHERE, prompting=True), "ping")[0]
    assert nowhere["cmpDisplayStatus"] == "disabled"
    assert (nowhere["applicableSections"], nowhere["sectionList"]) == ([-1], [])
    assert nowhere["gppString"] == "DBAA"


@pytest.mark.parametrize(
    ("command", "parameter", "answer"),
    [
        ("hasSection", "usca", [True, True]),
        ("hasSection", "usnat", [False, True]),
        ("hasSection", "toString", [False, True]),
        ("getSection", "usca", [IN.parsed["usca"], True]),
        ("getSection", "tcfeuv2", [None, False]),
        ("getField", "usca.SaleOptOut", [2, True]),
        ("getField", "usca.Gpc", [False, True]),
        ("getField", "usca.SensitiveDataProcessing", [[0] * 9, True]),
        ("getField", "usca.Nothing", [None, False]),
        ("getField", None, [None, False]),
        ("removeEventListener", 7, [False, True]),
        ("usca.something", None, [None, False]),
        ("constructor", None, [None, False]),
    ],
)
def test_commands(load: Load, command: str, parameter: object, answer: object) -> None:
    assert ask(load(), command, parameter) == answer


def test_a_choice_without_a_new_page_is_told_in_order(load: Load) -> None:
    page = load(prompting=True, behind=LISTEN)
    page.evaluate(TELL, state(OUT))
    assert page.evaluate("heard") == [
        ["listenerRegistered", True, "ready", True],
        ["signalStatus", "not ready", "not ready", True],
        ["cmpDisplayStatus", "hidden", "not ready", True],
        ["sectionChange", "usca", "not ready", True],
        ["signalStatus", "ready", "ready", True],
    ]
    ping = ask(page, "ping")[0]
    assert (ping["gppString"], ping["cmpDisplayStatus"]) == (OUT.string, "hidden")
    assert ask(page, "getField", "usca.SaleOptOut") == [1, True]


def test_what_did_not_change_is_not_said_to_have(load: Load) -> None:
    page = load(behind=LISTEN)
    page.evaluate(TELL, state(IN))
    assert [name for name, *_ in page.evaluate("heard")] == [
        "listenerRegistered",
        "signalStatus",
        "signalStatus",
    ]


def test_a_state_without_gpp_changes_nothing(load: Load) -> None:
    page = load(behind=LISTEN)
    page.evaluate(TELL, {"granted": [], "denied": []})
    page.evaluate("dispatchEvent(new Event('consentkit'))")
    assert len(page.evaluate("heard")) == 1
    assert ask(page, "ping")[0]["gppString"] == IN.string


def test_listeners_can_leave_and_fail(load: Load) -> None:
    page = load(
        behind="""
        window.heard = [];
        __gpp("addEventListener", function (event) { throw new Error("of the caller's own"); });
        __gpp("addEventListener", function (event) {
          heard.push(event.eventName);
          __gpp("removeEventListener", function (removed) { heard.push(removed); }, event.listenerId);
        });
        __gpp("addEventListener", function (event) { heard.push(event.eventName); });
        """
    )
    page.evaluate(TELL, state(OUT))
    first, rest = page.evaluate("heard").index(True), page.evaluate("heard")
    assert rest[:first] == ["listenerRegistered"]
    assert rest[first + 1 :] == ["listenerRegistered", "signalStatus", "sectionChange", "signalStatus"]


def test_what_a_caller_does_to_an_answer_stays_there(load: Load) -> None:
    page = load(
        behind="__gpp('ping', function (data) { data.applicableSections.push(2); data.gppString = ''; });"
    )
    page.evaluate("__gpp('getSection', data => { data[0].SaleOptOut = 0; }, 'usca')")
    ping = ask(page, "ping")[0]
    assert (ping["applicableSections"], ping["gppString"]) == ([8], IN.string)
    assert ask(page, "getField", "usca.SaleOptOut") == [2, True]


def test_calls_without_a_function_break_nothing(load: Load) -> None:
    page = load(behind="__gpp(); __gpp('ping'); __gpp(7, 7, 7); __gpp('addEventListener', null);")
    page.evaluate(TELL, state(OUT))
    assert ask(page, "ping")[0]["gppString"] == OUT.string


def test_what_waits_in_a_stub_is_answered(load: Load) -> None:
    asked = """
    __gpp("getSection", function (data) { heard.push(["section", data[0].SaleOptOut]); }, "usca");
    __gpp("addEventListener", function (event) { heard.push([event.eventName, event.data]); });
    """
    page = load(OUT, prompting=True, before=STUB + asked)
    assert page.evaluate("heard") == [
        ["listenerRegistered", True],
        ["cmpStatus", "loaded"],
        ["cmpDisplayStatus", "visible"],
        ["signalStatus", "ready"],
        ["section", 1],
    ]
    added = page.evaluate("new Promise(then => __gpp('addEventListener', event => then(event.listenerId)))")
    assert added == 2


@pytest.mark.parametrize(
    "own",
    [
        "window.__gpp = function (command, callback) { if (callback) callback('own', true); };",
        "window.__gpp = function (command) { command.toString(); };",
        "window.__gpp = 7;",
    ],
)
def test_another_consent_tool_stays(load: Load, own: str) -> None:
    page = load(before=own + "window.own = window.__gpp;")
    assert page.evaluate("window.__gpp === window.own && !frames.__gppLocator")


@pytest.mark.parametrize("text", [False, True], ids=["object", "text"])
def test_frames_ask_by_message(load: Load, text: bool) -> None:
    page = load()
    page.wait_for_function("frames.__gppLocator")
    page.evaluate("document.body.append(Object.assign(document.createElement('iframe'), { name: 'ad' }))")
    frame = page.frame(name="ad")
    assert frame is not None
    answer = frame.evaluate(
        """(text) => new Promise((then) => {
          const call = { __gppCall: { command: "ping", version: "1.1", callId: "id-1" } };
          addEventListener("message", (event) => then(event.data));
          parent.postMessage("unrelated", "*");
          parent.postMessage(text ? JSON.stringify(call) : call, "*");
        })""",
        text,
    )
    assert isinstance(answer, str) is text
    returned = (msgspec.json.decode(answer) if text else answer)["__gppReturn"]
    assert (returned["callId"], returned["success"]) == ("id-1", True)
    assert returned["returnValue"]["gppString"] == IN.string


def test_a_stub_that_takes_messages_goes_on_alone(load: Load) -> None:
    locator = """
    var frame = document.createElement("iframe");
    frame.name = "__gppLocator"; document.documentElement.appendChild(frame);
    """
    page = load(before=STUB + locator)
    page.evaluate("window.answers = 0; addEventListener('message', () => { answers++; })")
    page.evaluate("postMessage({ __gppCall: { command: 'ping', callId: 1 } }, '*')")
    page.evaluate("new Promise((then) => setTimeout(then))")
    assert page.evaluate("answers") == 1
    assert page.evaluate("document.querySelectorAll('[name=__gppLocator]').length") == 1


def test_a_second_element_says_nothing(load: Load) -> None:
    page = load(behind=LISTEN)
    page.evaluate(
        """() => new Promise((then) => {
          const first = document.querySelector("[data-gpp]"), copy = document.createElement("script");
          copy.dataset.gpp = first.dataset.gpp.replaceAll("8", "7");
          copy.src = first.src; copy.onload = then; document.body.append(copy);
        })"""
    )
    assert ask(page, "ping")[0]["applicableSections"] == [8]
