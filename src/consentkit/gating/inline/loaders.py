"""The loaders of a script: finds calls and assignments that load addresses, markup or code.

Which names load is in ``data/names.toml``.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

from consentkit.gating.inline.data_flow import DataFlow, Source
from consentkit.gating.inline.evaluator import UNKNOWN, Evaluator, Global, nodes
from consentkit.gating.inline.heuristics import NAMES
from consentkit.gating.inline.syntax import Call, bare, children, names

if TYPE_CHECKING:
    from tree_sitter import Node

Kind = Literal["address", "markup", "code", "call", "link"]
"""``call``: an argument of an unknown function, which counts only if it is a script's address by itself.
``link``: the target of a link or of the window, which matters only for ``javascript:`` URLs."""

_ADDRESSED: Final = NAMES["first"] | NAMES["any"]
_MARKED_UP: Final = NAMES["writes"] | NAMES["inserts"]
_LOADERS: Final = _ADDRESSED | _MARKED_UP | NAMES["runs"] | {"open"}
_KNOWN: Final = _LOADERS | NAMES["idle"] | NAMES["sets"]
_HANDED: Final = NAMES["first"] | NAMES["handed"]
# Expressions that may be an address.
_WRITTEN: Final = names("string template_string binary_expression ternary_expression call_expression")


class Load(NamedTuple):
    """An argument of a loader.

    Attributes:
        kind: How the loader uses it.
        texts: Its possible strings.
        inserts: Whether it is loaded by inserting an element.
    """

    kind: Kind
    texts: frozenset[str]
    inserts: bool = False


class Loaders:
    """Finds the loaders in a script.

    Args:
        flow: The data flow of the script.
        evaluator: Evaluates its expressions.
    """

    def __init__(self, flow: DataFlow, evaluator: Evaluator) -> None:
        self._flow, self._script = flow, flow.script
        self._evaluator, self._texts = evaluator, evaluator.texts

    def loads(self) -> Iterator[Load]:
        """Yield the arguments of all loaders."""
        for source in self._flow.sources:
            yield Load("address", self._texts(source))
        for target, value in self._flow.assigned:
            named, owner = self._names_of(target), target.child_by_field_name("object")
            if owner is not None and self._script.name(owner) == "style":
                named |= {"style"}
            if named & {"href", "location"} and (owner is None or self._is_link(owner, named)):
                yield Load("link", self._texts(value))
            else:
                yield from self._set(named, value)
        for call in self._flow.calls:
            yield from self._call(call)

    def _set(self, named: frozenset[str], value: Source) -> Iterator[Load]:
        """Yield what the assignment of a value to a member or attribute loads."""
        if named & NAMES["markup"]:
            yield Load("markup", self._texts(value, within=True), True)
        if named & NAMES["code"] or any(name.startswith("on") for name in named):
            yield Load("code", self._texts(value))
        if named & NAMES["address"]:
            yield Load("address", self._texts(value), True)

    def _names_of(self, node: Node) -> frozenset[str]:
        """Return the possible names of a callee or member."""
        name, index = self._script.name(node), node.child_by_field_name("index")
        return self._loose_texts(index) if index is not None and not name else frozenset((name,))

    def _loose_texts(self, node: Node) -> frozenset[str]:
        return frozenset(text.lstrip(UNKNOWN) for text in self._texts(node))

    def _is_link(self, owner: Node, named: frozenset[str]) -> bool:
        """Say whether an address is the target of the window or a link, and not loaded into the page."""
        name = self._script.name
        window = owner if "location" in named else owner.child_by_field_name("object") or owner
        if "location" in {*named, name(owner)} and name(window) in NAMES["windows"]:
            return True
        sources = self._flow.into(self._flow.key(owner)) if owner.type == "identifier" else ()
        made = [bare(one) for one in (owner, *sources) if not isinstance(one, tuple)]
        calls = [self._script.call(node) for node in made if node.type == "call_expression"]
        created = [call.given[0] for call in calls if call.name == "createElement" and call.given]
        return any("a" in self._texts(tag) for tag in created)

    # --- calls

    def _call(self, call: Call) -> Iterator[Load]:
        named = self._callee_names(call.callee)
        yield from self._attributes(named, call)
        if named & NAMES["leads"] and call.given:
            framed = call.owner is not None and self._script.name(call.owner) == "location"
            loads = framed and call.owner and not self._is_link(call.owner, frozenset())
            yield Load("address" if loads else "link", self._texts(call.given[0]))
        yield from self._handed_on(call)
        # Arguments after an address are data or options.
        addressed = named & _ADDRESSED and call.given and self._texts(call.given[0])
        for argument in map(bare, call.given[:1] if addressed and named != {"importScripts"} else call.given):
            yield from self._argument(named, argument)
        if "open" in named:
            yield from (Load("address", self._texts(argument)) for argument in call.given[1:])
        known = named & _KNOWN or any(True for _ in self._flow.functions(call.callee))
        for argument in map(bare, call.given):
            # Queues get a script to load as a list that begins with its address.
            queued = children(argument)[:1] if "push" in named and argument.type == "array" else []
            for one in queued if known else [argument]:
                yield Load("call", self._direct(one))

    def _callee_names(self, callee: Node) -> frozenset[str]:
        """Return the possible names of a callee: its own, and those of globals that it refers to."""
        named, is_own = self._names_of(callee), self._is_own(callee)
        if named & (_LOADERS | NAMES["idle"]) and not is_own:
            return named
        value = self._evaluator.value(callee)
        aliases = frozenset(item.name for item in value if isinstance(item, Global))
        # For a name that the script declares, only its value counts, if known.
        return aliases if is_own and value else named | aliases

    def _handed_on(self, call: Call) -> Iterator[Load]:
        """Yield what a call loads that gets a loader as argument: ``setTimeout(fetch, 0, "https://…")``."""
        around = [*call.given, *([call.owner] if call.owner is not None else [])]
        handed = around if call.name == "bind" else call.given
        if any(self._script.name(one) in _HANDED and not self._is_own(one) for one in handed):
            yield Load("markup", frozenset().union(*(self._texts(one, within=True) for one in around)))

    def _argument(self, named: frozenset[str], argument: Node) -> Iterator[Load]:
        """Yield what an argument of a known loader loads."""
        if named & _MARKED_UP:
            texts = self._texts(argument, within=True)
            tags = frozenset(text for text in texts if "<" in text)
            yield Load("markup", texts if named & NAMES["writes"] else tags, True)
        if named & _ADDRESSED:
            yield Load("address", self._texts(argument, within=argument.type == "spread_element"))
            for listed in self._objects(argument):
                given = {self._script.name(key): value for key, value in _members(listed)}
                address = given.get("url") or given.get("src")
                if address is not None:
                    yield Load("address", self._texts(address))
                else:
                    # The site's own loaders may take lists: load({js: ["https://…"]}).
                    yield Load("markup", self._texts(listed, within=True))
        if named & NAMES["runs"]:
            yield Load("code", self._texts(argument))

    def _is_own(self, node: Node) -> bool:
        """Say whether a node is a name that the script declares."""
        return node.type == "identifier" and self._flow.declares(self._flow.key(node))

    def _attributes(self, named: frozenset[str], call: Call) -> Iterator[Load]:
        """Yield what a call loads that sets attributes, or creates an element with some."""
        sets = bool(named & NAMES["sets"])
        for first, second in pairwise(call.given):
            known = sets or first.type in ("string", "template_string", "identifier", "member_expression")
            said = self._loose_texts(first) if known else frozenset()
            said |= frozenset(map(str.lower, said)) if sets else frozenset()
            if "setProperty" in named:
                said |= {"style"}
            if "href" in said and call.owner is not None and self._is_link(call.owner, said):
                yield Load("link", self._texts(second))
            elif sets or said & NAMES["attribute"]:
                yield from self._set(said, second)
            if any(text.strip("</> ") in NAMES["elements"] for text in said):
                yield from self._listed(second)
        for argument in call.given if named & NAMES["merges"] else ():
            yield from self._listed(argument)

    def _listed(self, node: Node) -> Iterator[Load]:
        """Yield what the attributes in an object literal load."""
        for listed in self._objects(node):
            for key, value in _members(listed):
                yield from self._set(frozenset((self._script.name(key),)), value)

    def _objects(self, node: Node) -> list[Node]:
        """Return the object literals that an expression may be, and those spread into them."""
        todo = [node]
        found: dict[Node, None] = {}
        while todo:
            for item in nodes(self._evaluator.value(todo.pop())):
                if item.type == "object" and item not in found:
                    found[item] = None
                    todo += [child for child in children(item) if child.type == "spread_element"]
        return list(found)

    def _direct(self, argument: Node) -> frozenset[str]:
        """Return the addresses that an argument may be, or that it contains as a list."""
        texts: frozenset[str] = frozenset()
        for node in children(argument) if argument.type == "array" else [argument]:
            for source in self._flow.into(self._flow.key(node)) if node.type == "identifier" else [node]:
                if not isinstance(source, tuple) and source.type in _WRITTEN:
                    texts |= self._texts(source)
        return texts


def _members(node: Node) -> Iterator[tuple[Node, Node]]:
    """Yield the names in an object literal with their values; a spread or method stands for both."""
    for one in children(node):
        yield one.child_by_field_name("key") or one, one.child_by_field_name("value") or one
