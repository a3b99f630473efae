"""Real pages, default policy: nothing of a vendor is live without consent, no byte changes with it."""

from __future__ import annotations

from itertools import accumulate
from pathlib import Path

import pytest

from consentkit.consent.consent import Consent
from consentkit.gating import Gate
from consentkit.policy import Policy
from consentkit.rewriter import Rewriter
from live_tags import PAGE, live, live_in

PAGES = sorted((Path(__file__).parents[3] / "shared" / "corpus" / "pages").glob("*.html"))
POLICY = Policy()
GATE = Gate(POLICY)
CHUNK = 16_384

pytestmark = pytest.mark.skipif(not PAGES, reason="the corpus of real pages is not beside the repository")
each = pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)


def rewritten(page: bytes, *granted: str) -> bytes:
    """Return what the gate makes of a page for a visitor who granted these purposes."""
    allowed = frozenset({"necessary", *granted})
    consent = Consent(
        policy=POLICY,
        regimes=POLICY.regimes_at(None),
        granted=allowed,
        denied=frozenset(POLICY.purposes) - allowed,
        vendors_granted=frozenset(),
        vendors_denied=frozenset(),
    )
    rewriter = Rewriter(GATE.page(consent, host=PAGE.split("/")[2]))
    out = [rewriter.feed(page[at : at + CHUNK]) for at in range(0, len(page), CHUNK)]
    return b"".join([*out, rewriter.close()])


@each
def test_nothing_of_a_vendor_is_live_without_consent(path: Path) -> None:
    out = rewritten(path.read_bytes()).decode("utf-8", "replace")
    assert live(out) == []


@each
def test_with_consent_every_byte_is_as_written(path: Path) -> None:
    page = path.read_bytes()
    assert rewritten(page, *POLICY.purposes) == page


def test_the_pages_are_full_of_vendors() -> None:
    """What the first test looks for is there before the gate."""
    found = accumulate(len(live_in(path.read_text("utf-8", "replace"), "lexbor")) for path in PAGES)
    assert any(count > 300 for count in found)
