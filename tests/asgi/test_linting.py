"""The policy is held against the law's rules when the application starts."""

from __future__ import annotations

import logging
import subprocess
import sys

import pytest

from consentkit import ConfigurationError, ConsentMiddleware, Policy

SECRET = "a secret of at least thirty-two characters"
BAD = Policy.loads('[lifetime]\nconsent = "30 days"\nrefusal = "20 days"\n')


async def app(scope: object, receive: object, send: object) -> None:
    """Never called."""


def start(policy: Policy, *, strict: bool = False) -> None:
    ConsentMiddleware(app, secret_key=SECRET, log=None, policy=policy, strict=strict)


def test_each_error_is_logged_with_rule_place_and_fix(caplog: pytest.LogCaptureFixture) -> None:
    start(BAD)
    assert {(record.name, record.levelno) for record in caplog.records} == {("consentkit", logging.ERROR)}
    assert len(caplog.messages) == 3
    assert caplog.messages[0] == (
        "lint: rule 15, lifetime.refusal: a refusal is kept for 20 days, a grant for 30 days "
        "(Raise lifetime.refusal, or lower lifetime.consent.)"
    )


def test_a_policy_without_errors_is_not_spoken_of(caplog: pytest.LogCaptureFixture) -> None:
    start(Policy(uses=("youtube",)), strict=True)
    assert caplog.messages == []


def test_strict_refuses_and_names_all(caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(ConfigurationError, match=r"^policy: .*rule 15, .*rule 16, .*rule 16, "):
        start(BAD, strict=True)
    assert caplog.messages == []


def test_importing_the_package_loads_no_rules() -> None:
    code = "import sys, consentkit; assert 'consentkit.policy.lint' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
