"""The app's pages: templates, and how numbers and times are written. Jinja is loaded with the first page."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

from msgspec.structs import asdict
from starlette.responses import HTMLResponse, Response
from starlette.types import Scope

from consentkit.asgi.dispatcher import read_request
from consentkit.dashboard import words
from consentkit.web.request import Request

if TYPE_CHECKING:
    from jinja2 import Environment

SIGNS_OUT: Final = "consentkit.dashboard.signs_out"
"""Key of the scope that says whether pages have a button to sign out."""

SHEET: Final = (Path(__file__).with_name("static") / "audit.css").read_bytes()
SHEET_PATH: Final = f"/static/audit.{hashlib.sha256(SHEET).hexdigest()[:12]}.css"
"""The style sheet and its path below the mount: another sheet has another path."""


class Visit(Request, frozen=True, eq=False, kw_only=True):
    """A request for an auditor's page, with the scope that it came in."""

    scope: Scope


def visit_of(scope: Scope, https_only: bool | None = None) -> Visit:
    """Read a request; arguments as in `read_request`."""
    return Visit(**asdict(read_request(scope, https_only)), scope=scope)


def respond(template: str, request: Visit, *, status: int = 200, **values: object) -> Response:
    """Render a page. Every value is escaped.

    Args:
        template: Name of the file.
        request: The request that is answered.
        status: The HTTP status.
        values: What the template may name.
    """
    page = (
        _environment()
        .get_template(template)
        .render(
            base=request.mount,
            here=request.path,
            sheet=request.mount + SHEET_PATH,
            signs_out=bool(request.scope.get(SIGNS_OUT)),
            words=words,
            **values,
        )
    )
    return HTMLResponse(page, status)


@cache
def _environment() -> Environment:
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("consentkit.dashboard"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["number"] = _number
    environment.filters["share"] = _share
    environment.filters["when"] = _when
    environment.filters["px"] = _px
    return environment


def _number(value: int) -> str:
    return f"{value:,}"


def _share(part: int, whole: int) -> str:
    return f"{100 * part / whole:.1f} %" if whole else "–"


def _when(at: str) -> str:
    """Write an RFC 3339 time in UTC as people read it."""
    return at.replace("T", " ").removesuffix("Z") + " UTC"


def _px(length: float) -> str:
    """Write a length of a drawing."""
    return f"{length:.2f}".rstrip("0").rstrip(".")
