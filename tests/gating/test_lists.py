"""Lists of hosts: who is on one and neither declared nor known is held back under the list's purpose."""

from __future__ import annotations

from pathlib import Path
from random import Random

import ada_url
import pytest

import live_tags
from consentkit.catalog import default_catalog
from consentkit.gating import Gate
from consentkit.gating.response_headers import gate_headers
from consentkit.policy import ListFile, Policy, Vendor
from consentkit.rewriter import Rewriter
from gating.pages import Markers, consent

HOSTS = """# blocked
0.0.0.0 hosts.example
127.0.0.1 counted.example adverts.example
"""
DOMAINS = """domains.example
googletagmanager.com
declared.example
news.example
"""
RULES = """[Adblock Plus 2.0]
||rules.example^$third-party
||cdn.example/track/
@@||rules.example/player.js
||odd.example^$domain=~news.example
||host.example^
@@||host.example^$domain=news.example
||typed.example^$image
example.org##.banner
"""


@pytest.fixture(scope="module")
def lists(tmp_path_factory: pytest.TempPathFactory) -> tuple[ListFile, ...]:
    folder = tmp_path_factory.mktemp("lists")
    for name, text in (("hosts", HOSTS), ("domains", DOMAINS), ("rules", RULES)):
        (folder / name).write_text(text, "utf-8")
    return (
        ListFile(file=str(folder / "hosts"), purpose="analytics"),
        ListFile(file=str(folder / "domains"), purpose="marketing"),
        ListFile(file=str(folder / "rules"), purpose="marketing"),
    )


@pytest.fixture(scope="module")
def gate(lists: tuple[ListFile, ...]) -> Gate:
    own = Vendor(name="Own", purpose="functional", hosts=("declared.example",))
    return Gate(Policy(vendors={"own": own}, lists=lists))


def run(
    gate: Gate, page: str, *granted: str, host: str = "www.news.example", cuts: int = 0
) -> tuple[str, str]:
    """Return what becomes of a page, and what is reported."""
    handler = gate.page(consent(*granted), host=host, renderer=Markers())
    rewriter, data = Rewriter(handler), page.encode()
    ends = (
        sorted(Random(cuts).choices(range(len(data) + 1), k=cuts)) if cuts < len(data) else range(len(data))
    )
    parts = [data[at:end] for at, end in zip([0, *ends], [*ends, len(data)], strict=True)]
    out = b"".join(map(rewriter.feed, parts)) + rewriter.close()
    return out.decode(), "; ".join(" ".join(item) for item in handler.gated)


LISTED = [
    ("<script src=//hosts.example/a.js></script>", "script  analytics hosts.example list"),
    ("<img src=https://x.counted.example/p?1>", "img  analytics x.counted.example list"),
    ("<iframe src=//adverts.example:8080/></iframe>", "iframe  analytics adverts.example:8080 list"),
    ("<link rel=preconnect href=//domains.example>", "link  marketing domains.example list"),
    ("<img srcset='/a.png, //EU.Domains.Example./a.png 2x'>", "img  marketing eu.domains.example list"),
    ("<video poster=&#x2F;/rules.example/p.png></video>", "video  marketing rules.example list"),
    ("<script src=//cdn.example/track/a.js?b></script>", "script  marketing cdn.example list"),
    ("<img src=//odd.example/>", ""),
    ("<script>var s = document.createElement('script'); s.src = '//rules.example/a.js'</script>",
     "script  marketing rules.example list"),
    ("<script>fetch('https://cdn.example/track/x')</script>", "script  marketing cdn.example list"),
    ("<body onload=\"fetch('//hosts.example/')\">", "body  analytics hosts.example list"),
    ('<script type=importmap>{"imports": {"a": "https://rules.example/a.js"}}</script>',
     "importmap  marketing rules.example list"),
    ("<a href=/ ping=//hosts.example/>x</a>", "a  analytics hosts.example list"),
]  # fmt: skip


@pytest.mark.parametrize(("page", "reported"), LISTED)
def test_who_is_listed_is_held_back(gate: Gate, page: str, reported: str) -> None:
    out, gated = run(gate, page)
    assert gated == reported
    assert (out != page) == bool(reported)
    for cuts in (1, 2, 5, len(page.encode())):
        assert run(gate, page, cuts=cuts) == (out, gated)


@pytest.mark.parametrize(("page", "reported"), [case for case in LISTED if case[1]])
def test_who_allows_the_purpose_allows_them(gate: Gate, page: str, reported: str) -> None:
    purpose = reported.split()[1]
    others = {"functional", "analytics", "marketing"} - {purpose}
    assert run(gate, page, purpose) == (page, "")
    assert run(gate, page, *others)[1] == reported


