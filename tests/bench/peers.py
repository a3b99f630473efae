"""Other rewriters for Python, made to look at tags, or to take the gate's decisions and make its edits."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from html.parser import HTMLParser
from typing import Any, NamedTuple

from bench.corpus import Page
from bench.deciding import Decider

Run = Callable[[Page], None]


class Peer(NamedTuple):
    """A rewriter that is installed.

    Attributes:
        name: Its name.
        look: Makes it look at the tags of some selectors and edit none.
        decide: Makes it take decisions and make edits.
    """

    name: str
    look: Callable[[Sequence[str]], Run]
    decide: Callable[[Decider], Run]


def installed() -> Iterator[Peer]:
    """Yield the peers that are there, and print how to get those that are not."""
    yield Peer("html.parser", html_parser_look, html_parser_decide)
    for name, module, look, decide in (
        ("python-lolhtml", "lolhtml", lolhtml_look, lolhtml_decide),
        ("turbohtml", "turbohtml.rewrite", turbohtml_look, turbohtml_decide),
    ):
        try:
            found = importlib.import_module(module)
        except ImportError:
            print(f"  {name} left out: pip install {name}")
        else:
            yield Peer(name, partial(look, found), partial(decide, found))


def ignore(*_: object) -> None:
    """Take what comes, and do nothing."""


def copy(page: Page) -> None:
    """Copy the bytes: the least that any middleware does."""
    for chunk in page:
        bytearray(chunk)


class Elements:
    """Callbacks of lol-html for start tags alone."""

    def __init__(self, element: Callable[[Any], None]) -> None:
        self.element = element


def lolhtml_look(module: Any, shown: Sequence[str]) -> Run:
    """Make native lol-html call Python for every tag."""
    watcher = Elements(ignore)

    def run(page: Page) -> None:
        rewriter = module.HTMLRewriter(ignore)
        rewriter.on(", ".join(shown), watcher)
        for chunk in page:
            rewriter.write(chunk)
        rewriter.end()

    return run


class LolHandlers:
    """Callbacks of lol-html. When a script's text comes its start tag is gone, so the text is taken out."""

    def __init__(self, decider: Decider, html: Any) -> None:
        self._decider = decider
        self._html = html
        self._reads = False
        self._parts: list[str] = []

    def element(self, element: Any) -> None:
        edits, self._reads = self._decider.tag(element.tag_name, tuple(element.attributes))
        for name, value in edits:
            if value is None:
                element.remove_attribute(name)
            else:
                element.set_attribute(name, value)

    def text(self, chunk: Any) -> None:
        if not self._reads:
            return
        self._parts.append(chunk.text)
        if not chunk.last_in_text_node:
            chunk.remove()
            return
        text = "".join(self._parts)
        self._parts.clear()
        if not self._decider.text(text):
            chunk.replace(text, self._html)


def lolhtml_decide(module: Any, decider: Decider) -> Run:
    """Make native lol-html take the gate's decisions."""
    tags = ", ".join(name for name in decider.shown if name != "script")

    def run(page: Page) -> None:
        rewriter = module.HTMLRewriter(ignore)
        handlers = LolHandlers(decider, module.ContentType.HTML)
        rewriter.on("script", handlers)
        rewriter.on(tags, Elements(handlers.element))
        for chunk in page:
            rewriter.write(chunk)
        rewriter.end()

    return run


def turbohtml_look(module: Any, shown: Sequence[str]) -> Run:
    """Make turbohtml, which takes a whole page as text only, call Python for every tag."""

    def run(page: Page) -> None:
        module.rewrite(b"".join(page).decode("utf-8", "replace"), elements=[(", ".join(shown), ignore)])

    return run


def turbohtml_decide(module: Any, decider: Decider) -> Run:
    """Make turbohtml take the gate's decisions; it shows every text, since it selects elements only."""
    reads = False

    def element(element: Any) -> None:
        nonlocal reads
        edits, reads = decider.tag(element.tag, element.attrs)
        for name, value in edits:
            if value is None:
                element.remove_attribute(name)
            else:
                element.set_attribute(name, value)

    def text(node: Any) -> None:
        nonlocal reads
        if reads:
            reads = False
            if decider.text(node.text):
                node.set_text("")

    def run(page: Page) -> None:
        whole = b"".join(page).decode("utf-8", "replace")
        module.rewrite(whole, elements=[(", ".join(decider.shown), element)], text=text).encode()

    return run


class Looking(HTMLParser):
    """The standard library's parser, asked about tags and writing nothing."""

    def __init__(self, shown: Sequence[str]) -> None:
        super().__init__(convert_charrefs=False)
        self._names = frozenset(name for name in shown if "[" not in name)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in self._names:
            self.asked(tag, attrs)

    def asked(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Decide on a tag."""


class Deciding(Looking):
    """The same with the gate's decisions."""

    def __init__(self, decider: Decider) -> None:
        super().__init__(decider.shown)
        self._decider = decider
        self._reads = False
        self._parts: list[str] = []

    def asked(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        _, self._reads = self._decider.tag(tag, tuple((name, value or "") for name, value in attrs))

    def handle_data(self, data: str) -> None:
        if self._reads:
            self._parts.append(data)

    def handle_endtag(self, tag: str) -> None:
        if self._reads:
            self._reads = False
            self._decider.text("".join(self._parts))
            self._parts.clear()


def _parse(parser: HTMLParser, page: Page) -> None:
    for chunk in page:
        parser.feed(chunk.decode("utf-8", "replace"))
    parser.close()


def html_parser_look(shown: Sequence[str]) -> Run:
    """Make the standard library's parser look at tags."""
    return lambda page: _parse(Looking(shown), page)


def html_parser_decide(decider: Decider) -> Run:
    """Make the standard library's parser ask for the gate's decisions."""
    return lambda page: _parse(Deciding(decider), page)
