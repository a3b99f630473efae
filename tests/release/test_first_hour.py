"""README and quickstart, word for word: each block in the order of the page, with the built wheel."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from docs.documents import ROOT, examples, find_page, name_of
from release.conftest import Built
from release.newcomer import SERVERS, Newcomer, make_environment

BANNER, TAG = "consentkit-banner", '<script async src="https://www.googletagmanager.com/'


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("environment")
    make_environment(place)
    return place


@pytest.fixture
def newcomer(environment: Path, built: Built, tmp_path: Path) -> Newcomer:
    return Newcomer(tmp_path, environment, built.wheel.parent)


@pytest.mark.parametrize("document", [ROOT / "README.md", find_page("quickstart")], ids=name_of)
def test_it_does_what_it_says(document: Path, newcomer: Newcomer) -> None:
    served = list(follow(document, newcomer))
    assert served
    totals = newcomer.type("consentkit log stats --log consent.sqlite3")
    assert re.search(rf"^total .* {len(served)}$", totals, re.MULTILINE), totals
    verified = newcomer.type("consentkit log verify --log consent.sqlite3")
    assert re.search("^origin +www.example.org/consent$", verified, re.MULTILINE), verified
    where = newcomer.type("python -c 'import consentkit; print(consentkit.__file__)'")
    assert Path(where.strip()).is_relative_to(
        newcomer.environment["VIRTUAL_ENV"]
    )  # it was the wheel, all along


def test_the_tests_of_a_site_run_as_they_stand(newcomer: Newcomer) -> None:
    assert list(follow(find_page("testing"), newcomer)) == []
    assert "3 passed" in newcomer.said


def follow(document: Path, newcomer: Newcomer) -> Iterator[str]:
    """Write files and type lines; be the first visitor of each application that is started."""
    for block in examples(document, "console", "python", "toml"):
        if block.language != "console":
            newcomer.write(block)
            continue
        for line in block.text.splitlines():
            if line.startswith(SERVERS):
                with newcomer.served(line) as visitor:
                    accept(visitor)
                yield line
            else:
                newcomer.type(line)


def accept(visitor: httpx.Client) -> None:
    """Open the front page, which asks, and press the button that accepts, without JavaScript."""
    asking = visitor.get("/").text
    assert BANNER in asking and TAG not in asking
    form = re.search(r'<form[^>]* action="([^"]+)".*?</form>', asking, re.DOTALL)
    assert form
    fields = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', form[0]))
    button = re.search(
        r'<button[^>]*name="([^"]+)" value="([^"]+)"[^>]*data-consentkit-action="accept"', asking
    )
    assert button, asking
    sent = visitor.post(
        form[1], data={**fields, button[1]: button[2]}, headers={"sec-fetch-site": "same-origin"}
    )
    assert sent.status_code == 303, sent.text
    after = visitor.get(sent.headers["location"]).text
    assert BANNER not in after and (TAG in after or "googletagmanager" not in asking)
