"""What filter lists for trackers would match on real pages, and how much of it is inert by default.

``python -m tests.bench.coverage LIST…`` reads lists in Adblock syntax, which the caller brings (none is kept
here), and the pages of ``../shared/corpus/pages``. Needs the package ``adblock``, an engine for such lists.
It counts the host rules once more, under a policy that names the lists.
"""

from __future__ import annotations

import argparse
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urljoin, urlsplit

from lxml.html import HtmlElement, HTMLParser, document_fromstring  # type: ignore[import-untyped]

from consentkit.consent.consent import Consent
from consentkit.gating import Gate, PageGate, Unclassified
from consentkit.policy import ListFile, Policy
from consentkit.rewriter import Rewriter

PAGES = Path(__file__).parents[3] / "shared" / "corpus" / "pages"
UNKNOWN_SITE = "site.invalid"
KINDS = {"script": "script", "iframe": "subdocument", "frame": "subdocument", "img": "image", "link": "other"}
URLS = ("src", "href", "data-src", "data-lazy-src", "data-original")
IDLE = {
    "canonical",
    "alternate",
    "next",
    "prev",
    "author",
    "me",
    "publisher",
    "search",
    "shortlink",
    "amphtml",
}

_LOADS = re.compile(
    r"\.src\s*=|createElement|document\.write|new\s+Image|sendBeacon|\bfetch\s*\(|XMLHttpRequest|import\s*\("
    r"|\.(?:ajax|getScript|getJSON|load)\s*\(|innerHTML|appendChild"
)
_ADDRESS = re.compile(r"(?:https?:)?(?://|\\/\\/)[\w.-]+\.[a-z]{2,}[^\s'\"<>`)]*", re.I)
_PART = re.compile(r"['\"]\.?((?:[\w-]+\.)+[a-z]{2,}/[^\s'\"<>]*)['\"]", re.I)
_SAID = re.compile(
    r"""(?:rel=["']?canonical["']?[^>]*href|og:url["'][^>]*content)=["'](https?://[^"'/]+)""", re.I
)


class Loader(NamedTuple):
    """Something on a page that loads from a third party, or an inline script that does."""

    element: str
    url: str


class Count(NamedTuple):
    """What was found on pages."""

    matched: Counter[str]
    inert: Counter[str]
    missed: Counter[tuple[str, str]]
    inline: Counter[str]


def nothing_granted(policy: Policy) -> Consent:
    """Return the consent of a visitor who has not chosen."""
    purposes = frozenset(policy.purposes)
    return Consent(
        policy=policy,
        regimes=policy.regimes_at(None),
        granted=frozenset({"necessary"}),
        denied=purposes - {"necessary"},
    )


@cache
def gate(mode: Unclassified, files: tuple[Path, ...] = ()) -> Gate:
    """Return the gate of the default policy, or of one that names lists."""
    lists = tuple(ListFile(file=str(file), purpose="marketing") for file in files)
    return Gate(Policy(lists=lists), unclassified=mode)


def rewritten(
    page: bytes, host: str, mode: Unclassified, files: tuple[Path, ...] = ()
) -> tuple[bytes, PageGate]:
    """Rewrite a page for a visitor who has not chosen."""
    handler = gate(mode, files).page(nothing_granted(Policy()), host=host)
    rewriter = Rewriter(handler)
    return rewriter.feed(page) + rewriter.close(), handler


def site_of(page: bytes) -> str:
    """Return the host that a page says is its own."""
    found = _SAID.search(page[:200_000].decode("utf-8", "replace"))
    return (urlsplit(found[1]).hostname or UNKNOWN_SITE) if found else UNKNOWN_SITE


def loaders(page: bytes, site: str) -> Iterator[Loader]:
    """Yield what a page loads from other sites; content of `noscript` counts, `template` too."""
    tree = document_fromstring(page, parser=HTMLParser(encoding="utf-8"))
    for element in tree.iter(*KINDS):
        text = element.text or ""
        if element.tag == "script" and runs(element) and text.strip():
            yield Loader("inline", text)
        for name in URLS:
            url = absolute(element.get(name) or "", site)
            if is_third_party(url, site) and runs(element) and not idle(element):
                yield Loader(str(element.tag), url)


def runs(element: HtmlElement) -> bool:
    """Tell whether a script's type runs; other elements do."""
    kind = (element.get("type") or "").strip().lower()
    return element.tag != "script" or not kind or "javascript" in kind or kind == "module"


def idle(element: HtmlElement) -> bool:
    """Tell whether a link loads nothing."""
    return element.tag == "link" and bool(IDLE & set((element.get("rel") or "").lower().split()))


