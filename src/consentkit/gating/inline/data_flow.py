"""Data flow of a script: which values flow into its variables, members, parameters and results.

Members are distinguished by name only, whatever their object, and the order of statements is ignored: it may
report flows that never happen.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from typing import TYPE_CHECKING, Final, NamedTuple, Union

from consentkit.gating.inline.syntax import MEMBERS, Call, Script, bare, children, names

if TYPE_CHECKING:
    from tree_sitter import Node

Key = tuple[int, str]
"""A name and the function that declares it, by its place in the script's order."""

GLOBAL: Final = -1
FIELD: Final = -2
"""Scope of members, of any object; the member `ANY` has a computed name."""
RESULT: Final = -3
"""Scope of functions' results; the name is a function's offset."""
ANY: Final = "*"
FUNCTIONS: Final = names(
    "function_declaration function_expression arrow_function method_definition generator_function"
    " generator_function_declaration"
)
MAX_CALLEES: Final = 100_000
"""Maximum nodes that are visited to find the functions of one script."""
_LOCATION: Final[Key] = (GLOBAL, "location")
_CLASSES: Final = names("class class_declaration")
_CALLABLE: Final = FUNCTIONS | _CLASSES | MEMBERS | names("identifier call_expression")
_BOUND: Final = MEMBERS | names(
    "identifier shorthand_property_identifier_pattern private_property_identifier"
)
_KEYS: Final = names("property_identifier string number computed_property_name")
_FILLED: Final = names("push unshift set add splice")


class Spent(Exception):
    """Raised if the analysis of a script takes too many steps."""


class Element(NamedTuple):
    """Everything in a value, at any depth."""

    of: Node


class Member(NamedTuple):
    """A member of a value, by name."""

    of: Node
    name: str


class Sum(NamedTuple):
    """The concatenation of two values."""

    left: Node
    right: Node


Source = Union["Node", Element, Member, Sum, Key]


