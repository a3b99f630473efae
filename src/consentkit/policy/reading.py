"""From TOML tables, or structs made in Python, to checked structs whose errors name their key path.

msgspec does not validate on construction and loses mapping keys in its error paths; hence each table is
converted on its own, under the path it has in the policy.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from difflib import get_close_matches
from typing import TypeVar

import msgspec

from consentkit.exceptions import ConfigurationError

T = TypeVar("T", bound=msgspec.Struct)


def join(path: str, key: str) -> str:
    """Append a key to a key path."""
    return f"{path}.{key}" if path else key


def nearest(name: str, known: Iterable[str]) -> str:
    """Return ``; did you mean "…"?`` for the nearest known name, or nothing."""
    near = get_close_matches(name, list(known), n=1, cutoff=0.5)
    return f'; did you mean "{near[0]}"?' if near else ""


def hint(name: str, known: Collection[str]) -> str:
    """Return what `nearest` does, or else all known names."""
    return nearest(name, known) or f"; known are {', '.join(known)}"


def check_keys(table: Mapping[str, object], known: Iterable[str], *, path: str = "") -> None:
    """Refuse keys that are not known.

    Raises:
        ConfigurationError: At the first unknown key, with the nearest known one.
    """
    known = sorted(known)
    for key in table:
        if key not in known:
            raise ConfigurationError(f"unknown key{hint(str(key), known)}", path=join(path, str(key)))


def check_purpose_id(purpose: str, known: Collection[str], *, path: str) -> None:
    """Refuse a purpose that is not one of these.

    Raises:
        ConfigurationError: With the nearest of them.
    """
    if purpose not in known:
        raise ConfigurationError(f'no purpose "{purpose}"{hint(purpose, known)}', path=path)


def read_mapping(value: object, *, path: str) -> Mapping[str, object]:
    """Return a table as it is.

    Raises:
        ConfigurationError: It is no table, or has keys that are no strings.
    """
    if not isinstance(value, Mapping) or not all(isinstance(key, str) for key in value):
        raise ConfigurationError(f"expected a table, got {_describe(value)}", path=path)
    return value


def read_text(value: object, *, path: str) -> str:
    """Return a string as it is.

    Raises:
        ConfigurationError: It is no string.
    """
    if not isinstance(value, str):
        raise ConfigurationError(f"expected a string, got {_describe(value)}", path=path)
    return value


def read_table(value: object, kind: type[T], *, path: str) -> T:
    """Convert a table, or a struct whose fields nobody has checked yet.

    Args:
        value: A mapping as TOML gives it, or an instance of `kind`.
        kind: The struct to make. A field ``id`` cannot be given: it is the last key of the path.
        path: Key path of the table.

    Raises:
        ConfigurationError: Unknown key, missing key or wrong type, with its key path.
    """
    raw = dict(msgspec.structs.asdict(value) if isinstance(value, kind) else read_mapping(value, path=path))
    fields = {field.name for field in msgspec.structs.fields(kind)}
    if "id" in fields:
        ident = path.rpartition(".")[2]
        if isinstance(value, kind) and raw.pop("id") not in ("", ident):
            raise ConfigurationError(f'the key says "{ident}", the id something else', path=join(path, "id"))
        check_keys(raw, fields - {"id"}, path=path)
        raw["id"] = ident
    check_keys(raw, fields, path=path)
    return _convert(raw, kind, path)


def _convert(raw: dict[str, object], kind: type[T], path: str) -> T:
    try:
        return msgspec.convert(raw, kind, from_attributes=True)
    except msgspec.ValidationError as error:
        problem, _, place = str(error).partition(" - at `$")
        raise ConfigurationError(
            problem[:1].lower() + problem[1:].replace("`", ""), path=path + place.removesuffix("`")
        ) from error


def _describe(value: object) -> str:
    return f'"{value}"' if isinstance(value, str) else type(value).__name__
