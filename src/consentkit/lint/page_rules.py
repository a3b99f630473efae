"""Rules for responses: a page (13, 35, 36), and ``/.well-known/gpc.json`` (30)."""

import json
import re
from collections.abc import Iterable, Iterator
from typing import Final

from consentkit.catalog import default_catalog, read_url
from consentkit.exceptions import ConfigurationError
from consentkit.lint.declaration_rules import takes_google_default
from consentkit.lint.facts import Configuration
from consentkit.lint.finding import Finding, error, note, warning
from consentkit.policy.duration import read_day
from consentkit.rewriter import Rewriter, Table, Where, attributes, decode

Headers = Iterable[tuple[str, str]]

_DEFAULT: Final = re.compile(r"""['"]consent['"]\s*,\s*['"]default['"]""")
_COMMAND: Final = re.compile(r"""googletagmanager\.com/g|\bgtag\(\s*['"](?:config|event)['"]""")
_RUNS: Final = re.compile(r"|module|(?:text|application)/(?:x-)?(?:java|ecma)script", re.IGNORECASE)
_BANNER: Final = "consentkit-banner"
_SETTINGS: Final = "/_consent/"
_CDN: Final = frozenset({"cdn-cache-control", "surrogate-control"})


# --- pages


def lint_page(body: bytes, headers: Headers, *, url: str) -> list[Finding]:
    """Check a captured page for rules 35 and 36, and for 13 as far as the source shows it.

    Args:
        body: The page, not compressed.
        headers: The response's headers.
        url: The page's address.
    """
    page = _Page()
    rewriter = Rewriter(page)
    rewriter.feed(body)
    rewriter.close()
    found = []
    if not page.control:
        message = "there is neither a banner nor anything that leads to the settings"
        found.append(warning(13, url, message))
    if page.early:
        message = "a tag of Google's begins before anybody told it the default"
        found.append(error(35, f"{url} {page.early}", message))
    return [*found, *_check_caching(page, headers, url)]


class _Page:
    """Collects facts about a page; a `consentkit.rewriter.Handler` without edits.

    Attributes:
        count: Number of scripts so far.
        told: Whether one of them has set Google's default consent.
        early: The script that began a Google tag before that; empty if there is none.
        banner: Whether there is a visible banner.
        control: Whether something leads to the settings.
        choice: Whether vendor calls contain the visitor's choice.
    """

    names = frozenset({b"a", b"button", b"dialog", b"script", b"section"})
    rare = addressed = Table()
    steady = False

    def __init__(self) -> None:
        self.count = 0
        self.early = ""
        self.told = self.banner = self.control = self.choice = False

    def start_tag(self, raw: bytes, name: bytes, where: Where) -> tuple[()]:
        """Record banner and settings; see `consentkit.rewriter.Handler`."""
        found = _attributes(raw)
        is_banner = found.get("id", "") == _BANNER
        self.banner |= is_banner and "hidden" not in found
        opens = found.get("data-consentkit-action") == "settings" or _SETTINGS in found.get("href", "")
        self.control |= is_banner or opens
        return ()

    def reads(self, raw: bytes) -> bool:
        return True

    def script(self, raw: bytes, text: bytes, whole: bool, where: Where) -> tuple[()]:
        """Record what a script runs, in the order of the page; see `consentkit.rewriter.Handler`."""
        found = _attributes(raw)
        self.count += 1
        self.choice |= '"now":' in found.get("data-says", "")
        if Where.NOSCRIPT in where or self.early or self.told:
            return ()
        kind, source = found.get("type", "").strip(), found.get("src", "")
        if found.get("data-calls") == "google":
            self.told = True
        elif _RUNS.fullmatch(kind):
            begins, self.told = _read_script(kind, source, text.decode("utf-8", "replace"))
            selector = f'script[src="{source}"]' if source else f"script (number {self.count} of the page)"
            self.early = selector if begins else ""
        return ()


def _attributes(raw: bytes) -> dict[str, str]:
    # Of duplicate attributes the first counts.
    named = [(one.name.decode("utf-8", "replace"), decode(one.value or b"")) for one in attributes(raw)]
    return dict(reversed(named))


def _read_script(kind: str, source: str, text: str) -> tuple[bool, bool]:
    """Say whether a script begins a Google tag before it sets the default consent, and whether it sets it."""
    if source:
        return _is_google_tag(source), False
    default, command = _DEFAULT.search(text), _COMMAND.search(text)
    # Modules run after the page is parsed, which is too late for the default.
    if default is None or kind.lower() == "module":
        return command is not None, False
    return command is not None and command.start() < default.start(), True


def _is_google_tag(source: str) -> bool:
    address = read_url(source)
    if address is None or address.own or not address.readable:
        return False
    known = default_catalog().match_host(address.host, address.path, address.query)
    return known is not None and takes_google_default(known)


def _check_caching(page: _Page, headers: Headers, url: str) -> Iterator[Finding]:
    """Rule 36: a page that shared caches may store contains no visitor's state."""
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
            yield error(36, url, f"shared caches may keep this page, and it holds {state}")


def _is_shared(headers: list[tuple[str, str]]) -> bool:
    """Say whether a shared cache may store a response (RFC 9111, section 3; RFC 9213 for CDNs)."""
    plain = _directives(value for name, value in headers if name == "cache-control")
    cdn = _directives(value for name, value in headers if name in _CDN)
    keeps = cdn or plain & {"public", "s-maxage"}
    return bool(keeps) and not (cdn or plain) & {"private", "no-store"}


def _directives(values: Iterable[str]) -> set[str]:
    return {part.partition("=")[0].strip() for value in values for part in value.split(",") if part.strip()}


# --- gpc.json


def lint_gpc(body: bytes, kind: str, *, url: str, today: str = "") -> list[Finding]:
    """Check a captured ``/.well-known/gpc.json`` for rule 30.

    Args:
        body: The response's body.
        kind: Its media type.
        url: Its address.
        today: ISO 8601 date; empty if unknown.
    """
    try:
        told = json.loads(body)
    except (ValueError, RecursionError):
        told = None
    found = []
    if kind.partition(";")[0].strip().lower() != "application/json":
        found.append(error(30, url, f'its media type is "{kind}", not "application/json"'))
    if not isinstance(told, dict) or not isinstance(told.get("gpc"), bool):
        found.append(error(30, url, 'it is no JSON object with a true or false "gpc"'))
    elif "lastUpdate" not in told:
        fix = 'Add "lastUpdate", if you know the day: it tells by which version of the signal you go.'
        found.append(note(30, url, "it does not say when it last changed", fix))
    elif problem := _date_problem(told["lastUpdate"], today):
        found.append(error(30, url, f"lastUpdate: {problem}"))
    return found


def check_gpc_date(configuration: Configuration) -> Iterator[Finding]:
    """Rule 30: /.well-known/gpc.json is valid."""
    day = configuration.policy.signals.gpc_updated
    if day and (problem := _date_problem(day, configuration.today)):
        yield error(30, "signals.gpc_updated", problem)


def _date_problem(day: object, today: str) -> str:
    """Describe what is wrong with the date or time of a change; empty if nothing is."""
    try:
        changed = read_day(str(day), path="")
    except ConfigurationError as wrong:
        return wrong.problem
    return f"{day} is yet to come" if today and changed > today else ""
