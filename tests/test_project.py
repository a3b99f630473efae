"""The project's own files agree with each other."""

from __future__ import annotations

import json
import re
import tomllib
from importlib.metadata import version

import pytest

import consentkit
from conftest import ROOT

_PIN = re.compile(r"^([A-Za-z0-9._-]+)==([^\s;\\]+)(?: *; *([^\\]*?))? *\\?$", re.M)
NPM = sorted(str(path.parent.relative_to(ROOT)) for path in (ROOT / "tests").rglob("package-lock.json"))
_HASH = re.compile(r"--hash=sha256:([0-9a-f]{64})")


def pins(name: str) -> dict[tuple[str, str], tuple[str, frozenset[str]]]:
    """Return requirement and marker → version and hashes."""
    text = (ROOT / "requirements" / f"{name}.txt").read_text()
    blocks = re.split(r"\n(?=[A-Za-z0-9])", text)
    found = {}
    for block in blocks:
        if pin := _PIN.search(block):
            found[pin[1], pin[3] or ""] = (pin[2], frozenset(_HASH.findall(block)))
    return found


def covers(wider: str, marker: str) -> bool:
    """Say whether a marker holds wherever another does: all of its conditions are among those."""
    return not wider or set(wider.split(" and ")) <= set(marker.split(" and "))


def test_versions_agree() -> None:
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    headings = re.findall(r"^## \[(\d[^\]]*)\] - \d{4}-\d\d-\d\d$", (ROOT / "CHANGELOG.md").read_text(), re.M)
    assert headings[0] == declared == consentkit.__version__ == version("consentkit")


@pytest.mark.parametrize("name", ["demo", "dev", "bench", "frameworks"])
def test_pins_hold_hashes_and_no_addresses(name: str) -> None:
    text = (ROOT / "requirements" / f"{name}.txt").read_text()
    assert "://" not in text
    assert not re.search(r"^\s*--(?!hash=)", text, re.M)
    assert all(hashes for _, hashes in pins(name).values())


@pytest.mark.parametrize("folder", NPM)
def test_packages_from_npm_are_pinned_with_hashes_and_no_addresses(folder: str) -> None:
    text = (ROOT / folder / "package-lock.json").read_text()
    wanted = json.loads((ROOT / folder / "package.json").read_text())["dependencies"]
    itself, *packages = json.loads(text)["packages"].values()
    assert "://" not in text
    assert itself["dependencies"] == wanted
    own = [package for package in packages if not package.get("inBundle")]  # others come within these
    assert own and all(package["integrity"].startswith("sha512-") for package in own)


def test_the_demo_needs_a_strict_part_of_what_development_needs() -> None:
    demo, dev = pins("demo"), pins("dev")
    for (name, marker), pin in demo.items():
        # What development needs in more places, the demonstration may need in some of them only.
        wider = [key for key in dev if key[0] == name and covers(key[1], marker)]
        assert [dev[key] for key in wider] == [pin], name
    assert 0 < len(demo) < len(dev)


@pytest.mark.parametrize("name", ["demo", "dev", "bench", "frameworks"])
def test_every_requirement_is_pinned_with_hashes(name: str) -> None:
    text = (ROOT / "requirements" / f"{name}.txt").read_text()
    lines = [line for line in text.splitlines() if line and not line.startswith(("#", " "))]
    assert len(pins(name)) == len(lines)
    assert all(hashes for _, hashes in pins(name).values())
    assert "://" not in text
