"""A browser without JavaScript: it follows addresses, keeps cookies and sends forms."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Final
from urllib.parse import urljoin

import httpx
from selectolax.lexbor import LexborHTMLParser

from matrix.servers import PATIENCE, Running
from matrix.websocket import Socket

_BANNER: Final = 'id="consentkit-banner"'
_NAVIGATION: Final = {"accept": "text/html", "sec-fetch-dest": "document", "sec-fetch-mode": "navigate"}


class Page:
    """A page as it came.

    Args:
        path: Its address as the public knows it, without the origin.
        status: The response's status.
        text: Its body.
    """

    def __init__(self, path: str, status: int, text: str) -> None:
        self.path = path
        self.status = status
        self.text = text
        self.tree = LexborHTMLParser(text)

    @property
    def asks(self) -> bool:
        """Whether it has a banner."""
        return _BANNER in self.text

    @property
    def held(self) -> bool:
        """Whether the vendor's tag is there and held back."""
        return self.tree.css_matches("script[data-consentkit-src]") and not self.live

    @property
    def live(self) -> bool:
        """Whether the vendor's tag is there and live."""
        return self.tree.css_matches("script[src*='googletagmanager.com']")

    @property
    def files(self) -> list[str]:
        """The package's own addresses that it names."""
        named = self.tree.css("link[href*='/_consent/'], script[src*='/_consent/'], a[href*='/_consent/']")
        return [node.attributes.get("href") or node.attributes.get("src") or "" for node in named]

    @property
    def back(self) -> str:
        """Where the settings say that the way back is."""
        link = self.tree.css_first("header a")
        assert link is not None, "there is no way back"
        return link.attributes["href"] or ""

    def form(self, button: str, ticked: tuple[str, ...]) -> tuple[str, dict[str, list[str]]]:
        """Return where a button's form goes and what it sends."""
        form = self.tree.css_first("form[action$='/decision']")
        assert form is not None, "there is no form"
        assert self.tree.css_matches(f"button[name=action][value={button}]"), f"there is no button {button}"
        data: dict[str, list[str]] = {"action": [button]}
        for field in form.css("input"):
            name, value = field.attributes["name"] or "", field.attributes["value"] or ""
            if field.attributes["type"] == "hidden" or value in ticked:
                data.setdefault(name, []).append(value)
        return urljoin(self.path, form.attributes["action"]), data


class Visitor:
    """Somebody who visits a running site, through the proxy if it has one.

    Args:
        site: The site.

    Attributes:
        root: The path below which the public finds it.
    """

    def __init__(self, site: Running) -> None:
        self.root = site.way.root
        self._site = site
        self._origin = f"http://127.0.0.1:{site.port}"
        http2 = site.server.http2
        self._client = httpx.Client(base_url=self._origin, http1=not http2, http2=http2, timeout=PATIENCE)

    def get(self, path: str) -> Page:
        """Navigate to an address below the root path."""
        return self._go(self.root + path)

    def follow(self, page: Page, address: str) -> Page:
        """Go where an address on a page leads."""
        return self._go(urljoin(page.path, address))

    def saw(self, path: str, status: int, text: str) -> Page:
        """Take a page that came."""
        page = Page(path, status, text)
        self._site.banners += page.asks
        return page

    def submit(self, page: Page, button: str, *ticked: str) -> Page:
        """Press a button of the form that has it, and return the page that the answer leads to."""
        action, data = page.form(button, ticked)
        headers = {**_NAVIGATION, "origin": self._origin, "sec-fetch-site": "same-origin"}
        answer = self._client.post(self._asked(action), data=data, headers=headers)
        assert answer.status_code == 303, f"the form is answered with {answer.status_code}"
        return self._go(urljoin(action, answer.headers["location"]))

    def read(self, path: str) -> list[str]:
        """Return what a path below the root path answers in JSON."""
        answer = self._client.get(self._asked(self.root + path))
        assert answer.status_code == 200, f"{path} is answered with {answer.status_code}"
        found: list[str] = answer.json()
        return found

    @contextmanager
    def stream(self, path: str, **headers: str) -> Iterator[Iterator[str]]:
        """Ask for what comes in pieces."""
        with self._client.stream(
            "GET", self._asked(self.root + path), headers=headers or _NAVIGATION
        ) as answer:
            assert answer.status_code == 200, f"{path} is answered with {answer.status_code}"
            yield answer.iter_text()

    def socket(self, path: str) -> Socket:
        """Open a WebSocket."""
        cookies = "; ".join(f"{name}={value}" for name, value in self._client.cookies.items())
        return Socket(self._site.port, self._asked(self.root + path), cookies)

    def _go(self, path: str) -> Page:
        answer = self._client.get(self._asked(path), headers=_NAVIGATION)
        return self.saw(path, answer.status_code, answer.text)

    def _asked(self, path: str) -> str:
        """Return what the server is asked for."""
        assert path.startswith(self.root + "/"), f"{path} is outside of the site, which is below {self.root}"
        return path.removeprefix(self.root) if self._site.way.stripped else path

    def __enter__(self) -> Visitor:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.close()
