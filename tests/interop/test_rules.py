"""The rule files find what they look for, under every regime that asks, without a browser."""

from __future__ import annotations

import json
from collections.abc import Iterator
from importlib.resources import files
from typing import Any

import anyio
import httpx
import pytest
from bs4 import BeautifulSoup
from starlette.responses import HTMLResponse

from consentkit import ConsentMiddleware, Policy, Purpose
from consentkit.policy import Regime
from consentkit.testing import cookie_for

SECRET = "Zq4v-8mWkT1xR6dY_3hLbN7cJ0pSfUe2"
PROMPTING = [regime for regime in Regime if regime.prompts]
# What Consent-O-Matic and the port of its engine read alike.
ACTIONS = {"click", "consent", "foreach", "list", "waitcss"}
LETTERS = {"functional": "A", "analytics": "B", "marketing": "F", "shopping": "X"}


def policy(regime: Regime) -> Policy:
    shopping = Purpose(title="Shopping", description="Remembers your basket.")
    return Policy(regimes={"default": regime}, purposes={"shopping": shopping})


def rules(name: str) -> Any:
    return json.loads((files("consentkit.interop") / name).read_text("utf-8"))


def said(tree: Any, *keys: str) -> Iterator[str]:
    """Yield the texts under these keys, however deep."""
    if isinstance(tree, dict):
        yield from (value for key, value in tree.items() if key in keys and isinstance(value, str))
        tree = list(tree.values())
    if isinstance(tree, list):
        for item in tree:
            yield from said(item, *keys)


def opened(regime: Regime, path: str, *, decided: bool = False) -> BeautifulSoup:
    """Open a page of a site, or its settings."""
    site, asked = HTMLResponse("<!doctype html><title>Site</title><p>Text"), policy(regime)
    app = ConsentMiddleware(site, secret_key=SECRET, log=None, policy=asked)

    async def get() -> str:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(
            transport=transport, base_url="http://site.example", headers={"accept": "text/html"}
        ) as client:
            if decided:
                client.cookies.set(*cookie_for(asked, secret_key=SECRET, granted="all"))
            return (await client.get(path)).text

    return BeautifulSoup(anyio.run(get), "html5lib")


@pytest.mark.parametrize("regime", PROMPTING)
def test_autoconsent_finds_banner_and_buttons(regime: Regime) -> None:
    page, rule = opened(regime, "/"), rules("autoconsent.json")
    steps = {name: rule[name] for name in ("detectCmp", "detectPopup", "optIn", "optOut")}
    found = {selector: len(page.select(selector)) for selector in said(steps, "exists", "visible", "click")}
    assert len(found) == 3
    assert set(found.values()) == {1}


@pytest.mark.parametrize("regime", PROMPTING)
def test_consent_o_matic_finds_banner_and_buttons(regime: Regime) -> None:
    page, rule = opened(regime, "/"), rules("consent-o-matic.json")["consentkit"]
    wanted = set(said(rule, "selector")) - {
        "#consentkit-dialog[open]"
    }  # the script's, once settings are open
    assert {selector: len(page.select(selector)) for selector in wanted} == dict.fromkeys(wanted, 1)


@pytest.mark.parametrize("regime", PROMPTING)
def test_consent_o_matic_finds_a_box_for_every_letter(regime: Regime) -> None:
    page, rule = opened(regime, "/_consent/"), rules("consent-o-matic.json")["consentkit_settings"]
    wanted = set(said(rule, "selector"))
    assert {selector: len(page.select(selector)) for selector in wanted} == dict.fromkeys(wanted, 1)
    boxes = page.select("input[name=purpose][data-consentkit-category]")
    assert {box["value"]: box["data-consentkit-category"] for box in boxes} == LETTERS
    assert set(said(rule["methods"], "type")) - ACTIONS == {"checkbox", *LETTERS.values()}


@pytest.mark.parametrize("path", ["/", "/_consent/"])
def test_nothing_is_detected_once_the_visitor_has_chosen(path: str) -> None:
    page = opened(Regime.OPT_IN, path, decided=True)
    rule = rules("consent-o-matic.json")
    detectors = [rule["consentkit"]["detectors"], rule["consentkit_settings"]["detectors"]]
    looked_for = set(said([*detectors, rules("autoconsent.json")["detectCmp"]], "selector", "exists"))
    assert looked_for
    assert [selector for selector in looked_for if page.select(selector)] == []
