"""Renders a stored banner as it was shown, in a document without scripts."""

import base64
from collections.abc import Mapping
from hashlib import sha256
from typing import Final

from consentkit.banner.markup import Fragment, escape
from consentkit.consent.notice import Notice
from consentkit.exceptions import ConfigurationError
from consentkit.log import LogReader
from consentkit.log.verify.spot_checks import genuine_assets

HEADERS: Final[Mapping[str, str]] = {
    "Content-Security-Policy": (
        "sandbox; default-src 'none'; style-src data:; img-src data:; form-action 'none'; "
        "frame-ancestors 'self'; base-uri 'none'"
    )
}
"""Headers of that document: no script, no request, no form, no navigation out of the frame."""

_LINK: Final = '<link rel="stylesheet" href="data:text/css;base64,{}">'


def render_shown(reader: LogReader, hash: str) -> str | None:
    """Render a notice's banner with the style sheet of its time; ``None`` if it has no banner."""
    bundle = reader.notice(hash)
    shown = Notice.loads(bundle or b"")
    if bundle is None or shown is None or not shown.html or sha256(bundle).hexdigest() != hash:
        return None
    try:
        banner = Fragment(shown.html).fill(prefix="#", return_to="/", notice=hash)
    except ConfigurationError:
        return None
    # The sheet that a page loads for its banner; the other is for the package's own pages.
    assets = genuine_assets(reader, shown)
    sheets = (sheet for name, sheet in assets if name.startswith("ck.") and name.endswith(".css"))
    links = "".join(_LINK.format(base64.b64encode(sheet).decode("ascii")) for sheet in sheets if sheet)
    return (
        f'<!doctype html><html lang="{escape(shown.locale)}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>The banner as it was shown</title>{links}</head><body>{banner}</body></html>"
    )
