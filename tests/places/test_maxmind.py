"""Places from addresses, by real files in MaxMind's format."""

from __future__ import annotations

import builtins
import logging
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from mmdb_writer import MMDBWriter
from netaddr import IPSet  # type: ignore[import-untyped]
from starlette.types import Scope

from asgi.client import App, scope_of, visit, wrap
from consentkit import ConfigurationError, FromMaxMind, Place, Policy
from consentkit import places as maxmind
from consentkit.exceptions import MissingExtra

CALIFORNIAN, BERLINER, NOWHERE = "81.2.69.142", "81.2.70.1", "81.2.71.1"
CITIES: dict[str, Any] = {
    "81.2.69.0/24": {
        "country": {"iso_code": "US", "names": {"en": "United States"}},
        "subdivisions": [{"iso_code": "CA"}, {"iso_code": "XX"}],
    },
    "81.2.70.0/24": {"country": {"iso_code": "DE"}, "subdivisions": []},
    "81.2.71.0/24": {"registered_country": {"iso_code": "FR"}},
    "81.2.72.0/24": {"country": "DE", "subdivisions": "BE"},
    "10.0.0.0/8": {"country": {"iso_code": "DE"}},
    "127.0.0.0/8": {"country": {"iso_code": "DE"}},
    "2a02:8100::/32": {"country": {"iso_code": "DE"}, "subdivisions": [{"iso_code": "BE"}]},
}


def write(path: Path, networks: dict[str, Any], *, version: int = 6) -> Path:
    """Write a file as MaxMind's updater does: under another name, then renamed."""
    writer = MMDBWriter(ip_version=version, ipv4_compatible=version == 6, database_type="GeoLite2-City")
    for network, record in networks.items():
        if version == 6 or ":" not in network:
            writer.insert_network(IPSet([network]), record)
    made = path.with_suffix(".new")
    writer.to_db_file(str(made))
    return made.rename(path)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return write(tmp_path / "cities.mmdb", CITIES)


