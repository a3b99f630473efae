"""The constructor refuses what cannot hold, and touches nothing."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from starlette.datastructures import Secret

from asgi.client import SECRET, App, wrap
from consentkit import ConfigurationError, ConsentLog, ConsentMiddleware, CookieOptions, FromHeaders


@pytest.mark.parametrize(
    "prefix",
    ["", "/", "_consent", "/_consent/", "/..", "/a/./b", "//x", "/a b", "/a?b", "/<", "https://x", "/\n"],
)
def test_a_prefix_is_a_path(prefix: str) -> None:
    with pytest.raises(ConfigurationError, match=r"^prefix: expected a path"):
        wrap(prefix=prefix)


def test_enforcing_declared_hosts_contradicts_letting_others_pass() -> None:
    for looser in ("allow", "report"):
        with pytest.raises(
            ConfigurationError, match=rf'^unclassified: "{looser}" cannot hold with csp="enforce"'
        ):
            wrap(csp="enforce", unclassified=looser)
    for csp, unclassified in (("enforce", "gate"), ("enforce", None), ("report-only", "allow")):
        wrap(csp=csp, unclassified=unclassified)


@pytest.mark.parametrize("exclude", ["/api", b"/api", ["api"], ["/ok", "nok"], [1]])
def test_exclude_is_a_list_of_paths(exclude: Any) -> None:
    with pytest.raises(ConfigurationError, match=r"^exclude"):
        wrap(exclude=exclude)


@pytest.mark.parametrize(
    "options",
    [
        {"secret_key": "hunter2"},
        {"secret_key": ""},
        {"secret_key": Secret("hunter2")},
        {"secret_key_fallbacks": ["hunter2"]},
        {"secret_key_fallbacks": "hunter2" * 9},
    ],
)
def test_a_short_key_is_refused_and_not_echoed(options: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError, match=r"^secret_key") as caught:
        wrap(**options)
    assert "hunter2" not in str(caught.value)


def test_keys_may_be_secrets() -> None:
    wrap(secret_key=Secret(SECRET), secret_key_fallbacks=[Secret(SECRET[::-1]), SECRET + "x"])


def test_a_log_needs_a_folder_that_can_be_written(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"^log: "):
        wrap(log=tmp_path / "missing" / "log.sqlite3")


def test_a_log_of_an_unknown_kind_is_refused() -> None:
    with pytest.raises(ConfigurationError) as caught:
        wrap(log="mysql://me:hunter2@host/db")
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("policy", "consent.toml"),
        ("policy", {"uses": []}),
        ("log", True),
        ("log", 5),
        ("place", "US"),
        ("on_decision", 5),
    ],
)
def test_a_value_of_the_wrong_kind_is_named(option: str, value: Any) -> None:
    with pytest.raises(ConfigurationError, match=f"^{option}: expected"):
        wrap(**{option: value})


@pytest.mark.parametrize("kind", [str, Path, ConsentLog])
def test_nothing_is_written_by_making_it(tmp_path: Path, kind: Any) -> None:
    wrap(log=kind(tmp_path / "log.sqlite3"))
    assert list(tmp_path.iterdir()) == []


def test_the_log_must_be_named_or_be_none_on_purpose() -> None:
    with pytest.raises(TypeError, match="log"):
        ConsentMiddleware(App(), secret_key=SECRET)  # type: ignore[call-arg]


@pytest.mark.parametrize("name", ["delivery", "nonsense"])
def test_what_is_not_built_is_not_taken(name: str) -> None:
    with pytest.raises(TypeError, match=name):
        ConsentMiddleware(App(), **{"secret_key": SECRET, "log": None, name: "off"})  # type: ignore[arg-type]


def test_unclassified_is_one_of_three() -> None:
    with pytest.raises(ConfigurationError, match=r'^unclassified: expected "report", "gate" or "allow"'):
        wrap(unclassified="off")


@pytest.mark.parametrize(
    "domain", ["localhost", "exa mple.org", "example.org; Secure", "https://example.org", ".org"]
)
def test_a_cookie_domain_is_a_domain(domain: str) -> None:
    with pytest.raises(ConfigurationError, match=r"^cookies\.domain: "):
        wrap(cookies=CookieOptions(domain=domain))


@pytest.mark.parametrize("names", [("",), ("CF IPCountry",), ("CF-IPCountry", "x:y"), ("é",)])
def test_place_headers_are_header_names(names: tuple[str, ...]) -> None:
    with pytest.raises(ConfigurationError, match=r"^place: "):
        FromHeaders(*names)


PLACES: list[tuple[list[tuple[bytes, bytes]], str]] = [
    ([(b"cf-ipcountry", b"US"), (b"cf-region-code", b"CA")], "US-CA"),
    ([(b"cf-ipcountry", b"US")], "US-"),
    ([], "None"),
    ([(b"cf-ipcountry", b"")], "None"),
    ([(b"cf-ipcountry", b"DE"), (b"cf-ipcountry", b"US")], "None"),
    ([(b"cf-ipcountry", b"US"), (b"cf-region-code", b"CA"), (b"cf-region-code", b"TX")], "US-"),
]


@pytest.mark.parametrize(("headers", "place"), PLACES)
def test_the_place_is_read_from_trusted_headers_that_agree(
    headers: list[tuple[bytes, bytes]], place: str
) -> None:
    found = FromHeaders("CF-IPCountry", "CF-Region-Code")({"headers": headers})
    assert (f"{found.country}-{found.region}" if found else "None") == place


def test_place_headers_vary_the_page() -> None:
    assert FromHeaders("CF-IPCountry", "CF-Region-Code").headers == ("CF-IPCountry", "CF-Region-Code")
    assert FromHeaders("CF-IPCountry").headers == ("CF-IPCountry",)


def test_importing_the_package_loads_no_log() -> None:
    code = (
        "import sys, consentkit\n"
        "assert not [name for name in sys.modules if name.startswith('consentkit.log')]\n"
        "assert consentkit.ConsentLog.__name__ == 'ConsentLog'\n"
        "assert not hasattr(consentkit, 'ConsentDiary')\n"
        "from consentkit import *\n"
        "ConsentLog\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
