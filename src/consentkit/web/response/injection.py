"""Insertions into pages: elements of the head, banner or link, placeholders of gated frames."""

import msgspec

from consentkit.banner.banner import make_notice, render_banner, render_head, render_link
from consentkit.banner.markup import Where
from consentkit.banner.pages import Placeholder, party_name, render_placeholder
from consentkit.gating import Embed, PageGate, Party, Target
from consentkit.gating.model import NO_STUBS
from consentkit.policy import Regime
from consentkit.web.page_scripts import CALLS_NAME, GPP_NAME, MODULE_NAME, STUBS_NAME, write_gpp
from consentkit.web.resolver import Exchange
from consentkit.web.response.csp import Allowed


class PageRenderer(msgspec.Struct, frozen=True, eq=False):
    """Renders for one page; see :class:`consentkit.gating.model.Renderer`.

    Attributes:
        exchange: The request for the page.
        allowed: What the site's own Content-Security-Policy allows.
    """

    exchange: Exchange
    allowed: Allowed

    def name(self, party: Party, *, language: str) -> str:
        """Return the display name of a party."""
        locale = self.exchange.locale_of(language)
        return party_name(self.exchange.options.policy, locale, party.vendor, party.purpose, party.name)

    def placeholder(
        self, party: Party, embed: Embed, *, target: Target, foreign_base: bool, language: str
    ) -> str:
        """Render the document shown in a gated frame."""
        exchange, policy = self.exchange, self.exchange.options.policy
        locale = exchange.locale_of(language)
        leads = self.allowed.leaving or exchange.traits.asked == "frame"
        shown = Placeholder(
            party.vendor,
            party.purpose,
            party.name,
            plays=party.plays or embed.plays,
            target=target if leads else "",
            forms=self.allowed.form,
            title=embed.title,
            poster=embed.poster,
        )
        notice = make_notice(policy, exchange.consent, locale)
        where = self.where(foreign_base)
        return render_placeholder(policy, shown, notice_hash=notice.hash, locale=locale, **where)

    def stubs(self, attributes: str, *, foreign_base: bool) -> bytes:
        """Render the element that loads stubs.

        Parts of a page get it only if they need stubs: the page around them watches for new elements.
        """
        needed = self.exchange.traits.wants_document or not attributes.startswith(NO_STUBS)
        return self.script(STUBS_NAME, attributes, foreign_base=foreign_base) if needed else b""

    def module(self, *, foreign_base: bool) -> str:
        """Return the URL of the module stub."""
        return "" if self.allowed.script is None else self._asset(MODULE_NAME, foreign_base)

    def calls(self, attributes: str, *, foreign_base: bool) -> bytes:
        """Render the element that makes vendors' calls.

        Parts of a page get none: the page around them has it, and a second default would undo choices.
        """
        needed = self.exchange.traits.wants_document
        return self.script(CALLS_NAME, attributes, foreign_base=foreign_base) if needed else b""

    def script(self, name: str, attributes: str, *, foreign_base: bool) -> bytes:
        """Render the element that loads a script of ours; nothing if the site's policy blocks it."""
        if self.allowed.script is None:
            return b""
        proof = f' nonce="{self.allowed.script}"' if self.allowed.script else ""
        element = f'<script src="{self._asset(name, foreign_base)}" {attributes}{proof}></script>'
        return element.encode("ascii")

    def where(self, foreign_base: bool) -> Where:
        """Return the addresses and slots for rendering."""
        resolution = self.exchange.resolution
        origin = resolution.origin if foreign_base else ""
        return {"prefix": resolution.base, "return_to": self.exchange.request.here, "origin": origin}

    def _asset(self, name: str, foreign_base: bool) -> str:
        resolution = self.exchange.resolution
        return f"{resolution.origin if foreign_base else ''}{resolution.base}/assets/{name}"


class Injection(msgspec.Struct, eq=False):
    """The insertions into one page: in the head, and at the beginning of the body.

    Both are rendered when their place is reached: then the page's language and its ``<base>`` are known.

    Attributes:
        renderer: Renders for the page.
        gate: The page's gate.
        asked: Regime and language of the banner that was put in, such as ``opt-in de``; empty before that.
    """

    renderer: PageRenderer
    gate: PageGate
    asked: str = ""

    def head(self) -> bytes:
        """Render the elements that load style sheet and scripts."""
        exchange, allowed, foreign = self.renderer.exchange, self.renderer.allowed, self.gate.foreign_base
        consent, request = exchange.consent, exchange.request
        markup = render_head(
            exchange.options.policy,
            prefix=exchange.resolution.base,
            script=allowed.script,
            style=allowed.style,
            origin=exchange.resolution.origin if foreign else "",
            made_for=consent.made_for,
            opens=consent.opens,
            again="" if request.is_safe else request.here,
        ).encode("ascii")
        told = write_gpp(consent) if consent.place is not None else ""
        return self.renderer.script(GPP_NAME, told, foreign_base=foreign) + markup if told else markup

    def body(self) -> bytes:
        """Render the banner, or the link to the settings."""
        exchange, allowed = self.renderer.exchange, self.renderer.allowed
        consent, policy = exchange.consent, exchange.options.policy
        asks, required = consent.needs_prompt, bool(consent.required_links) and policy.sells
        if not (asks or consent.regime is not Regime.NONE or consent.decision is not None or required):
            return b""  # nothing to show and nothing to change
        locale = exchange.locale_of(self.gate.language)
        where: Where = {**self.renderer.where(self.gate.foreign_base), "made_for": consent.made_for}
        # If the site's own policy blocks our forms, a link leads to the settings page instead.
        if asks and allowed.choice:
            scripted = allowed.script is not None
            markup = render_banner(policy, consent, locale=locale, scripted=scripted, **where)
            self.asked = f"{consent.regime.value} {locale}"
        else:
            markup = render_link(policy, consent, locale=locale, **where)
        if not self.gate.foreign_base:
            self.gate.settle_base()
        return markup.encode("ascii")