@pytest.fixture
def minutes(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """Minutes that have passed, to be set."""
    passed = [1]
    monkeypatch.setattr(maxmind, "monotonic", lambda: passed[0] * 60.0)
    yield passed


def at(address: str | None, **more: Any) -> Scope:
    return scope_of(client=None if address is None else (address, 50000), **more)


@pytest.mark.parametrize(
    ("address", "place"),
    [
        (CALIFORNIAN, Place(country="US", region="CA")),
        (BERLINER, Place(country="DE")),
        ("2a02:8100::1", Place(country="DE", region="BE")),
        (f"::ffff:{CALIFORNIAN}", Place(country="US", region="CA")),
        ("2a02:8100::1%eth0", Place(country="DE", region="BE")),
    ],
    ids=["state", "country-only", "version-6", "mapped", "zone"],
)
def test_where_an_address_is(path: Path, address: str, place: Place) -> None:
    assert FromMaxMind(path)(at(address)) == place


@pytest.mark.parametrize(
    "address",
    [
        None,
        "",
        NOWHERE,
        "8.8.8.8",
        "81.2.72.1",
        "127.0.0.1",
        "10.0.0.1",
        "::ffff:10.0.0.1",
        "fe80::1%eth0",
        "::1",
        "/run/site.sock",
        "testclient",
        "81.2.69.142:443",
        "[2a02:8100::1]",
        "081.2.69.142",
    ],
)
def test_where_nobody_knows(path: Path, address: str | None) -> None:
    assert FromMaxMind(path)(at(address)) is None


def test_a_scope_without_a_client(path: Path) -> None:
    scope = scope_of()
    assert "client" not in scope
    assert FromMaxMind(str(path))(scope) is None


def test_no_header_is_believed(path: Path) -> None:
    headers = {"x-forwarded-for": CALIFORNIAN, "forwarded": f"for={CALIFORNIAN}", "x-real-ip": CALIFORNIAN}
    assert FromMaxMind(path)(at(BERLINER, headers=headers)) == Place(country="DE")
    assert FromMaxMind(path).headers == ()


def test_the_site_can_say_where_the_address_is(path: Path) -> None:
    def of_the_cdn(scope: Scope) -> str | None:
        address: bytes = dict(scope["headers"]).get(b"cdn-address", b"")
        return address.decode("latin-1")

    of_the_cdn.headers = ("CDN-Address",)  # type: ignore[attr-defined]
    place = FromMaxMind(path, client=of_the_cdn)
    assert place(at(BERLINER, headers={"cdn-address": CALIFORNIAN})) == Place(country="US", region="CA")
    assert place(at(BERLINER)) is None
    assert place.headers == ("CDN-Address",)


def test_a_file_of_countries_for_version_4_only(tmp_path: Path) -> None:
    place = FromMaxMind(write(tmp_path / "old.mmdb", CITIES, version=4))
    assert place(at(BERLINER)) == Place(country="DE")
    assert place(at("2a02:8100::1")) is None


def test_a_file_that_is_missing(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"place: there is no file '.*none\.mmdb'.* put MaxMind's"):
        FromMaxMind(tmp_path / "none.mmdb")


@pytest.mark.parametrize("content", [b"", b"<html>Not found</html>", b"\xab\xcd\xefMaxMind.com\xff"])
def test_a_file_that_is_something_else(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "cities.mmdb"
    path.write_bytes(content)
    with pytest.raises(ConfigurationError, match=r"place: expected an unpacked MaxMind .*, and '.*' is none"):
        FromMaxMind(path)


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError):
        FromMaxMind(tmp_path)


def test_without_the_library(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without(name: str, *more: Any) -> Any:
        if name == "maxminddb":
            raise ImportError(name)
        return real(name, *more)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(MissingExtra, match=r"consentkit\[maxmind\]"):
        FromMaxMind(path)


def test_a_file_that_was_replaced_is_noticed_within_a_minute(path: Path, minutes: list[int]) -> None:
    place = FromMaxMind(path)
    assert place(at(CALIFORNIAN)) == Place(country="US", region="CA")
    write(path, {"81.2.69.0/24": {"country": {"iso_code": "CA"}, "subdivisions": [{"iso_code": "QC"}]}})
    assert place(at(CALIFORNIAN)) == Place(country="US", region="CA")
    minutes[0] += 1
    assert place(at(CALIFORNIAN)) == Place(country="CA", region="QC")


def test_the_old_file_serves_while_the_new_one_cannot_be_read(
    path: Path, minutes: list[int], caplog: pytest.LogCaptureFixture
) -> None:
    place = FromMaxMind(path)
    assert place(at(BERLINER))
    for problem in (path.unlink, lambda: path.write_text("half a downl")):
        caplog.clear()
        problem()
        for _ in range(3):
            minutes[0] += 1
            assert place(at(BERLINER)) == Place(country="DE")
        assert [record.levelno for record in caplog.records] == [logging.ERROR]
        assert caplog.messages[0].endswith("the old one serves on")
    write(path, {"81.2.70.0/24": {"country": {"iso_code": "AT"}}})
    minutes[0] += 1
    assert place(at(BERLINER)) == Place(country="AT")


def test_a_file_that_goes_before_the_first_look_up(
    path: Path, minutes: list[int], caplog: pytest.LogCaptureFixture
) -> None:
    place = FromMaxMind(path)
    path.unlink()
    assert place(at(BERLINER)) == Place(country="DE")
    minutes[0] += 1
    assert place(at(BERLINER)) == place(at(BERLINER)) == Place(country="DE")
    assert [message.endswith("the old one serves on") for message in caplog.messages] == [True]
    write(path, {"81.2.70.0/24": {"country": {"iso_code": "AT"}}})
    minutes[0] += 1
    assert place(at(BERLINER)) == Place(country="AT")


def test_a_file_that_is_damaged_inside(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path.write_bytes(path.read_bytes().replace(b"\x42DE", b"\x00\xffE"))
    place = FromMaxMind(path)
    assert place(at(BERLINER)) is None
    assert place(at(BERLINER)) is None
    assert place(at(CALIFORNIAN)) == Place(country="US", region="CA")
    assert [message.endswith("is damaged") for message in caplog.messages] == [True]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
def test_a_child_shares_the_file_and_notices_a_new_one(path: Path, minutes: list[int]) -> None:
    place = FromMaxMind(path)
    write(path, {"81.2.70.0/24": {"country": {"iso_code": "AT"}}})
    child = os.fork()
    if child == 0:
        before = place(at(BERLINER))
        minutes[0] += 1
        found = (before, place(at(BERLINER)))
        os._exit(0 if found == (Place(country="DE"), Place(country="AT")) else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert place(at(BERLINER)) == Place(country="DE")


@pytest.mark.anyio
async def test_pages_follow_the_address_and_nothing_keeps_it(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    policy = Policy.loads('uses = ["google-analytics"]\n[regimes]\ndefault = "opt-in"\nUS = "opt-out"')
    app = App()
    site = wrap(app, place=FromMaxMind(path), policy=policy)
    regimes = []
    for address in (CALIFORNIAN, BERLINER, NOWHERE, "127.0.0.1"):
        await visit(site, client=(address, 50000))
        regimes.append(app.scope["state"]["consent"].regime.value)
    assert regimes == ["opt-out", "opt-in", "opt-in", "opt-in"]
    assert "81.2." not in caplog.text
