"""Banners that were shown, and the file that ``consentkit log show --render`` makes of one."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

import msgspec

from cli.runner import said
from consentkit.banner.assets import read_assets
from consentkit.consent.notice import Notice
from consentkit.log import ConsentLog
from consentkit.record.entry import Bundle
from log.samples import make_entry
from record.receipts import POLICY

AT = "2026-11-22T10:00:00Z"
ASSETS = {asset.hash: asset.body for asset in read_assets(POLICY)}


def bundle_of(notice: Notice, **changes: object) -> Bundle:
    """Make a notice's bundle; a change to None leaves a key out, as older versions did."""
    fields = {**msgspec.json.decode(notice.body), **changes}
    body = msgspec.json.encode({key: value for key, value in fields.items() if value is not None})
    return Bundle(hash=sha256(body).hexdigest(), body=body, assets=ASSETS, at=AT)


def render(path: Path, bundle: Bundle) -> Path:
    """Record a decision on a notice, and render what was shown with it."""
    entry = make_entry(notice=bundle.hash)
    with ConsentLog(path) as log:
        log.commit([bundle, entry])
    said("show", entry.id, "--log", path, "--render", path.with_name("shown.html"))
    return path.with_name("shown.html")
