"""Conversion of TOML tables, or of structs made in Python, to checked structs; errors name their key path.

msgspec does not validate on construction and loses mapping keys in its error paths. Hence each table is
converted on its own, under the path that it has in the policy.
"""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from difflib import get_close_matches
from typing import TypeVar, cast

import msgspec
from msgspec.structs import asdict

from consentkit.catalog import HostRule
from consentkit.exceptions import ConfigurationError
from consentkit.policy import tables
from consentkit.policy.duration import check_date, read_duration
from consentkit.vendorcalls import calls_for

T = TypeVar("T", bound=msgspec.Struct)

# Few characters, since ids are written into the decision cookie, URLs and attributes.
IDENTIFIER = re.compile(r"[a-z][a-z0-9-]{0,39}")
_COLOUR = r"#(?:[0-9a-fA-F]{3}|[0-9a-fA-F]{6})"
_COUNTRY = r"[A-Z]{2}"
_COOKIE = r"[!#$%&'+.^_`|~0-9A-Za-z-]+\*?"  # RFC 9110 token, its "*" only at the end
_LINK = r"(?:https?://|/(?![/\\]))[^\s\"<>\\]*"
_PATH = r"/(?![/\\])[^\s\"<>\\]*"
_LOCALE = r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8})*"  # the usual form of RFC 5646
_BRACES = r"\{([^{}]*)\}"


# --- tables of any kind


def join(path: str, key: str) -> str:
    """Append a key to a key path."""
    return f"{path}.{key}" if path else key


def nearest(name: str, known: Iterable[str]) -> str:
    """Return ``; did you mean "…"?`` for the nearest known name, or an empty string."""
    near = get_close_matches(name, list(known), n=1, cutoff=0.5)
    return f'; did you mean "{near[0]}"?' if near else ""


def _nearest_or_all(name: str, known: Collection[str]) -> str:
    return nearest(name, known) or f"; known are {', '.join(known)}"


def check_keys(table: Mapping[str, object], known: Iterable[str], *, path: str = "") -> None:
    """Raise `ConfigurationError` at the first unknown key of a table."""
    known = sorted(known)
    for key in table:
        if key not in known:
            problem = f"unknown key{_nearest_or_all(str(key), known)}"
            raise ConfigurationError(problem, path=join(path, str(key)))


def check_purpose_id(purpose: str, known: Collection[str], *, path: str) -> None:
    """Raise `ConfigurationError` for a purpose that is not in `known`."""
    if purpose not in known:
        raise ConfigurationError(f'no purpose "{purpose}"{_nearest_or_all(purpose, known)}', path=path)


def read_mapping(value: object, *, path: str) -> Mapping[str, object]:
    """Return a table unchanged; raise `ConfigurationError` for anything else."""
    if not isinstance(value, Mapping) or not all(isinstance(key, str) for key in value):
        raise ConfigurationError(f"expected a table, got {_describe(value)}", path=path)
    return value


def _read_text(value: object, *, path: str) -> str:
    if not isinstance(value, str):
        raise ConfigurationError(f"expected a string, got {_describe(value)}", path=path)
    return value


def _describe(value: object) -> str:
    return f'"{value}"' if isinstance(value, str) else type(value).__name__


def read_table(value: object, kind: type[T], *, path: str) -> T:
    """Convert a table, or check a struct made in Python.

    Args:
        value: A mapping from TOML, or an instance of `kind`.
        kind: The struct to make. Its field ``id``, if any, is the last key of the path.
        path: Key path of the table.

    Raises:
        ConfigurationError: Unknown key, missing key or wrong type, with its key path.
    """
    raw = dict(asdict(value) if isinstance(value, kind) else read_mapping(value, path=path))
    fields = set(kind.__struct_fields__)
    if "id" in fields:
        ident = path.rpartition(".")[2]
        if isinstance(value, kind) and raw.pop("id") not in ("", ident):
            raise ConfigurationError(f'the key says "{ident}", the id something else', path=join(path, "id"))
        check_keys(raw, fields - {"id"}, path=path)
        raw["id"] = ident
    check_keys(raw, fields, path=path)
    try:
        return msgspec.convert(raw, kind, from_attributes=True)
    except msgspec.ValidationError as error:
        problem, _, place = str(error).partition(" - at `$")
        problem = problem[:1].lower() + problem[1:].replace("`", "")
        raise ConfigurationError(problem, path=path + place.removesuffix("`")) from error


