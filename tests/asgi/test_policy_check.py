"""The policy is held against the law's rules when the application starts."""

from __future__ import annotations

import logging
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from asgi.client import GATED, HTML, NAVIGATION, App, cookie, visit, wrap
from consentkit import ConfigurationError, ListFile, Policy
from consentkit.lint import lint_page

pytestmark = pytest.mark.anyio

BAD = Policy.loads('[lifetime]\nconsent = "30 days"\nrefusal = "20 days"\n')


def test_each_error_is_logged_with_rule_place_and_fix(caplog: pytest.LogCaptureFixture) -> None:
    wrap(policy=BAD)
    assert {(record.name, record.levelno) for record in caplog.records} == {("consentkit", logging.ERROR)}
    assert len(caplog.messages) == 3
    assert caplog.messages[0] == (
        "lint: rule 15, lifetime.refusal: a refusal is kept for 20 days, a grant for 30 days "
        "(Raise lifetime.refusal, or lower lifetime.consent.)"
    )


def test_a_policy_without_errors_is_not_spoken_of(caplog: pytest.LogCaptureFixture) -> None:
    wrap(policy=Policy(uses=("youtube",)), strict=True)
    assert caplog.messages == []


def test_strict_refuses_and_names_all(caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(ConfigurationError, match=r"^policy: .*rule 15, .*rule 16, .*rule 16, "):
        wrap(policy=BAD, strict=True)
    assert caplog.messages == []


def test_importing_the_package_loads_no_rules() -> None:
    code = "import sys, consentkit; assert 'consentkit.lint' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize("headers", [[HTML], [HTML, ("cache-control", "public"), ("set-cookie", "a=1")]])
@pytest.mark.parametrize("granted", [None, "all", ["marketing"]])
async def test_the_pages_it_makes_break_no_rule(headers: list[tuple[str, str]], granted: Any) -> None:
    sent = {} if granted is None else {"cookie": cookie(granted)}
    answer = await visit(wrap(App(headers=headers)), headers={**NAVIGATION, **sent})
    named = [(name.decode(), value.decode("latin-1")) for name, value in answer.start["headers"]]
    assert (GATED in answer.body) is (granted != "all")
    assert lint_page(answer.body, named, url="https://site.example/") == []


async def test_lists_are_spoken_of_once_and_debug_names_who_is_on_one(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "good.txt").write_text("tracker.example\n||cdn.example/t.js\n##.ad\n/x/\n##.pub\n")
    (tmp_path / "bad.txt").write_text("##.ad\n")
    lists = tuple(
        ListFile(file=str(tmp_path / name), purpose="marketing") for name in ("good.txt", "bad.txt")
    )
    caplog.set_level(logging.INFO, "consentkit")
    policy = Policy(lists=lists)
    app = wrap(App(b"<html><body><img src=//tracker.example/a>"), policy=policy, debug=True)
    good = f"list {lists[0].file}: 2 rules used; passed over: 2 element hiding, 1 regular expression"
    bad = f"list {lists[1].file}: 0 rules used; passed over: 1 element hiding"
    spoken = [(logging.INFO, good), (logging.WARNING, bad)]
    assert [(record.levelno, record.getMessage()) for record in caplog.records] == spoken
    answer = await visit(app, headers=NAVIGATION)
    assert answer.header("consentkit-gated") == (
        "img; vendor=; purpose=marketing; host=tracker.example; why=list"
    )
    granted = await visit(app, headers={**NAVIGATION, "cookie": cookie(["marketing"], policy=policy)})
    assert b"<img src=//tracker.example/a>" in granted.body
    assert len(caplog.records) == len(spoken)
