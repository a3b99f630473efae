"""Parser of published host lists: hosts files, domains one per line, host rules of filter lists.

Hosts files are those of hosts(5). Of filter lists, as Adblock Plus and uBlock Origin document them, rules are
read that begin with ``||`` and a whole host. A rule counts for what it says, or is passed over by name.
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
# Host → patterns of what stands behind it, each with the sites on which an exception counts, or another rule
# does not.
_Rules = dict[str, tuple[tuple[str, _Sites], ...]]
_WHOLE: Final = (("", ()),)

# Exception, host, pattern behind it, options: "@@||host/path*gif$third-party,domain=a|b".
_RULE: Final = re.compile(r"(@@)?\|\|([^\s/^:?|$]++)([^\s$]*+)(?:\$(\S+))?")
# What else a line can be: the first of these.
_OTHERS: Final = {
    "": re.compile(r"\Z|!(?!#)|\[[\w .]+\]\Z|#(?![#@?$%])|#+(?:\s|\Z)"),
    "directive": re.compile(r"!#"),
    "element hiding": re.compile(r"[^\s#]*#@?[?$%]*#"),
    "regular expression": re.compile(r"(?:@@)?/.*/(?:\$[^/]*)?\Z"),
    "part of an address": re.compile(r"@@|\S*[/|^$=&?]|[-_.#]"),
}
# The address in a line of a hosts file that leads nowhere.
_NOWHERE: Final = re.compile(r"0\.0\.0\.0|127\.[0-9.]+|::1?")
_SITES: Final = re.compile(r"(~?)[\w.-]+(?:\|\1[\w.-]+)*")
# No limits: only requests of third parties are judged; the others say how to block, or how firmly.
_FREE: Final = frozenset({"third-party", "3p", "all", "important", "redirect", "rewrite"})


class HostList:
    """A list of hosts, each with all names below it.

    Args:
        text: The list.

    Attributes:
        used: Number of rules that count, exceptions among them.
        passed_over: Kind of rule → number of those that do not.
        digest: Hexadecimal digits that change with the text.
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
            The sites on whose pages it does not count, first of them the host that the list names; none if
            it is not on the list, or an exception holds everywhere.
        """
        found = min(_matches(self._rules, url), key=len, default=())
        exceptions = [sites for _, *sites in _matches(self._exceptions, url)] if found else []
        return () if [] in exceptions else (*found, *chain(*exceptions))

    def _read(self, line: str) -> Iterable[str]:
        """Read a line; return for each rule in it why it is passed over, or nothing."""
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
        """Take in a rule of a filter list; return why it is passed over, or nothing."""
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
    """Take a rule in; return why it is passed over, or nothing."""
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
    """Compile what stands behind a host: ``*`` is anything, ``^`` a separator or the end, ``|`` the end.

    Addresses come without slashes at the end of a path. No text is tried twice for one part.
    """
    rest = re.sub(r"(?<=.)/+(?=[/?|^])", "", re.sub(r"/\*?\Z", "^", unquote(rest)))
    escaped = re.escape(rest).replace(r"\^", r"(?:[^\w.%-]|\Z)").replace(r"\|", r"\Z")
    first, *others = escaped.split(r"\*")
    return re.compile(first + "".join(f"(?>.*?{part})" for part in others), re.IGNORECASE | re.DOTALL)