def read_names(value: object, *, path: str, example: str) -> tuple[str, ...]:
    """Return a list of strings without duplicates; `example` is used in the error for anything else."""
    if not isinstance(value, (list, tuple)):
        raise ConfigurationError(f'expected a list such as ["{example}"]', path=path)
    return tuple(dict.fromkeys(_read_text(name, path=f"{path}[{at}]") for at, name in enumerate(value)))


def _read_entries(value: object, kind: type[T], path: str) -> Iterator[tuple[str, T]]:
    """Yield the tables in a table by their ids; errors name the path of each."""
    for ident, table in read_mapping(value, path=path).items():
        if not IDENTIFIER.fullmatch(ident):
            problem = "expected an id of lower-case letters, digits and hyphens, at most 40 characters"
            raise ConfigurationError(problem, path=join(path, ident))
        yield ident, read_table(table, kind, path=join(path, ident))


def _check_written(text: str, path: str) -> None:
    if not text.strip():
        raise ConfigurationError("expected a text, got nothing", path=path)


def _check_shape(shape: str, text: str, expected: str, path: str, *, optional: bool = True) -> None:
    if not (re.fullmatch(shape, text) or (optional and not text)):
        raise ConfigurationError(f'expected {expected}, got "{text}"', path=path)


# --- the policy's own tables


def read_site(value: object) -> tables.Site:
    """Read the table `site`."""
    site = read_table(value, tables.Site, path="site")
    _check_shape(_LINK, site.privacy_policy, 'a path or URL such as "/privacy"', "site.privacy_policy")
    return site


def read_markers(value: object) -> tuple[tables.MarkerTool, ...]:
    """Read the list `markers`."""
    markers = read_names(value, path="markers", example="cookiebot")
    for at, tool in enumerate(markers):
        if tool not in tables.MARKER_TOOLS:
            known = _nearest_or_all(tool, sorted(tables.MARKER_TOOLS))
            raise ConfigurationError(f'markers of "{tool}" mean nothing here{known}', path=f"markers[{at}]")
    return cast("tuple[tables.MarkerTool, ...]", markers)


def read_signals(value: object) -> tables.SignalRules:
    """Read the table `signals`."""
    signals = read_table(value, tables.SignalRules, path="signals")
    if signals.gpc_updated:
        check_date(signals.gpc_updated, path="signals.gpc_updated")
    return signals


def read_purposes(value: object) -> dict[str, tables.Purpose]:
    """Read the table `purposes` and add the default purposes."""
    purposes = dict(tables.default_purposes())
    for ident, written in _read_entries(value, tables.Purpose, "purposes"):
        purposes[ident] = purpose = tables.with_default(written)
        for key, text in (("title", purpose.title), ("description", purpose.description)):
            _check_written(text, f"purposes.{ident}.{key}")
        if purpose.required and purpose.sale:
            raise ConfigurationError("what is necessary cannot be a sale", path=f"purposes.{ident}.sale")
    return purposes


def read_vendors(value: object) -> dict[str, tables.Vendor]:
    """Read the table `vendors` as the site wrote it, without the catalog's details."""
    vendors = dict(_read_entries(value, tables.Vendor, "vendors"))
    for ident, vendor in vendors.items():
        _check_vendor(vendor, f"vendors.{ident}")
    return vendors


