"""The syntax tree of a script, where there is one that can be trusted to say what a browser runs.

The tree is tree-sitter's. It is not trusted where the grammar finds an error (browsers may run the script all
the same, or run nothing of it), and where a browser may see a comment that the grammar does not: a mark of an
HTML comment counts as one wherever it stands (ECMAScript, annex B.1.1).
"""

from __future__ import annotations

import re
import warnings
from bisect import bisect_right
from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from tree_sitter import Language, Node, Query, Tree

_INNER: Final = frozenset(
    ["parenthesized_expression", "await_expression", "spread_element", "non_null_expression"]
)
MAX_BYTES: Final = 1 << 20
"""Bytes of a script up to which a tree is made."""
MAX_UNBALANCED: Final = 1 << 15
"""The same where brackets do not pair: the parser takes long to find out that something is no script."""

CHUNK: Final = 1 << 16
"""Bytes that the parser is given at once."""

Kinds = Mapping[str, "list[Node]"]

_MARK: Final = re.compile(rb"<!--|-->")
_LEADING_MARK: Final = re.compile(rb"^[ \t]*+(?:<!--|-->)", re.M)
_MARKUP: Final = re.compile(rb"\s*+<(?!!--)")
_UNPAIRED: Final = re.compile(rb"[\"'`]")
# Strings, templates, comments and most regular expressions, whose brackets do not count.
_QUIET: Final = re.compile(
    rb'"(?:[^"\\\n]|\\.)*+"|\'(?:[^\'\\\n]|\\.)*+\'|`(?:[^`\\]|\\.)*+`|/\*(?:[^*]|\*(?!/))*+\*/|//[^\n]*+'
    rb"|(?<=[(,=:[!&|?{};\n])\s*+/(?![*/])(?:[^\\/\[\n]|\\.|\[(?:[^\]\\\n]|\\.)*+\])++/",
    re.S,
)
_ESCAPE: Final = re.compile(
    r"\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|u\{0*([0-9a-fA-F]{1,6})\}|([0-3]?[0-7]{1,2})|\r\n|(.))", re.S
)
_NAMED: Final = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"} | dict.fromkeys(
    "\r\n\u2028\u2029", ""
)
_KINDS: Final = """
    (call_expression) @call (new_expression) @call
    (assignment_expression) @assign (augmented_assignment_expression) @assign (variable_declarator) @assign
    (pair value: [(function_expression) (arrow_function)]) @method
    (function_declaration) @function (function_expression) @function (arrow_function) @function
    (method_definition) @function (generator_function) @function (generator_function_declaration) @function
    (class_declaration) @class (for_in_statement) @for (return_statement) @return
    (import_statement) @import (export_statement source: (_)) @import
"""
_MEMBERS: Final = "(pair) @pair (field_definition) @pair (shorthand_property_identifier) @short"


def parse(text: bytes) -> Script | None:
    """Return a script with its tree, `None` where the words of the text have to do."""
    if len(text) > MAX_BYTES or not _is_plain(text):
        return None
    if _MARKUP.match(text) or (len(text) > MAX_UNBALANCED and not _is_balanced(text)):
        return None
    if (grammar := _grammar()) is None:
        return None
    from tree_sitter import Parser

    try:
        # Given up at the first error: making sense of what follows takes the parser longest.
        tree = Parser(grammar[0]).parse(
            lambda at, _: text[at : at + CHUNK], progress_callback=lambda _, failed: failed
        )
    except ValueError:
        return None
    return None if tree.root_node.has_error else Script(text, tree)


class Quiet:
    """The strings, templates, comments and regular expressions of a script, found without a tree.

    A regular expression may be taken for something else; no more than a hint should be made of it.

    Args:
        text: The script.
    """

    def __init__(self, text: bytes) -> None:
        spans = [match.span() for match in _QUIET.finditer(text)]
        self._starts = [start for start, _ in spans]
        self._ends = [end for _, end in spans]

    def is_code(self, start: int, end: int) -> bool:
        """Tell whether a piece begins outside of all of them, or begins one and goes on behind its end."""
        index = bisect_right(self._starts, start) - 1
        if index < 0 or start >= self._ends[index]:
            return True
        return start <= self._starts[index] + 1 and end > self._ends[index]


