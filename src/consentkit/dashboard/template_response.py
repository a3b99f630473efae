"""HTML responses from the dashboard's templates, and the filters that write their numbers and times."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

from starlette.responses import HTMLResponse, Response
from starlette.types import Scope

from consentkit.asgi.dispatcher import read_request
from consentkit.banner.markup import make_environment

if TYPE_CHECKING:
    from jinja2 import Environment

SIGNS_OUT: Final = "consentkit.dashboard.signs_out"
"""Key of the scope that says whether pages have a button to sign out."""

SHEET: Final = (Path(__file__).with_name("static") / "audit.css").read_bytes()
SHEET_PATH: Final = f"/static/audit.{hashlib.sha256(SHEET).hexdigest()[:12]}.css"
"""The style sheet and its path below the mount: another sheet has another path."""


def respond(template: str, scope: Scope, *, status: int = 200, **values: object) -> Response:
    """Render a page that answers the request in `scope`.

    Args:
        template: File name of the template.
        scope: ASGI scope of the request.
        status: HTTP status.
        values: The template's values; each is escaped.
    """
    request = read_request(scope)
    signs_out, sheet = bool(scope.get(SIGNS_OUT)), request.mount + SHEET_PATH
    context = {"base": request.mount, "here": request.path, "sheet": sheet, "signs_out": signs_out}
    return HTMLResponse(render(template, **context, **values), status)


def render(template: str, **values: object) -> str:
    """Render a template; each value is escaped."""
    return _environment().get_template(template).render(values)


@cache
def _environment() -> Environment:
    import jinja2

    loader = jinja2.PackageLoader("consentkit.dashboard")
    return make_environment(loader, number="{:,}".format, share=_share, when=_when, px=_px)


def _share(part: int, whole: int) -> str:
    return f"{100 * part / whole:.1f} %" if whole else "–"


def _when(at: str) -> str:
    """Format an RFC 3339 time in UTC for people."""
    return at.replace("T", " ").removesuffix("Z") + " UTC"


def _px(length: float) -> str:
    """Format a length in a drawing."""
    return f"{length:.2f}".rstrip("0").rstrip(".")
