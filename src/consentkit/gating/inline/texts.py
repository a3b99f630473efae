"""The texts that an expression of a script may stand for, put together from constants as far as they go.

A text in which something is not known has `UNKNOWN` in its place. What the script never assigns is unknown
as a whole: it holds nothing of this script.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Generator, Iterable
from itertools import product
from typing import TYPE_CHECKING, Final, NamedTuple, TypeAlias
from urllib.parse import unquote

from consentkit.gating.inline.flows import ANY, FUNCTIONS, Element, Flows, Member, Source, Sum
from consentkit.gating.inline.scopes import FIELD, RETURN, Key
from consentkit.gating.inline.syntax import names

if TYPE_CHECKING:
    from tree_sitter import Node

UNKNOWN: Final = "\x00"
MAX_TEXTS: Final = 64
"""Texts of one expression; of more, the parts are returned, each with what surrounds it unknown."""
MAX_STEPS: Final = 20_000
"""Expressions that are looked at for one script."""
MAX_ROUNDS: Final = 3
"""Times that everything is read again where a value flows into itself."""


class Spent(Exception):
    """Raised where a script takes too many steps to read."""


class Global(NamedTuple):
    """Something of the browser's or of another script's, such as `fetch`."""

    name: str


Value: TypeAlias = "frozenset[str | Global | Node]"
_Task: TypeAlias = "Generator[Source | Key, Value, Value]"

NONE: Final[Value] = frozenset()
_ITSELF: Final = FUNCTIONS | {"object", "array"}
_SAME: Final = names("toString trim valueOf toLowerCase toUpperCase normalize raw String freeze")


def _atob(text: str) -> str:
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4)).decode("latin-1")
    except (ValueError, binascii.Error):
        return ""


def _from_codes(text: str) -> str:
    return chr(int(text)) if text.isdigit() and int(text) < 0x110000 else ""


_DECODED: Final[dict[str, Callable[[str], str]]] = {
    "atob": _atob,
    "decodeURI": unquote,
    "decodeURIComponent": unquote,
    "unescape": unquote,
    "encodeURI": str,
}


class Texts:
    """Reads expressions, each once.

    Args:
        flows: The script's flows.
    """

    def __init__(self, flows: Flows) -> None:
        self._flows = flows
        self._script = flows.script
        self._known: dict[object, Value] = {}
        self._before: dict[object, Value] = {}
        self._circular = False
        self._steps = 0

    def of(self, node: Node) -> frozenset[str]:
        """Return the texts that an expression stands for itself."""
        return frozenset(item for item in self.value(node) if isinstance(item, str))

    def within(self, node: Node) -> frozenset[str]:
        """Return those of everything in it, lists and objects at any depth included."""
        return frozenset(item for item in self.value(Element(node)) if isinstance(item, str))

    def settled(self) -> bool:
        """Say whether everything was read to its end; if not, it is to be asked for again."""
        done = not self._circular or self._known == self._before
        self._before, self._known, self._circular = self._known, {}, False
        return done

    def value(self, asked: Source | Key) -> Value:
        """Return what an expression, or a name, stands for. The stack is explicit: scripts nest deeply.

        Raises:
            Spent: That takes too many steps.
        """
        stack: list[tuple[object, _Task]] = []
        open_: set[object] = set()
        sent: Value | None = None
        wanted: Source | Key | None = asked
        while True:
            if wanted is not None:
                sent = self._recall(wanted, open_)
                if sent is None:
                    self._steps += 1
                    if self._steps > MAX_STEPS:
                        raise Spent
                    stack.append((wanted, self._task(wanted)))
                    open_.add(wanted)
            if not stack:
                return sent if sent is not None else NONE
            try:
                wanted = stack[-1][1].send(sent) if sent is not None else next(stack[-1][1])
            except StopIteration as end:
                done, _ = stack.pop()
                open_.discard(done)
                sent, wanted = _capped(end.value), None
                self._known[done] = sent

    def _recall(self, wanted: Source | Key, open_: set[object]) -> Value | None:
        if not isinstance(wanted, tuple) and wanted.type not in _READ:
            return self._leaf(wanted)
        if wanted in open_:
            self._circular = True
            return self._before.get(wanted, NONE)
        return self._known.get(wanted)

    def _leaf(self, node: Node) -> Value:
        """Read a constant, which stands for its text, or a list or function, which stands for itself."""
        if node.type in ("string", "number"):
            return frozenset((self._script.literal(node),))
        return frozenset((node,)) if node.type in _ITSELF else NONE

    def _task(self, asked: Source | Key) -> _Task:
        if isinstance(asked, Element):
            return self._element(asked.of)
        if isinstance(asked, Member):
            return self._member(asked.of, asked.name)
        if isinstance(asked, Sum):
            return self._sum(asked.left, asked.right)
        return self._name(asked) if isinstance(asked, tuple) else _READ[asked.type](self, asked)

    def _template(self, node: Node) -> _Task:
        parts: Value = frozenset(("",))
        for child in node.named_children:
            if child.type == "template_substitution":
                found: Value = (yield child.named_children[0]) if child.named_children else NONE
            else:
                found = frozenset((self._script.literal(child),))
            parts = _joined(parts, found)
        return parts

    def _identifier(self, node: Node) -> _Task:
        key = self._flows.key(node)
        found: Value = yield key
        return found or (NONE if self._flows.scopes.declares(key) else frozenset((Global(key[1]),)))

    def _name(self, key: Key) -> _Task:
        found: Value = NONE
        for source in self._flows.into(key):
            found |= yield source
            if len(found) > MAX_TEXTS:
                break
        return found

    def _access(self, node: Node) -> _Task:
        owner, name = node.child_by_field_name("object"), self._script.member_name(node)
        if owner is None:
            return NONE
        if name:
            return (yield Member(owner, name))
        index = node.child_by_field_name("index")
        names: Value = (yield index) if index is not None else NONE
        known = [item for item in names if isinstance(item, str) and UNKNOWN not in item]
        found: Value = NONE
        for item in known:
            found |= yield Member(owner, item)
        return found if known else (yield Element(owner))

    def _member(self, owner: Node, name: str) -> _Task:
        found: Value = yield (FIELD, name)
        found |= yield (FIELD, ANY)
        around: Value = yield owner
        if name.isdigit():
            for item in around:
                if not isinstance(item, (str, Global)):
                    for child in item.named_children:
                        found |= yield child
        # What a call has made of texts may be read from any member of its result.
        found |= frozenset(UNKNOWN + item.lstrip(UNKNOWN) for item in around if isinstance(item, str))
        return found or frozenset((Global(name),))

    def _element(self, node: Node) -> _Task:
        """Read a value and everything in it."""
        found: Value = yield node
        texts: set[str | Global | Node] = set()
        for item in found:
            if isinstance(item, str):
                texts.add(UNKNOWN + item.lstrip(UNKNOWN))
            elif isinstance(item, Global):
                texts.add(item)
            elif item.type in FUNCTIONS:
                inner: Value = yield (RETURN, str(item.start_byte))
                texts |= inner
            else:
                for child in item.named_children:
                    if child.type == "pair":
                        key, value = child.child_by_field_name("key"), child.child_by_field_name("value")
                        if key is not None:
                            texts.add(
                                UNKNOWN
                                + (
                                    self._script.literal(key)
                                    if key.type == "string"
                                    else self._script.source(key)
                                )
                            )
                        child = value or child
                    inner = yield Element(child)
                    texts |= inner
                    if len(texts) > MAX_TEXTS:
                        texts = set(_capped(frozenset(texts)))
        return frozenset(texts)

    def _binary(self, node: Node) -> _Task:
        left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
        operator = node.child_by_field_name("operator")
        if left is None or right is None or operator is None:
            return NONE
        if operator.type == "+":
            return (yield Sum(left, right))
        if operator.type in ("||", "&&", "??"):
            found: Value = yield left
            found |= yield right
            return found
        return NONE

    def _sum(self, left: Node, right: Node) -> _Task:
        one: Value = yield left
        other: Value = yield right
        return _joined(one, other)

    def _choice(self, node: Node) -> _Task:
        found: Value = NONE
        for name in ("consequence", "alternative"):
            child = node.child_by_field_name(name)
            if child is not None:
                found |= yield child
        return found

    def _last(self, node: Node) -> _Task:
        children = node.named_children
        return (yield children[-1]) if children else NONE

    def _assigned(self, node: Node) -> _Task:
        right = node.child_by_field_name("right")
        return (yield right) if right is not None else NONE

    def _call(self, node: Node) -> _Task:
        callee, given = self._script.callee(node), self._script.arguments(node)
        if callee is None:
            return NONE
        own = self._flows.functions(callee)
        found: Value = NONE
        for function in own:
            found |= yield (RETURN, str(function.start_byte))
        if own:
            return found
        owner = callee.child_by_field_name("object")
        name = self._script.member_name(callee) if owner is not None else self._script.source(callee)
        if owner is not None and name == "bind":
            return (yield owner)
        if owner is not None and name in ("concat", "replace", "join", *_SAME) and name != "raw":
            return (yield from self._method(owner, name, given))
        if name in _DECODED or name in _SAME:
            for argument in given[:1]:
                found |= yield argument
            turn = _DECODED.get(name, str)
            return frozenset(turn(item) if isinstance(item, str) else item for item in found)
        if name == "fromCharCode":
            codes: Value = frozenset(("",))
            for argument in given:
                number: Value = yield argument
                codes = _joined(codes, frozenset(_from_codes(i) for i in number if isinstance(i, str)))
            return codes
        for part in (*given, *((owner,) if owner is not None else ())):
            found |= yield Element(part)
        return frozenset(item for item in found if isinstance(item, str))

    def _method(self, owner: Node, name: str, given: list[Node]) -> _Task:
        """Read what a method of texts and lists makes of them."""
        found: Value = yield owner
        if name in _SAME:
            return found
        parts: list[Value] = []
        for argument in given:
            part: Value = yield argument
            parts.append(part)
        if name == "concat":
            for part in parts:
                found = _joined(found, part)
            return found
        if name == "replace":
            old, new = parts if len(parts) == 2 else (NONE, NONE)
            whole = all(isinstance(item, str) and UNKNOWN not in item for item in (*found, *old, *new))
            if whole and old and new:
                triples = product(found, old, new)
                return frozenset(str(a).replace(str(b), str(c), 1) for a, b, c in triples)
            return frozenset(UNKNOWN + item for item in (*found, *new) if isinstance(item, str))
        joined: Value = NONE
        for item in found:
            if not isinstance(item, (str, Global)) and item.type == "array":
                text: Value = frozenset(("",))
                for index, child in enumerate(item.named_children):
                    element: Value = yield child
                    between = parts[0] if parts else frozenset((",",))
                    text = _joined(text, _joined(between, element) if index else element)
                joined |= text
        return joined or (yield Element(owner))


_READ: Final[dict[str, Callable[[Texts, Node], _Task]]] = {
    "template_string": Texts._template,
    "identifier": Texts._identifier,
    "shorthand_property_identifier": Texts._identifier,
    "member_expression": Texts._access,
    "subscript_expression": Texts._access,
    "binary_expression": Texts._binary,
    "ternary_expression": Texts._choice,
    "assignment_expression": Texts._assigned,
    "augmented_assignment_expression": Texts._assigned,
    "call_expression": Texts._call,
    "new_expression": Texts._call,
    **dict.fromkeys(("parenthesized_expression", "await_expression", "spread_element"), Texts._last),
    **dict.fromkeys(("sequence_expression", "yield_expression"), Texts._last),
}


def _joined(left: Value, right: Value) -> Value:
    """Put texts together; what is no text is unknown."""
    pairs = product(_texts(left), _texts(right))
    if len(left) * len(right) <= MAX_TEXTS:
        return frozenset(one + other for one, other in pairs)
    return _capped(frozenset(UNKNOWN + item for item in (*_texts(left), *_texts(right))))


def _texts(value: Value) -> Iterable[str]:
    found = {item if isinstance(item, str) else UNKNOWN for item in value}
    return found or (UNKNOWN,)


def _capped(value: Value) -> Value:
    if len(value) <= 4 * MAX_TEXTS:
        return value
    raise Spent
