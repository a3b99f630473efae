"""What is no visitor's: the files of pages, ``gpc.json``, and browsers' reports of pages."""

from __future__ import annotations

import re
from typing import Final

from consentkit.banner.assets import read_assets
from consentkit.exceptions import BadRequest
from consentkit.policy import Policy
from consentkit.web import scripts
from consentkit.web.endpoints.answers import answer_file, answer_json
from consentkit.web.endpoints.effects import Answer, Observe, Steps
from consentkit.web.endpoints.submission import ask_body
from consentkit.web.resolve import Exchange

_HASH: Final = re.compile(r"\.[0-9a-f]{12}(?=\.)")
_DAY: Final = [(b"cache-control", b"public, max-age=86400")]


class Assets:
    """The files that pages load, by the last segment of their path.

    Args:
        policy: Its colours are in the style sheets.
    """

    def __init__(self, policy: Policy) -> None:
        self._files = {
            name: (body, "text/javascript; charset=utf-8") for name, body in scripts.BODIES.items()
        }
        for asset in read_assets(policy):
            self._files[asset.name] = asset.body, asset.media_type
        self._latest = {_HASH.sub("", name): name for name in self._files}

    def answer(self, name: str) -> Answer:
        """Answer with a file.

        Raises:
            BadRequest: 404.
        """
        # Below a module stand the modules of its folder; see `consentkit.gating.rules`.
        name = name.partition(".js/")[0] + ".js" if ".js/" in name else name
        # Pages made before an upgrade name files by their old hash: they get the current ones.
        current = name if name in self._files else self._latest.get(_HASH.sub("", name), "")
        if not current:
            raise BadRequest(404, "There is no such file.")
        caching = "public, max-age=31536000, immutable" if current == name else "no-cache"
        return answer_file(*self._files[current], caching)


def answer_gpc(policy: Policy) -> Answer:
    """Say that the site honours the signal (W3C Global Privacy Control, "GPC Support Resource")."""
    return answer_json({"gpc": True, "lastUpdate": policy.gpc_updated}, headers=_DAY)


def answer_report(exchange: Exchange) -> Steps:
    """Count what browsers report, but not of pages elsewhere, which may name this address as well.

    Raises:
        BadRequest: It cannot be taken.
    """
    request = exchange.request
    if request.header(b"sec-fetch-site") not in (b"", b"same-origin"):
        raise BadRequest(403, "Reports are taken from this site's own pages only.")
    keys = exchange.options.csp.undeclared(request, (yield ask_body(request)))
    if keys and exchange.options.keeps_log:
        yield Observe("csp", keys)
    return Answer(204, [(b"cache-control", b"no-store")])
