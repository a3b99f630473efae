"""What flows where in a script: into its variables, members, parameters and results.

Members are told apart by name, whatever object they belong to; the order of statements does not count. So
more may be said to flow than does, and nothing that flows by these means is left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Final, NamedTuple, Union

from consentkit.gating.inline.scopes import FIELD, GLOBAL, RETURN, Key, Scopes
from consentkit.gating.inline.syntax import Script, bare, names

if TYPE_CHECKING:
    from tree_sitter import Node

ANY: Final = "*"
"""The member of a name that is computed."""
FUNCTIONS: Final = names(
    "function_declaration function_expression arrow_function method_definition generator_function"
    " generator_function_declaration"
)


class Element(NamedTuple):
    """Whatever a value holds, at any depth."""

    of: Node


class Member(NamedTuple):
    """One member of a value."""

    of: Node
    name: str


class Sum(NamedTuple):
    """Two values put together."""

    left: Node
    right: Node


Source = Union["Node", Element, Member, Sum]


class Flows:
    """The sources of every name in a script.

    Args:
        script: The script.

    Attributes:
        scopes: Its functions and names.
        script: The script.
        calls: Its calls, ``new`` included.
        assigned: Its assignments to members: the member and the value.
        imported: Addresses that it imports from.
    """

    def __init__(self, script: Script) -> None:
        self.script = script
        nodes = script.kinds()
        functions = nodes.get("function", [])
        self.scopes = Scopes(functions)
        self._sources: dict[Key, list[Source]] = {}
        self._has_members = False
        self.calls = nodes.get("call", [])
        self.assigned: list[tuple[Node, Node]] = []
        self.imported: list[Node] = []
        self._imported: set[str] = set()
        self._defined: set[str] = set()
        self._functions: dict[Key, list[Node]] = {}
        for node in functions:
            self._function(node)
        for node in nodes.get("class", ()):
            self._declare(node.child_by_field_name("name"))
        for node in nodes.get("import", ()):
            self._import(node)
        declared = nodes.get("assign", [])
        for node in declared:
            if node.type == "variable_declarator":
                self._declare(node.child_by_field_name("name"))
        for node in declared:
            self._assign(node)
        for node in nodes.get("method", ()):
            self._pair(node)
        for node in nodes.get("for", ()):
            left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
            if left and right:
                declares = node.child_by_field_name("kind") is not None
                self._bind(left, Element(right), declares=declares)
        for node in nodes.get("return", ()):
            place = self.scopes.start(self.scopes.at(node.start_byte))
            for child in node.named_children:
                self._flow((RETURN, str(place)), child)
        for node in self.calls:
            self._call(node)

    def into(self, key: Key) -> Sequence[Source]:
        """Return what flows into a name, a member or a result."""
        if key[0] == FIELD and not self._has_members:
            self._has_members = True
            members = self.script.kinds(members=True)
            for node in members.get("pair", ()):
                self._pair(node)
            for node in members.get("short", ()):
                self._flow((FIELD, self.script.source(node)), node)
        return self._sources.get(key, ())

    def key(self, node: Node) -> Key:
        """Return what an identifier stands for."""
        return self.scopes.find(self.script.source(node), node.start_byte)

    def imports(self, name: str) -> bool:
        """Tell whether a name is a library that the script imports."""
        return name in self._imported

    def defines(self, name: str) -> bool:
        """Tell whether the script gives a global of this name a value."""
        return name in self._defined

    def functions(self, callee: Node) -> Iterable[Node]:
        """Return the script's own functions that a callee may be."""
        callee = bare(callee)
        if callee.type in FUNCTIONS:
            return (callee,)
        if callee.type == "identifier":
            return self._functions.get(self.key(callee), ())
        if callee.type == "member_expression":
            name = callee.child_by_field_name("property")
            return self._functions.get((FIELD, self.script.source(name)), ()) if name else ()
        return ()

    def _flow(self, key: Key, source: Source) -> None:
        self._sources.setdefault(key, []).append(source)

    def _declare(self, pattern: Node | None, scope: int | None = None) -> None:
        if pattern is not None:
            self._bind(pattern, None, declares=True, scope=scope)

    def _bind(
        self, pattern: Node, source: Source | None, *, declares: bool = False, scope: int | None = None
    ) -> None:
        """Let a source flow into the names of a pattern."""
        for node, part in _parts(self.script, pattern, source):
            if node.type in ("identifier", "shorthand_property_identifier_pattern"):
                here = self.scopes.at(node.start_byte) if scope is None else scope
                key = self.scopes.declare(self.script.source(node), here) if declares else self.key(node)
            elif node.type in ("member_expression", "subscript_expression"):
                key = FIELD, self.script.member_name(node) or ANY
            else:
                continue
            if part is not None:
                self._flow(key, part)
                self._name(key, part)

    def _name(self, key: Key, source: Source) -> None:
        """Take note that a function goes by a name."""
        if isinstance(source, tuple):
            return
        source = bare(source)
        if source.type in FUNCTIONS:
            self._functions.setdefault(key, []).append(source)
        elif source.type == "identifier":
            self._functions.setdefault(key, []).extend(self._functions.get(self.key(source), ()))

    def _function(self, node: Node) -> None:
        name, start = node.child_by_field_name("name"), node.start_byte
        scope = self.scopes.at(start)
        if name is not None:
            is_method = node.type == "method_definition"
            outside = self.scopes.outside(start) if node.type.endswith("declaration") else scope
            key = (
                (FIELD, self.script.source(name))
                if is_method
                else self.scopes.declare(self.script.source(name), outside)
            )
            self._functions.setdefault(key, []).append(node)
            self._flow(key, node)
        for parameter in self.script.parameters(node):
            self._declare(parameter, scope)
        body = node.child_by_field_name("body")
        if body is not None and body.type != "statement_block":
            self._flow((RETURN, str(start)), body)

    def _assign(self, node: Node) -> None:
        left = node.child_by_field_name("left") or node.child_by_field_name("name")
        right = node.child_by_field_name("right") or node.child_by_field_name("value")
        if left is None or right is None:
            return
        operator = node.child_by_field_name("operator")
        is_sum = operator is not None and operator.type == "+="
        self._bind(left, Sum(left, right) if is_sum else right)
        self._defined.add(self.script.member_name(left) or self.script.source(left))
        if left.type in ("member_expression", "subscript_expression"):
            self.assigned.append((left, right))

    def _pair(self, node: Node) -> None:
        name = node.child_by_field_name("key") or node.child_by_field_name("property")
        value = node.child_by_field_name("value")
        if name is not None and value is not None:
            computed = name.type == "computed_property_name"
            key = (
                FIELD,
                ANY
                if computed
                else self.script.literal(name)
                if name.type == "string"
                else self.script.source(name),
            )
            self._flow(key, value)
            self._name(key, value)

    def _import(self, node: Node) -> None:
        source = node.child_by_field_name("source")
        if source is not None:
            self.imported.append(source)
        for clause in node.named_children:
            for name in _identifiers(clause):
                self._imported.add(self.scopes.declare(self.script.source(name), GLOBAL)[1])

    def _call(self, node: Node) -> None:
        """Let arguments flow into the parameters of the script's own functions."""
        callee, given = self.script.callee(node), self.script.arguments(node)
        if callee is None:
            return
        for function in self.functions(callee):
            for index, parameter in enumerate(self.script.parameters(function)):
                rest = parameter.type == "rest_pattern" or any(a.type == "spread_element" for a in given)
                scope = self.scopes.at(function.start_byte)
                some: Iterable[Source] = map(Element, given) if rest else given[index : index + 1]
                for source in some:
                    self._bind(parameter, source, declares=True, scope=scope)
            if given:
                key = self.scopes.declare("arguments", self.scopes.at(function.start_byte))
                for argument in given:
                    self._flow(key, argument)
        if callee.type == "member_expression":
            given = [*given, *filter(None, (callee.child_by_field_name("object"),))]
        for callback in given:
            for function in self.functions(callback):
                scope = self.scopes.at(function.start_byte)
                for parameter in self.script.parameters(function):
                    for other in given:
                        if other is not callback:
                            self._bind(parameter, Element(other), declares=True, scope=scope)
        self._fill(callee, self.script.arguments(node))

    def _fill(self, callee: Node, given: Iterable[Node]) -> None:
        """Let what is put into a list flow into the list's name."""
        name, owner = callee.child_by_field_name("property"), callee.child_by_field_name("object")
        if (
            name is None
            or owner is None
            or self.script.source(name) not in ("push", "unshift", "set", "add", "splice")
        ):
            return
        if owner.type in ("identifier", "member_expression"):
            for argument in given:
                self._bind(owner, Element(argument))


