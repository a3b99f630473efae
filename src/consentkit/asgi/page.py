"""What is put into a page, and what shapes it: banner or link, head elements, placeholders, fingerprint."""

from __future__ import annotations

import hashlib
from collections.abc import Hashable, Iterator, Sequence
from functools import cache, cached_property, lru_cache
from typing import Final

from consentkit.asgi.charset import Charset
from consentkit.asgi.deployment import Deployment
from consentkit.asgi.gpp import GPP_NAME, write_gpp
from consentkit.asgi.headers import Headers
from consentkit.asgi.kind import HTML, Read
from consentkit.asgi.request import Request
from consentkit.asgi.site_policy import Allowed
from consentkit.banner import (
    Placeholder,
    Where,
    party_name,
    render_banner,
    render_head,
    render_link,
    render_placeholder,
)
from consentkit.consent import Consent
from consentkit.gating import NO_STUBS, Embed, PageGate, Party, Target, module_script, stubs_script
from consentkit.gating.headers import gate_headers, gate_links, is_reached
from consentkit.policy import Regime
from consentkit.rewriter import Rewriter
from consentkit.vendorcalls import calls_script

STUBS_NAME: Final = f"st.{hashlib.sha256(stubs_script()).hexdigest()[:12]}.js"
"""File name of the script that stands in for globals of gated snippets."""

MODULE_NAME: Final = f"md.{hashlib.sha256(module_script()).hexdigest()[:12]}.js"
"""File name of the module that stands in for vendors' modules."""

CALLS_NAME: Final = f"vc.{hashlib.sha256(calls_script()).hexdigest()[:12]}.js"
"""File name of the script that makes vendors' calls."""

MAX_REPORT: Final = 2048
"""Bytes of the header that names what was held back."""