class DataFlow:
    """The sources of every name in a script.

    Args:
        script: The script.

    Attributes:
        script: The same.
        calls: Its calls.
        assigned: Its assignments to members and to ``location``: target and value.
        certain: Whether the tree is reliable, and there is no ``with`` to change the meaning of names.
        sources: Addresses that it imports from.
        imported: Names that it imports.
        defined: Names that it assigns.
    """

    def __init__(self, script: Script) -> None:
        self.script = script
        self.assigned: list[tuple[Node, Source]] = []
        self._into: dict[Key, dict[Source, None]] = {}
        self._callable: dict[Key, dict[Node, None]] = {}
        self._setters: dict[str, list[Node]] = {}
        self._has_members = False
        self._steps = 0
        found = script.find("flows")
        parts: dict[str, list[Node]] = defaultdict(list)
        for name, nodes in (item for match in found for item in match.items()):
            parts[name] += nodes
        self.certain: bool = script.certain and not parts["with"]
        self.sources: Sequence[Node] = parts["source"]
        self.imported: frozenset[str] = frozenset(map(script.source, parts["imported"]))
        self.calls: list[Call] = [script.call(node) for node in parts["call"]]
        self._nest(parts["function"], [*parts["name"], *parts["imported"]])
        for function in parts["function"]:
            self._fill(function, None)
        for match in found:
            if "into" in match:
                self._flow(match)
        self.defined: frozenset[str] = frozenset(name for _, name in self._into)
        self._give_out(parts)
        self._follow_calls()

    def into(self, key: Key) -> Collection[Source]:
        """Return the values that flow into a name, a member or a result."""
        if key[0] == FIELD and not self._has_members:
            self._has_members = True
            for found in self.script.find("members"):
                self._flow(found)
        return self._into.get(key, ())

    def key(self, node: Node) -> Key:
        """Return the key of a name or a member; a name that is not declared is a global."""
        if node.type in MEMBERS:
            return FIELD, self.script.name(node) or ANY
        name, scope = self.script.literal(node), self._at(node.start_byte)
        while scope >= 0 and (scope, name) not in self._declared:
            scope = self._around[scope]
        return scope, name

    def declares(self, key: Key) -> bool:
        """Say whether the script itself declares a name."""
        return key in self._declared

    def functions(self, callee: Node, seen: set[object] | None = None) -> Iterator[Node]:
        """Yield the functions of the script that a callee may refer to."""
        todo, seen = [bare(callee)], set() if seen is None else seen
        while todo:
            self._steps += 1
            if self._steps > MAX_CALLEES:
                raise Spent
            node, keys = todo.pop(), list[Key]()
            if node.type in FUNCTIONS:
                yield node
            elif node.type in _CLASSES:
                todo += _constructors(self.script, node)
            elif node.type == "identifier" or node.type in MEMBERS:
                key = self.key(node)
                keys = [key, (FIELD, key[1])] if key[0] == GLOBAL else [key]
            elif node.type == "call_expression" and node not in seen:
                seen.add(node)
                call = self.script.call(node)
                keys = [(RESULT, str(made.start_byte)) for made in self.functions(call.callee, seen)]
                todo += [call.owner] if call.name == "bind" and call.owner is not None else []
            for key in (one for one in keys if one not in seen):
                seen.add(key)
                todo += self._callable.get(key, ())

    # --- scopes of functions

    def _nest(self, functions: Sequence[Node], declared: Sequence[Node]) -> None:
        """Find the scope of every name. A scope is a function's index in the order of their beginnings."""
        ordered = sorted(functions, key=lambda node: node.start_byte)
        self._starts = [node.start_byte for node in ordered]
        self._ends = [node.end_byte for node in ordered]
        self._around: list[int] = []
        self._declared: set[Key] = set()
        # An enclosing function begins before and ends after another; the last such one is the innermost.
        for index, start in enumerate(self._starts):
            self._around.append(self._last(index - 1, start))
        for index, node in enumerate(ordered):
            self._name(index, node)
            if node.type != "arrow_function":  # these have no `arguments` of their own
                self._declared.add((index, "arguments"))
            for parameter in _parameters(node):
                self._declare(parameter, index)
        for pattern in declared:
            self._declare(pattern, self._at(pattern.start_byte))

    def _name(self, index: int, function: Node) -> None:
        """Let a function flow into its name, and a method into the member."""
        name = function.child_by_field_name("name")
        if name is not None and function.type == "method_definition":
            member = self.script.name(name)
            self._add((FIELD, member), function)
            self._add((FIELD, member), (RESULT, str(function.start_byte)))
            self._setters.setdefault(member, []).append(function)
        elif name is not None:
            scope = self._around[index] if "declaration" in function.type else index
            self._declared.add((scope, self.script.source(name)))
            self._add((scope, self.script.source(name)), function)

    def _declare(self, pattern: Node, scope: int) -> None:
        """Declare all names in a pattern in a function; `var` and `let` are not distinguished."""
        bound = _bound(self.script, pattern, None)
        self._declared |= {(scope, self.script.source(name)) for name, _ in bound}

    def _last(self, index: int, place: int) -> int:
        """Return the first function, from `index` outwards, that ends after an offset."""
        while index >= 0 and self._ends[index] <= place:
            index = self._around[index]
        return index

    def _at(self, place: int) -> int:
        """Return the innermost function around an offset; `GLOBAL` if there is none."""
        return self._last(bisect_right(self._starts, place) - 1, place)

    # --- flows

    def _add(self, key: Key, source: Source) -> None:
        # Dictionaries are used as ordered sets, so that results do not depend on hashes.
        self._into.setdefault(key, {})[source] = None
        if not isinstance(source, tuple) and bare(source).type in _CALLABLE:
            self._callable.setdefault(key, {})[bare(source)] = None

    def _flow(self, found: dict[str, list[Node]]) -> None:
        """Record the flows of one match of the query."""
        if "short" in found:
            return self._add((FIELD, self.script.source(found["short"][0])), found["short"][0])
        into, values = found["into"][0], found.get("from", ())
        for value in values:
            self._bind(into, value)
            if "sum" in found:
                self._bind(into, Sum(into, value))
        for value in found.get("each", ()):
            self._bind(into, Element(value))

    def _bind(self, pattern: Node, source: Source | None) -> None:
        """Let a source, and defaults in a pattern, flow into the pattern's names or a literal's member."""
        if source is not None and pattern.type in _KEYS:
            return self._add((FIELD, self.script.name(pattern) or ANY), source)
        for name, part in _bound(self.script, pattern, source):
            if part is not None:
                self._add(self.key(name), part)
                if name.type in MEMBERS or self.key(name) == _LOCATION:
                    self.assigned.append((name, part))

    def _give_out(self, parts: dict[str, list[Node]]) -> None:
        """Let results flow out of functions, and thrown values into all ``catch`` clauses."""
        for node in parts["result"]:
            scope = self._at(node.start_byte)
            # A function as the body of an arrow function is the result of the outer function.
            if scope >= 0 and self._starts[scope] == node.start_byte:
                scope = self._around[scope]
            self._add((RESULT, str(self._starts[scope]) if scope >= 0 else ""), node)
        for caught in parts["caught"]:
            for node in parts["thrown"]:
                self._bind(caught, Element(node))

    def _follow_calls(self) -> None:
        for call in self.calls * 2:  # twice: a callee may be an argument of another call
            self._call(call)
        for member, source in self.assigned:
            for setter in self._setters.get(self.script.name(member), ()):
                self._fill(setter, source)

    def _call(self, call: Call) -> None:
        """Let arguments flow into the parameters of the script's functions, and into lists."""
        for function in self.functions(call.callee):
            self._pass(call.given, function)
        # ["https://…"].forEach(load): the owner and all arguments may be passed to a callback.
        given = [*call.given, *([call.owner] if call.owner is not None else [])]
        for callback in call.given:
            for function in self.functions(callback):
                self._fill(function, *(Element(other) for other in given if other is not callback))
        if call.name in _FILLED and call.owner is not None:
            for argument in call.given:
                self._bind(call.owner, Element(argument))

    def _pass(self, given: Sequence[Node], function: Node) -> None:
        """Let arguments flow into parameters by position; with a spread, all into all."""
        spread = any(argument.type == "spread_element" for argument in given)
        for index, parameter in enumerate(_parameters(function)):
            all_of_them = spread or parameter.type == "rest_pattern"
            for source in map(Element, given) if all_of_them else given[index : index + 1]:
                self._bind(parameter, source)
        for argument in given:
            self._add((self._at(function.start_byte), "arguments"), Element(argument))

    def _fill(self, function: Node, *sources: Source | None) -> None:
        """Let sources flow into all parameters of a function."""
        for parameter in _parameters(function):
            for source in sources:
                self._bind(parameter, source)


