"""A table of Datasette: tag by metadata and plugin, markup and picture in cells, the menus of its columns."""

from __future__ import annotations

import sqlite3
import sys
import tempfile
from pathlib import Path
from typing import Any

from datasette import hookimpl  # type: ignore[import-not-found,unused-ignore]
from datasette.app import Datasette  # type: ignore[import-not-found,unused-ignore]
from datasette.plugins import pm  # type: ignore[import-not-found,unused-ignore]
from markupsafe import Markup

from frameworks.story import STORY, TAG_CODE, TAG_URL


@hookimpl  # type: ignore[untyped-decorator,unused-ignore]
def render_cell(value: object, column: str) -> str | None:
    """Show markup as markup, and an address of a picture as a picture."""
    if column == "body":
        return Markup(value)
    return Markup('<img src="{}" alt="">').format(value) if column == "avatar" else None


@hookimpl  # type: ignore[untyped-decorator,unused-ignore]
def extra_body_script() -> str:
    """Return the inline half of the tag."""
    return TAG_CODE


def make() -> Any:
    """Return the application."""
    path = Path(tempfile.mkdtemp()) / "news.db"
    with sqlite3.connect(path) as database:
        database.execute("create table stories (title, author, avatar, body)")
        database.execute("insert into stories values (:title, :author, :avatar, :body)", STORY)
    database.close()
    pm.register(sys.modules[__name__])
    return Datasette([str(path)], metadata={"extra_js_urls": [TAG_URL]}).app()
