"""A page of NiceGUI 3: a tag in the head, markup and a picture as elements, a button the server counts."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI
from nicegui import ui  # type: ignore[import-not-found,unused-ignore]

from frameworks.story import STORY, TAG


def page() -> None:
    """Build the page for one visitor."""
    count = {"value": 0}

    def press() -> None:
        count["value"] += 1
        button.set_text(str(count["value"]))

    ui.add_head_html(TAG)
    ui.label(STORY["title"])
    ui.image(STORY["avatar"]).classes("w-16 h-16")
    ui.html(STORY["body"], sanitize=False)
    button = ui.button("0", on_click=press).props("id=count")


def make() -> Any:
    """Return the application."""
    app = FastAPI()
    ui.run_with(app, root=page, title=STORY["title"], show_welcome_message=False)
    return app
