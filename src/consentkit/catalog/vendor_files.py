"""The catalog's data files: one table per vendor, one file per purpose."""

import re
from collections.abc import Iterator
from typing import Any, Final, get_args

import msgspec

from consentkit.catalog.model import CONTAINER, CatalogPurpose, Details, HostRule, KnownVendor
from consentkit.exceptions import ConfigurationError

PURPOSES: Final[tuple[CatalogPurpose, ...]] = get_args(CatalogPurpose)

# Strings: compiled only when a file is checked.
_ID = r"[a-z0-9]+(?:-[a-z0-9]+)*\Z"
_COUNTRY = r"[A-Z]{2}\Z"
_COOKIE = r"[^\s;,=*]{3,}\*?\Z"
_WORD = r"[a-z0-9_]{2,}\Z"
_PATTERNS: Final = {
    "stubs": r"[A-Za-z_$][\w$]*\Z",
    "inline": r"[\w$].{4,}\Z",
    "labels": _WORD,
    "words": _WORD,
    "packages": r"(?:@[a-z0-9_.-]+/[a-z0-9_.-]+|[a-z0-9_.-]{4,})\Z",
    "programs": r"(?!\Z)(?:[^\s?#/:@]+(?:/[^\s?#/]+)*)?(?:\?[^\s?#]+)?\Z",
}

# A key within a table in braces, which may be quoted.
_INNER: Final = re.compile(r'(?<=[{,] )"?([\w$]+)"? = ')


class _Table(Details, frozen=True, kw_only=True):
    """A vendor's table in a data file."""

    id: str = ""
    hosts: tuple[str, ...] = ()
    linked: tuple[str, ...] = ()


def read_checked(text: str, *, purpose: CatalogPurpose) -> Iterator[KnownVendor]:
    """Read a data file of the package without checks: the tests have checked it.

    The files use a subset of TOML that is easily turned into JSON, which is parsed in a fifth of the time.

    Args:
        text: A data file.
        purpose: The purpose of every vendor in it.

    Yields:
        The vendors in the file's order.
    """
    data = "".join(map(_to_json, text.splitlines())).removeprefix("},").replace(",]", "]")
    for entry in msgspec.json.decode(f"{{{data}}}}}", type=dict[str, _Table]).values():
        yield _known(entry, purpose)


def _to_json(line: str) -> str:
    """Turn a line into JSON; the caller removes commas before the end of a list."""
    if line.startswith(("[", "#")):
        return f'}},"{line[1:-1]}":{{"id":"{line[1:-1]}"' if line[0] == "[" else ""
    key, equals, value = line.partition(" = ")
    start, rest = (f',"{key}":', value) if equals and key.isidentifier() else ("", line.strip())
    return start + (_INNER.sub(r'"\1":', rest) if "{ " in rest else rest)


def read_vendors(text: str, *, purpose: CatalogPurpose) -> Iterator[KnownVendor]:
    """Read and check a data file.

    Args:
        text: TOML, one table per vendor, sorted by id.
        purpose: The purpose of every vendor in it.

    Yields:
        The vendors in the file's order.

    Raises:
        ConfigurationError: The text is not TOML, or a vendor is invalid; names the vendor and key.
    """
    try:
        tables = msgspec.toml.decode(text)
    except msgspec.DecodeError as error:
        raise ConfigurationError(f"not TOML: {error}", path=purpose) from error
    if list(tables) != sorted(tables):
        late = next(b for a, b in zip(tables, list(tables)[1:], strict=False) if a > b)
        raise ConfigurationError("vendors are sorted by id, this one is late", path=f"{purpose}.{late}")
    for vendor_id, table in tables.items():
        yield _vendor(vendor_id, table, purpose)


def _vendor(vendor_id: str, table: Any, purpose: CatalogPurpose) -> KnownVendor:
    path = f"{purpose}.{vendor_id}"
    _require(re.match(_ID, vendor_id), f"expected lower-case words and hyphens, found {vendor_id!r}", path)
    _require(isinstance(table, dict) and "id" not in table, "expected a table without an id", path)
    try:
        entry = msgspec.convert({**table, "id": vendor_id}, _Table)
    except msgspec.ValidationError as error:
        raise ConfigurationError(str(error), path=path) from error
    _check(entry, path)
    try:
        vendor = _known(entry, purpose)
    except ConfigurationError as error:
        raise ConfigurationError(error.problem, path=f"{path}.hosts") from error
    for rule in vendor.hosts:
        _require("." in rule.host, f"one label would match too much: {rule.host!r}", f"{path}.hosts")
    return vendor


def _known(entry: _Table, purpose: CatalogPurpose) -> KnownVendor:
    fields = msgspec.structs.asdict(entry)
    linked = [HostRule.parse(text, linked=True) for text in fields.pop("linked")]
    hosts = (*map(HostRule.parse, fields.pop("hosts")), *linked)
    return KnownVendor(purpose=purpose, hosts=hosts, **fields)


def _check(entry: _Table, path: str) -> None:
    """Check the values beyond their types."""
    _require(entry.name.strip() and entry.description.strip(), "name and description are needed", path)
    policy = entry.privacy_policy or "https://"
    _require(policy.startswith("https://"), "expected an https URL", f"{path}.privacy_policy")
    _require(re.match(_COUNTRY, entry.country or "ZZ"), "expected two capital letters", f"{path}.country")
    for cookie in entry.cookies:
        _require(re.match(_COOKIE, cookie.name), f"not a usable name: {cookie.name!r}", f"{path}.cookies")
    for key, pattern in _PATTERNS.items():
        for word in getattr(entry, key):
            _require(re.match(pattern, word), f"not as expected: {word!r}", f"{path}.{key}")
    for selector in entry.containers:
        known = selector and CONTAINER.match(selector)
        _require(known, f"expected element.class, #id or [attribute]: {selector!r}", f"{path}.containers")


def _require(condition: object, problem: str, path: str) -> None:
    if not condition:
        raise ConfigurationError(problem, path=path)
