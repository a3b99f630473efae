"""A site's own templates come first, may build on the package's, and are checked where they are named."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from bs4 import BeautifulSoup
from starlette.applications import Starlette

from banner.fragments import message_page, where
from consentkit import ConsentMiddleware
from consentkit.banner.banner import make_notice, render_banner, render_link
from consentkit.banner.pages import check_templates
from consentkit.banner.settings import render_settings
from consentkit.consent.consent import Consent
from consentkit.exceptions import ConfigurationError
from consentkit.policy import Banner, Policy

MakePolicy = Callable[..., Policy]
MakeConsent = Callable[..., Consent]
RenderBanner = Callable[..., BeautifulSoup]

EXTENDED = """{% extends "consentkit/banner.html" %}
{% block logo %}<b class="brand">Odu & Söhne</b>{% endblock %}
{% block notice %}{{ super() }}<p class="more">{{ text.title }}, {{ locale }}</p>{% endblock %}
"""


@pytest.fixture
def banner(tmp_path: Path, make_policy: MakePolicy, make_consent: MakeConsent) -> RenderBanner:
    """Render the banner with a template of the site's own."""

    def render(template: str, regime: str = "opt-in", locale: str = "en") -> BeautifulSoup:
        (tmp_path / "banner.html").write_text(template, "utf-8")
        policy = make_policy(regime, banner=Banner(templates=str(tmp_path)))
        markup = render_banner(policy, make_consent(policy), **where(locale))
        assert markup.isascii()
        return BeautifulSoup(markup, "html.parser")

    return render


def test_blocks_are_overridden_and_the_rest_stays(banner: RenderBanner) -> None:
    page = banner(EXTENDED)
    assert page.select_one("#consentkit-banner .brand").get_text() == "Odu & Söhne"  # type: ignore[union-attr]
    assert page.select_one(".more").get_text() == "Your privacy, en"  # type: ignore[union-attr]
    assert [button["value"] for button in page.select("button[name=action]")] == ["accept", "reject"]
    assert page.select_one("input[name=notice]")["value"]  # type: ignore[index]


def test_the_actions_can_stand_in_another_order(banner: RenderBanner) -> None:
    template = """{% extends "consentkit/banner.html" %}{% block actions %}<div class="consentkit-actions">
<button form="consentkit-form" name="action" value="reject">{{ text.reject }}</button>
<button form="consentkit-form" name="action" value="accept">{{ text.accept }}</button>
<a class="consentkit-quiet" href="{{ slot.base }}/">{{ text.read_more }}</a></div>{% endblock %}"""
    page = banner(template, locale="de")
    assert [button.get_text() for button in page.select("button")] == ["Alle ablehnen", "Alle akzeptieren"]
    assert page.select_one(".consentkit-quiet")["href"] == "/_consent/"  # type: ignore[index]


def test_words_of_the_policy_are_escaped_there_too(
    tmp_path: Path, make_policy: MakePolicy, make_consent: MakeConsent
) -> None:
    (tmp_path / "banner.html").write_text("<p>{{ text.title }}</p>", "utf-8")
    text = {"en": {"opt-in": {"title": "<script>"}}}
    policy = make_policy(banner=Banner(templates=str(tmp_path), text=text))
    assert "<p>&lt;script&gt;</p>" in render_banner(policy, make_consent(policy), **where())


def test_one_template_can_change_every_page(
    tmp_path: Path, make_policy: MakePolicy, make_consent: MakeConsent
) -> None:
    own = '{% extends "consentkit/page.html" %}{% block body %}<p>Ours</p>{{ super() }}{% endblock %}'
    (tmp_path / "message.html").write_text(own.replace("page.html", "message.html"), "utf-8")
    (tmp_path / "settings.html").write_text(own.replace("page.html", "settings.html"), "utf-8")
    (tmp_path / "link.html").write_text("<nav>{{ common.settings }}</nav>", "utf-8")
    policy = make_policy(banner=Banner(templates=str(tmp_path)))
    consent = make_consent(policy)
    assert "<p>Ours</p>" in message_page(policy)
    assert "<p>Ours</p>" in render_settings(policy, consent, **where())
    assert render_link(policy, consent, **where()) == "<nav>Privacy settings</nav>"


def test_the_notice_keeps_what_was_shown(
    tmp_path: Path, make_policy: MakePolicy, make_consent: MakeConsent
) -> None:
    (tmp_path / "banner.html").write_text(EXTENDED, "utf-8")
    policies = make_policy(), make_policy(banner=Banner(templates=str(tmp_path)))
    packages, own = (make_notice(policy, make_consent(policy), "en") for policy in policies)
    assert "brand" in own.html and "brand" not in packages.html
    assert packages.hash != own.hash


def deploy(policy: Policy) -> ConsentMiddleware:
    return ConsentMiddleware(
        Starlette(), secret_key="Zq4v-8mWkT1xR6dY_3hLbN7cJ0pSfUe2", log=None, policy=policy
    )


def test_a_broken_template_is_found_where_the_middleware_is_made(
    tmp_path: Path, make_policy: MakePolicy
) -> None:
    (tmp_path / "settings.html").write_text("<p>\n{% if %}", "utf-8")
    with pytest.raises(ConfigurationError, match=r"banner\.templates: settings\.html, line 2: "):
        deploy(make_policy(banner=Banner(templates=str(tmp_path))))


def test_a_folder_that_is_not_there_is_found_as_well(tmp_path: Path, make_policy: MakePolicy) -> None:
    with pytest.raises(ConfigurationError, match=r'banner\.templates: there is no folder ".*nowhere"'):
        deploy(make_policy(banner=Banner(templates=str(tmp_path / "nowhere"))))


def test_a_name_that_does_not_exist_is_said(banner: RenderBanner) -> None:
    with pytest.raises(ConfigurationError, match=r"banner\.templates: .*'titel'"):
        banner("{{ text.titel }}")


def test_templates_that_can_be_used_pass(tmp_path: Path) -> None:
    check_templates(Policy())
    (tmp_path / "banner.html").write_text(EXTENDED, "utf-8")
    check_templates(Policy(banner=Banner(templates=str(tmp_path))))


@pytest.mark.parametrize(
    ("name", "template", "problem"),
    [
        ("banner.html", "{{ text.titel }}", "titel"),
        ("settings.html", "{{ nobody }}", "nobody"),
        ("embed.html", "{{ vendor | shout }}", "shout"),
        ("banner.html", "<p>{{ slot.nonsense }}</p>", "nonsense"),
        ("banner.html", '<button name="action" value="accept">Yes</button>', "consentkit-form"),
    ],
)
def test_what_would_fail_before_visitors_fails_at_start(
    tmp_path: Path, name: str, template: str, problem: str
) -> None:
    (tmp_path / name).write_text(template, "utf-8")
    with pytest.raises(ConfigurationError, match=problem) as caught:
        ConsentMiddleware(
            Starlette(),
            secret_key="Zq4v-8mWkT1xR6dY_3hLbN7cJ0pSfUe2",
            log=None,
            policy=Policy(banner=Banner(templates=str(tmp_path))),
        )
    assert caught.value.path == "banner.templates"


def test_importing_the_room_imports_no_template_engine() -> None:
    code = "import sys, consentkit.banner.pages; sys.exit('jinja2' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
