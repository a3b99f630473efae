"""The style sheets and the script, named by their content and served as immutable files."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from functools import lru_cache
from importlib import resources
from string import Template

import msgspec

from consentkit.banner.colour import make_palette, read_colour
from consentkit.policy import Policy

_SCOPE = "#consentkit-banner,#consentkit-link,#consentkit-dialog,.consentkit-page"
_CSS_NOISE = re.compile(r"/\*.*?\*/\s*|(?<=[{};,:>])\s+|\s+(?=[{}>])|;\s*(?=\})", re.DOTALL)
_JS_TOKEN = re.compile(
    r'("(?:[^"\\\n]|\\.)*"|/(?![/*\s])(?:[^/\\\n\[]|\\.|\[[^\]\n]*\])+/[a-z]*)|\s*([=>{}()\[\],;:?&|!<+])\s*'
)
_ID = re.compile(r"(#consentkit-(?:banner|dialog|link))")
_JS_NOISE = re.compile(r"^\s*(?://.*)?\n|^\s+", re.MULTILINE)


class Asset(msgspec.Struct, frozen=True, kw_only=True):
    """One file that the package serves.

    Attributes:
        name: Last segment of its path, with 12 digits of its hash. Neutral: block lists of cookie notices
            look for words in file names.
        body: Its bytes.
        media_type: For `Content-Type`.
        hash: SHA-256 of the body, hexadecimal.
    """

    name: str
    body: bytes
    media_type: str
    hash: str


class Assets(msgspec.Struct, frozen=True, kw_only=True):
    """The files for one choice of colours.

    Attributes:
        sheet: Styles of banner, link and dialog, and what the package's own pages share with them.
        page: All other styles of the package's own pages and of embeds' placeholders.
        script: What improves all of them.
    """

    sheet: Asset
    page: Asset
    script: Asset


def read_assets(policy: Policy) -> Assets:
    """Return the files that belong to a policy.

    Raises:
        ConfigurationError: One of the policy's colours is none.
    """
    banner = policy.banner
    return _build(banner.theme, banner.accent, banner.surface, banner.dark_surface)


def assets_by_name(policy: Policy) -> Mapping[str, Asset]:
    """Return the same files by the last segment of their path."""
    assets = read_assets(policy)
    return {asset.name: asset for asset in (assets.sheet, assets.page, assets.script)}


@lru_cache(maxsize=64)
def _build(theme: str, accent: str, surface: str, dark_surface: str) -> Assets:
    light = _tokens("light", accent, surface)
    dark = _tokens("dark", accent, dark_surface)
    preferred = f"{light}@media (prefers-color-scheme: dark) {{{dark}}}"
    tokens = {"light": light, "dark": dark}.get(theme, preferred)
    return Assets(
        sheet=_asset("ck", "css", _CSS_NOISE.sub("", tokens + _outweigh(_read("ck.css")))),
        page=_asset("page", "css", _CSS_NOISE.sub("", _read("page.css"))),
        script=_asset("ck", "js", _compact(_read("ck.js"))),
    )


def _compact(script: str) -> str:
    """Leave out comments and space. The script has no template strings, no division, every semicolon."""
    return _JS_TOKEN.sub(lambda token: token[1] or token[2], _JS_NOISE.sub("", script))


def _outweigh(sheet: str) -> str:
    """Repeat each id, so that our rules weigh more than those of pages. Colours stay easy to change."""
    return _ID.sub(r"\1\1\1", sheet)


def _tokens(scheme: str, accent: str, surface: str) -> str:
    names = {"light": "banner.surface", "dark": "banner.dark_surface"}
    palette = make_palette(
        read_colour(accent, path="banner.accent"), read_colour(surface, path=names[scheme])
    )
    values = {name: str(colour) for name, colour in palette._asdict().items()}
    shade = {"light": "#0c1c1629", "dark": "#0009"}[scheme]
    return Template(_read("tokens.css")).substitute(values, scope=_SCOPE, scheme=scheme, shade=shade)


def _asset(stem: str, kind: str, text: str) -> Asset:
    body = text.encode("ascii")
    digest = hashlib.sha256(body).hexdigest()
    media_type = {"css": "text/css; charset=utf-8", "js": "text/javascript; charset=utf-8"}[kind]
    return Asset(name=f"{stem}.{digest[:12]}.{kind}", body=body, media_type=media_type, hash=digest)


def _read(name: str) -> str:
    return resources.files("consentkit.banner").joinpath("static", name).read_text("utf-8")
