"""Import maps, speculation rules and web bundles: the addresses in them, and maps with other ones."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consentkit.gating.resource_urls import LIST_TYPES, listed_urls, rewrite_import_map

STUB = "/_consent/stub.js"


def read(kind: str, rules: object) -> list[str] | None:
    return listed_urls(kind, json.dumps(rules).encode())


def rewrite(whole: object) -> Any:
    written = rewrite_import_map(json.dumps(whole).encode(), lambda address: "vendor" in address, STUB)
    assert written is not None
    return json.loads(written)


def test_an_import_map_asks_the_addresses_of_its_entries() -> None:
    whole = {
        "imports": {"app": "/app.js", "a": "https:/vendor.example/a.js", "none": None, "number": 1},
        "scopes": {"https://scope.example/": {"b": "//vendor.example/b.js"}, "/x/": None},
        "integrity": {"https://hash.example/x.js": "sha384-x"},
    }
    assert read("importmap", whole) == ["/app.js", "https:/vendor.example/a.js", "//vendor.example/b.js"]


def test_a_web_bundle_asks_its_source_and_stands_for_its_resources() -> None:
    whole = {"source": "/own.wbn", "scopes": ["https://a.example/"], "resources": ["https://b.example/x"]}
    assert read("webbundle", whole) == ["/own.wbn", "https://a.example/", "https://b.example/x"]


@pytest.mark.parametrize("action", ["prefetch", "prerender", "prerender_until_script", "of-tomorrow"])
def test_speculation_rules_ask_what_they_list(action: str) -> None:
    rules = {action: [{"urls": ["/a", "https:\\\\vendor.example\t/"]}, {"source": "list", "urls": ["/b"]}]}
    assert read("speculationrules", rules) == ["/a", "https:\\\\vendor.example\t/", "/b"]


@pytest.mark.parametrize(
    ("where", "found"),
    [
        ({"href_matches": "/*"}, ["/*"]),
        ({"href_matches": ["/a/:id", "?page=*"]}, ["/a/:id", "?page=*"]),
        ({"href_matches": "https://vendor.example:8080/*"}, ["https://vendor.example:8080/*"]),
        ({"href_matches": {"pathname": "/shop/*"}}, []),
        ({"href_matches": ["/a", {"search": "x"}, "/b"]}, ["/a", "/b"]),
        (
            {"and": [{"selector_matches": "a"}, {"href_matches": "/*"}, {"not": {"href_matches": "/x"}}]},
            ["/*"],
        ),
        ({"and": [{"not": {}}, {"and": [{"href_matches": "/*"}]}]}, ["/*"]),
        ({"or": [{"href_matches": "/a"}, {"href_matches": "/b"}]}, ["/a", "/b"]),
        ({"or": []}, []),
    ],
)
def test_document_rules_with_known_hosts(where: object, found: list[str]) -> None:
    assert read("speculationrules", {"prefetch": [{"source": "document", "where": where}]}) == found
    assert read("speculationrules", {"prefetch": [{"where": where}]}) == found


@pytest.mark.parametrize(
    "rule",
    [
        {"source": "document"},
        {"source": "document", "where": {}},
        {"where": None},
        {"where": {"and": []}},
        {"where": {"not": {"href_matches": "/logout"}}},
        {"where": {"selector_matches": ".fast"}},
        {"where": {"href_matches": "*"}},
        {"where": {"href_matches": "*://*/*"}},
        {"where": {"href_matches": "https://*.vendor.example/*"}},
        {"where": {"href_matches": "https://{vendor,x}.example/*"}},
        {"where": {"href_matches": ["/*", "https://:host/*"]}},
        {"where": {"href_matches": {"hostname": "vendor.example"}}},
        {"where": {"href_matches": {"pathname": "/*", "baseURL": "https://vendor.example"}}},
        {"where": {"or": [{"href_matches": "/*"}, {"selector_matches": "a"}]}},
    ],
)
def test_document_rules_that_may_follow_any_link_cannot_be_read(rule: object) -> None:
    assert read("speculationrules", {"prefetch": [rule]}) is None
    assert read("speculationrules", {"prefetch": [{"urls": ["/a"]}], "prerender": [rule]}) is None


@pytest.mark.parametrize("kind", LIST_TYPES)
@pytest.mark.parametrize("text", [b"", b"{", b"{'imports': {}}", b"[" * 200_000, b"{} //", b"\xef\xbb\xbf{}"])
def test_what_is_no_json_cannot_be_read(kind: str, text: bytes) -> None:
    assert listed_urls(kind, text) is None
    assert rewrite_import_map(text, lambda address: True, STUB) is None


@pytest.mark.parametrize("kind", LIST_TYPES)
@pytest.mark.parametrize("text", [b"[]", b"1", b'{"imports": 1, "prefetch": 1, "source": 1, "scopes": 1}'])
def test_what_holds_no_rules_asks_nobody(kind: str, text: bytes) -> None:
    assert listed_urls(kind, text) == []


def test_denied_entries_of_an_import_map_point_to_the_stub() -> None:
    assert rewrite(
        {
            "imports": {
                "app": "/app.js",
                "posthog-js": "https://vendor.example/module.js",
                "lib/": "https://vendor.example/lib/",
                "own/": "/own/",
                "none": None,
            },
            "scopes": {"https://vendor.example/": {"x": "/x.js", "y": "//vendor.example/y.js"}},
            "integrity": {"/app.js": "sha384-x"},
        }
    ) == {
        "imports": {"app": "/app.js", "posthog-js": STUB, "lib/": f"{STUB}/", "own/": "/own/", "none": None},
        "scopes": {"https://vendor.example/": {"x": "/x.js", "y": STUB}},
        "integrity": {"/app.js": "sha384-x"},
    }


def test_a_rewritten_map_cannot_end_its_script_and_keeps_bytes_of_other_charsets() -> None:
    text = b'{"imports": {"caf\xe9": "/x.js", "<\\/script>": "/</script", "v": "//vendor.example/"}}'
    assert rewrite_import_map(text, lambda address: "vendor" in address, STUB) == (
        b'{"imports": {"caf\xe9": "/x.js", "\\u003c/script>": "/\\u003c/script", "v": "/_consent/stub.js"}}'
    )


def test_a_map_with_half_characters_cannot_be_written_again() -> None:
    assert rewrite_import_map(b'{"imports": {"\\ud800": "/x"}}', lambda address: False, STUB) is None


JSON = st.recursive(
    st.none() | st.integers() | st.text(), lambda part: st.lists(part) | st.dictionaries(st.text(), part)
)
NAMES = st.sampled_from(
    [
        "imports",
        "scopes",
        "source",
        "urls",
        "where",
        "href_matches",
        "and",
        "or",
        "not",
        "prefetch",
        "document",
    ]
)
RULES = st.recursive(
    JSON | NAMES, lambda part: st.lists(part, max_size=3) | st.dictionaries(NAMES, part, max_size=3)
)


@given(RULES)
def test_never_raises(rules: object) -> None:
    for kind in LIST_TYPES:
        read(kind, rules)
    rewrite_import_map(json.dumps(rules).encode(), lambda address: True, STUB)


@given(st.dictionaries(NAMES | st.text(), RULES))
def test_a_map_of_which_nothing_is_denied_means_the_same(whole: object) -> None:
    written = rewrite_import_map(
        json.dumps(whole, ensure_ascii=False).encode("utf-8", "replace"), lambda address: False, STUB
    )
    assert written is not None
    assert json.loads(written) == json.loads(json.dumps(whole, ensure_ascii=False).encode("utf-8", "replace"))