def _constructors(script: Script, node: Node) -> list[Node]:
    """Return the constructor of a class, and the classes it extends."""
    methods = children(node.child_by_field_name("body"))
    own = [one for one in methods if script.source(one.child_by_field_name("name") or one) == "constructor"]
    heritage = [one for one in children(node) if one.type == "class_heritage"]
    return [*own, *(bare(child) for one in heritage for child in children(one))]


def _parameters(function: Node) -> list[Node]:
    one = function.child_by_field_name("parameter")
    return [one] if one is not None else children(function.child_by_field_name("parameters"))


def _inner(script: Script, part: Source | None, name: Node | None) -> Source | None:
    """Return the part of a value that a pattern takes: a member by name, or any element."""
    if part is None or isinstance(part, tuple):
        return Element(part.of) if isinstance(part, Member) else part
    key = name and (name.child_by_field_name("key") or name.child_by_field_name("left") or name)
    return Member(part, script.name(key)) if key and script.name(key) else Element(part)


def _bound(script: Script, pattern: Node, source: Source | None) -> Iterator[tuple[Node, Source | None]]:
    """Yield the names and members in a pattern, each with the value that flows into it."""
    todo: list[tuple[Node, Source | None]] = [(pattern, source)]
    while todo:
        node, part = todo.pop()
        if node.type in _BOUND:
            yield node, part
        elif node.type in ("assignment_pattern", "object_assignment_pattern"):
            left, right = children(node)
            todo += [(left, part), (left, right)]
        elif node.type.endswith("_pattern") or node.type in ("object", "array", "pair"):
            named = node.type in ("object_pattern", "object")
            todo += [(child, _inner(script, part, child if named else None)) for child in children(node)]
