"""What the loaders of a script are given: addresses, markup, and code."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

from consentkit.gating.inline.flows import Flows
from consentkit.gating.inline.syntax import bare, names
from consentkit.gating.inline.texts import UNKNOWN, Global, Texts

if TYPE_CHECKING:
    from tree_sitter import Node

Kind = Literal["address", "markup", "code", "call", "link"]
"""``call``: an argument of a function that nobody knows, which loads only what says so itself. ``link``:
where a link or the window goes, which runs what is a script."""


class Given(NamedTuple):
    """What one loader is given.

    Attributes:
        kind: What it takes it for.
        texts: What that may be.
        inserts: Whether an element is made to load it.
    """

    kind: Kind
    texts: frozenset[str]
    inserts: bool = False


# Members whose value is an address, or a list of them, wherever they are assigned.
_ADDRESSES: Final = names(
    "src href srcset imageSrcset poster xlink:href data-src background data code codebase"
)
_MARKUP: Final = names("innerHTML outerHTML srcdoc cssText backgroundImage style")
_CODE: Final = names("text textContent innerText")
# Attributes that give away a call that sets one, whatever its name.
_ATTRIBUTES: Final = _ADDRESSES - {"data", "code", "background"} | {"srcdoc"}
_SETTERS: Final = names("setAttribute setAttributeNS attr prop setProperty")

# Functions, and the argument that counts; all of them below zero.
_FIRST: Final = names(
    "fetch sendBeacon Worker SharedWorker EventSource WebSocket WebTransport Audio Request XDomainRequest"
    " addModule getScript getJSON axios register"
)
_ANY: Final = names("ajax get post load importScripts import")
_WRITES: Final = names("write writeln setHTMLUnsafe createContextualFragment parseFromString")
_STYLES: Final = names("insertRule addRule replaceSync FontFace")
_INSERTS: Final = names("insertAdjacentHTML html append prepend before after replaceWith $ jQuery")
_RUNS: Final = names("eval Function setTimeout setInterval execScript")
_CALLS: Final[dict[str, tuple[Kind, int]]] = {
    "open": ("address", 1),
    **dict.fromkeys(_FIRST, ("address", 0)),
    **dict.fromkeys(_ANY, ("address", -1)),
    **dict.fromkeys(_WRITES | _STYLES | _INSERTS, ("markup", -1)),
    **dict.fromkeys(_RUNS, ("code", -1)),
}
# What is given addresses and loads none.
_IDLE: Final = names(
    "push unshift splice indexOf lastIndexOf includes startsWith endsWith match matchAll test exec replace"
    " replaceAll split slice substr substring concat join log warn error info debug setItem getItem has"
    " add delete postMessage parse stringify keys values entries freeze assign trim toLowerCase toUpperCase"
    " charAt addEventListener removeEventListener dispatchEvent createElement createElementNS getElementById"
    " querySelector querySelectorAll getElementsByTagName getElementsByClassName encodeURI encodeURIComponent"
    " decodeURI decodeURIComponent unescape escape atob btoa RegExp URL URLSearchParams Date Error Map Set"
    " String raw Array Object pushState replaceState CustomEvent Event closest matches find filter"
)
# Elements that load something, as frameworks are told to make them: h("iframe", {src}).
_ELEMENTS: Final = names("script iframe frame img image link embed object video audio source track input")
# Expressions that an address may be written as.
_WRITTEN: Final = frozenset(
    ("string", "template_string", "binary_expression", "ternary_expression", "call_expression")
)


class Loaders:
    """Finds what loads in a script.

    Args:
        flows: The script's flows.
        texts: Reads its expressions.
    """

    def __init__(self, flows: Flows, texts: Texts) -> None:
        self._flows = flows
        self._script = flows.script
        self._texts = texts

    def given(self) -> Iterator[Given]:
        """Yield what each loader is given."""
        for source in self._flows.imported:
            yield Given("address", self._texts.of(source))
        for member, value in self._flows.assigned:
            yield from self._assignment(member, value)
        for call in self._flows.calls:
            yield from self._call(call)

    def _assignment(self, member: Node, value: Node) -> Iterator[Given]:
        names = self._names(member)
        if names & _MARKUP:
            yield Given("markup", self._texts.within(value), True)
        if names & _CODE:
            yield Given("code", self._texts.of(value), True)
        if names & _ADDRESSES:
            leads = self._leads(member, names)
            yield Given("link" if leads else "address", self._texts.of(value), not leads)

    def _names(self, member: Node) -> frozenset[str]:
        """Return what a member may be called."""
        name, index = self._script.member_name(member), member.child_by_field_name("index")
        if name or index is None:
            return frozenset((name,))
        return frozenset(text.lstrip(UNKNOWN) for text in self._texts.of(index))

    def _leads(self, member: Node, names: frozenset[str]) -> bool:
        """Tell whether an address is where a link or the window goes, and nothing is loaded into the page."""
        owner = member.child_by_field_name("object")
        if owner is None or not names <= {"href"}:
            return False
        made = {Global("location"), Global("a")}
        return bool(made & self._texts.value(owner)) or self._is_link(owner)

    def _is_link(self, owner: Node) -> bool:
        sources = [owner]
        if owner.type == "identifier":
            found = self._flows.into(self._flows.key(owner))
            sources += [source for source in found if not isinstance(source, tuple)]
        made = [bare(source) for source in sources if bare(source).type == "call_expression"]
        return any(
            "a" in self._texts.of(given)
            for call in made
            for given in self._script.arguments(call)[:1]
            if (callee := self._script.callee(call)) is not None
            and self._script.member_name(callee) == "createElement"
        )

    def _call(self, call: Node) -> Iterator[Given]:
        callee, given = self._script.callee(call), self._script.arguments(call)
        if callee is None or not given:
            return
        names = self._called(callee)
        yield from self._attribute(names, given)
        loads = names & _CALLS.keys()
        for name in loads:
            kind, index = _CALLS[name]
            for argument in given if index < 0 else given[index : index + 1]:
                yield from self._argument(kind, argument, name)
        if not (loads or names & _IDLE or self._flows.functions(callee)):
            for argument in given:
                yield Given("call", self._direct(argument))

    def _argument(self, kind: Kind, argument: Node, name: str) -> Iterator[Given]:
        if kind == "markup":
            texts = self._texts.within(argument)
            if name in _INSERTS:
                texts = frozenset(text for text in texts if "<" in text)
            yield Given(kind, texts, True)
        elif bare(argument).type == "object":
            # Loaders of the site's own take lists: load({js: ["https://…"]}).
            yield Given("markup", self._texts.within(argument))
        elif kind == "address" or bare(argument).type not in ("arrow_function", "function_expression"):
            yield Given(kind, self._texts.of(argument))

    def _attribute(self, names: frozenset[str], given: list[Node]) -> Iterator[Given]:
        """Read a call that sets an attribute, or makes an element with some."""
        for first, second in itertools.pairwise(given):
            if first.type not in ("string", "template_string", "identifier", "member_expression") and not (
                names & _SETTERS
            ):
                continue
            said = frozenset(text.lstrip(UNKNOWN) for text in self._texts.of(first))
            wanted = _ADDRESSES if names & _SETTERS else _ATTRIBUTES
            second = bare(second)
            if said & wanted:
                yield Given("address", self._texts.of(second), True)
            if said & (_MARKUP if names & _SETTERS else {"srcdoc"}):
                yield Given("markup", self._texts.within(second), True)
            if names & _SETTERS and any(text.startswith("on") for text in said):
                yield Given("code", self._texts.of(second), True)
            if second.type == "object" and any(text.strip("</> ") in _ELEMENTS for text in said):
                yield from self._attributes(second)
        if names & {"assign", "attr", "prop", "extend"}:
            for argument in given:
                if bare(argument).type == "object":
                    yield from self._attributes(bare(argument))

    def _attributes(self, listed: Node) -> Iterator[Given]:
        for name in ("src", "href", "srcset", "data"):
            value = self._member_of(listed, name)
            if value is not None:
                yield Given("address", self._texts.of(value), True)

    def _called(self, callee: Node) -> frozenset[str]:
        """Return what a callee may be called: its own name, and those of what it stands for."""
        if callee.type in ("member_expression", "subscript_expression"):
            named = self._names(callee)
            aliases = self._texts.value(callee) if callee.type == "subscript_expression" else frozenset()
        else:
            named = (
                frozenset((self._script.source(callee),))
                if callee.type in ("identifier", "import")
                else frozenset()
            )
            aliases = self._texts.value(callee)
        return named | {item.name for item in aliases if isinstance(item, Global)}

    def _direct(self, argument: Node) -> frozenset[str]:
        """Return the addresses that an argument is, or that a list directly in it holds."""
        argument = bare(argument)
        listed = argument.named_children if argument.type == "array" else [argument]
        texts: frozenset[str] = frozenset()
        for node in listed:
            sources = self._flows.into(self._flows.key(node)) if node.type == "identifier" else [node]
            for source in sources:
                if not isinstance(source, tuple) and source.type in _WRITTEN:
                    texts |= self._texts.of(source)
        return texts

    def _member_of(self, listed: Node, name: str) -> Node | None:
        """Return the value of a member in an object literal."""
        for child in listed.named_children:
            key = child.child_by_field_name("key")
            if key is not None and self._script.source(key).strip("'\"") == name:
                return child.child_by_field_name("value")
            if child.type == "shorthand_property_identifier" and self._script.source(child) == name:
                return child
        return None
