"""What is put into a page, and what shapes it: banner or link, head elements, fingerprint."""

from __future__ import annotations

import hashlib
from functools import lru_cache

from consentkit.asgi.deployment import Deployment
from consentkit.asgi.request import FRAGMENT_HEADERS, Request
from consentkit.banner import render_banner, render_head, render_link, render_placeholder
from consentkit.consent import Consent
from consentkit.policy import Regime
from consentkit.rewriter import Rewriter

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
        self._prefix = request.root_path + deployment.prefix
        self._locale = deployment.locale_of(request)
        self.gate = deployment.gate.page(consent, url=self._url(), placeholder=self._placeholder)

    def _url(self) -> str:
        return f"{self._request.origin}{self._request.here}" if self._request.origin else ""

    @property
    def vary(self) -> tuple[str, ...]:
        """Return the request headers that shape the page."""
        return (*_SHAPING, *FRAGMENT_HEADERS, *self._deployment.vary)

    @property
    def fingerprint(self) -> bytes:
        """Return hexadecimal digits of everything that shapes the page."""
        notice = self._deployment.notice_of(self._consent, self._locale)
        prompt = self._consent.needs_prompt
        return _fingerprint(self._consent.key, notice.hash, prompt, self._request.takes_banner, self._prefix)

    def rewriter(self, nonce: str) -> Rewriter:
        """Return what gates the page and puts the banner into it.

        Args:
            nonce: The nonce of the site's own Content-Security-Policy, if it has one.
        """
        if not self._request.takes_banner:
            return Rewriter(self.gate)
        return Rewriter(self.gate, head=self._head(nonce).encode("ascii"), body=self._body)

    def observer(self) -> Rewriter:
        """Return what finds what would be gated, and changes nothing that matters."""
        return Rewriter(self.gate)

    def _head(self, nonce: str) -> str:
        head = render_head(self._deployment.policy, prefix=self._prefix, nonce=nonce)
        if not self._consent.restricts:
            return head
        proof = f' nonce="{nonce}"' if nonce else ""
        return (
            f'<script src="{self._prefix}/assets/{self._deployment.gate.stubs_name}"{proof}></script>{head}'
        )

    def _body(self) -> bytes:
        """Render when the place is found: by then a foreign ``<base>`` of the head is known."""
        host = self._request.host if self.gate.foreign_base else ""
        policy, path = self._deployment.policy, self._request.here
        if self._consent.needs_prompt:
            markup = render_banner(
                policy, self._consent, locale=self._locale, prefix=self._prefix, return_to=path, host=host
            )
        elif self._consent.regime is not Regime.NONE or self._consent.decision is not None:
            markup = render_link(policy, locale=self._locale, prefix=self._prefix, return_to=path, host=host)
        else:
            return b""
        return markup.encode("ascii")

    def _placeholder(self, vendor_id: str, vendor_name: str, purpose_id: str) -> str:
        purpose = self._deployment.policy.purposes.get(purpose_id)
        return render_placeholder(
            self._deployment.policy,
            vendor_name,
            purpose.title if purpose else purpose_id,
            vendor_id=vendor_id,
            purpose_id=purpose_id,
            prefix=self._prefix,
            notice_hash=self._deployment.notice_of(self._consent, self._locale).hash,
            locale=self._locale,
            return_to=self._request.here,
            host=self._request.host if self.gate.foreign_base else "",
        )


@lru_cache(maxsize=4096)
def _fingerprint(*parts: object) -> bytes:
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:12].encode("ascii")
