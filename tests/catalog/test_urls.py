"""URLs are read as browsers read them; every spelling here was taken from the URL standard's own rules."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consentkit.catalog import OWN_PAGE, UNREADABLE, URL, read_url, safe_path
from consentkit.catalog.urls import read_host

PAGE = URL("https", "news.example", None, "/a/b", "q=1")


def host(text: str, base: URL = PAGE) -> str | None:
    url = read_url(text, base=base)
    return None if url is None else url.host if url.readable else "unreadable"


@pytest.mark.parametrize(
    "text",
    [
        "https://evil.com/x",
        "HTTPS://EVIL.COM",
        "//evil.com",
        "///evil.com",
        "/\\evil.com",
        "\\\\evil.com/x",
        "\\/evil.com",
        "http:evil.com",
        "http:/evil.com",
        "http:\\\\evil.com",
        "https:///evil.com",
        "https:/\\evil.com",
        "ht\ntps:\t//ev\ril.com",
        "/\t/evil.com",
        " \x00\x1f//evil.com \n",
        "//user:pa@ss@evil.com/",
        "//news.example@evil.com",
        "//evil.com:443/",
        "//evil.com.",
        "//evil.com?x",
        "//evil.com#x",
        "//evil.com\\@news.example",
        "//%65vil.com",
        "//ev%C2%ADil.com",
        "//ｅｖｉｌ.com",
        "//evil。com",
        "//e\u200bvil.com",
        "wss://evil.com",
    ],
)
def test_all_spellings_of_a_foreign_host(text: str) -> None:
    assert host(text) == "evil.com"


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("x.js", "/a/x.js"),
        ("/x.js", "/x.js"),
        ("", "/a/b"),
        ("?y", "/a/b"),
        ("#y", "/a/b"),
        ("../../../x", "/x"),
        ("/a/%2e%2e/x", "/x"),
        ("/a/./b//c", "/a/b/c"),
        ("https:x.js", "/a/x.js"),
        ("https:/x.js", "/x.js"),
        ("1http://evil.com", "/a/1http:/evil.com"),
    ],
)
def test_relative_urls_stay_on_the_page_s_host(text: str, path: str) -> None:
    url = read_url(text, base=PAGE)
    assert url is not None
    assert (url.host, url.path) == ("news.example", path)


@pytest.mark.parametrize(
    "text",
    [
        "data:text/html,x",
        "javascript:alert(1)",
        "JAVA\tSCRIPT:1",
        "blob:https://evil.com/1",
        "about:blank",
        "mailto:a@b",
    ],
)
def test_schemes_that_reach_no_network(text: str) -> None:
    assert read_url(text, base=PAGE) is None


@pytest.mark.parametrize(
    "text",
    [
        "//",
        "https://",
        "//ev^il.com",
        "//ev%il.com",
        "//ev%FFil.com",
        "//ev\ue000il.com",
        "//evil.com:x",
        "//evil.com:99999",
        "//a%00b",
        "//[::1",
        "//[cdn]/x.js",
        "//1.2.3.4.5",
        "//x:1:2",
    ],
)
def test_what_browsers_refuse_reaches_nobody(text: str) -> None:
    assert read_url(text, base=OWN_PAGE) is None


@pytest.mark.parametrize(
    "text",
    [
        "//face\ufffdbook.net",
        "//face\udcadbook.net",
        "//face\U0003fffdbook.net",
        "//fac\u0301e^book.net",
        f"//{'%65' * 400}.net",
        f"//{'é' * 1025}.net",
    ],
)
def test_what_a_browser_may_read_and_nobody_here_can_is_never_the_page_s_own(text: str) -> None:
    url = read_url(text, base=OWN_PAGE)
    assert url is not None
    assert not url.readable
    assert not url.own


def test_own_page_tells_relative_from_foreign() -> None:
    assert (read_url("/x") or PAGE).own
    assert not (read_url("//x") or PAGE).own
    assert not (read_url("https:x") or OWN_PAGE).own  # the page's scheme is not known: fail closed


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Bücher.example", "xn--bcher-kva.example"),
        ("xn--bcher-kva.example", "xn--bcher-kva.example"),
        ("faß.example", "xn--fa-hia.example"),
        ("FAẞ.example", "xn--fa-hia.example"),
        ("ς.example", "xn--3xa.example"),
        ("\u0345.example", "xn--uxa.example"),
        ("\u212a.example", "k.example"),
        ("\U0001d41evil.example", "evil.example"),
        ("e\u200bvil%2e\ufb01.example", "evil.fi.example"),
        ("a%22b.example", 'a"b.example'),
        ("a%20b.example", "a%20b.example"),
        ("a\u3000b.example", "a%20b.example"),
        ("a*b.example", "a%2Ab.example"),
        ("face\U000e0100book.net", "facebook.net"),
        ("face\u3164\u115f\u1160book.net", "facebook.net"),
        ("face\u17b4\u2061\u206abook.net", "facebook.net"),
        ("fac\uffa0\U0001bca0e%F3%A0%87%AFbook.net", "facebook.net"),
        ("ﬀ.example", "ff.example"),
        ("xn--facebook-.net", "xn--facebook-.net"),
        ("my_host.example", "my_host.example"),
        ("☕.example", "xn--53h.example"),
        ("017700000001", "127.0.0.1"),
        ("0" * 70 + "177.0.0.1", "127.0.0.1"),
        ("[::ffff:1.2.3.4]", "[::ffff:102:304]"),
        ("127.1", "127.0.0.1"),
        ("0x7f.0.0.1", "127.0.0.1"),
        ("2130706433", "127.0.0.1"),
        ("0177.0.0.1", "127.0.0.1"),
        ("[::1]", "[::1]"),
        ("[0:0::1]", "[::1]"),
        ("localhost", "localhost"),
        ("256.1.1.1.1", None),
        ("1.256.1.1", None),
        ("", None),
        ("a|b", None),
    ],
)
def test_read_host(text: str, name: str | None) -> None:
    assert read_host(text) == name


@given(st.text(), st.text())
def test_never_raises(text: str, base: str) -> None:
    read = read_url(base) or OWN_PAGE
    read_url(text, base=read)
    read_url("//" + text, base=read)


@given(st.binary())
def test_never_raises_on_bytes_that_are_no_text(data: bytes) -> None:
    read_url("//" + data.decode("utf-8", "surrogateescape"))
    read_url("//" + data.decode("latin-1"))


LABEL = st.text("abcdefghijklmnopqrstuvwxyz0123456789-", min_size=1, max_size=12)
NAME = st.lists(LABEL, min_size=1, max_size=4).map(lambda labels: ".".join([*labels, "example"]))


@given(NAME)
def test_spelling_does_not_matter(name: str) -> None:
    upper = "".join(c.upper() if i % 2 else c for i, c in enumerate(name))
    tabs = "\t".join(name)
    percent = "".join(f"%{ord(c):02x}" for c in name)
    wide = "".join(chr(ord(c) + 0xFEE0) for c in name)
    for spelling in (upper, tabs, percent, wide, name + ".", f"user@{name}", f"{name}:8080"):
        for slashes in ("//", "\\\\", "/\\", "///", "https://", "http:\\"):
            assert host(slashes + spelling) == name


@given(st.text())
def test_a_host_read_twice_is_the_same(text: str) -> None:
    name = read_host(text)
    assert name is None or name == UNREADABLE or read_host(name) == name


@pytest.mark.parametrize(
    "path", ["//evil.example", "/\\evil.example", "/\t/evil.example", "javascript:x", "", "a"]
)
def test_paths_that_lead_elsewhere_lead_home(path: str) -> None:
    assert safe_path(path) == "/"


@given(st.text())
def test_a_safe_path_never_names_a_host(path: str) -> None:
    assert not urlsplit(safe_path(path)).netloc
