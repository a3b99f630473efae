"""Headers: what reaches somebody who is not allowed goes, everything else is the same bytes."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consentkit.catalog import default_catalog
from consentkit.consent.consent import Consent, resolve
from consentkit.gating import Gate, PageGate
from consentkit.gating.response_headers import INSPECTED_HEADERS, gate_headers, gate_links
from consentkit.policy import Policy
from consentkit.signals import Signals

POLICY = Policy(uses=("google-analytics", "youtube"))
GATE = Gate(POLICY)
BAD = "https://www.google-analytics.com/collect"
GOOD = "https://cdn.example/a.css"


def page(gate: Gate = GATE) -> PageGate:
    return gate.page(_refused(), host="example.org")


def _refused() -> Consent:
    return resolve(POLICY, POLICY.regimes_at(None), None, Signals(), now=0)


def gated(name: str, *values: str) -> list[str]:
    """Return what is left of a header's lines."""
    pairs = [(name.encode(), value.encode("latin-1")) for value in values]
    return [value.decode("latin-1") for _, value in gate_headers(pairs, page())]


@pytest.mark.parametrize(
    "rel", ["preload", "preconnect", "dns-prefetch", "modulepreload", "prefetch", "stylesheet"]
)
def test_links_to_the_denied_are_removed_and_the_rest_is_the_same_bytes(rel: str) -> None:
    good = f'<{GOOD}>;  rel="{rel}"; as=style;crossorigin'
    assert gated("Link", f"{good} ,<{BAD}>; rel={rel}, </own.js>; rel={rel}") == [
        f"{good}, </own.js>; rel={rel}"
    ]
    assert gated("link", f"<{BAD}>; rel={rel}") == []
    assert gated("link", f"{good} ,  </x>; rel={rel}") == [f"{good} ,  </x>; rel={rel}"]


@pytest.mark.parametrize("rel", ["canonical", "next", "alternate", "license author"])
def test_links_that_fetch_nothing_stay(rel: str) -> None:
    assert gated("link", f'<{BAD}>; rel="{rel}"') == [f'<{BAD}>; rel="{rel}"']


@pytest.mark.parametrize(
    "address",
    [
        "//www.google-analytics.com/x",
        "\\\\www.google-analytics.com\\x",
        "HTTPS://WWW.GOOGLE-ANALYTICS.COM./x",
        " https:/www.google-analytics.com/x ",
        "https://user@www.google-analytics.com:443/x",
        "https://www.google-analytics.com/a,b;c",
    ],
)
def test_addresses_are_read_as_browsers_do(address: str) -> None:
    assert gated("link", f"<{address}>; rel=preload, </own>; rel=preload") == ["</own>; rel=preload"]
    assert gated("refresh", f"5; url={address}") == []


def test_the_first_rel_counts() -> None:
    assert gated("link", f"<{BAD}>; rel=preload; rel=canonical") == []
    kept = f"<{BAD}>; rel=canonical; rel=preload"
    assert gated("link", kept) == [kept]


def test_images_of_a_link_are_looked_at() -> None:
    link = f'</a.png>; rel=preload; as=image; imagesrcset="/a.png 1x, {BAD} 2x"'
    assert gated("link", link) == []


@pytest.mark.parametrize(
    "value",
    [
        f"<{BAD}; rel=preload",
        f"https://x <{BAD}>; rel=preload",
        f'<{BAD}>; rel="preload',
        f"<{BAD}>; title='a, <b>'; rel=preload",
        "<https://www.ｇoogle-analytics.com/x>; rel=preload".encode().decode("latin-1"),
        f"</a>; rel=preload </b> <{BAD}>",
    ],
)
def test_links_that_cannot_be_read_are_removed(value: str) -> None:
    assert gated("link", value) == []


def test_quoted_commas_end_no_link() -> None:
    good = '</a>; rel=preload; title="x, <y>; \\", z"'
    assert gated("link", f"{good}, <{BAD}>; rel=preload") == [good]


def test_early_hints_lose_links() -> None:
    hints = [b"</a.css>; rel=preload", f"<{BAD}>; rel=preconnect".encode()]
    assert gate_links(hints, page()) == hints[:1]


def test_speculation_rules_of_others_are_not_fetched() -> None:
    assert gated("speculation-rules", f'"/rules.json", "{BAD}"; a=1, "{GOOD}"') == [
        f'"/rules.json", "{GOOD}"'
    ]
    assert gated("speculation-rules", '"/a" "/b"') == []
    assert gated("speculation-rules", '"/a", b;c="d" , 1') == ['"/a", b;c="d" , 1']


def test_reporting_endpoints_of_others_are_removed() -> None:
    assert gated("reporting-endpoints", f'a="/own", default="{BAD}";x, c="{GOOD}"') == [
        f'a="/own", c="{GOOD}"'
    ]
    assert gated("reporting-endpoints", f"default={BAD}") == [f"default={BAD}"]  # a token names no endpoint
    assert gated("reporting-endpoints", f'default=("{BAD}")') == []
    assert gated("reporting-endpoints", f'A="{BAD}"') == []


def group(name: str, *urls: str) -> str:
    return json.dumps({"group": name, "max_age": 60, "endpoints": [{"url": url} for url in urls]})


def test_report_to_and_what_reports_there() -> None:
    good, bad = group("own", "/reports"), group("other", GOOD, BAD)
    headers = [(b"NEL", b'{"report_to":"own"}'), (b"nel", b'{"report_to":"other"}')]
    headers.append((b"Report-To", f"{good},{bad}".encode()))
    assert gate_headers(headers, page()) == [headers[0], (b"Report-To", good.encode())]


