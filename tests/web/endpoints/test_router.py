"""Paths, methods, and what is wrong with a request."""

from __future__ import annotations

import json

import pytest

from consentkit.exceptions import BadRequest
from consentkit.web.endpoints.effects import CUT_OFF, ReadBody
from web.endpoints.driver import FORM, Site


@pytest.mark.parametrize(
    ("path", "owned"),
    [
        ("/_consent", True),
        ("/_consent/", True),
        ("/_consent/nothing", True),
        ("/_consents", False),
        ("/", False),
        ("/.well-known/gpc.json", True),
        ("/.well-known/other", False),
    ],
)
def test_what_is_answered(path: str, owned: bool) -> None:
    assert Site().endpoints.owns(path) is owned


def test_gpc_json_is_the_sites_own_where_nothing_is_enforced_or_it_is_excluded() -> None:
    path = "/.well-known/gpc.json"
    assert not Site(enforce=False).endpoints.owns(path)
    assert not Site(exclude=["/.well-known"]).endpoints.owns(path)


def test_gpc_json() -> None:
    driven = Site().ask("/.well-known/gpc.json")
    assert json.loads(driven.answer.body)["gpc"] is True
    assert driven.all("cache-control") == ["public, max-age=86400"]


@pytest.mark.parametrize(
    "path", ["nothing", "decision/x", "log", "/", ".well-known/gpc.json", "assets/nothing.js"]
)
def test_what_there_is_not(path: str) -> None:
    driven = Site().ask(f"/_consent/{path}")
    assert (driven.answer.status, driven.effects) == (404, [])


@pytest.mark.parametrize("path", ["decision", "erase", "csp"])
def test_what_is_sent_and_not_fetched(path: str) -> None:
    driven = Site().ask(f"/_consent/{path}", headers={"accept": "application/json"})
    assert (driven.answer.status, driven.all("allow")) == (405, ["POST"])
    assert json.loads(driven.answer.body) == {"error": "This address takes POST only."}


@pytest.mark.parametrize("path", ["", "receipt", "state", "log/checkpoint", "assets/x.js", "nothing"])
def test_what_is_fetched_and_not_sent(path: str) -> None:
    driven = Site().ask(f"/_consent/{path}", method="POST", headers={"accept": "application/json"})
    assert (driven.answer.status, driven.all("allow")) == (405, ["GET, HEAD"])
    assert json.loads(driven.answer.body) == {"error": "This address takes GET and HEAD only."}


def test_the_settings_have_a_slash_at_their_end() -> None:
    driven = Site().ask("/_consent")
    assert (driven.answer.status, driven.all("location")) == (308, ["/_consent/"])


def test_what_is_wrong_with_the_body_is_thrown_in() -> None:
    driven = Site().ask(
        "/_consent/decision", method="POST", headers=FORM, results={ReadBody: BadRequest(400, CUT_OFF)}
    )
    assert driven.answer.status == 400
    assert CUT_OFF.encode() in driven.answer.body