def absolute(url: str, site: str) -> str:
    """Resolve a URL against the site; empty if it cannot be read."""
    try:
        return urljoin(f"https://{site}/", url.strip())
    except ValueError:
        return ""


def is_third_party(url: str, site: str) -> bool:
    """Tell whether a URL is another site's: neither the same host nor one above or below it."""
    try:
        host = urlsplit(url).hostname or ""
    except ValueError:
        return False
    own = site.removeprefix("www.")
    return url.startswith("http") and host != own and not f".{host}".endswith(f".{own}")


def addresses(script: str, site: str) -> Iterator[str]:
    """Yield the addresses of other sites that the text of a script names."""
    for match in _ADDRESS.findall(script):
        yield absolute(match.replace("\\/", "/"), site)
    for match in _PART.findall(script):
        yield f"https://{match}"


class Lists:
    """Filter lists as one engine.

    Args:
        paths: Files in Adblock syntax.
        begin: How the lines begin that count.
    """

    def __init__(self, paths: Sequence[Path], begin: tuple[str, ...] = ("",)) -> None:
        import adblock

        rules = adblock.FilterSet(debug=False)
        for path in paths:
            lines = path.read_text("utf-8").splitlines()
            rules.add_filter_list("\n".join(line for line in lines if line.startswith(begin)))
        self._engine = adblock.Engine(rules)

    def match(self, url: str, site: str, kind: str) -> bool:
        """Tell whether a request would be blocked."""
        result = self._engine.check_network_urls(url, f"https://{site}/", kind)
        return bool(result.matched) and not result.exception

    def find(self, loader: Loader, site: str) -> str | None:
        """Return the matched URL of a loader, if any."""
        if loader.element != "inline":
            return loader.url if self.match(loader.url, site, KINDS[loader.element]) else None
        if not _LOADS.search(loader.url):
            return None
        for url in addresses(loader.url, site):
            if is_third_party(url, site) and any(
                self.match(url, site, k) for k in ("script", "image", "other")
            ):
                return url
        return None


def count(pages: Sequence[Path], lists: Lists, mode: Unclassified, files: tuple[Path, ...] = ()) -> Count:
    """Measure pages."""
    total = Count(Counter(), Counter(), Counter(), Counter())
    for path in pages:
        page = path.read_bytes()
        site = site_of(page)
        live = Counter(loaders(rewritten(page, site, mode, files)[0], site))
        for loader, times in Counter(loaders(page, site)).items():
            _judge(loader, times, min(live[loader], times), lists.find(loader, site), total)
    return total


def _judge(loader: Loader, times: int, live: int, matched: str | None, total: Count) -> None:
    if loader.element == "inline":
        total.inline["all"] += times
        total.inline["gated"] += times - live
        total.inline["gated, load nothing"] += (times - live) * (not _LOADS.search(loader.url))
    if matched is None:
        return
    total.matched[loader.element] += times
    total.inert[loader.element] += times - live
    if live:
        total.missed[loader.element, urlsplit(matched).hostname or "?"] += live


def main() -> int:
    """Print the measures; fail if less than 96 % of what the lists match is inert by default."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("lists", nargs="+", type=Path, metavar="LIST", help="file in Adblock syntax")
    parser.add_argument("--half", choices=("even", "odd"), help="every other page only")
    parser.add_argument("--pages", type=Path, default=PAGES)
    options = parser.parse_args()
    pages = sorted(options.pages.glob("*.html"))
    if options.half:
        pages = pages[options.half == "odd" :: 2]
    lists = Lists(options.lists)
    share = _print("unclassified=report", count(pages, lists, "report"))
    _print("unclassified=gate", count(pages, lists, "gate"))
    hosts = Lists(options.lists, begin=("||", "@@||"))
    _print("host rules, given as lists", count(pages, hosts, "report", tuple(options.lists)))
    return int(share < 0.96)


def _print(what: str, total: Count) -> float:
    matched, inert = total.matched.total(), total.inert.total()
    print(f"{what}: {inert} of {matched} inert ({inert / max(matched, 1):.1%})")
    for element, times in total.matched.most_common():
        print(f"  {element:8} {total.inert[element]:5} of {times:5}")
    scripts, idle_ones = total.inline, total.inline["gated, load nothing"]
    share = idle_ones / max(scripts["all"], 1)
    print(f"  inline: {scripts['gated']} of {scripts['all']} gated; {idle_ones} ({share:.1%}) load nothing")
    for (element, host), times in total.missed.most_common(40):
        print(f"    missed {times:3} {element:7} {host}")
    return inert / max(matched, 1)


if __name__ == "__main__":
    raise SystemExit(main())