class Page:
    """One page for one visitor.

    Args:
        deployment: The policy as it is deployed.
        request: The request for it.
        consent: What holds for it.
        allowed: What the site's own Content-Security-Policy lets us put in; everything if left out.

    Attributes:
        asked: Regime and language of the banner that was put in, such as ``opt-in de``; empty before that.
    """

    def __init__(
        self, deployment: Deployment, request: Request, consent: Consent, allowed: Allowed | None = None
    ) -> None:
        self._deployment = deployment
        self._request = request
        self._consent = consent
        self._memory = deployment.gate.memory
        self._prefix = request.mount + deployment.prefix
        self._allowed = allowed or Allowed()
        self.asked: str = ""

    @property
    def _locale(self) -> str:
        """The page's language, once it is known; until then, what the browser asks for."""
        return self._deployment.locale_of(self._request, self._gate.language)

    @cached_property
    def _gate(self) -> PageGate:
        return self._make_gate()

    @cached_property
    def _header_gate(self) -> PageGate:
        """The gate for headers. What it did is a function of the headers, not of the page."""
        return self._make_gate()

    def _make_gate(self) -> PageGate:
        host, path, enforce = self._request.host, self._request.whole_path, self._deployment.enforce
        return self._deployment.gate.page(self._consent, host=host, path=path, renderer=self, enforce=enforce)

    @property
    def denies(self) -> bool:
        """Say whether anything at all is held back from this visitor."""
        return self._consent.restricts or self._deployment.gate.unclassified == "gate"

    @property
    def fingerprint(self) -> bytes:
        """Return hexadecimal digits of all that shapes the page, but for where it is and what it says."""
        consent, deployment = self._consent, self._deployment
        notice = deployment.notice_of(consent, deployment.locale_of(self._request))
        kind = (self._request.traits.takes_banner, self._request.traits.wants_document)
        modes = (deployment.csp.mode, deployment.gate.unclassified)
        shaped = (consent.view, consent.made_for, notice.hash)
        return _fingerprint(_version(), *shaped, self._prefix, *kind, *modes)

    def stage(self, read: Read) -> Charset:
        """Return what gates the page and puts the banner into it.

        Args:
            read: How the page is read.
        """
        shown = self._request.traits.takes_banner and read.kind == HTML
        head, body = (self._head, self._body) if shown else (b"", b"")
        return Charset(read.charset, Rewriter(self._gate, head=head, body=body, memory=self._memory))

    def watcher(self, charset: bytes) -> Charset:
        """Return what looks at a page of HTML and puts nothing into it."""
        return Charset(charset, Rewriter(self._gate, memory=self._memory))

    def gate_headers(self, headers: Headers) -> Headers:
        """Return a response's headers without what must not be reached; the same list if all of it may be."""
        return gate_headers(headers, self._header_gate) if self.denies else headers

    def gate_links(self, links: Sequence[bytes]) -> list[bytes]:
        """Return the links of an early hint that may be followed."""
        return gate_links(links, self._header_gate) if self.denies else [*links]

    def may_reach(self, address: bytes) -> bool:
        """Say whether a browser may be made to ask an address, by a push or a redirect."""
        return not self.denies or is_reached(address.decode("utf-8", "replace"), self._header_gate)

    def report(self) -> str:
        """Say what was held back of the page so far, and which hosts nobody declared: one line of ASCII."""
        return _report(self._gate)

    def header_report(self) -> str:
        """Say the same of the response's headers."""
        return _report(self._header_gate)

    def things(self) -> Iterator[str]:
        """Yield what was held back, of the headers as well, and what nobody declared, in plain words."""
        for gate in (self._header_gate, self._gate):
            for item in gate.gated:
                who = " ".join(filter(None, (item.vendor, f"({item.purpose})" if item.purpose else "")))
                yield _ascii(f"{item.element} of {who or 'nobody known'}" + (item.host and f", {item.host}"))
            for host, like in gate.undeclared.items():
                yield _ascii(f"nobody declared {host}" + _advice(host, like))

    def name(self, party: Party) -> str:
        """Return what a party is called; see :class:`consentkit.gating.Renderer`."""
        return party_name(self._deployment.policy, self._locale, party.vendor, party.purpose, party.name)

    def placeholder(self, party: Party, embed: Embed, *, target: Target, foreign_base: bool) -> str:
        """Render the document shown in a gated frame; see :class:`consentkit.gating.Renderer`."""
        locale, allowed = self._locale, self._allowed
        leads = allowed.leaving or self._request.traits.asked == "frame"
        shown = Placeholder(
            party.vendor,
            party.purpose,
            party.name,
            plays=party.plays or embed.plays,
            target=target if leads else "",
            forms=allowed.form,
        )
        return render_placeholder(
            self._deployment.policy,
            shown,
            prefix=self._prefix,
            notice_hash=self._deployment.notice_of(self._consent, locale).hash,
            locale=locale,
            title=embed.title,
            poster=embed.poster,
            return_to=self._request.here,
            origin=self._origin(foreign_base),
        )

    def stubs(self, attributes: str, *, foreign_base: bool) -> bytes:
        """Render the element that loads stubs; see :class:`consentkit.gating.Renderer`.

        Parts of a page that need none get none: the page that takes them watches for what scripts make anew.
        """
        if attributes.startswith(NO_STUBS) and not self._request.traits.wants_document:
            return b""
        return self._script(STUBS_NAME, attributes, foreign_base)

    def module(self, *, foreign_base: bool) -> str:
        """Return the URL of the module stub; see :class:`consentkit.gating.Renderer`."""
        base = self._origin(foreign_base) + self._prefix
        return "" if self._allowed.script is None else f"{base}/assets/{MODULE_NAME}"

    def calls(self, attributes: str, *, foreign_base: bool) -> bytes:
        """Render the element that makes vendors' calls; see :class:`consentkit.gating.Renderer`.

        Parts of a page get none: the page that takes them has its own, and a late default would undo choices.
        """
        document = self._request.traits.wants_document
        return self._script(CALLS_NAME, attributes, foreign_base) if document else b""

    def _script(self, name: str, attributes: str, foreign_base: bool) -> bytes:
        if self._allowed.script is None:
            return b""
        base = self._origin(foreign_base) + self._prefix
        proof = f' nonce="{self._allowed.script}"' if self._allowed.script else ""
        return f'<script src="{base}/assets/{name}" {attributes}{proof}></script>'.encode("ascii")

    def _origin(self, foreign_base: bool) -> str:
        return self._request.origin if foreign_base else ""

    def _head(self) -> bytes:
        origin = self._origin(self._gate.foreign_base)
        script, style = self._allowed.script, self._allowed.style
        policy = self._deployment.policy
        markup = render_head(
            policy,
            prefix=self._prefix,
            script=script,
            style=style,
            origin=origin,
            made_for=self._consent.made_for,
            opens=self._consent.opens,
            again="" if self._request.is_safe else self._request.here,
        )
        told = write_gpp(self._consent)
        first = self._script(GPP_NAME, told, self._gate.foreign_base) if told else b""
        return first + markup.encode("ascii")

    @property
    def _shows_link(self) -> bool:
        """Whether there is anything for the visitor to see or to change."""
        consent = self._consent
        asks = consent.needs_prompt or consent.regime is not Regime.NONE
        required = bool(consent.required_links) and consent.policy.sells
        return asks or consent.decision is not None or required

    def _body(self) -> bytes:
        """Render when the place is found: by then a foreign ``<base>`` of the head is known."""
        if not self._shows_link:
            return b""
        origin, here = self._origin(self._gate.foreign_base), self._request.here
        policy, consent, locale = self._deployment.policy, self._consent, self._locale
        where = Where(prefix=self._prefix, return_to=here, origin=origin, made_for=consent.made_for)
        # Where the site's own policy lets no choice be sent, a link leads to where one can be made.
        if consent.needs_prompt and self._allowed.choice:
            scripted = self._allowed.script is not None
            markup = render_banner(policy, consent, locale=locale, scripted=scripted, **where)
            self.asked = f"{consent.regime.value} {locale}"
        else:
            markup = render_link(policy, consent, locale=locale, **where)
        if not origin:
            self._gate.settle_base()
        return markup.encode("ascii")


