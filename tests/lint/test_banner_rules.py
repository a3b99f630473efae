"""Rules of banner and settings, held against what visits saw: no browser is needed."""

from __future__ import annotations

import pytest

from consentkit.lint.banner_rules import (
    check_contrast,
    check_equal_buttons,
    check_language,
    check_machine_refusal,
    check_presses_to_reject,
    check_reject_button,
)
from consentkit.lint.facts import ChoiceVisit, Layer
from lint.observed import URL, control, layer, observed, page_visit


def test_a_page_that_does_not_ask() -> None:
    [finding] = check_reject_button(observed(page_visit()))
    assert (finding.rule, finding.level, finding.where) == (3, "error", URL)


@pytest.mark.parametrize(
    ("asking", "said"),
    [
        (layer(), []),
        (layer(control("accept"), control("reject", button=False)), ['"reject" is a link, not a button']),
        (
            layer(control("accept"), control("settings")),
            ["nothing on the first layer rejects; it offers: accept, settings"],
        ),
    ],
)
def test_rejecting_is_a_button(asking: Layer, said: list[str]) -> None:
    assert [finding.message for finding in check_reject_button(observed(page_visit(asking)))] == said


def test_buttons_may_differ_in_width_by_their_labels_and_little_else() -> None:
    wide = layer(control("accept"), control("reject", width=70.0))
    assert list(check_equal_buttons(observed(page_visit(wide)))) == []
    thin = layer(control("accept"), control("reject", height=30.0, weight="300"))
    [finding] = check_equal_buttons(observed(page_visit(thin)))
    assert (
        finding.message
        == "accept and reject differ in weight (400 against 300), size (90 × 40 against 90 × 30)"
    )


def test_what_cannot_be_measured_is_a_note() -> None:
    asking = layer(control("accept", contrast=None), control("reject", contrast=2.0))
    levels = [finding.level for finding in check_contrast(observed(page_visit(asking)))]
    assert levels == ["note", "error"] * 2  # in light, in dark


@pytest.mark.parametrize(("reject", "found"), [(1, 0), (2, 1), (None, 1)])
def test_rejecting_is_as_short_as_accepting(reject: int | None, found: int) -> None:
    seen = observed(page_visit(layer()))
    seen.granted, seen.refused = ChoiceVisit(presses=1), ChoiceVisit(presses=reject)
    assert len(list(check_presses_to_reject(seen))) == found


def test_the_text_counts_where_the_markup_says_nothing_else() -> None:
    seen = observed(page_visit(layer(spoken="de")))
    seen.foreign = page_visit(layer(language="fr"))
    messages = [finding.message for finding in check_language(seen)]
    assert messages == [f'the page is in "en", the first layer in "{other}"' for other in ("de", "fr")]


@pytest.mark.parametrize(("known", "level"), [(True, "error"), (False, "note")])
def test_labels_that_no_tool_knows(known: bool, level: str) -> None:
    seen = observed(page_visit(layer(control("accept"), known=known)))
    seen.refused_by_tool = None
    assert [finding.level for finding in check_machine_refusal(seen)] == [level]
    seen.refused_by_tool = True
    assert list(check_machine_refusal(seen)) == []
