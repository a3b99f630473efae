"""``consentkit log show --render``: the banner as it was shown, in a file in which nothing runs."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from cli.runner import run
from cli.shown import AT, bundle_of, render
from consentkit.log import ConsentLog
from log.samples import BUNDLE, make_entry
from record.receipts import notice_for


@pytest.mark.parametrize("missing", [(), ("v", "asked", "fingerprints", "regimes", "texts")])
def test_a_bundle_of_any_version_is_rendered(path: Path, missing: tuple[str, ...]) -> None:
    notice = notice_for()
    file = render(path, bundle_of(notice, **dict.fromkeys(missing)))
    document = file.read_text("utf-8")
    assert "script" not in document.replace("Content-Security-Policy", "").replace("javascript", "")
    assert "language de" in document
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_what_was_not_shown_cannot_be_rendered(path: Path) -> None:
    entry, nothing = make_entry(), bundle_of(notice_for(), html="")
    unshown = make_entry(notice=nothing.hash)
    with ConsentLog(path) as log:
        log.commit([BUNDLE, entry, nothing, unshown])
        for id, said_of_it in ((entry.id, "has no banner"), (unshown.id, "in the settings")):
            _fails(path, id, said_of_it)
        log.erase_now(entry.subject or "", at=AT)
        _fails(path, entry.id, "it was destroyed")
        _fails(path, str(log.head().size - 1), "it is of type erasure")


def test_a_notice_that_was_changed_is_not_rendered(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bundle = bundle_of(notice_for())
    with ConsentLog(path) as log:
        log.commit([bundle])
    monkeypatch.setattr("consentkit.log.LogReader.notice", lambda *_: bundle.body + b" ")
    _fails(path, bundle.hash, "it was changed")


def _fails(path: Path, id: str, why: str) -> None:
    output = path.with_name("shown.html")
    result = run("show", id, "--log", path, "--render", output)
    assert result.exit_code == 1
    assert why in result.stderr
    assert not output.exists()