@pytest.mark.parametrize("value", ["[" * 100_000, f'{{"a":"{BAD}"', f'["{BAD}"]', "{} é"])
def test_groups_that_cannot_be_read_are_removed(value: str) -> None:
    assert gated("report-to", value) == []
    assert gated("nel", value) == []


def test_of_two_members_of_one_name_neither_may_be_denied() -> None:
    twice = f'{{"group":"g","endpoints":[{{"url":"{BAD}","url":"/own"}}]}}'
    assert gated("report-to", twice) == []


@pytest.mark.parametrize(
    "value",
    [
        f"0;url={BAD}",
        f"0; URL = '{BAD}' x",
        f'.5,url="{BAD}',
        f"1 {BAD}",
        f"0;{BAD}",
        f"\t1.5.5 ; url={BAD}",
        "x",
    ],
)
def test_a_page_does_not_go_on_to_the_denied(value: str) -> None:
    assert gated("refresh", value) == []


@pytest.mark.parametrize("value", ["5", "5; url=/next", f"0;url={GOOD}", "0;url=https://example.org/x", "3;"])
def test_a_page_goes_on_elsewhere(value: str) -> None:
    assert gated("refresh", value) == [value]


def test_the_own_host_is_no_third_party() -> None:
    own = GATE.page(_refused(), host="www.google-analytics.com")
    header = [(b"link", f"<{BAD}>; rel=preload".encode())]
    assert gate_headers(header, own) == header


HOSTS = sorted(
    rule.host for vendor in default_catalog().vendors.values() for rule in vendor.hosts if not rule.path
)


@given(
    name=st.sampled_from(sorted(INSPECTED_HEADERS)),
    value=st.one_of(
        st.binary(max_size=80),
        st.text("<>\"\\;,=' ()[]{}:/aurl0.?", max_size=80).map(str.encode),
        st.lists(
            st.sampled_from([b"<", b">", b'"', b",", b";", b" rel=preload", b"</a>", b"url=", b"{}", b"\\"])
        ).map(b"".join),
    ),
)
def test_any_bytes_are_judged(name: bytes, value: bytes) -> None:
    out = gate_headers([(name, value), (b"x-other", value)], page())
    assert out[-1] == (b"x-other", value)
    if len(out) == 2:
        assert len(out[0][1]) <= len(value)


@given(
    links=st.lists(
        st.tuples(
            st.sampled_from(["own", "bad"]),
            st.sampled_from(["; rel=preload", ';rel="preload"; as=x', ";\trel=preload;"]),
        )
    ),
    comma=st.sampled_from([",", " , ", ",,", ", "]),
)
def test_exactly_the_denied_are_removed(links: list[tuple[str, str]], comma: str) -> None:
    written = [f"<{BAD if whose == 'bad' else '/own'}>{rest}" for whose, rest in links]
    kept = [text for text in written if text.startswith("</own")]
    left = gated("link", comma.join(written))
    if len(kept) == len(written):
        assert left == [comma.join(written)]
    else:
        assert left == ([", ".join(kept)] if kept else [])


@pytest.mark.parametrize("name", sorted(INSPECTED_HEADERS))
@pytest.mark.parametrize(
    "piece", [b"<", b'"', b"</a>;", b"\\", b",", b"{", b" ", b"a=", b";", b"; ", b'</a>;rel="', b'a="b";']
)
def test_long_headers_end_in_linear_time(name: bytes, piece: bytes) -> None:
    # A quadratic reading of these would take minutes.
    gate_headers([(name, piece * 200_000)], page())
    gate_headers([(name, b"</a>" + piece * 200_000)], page())


POLICIES = ["Content-Security-Policy", "content-security-policy-report-only"]


@pytest.mark.parametrize("name", POLICIES)
@pytest.mark.parametrize(
    ("before", "after"),
    [
        (f"default-src 'self'; report-uri {BAD}", "default-src 'self';"),
        (f"report-uri {BAD}; img-src *", "; img-src *"),
        (f"img-src *;REPORT-URI\t{BAD} ;x", "img-src *;;x"),
        (f"report-uri /csp {BAD} {GOOD};img-src  *", f"report-uri /csp {GOOD};img-src  *"),
        (f"report-uri  {BAD}  /csp", "report-uri  /csp"),
        (f"img-src *, report-uri {BAD}, script-src a", "img-src *,, script-src a"),
        (f"report-uri /a; report-uri {BAD}", "report-uri /a;"),
        ("report-uri //www.google-analytics.com/x;a", ";a"),
        ("report-uri https://www.google-analytics.com:443/x HTTPS://WWW.GOOGLE-ANALYTICS.COM./y;a", ";a"),
        ("report-uri https://caf\xe9.example/;a", ";a"),
    ],
)
def test_reports_of_a_policy_to_the_denied_are_removed(name: str, before: str, after: str) -> None:
    assert gated(name, before) == [after]


@pytest.mark.parametrize("name", POLICIES)
@pytest.mark.parametrize(
    "value",
    [
        f"script-src {BAD}; report-to group; connect-src report-uri {BAD}",
        "report-uri /csp;  default-src 'none' ;; ",
        f"report-uri {GOOD} https://example.org/csp",
        "report-uri",
        "report-uri;",
        f"report-uri-x {BAD}; xreport-uri {BAD}",
        "",
    ],
)
def test_a_policy_that_reports_to_nobody_denied_is_the_same_bytes(name: str, value: str) -> None:
    assert gated(name, value) == ([value] if value else [])


def test_a_policy_of_nothing_else_goes() -> None:
    assert gated("content-security-policy", f"report-uri {BAD}", "img-src *") == ["img-src *"]
