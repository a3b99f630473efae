"""The banner exactly as it was shown, from its bundle: a document of its own in which nothing can run."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping
from hashlib import sha256
from typing import Any, Final

import msgspec

from consentkit.banner.markup import Fragment, escape
from consentkit.exceptions import ConfigurationError
from consentkit.log import LogReader

HEADERS: Final[Mapping[str, str]] = {
    "Content-Security-Policy": (
        "sandbox; default-src 'none'; style-src data:; img-src data:; form-action 'none'; "
        "frame-ancestors 'self'; base-uri 'none'"
    ),
}
"""Whatever a bundle holds: no script, no request, no form, no way out of the frame."""


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """What a notice told.

    Attributes:
        hash: Of its bundle.
        locale: Its language.
        regime: For which it is written.
        banner: Whether it has a banner: where nothing is asked there is none.
        purposes: Id, title and description of each purpose.
        vendors: Name, purpose, retention and cookies of each vendor.
    """

    hash: str
    locale: str
    regime: str
    banner: bool
    purposes: tuple[tuple[str, str, str], ...]
    vendors: tuple[tuple[str, str, str, str], ...]


def read_shown(hash: str, bundle: bytes | None) -> Shown | None:
    """Read what a notice told; ``None`` where that cannot be read."""
    notice = _decode(bundle)
    if notice is None:
        return None
    return Shown(
        hash=hash,
        locale=_text(notice, "locale"),
        regime=_text(notice, "regime"),
        banner=bool(_text(notice, "html")),
        purposes=tuple(
            (_text(purpose, "id"), _text(purpose, "title"), _text(purpose, "description"))
            for purpose in _items(notice, "purposes")
        ),
        vendors=tuple(
            (_text(vendor, "name"), _text(vendor, "purpose"), _text(vendor, "retention"), _cookies(vendor))
            for vendor in _items(notice, "vendors")
        ),
    )


def render_shown(reader: LogReader, hash: str) -> str | None:
    """Render the document that shows a notice's banner; ``None`` where there is none.

    Its style sheet is the one that was sent, byte for byte. Its links lead nowhere.
    """
    bundle = reader.notice(hash)
    notice = _decode(bundle)
    if bundle is None or notice is None or not _text(notice, "html") or sha256(bundle).hexdigest() != hash:
        return None
    try:
        banner = Fragment(_text(notice, "html")).fill(prefix="#", return_to="/", notice=hash)
    except ConfigurationError:
        return None
    # What a page loads for its banner; the other sheet is for pages of the package itself.
    sheets = [
        sheet for name, sheet in _assets(reader, notice) if name.startswith("ck.") and name.endswith(".css")
    ]
    links = "".join(map(_link, filter(None, sheets)))
    language = escape(_text(notice, "locale"))
    return (
        f'<!doctype html><html lang="{language}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>The banner as it was shown</title>{links}</head><body>{banner}</body></html>"
    )


def is_genuine(reader: LogReader, hash: str) -> bool:
    """Say whether a notice's bundle and all that it names have the hashes by which they are named."""
    bundle = reader.notice(hash)
    if bundle is None or sha256(bundle).hexdigest() != hash:
        return False
    return all(asset is not None for _, asset in _assets(reader, _decode(bundle) or {}))


def _assets(reader: LogReader, notice: Mapping[str, Any]) -> Iterator[tuple[str, bytes | None]]:
    """Yield name and bytes of what a notice names; ``None`` for what is missing or was changed."""
    assets = notice.get("assets")
    for name, hash in assets.items() if isinstance(assets, dict) else ():
        asset = reader.asset(str(hash))
        yield name, asset if asset is not None and sha256(asset).hexdigest() == hash else None


def _link(sheet: bytes) -> str:
    return f'<link rel="stylesheet" href="data:text/css;base64,{base64.b64encode(sheet).decode("ascii")}">'


def _decode(bundle: bytes | None) -> dict[str, Any] | None:
    try:
        notice = msgspec.json.decode(bundle or b"null")
    except (ValueError, RecursionError):
        return None
    return notice if isinstance(notice, dict) else None


def _text(mapping: Mapping[str, Any], name: str) -> str:
    value = mapping.get(name, "")
    return value if isinstance(value, str) else ""


def _items(mapping: Mapping[str, Any], name: str) -> list[dict[str, Any]]:
    items = mapping.get(name)
    return [item for item in items if isinstance(item, dict)] if isinstance(items, list) else []


def _cookies(vendor: Mapping[str, Any]) -> str:
    """Name a vendor's cookies, each with how long it is kept."""
    named = [(_text(cookie, "name"), _text(cookie, "retention")) for cookie in _items(vendor, "cookies")]
    return ", ".join(f"{name} ({kept})" if kept else name for name, kept in named)
