"""Visit of a site without a browser: a page, ``gpc.json`` and the privacy policy are fetched and linted."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from typing import TYPE_CHECKING, Final, NamedTuple

from consentkit.exceptions import MissingExtra, ScanError
from consentkit.lint import Finding, lint_gpc, lint_page
from consentkit.policy import Policy
from consentkit.scanner.origin_headers import OriginHeaders

if TYPE_CHECKING:
    import httpx

SECONDS: Final = 30
"""How long each request may take."""
MAX_REDIRECTS: Final = 20

_ACCEPT: Final = {"accept": "text/html,*/*;q=0.8"}  # as browsers do; otherwise there is no banner


def lint_responses(
    url: str, *, policy: Policy | None, headers: Mapping[str, str], tell: Callable[[str], None]
) -> list[Finding]:
    """Fetch a page, ``gpc.json`` and the privacy policy, and lint the responses.

    Args:
        url: The page.
        policy: The site's policy, with the address of its privacy policy.
        headers: Sent only to the origin of `url`.
        tell: Called with remarks about the visit.

    Raises:
        ConfigurationError: A header is invalid.
        MissingExtra: httpx is not installed.
        ScanError: Something cannot be fetched.
    """
    try:
        import httpx
    except ModuleNotFoundError as error:
        raise MissingExtra("--url", extra="scan") from error
    try:
        with httpx.Client(timeout=SECONDS) as client:
            visit = _Visit(client, OriginHeaders(url, headers))
            page = visit.fetch(url)
            if headers and not visit.headers.owns(str(page.url)):
                tell(f"{url} led to {page.url}, another origin, to which --header does not go")
            found = lint_page(page.content, page.headers.multi_items(), url=str(page.url))
            return [*found, *_lint_gpc(visit, page.url), *_lint_privacy_policy(visit, page.url, policy)]
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise ScanError(f"cannot fetch {url}: {error}") from error


class _Visit(NamedTuple):
    """Requests to a site, and to the targets of its redirects."""

    client: httpx.Client
    headers: OriginHeaders

    def fetch(self, url: str | httpx.URL) -> httpx.Response:
        """Fetch a page; each redirect is followed by a separate request with its own headers."""
        for _ in range(MAX_REDIRECTS):
            response = self.client.get(url, headers=self.headers.added(str(url), _ACCEPT))
            if response.next_request is None:
                return response
            url = response.next_request.url
        raise ScanError(f"cannot fetch {url}: more than {MAX_REDIRECTS} redirects")


def _lint_gpc(visit: _Visit, page: httpx.URL) -> list[Finding]:
    """Lint the site's ``gpc.json``, if there is one."""
    where = page.join("/.well-known/gpc.json")
    response = visit.fetch(where)
    if response.status_code == 404:
        return []
    kind = response.headers.get("content-type", "")
    return lint_gpc(response.content, kind, url=str(where), today=date.today().isoformat())


def _lint_privacy_policy(visit: _Visit, page: httpx.URL, policy: Policy | None) -> list[Finding]:
    """Check that the privacy policy can be fetched."""
    if policy is None or not policy.site.privacy_policy:
        return []
    where = page.join(policy.site.privacy_policy)
    status = visit.fetch(where).status_code
    message = f"the privacy policy answers {status}"
    return [Finding(rule=25, level="error", where=str(where), message=message)] if status >= 400 else []
