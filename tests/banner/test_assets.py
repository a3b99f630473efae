"""The files: small, self-contained, readable in every accent."""

from __future__ import annotations

import gzip
import hashlib
import re
from typing import Literal

import pytest

from consentkit.banner.assets import read_assets
from consentkit.banner.colour import (
    Colour,
    contrast,
    read_colour,
)
from consentkit.policy import Banner, Policy
from consentkit.vendorcalls import calls_script

MOST = 8_200  # bytes, gzip, for all that every page with a banner may need


def sheet(theme: str, banner: Banner | None = None) -> dict[str, Colour]:
    """Return the colours that the style sheet defines for a theme."""
    body = read_assets(Policy(banner=banner or Banner())).sheet.body.decode()
    blocks = re.findall(r"--ck-surface:[^}]*", body)
    pairs = re.findall(r"--ck-(\w+):\s*(#[0-9a-f]{6})\b", blocks[theme == "dark"])
    return {name: read_colour(value) for name, value in pairs}


def test_all_files_together_are_small() -> None:
    files = read_assets(Policy())
    bodies = [files.script.body, calls_script(), files.sheet.body, files.page.body]
    assert sum(len(gzip.compress(body, 9)) for body in bodies) <= MOST


def test_files_are_named_by_their_content() -> None:
    for asset in read_assets(Policy()):
        assert asset.hash == hashlib.sha256(asset.body).hexdigest()
        assert asset.hash[:12] in asset.name
    other = Policy(banner=Banner(accent="#aa3300"))
    assert read_assets(other).sheet.name != read_assets(Policy()).sheet.name
    assert read_assets(other).script is not None
    assert read_assets(other).script.name == read_assets(Policy()).script.name


def test_files_load_nothing_else() -> None:
    for asset in read_assets(Policy()):
        assert not re.search(rb"url\(|@import|https?:|innerHTML|eval\(|/\*", asset.body)
        assert asset.body.isascii()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_pair_of_colours_reads(theme: str) -> None:
    colours = sheet(theme)
    for ink in ("ink", "muted", "link"):
        assert min(contrast(colours[ink], colours[ground]) for ground in ("surface", "page")) >= 4.5
    assert contrast(colours["on"], colours["accent"]) >= 4.5
    assert min(contrast(colours["edge"], colours[ground]) for ground in ("surface", "page")) >= 3


@pytest.mark.parametrize(
    ("theme", "schemes"), [("auto", ["light", "dark"]), ("light", ["light"]), ("dark", ["dark"])]
)
def test_a_theme_is_the_visitors_choice_or_the_sites(
    theme: Literal["auto", "light", "dark"], schemes: list[str]
) -> None:
    body = read_assets(Policy(banner=Banner(theme=theme))).sheet.body.decode()
    assert list(dict.fromkeys(re.findall(r"[;{]color-scheme:(\w+)", body))) == schemes
    assert ("prefers-color-scheme" in body) is (theme == "auto")
