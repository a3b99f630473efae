"""The evaluator: finds the possible string values of an expression, from constants.

`UNKNOWN` stands for unknown parts of a string. A name that the script never assigns has no value at all: it
contains nothing from this script.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Generator, Iterable, Sequence, Set
from itertools import product
from typing import TYPE_CHECKING, Final, NamedTuple, TypeAlias
from urllib.parse import unquote

from consentkit.gating.inline import data_flow
from consentkit.gating.inline.data_flow import FIELD, FUNCTIONS, GLOBAL, Element, Source, Spent
from consentkit.gating.inline.syntax import children, names

if TYPE_CHECKING:
    from tree_sitter import Node

UNKNOWN: Final = "\u16a0"
"""A runic letter: valid in strings and names, so that code with it can still be parsed."""
MAX_TEXTS: Final = 64
"""Maximum strings of one concatenation; beyond that its parts are returned, surrounded by unknown text."""
MAX_STEPS: Final = 4_000
"""Maximum expressions that are evaluated for one script."""
MAX_ROUNDS: Final = 3
"""Maximum evaluations of everything, if a value flows into itself."""


class Global(NamedTuple):
    """A global of the browser or of another script, such as `fetch`."""

    name: str


Value: TypeAlias = "frozenset[str | Global | Node]"
_Task: TypeAlias = "Generator[Source, Value, Value]"

NONE: Final[Value] = frozenset()
EMPTY: Final[Value] = frozenset(("",))
_ITSELF: Final = FUNCTIONS | {"object", "array"}
_CONSTANTS: Final = names("string number string_fragment escape_sequence")


def _atob(text: str) -> str:
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4)).decode("latin-1")
    except ValueError:
        return ""


_DECODED: Final[dict[str, Callable[[str], str]]] = {
    "atob": _atob,
    "fromCharCode": lambda text: chr(int(text)) if text.isdigit() and int(text) < 0x110000 else "",
    **dict.fromkeys(("decodeURI", "decodeURIComponent", "unescape"), unquote),
}
_CUT: Final[dict[str, Callable[..., str]]] = {
    "slice": lambda text, start=0, end=None: text[start:end],
    "substr": lambda text, start=0, length=None: text[start:][:length],
    "substring": lambda text, *at: text[slice(*sorted(max(place, 0) for place in (*at, len(text))[:2]))],
}


class Evaluator:
    """Evaluates expressions, each once.

    Args:
        flow: The data flow of the script.
    """

    def __init__(self, flow: data_flow.DataFlow) -> None:
        self._flow, self._script = flow, flow.script
        self._known: dict[object, Value] = {}
        self._before: dict[object, Value] = {}
        self._circular = False
        self._steps = 0

    def texts(self, source: Source, *, within: bool = False) -> frozenset[str]:
        """Return the possible strings of an expression; with `within`, also of everything in its value."""
        value = self.value(Element(source) if within and not isinstance(source, tuple) else source)
        return frozenset(_strings(value))

    def settle(self) -> bool:
        """Say whether the results are final; otherwise start another round, which evaluates all again."""
        done = not self._circular or self._known == self._before
        self._before, self._known, self._circular = self._known, {}, False
        return done

    def value(self, asked: Source) -> Value:
        """Return the possible values of an expression or name; raise `Spent` if that takes too many steps.

        A task yields the expressions that it needs and is sent their values. The stack is explicit, since
        scripts nest deeper than Python's recursion limit.
        """
        stack: list[tuple[Source, _Task]] = []
        begun: set[Source] = set()
        value = self._recall(asked, stack, begun)
        while stack:
            asked, task = stack[-1]
            try:
                wanted = next(task) if value is None else task.send(value)
            except StopIteration as end:
                stack.pop()
                begun.discard(asked)
                value = self._known[asked] = end.value
                if len(value) > 4 * MAX_TEXTS:
                    raise Spent from None
            else:
                value = self._recall(wanted, stack, begun)
        return value or NONE

    def _recall(self, wanted: Source, stack: list[tuple[Source, _Task]], begun: set[Source]) -> Value | None:
        """Return a known value, or put a task for it on the stack and return `None`."""
        if not isinstance(wanted, tuple) and wanted.type not in _READ:
            # The value of a constant is its text; that of a list, object or function is the node itself.
            if wanted.type in _CONSTANTS:
                return frozenset((self._script.literal(wanted),))
            return frozenset((wanted,)) if wanted.type in _ITSELF else NONE
        # A value that flows into itself: use the result of the round before (see `settle`).
        if wanted in begun:
            self._circular = True
            return self._before.get(wanted, NONE)
        if wanted not in self._known:
            self._steps += 1
            if self._steps > MAX_STEPS:
                raise Spent
            stack.append((wanted, self._task(wanted)))
            begun.add(wanted)
        return self._known.get(wanted)

    def _task(self, asked: Source) -> _Task:
        if isinstance(asked, Element):
            return self._element(asked.of)
        if isinstance(asked, data_flow.Member):
            return self._named(asked.of, {asked.name})
        if isinstance(asked, data_flow.Sum):
            return self._joined((asked.left, asked.right))
        if isinstance(asked, tuple):
            return self._any(self._flow.into(asked))
        return _READ[asked.type](self, asked)

    def _any(self, sources: Iterable[Source]) -> _Task:
        found = NONE
        for source in sources:
            found |= yield source
        return found

    def _identifier(self, node: Node) -> _Task:
        """Evaluate a name; without a declaration it may also be a member of ``window``."""
        key = self._flow.key(node)
        found = yield key
        if key[0] == GLOBAL:
            found |= yield (FIELD, key[1])
        return found or (NONE if self._flow.declares(key) else frozenset((Global(key[1]),)))

    def _member(self, node: Node) -> _Task:
        owner = node.child_by_field_name("object")
        index = node.child_by_field_name("index")
        if owner is None:
            return NONE
        keys = {self._script.name(node)} - {""}
        if index is not None and not keys:
            keys = {text for text in _strings((yield index)) if UNKNOWN not in text}
        return (yield from self._named(owner, keys))

    def _named(self, owner: Node, keys: Set[str]) -> _Task:
        """Evaluate the members of those names; without names, all members."""
        found = NONE
        for name in keys:
            found |= (yield (FIELD, name)) | (yield (GLOBAL, name))
        found |= (yield (FIELD, data_flow.ANY)) if keys else NONE
        around = yield owner
        for item in around:
            if isinstance(item, str):
                # A member of a string may contain parts of it, such as the result of `split`.
                found |= {_loose(item)}
            elif not isinstance(item, Global) and item.type == "array":
                for child in () if keys and not any(map(str.isdigit, keys)) else children(item):
                    found |= yield child
            elif not keys and not isinstance(item, Global):
                found |= yield Element(owner)
        return found or frozenset(map(Global, keys))

    def _element(self, node: Node) -> _Task:
        """Evaluate an expression and everything in its value."""
        found = yield node
        texts: Value = frozenset(_loose(item) if isinstance(item, str) else item for item in found)
        for item in nodes(found):
            if item.type in FUNCTIONS:
                texts |= yield (data_flow.RESULT, str(item.start_byte))
            for child in children(item) if item.type in ("object", "array") else ():
                key, value = child.child_by_field_name("key"), child.child_by_field_name("value")
                texts |= {_loose(self._script.name(key))} if key is not None else NONE
                texts |= (yield Element(children(key)[0])) if key and "computed" in key.type else NONE
                texts |= yield Element(value or child)
            texts |= yield (FIELD, data_flow.ANY)
        return texts

    def _union(self, node: Node) -> _Task:
        """Evaluate an expression whose value is that of one of its parts, without a condition."""
        return self._any(children(node)[node.type == "ternary_expression" :])

    def _binary(self, node: Node) -> _Task:
        """Evaluate a sum; for other operators, such as ``a || b``, either operand."""
        operator = node.child_by_field_name("operator")
        is_sum = operator is not None and operator.type == "+"
        return self._joined(children(node)) if is_sum else self._union(node)

    def _joined(self, parts: Sequence[Node], between: Value = EMPTY) -> _Task:
        """Concatenate strings; other values are unknown."""
        found = EMPTY
        for index, part in enumerate(parts):
            value = yield part
            if any(item.type == "array" for item in nodes(value)):
                value |= yield Element(part)
            found = _sum(found, _sum(between, value) if index else value)
        return found

    # --- calls

    def _call(self, node: Node) -> _Task:
        call, found = self._script.call(node), NONE
        # Functions of the script return what flows out of them; others are known by name.
        if own := [*self._flow.functions(call.callee)]:
            return (yield from self._any((data_flow.RESULT, str(one.start_byte)) for one in own))
        subject = [call.owner] if call.owner is not None else []
        if call.name in _DECODED:
            found = EMPTY
            for argument in call.given:
                found = _sum(found, frozenset(map(_DECODED[call.name], _strings((yield argument)))))
            return found
        if call.name == "concat":
            return (yield from self._joined([*subject, *call.given]))
        if call.owner is not None:
            found = yield from self._method(call.name, call.owner, call.given)
        # The result of cutting is not final: offsets may count other units.
        if call.name not in _CUT and (found or (call.name == "bind" and subject)):
            return found
        # An unknown function may return any part of its arguments.
        for part in [*subject, *call.given]:
            found |= yield Element(part)
        return frozenset(_strings(found))

    def _method(self, name: str, subject: Node, given: Sequence[Node]) -> _Task:
        """Evaluate a known method of strings or lists; no value for others."""
        found = NONE
        if name == "bind":
            found = yield subject
        elif name in _CUT and len(places := self._numbers(given)) == len(given) < 3:
            texts = _strings((yield subject))
            found = frozenset(_CUT[name](text, *places) for text in texts if UNKNOWN not in text)
        elif name == "join":
            between = (yield given[0]) if given else frozenset((",",))
            lists = yield subject
            for item in nodes(lists) if len(nodes(lists)) == len(lists) else ():
                found |= yield from self._joined(children(item), between)
        elif name in ("replace", "replaceAll") and len(given) == 2:
            whole, old, new = (yield subject), (yield given[0]), (yield given[1])
            triples = product(*map(_strings, (whole, old, new)))
            found = frozenset(one.replace(a, b, 1 if name == "replace" else -1) for one, a, b in triples)
        return found

    def _numbers(self, given: Sequence[Node]) -> list[int]:
        """Return the arguments that are whole numbers."""
        written = map(self._script.source, given)
        return [int(text) for text in written if text.removeprefix("-").isdecimal() and len(text) < 9]


_READ: Final[dict[str, Callable[[Evaluator, Node], _Task]]] = {
    "template_string": lambda self, node: self._joined(children(node)),
    "binary_expression": Evaluator._binary,
    **dict.fromkeys(("call_expression", "new_expression"), Evaluator._call),
    **dict.fromkeys(("identifier", "shorthand_property_identifier"), Evaluator._identifier),
    **dict.fromkeys(("member_expression", "subscript_expression"), Evaluator._member),
    **dict.fromkeys(
        names(
            "template_substitution ternary_expression assignment_expression augmented_assignment_expression"
            " parenthesized_expression await_expression yield_expression spread_element sequence_expression"
        ),
        Evaluator._union,
    ),
}


def nodes(value: Value) -> list[Node]:
    """Return the lists, object literals and functions in a value."""
    return [item for item in value if not isinstance(item, (str, Global))]


def _strings(value: Value) -> list[str]:
    return [item for item in value if isinstance(item, str)]


def _loose(text: str) -> str:
    return UNKNOWN + text.lstrip(UNKNOWN)


def _sum(left: Value, right: Value) -> Value:
    lefts, rights = (
        [item if isinstance(item, str) else UNKNOWN for item in value] or [UNKNOWN] for value in (left, right)
    )
    if len(lefts) * len(rights) <= MAX_TEXTS:
        return frozenset(one + other for one, other in product(lefts, rights))
    return frozenset(map(_loose, (*lefts, *rights)))
