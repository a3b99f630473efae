"""Escaped ASCII markup: Jinja templates, rendered once, and fragments, filled in for each request."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cache, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Final, NotRequired, TypedDict
from urllib.parse import quote

from consentkit.banner.assets import read_assets
from consentkit.banner.languages import direction
from consentkit.banner.texts import FALLBACK, Words, fill
from consentkit.catalog import safe_path
from consentkit.consent.consent import UNTOLD
from consentkit.exceptions import ConfigurationError
from consentkit.policy import Policy

if TYPE_CHECKING:  # Jinja is imported with the first template: importing the package must stay cheap
    from jinja2 import BaseLoader, Environment
    from markupsafe import Markup

# Escaped text holds no "<", so no text of a site or visitor can look like a slot.
_SLOT: Final = re.compile(r"<%(\w+)%>")


def to_ascii(markup: str) -> str:
    """Write characters outside ASCII as numeric references, which mean the same in every charset."""
    return markup.encode("ascii", "xmlcharrefreplace").decode("ascii")


def escape(text: str) -> str:
    """Escape text for element content and quoted attributes, in ASCII."""
    return to_ascii(html.escape(text))


class Where(TypedDict):
    """The page that a fragment is rendered for.

    Attributes:
        prefix: Path prefix of the endpoints, `root_path` included, without a slash at its end.
        return_to: Path and query of the page; see `consentkit.catalog.safe_path`.
        origin: Scheme and host of the site, if the page's ``<base>`` is foreign: URLs then start with it.
        made_for: Mark of the visitor's decision; see `Consent.made_for`.
    """

    prefix: str
    return_to: str
    origin: NotRequired[str]
    made_for: NotRequired[str]


class Fragment:
    """Markup with slots, split once so that a request costs one join.

    Args:
        markup: Escaped markup; ``<%name%>`` is a slot.
    """

    def __init__(self, markup: str) -> None:
        self._pieces = _SLOT.split(markup)

    def fill(
        self, notice: str, prefix: str, return_to: str, origin: str = "", made_for: str = UNTOLD, **more: str
    ) -> str:
        """Fill in the slots of one request.

        Args:
            notice: Hash of the notice that is shown.
            prefix: See `Where`, also for `return_to`, `origin` and `made_for`.
            return_to: See `Where`.
            origin: See `Where`.
            made_for: See `Where`.
            more: Other slots; markup.

        Raises:
            ConfigurationError: A template of the site has an unknown slot.
        """
        page = _page_slots(prefix, return_to, origin)
        values = {**page, "made_for": escape(made_for), "notice": notice, **more}
        pieces = self._pieces.copy()
        try:
            pieces[1::2] = map(values.__getitem__, pieces[1::2])
        except KeyError as error:
            problem = f"a template has a slot that is not filled in: {error}"
            raise ConfigurationError(problem, path="banner.templates") from error
        return "".join(pieces)


@lru_cache(maxsize=256)
def _page_slots(prefix: str, return_to: str, origin: str) -> Mapping[str, str]:
    """Return the slots that all fragments of one page share."""
    path = safe_path(return_to)
    query = quote(path, safe="")
    base, escaped_origin = escape(origin + prefix), escape(origin)
    return {"base": base, "origin": escaped_origin, "return_to": escape(path), "return_query": query}


def slots(*names: str) -> dict[str, Markup]:
    """Return template values that write slots, which a `Fragment` fills in later."""
    from markupsafe import Markup

    return {name: Markup(f"<%{name}%>") for name in names}


def render(template: str, policy: Policy, words: Words, **values: object) -> str:
    """Render a template in ASCII; every value is escaped.

    Args:
        template: Name of the file, such as ``banner.html``; the site's own comes before the package's.
        policy: Its banner names colours, logo and the folder of the site's own templates.
        words: The texts.
        values: Other values for the template.

    Raises:
        ConfigurationError: A template of the site is wrong.
    """
    context = {
        "assets": read_assets(policy),
        "common": words.texts["common"],
        "dir": direction(words.locale),
        "foreign": "" if words.locale.partition("-")[0] == FALLBACK else FALLBACK,
        "locale": words.locale,
        "logo": policy.banner.logo,
        "policy": policy,
        "slot": slots("base", "made_for", "notice", "origin", "return_to", "return_query"),
        "text": words.texts,
        "theme": policy.banner.theme,
        "words": words,
    }
    with _template_errors():
        found = _environment(policy.banner.templates).get_template(template)
        return to_ascii(found.render({**context, **values}))


def read_templates(folder: str) -> None:
    """Read the templates in a folder of the site.

    Raises:
        ConfigurationError: There is no such folder, or a template cannot be read; it names the line.
    """
    if not Path(folder).is_dir():
        raise ConfigurationError(f'there is no folder "{folder}"', path="banner.templates")
    for path in sorted(Path(folder).glob("*.html")):
        with _template_errors():
            _environment(folder).get_template(path.name)


@cache
def _environment(folder: str) -> Environment:
    import jinja2

    shipped = jinja2.PackageLoader("consentkit.banner")
    # "consentkit/banner.html" is the package's own file, even where the site has a banner.html.
    loaders: list[jinja2.BaseLoader] = [shipped, jinja2.PrefixLoader({"consentkit": shipped})]
    if folder:
        loaders.insert(0, jinja2.FileSystemLoader(folder))
    return make_environment(jinja2.ChoiceLoader(loaders), fill=_fill_filter, isodate=_isodate_filter)


def make_environment(loader: BaseLoader, **filters: Callable[..., str]) -> Environment:
    """Make an environment whose templates escape every value; an unknown name is an error."""
    import jinja2

    strict = jinja2.StrictUndefined
    environment = jinja2.Environment(
        loader=loader, autoescape=True, undefined=strict, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters |= filters
    return environment


@contextmanager
def _template_errors() -> Iterator[None]:
    """Turn Jinja's errors into `ConfigurationError`."""
    import jinja2

    try:
        yield
    except jinja2.TemplateError as error:
        problem = f"a template cannot be used: {error.message}"
        if isinstance(error, jinja2.TemplateSyntaxError):
            problem = f"{error.name}, line {error.lineno}: {error.message}"
        raise ConfigurationError(problem, path="banner.templates") from error


def _fill_filter(text: str, **values: object) -> Markup:
    from markupsafe import Markup, escape

    return Markup(fill(escape(text), **{name: str(escape(value)) for name, value in values.items()}))


def _isodate_filter(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).date().isoformat()
