"""What is put into a page, and what shapes it: banner or link, head elements, placeholders, fingerprint."""

from __future__ import annotations

import hashlib
from functools import cache, lru_cache
from typing import Final

from consentkit.asgi.deployment import Deployment
from consentkit.asgi.request import FRAGMENT_HEADERS, Request
from consentkit.banner import render_banner, render_head, render_link, render_placeholder
from consentkit.consent import Consent
from consentkit.gating import Party, stubs_script
from consentkit.policy import Regime
from consentkit.rewriter import Rewriter

STUBS_NAME: Final = f"st.{hashlib.sha256(stubs_script()).hexdigest()[:12]}.js"
"""File name of the script that stands in for globals of gated snippets."""

MAX_REPORT: Final = 2048
"""Bytes of the header that names what was held back."""

_SHAPING = ("Cookie", "Sec-GPC", "Accept-Language", "Sec-Fetch-Dest", "Sec-Fetch-Site")


class Page:
    """One page for one visitor.

    Args:
        deployment: The policy as it is deployed.
        request: The request for it.
        consent: What holds for it.
    """

    def __init__(self, deployment: Deployment, request: Request, consent: Consent) -> None:
        self._deployment = deployment
        self._request = request
        self._consent = consent
        self._prefix = request.mount + deployment.prefix
        self._locale = deployment.locale_of(request)
        self._nonce = ""
        self._gate = deployment.gate.page(
            consent, host=request.host, renderer=self, enforce=deployment.enforce
        )

    @property
    def vary(self) -> tuple[str, ...]:
        """Return the request headers that shape the page."""
        return (*_SHAPING, *FRAGMENT_HEADERS, *self._deployment.vary)

    @property
    def fingerprint(self) -> bytes:
        """Return hexadecimal digits of everything that shapes the page."""
        notice = self._deployment.notice_of(self._consent, self._locale)
        consent = self._consent
        body = (consent.needs_prompt, consent.decision is None, self._request.takes_banner, self._prefix)
        return _fingerprint(_version(), consent.key, notice.hash, *body)

    def rewriter(self, nonce: str) -> Rewriter:
        """Return what gates the page and puts the banner into it.

        Args:
            nonce: The nonce of the site's own Content-Security-Policy, if it has one.
        """
        self._nonce = nonce
        if not self._request.takes_banner:
            return self.observer()
        return Rewriter(self._gate, head=self._head, body=self._body)

    def observer(self) -> Rewriter:
        """Return what looks at the page and puts nothing into it."""
        return Rewriter(self._gate)

    def report(self) -> str:
        """Say what was held back so far, and which hosts nobody declared: one line of ASCII."""
        gated = [
            f"{item.element}; vendor={item.vendor}; purpose={item.purpose}; host={item.host}; why={item.why}"
            for item in self._gate.gated
        ]
        undeclared = [f"undeclared; host={host}" for host in self._gate.undeclared]
        line = ", ".join([*gated, *undeclared])
        return "".join(char if " " <= char <= "~" else "?" for char in line)[:MAX_REPORT]

    def placeholder(self, party: Party, *, foreign_base: bool) -> str:
        """Render the document shown in a gated frame; see :class:`consentkit.gating.Renderer`."""
        purpose = self._deployment.policy.purposes.get(party.purpose)
        title = purpose.title if purpose else party.purpose
        return render_placeholder(
            self._deployment.policy,
            party.name,
            title,
            vendor_id=party.vendor,
            purpose_id=party.purpose,
            prefix=self._prefix,
            notice_hash=self._deployment.notice_of(self._consent, self._locale).hash,
            locale=self._locale,
            return_to=self._request.here,
            origin=self._origin(foreign_base),
        )

    def stubs(self, names: str, *, foreign_base: bool) -> bytes:
        """Render the element that loads stubs; see :class:`consentkit.gating.Renderer`."""
        base = self._origin(foreign_base) + self._prefix
        proof = f' nonce="{self._nonce}"' if self._nonce else ""
        tag = f'<script src="{base}/assets/{STUBS_NAME}" data-consentkit-stubs="{names}"{proof}></script>'
        return tag.encode("ascii")

    def _origin(self, foreign_base: bool) -> str:
        return self._request.origin if foreign_base else ""

    def _head(self) -> bytes:
        origin = self._origin(self._gate.foreign_base)
        markup = render_head(self._deployment.policy, prefix=self._prefix, nonce=self._nonce, origin=origin)
        return markup.encode("ascii")

    def _body(self) -> bytes:
        """Render when the place is found: by then a foreign ``<base>`` of the head is known."""
        origin = self._origin(self._gate.foreign_base)
        policy, consent, path = self._deployment.policy, self._consent, self._request.here
        if consent.needs_prompt:
            markup = render_banner(
                policy, consent, locale=self._locale, prefix=self._prefix, return_to=path, origin=origin
            )
        elif consent.regime is not Regime.NONE or consent.decision is not None:
            markup = render_link(
                policy, locale=self._locale, prefix=self._prefix, return_to=path, origin=origin
            )
        else:
            return b""
        if not origin:
            self._gate.settle_base()
        return markup.encode("ascii")


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
