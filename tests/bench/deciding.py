"""The gate's own decisions for rewriters that show attributes instead of bytes."""

from __future__ import annotations

from collections.abc import Sequence

from consentkit.consent.consent import Consent, resolve
from consentkit.gating import Gate
from consentkit.policy import Policy
from consentkit.rewriter import Handler, Splice, Where, attributes
from consentkit.signals import Signals

NOW = 1_795_392_000
PLAIN = Where(0)

Tag = tuple[str, tuple[tuple[str, str], ...]]
Edit = tuple[str, str | None]
"""An attribute and its new value; `None` where it is to be removed."""


def nothing_granted(policy: Policy) -> Consent:
    """Return what holds for a visitor who has not said anything."""
    return resolve(policy, policy.regimes_at(None), None, Signals(), now=NOW)


def selectors(handler: Handler) -> list[str]:
    """Return selectors for the tags that the gate looks at, but `base`, which concerns whole pages."""
    rare = [
        f"{name.decode()}[{attribute.decode()}]"
        for attribute, names in sorted(handler.rare)
        for name in sorted(names - handler.names)
    ]
    return [name.decode() for name in sorted(handler.names - {b"base"})] + rare


class Decider:
    """Answers for tags and scripts what the gate would; asks it once for each, as the gate does itself.

    Attributes:
        shown: Selectors for the tags that the gate looks at.
        tags: What was decided on tags: their edits, and whether the script inside is to be read.
        texts: Whether scripts were held back.
        gated: How many elements were.
    """

    def __init__(self, gate: Gate, consent: Consent) -> None:
        self.tags: dict[Tag, tuple[Sequence[Edit], bool]] = {}
        self.texts: dict[str, bool] = {}
        self.gated = 0
        self._gate = gate
        self._page = gate.page(consent)
        self.shown = selectors(self._page)

    def tag(self, name: str, found: tuple[tuple[str, str], ...]) -> tuple[Sequence[Edit], bool]:
        """Return the edits of a start tag, and whether the text inside is to be asked about."""
        key = (name, found)
        decided = self.tags.get(key)
        if decided is None:
            decided = self.tags[key] = self._decide(name.encode(), found)
        if decided[0]:
            self.gated += 1
        return decided

    def text(self, text: str) -> bool:
        """Tell whether an inline script is held back."""
        held = self.texts.get(text)
        if held is None:
            held = self.texts[text] = bool(self._page.script(b"<script>", text.encode(), True, PLAIN))
        self.gated += held
        return held

    def _decide(self, name: bytes, found: Sequence[tuple[str, str]]) -> tuple[Sequence[Edit], bool]:
        raw = b"<%s%s>" % (name, b"".join(map(_written, found)))
        if name != b"script":
            return _edits(raw, self._page.start_tag(raw, name, PLAIN)), False
        plan = self._gate.classifier.classify(raw, name)
        reads = plan is not None and not plan.marked and not any(key == "src" for key, _ in found)
        return _edits(raw, self._page.script(raw, b"", True, PLAIN)), reads


def _written(attribute: tuple[str, str]) -> bytes:
    name, value = attribute
    return f' {name}="{(value or "").replace(chr(34), "&quot;")}"'.encode()


def _edits(raw: bytes, splices: Sequence[Splice] | None) -> list[Edit]:
    """Return what splices do to the attributes of a tag."""
    if not splices:
        return []
    parts, at = [], 0
    for start, end, new in sorted(splices, key=lambda splice: splice[:2]):
        parts += [raw[at:start], new]
        at = end
    before, after = ({a.name: a.value for a in attributes(tag)} for tag in (raw, b"".join(parts) + raw[at:]))
    edits: list[Edit] = [(name.decode(), None) for name in before if name not in after]
    return edits + [
        (name.decode(), (value or b"").decode())
        for name, value in after.items()
        if before.get(name, ...) != value
    ]
