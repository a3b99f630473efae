"""Jinja, loaded when the first page is made: importing the package must not import it."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING

from consentkit.banner.markup import to_ascii
from consentkit.banner.texts import fill

if TYPE_CHECKING:
    from jinja2 import Environment
    from markupsafe import Markup


@cache
def _environment() -> Environment:
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("consentkit.banner"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["fill"] = _fill
    environment.filters["isodate"] = _isodate
    return environment


def slots(*names: str) -> dict[str, Markup]:
    """Return values that stand in a template as slots of `consentkit.banner.markup.Fragment`."""
    from markupsafe import Markup

    return {name: Markup(f"<%{name}%>") for name in names}


def render(template: str, **values: object) -> str:
    """Render a template of the package in ASCII; every value is escaped."""
    return to_ascii(_environment().get_template(template).render(values))


def _fill(text: str, **values: object) -> Markup:
    from markupsafe import Markup, escape

    return Markup(fill(escape(text), **{name: str(escape(value)) for name, value in values.items()}))


def _isodate(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).date().isoformat()
