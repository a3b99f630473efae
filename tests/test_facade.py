"""The façade: what `import consentkit` offers and what it costs."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

import consentkit

_COUNT = (
    "import json, sys; before = set(sys.modules); {}; print(json.dumps(sorted(set(sys.modules) - before)))"
)


def imported(statement: str) -> set[str]:
    """Return the modules that a statement loads in a fresh interpreter."""
    done = subprocess.run(
        [sys.executable, "-c", _COUNT.format(statement)], capture_output=True, check=True, text=True
    )
    return set(json.loads(done.stdout))


def test_all_is_sorted_and_complete() -> None:
    assert list(consentkit.__all__) == sorted(consentkit.__all__)
    public = {name for name, value in vars(consentkit).items() if name[0] != "_" and isinstance(value, type)}
    assert public <= set(consentkit.__all__)


@pytest.mark.parametrize("name", consentkit.__all__)
def test_every_name_can_be_imported_and_is_documented(name: str) -> None:
    value = getattr(consentkit, name)
    assert value.__doc__
    assert value.__module__.startswith("consentkit.")


def test_what_is_needed_later_is_imported_later() -> None:
    loaded = imported("import consentkit")
    heavy = {
        "jinja2",
        "sqlite3",
        "click",
        "importlib.metadata",
        "psycopg",
        "cryptography",
        "uvicorn",
        "httpx",
    }
    assert not heavy & loaded


def test_the_import_adds_little_to_starlettes() -> None:
    """Counted, since time depends on the machine: our own modules, and few others."""
    theirs = imported(
        "import starlette.responses, starlette.datastructures, itsdangerous, msgspec, anyio.to_thread"
    )
    others = {name for name in imported("import consentkit") - theirs if not name.startswith("consentkit")}
    assert len(others) <= 40, sorted(others)


def test_nothing_inside_imports_the_facade() -> None:
    loaded = imported("import consentkit.asgi")
    assert "consentkit.asgi.middleware" in loaded
    assert "consentkit.testing" not in imported("import consentkit")
