"""A policy, its gate and visitors, for tests that drive the gate through the real rewriter."""

from __future__ import annotations

from collections.abc import Iterable

from consentkit.consent.consent import Consent
from consentkit.gating import Gate, PageGate, Party
from consentkit.gating.model import Embed, Target
from consentkit.policy import Cookie, Policy, Vendor
from consentkit.rewriter import Rewriter
from rewriter.recording import CUTS

POLICY = Policy(
    uses=("google-analytics", "youtube"),
    vendors={
        "newsroom": Vendor(
            name="Newsroom statistics",
            purpose="analytics",
            hosts=("stats.news.example", "localhost:8001"),
            cookies=(Cookie(name="_nr*"), Cookie(name="_fbp")),
        )
    },
)
GATE = Gate(POLICY)
CLASSIFIER = GATE.classifier
ALL = frozenset(POLICY.purposes)


class Markers:
    """Renders what can be told apart in the output."""

    def name(self, party: Party, *, language: str) -> str:
        return party.name

    def placeholder(
        self, party: Party, embed: Embed, *, target: Target, foreign_base: bool, language: str
    ) -> str:
        said = f" {embed.title}|{embed.poster}|{'plays' * embed.plays}" if any(embed[:2]) else ""
        led = "" if target == "_parent" else f" {target or 'nowhere'}"
        return f'<p title="{party.vendor}">{party.purpose} é{" //" * foreign_base}{said}{led}</p>'

    def calls(self, attributes: str, *, foreign_base: bool) -> bytes:
        return b""

    def module(self, *, foreign_base: bool) -> str:
        return "/_consent/assets/md.js"

    def stubs(self, attributes: str, *, foreign_base: bool) -> bytes:
        names = attributes.split('"')[1]
        return b"{" + b"//" * foreign_base + names.encode() + b"}" if names else b""


def consent(
    *granted: str,
    vendors_granted: Iterable[str] = (),
    vendors_denied: Iterable[str] = (),
    policy: Policy = POLICY,
) -> Consent:
    allowed = frozenset({"necessary", *granted})
    return Consent(
        policy=policy,
        regimes=policy.regimes_at(None),
        granted=allowed,
        denied=ALL - allowed,
        vendors_granted=frozenset(vendors_granted),
        vendors_denied=frozenset(vendors_denied),
    )


NOTHING = consent()
EVERYTHING = consent(*ALL)


def run(
    page: str, given: Consent = NOTHING, *, gate: Gate = GATE, path: str = "/", enforce: bool = True
) -> tuple[str, PageGate]:
    handler = gate.page(given, host="www.news.example", path=path, renderer=Markers(), enforce=enforce)
    rewriter = Rewriter(handler)
    out = rewriter.feed(page.encode()) + rewriter.close()
    return out.decode(), handler


def rewrite(page: str, given: Consent = NOTHING, *, gate: Gate = GATE, path: str = "/") -> str:
    return run(page, given, gate=gate, path=path)[0]


def rewrite_cut(page: bytes, given: Consent = NOTHING, *, gate: Gate = GATE) -> bytes:
    """Rewrite a page whole; whatever it is cut into, the result is the same."""
    results = set()
    for cut in CUTS:
        handler = gate.page(given, host="www.news.example", renderer=Markers())
        rewriter = Rewriter(handler)
        results.add(b"".join([*map(rewriter.feed, cut(page)), rewriter.close()]))
    (out,) = results
    return out
