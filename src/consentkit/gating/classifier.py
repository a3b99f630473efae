"""Whom a tag or a script would reach, by the policy and the catalog.

What is found is a function of the bytes alone, so it is remembered across visitors; what their consent makes
of it is decided per response, in `consentkit.gating.document`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from hashlib import blake2b
from typing import Final

from consentkit.catalog import URL
from consentkit.gating.containers import Containers
from consentkit.gating.elements import first
from consentkit.gating.inline import InlineReader, Reading
from consentkit.gating.parties import Parties
from consentkit.gating.party import Plan, join
from consentkit.gating.planning import Planner
from consentkit.rewriter import attributes

MEMO_TAGS: Final = 8192
MEMO_TAG_BYTES: Final = 2048
MEMO_TEXTS: Final = 4096
MEMO_TEXT_BYTES: Final = 512
"""Tags remembered, the size up to which they are found by their bytes (at most 16 MB, usually a tenth) and
not by a digest, and the same for scripts."""

# What a tag holds that reaches a third party, runs a script or bears a marker: two slashes with nothing but
# removed characters between them, a scheme, or a character reference that could stand for any of it.
_SUSPECT: Final = re.compile(
    rb"[/\\][\t\n\r]*+[/\\]|[:&]|[\"'\s/]on[a-z]|srcdoc|optanon-|cmplz-|data-(?:consent|cookie|usercentrics|category|name)",
    re.I,
)
# The usual link that fetches nothing. Every page has some of its own.
_IDLE: Final = re.compile(
    rb"<link rel=\"(?:canonical|alternate|shortlink|amphtml|next|prev|author)\""
    rb"(?: (?:href|hreflang|type|title)=\"[^\"]*+\")*+ ?/?>"
)


class Classifier:
    """Finds whom bytes reach. Made once per gate and shared by all documents.

    Args:
        parties: Who addresses, markers and cookies stand for.
        exact: Whether hosts that nobody knows are to be gated; see `consentkit.gating.inline.InlineReader`.

    Attributes:
        planner: Reads single tags.
        containers: Elements that vendors' scripts fill.
    """

    def __init__(self, parties: Parties, *, exact: bool) -> None:
        self._parties = parties
        self.planner: Final = Planner(parties, self.read)
        self._inline = InlineReader(parties.signatures, parties.owners, exact=exact)
        self.containers: Final = Containers(parties.containers)
        self._plans: dict[bytes | tuple[bytes, Sequence[URL]], Plan | None] = {}
        self._readings: dict[tuple[bytes, int], Reading] = {}

    def plan(self, raw: bytes, name: bytes, bases: Sequence[URL] = ()) -> Plan | None:
        """Find whom a tag would reach.

        Args:
            raw: The tag's bytes.
            name: Lower-case name of the element.
            bases: What relative URLs may be resolved against, besides the page itself.

        Returns:
            What to do with the tag, or `None` if there is nothing to do, whatever the consent.
        """
        known_as = raw if len(raw) <= MEMO_TAG_BYTES else b"#" + blake2b(raw, digest_size=20).digest()
        key = (known_as, bases) if bases else known_as
        try:
            return self._plans[key]
        except KeyError:
            pass
        plan = self._plan(raw, name, bases)
        # A plan for a long tag is remembered unless it holds a document or a picture.
        small = known_as is raw or plan is None or not (plan.others or (plan.embed and plan.embed.poster))
        if small and sum(len(base.path) for base in bases) <= MEMO_TAG_BYTES:
            if len(self._plans) >= MEMO_TAGS:
                self._plans.clear()
            self._plans[key] = plan
        return plan

    def _plan(self, raw: bytes, name: bytes, bases: Sequence[URL]) -> Plan | None:
        if name == b"html":
            found = attributes(raw)
            # In XML it has another name.
            return Plan(language=first(found, b"lang") or first(found, b"xml:lang") or "")
        matters = (
            bases or name in (b"script", b"iframe") or (_SUSPECT.search(raw) and not _IDLE.fullmatch(raw))
        )
        plan = self.planner.plan(raw, name, bases) if matters else None
        party = self.containers.find(raw, name)
        return plan if party is None else (plan or Plan())._replace(container=party)

    def read(self, text: bytes) -> Reading:
        """Find whom the text of an inline script would reach."""
        known_as = text if len(text) <= MEMO_TEXT_BYTES else blake2b(text, digest_size=20).digest()
        key = known_as, len(text)
        reading = self._readings.get(key)
        if reading is None:
            if len(self._readings) >= MEMO_TEXTS:
                self._readings.clear()
            reading = self._readings[key] = self._inline.read(text)
        return reading

    def content(self, plan: Plan, text: bytes, bases: Sequence[URL]) -> Reading:
        """Find whom the content of a script element would reach.

        Args:
            plan: What :meth:`plan` returned for its tag.
            text: The content.
            bases: What relative URLs may be resolved against, besides the page itself.
        """
        if plan.rules:
            return Reading(self.planner.ruled(plan.rules, text, bases))
        reading = self.read(text)
        if bases and self._inline.loads(text):
            # What it loads from here may come from there.
            based = self._parties.reached(["."], bases)
            reading = reading._replace(found=join([reading.found, based]))
        return reading
