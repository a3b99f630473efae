"""What can be configured or called is documented, and nothing is documented that is not there."""

from __future__ import annotations

import inspect
import re
import tomllib
from collections.abc import Iterable, Iterator
from importlib import resources

import click
import msgspec
import pytest

import consentkit
from consentkit import ConsentLog, ConsentMiddleware, CookieOptions, ListFile, Policy, Purpose, Vendor
from consentkit.banner.texts import shipped_locales
from consentkit.cli.root import root
from consentkit.dashboard import Dashboard
from consentkit.lint import RULES
from consentkit.policy import Banner, ConsentMode, Cookie, Lifetime, SignalRules, Site
from consentkit.policy.tables import TEXT_KEYS, TEXT_SECTIONS
from consentkit.testing import cookie_for, visitor_cookies
from consentkit.tlog.note import VerifierKey
from docs import jurisdictions
from docs.documents import DOCS, PAGES, ROOT, find_page, first_column, section


def parameters(function: object) -> set[str]:
    assert callable(function)
    return set(inspect.signature(function).parameters) - {"self"}


def fields(kind: type[msgspec.Struct]) -> set[str]:
    return {field.name for field in msgspec.structs.fields(kind)} - {"id"}


def commands(group: click.Group, *path: str) -> Iterator[tuple[str, click.Command]]:
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from commands(command, *path, name)
        else:
            yield " ".join((*path, name)), command


def test_every_argument_of_the_middleware() -> None:
    assert first_column(section(find_page("middleware"), "## Arguments")) >= parameters(ConsentMiddleware)
    arguments = section(find_page("middleware"), "## Arguments").split("###")[0]
    assert first_column(arguments) == parameters(ConsentMiddleware)


def test_every_option_of_cookies() -> None:
    assert first_column(section(find_page("middleware"), "### `cookies`")) == fields(CookieOptions)


def test_every_argument_of_the_dashboard() -> None:
    assert first_column(section(find_page("dashboard"), "## Arguments")) == parameters(Dashboard)


def test_every_argument_of_what_tests_are_given() -> None:
    described = first_column(find_page("testing").read_text("utf-8"))
    assert described == parameters(cookie_for) | parameters(visitor_cookies)


@pytest.mark.parametrize(
    ("heading", "expected"),
    [
        ("### Top level", fields(Policy)),
        ("### `site`", fields(Site)),
        ("### `purposes.<id>`", fields(Purpose)),
        ("### `vendors.<id>`", fields(Vendor) | fields(Cookie)),
        ("### `lists`", fields(ListFile)),
        ("### `lifetime`", fields(Lifetime)),
        ("### `signals`", fields(SignalRules)),
        ("### `consent_mode`", fields(ConsentMode)),
        ("### `banner`", (fields(Banner) - {"text"}) | {"text.<locale>.<section>"}),
    ],
)
def test_every_key_of_a_policy(heading: str, expected: set[str]) -> None:
    assert first_column(section(find_page("configuration"), heading)) == expected


def test_every_section_of_texts() -> None:
    text = section(find_page("configuration"), "### Words of your own")
    assert first_column(text) == TEXT_SECTIONS
    assert {key for key in TEXT_KEYS if f"`{key}`" in text} == TEXT_KEYS


def test_every_block_of_the_banners_template() -> None:
    template = resources.files("consentkit.banner").joinpath("templates", "banner.html").read_text("utf-8")
    described = first_column(section(find_page("configuration"), "### Your own templates"))
    assert described == set(re.findall(r"{% block (\w+) %}", template))


def test_every_custom_property() -> None:
    tokens = resources.files("consentkit.banner").joinpath("static", "tokens.css").read_text("utf-8")
    described = first_column(section(find_page("visitors"), "## Colours"))
    assert described == set(re.findall(r"--ck-\w+", tokens))


def test_every_language() -> None:
    paragraphs = find_page("visitors").read_text("utf-8").split("\n\n")
    names = next(text for text in paragraphs if text.startswith("`af`"))
    assert re.findall(r"[\w-]+", names) == sorted(shipped_locales())


def test_every_command_and_option() -> None:
    found = dict(commands(root))
    for path, command in found.items():
        described = section(find_page(path.split()[0]), f"### `consentkit {path}`")
        names = [option for parameter in command.params for option in parameter.opts if option[:2] == "--"]
        assert not [name for name in names if name not in described], path
    headings = [
        heading
        for page in PAGES
        for heading in re.findall(r"^### `consentkit (.+)`$", page.read_text("utf-8"), re.MULTILINE)
    ]
    assert sorted(headings) == sorted(found)


def test_every_method_of_the_log_that_is_described_is_there() -> None:
    described = section(find_page("log"), "## Reading").split("###")[0]
    methods = re.findall(r"`([a-z]+)\(", described)
    assert methods
    assert [name for name in methods if not hasattr(ConsentLog, name)] == []


def test_the_facade() -> None:
    api = find_page("api").read_text("utf-8")
    described = re.findall(r"auto(?:class|function):: consentkit\.(\w+)$", api, re.MULTILINE)
    assert sorted(described) == sorted(consentkit.__all__)


def dependencies(requirements: Iterable[str]) -> set[str]:
    names = (re.match(r"[A-Za-z0-9._-]+", line.strip()) for line in requirements)
    return {name[0].lower() for name in names if name and not name[0].startswith("-")}


def test_every_dependency() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    wanted = dependencies(project["dependencies"])
    for extra in project["optional-dependencies"].values():
        wanted |= dependencies(extra)
    for file in sorted((ROOT / "requirements").glob("*.in")):
        wanted |= dependencies(file.read_text("utf-8").splitlines())
    described = {
        name
        for line in find_page("dependencies").read_text("utf-8").splitlines()
        if line.startswith("| `")
        for name in re.findall(r"`([a-z0-9.-]+)`", line)
    }
    assert described - set(project["optional-dependencies"]) == wanted - set(project["optional-dependencies"])


def test_the_table_of_jurisdictions_is_what_the_package_goes_by() -> None:
    written = jurisdictions.PAGE.read_text("utf-8")
    assert written == jurisdictions.page(), "run `python -m docs.jurisdictions`"


def test_every_page_is_in_the_table_of_contents() -> None:
    index = (DOCS / "index.md").read_text("utf-8")
    listed = {
        line for block in re.findall(r"```\{toctree\}(.*?)```", index, re.DOTALL) for line in block.split()
    }
    assert {str(page.relative_to(DOCS).with_suffix("")) for page in PAGES} - {"index"} <= listed


def test_every_public_key_is_one() -> None:
    """Names and ids of the keys in examples belong together: they can be pasted."""
    found = {
        vkey
        for page in PAGES
        for vkey in re.findall(r"[\w./-]+\+[0-9a-f]{8}\+[\w+/]{43,44}=*", page.read_text("utf-8"))
    }
    assert found
    for vkey in found:
        VerifierKey.parse(vkey)


def test_every_rule() -> None:
    lines = section(find_page("lint"), "## The rules").splitlines()
    assert [line for line in lines if re.match(r"\| \d", line)] == [
        f"| {rule.number} | {rule.kind} | {rule.title} | {rule.source} | {rule.checks} | {rule.fix} |"
        for rule in RULES.values()
    ]
