"""The examples in the documents run."""

from __future__ import annotations

import inspect
import logging
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from secrets import token_urlsafe
from types import ModuleType
from typing import Any

import anyio
import httpx
import pytest
from django.conf import settings  # type: ignore[import-untyped]
from django.http import JsonResponse  # type: ignore[import-untyped]
from django.test.utils import override_settings  # type: ignore[import-untyped]
from django.urls import path  # type: ignore[import-untyped]

from consentkit import Policy, get_consent
from docs.documents import DOCUMENTS, Example, examples, find_page, name_of

TOML = [example for document in DOCUMENTS for example in examples(document, "toml")]
WITH_PYTHON = [document for document in DOCUMENTS if any(examples(document, "python"))]


@pytest.fixture
def somewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A folder that examples may write into, a Django with one page, and logging left as it was."""
    monkeypatch.chdir(tmp_path)
    for name in re.findall(r'os.environ\["(\w+)"\]', "".join(map(Path.read_text, WITH_PYTHON))):
        monkeypatch.setenv(name, token_urlsafe(32))
    urls = ModuleType("example_urls")
    vars(urls)["urlpatterns"] = [path("numbers", django_numbers)]
    monkeypatch.setitem(sys.modules, urls.__name__, urls)
    if not settings.configured:
        settings.configure(SECRET_KEY="of no use", USE_TZ=True)
    handlers, level = logging.root.handlers[:], logging.root.level
    with override_settings(ROOT_URLCONF=urls.__name__, ALLOWED_HOSTS=["*"]):
        yield
    logging.root.handlers[:] = handlers
    logging.root.setLevel(level)


def django_numbers(request: Any) -> Any:
    return JsonResponse({"analytics": get_consent(request).allows("analytics")})


@pytest.mark.parametrize("document", WITH_PYTHON, ids=name_of)
@pytest.mark.usefixtures("somewhere")
def test_python_runs(document: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The blocks of one document are one module, and the tests in it pass."""
    for names in _blocks(document, monkeypatch):
        for name in [name for name in names if name.startswith("test_")]:
            _run(names.pop(name))


@pytest.mark.usefixtures("somewhere")
def test_every_framework_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    """The apps of the quickstart know the visitor's consent, and ask for it on their pages."""
    answered = []
    for names in _blocks(find_page("quickstart"), monkeypatch):
        app = names.pop("application", None) or names.pop("app", None)
        if app is not None:
            answered.append(anyio.run(_numbers, app))
    # The first is Starlette's, which has a front page only.
    assert answered == ["page", *5 * [{"analytics": False}]]


async def _numbers(app: Any) -> object:
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app), base_url="http://site.example"
    ) as client:
        answer = await client.get("/numbers")
        if answer.status_code == 200:
            return answer.json()
        return (
            "page"
            if "consentkit-banner" in (await client.get("/", headers={"accept": "text/html"})).text
            else "nothing"
        )


def _blocks(document: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, Any]]:
    """Run block after block, beside the files that the page has, and yield the names after each."""
    for example in examples(document, "toml"):
        if named := re.match(r"# (\S+\.toml)\n", example.text):
            Path(named[1]).write_text(example.text, "utf-8")
    module = ModuleType(f"example_{document.stem.replace('-', '_').lower()}")
    monkeypatch.setitem(sys.modules, module.__name__, module)  # frameworks look hints up in it
    names: dict[str, Any] = vars(module)
    for example in examples(document, "python"):
        source = "\n" * (example.line - 1) + example.text
        exec(compile(source, str(document), "exec", dont_inherit=True), names)
        yield names


def _run(test: Any) -> None:
    if inspect.iscoroutinefunction(test):
        anyio.run(test)
    else:
        test()


@pytest.mark.parametrize("example", TOML, ids=lambda example: f"{name_of(example.document)}:{example.line}")
def test_policies_load(example: Example, tmp_path: Path) -> None:
    for file in re.findall(r'file = "(.+?)"', example.text):
        (tmp_path / file).parent.mkdir(exist_ok=True)
        (tmp_path / file).write_text("tracker.example")
    assert Policy.loads(example.text, folder=tmp_path).revision


def test_there_are_examples() -> None:
    assert len(TOML) >= 2
    assert {"README.md", "docs/start/quickstart.md", "docs/how-to/testing.md"} <= set(
        map(name_of, WITH_PYTHON)
    )