def _check_vendor(vendor: tables.Vendor, path: str) -> None:
    for at, host in enumerate(vendor.hosts):
        _check_host(host, f"{path}.hosts[{at}]")
    for at, cookie in enumerate(vendor.cookies):
        expected = 'a cookie name such as "_ga" or "_ga_*"'
        _check_shape(_COOKIE, cookie.name, expected, f"{path}.cookies[{at}].name", optional=False)
        if cookie.retention:
            read_duration(cookie.retention, path=f"{path}.cookies[{at}].retention")
    if vendor.retention:
        read_duration(vendor.retention, path=f"{path}.retention")
    mode = vendor.consent_mode
    if mode and calls_for(vendor.id, advanced=mode == "advanced") is None:
        raise ConfigurationError(f'this vendor documents no mode "{mode}"', path=f"{path}.consent_mode")
    _check_shape(_LINK, vendor.privacy_policy, "a URL", f"{path}.privacy_policy")
    _check_shape(_COUNTRY, vendor.country, 'a country code such as "IE"', f"{path}.country")


def _check_host(host: str, path: str) -> None:
    try:
        HostRule.parse(host)
    except ConfigurationError as error:
        problem = f'expected a host such as "stats.example.org", with or without a path, got "{host}"'
        raise ConfigurationError(problem, path=path) from error


# --- the banner


def read_banner(value: object) -> tables.Banner:
    """Read the table `banner` and its own texts; other sections are checked where they are rendered."""
    raw = asdict(value) if isinstance(value, tables.Banner) else read_mapping(value, path="banner")
    for locale, sections in read_mapping(raw.get("text", {}), path="banner.text").items():
        _check_sections(locale, read_mapping(sections, path=f"banner.text.{locale}"))
    banner = read_table(value, tables.Banner, path="banner")
    for key in ("accent", "surface", "dark_surface"):
        colour = getattr(banner, key)
        _check_shape(_COLOUR, colour, 'a colour such as "#0b6e4f"', f"banner.{key}", optional=False)
    _check_shape(_PATH, banner.logo, 'a path on this site such as "/logo.svg"', "banner.logo")
    return banner


def _check_sections(locale: str, sections: Mapping[str, object]) -> None:
    """Check the texts of one locale: section → key → text."""
    path = f"banner.text.{locale}"
    _check_shape(_LOCALE, locale, 'a locale such as "en" or "pt-BR"', path, optional=False)
    if locale != canonical_locale(locale):
        raise ConfigurationError(f'write "{canonical_locale(locale)}"', path=path)
    check_keys(sections, tables.TEXT_SECTIONS, path=path)
    for section, table in sections.items():
        texts = read_mapping(table, path=join(path, section))
        if section in tables.BANNER_SECTIONS:
            check_keys(texts, tables.TEXT_KEYS, path=join(path, section))
        for key, value in texts.items():
            text = _read_text(value, path=f"{path}.{section}.{key}")
            _check_written(text, f"{path}.{section}.{key}")
            if section in tables.BANNER_SECTIONS:
                _check_slots(text, section, key, f"{path}.{section}.{key}")


def _check_slots(text: str, section: str, key: str, path: str) -> None:
    slots = tables.NOTICE_SLOTS if key == "notice" else frozenset()
    if section != tables.Regime.OPT_OUT:
        # A link in a sentence is not equal to a button (EDPB Cookie Banner Taskforce report, section 14).
        slots -= {"opt-out"}
    for word in re.findall(_BRACES, text):
        if word not in slots:
            problem = f'nothing is filled in for "{{{word}}}"{nearest(word, slots)}'
            raise ConfigurationError(problem, path=path)
    if text.count("{opt-out}") > 1:
        raise ConfigurationError('"{opt-out}" is one button, and is there twice', path=path)


def canonical_locale(tag: str) -> str:
    """Write a language tag in its usual case, such as ``pt-BR`` (RFC 5646, section 2.1.1)."""
    language, *rest = tag.split("-")
    shapes = {4: str.title, 2: str.upper}
    return "-".join([language.lower(), *(shapes.get(len(part), str.lower)(part) for part in rest)])