def _parts(script: Script, pattern: Node, source: Source | None) -> Iterator[tuple[Node, Source | None]]:
    """Yield the names and members in a pattern, each with what flows into it."""
    todo: list[tuple[Node | None, Source | None]] = [(pattern, source)]
    while todo:
        node, part = todo.pop()
        if node is None:
            continue
        if node.type in ("assignment_pattern", "object_assignment_pattern"):
            left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
            todo += [(left, _member(script, part, left)), (left, right)] if left else []
        elif node.type == "pair_pattern":
            key = node.child_by_field_name("key")
            todo.append((node.child_by_field_name("value"), _member(script, part, key)))
        elif node.type == "object_pattern":
            todo += [(child, _member(script, part, child)) for child in node.named_children]
        elif node.type in ("array_pattern", "rest_pattern"):
            todo += [(child, _element(part)) for child in node.named_children]
        else:
            yield node, part


def _member(script: Script, part: Source | None, name: Node | None) -> Source | None:
    """Return what flows into a name that a pattern takes from an object."""
    if name is None or part is None or isinstance(part, tuple):
        return _element(part)
    if name.type in ("shorthand_property_identifier_pattern", "property_identifier", "string"):
        return Member(part, script.literal(name) if name.type == "string" else script.source(name))
    return part if name.type in ("pair_pattern", "object_assignment_pattern") else Element(part)


def _element(part: Source | None) -> Source | None:
    if isinstance(part, Member):
        return Element(part.of)
    return part if part is None or isinstance(part, tuple) else Element(part)


def _identifiers(clause: Node) -> Iterator[Node]:
    """Yield the local names in an import clause."""
    todo = [clause]
    while todo:
        node = todo.pop()
        if node.type == "identifier":
            yield node
        elif node.type == "import_specifier":
            todo += filter(None, (node.child_by_field_name("alias") or node.child_by_field_name("name"),))
        else:
            todo += node.named_children
