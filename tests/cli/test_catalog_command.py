"""What `consentkit catalog` says, and its exit codes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from consentkit.catalog import default_catalog
from consentkit.cli.root import root

VENDOR = '[a]\nname = "A"\ndescription = "Does."\ncountry = "DE"\nhosts = ["a.example"]\n'


def run(*arguments: str) -> Result:
    return CliRunner().invoke(root, ["catalog", *arguments])


def test_show_counts_vendors_by_purpose() -> None:
    result = run("show")
    counts = dict(line.split() for line in result.stdout.splitlines())
    assert counts.pop("all") == str(len(default_catalog().vendors))
    assert sum(map(int, counts.values())) == len(default_catalog().vendors)


def test_show_tells_what_is_known_of_a_vendor() -> None:
    result = run("show", "hotjar", "youtube")
    assert result.exit_code == 0
    for text in ("Hotjar", "analytics", "MT", "hotjar.com", "_hjSession_*", "hj (call)", "youtube.com/embed"):
        assert text in result.stdout
    (shown,) = json.loads(run("show", "--json", "hotjar").stdout)
    assert shown["id"] == "hotjar"
    assert "hotjar.com" in shown["hosts"]


@pytest.mark.parametrize(
    ("word", "near"),
    [
        ("googel-analytics", "google-analytics"),
        ("HotJar", "hotjar"),
        ("hotjer", "hotjar"),
        ("google analytics", "google-analytics"),
        ("meta", "meta-pixel"),
        ("captcha", "recaptcha"),
    ],
)
def test_show_of_what_is_not_an_id_names_what_is_near(word: str, near: str) -> None:
    result = run("show", word)
    assert result.exit_code == 1
    _, asked, names = result.output.partition("Did you mean ")
    assert asked
    assert near in names.rstrip("?\n").split(" or ")


def test_show_is_written_for_people() -> None:
    text = run("show", *default_catalog().vendors).stdout
    assert "shows content   yes" in text
    values = {line[16:] for line in text.splitlines()}
    assert values.isdisjoint({"True", "False", "None", "[]", "{}"})
    assert not [line for line in text.splitlines() if line.startswith("cookies") and " ()" in line]


def test_show_of_nobody_fails() -> None:
    result = run("show", "hotjar", "nobody")
    assert result.exit_code == 1
    assert "'nobody'" in result.output


@pytest.mark.parametrize(
    ("url", "said", "code"),
    [
        ("https://cdn.taboola.com/x.js", "taboola (marketing), by taboola.com", 0),
        ("//WWW.Facebook.com/tr?id=1", "meta-pixel (marketing), by facebook.com/tr", 0),
        ("https://pixel.shop.example/a", 'unnamed-measurement (analytics), by the word "pixel"', 0),
        ("https://esm.sh/posthog-js@1", 'posthog (analytics), by the word "posthog-js"', 0),
        ("https://a.example/gtm.js?id=GTM-1", 'google-tag-manager (marketing), by the word "?id=GTM-"', 0),
        ("https://shop.example/a", "nobody known: shop.example", 1),
        ("static.hotjar.com", "hotjar (analytics), by hotjar.com", 0),
        ("static.hotjar.com:443/c/x.js?y=1", "hotjar (analytics), by hotjar.com", 0),
        ("WWW.Facebook.com/tr?id=1", "meta-pixel (marketing), by facebook.com/tr", 0),
        ("shop.example", "nobody known: shop.example", 1),
        ("cdn.hotjarr.com", "nobody known: cdn.hotjarr.com. Did you mean hotjar.com?", 1),
        ("hotjar", "asks no other host; `consentkit catalog show hotjar` looks for vendors", 1),
        ("./static.hotjar.com", "asks no other host", 1),
        ("/a", "asks no other host", 1),
        ("data:,x", "asks no other host", 1),
        ("https://a^b/", "asks no other host", 1),
        ("https://a\ufffdb/", "cannot be read", 1),
    ],
)
def test_match_names_vendor_purpose_and_rule(url: str, said: str, code: int) -> None:
    result = run("match", url)
    assert result.stdout.startswith(f"{url}: {said}")
    assert result.exit_code == code


def test_match_succeeds_if_anybody_is_known() -> None:
    result = run("match", "--json", "https://shop.example/", "https://cdn.taboola.com/x.js")
    assert [line["vendor"] for line in json.loads(result.stdout)] == ["", "taboola"]
    assert result.exit_code == 0


def test_the_package_s_own_files_are_well_formed() -> None:
    result = run("check")
    assert result.exit_code == 0, result.output
    assert len(result.stdout.splitlines()) == 4


def test_check_names_file_vendor_and_key(tmp_path: Path) -> None:
    good, bad, broken = (tmp_path / name for name in ("analytics.toml", "marketing.toml", "functional.toml"))
    good.write_text(VENDOR)
    bad.write_text(VENDOR + 'colour = "red"\n')
    broken.write_text(VENDOR.replace("a.example", "https://a.example"))
    result = run("check", str(good), str(bad), str(broken))
    assert result.exit_code == 1
    assert result.stdout == "analytics.toml: 1 vendors\n"
    assert "marketing.toml: marketing.a: Object contains unknown field `colour`" in result.stderr
    assert "functional.toml: functional.a.hosts: expected host" in result.stderr
