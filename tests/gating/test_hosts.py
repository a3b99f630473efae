"""No spelling of a host and no base leads past the gate, in whatever charset the page is."""

from __future__ import annotations

import pytest

from consentkit.gating import Gate
from consentkit.policy import Policy
from gating.pages import EVERYTHING, rewrite_cut, run

META = "connect.facebook.net"
LENIENT = Gate(Policy(), unclassified="allow")


def is_live(page: bytes) -> bool:
    out = rewrite_cut(page)
    assert rewrite_cut(page, EVERYTHING) == page
    assert rewrite_cut(page, gate=LENIENT) == out
    assert out == page or b"text/plain" in out or b"data-consentkit-" in out
    return out == page


@pytest.mark.parametrize(
    "host",
    [
        "connect.face&#xE0100;book.net",
        "connect.face&#xE01EF;book.net",
        "connect.face\u3164book.net",
        "connect.face\u115f\u1160book.net",
        "connect&#x17b4;.face&#x17b5;book.net",
        "\u2061connect.facebook\u2063.net",
        "connect.face\u206a\u206fbook.net",
        "connect.face&#65440;book.net",
        "connect.face&#x1BCA0;book.n&#x1BCA3;et",
        "connect.face%F3%A0%84%80book.net",
        "connect。ｆａｃｅｂｏｏｋ．net",
        "𝒸onnect.𝕗acebook.ⓝet",
        "CONNECT.ＦACEBOOK.NET.",
        "*.facebook.net",
        "a b.facebook.net",
        "xn--e1afmkfd.facebook.net",
    ],
)
@pytest.mark.parametrize("tag", ["<script src='https://{}/q'></script>", '<img src="//{}/q">'])
def test_every_spelling_is_the_vendor_s(host: str, tag: str) -> None:
    if " " in host and "&" in tag:
        return
    assert not is_live(tag.format(host).encode())


@pytest.mark.parametrize(
    ("host", "charset"),
    [
        ("connect.face\xadbook.net", "windows-1252"),
        ("connect.f\xaacebook.net", "windows-1252"),
        ("connect.ｆａｃｅｂｏｏｋ.net", "shift_jis"),
        ("ｃonnect.facebook.net", "euc_jp"),
        ("connect.facebook．net", "gbk"),
        ("connect.faceｂook.net", "big5"),
        ("connect．facebook.net", "euc_kr"),
        ("connect.facebo\xbak.net", "mac_roman"),
        ("bücher.example", "windows-1252"),
    ],
)
def test_hosts_in_bytes_that_are_not_utf_8_cannot_be_read(host: str, charset: str) -> None:
    assert not is_live(f"<script src=https://{host}/q></script>".encode(charset))
    assert not is_live(f"<base href=https://{host}/><img src=q>".encode(charset))


@pytest.mark.parametrize(
    "page",
    [
        "<img src=https://bücher.example/x>",
        "<script src=https://пример.example/x></script>",
        "<img src=https://例え.example/x><img src=https://faß.example/x>",
        "<img src=https://xn--bcher-kva.example/x>",
        "<img src=https://☕.example/x><img src=https://my_cdn.example/x>",
        "<img src=https://face-book.net.example/x>",
        "<img src=/straße/ｆａｃｅ.png>",
        "<img src=//[cdn]/x.png><img src=https://a^b/x.png><img src=https://>",
        "<img src=https://a&#xE000;b.facebook.net/>",
    ],
)
def test_other_hosts_and_what_browsers_refuse_stay(page: str) -> None:
    assert is_live(page.encode())


def test_paths_in_other_charsets_stay() -> None:
    assert is_live(b"<img src=/stra\xdfe.png><img src=https://cdn.example/stra\xdfe.png>")


def test_who_cannot_be_read_is_reported() -> None:
    out, handler = run("<img src=https://face&#xfffd;book.net/x>")
    assert "data-consentkit-src" in out
    assert [(gated.element, gated.why) for gated in handler.gated] == [("img", "cut")]
    strict = Gate(Policy(), unclassified="gate")
    handler = run("<img src=https://face&#xfffd;book.net/x>", EVERYTHING, gate=strict)[1]
    assert [(gated.host, gated.why) for gated in handler.gated] == [("?", "unclassified")]


FOREIGN = f"<base href='https://{META}/'>"
OWN = "<base href=/>"
SCRIPT = "<script src=q></script>"


@pytest.mark.parametrize(
    "before",
    [
        f"<template>{OWN}</template>",
        f"<head><template>{OWN}</template>",
        f"<template><template>{OWN}</template></template>",
        f"<template><p>{OWN}<base href=https://own.example></p></template>",
        f"<div><template shadowrootmode=open>{OWN}</template></div>",
        f"<template><svg><g/></svg>{OWN}</template>",
        f"<body><noscript>{OWN}</noscript>",
        "<base href='https://a b^/'>",
        "<base href=https://x:99999/>",
        "<base href=//>",
        "<base href=data:,x>",
        "<base href=javascript:1><base href=data:,x>",
        "<base target=x>",
        "<svg><base href=/ /></svg>",
        "",
    ],
)
def test_a_base_that_may_not_count_is_not_the_first(before: str) -> None:
    assert not is_live(f"{before}{FOREIGN}{SCRIPT}".encode())


@pytest.mark.parametrize(
    "page",
    [
        f"{OWN}{FOREIGN}{SCRIPT}",
        f"<template><img src=/x></template>{OWN}{FOREIGN}{SCRIPT}",
        f"{OWN}<template>{FOREIGN}</template>{SCRIPT}",
        f"<template>{OWN}</template>{SCRIPT}",
        f"<base href=''>{FOREIGN}{SCRIPT}",
        f"<base href='#x'>{FOREIGN}{SCRIPT}",
        f"<base href=https://cdn.example/>{FOREIGN}{SCRIPT}",
        f"<base href=data:,x>{SCRIPT}",
    ],
)
def test_the_first_base_of_the_document_counts(page: str) -> None:
    assert is_live(page.encode())


def test_a_foreign_base_in_a_template_may_count() -> None:
    assert not is_live(f"<template>{FOREIGN}</template>{SCRIPT}".encode())


@pytest.mark.parametrize("count", [4, 5, 9])
@pytest.mark.parametrize("around", [("<template>", "</template>"), ("<body><noscript>", "</noscript>")])
def test_behind_many_uncertain_bases_no_relative_url_can_be_read(count: int, around: tuple[str, str]) -> None:
    bases = "".join(f"<base href=https://cdn{number}.example/>" for number in range(count))
    assert not is_live(f"{around[0]}{bases}{FOREIGN}{around[1]}{SCRIPT}".encode())
    assert is_live(f"{around[0]}{bases[: 4 * 34]}{around[1]}{SCRIPT}".encode())


def test_a_frame_in_a_template_keeps_its_placeholder() -> None:
    out = rewrite_cut(b"<template><iframe src=https://www.youtube.com/embed/x></iframe></template>")
    assert b"srcdoc" in out