def _report(gate: PageGate) -> str:
    gated = [
        f"{item.element}; vendor={item.vendor}; purpose={item.purpose}; host={item.host}; why={item.why}"
        for item in gate.gated
    ]
    undeclared = [f"undeclared; host={host}" + _advice(host, like) for host, like in gate.undeclared.items()]
    # What such a page makes anew is held only where the browser has run our script before.
    whole = ["hydrated; needs=csp-enforce"] if gate.hydrated and gated else []
    return _ascii(", ".join([*whole, *gated, *undeclared]))


def _ascii(line: str) -> str:
    return "".join(char if " " <= char <= "~" else "?" for char in line)[:MAX_REPORT]


def _advice(host: str, like: str | None) -> str:
    """Say how to declare what looks like a vendor's program on the site's own host."""
    return f'; looks-like={like}; declare=[vendors.{like}] hosts = ["{host}"]' if like else ""


def shape_of(deployment: Deployment, request: Request, consent: Consent, allowed: Allowed | None) -> Hashable:
    """Return everything but a page's bytes that shapes what is made of it; arguments as in `Page`."""
    traits = request.traits
    locale = deployment.locale_of(request)
    where = (request.root_path, request.path, request.query, request.header(b"host"))
    came_from = "" if request.is_safe else request.here
    asked = (traits.takes_banner, traits.wants_document, request.secure)
    return consent.view, consent.made_for, locale, asked, where, came_from, allowed


@cache
def _version() -> str:
    """Return the package's version: a new one may know more vendors."""
    from importlib.metadata import PackageNotFoundError, version  # costs more than the rest of the room

    try:
        return version("consentkit")
    except PackageNotFoundError:
        return ""


@lru_cache(maxsize=4096)
def _fingerprint(*parts: object) -> bytes:
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:12].encode("ascii")