class Script:
    """A script and its tree.

    Args:
        text: Its bytes, in UTF-8.
        tree: Its tree.

    Attributes:
        root: The tree's root.
    """

    def __init__(self, text: bytes, tree: Tree) -> None:
        self.root = tree.root_node
        self._text = text

    def kinds(self, *, members: bool = False) -> Kinds:
        """Return nodes by their kind: those of calls, assignments and functions, or of literals' members."""
        from tree_sitter import QueryCursor

        grammar = _grammar()
        if grammar is None:
            return {}
        return QueryCursor(grammar[2] if members else grammar[1]).captures(self.root)

    def source(self, node: Node) -> str:
        """Return what stands in the place of a node."""
        return self._text[node.start_byte : node.end_byte].decode("utf-8", "replace")

    def literal(self, node: Node) -> str:
        """Return what a string stands for, or a piece of one between quotes and substitutions."""
        text = self.source(node)
        if node.type == "string":
            text = text[1:-1]
        return _ESCAPE.sub(_unescape, text) if "\\" in text else text

    def callee(self, node: Node) -> Node | None:
        """Return what a call calls; `f` in ``f.call(…)``."""
        callee = node.child_by_field_name("function") or node.child_by_field_name("constructor")
        if callee is None:
            return None
        callee = bare(callee)
        name = callee.child_by_field_name("property") if callee.type == "member_expression" else None
        if name is not None and self.source(name) in ("call", "apply"):
            owner = callee.child_by_field_name("object")
            return bare(owner) if owner else callee
        return callee

    def arguments(self, node: Node) -> list[Node]:
        """Return the arguments of a call; those of the function in ``f.call(…)`` and ``f.apply(…)``."""
        given = node.child_by_field_name("arguments")
        if given is None:
            return []
        listed = (
            [given]
            if given.type == "template_string"
            else [a for a in given.named_children if a.type != "comment"]
        )
        callee = bare(node.child_by_field_name("function") or node)
        name = callee.child_by_field_name("property") if callee.type == "member_expression" else None
        how = self.source(name) if name is not None else ""
        if how == "call":
            return listed[1:]
        if how == "apply":
            return [a for b in listed[1:] for a in (b.named_children if b.type == "array" else [b])]
        return listed

    def member_name(self, node: Node) -> str:
        """Return the name in ``a.name`` or ``a["name"]``, nothing where it is computed."""
        name = node.child_by_field_name("property")
        if name is not None:
            return self.source(name)
        index = node.child_by_field_name("index")
        return self.literal(index) if index is not None and index.type in ("string", "number") else ""

    def parameters(self, function: Node) -> list[Node]:
        """Return the patterns of a function's parameters."""
        one = function.child_by_field_name("parameter")
        if one is not None:
            return [one]
        listed = function.child_by_field_name("parameters")
        return [node for node in listed.named_children if node.type != "comment"] if listed else []


def names(text: str) -> frozenset[str]:
    """Return the words of a text as a set."""
    return frozenset(text.split())


def bare(node: Node) -> Node:
    """Return an expression without parentheses, and the last of several."""
    while node.type in _INNER or node.type == "sequence_expression":
        children = node.named_children
        if not children:
            return node
        node = children[-1]
    return node


def _unescape(match: re.Match[str]) -> str:
    *codes, octal, other = match.groups()
    code = next((int(code, 16) for code in codes if code), int(octal, 8) if octal else -1)
    if code >= 0:
        return chr(code) if code < 0xD800 or 0xE000 <= code <= 0x10FFFF else "\ufffd"
    return _NAMED.get(other, other) if other else ""


def _is_plain(text: bytes) -> bool:
    """Tell whether the bytes mean the same to a browser and to the grammar."""
    if len(_MARK.findall(text)) != len(_LEADING_MARK.findall(text)):
        return False
    try:
        return text.isascii() or bool(text.decode())
    except UnicodeDecodeError:
        return False


def _is_balanced(text: bytes) -> bool:
    rest = _QUIET.sub(b"", text)
    return not _UNPAIRED.search(rest) and all(
        rest.count(a) == rest.count(b) for a, b in (b"()", b"[]", b"{}")
    )


@cache
def _grammar() -> tuple[Language, Query, Query] | None:
    try:
        import tree_sitter_javascript
        from tree_sitter import Language, Query

        language = Language(tree_sitter_javascript.language())
        return language, Query(language, _KINDS), Query(language, _MEMBERS)
    except (ImportError, ValueError) as error:
        warnings.warn(
            f"inline scripts are read by their words, which holds back more than it must: {error}; "
            "install tree-sitter and tree-sitter-javascript",
            RuntimeWarning,
            stacklevel=2,
        )
        return None
