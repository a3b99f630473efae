"""Parser of published host lists: hosts files, domains one per line, host rules of filter lists.

Hosts files are those of hosts(5). Of filter lists (Adblock Plus, uBlock Origin) only rules that begin with
``||`` and a whole host are used. Other rules are counted by kind in `HostList.passed_over`.
"""

import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from itertools import chain
from typing import Final
from urllib.parse import unquote

from consentkit.catalog.urls import URL, read_host

_Sites = tuple[str, ...]
# Host → patterns for the rest of the address, each with sites: those on which an exception applies, or on
# which a rule does not apply.
_Rules = dict[str, tuple[tuple[str, _Sites], ...]]
_WHOLE: Final = (("", ()),)

# Exception, host, rest of the pattern, options: "@@||host/path*gif$third-party,domain=a|b".
_RULE: Final = re.compile(r"(@@)?\|\|([^\s/^:?|$]++)([^\s$]*+)(?:\$(\S+))?")
# Other kinds of lines; the first match counts.
_OTHERS: Final = {
    "": re.compile(r"\Z|!(?!#)|\[[\w .]+\]\Z|#(?![#@?$%])|#+(?:\s|\Z)"),
    "directive": re.compile(r"!#"),
    "element hiding": re.compile(r"[^\s#]*#@?[?$%]*#"),
    "regular expression": re.compile(r"(?:@@)?/.*/(?:\$[^/]*)?\Z"),
    "part of an address": re.compile(r"@@|\S*[/|^$=&?]|[-_.#]"),
}
# The address of blocked hosts in a hosts file.
_NOWHERE: Final = re.compile(r"0\.0\.0\.0|127\.[0-9.]+|::1?")
_SITES: Final = re.compile(r"(~?)[\w.-]+(?:\|\1[\w.-]+)*")
# Options without effect here: only third-party requests are judged; the others say how to block.
_FREE: Final = frozenset({"third-party", "3p", "all", "important", "redirect", "rewrite"})


class HostList:
    """A list of hosts with their subdomains.

    Args:
        text: The list.

    Attributes:
        used: Number of rules in use, exceptions included.
        passed_over: Kind of rule → number of rules that are not used.
        digest: Hash of the text, hexadecimal.
    """

    def __init__(self, text: str) -> None:
        self.digest: Final = hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:16]
        self._rules: _Rules = {}
        self._exceptions: _Rules = {}
        kinds = Counter(kind for line in text.splitlines() for kind in self._read(line.strip()))
        self.used: int = kinds.pop("", 0)
        self.passed_over: Mapping[str, int] = dict(kinds.most_common())

    def find(self, url: URL) -> tuple[str, ...]:
        """Find an address on the list.

        Returns:
            The host in the list, followed by the sites on whose pages the rule does not apply; empty if the
            address is not on the list, or an exception applies everywhere.
        """
        found = min(_matches(self._rules, url), key=len, default=())
        exceptions = [sites for _, *sites in _matches(self._exceptions, url)] if found else []
        return () if [] in exceptions else (*found, *chain(*exceptions))

    def _read(self, line: str) -> Iterable[str]:
        """Read a line; return for each rule why it is not used, or an empty string."""
        if rule := _RULE.fullmatch(line):
            return [self._read_rule(*rule.groups(""))]
        for kind, pattern in _OTHERS.items():
            if pattern.match(line):
                return [kind] if kind else []
        address, *names = line.partition("#")[0].split()
        if names and not _NOWHERE.fullmatch(address):
            return ["unknown form"]
        return [_add(self._rules, name, "", ()) for name in names or [address]]

    def _read_rule(self, mark: str, host: str, rest: str, options: str) -> str:
        """Add a rule of a filter list; return why it is not used, or an empty string."""
        sites: _Sites = ()
        for option in filter(None, options.split(",")):
            name, _, value = option.partition("=")
            named = _SITES.fullmatch(value) if name in ("domain", "from") else None
            if named and bool(named[1]) != bool(mark):
                sites = tuple(value.replace("~", "").lower().split("|"))
            elif name not in _FREE:
                return f"exception with option {name}" if mark else f"option {name}"
        return _add(self._exceptions if mark else self._rules, host, rest, sites)


def _add(rules: _Rules, host: str, rest: str, sites: _Sites) -> str:
    """Add a rule; return why it is not used, or an empty string."""
    name = read_host(host) or ""
    if "." not in name or "*" in host or host[-1] == ".":
        return "no whole host"
    rule = (rest if rest.strip("^*/") else "", sites)
    rules[name] = _WHOLE if rule == _WHOLE[0] else (*rules.get(name, ()), rule)
    return ""


def _matches(rules: _Rules, url: URL) -> Iterator[_Sites]:
    """Yield for each matching rule its host and its sites."""
    behind = f":{url.port}" * bool(url.port) + url.path + f"?{url.query}" * bool(url.query)
    host = url.host
    while host:
        for rest, sites in rules.get(host, ()):
            if not rest or _pattern(rest).match(behind):
                yield host, *sites
        host = host.partition(".")[2]


@lru_cache(maxsize=4096)
def _pattern(rest: str) -> re.Pattern[str]:
    """Compile the rest of a pattern: ``*`` is anything, ``^`` a separator or the end, ``|`` the end.

    Paths have no slash at their end here. Each part is matched in an atomic group: there is no backtracking.
    """
    rest = re.sub(r"(?<=.)/+(?=[/?|^])", "", re.sub(r"/\*?\Z", "^", unquote(rest)))
    escaped = re.escape(rest).replace(r"\^", r"(?:[^\w.%-]|\Z)").replace(r"\|", r"\Z")
    first, *others = escaped.split(r"\*")
    return re.compile(first + "".join(f"(?>.*?{part})" for part in others), re.IGNORECASE | re.DOTALL)
