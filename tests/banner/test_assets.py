"""The files: small, self-contained, readable in every accent."""

from __future__ import annotations

import gzip
import hashlib
import re
import subprocess
import sys
import tomllib
from importlib import resources
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consentkit.banner import assets_by_name
from consentkit.banner.assets import read_assets
from consentkit.banner.colour import (
    Colour,
    contrast,
    make_palette,
    read_colour,
    readable_on,
)
from consentkit.banner.languages import direction
from consentkit.banner.texts import available_locales, shipped_locales
from consentkit.exceptions import ConfigurationError
from consentkit.policy import Banner, Policy
from consentkit.vendorcalls import calls_script

MOST = 8_200  # bytes, gzip, for all that every page with a banner may need

COLOURS = st.builds(Colour, *[st.integers(0, 255)] * 3)


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
    for name, asset in assets_by_name(Policy()).items():
        assert asset.hash == hashlib.sha256(asset.body).hexdigest()
        assert name == asset.name and asset.hash[:12] in name
    other = Policy(banner=Banner(accent="#aa3300"))
    assert read_assets(other).sheet.name != read_assets(Policy()).sheet.name
    assert read_assets(other).script is not None
    assert read_assets(other).script.name == read_assets(Policy()).script.name


def test_files_load_nothing_else() -> None:
    for asset in assets_by_name(Policy()).values():
        assert not re.search(rb"url\(|@import|https?:|innerHTML|eval\(|/\*", asset.body)
        assert asset.body.isascii()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_pair_of_colours_reads(theme: str) -> None:
    colours = sheet(theme)
    for ink in ("ink", "muted", "link"):
        assert min(contrast(colours[ink], colours[ground]) for ground in ("surface", "page")) >= 4.5
    assert contrast(colours["on"], colours["accent"]) >= 4.5
    assert min(contrast(colours["edge"], colours[ground]) for ground in ("surface", "page")) >= 3


@given(COLOURS, COLOURS)
def test_any_two_colours_of_a_site_make_a_palette_that_reads(accent: Colour, surface: Colour) -> None:
    palette = make_palette(accent, surface)
    for ground in (palette.surface, palette.page):
        assert min(contrast(ink, ground) for ink in (palette.ink, palette.muted, palette.link)) >= 4.5
        assert contrast(palette.edge, ground) >= 3
    assert (palette.accent, palette.surface) == (accent, surface)


@pytest.mark.parametrize(
    ("theme", "schemes"), [("auto", ["light", "dark"]), ("light", ["light"]), ("dark", ["dark"])]
)
def test_a_theme_is_the_visitors_choice_or_the_sites(
    theme: Literal["auto", "light", "dark"], schemes: list[str]
) -> None:
    body = read_assets(Policy(banner=Banner(theme=theme))).sheet.body.decode()
    assert list(dict.fromkeys(re.findall(r"[;{]color-scheme:(\w+)", body))) == schemes
    assert ("prefers-color-scheme" in body) is (theme == "auto")


@given(COLOURS, COLOURS)
def test_any_accent_reads_on_any_surface(accent: Colour, surface: Colour) -> None:
    assert contrast(readable_on(accent), accent) >= 4.5
    assert contrast(make_palette(accent, surface).link, surface) >= 4.5


@given(COLOURS)
def test_colours_read_as_they_are_written(colour: Colour) -> None:
    assert read_colour(str(colour)) == colour


def test_contrast_is_that_of_the_standard() -> None:
    assert contrast(Colour(0, 0, 0), Colour(255, 255, 255)) == pytest.approx(21)
    assert contrast(read_colour("#777"), read_colour("#ffffff")) == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("text", ["red", "#12", "#1234567", "#123;}", "url(x)"])
def test_nothing_but_colours_gets_into_the_sheet(text: str) -> None:
    with pytest.raises(ConfigurationError, match="colour"):
        read_colour(text)


def test_every_locale_has_every_text_and_every_slot() -> None:
    folder = resources.files("consentkit.banner") / "locales"
    english, *others = [
        tomllib.loads((folder / f"{locale}.toml").read_text("utf-8"))
        for locale in sorted(shipped_locales(), key=lambda locale: (locale != "en", locale))
    ]
    for texts in others:
        texts.pop("duration", None)  # what CLDR lacks
        assert {s: set(keys) for s, keys in texts.items()} == {s: set(keys) for s, keys in english.items()}
    assert available_locales(Policy()) == shipped_locales()


def test_scripts_from_right_to_left() -> None:
    assert [direction(locale) for locale in ("ar", "he-IL", "fa", "ur", "en", "pt-BR")] == ["rtl"] * 4 + [
        "ltr"
    ] * 2


def test_importing_the_room_imports_no_template_engine() -> None:
    code = "import sys, consentkit.banner; sys.exit('jinja2' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
