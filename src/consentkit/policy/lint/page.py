"""What a site sends, against rules 35 and 36: a pure function over a captured page."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from consentkit.catalog import default_catalog, read_url
from consentkit.policy.lint.declarations import is_google
from consentkit.policy.lint.model import Finding
from consentkit.rewriter import Rewriter, Table, Where, attributes, decode

Headers = Iterable[tuple[str, str]]

_DEFAULT: Final = re.compile(r"""['"]consent['"]\s*,\s*['"]default['"]""")
_COMMAND: Final = re.compile(r"""googletagmanager\.com/g|\bgtag\(\s*['"](?:config|event)['"]""")
_RUNS: Final = re.compile(r"|module|(?:text|application)/(?:x-)?(?:java|ecma)script", re.IGNORECASE)
_GOOGLE: Final = "google"
_BANNER: Final = "consentkit-banner"
_SETTINGS: Final = "/_consent/"
_CDN: Final = frozenset({"cdn-cache-control", "surrogate-control"})


def lint_page(body: bytes, headers: Headers, *, url: str) -> list[Finding]:
    """Hold a captured page against rules 35 and 36, and 13 as far as the source shows it.

    Args:
        body: The page, not compressed.
        headers: The answer's headers.
        url: Where it came from.
    """
    page = _Page()
    rewriter = Rewriter(page)
    rewriter.feed(body)
    rewriter.close()
    return [*_has_control(page, url), *_google_is_told(page, url), *_keeps_no_state(page, headers, url)]


class Script(NamedTuple):
    """A script that runs.

    Attributes:
        selector: Which one.
        source: Its address, empty if it is inline.
        default: Where in its text it tells Google's tags the default; -1 if it does not.
        command: Where in its text it loads or commands such a tag; -1 if it does not.
    """

    selector: str
    source: str
    default: int = -1
    command: int = -1


def _read_script(selector: str, source: str, text: str, kind: str) -> Script:
    if source:
        return Script(selector, source)
    default, command = _DEFAULT.search(text), _COMMAND.search(text)
    # A module waits until the page is there, which is too late to be the first.
    told = default is not None and kind.lower() != "module"
    return Script(
        selector, "", default.start() if default and told else -1, command.start() if command else -1
    )


class _Page:
    """Collects what matters of a page; a `consentkit.rewriter.Handler` that changes nothing.

    Attributes:
        scripts: Every script that runs, in order.
        count: How many scripts there are so far.
        banner: Whether there is a banner that is shown.
        control: Whether anything on it leads to the settings.
        choice: Whether vendors are told what the visitor chose.
    """

    names = frozenset({b"a", b"button", b"dialog", b"script", b"section"})
    rare = addressed = Table()
    steady = False

    def __init__(self) -> None:
        self.scripts: list[Script] = []
        self.count = 0
        self.banner = False
        self.control = False
        self.choice = False

    def start_tag(self, raw: bytes, name: bytes, where: Where) -> tuple[()]:
        """Note banner and settings; see `consentkit.rewriter.Handler`."""
        found = _attributes(raw)
        ident, action = found.get("id", ""), found.get("data-consentkit-action", "")
        self.banner = self.banner or (ident == _BANNER and "hidden" not in found)
        self.control = (
            self.control or ident == _BANNER or action == "settings" or _SETTINGS in found.get("href", "")
        )
        return ()

    def reads(self, raw: bytes) -> bool:
        return True

    def script(self, raw: bytes, text: bytes, whole: bool, where: Where) -> tuple[()]:
        """Note what a script would run, in the order of the page; see `consentkit.rewriter.Handler`."""
        found = _attributes(raw)
        self.count += 1
        self.choice = self.choice or '"now":' in found.get("data-says", "")
        kind, source = found.get("type", "").strip(), found.get("src", "")
        if Where.NOSCRIPT in where:
            return ()
        if found.get("data-calls") == _GOOGLE:
            self.scripts.append(Script("", "", default=0))
        elif _RUNS.fullmatch(kind):
            selector = f'script[src="{source}"]' if source else f"script (number {self.count} of the page)"
            self.scripts.append(_read_script(selector, source, text.decode("utf-8", "replace"), kind))
        return ()


def _attributes(raw: bytes) -> dict[str, str]:
    found: dict[str, str] = {}
    for one in attributes(raw):
        found.setdefault(one.name.decode("utf-8", "replace"), decode(one.value or b""))
    return found


def _has_control(page: _Page, url: str) -> Iterator[Finding]:
    """Rule 13, in the source of a page: something leads to the settings."""
    if not page.control:
        message = "there is neither a banner nor anything that leads to the settings"
        yield Finding(rule=13, level="warning", where=url, message=message)


def _google_is_told(page: _Page, url: str) -> Iterator[Finding]:
    """Rule 35, in a page: who tells Google's tags the default comes before the first of them."""
    for script in page.scripts:
        told_first = 0 <= script.default < script.command
        if _is_tag(script.source) or (script.command >= 0 and not told_first):
            message = "a tag of Google's begins before anybody told it the default"
            yield Finding(rule=35, level="error", where=f"{url} {script.selector}", message=message)
            return
        if script.default >= 0:
            return


def _is_tag(source: str) -> bool:
    address = read_url(source) if source else None
    if address is None or address.own or not address.readable:
        return False
    known = default_catalog().match_host(address.host, address.path, address.query)
    return known is not None and is_google(known)


def _keeps_no_state(page: _Page, headers: Headers, url: str) -> Iterator[Finding]:
    """Rule 36: a page that shared caches may keep holds no visitor's state."""
    named = [(name.lower(), value.lower()) for name, value in headers]
    if not _is_shared(named):
        return
    states = {
        "a cookie": any(name == "set-cookie" for name, _ in named),
        "a banner that this visitor was to see": page.banner,
        "what this visitor chose": page.choice,
    }
    for state, there in states.items():
        if there:
            message = f"shared caches may keep this page, and it holds {state}"
            yield Finding(rule=36, level="error", where=url, message=message)


def _is_shared(headers: Iterable[tuple[str, str]]) -> bool:
    """Say whether a shared cache may keep an answer (RFC 9111, section 3; RFC 9213 for those of a CDN)."""
    headers = list(headers)
    plain = _directives(value for name, value in headers if name == "cache-control")
    cdn = _directives(value for name, value in headers if name in _CDN)
    if cdn:
        return not cdn & {"private", "no-store"}
    return bool(plain & {"public", "s-maxage"}) and not plain & {"private", "no-store"}


def _directives(values: Iterable[str]) -> set[str]:
    return {part.partition("=")[0].strip() for value in values for part in value.split(",") if part.strip()}
