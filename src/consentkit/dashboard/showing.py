"""The banner exactly as it was shown, from its bundle: a document of its own in which nothing can run."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping
from hashlib import sha256
from typing import Final

from consentkit.banner.markup import Fragment, escape
from consentkit.consent import Notice, Shown
from consentkit.exceptions import ConfigurationError
from consentkit.log import LogReader

HEADERS: Final[Mapping[str, str]] = {
    "Content-Security-Policy": (
        "sandbox; default-src 'none'; style-src data:; img-src data:; form-action 'none'; "
        "frame-ancestors 'self'; base-uri 'none'"
    ),
}
"""Whatever a bundle holds: no script, no request, no form, no way out of the frame."""


def render_shown(reader: LogReader, hash: str) -> str | None:
    """Render the document that shows a notice's banner; ``None`` where there is none.

    Its style sheet is the one that was sent, byte for byte. Its links lead nowhere.
    """
    bundle = reader.notice(hash)
    shown = Notice.loads(bundle or b"")
    if bundle is None or shown is None or not shown.html or sha256(bundle).hexdigest() != hash:
        return None
    try:
        banner = Fragment(shown.html).fill(prefix="#", return_to="/", notice=hash)
    except ConfigurationError:
        return None
    # What a page loads for its banner; the other sheet is for pages of the package itself.
    sheets = [
        sheet for name, sheet in _assets(reader, shown) if name.startswith("ck.") and name.endswith(".css")
    ]
    links = "".join(map(_link, filter(None, sheets)))
    language = escape(shown.locale)
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
    return all(asset is not None for _, asset in _assets(reader, Notice.loads(bundle) or Shown()))


def _assets(reader: LogReader, shown: Shown) -> Iterator[tuple[str, bytes | None]]:
    """Yield name and bytes of what a notice names; ``None`` for what is missing or was changed."""
    for name, hash in shown.assets.items():
        asset = reader.asset(hash)
        yield name, asset if asset is not None and sha256(asset).hexdigest() == hash else None


def _link(sheet: bytes) -> str:
    return f'<link rel="stylesheet" href="data:text/css;base64,{base64.b64encode(sheet).decode("ascii")}">'