@pytest.mark.parametrize(
    "page",
    [
        "<script src=//rules.example/player.js></script>",  # an exception
        "<img src=//host.example/>",  # an exception for this site
        "<img src=//odd.example/>",  # a rule that spares this site
        "<img src=//typed.example/>",  # a rule that is passed over
        "<script src=//cdn.example/jquery.js></script>",
        "<img src=//xhosts.example/>",
        "<a href=//hosts.example/>x</a>",
        "<script>var link = 'https://hosts.example/'</script>",
        "<img src=/a.png>",
        "<img src=//www.news.example/a.png>",  # the site itself is on a list
        "<img src=//img.news.example/a.png>",
    ],
)
def test_who_is_not_meant_stays(gate: Gate, page: str) -> None:
    assert run(gate, page) == (page, "")


def test_declared_and_known_vendors_keep_their_purpose(gate: Gate) -> None:
    declared = "<img src=//declared.example/>"
    assert run(gate, declared)[1] == "img own functional declared.example host"
    assert run(gate, declared, "functional") == (declared, "")
    assert "google" in run(gate, "<script src=//www.googletagmanager.com/gtm.js?id=GTM-1></script>")[1]


def test_a_list_is_surer_than_a_word(gate: Gate) -> None:
    assert (
        run(gate, "<img src=//pixel.other.example/>")[1]
        == "img unnamed-measurement analytics pixel.other.example word"
    )
    assert run(gate, "<img src=//pixel.rules.example/>")[1] == "img  marketing pixel.rules.example list"


def test_a_site_that_is_listed_is_no_third_party_to_itself(gate: Gate) -> None:
    page = "<img src=//static.rules.example/a.png><img src=//hosts.example/>"
    assert run(gate, page, host="shop.rules.example")[1] == "img  analytics hosts.example list"


def test_sites_that_a_rule_spares(gate: Gate) -> None:
    page = "<img src=//host.example/><img src=//odd.example/>"
    assert run(gate, page, host="news.example")[1] == ""
    assert (
        run(gate, page, host="other.example")[1]
        == "img  marketing host.example list; img  marketing odd.example list"
    )


def test_a_frame_s_placeholder_speaks_of_the_purpose(gate: Gate) -> None:
    out, _ = run(gate, "<iframe src=//hosts.example/></iframe>")
    assert "&lt;p title=&quot;&quot;&gt;analytics" in out


def test_two_lists_in_one_script_need_both_purposes(gate: Gate) -> None:
    page = "<script>fetch('//hosts.example/');fetch('//domains.example/')</script>"
    assert run(gate, page, "analytics")[1] == "script  marketing domains.example list"
    assert run(gate, page, "marketing")[1] == "script  analytics hosts.example list"
    assert run(gate, page, "marketing", "analytics") == (page, "")


def test_headers(gate: Gate) -> None:
    handler = gate.page(consent(), host="www.news.example")
    headers = [
        (b"link", b"<https://hosts.example/a.css>; rel=preload; as=style, </b.css>; rel=preload; as=style")
    ]
    assert gate_headers(headers, handler) == [(b"link", b"</b.css>; rel=preload; as=style")]


def test_under_gate_they_can_be_allowed(lists: tuple[ListFile, ...]) -> None:
    strict = Gate(Policy(lists=lists), unclassified="gate")
    page = "<img src=//rules.example/>"
    assert run(strict, page, "marketing") == (page, "")
    assert (
        run(strict, "<img src=//elsewhere.example/>", "marketing")[1]
        == "img   elsewhere.example unclassified"
    )


PAGES = sorted((Path(__file__).parents[3] / "shared" / "corpus" / "pages").glob("*.html"))


def _foreign_host(address: str, base: str = live_tags.PAGE) -> str:
    """Return the third party that a browser would ask, unless the catalog calls it necessary."""
    try:
        url = ada_url.URL(address, base=base)
    except ValueError:
        return ""
    if url.protocol not in ("http:", "https:") or url.hostname.endswith("site.example"):
        return ""
    known = default_catalog().match_host(url.hostname)
    return "" if known and known.purpose == "necessary" else str(url.hostname)


@pytest.mark.skipif(not PAGES, reason="the corpus of real pages is not beside the repository")
def test_on_real_pages_nobody_who_is_listed_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live_tags, "is_gated", _foreign_host)

    def left(gate: Gate) -> set[str]:
        """Return the hosts that pages still ask."""
        found = set()
        for path in PAGES:
            rewriter = Rewriter(gate.page(consent(), host="www.site.example"))
            out = (rewriter.feed(path.read_bytes()) + rewriter.close()).decode("utf-8", "replace")
            tags = live_tags.live_in(out, "lexbor")
            # A language with a space behind it is none, so such a script does not run (WHATWG HTML 4.12.1.1).
            found |= {_foreign_host(tag.address) for tag in tags if not tag.address.endswith(" ")}
        return found

    listed = {host for host in left(Gate(Policy())) if "." in host}  # one page asks "http://test/"
    assert len(listed) > 100
    file = tmp_path / "hosts"
    file.write_text("\n".join(f"||{host}^$third-party" for host in listed))
    assert left(Gate(Policy(lists=(ListFile(file=str(file), purpose="marketing"),)))) == {"test"}
