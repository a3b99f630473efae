"""Jinja, loaded when the first page is made: importing the package must not import it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

from consentkit.banner.markup import to_ascii
from consentkit.banner.texts import fill
from consentkit.exceptions import ConfigurationError

if TYPE_CHECKING:
    from jinja2 import Environment
    from markupsafe import Markup

OWN_NAME: Final = "consentkit/"
"""Before a template's name, it means the package's even where the site has one of that name."""


@cache
def _environment(folder: str) -> Environment:
    import jinja2

    shipped = jinja2.PackageLoader("consentkit.banner")
    loaders: list[jinja2.BaseLoader] = [shipped, jinja2.PrefixLoader({OWN_NAME.strip("/"): shipped})]
    if folder:
        loaders.insert(0, jinja2.FileSystemLoader(folder))
    environment = jinja2.Environment(
        loader=jinja2.ChoiceLoader(loaders),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(fill=_fill, isodate=_isodate)
    return environment


def slots(*names: str) -> dict[str, Markup]:
    """Return values that stand in a template as slots of `consentkit.banner.markup.Fragment`."""
    from markupsafe import Markup

    return {name: Markup(f"<%{name}%>") for name in names}


def read_templates(folder: str) -> None:
    """Read the templates in a folder of a site's own.

    Raises:
        ConfigurationError: There is no such folder, or one cannot be read; it names the file and the line.
    """
    if not Path(folder).is_dir():
        raise ConfigurationError(f'there is no folder "{folder}"', path="banner.templates")
    for path in sorted(Path(folder).glob("*.html")):
        with _explained():
            _environment(folder).get_template(path.name)


def render(template: str, *, folder: str = "", **values: object) -> str:
    """Render a template in ASCII; every value is escaped.

    Args:
        template: Name of the file.
        folder: Where the site's own templates are, which come before the package's.
        values: What the template may name.

    Raises:
        ConfigurationError: A template of the site's own is wrong.
    """
    with _explained():
        return to_ascii(_environment(folder).get_template(template).render(values))


@contextmanager
def _explained() -> Iterator[None]:
    import jinja2

    try:
        yield
    except jinja2.TemplateSyntaxError as error:
        place = f"{error.name}, line {error.lineno}"
        raise ConfigurationError(f"{place}: {error.message}", path="banner.templates") from error
    except jinja2.TemplateError as error:
        raise ConfigurationError(f"a template cannot be used: {error}", path="banner.templates") from error


def _fill(text: str, **values: object) -> Markup:
    from markupsafe import Markup, escape

    return Markup(fill(escape(text), **{name: str(escape(value)) for name, value in values.items()}))


def _isodate(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).date().isoformat()
