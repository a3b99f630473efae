"""Whatever colours a site names, text on them stays readable."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consentkit.banner.colour import Colour, contrast, make_palette, read_colour, readable_on
from consentkit.exceptions import ConfigurationError

COLOURS = st.builds(Colour, *[st.integers(0, 255)] * 3)


@given(COLOURS, COLOURS)
def test_any_two_colours_of_a_site_make_a_palette_that_reads(accent: Colour, surface: Colour) -> None:
    palette = make_palette(accent, surface)
    for ground in (palette["surface"], palette["page"]):
        assert (
            min(contrast(ink, ground) for ink in (palette["ink"], palette["muted"], palette["link"])) >= 4.5
        )
        assert contrast(palette["edge"], ground) >= 3
    assert (palette["accent"], palette["surface"]) == (accent, surface)


@given(COLOURS, COLOURS)
def test_any_accent_reads_on_any_surface(accent: Colour, surface: Colour) -> None:
    assert contrast(readable_on(accent), accent) >= 4.5
    assert contrast(make_palette(accent, surface)["link"], surface) >= 4.5


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
