"""What the loaders of a script are given: addresses, markup, and code."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

from consentkit.gating.inline.data_flow import DataFlow, Source
from consentkit.gating.inline.evaluator import UNKNOWN, Evaluator, Global, nodes
from consentkit.gating.inline.syntax import Call, bare, children, names

if TYPE_CHECKING:
    from tree_sitter import Node

Kind = Literal["address", "markup", "code", "call", "link"]
"""``call``: an argument of a function that nobody knows, which loads only what says so itself. ``link``:
where a link or the window goes, which runs what is a script."""


class Load(NamedTuple):
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
    "src href location srcset imageSrcset poster xlink:href data-src background data code codebase"
)
_MARKUP: Final = names("innerHTML outerHTML srcdoc cssText backgroundImage style")
_CODE: Final = names("text textContent innerText")
# Attributes that give away a call that sets one, whatever its name.
_ATTRIBUTES: Final = _ADDRESSES - {"data", "code", "background"}
_SETTERS: Final = names("setAttribute setAttributeNS attr prop setProperty")

# Functions by what they take; the argument that counts, or all of them.
_FIRST: Final = names(
    "fetch sendBeacon Worker SharedWorker EventSource WebSocket WebTransport Audio Request XDomainRequest"
    " addModule getScript getJSON axios"
)
_ANY: Final = names("ajax get post load register request importScripts import")
_WRITES: Final = names(
    "write writeln setHTMLUnsafe createContextualFragment parseFromString insertRule addRule replaceSync"
    " FontFace"
)
_INSERTS: Final = names("insertAdjacentHTML html append prepend before after replaceWith $ jQuery")
_RUNS: Final = names(
    "eval Function constructor setTimeout setInterval execScript createTextNode append prepend"
    " replaceChildren insertAdjacentText"
)
_LEADS: Final = names("open assign replace")
# Those whose names are nobody else's, which may be handed to other functions.
_HANDED: Final = _FIRST | names("eval write writeln importScripts")
_WINDOWS: Final = names("location window self top parent document globalThis this")
_LOADERS: Final = _FIRST | _ANY | _WRITES | _INSERTS | _RUNS | {"open"}
# What is given addresses and loads none.
_IDLE: Final = names(
    "push unshift splice indexOf lastIndexOf includes startsWith endsWith match matchAll test exec replace"
    " replaceAll split slice substr substring concat join log warn error info debug setItem getItem has"
    " add delete postMessage parse stringify keys values entries freeze assign trim toLowerCase toUpperCase"
    " charAt addEventListener removeEventListener dispatchEvent createElement createElementNS getElementById"
    " querySelector querySelectorAll getElementsByTagName getElementsByClassName encodeURI encodeURIComponent"
    " decodeURI decodeURIComponent unescape escape atob btoa RegExp URL URLSearchParams Date Error Map Set"
    " String raw Array Object pushState replaceState CustomEvent Event closest matches find filter"
    " send writeText share setRequestHeader"
)
# Elements that load something, as frameworks are told to make them: h("iframe", {src}).
_ELEMENTS: Final = names("script iframe frame img image link embed object video audio source track input")
# Expressions that an address may be written as.
_WRITTEN: Final = names("string template_string binary_expression ternary_expression call_expression")


class Loaders:
    """Finds what loads in a script.

    Args:
        flow: What flows where in the script.
        evaluator: Reads its expressions.
    """

    def __init__(self, flow: DataFlow, evaluator: Evaluator) -> None:
        self._flow = flow
        self._evaluator = evaluator

    def given(self) -> Iterator[Load]:
        """Yield what each loader is given."""
        for source in self._flow.sources:
            yield Load("address", self._evaluator.of(source))
        for target, value in self._flow.assigned:
            named, owner = self._named(target), target.child_by_field_name("object")
            if owner is not None and self._flow.script.name(owner) == "style":
                named |= {"style"}
            if named & {"href", "location"} and (owner is None or self._is_link(owner, named)):
                yield Load("link", self._evaluator.of(value))
            else:
                yield from self._set(named, value)
        for call in self._flow.calls:
            yield from self._call(call)

    def _set(self, named: frozenset[str], value: Source) -> Iterator[Load]:
        """Read what a member or attribute is set to."""
        if named & _MARKUP:
            yield Load("markup", self._evaluator.of(value, within=True), True)
        if named & _CODE or any(name.startswith("on") for name in named):
            yield Load("code", self._evaluator.of(value))
        if named & _ADDRESSES:
            yield Load("address", self._evaluator.of(value), True)

    def _named(self, node: Node) -> frozenset[str]:
        """Return what a callee or member is called, as far as that is known."""
        named, index = self._flow.script.name(node), node.child_by_field_name("index")
        if index is not None and not named:
            return frozenset(text.lstrip(UNKNOWN) for text in self._evaluator.of(index))
        return frozenset((named,))

    def _is_link(self, owner: Node, named: frozenset[str]) -> bool:
        """Tell whether an address is where the window or a link goes, and nothing is loaded into the page."""
        sources = self._flow.into(self._flow.key(owner)) if owner.type == "identifier" else ()
        made = [owner, *(source for source in sources if not isinstance(source, tuple))]
        calls = [self._flow.script.call(node) for node in map(bare, made) if node.type == "call_expression"]
        window = owner if "location" in named else owner.child_by_field_name("object") or owner
        leads = "location" in {*named, self._flow.script.name(owner)}
        return (leads and self._flow.script.name(window) in _WINDOWS) or any(
            call.name == "createElement" and call.given and "a" in self._evaluator.of(call.given[0])
            for call in calls
        )

    def _call(self, call: Call) -> Iterator[Load]:
        named = self._called(call.callee)
        yield from self._attributes(named, call)
        if named & _LEADS and call.given:
            framed = call.owner is not None and self._flow.script.name(call.owner) == "location"
            leads = not (framed and call.owner and not self._is_link(call.owner, frozenset()))
            yield Load("link" if leads else "address", self._evaluator.of(call.given[0]))
        around = [*call.given, *([call.owner] if call.owner is not None else [])]
        handed = around if call.name == "bind" else call.given
        if any(self._flow.script.name(one) in _HANDED and not self._is_own(one) for one in handed):
            # A loader that is handed on: setTimeout(fetch, 0, "https://…").
            yield Load("markup", frozenset().union(*(self._evaluator.of(a, within=True) for a in around)))
        # What follows an address is sent there, or says how.
        addressed = named & (_FIRST | _ANY) and call.given and self._evaluator.of(call.given[0])
        for argument in map(bare, call.given[:1] if addressed and named != {"importScripts"} else call.given):
            yield from self._argument(named, argument)
        if "open" in named:
            yield from (Load("address", self._evaluator.of(argument)) for argument in call.given[1:])
        known = named & (_LOADERS | _IDLE | _SETTERS) or any(True for _ in self._flow.functions(call.callee))
        for argument in map(bare, call.given):
            # A queue takes a script to load as a list that begins with its address.
            queued = children(argument)[:1] if "push" in named and argument.type == "array" else []
            for one in queued if known else [argument]:
                yield Load("call", self._direct(one))

    def _called(self, callee: Node) -> frozenset[str]:
        """Return what a callee may be called: its own name, and those of what it stands for."""
        named, is_own = self._named(callee), self._is_own(callee)
        if named & (_LOADERS | _IDLE) and not is_own:
            return named
        value = self._evaluator.value(callee)
        aliases = frozenset(item.name for item in value if isinstance(item, Global))
        # A name of the script's own is what it stands for, if that is known.
        return aliases if is_own and value else named | aliases

    def _argument(self, named: frozenset[str], argument: Node) -> Iterator[Load]:
        """Read what a loader of a known name is given."""
        if named & (_WRITES | _INSERTS):
            texts = self._evaluator.of(argument, within=True)
            markup = texts if named & _WRITES else frozenset(text for text in texts if "<" in text)
            yield Load("markup", markup, True)
        if named & (_FIRST | _ANY):
            yield Load("address", self._evaluator.of(argument, within=argument.type == "spread_element"))
            for listed in self._objects(argument):
                given = {self._flow.script.name(key): child for child, key in _members(listed)}
                address = given.get("url") or given.get("src")
                if address is not None:
                    value = address.child_by_field_name("value") or address
                    yield Load("address", self._evaluator.of(value))
                else:
                    # Loaders of the site's own take lists: load({js: ["https://…"]}).
                    yield Load("markup", self._evaluator.of(listed, within=True))
        if named & _RUNS:
            yield Load("code", self._evaluator.of(argument))

    def _is_own(self, node: Node) -> bool:
        """Tell whether a node is a name that the script declares."""
        return node.type == "identifier" and self._flow.declares(self._flow.key(node))

    def _attributes(self, named: frozenset[str], call: Call) -> Iterator[Load]:
        """Read a call that sets an attribute, or makes an element with some."""
        setters = bool(named & _SETTERS)
        for first, second in pairwise(call.given):
            known = setters or first.type in ("string", "template_string", "identifier", "member_expression")
            said = (
                frozenset(text.lstrip(UNKNOWN) for text in self._evaluator.of(first))
                if known
                else frozenset()
            )
            said |= frozenset(map(str.lower, said)) if setters else frozenset()
            if "setProperty" in named:
                said |= {"style"}
            if "href" in said and call.owner is not None and self._is_link(call.owner, said):
                yield Load("link", self._evaluator.of(second))
            elif setters or said & (_ATTRIBUTES | {"srcdoc"}):
                yield from self._set(said, second)
            if any(text.strip("</> ") in _ELEMENTS for text in said):
                yield from self._listed(second)
        for argument in call.given if named & names("assign attr prop extend") else ():
            yield from self._listed(argument)

    def _listed(self, node: Node) -> Iterator[Load]:
        """Read attributes in an object literal."""
        for listed in self._objects(node):
            for child, key in _members(listed):
                value = child.child_by_field_name("value") or child
                yield from self._set(frozenset((self._flow.script.name(key),)), value)

    def _objects(self, node: Node) -> list[Node]:
        """Return the object literals that an expression stands for, and those that are spread in them."""
        todo = [node]
        found: dict[Node, None] = {}
        while todo:
            for item in nodes(self._evaluator.value(todo.pop())):
                if item.type == "object" and item not in found:
                    found[item] = None
                    todo += [child for child in children(item) if child.type == "spread_element"]
        return list(found)

    def _direct(self, argument: Node) -> frozenset[str]:
        """Return the addresses that an argument is, or that a list directly in it holds."""
        texts: frozenset[str] = frozenset()
        for node in children(argument) if argument.type == "array" else [argument]:
            sources = self._flow.into(self._flow.key(node)) if node.type == "identifier" else [node]
            for source in sources:
                if not isinstance(source, tuple) and source.type in _WRITTEN:
                    texts |= self._evaluator.of(source)
        return texts


def _members(node: Node) -> list[tuple[Node, Node]]:
    """Return the members of an object literal, each with its name."""
    listed = children(node) if node.type == "object" else []
    return [(child, child.child_by_field_name("key") or child) for child in listed]
