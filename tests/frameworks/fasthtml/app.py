"""A page of FastHTML: tag among the headers of the app, a button that htmx counts."""

from __future__ import annotations

from typing import Any

from fasthtml.common import (  # type: ignore[import-not-found,unused-ignore]
    H1,
    Button,
    Div,
    Img,
    NotStr,
    Script,
    fast_app,
)

from frameworks.story import STORY, TAG_CODE, TAG_URL


def make() -> Any:
    """Return the application."""
    app, route = fast_app(hdrs=(Script(src=TAG_URL, _async=True), Script(TAG_CODE)), secret_key="frameworks")

    def button(count: int) -> Any:
        return Button(
            str(count), id="count", hx_get=f"/press?count={count}", hx_swap="outerHTML", hx_trigger="click"
        )

    @route("/")  # type: ignore[untyped-decorator,unused-ignore]
    def get() -> Any:
        return Div(
            H1(STORY["title"]),
            Img(src=STORY["avatar"], alt=STORY["author"]),
            Div(NotStr(STORY["body"])),
            button(0),
        )

    @route("/press")  # type: ignore[untyped-decorator,unused-ignore]
    def press(count: int) -> Any:
        return button(count + 1)

    return app
