"""The examples in the documents run."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import anyio
import pytest
from django.conf import settings  # type: ignore[import-untyped]

from consentkit import Policy
from docs.documents import DOCUMENTS, Example, examples, name_of

TOML = [example for document in DOCUMENTS for example in examples(document, "toml")]
WITH_PYTHON = [document for document in DOCUMENTS if any(examples(document, "python"))]


@pytest.fixture
def somewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A folder that examples may write into, and a Django that may be started."""
    monkeypatch.chdir(tmp_path)
    if not settings.configured:
        settings.configure(ALLOWED_HOSTS=["*"], SECRET_KEY="of no use", USE_TZ=True)
    yield


@pytest.mark.parametrize("document", WITH_PYTHON, ids=name_of)
@pytest.mark.usefixtures("somewhere")
def test_python_runs(document: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The blocks of one document are one module, and the tests in it pass."""
    module = ModuleType(f"example_{document.stem.replace('-', '_').lower()}")
    monkeypatch.setitem(sys.modules, module.__name__, module)  # frameworks look hints up in it
    names: dict[str, Any] = vars(module)
    for example in examples(document, "python"):
        source = "\n" * (example.line - 1) + example.text
        exec(compile(source, str(document), "exec", dont_inherit=True), names)
        for name in [name for name in names if name.startswith("test_")]:
            _run(names.pop(name))


def _run(test: Any) -> None:
    if inspect.iscoroutinefunction(test):
        anyio.run(test)
    else:
        test()


@pytest.mark.parametrize("example", TOML, ids=lambda example: f"{name_of(example.document)}:{example.line}")
def test_policies_load(example: Example) -> None:
    assert Policy.loads(example.text).revision


def test_there_are_examples() -> None:
    assert len(TOML) >= 2
    assert {"README.md", "docs/quickstart.md", "docs/testing.md"} <= set(map(name_of, WITH_PYTHON))
