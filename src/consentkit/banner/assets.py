"""The style sheets and the script, as immutable files named by their content."""

import hashlib
import re
from functools import lru_cache
from pathlib import Path
from string import Template
from typing import NamedTuple

from consentkit.banner.colour import make_palette, read_colour
from consentkit.policy import Policy

# Selectors by which pages say that they are light or dark, whatever the system is. `ck.js` sets `data-scheme`
# where only a style sheet says so. `:where` adds no specificity: a site's own colours still win.
_SWITCHES = {
    "light": ".light,[data-theme^=light],[data-bs-theme=light],[data-md-color-scheme=default]",
    "dark": ".dark,[data-theme^=dark],[data-bs-theme=dark],[data-md-color-scheme=slate]",
}
_SHADES = {"light": "#0c1c1629", "dark": "#0009"}
_CSS_NOISE = re.compile(r"/\*.*?\*/\s*|(?<=[{};,:>~])\s+|\s+(?=[{}>~!])|;\s*(?=\})", re.DOTALL)
# Each id is repeated, so that our rules weigh more than those of pages. Colours stay easy to change.
_ID = re.compile(r"(#consentkit-(?:banner|dialog|link))")


class Asset(NamedTuple):
    """A file that the package serves.

    Attributes:
        name: Last segment of its path, with 12 digits of its hash. Without words that
            block lists of cookie notices look for.
        body: Its bytes.
        media_type: For `Content-Type`.
        hash: SHA-256 of the body, hexadecimal.
    """

    name: str
    body: bytes
    media_type: str
    hash: str


class Assets(NamedTuple):
    """The files for one choice of colours.

    Attributes:
        sheet: Styles of banner, link and dialog, and what the package's own pages share with them.
        page: All other styles: the package's own pages, and placeholders of embeds.
        script: The script that improves all of them.
    """

    sheet: Asset
    page: Asset
    script: Asset


@lru_cache(maxsize=64)
def read_assets(policy: Policy) -> Assets:
    """Return the files that belong to a policy.

    Raises:
        ConfigurationError: One of the policy's colours is invalid.
    """
    banner = policy.banner
    colours = {"light": banner.surface, "dark": banner.dark_surface}
    if banner.theme == "auto":
        light, dark = (_tokens(scheme, banner.accent, colours[scheme]) for scheme in colours)
        switched = (_tokens(scheme, banner.accent, colours[scheme], switch=True) for scheme in colours)
        tokens = f"{light}@media (prefers-color-scheme: dark) {{{dark}}}{''.join(switched)}"
    else:
        tokens = _tokens(banner.theme, banner.accent, colours[banner.theme])
    rules = _ID.sub(r"\1\1\1", _read("ck.css"))
    return Assets(
        sheet=_asset("ck", "css", _CSS_NOISE.sub("", tokens + rules)),
        page=_asset("page", "css", _CSS_NOISE.sub("", _read("page.css"))),
        script=_asset("ck", "js", _read("ck.min.js")),
    )


def _tokens(scheme: str, accent: str, surface: str, *, switch: bool = False) -> str:
    """Return a scheme's colours as CSS: for every page, or for pages whose own switch says that scheme."""
    path = "banner.surface" if scheme == "light" else "banner.dark_surface"
    palette = make_palette(read_colour(accent, path="banner.accent"), read_colour(surface, path=path))
    values = {name: str(colour) for name, colour in palette.items()}
    ours = "#consentkit-banner,#consentkit-link,#consentkit-dialog,#consentkit-said"
    scope = f"{ours},.consentkit-page"
    if switch:
        scope = f":where({_SWITCHES[scheme]}) :is({ours}),:is({scope}):where([data-scheme={scheme}])"
    told = scheme if switch else "initial"
    values |= {"scope": scope, "scheme": scheme, "told": told, "shade": _SHADES[scheme]}
    return Template(_read("tokens.css")).substitute(values)


def _asset(stem: str, kind: str, text: str) -> Asset:
    body = text.encode("ascii")
    digest = hashlib.sha256(body).hexdigest()
    media_type = {"css": "text/css; charset=utf-8", "js": "text/javascript; charset=utf-8"}[kind]
    return Asset(name=f"{stem}.{digest[:12]}.{kind}", body=body, media_type=media_type, hash=digest)


def _read(name: str) -> str:
    return (Path(__file__).with_name("static") / name).read_text("utf-8")
