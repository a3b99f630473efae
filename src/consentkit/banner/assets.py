"""The style sheets and the script, named by their content and served as immutable files."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from functools import lru_cache
from importlib import resources
from string import Template

import msgspec

from consentkit.banner.colour import Colour, ensure_contrast, read_colour, readable_on
from consentkit.policy import Policy

SURFACE = Colour(0xFF, 0xFF, 0xFF)
DARK_SURFACE = Colour(0x1B, 0x21, 0x20)
PAGE = Colour(0xF4, 0xF6, 0xF5)
TEXT_CONTRAST = 4.5  # WCAG 2.2, 1.4.3

_CSS_NOISE = re.compile(r"/\*.*?\*/|(?<=[{};,:])\s+|\s+(?=[{}])|;\s*(?=\})", re.DOTALL)
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
    """The files for one accent colour.

    Attributes:
        sheet: Styles of banner and link, for the site's own pages.
        page: Styles of the package's own pages and of embeds' placeholders.
        script: What improves all of them.
    """

    sheet: Asset
    page: Asset
    script: Asset


def read_assets(policy: Policy) -> Assets:
    """Return the files that belong to a policy.

    Raises:
        ConfigurationError: The policy's accent is no colour.
    """
    return _build(policy.banner.accent)


def assets_by_name(policy: Policy) -> Mapping[str, Asset]:
    """Return the same files by the last segment of their path."""
    assets = read_assets(policy)
    return {asset.name: asset for asset in (assets.sheet, assets.page, assets.script)}


@lru_cache(maxsize=64)
def _build(accent: str) -> Assets:
    colours = _colours(read_colour(accent, path="banner.accent"))
    banner = _tokens("#consentkit-banner,#consentkit-link", colours) + _read("ck.css")
    page = _tokens(":root", colours) + _read("page.css")
    return Assets(
        sheet=_asset("ck", "css", _CSS_NOISE.sub("", banner)),
        page=_asset("page", "css", _CSS_NOISE.sub("", page)),
        script=_asset("ck", "js", _JS_NOISE.sub("", _read("ck.js"))),
    )


def _colours(accent: Colour) -> dict[str, str]:
    # The page is a little darker than its cards: what reads on it reads on both.
    return {
        "accent": str(accent),
        "on": str(readable_on(accent)),
        "link": str(ensure_contrast(accent, PAGE, TEXT_CONTRAST)),
        "dark": str(ensure_contrast(accent, DARK_SURFACE, TEXT_CONTRAST)),
    }


def _tokens(scope: str, colours: Mapping[str, str]) -> str:
    return Template(_read("tokens.css")).substitute(colours, scope=scope)


def _asset(stem: str, kind: str, text: str) -> Asset:
    body = text.encode("ascii")
    digest = hashlib.sha256(body).hexdigest()
    media_type = {"css": "text/css; charset=utf-8", "js": "text/javascript; charset=utf-8"}[kind]
    return Asset(name=f"{stem}.{digest[:12]}.{kind}", body=body, media_type=media_type, hash=digest)


def _read(name: str) -> str:
    return resources.files("consentkit.banner").joinpath("static", name).read_text("utf-8")
