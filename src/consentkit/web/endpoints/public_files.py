"""Public files: scripts and style sheets, ``gpc.json``, and the public part of the log.

The public part of the log is the checkpoint, tiles (C2SP tlog-tiles) and notices. Leaves and entries of
decisions are not public; tiles contain hashes of commitments, which reveal nothing.
"""

import re
from typing import Final

from consentkit.banner.assets import read_assets
from consentkit.exceptions import BadRequest, LogError
from consentkit.policy import Policy
from consentkit.web.endpoints.answers import answer_file, answer_json, answer_problem
from consentkit.web.endpoints.effects import Answer, Health, PublicProof, Steps, Tell
from consentkit.web.page_scripts import SCRIPTS
from consentkit.web.resolver import Exchange

_HASH: Final = re.compile(r"\.[0-9a-f]{12}(?=\.)")
_FOR_EVER: Final = b"public, max-age=31536000, immutable"
_BRIEFLY: Final = b"public, max-age=5"
_CURRENT: Final = {"checkpoint": "text/plain; charset=utf-8", "notices": "application/json"}
_DAY: Final = [(b"cache-control", b"public, max-age=86400")]


class Assets:
    """The files that pages load, by the last segment of their path.

    Args:
        policy: Its colours are in the style sheets.
    """

    def __init__(self, policy: Policy) -> None:
        self._files = {name: (body, "text/javascript; charset=utf-8") for name, body in SCRIPTS.items()}
        for asset in read_assets(policy):
            self._files[asset.name] = asset.body, asset.media_type
        self._latest = {_HASH.sub("", name): name for name in self._files}

    def answer(self, name: str) -> Answer:
        """Answer with a file.

        Raises:
            BadRequest: 404.
        """
        # The path may continue after a module's name; see `consentkit.gating.resource_urls`.
        name = name.partition(".js/")[0] + ".js" if ".js/" in name else name
        # Pages from before an upgrade have the old hash in the name: they get the current file.
        current = name if name in self._files else self._latest.get(_HASH.sub("", name), "")
        if not current:
            raise BadRequest(404, "There is no such file.")
        caching = _FOR_EVER if current == name else b"no-cache"
        return answer_file(*self._files[current], caching)


def answer_gpc(policy: Policy) -> Answer:
    """Answer with ``gpc.json`` (W3C Global Privacy Control, "GPC Support Resource")."""
    return answer_json({"gpc": True, "lastUpdate": policy.gpc_updated}, headers=_DAY)


def answer_health() -> Steps:
    """Answer a probe: 200 if decisions are recorded now, else 503. It asks no store and names nobody."""
    try:
        status = yield Health()
    except LogError:
        return answer_json({"healthy": False}, 503)
    body = {"healthy": status.healthy, "stalled": status.stalled, "waiting": status.waiting}
    return answer_json(body, 200 if status.healthy else 503)


def answer_proof(exchange: Exchange, path: str) -> Steps:
    """Answer with a checkpoint, a tile, a notice, or the list of notices.

    Raises:
        BadRequest: There is nothing at that `path` below ``/log/``.
    """
    try:
        body = yield PublicProof(path)
    except LogError as error:
        yield Tell("warning", f"the log cannot be read for a proof: {error}")
        return answer_problem(exchange, 503, "The consent log cannot be read at the moment.")
    if not body:
        raise BadRequest(404, "missing")
    if path in _CURRENT:
        return answer_file(body, _CURRENT[path], _BRIEFLY)
    notice = path.startswith("notices/")
    return answer_file(body, "application/json" if notice else "application/octet-stream", _FOR_EVER)
