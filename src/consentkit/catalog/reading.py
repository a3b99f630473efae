"""The catalog's data files: one table per vendor, one file per purpose."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from typing import Any, Final, get_args

import msgspec

from consentkit.catalog.model import CONTAINER, CatalogPurpose, HostRule, KnownCookie, KnownVendor, StubKind
from consentkit.exceptions import ConfigurationError

PURPOSES: Final[tuple[CatalogPurpose, ...]] = get_args(CatalogPurpose)

_ID = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*\Z")
_COUNTRY = re.compile(r"[A-Z]{2}\Z")
_GLOBAL = re.compile(r"[A-Za-z_$][\w$]*\Z")
_SIGNATURE = re.compile(r"[\w$].{4,}\Z")
_COOKIE = re.compile(r"[^\s;,=*]{3,}\*?\Z")
_WORD = re.compile(r"[a-z0-9_]{2,}\Z")

# Where the data files differ from JSON: strings (kept) that may be keys, comments, headers, keys at the
# beginning of a line, other keys, commas before the end of a list.
_TOML = re.compile(
    r'("(?:[^"\\]|\\.)*")( = )?|^#.*|^\[([a-z0-9-]+)\]$|^(\w+) = |(\w+) = |,(?=\s*\])',
    re.MULTILINE,
)


class _Table(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A vendor as it stands in a data file."""

    id: str = ""
    name: str
    description: str
    country: str = ""
    privacy_policy: str = ""
    hosts: tuple[str, ...] = ()
    linked: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    inline: tuple[str, ...] = ()
    cookies: tuple[KnownCookie, ...] = ()
    stubs: dict[str, StubKind] = {}
    embed: bool = False
    containers: tuple[str, ...] = ()
    processor: bool = False


_TABLES: Final = msgspec.json.Decoder(dict[str, _Table])


def read_checked(text: str, *, purpose: CatalogPurpose) -> Iterator[KnownVendor]:
    """Read a data file of the package, which its tests have checked.

    The files keep to a form of TOML that is JSON but for a few signs; read as that, they cost a third.

    Args:
        text: A data file.
        purpose: The purpose of every vendor in it.

    Yields:
        The vendors in the file's order.
    """
    for entry in _TABLES.decode(f"{{{_TOML.sub(_to_json, text).strip().removeprefix('},')}}}}}").values():
        yield _known(entry, purpose)


def _to_json(match: re.Match[str]) -> str:
    string, equals, table, key, inner = match.groups()
    if string:
        return f"{string}:" if equals else string
    if table:
        return f'}},"{table}":{{"id":"{table}"'
    return f',"{key}":' if key else f'"{inner}":' if inner else ""


def read_vendors(text: str, *, purpose: CatalogPurpose) -> Iterator[KnownVendor]:
    """Read and check a data file.

    Args:
        text: TOML, one table per vendor, sorted by id.
        purpose: The purpose of every vendor in it.

    Yields:
        The vendors in the file's order.

    Raises:
        ConfigurationError: The text is not TOML, or a vendor is not as it must be; names the vendor and key.
    """
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationError(f"not TOML: {error}", path=purpose) from error
    if list(tables) != sorted(tables):
        late = next(b for a, b in zip(tables, list(tables)[1:], strict=False) if a > b)
        raise ConfigurationError("vendors are sorted by id, this one is late", path=f"{purpose}.{late}")
    for vendor_id, table in tables.items():
        yield _vendor(vendor_id, table, purpose)


def _vendor(vendor_id: str, table: Any, purpose: CatalogPurpose) -> KnownVendor:
    path = f"{purpose}.{vendor_id}"
    _require(_ID.match(vendor_id), f"expected lower-case words and hyphens, found {vendor_id!r}", path)
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
    rules = [HostRule.parse(text) for text in entry.hosts]
    rules += [HostRule.parse(text, linked=True) for text in entry.linked]
    return KnownVendor(
        id=entry.id,
        name=entry.name,
        purpose=purpose,
        description=entry.description,
        privacy_policy=entry.privacy_policy,
        country=entry.country,
        hosts=tuple(rules),
        labels=entry.labels,
        words=entry.words,
        inline=entry.inline,
        cookies=entry.cookies,
        stubs=entry.stubs,
        embed=entry.embed,
        containers=entry.containers,
        processor=entry.processor,
    )


def _check(entry: _Table, path: str) -> None:
    """Check what types do not say."""
    _require(entry.name.strip() and entry.description.strip(), "name and description are needed", path)
    policy = entry.privacy_policy or "https://"
    _require(policy.startswith("https://"), "expected an https URL", f"{path}.privacy_policy")
    _require(_COUNTRY.match(entry.country or "ZZ"), "expected two capital letters", f"{path}.country")
    for cookie in entry.cookies:
        _require(_COOKIE.match(cookie.name), f"not a usable name: {cookie.name!r}", f"{path}.cookies")
    for name in entry.stubs:
        _require(_GLOBAL.match(name), f"not the name of a global: {name!r}", f"{path}.stubs")
    for signature in entry.inline:
        _require(_SIGNATURE.match(signature), f"expected a word and more: {signature!r}", f"{path}.inline")
    for selector in entry.containers:
        known = selector and CONTAINER.match(selector)
        _require(known, f"expected element.class, #id or [attribute]: {selector!r}", f"{path}.containers")
    for key, words in (("labels", entry.labels), ("words", entry.words)):
        for word in words:
            _require(_WORD.match(word), f"expected one lower-case word: {word!r}", f"{path}.{key}")


def _require(condition: object, problem: str, path: str) -> None:
    if not condition:
        raise ConfigurationError(problem, path=path)
