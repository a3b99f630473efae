"""The syntax tree of a script, if it is reliable.

The tree is tree-sitter's. It is not reliable if the grammar finds an error, since browsers may run the script
nevertheless, or if code contains a mark of an HTML comment other than at the beginning of a line (ECMAScript,
annex B.1.1).
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from tree_sitter import Language, Node, Query, TreeCursor

MAX_BYTES: Final = 1 << 20
"""Maximum bytes of a script that is parsed."""
MAX_NODES: Final = 150_000
"""Maximum nodes of a tree that is used."""
MAX_INDENT: Final = 256
"""Maximum white space before a mark of an HTML comment at the beginning of a line."""
CHUNK: Final = 1 << 10
"""Bytes that the parser gets at once."""
MAX_READS: Final = 16
"""Maximum reads of each chunk, on average: the parser reads to the end for every open comment."""

_MARK: Final = re.compile(rb"<!--|-->")
_LINE: Final = re.compile(rb"(?:\A|[\r\n])[ \t]*+\Z")
# Line ends that the grammar does not recognise in such comments.
_OTHER_ENDS: Final = re.compile(rb"\r(?!\n)|\xe2\x80[\xa8\xa9]")
# Code before "-->" in its line, which makes it two operators.
_BEFORE: Final = re.compile(rb"[^\s/*][^\r\n/*]*+\Z")
_MARKUP: Final = re.compile(rb"\s*+<(?!!--)")
# Strings, templates, comments and most regular expressions.
_QUIET: Final = re.compile(
    rb'"(?:[^"\\\n]|\\.)*+"|\'(?:[^\'\\\n]|\\.)*+\'|`(?:[^`\\]|\\.)*+`|/\*(?:[^*]|\*(?!/))*+\*/|//[^\n]*+'
    rb"|(?:(?<=[(,=:[!&|?{};\n])|(?<![\s\S]))\s*+/(?![*/])(?:[^\\/\[\n]|\\.|\[(?:[^\]\\\n]|\\.)*+\])++/",
    re.S,
)
_ESCAPE: Final = re.compile(
    r"\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|u\{0*([0-9a-fA-F]{1,6})\}|([0-3]?[0-7]{1,2})|\r\n|(.))", re.S
)
_CONTROLS: Final = dict(zip("bfnrtv", "\b\f\n\r\t\v", strict=True)) | dict.fromkeys("\r\n\u2028\u2029", "")


class Call(NamedTuple):
    """A call or a ``new`` expression. ``f.call(…)`` and ``f.apply(…)`` are calls of ``f``.

    Attributes:
        callee: The function.
        owner: The object before the dot, or the `this` argument of ``call`` and ``apply``, if any.
        name: The function's name; empty if it is computed.
        given: The arguments.
    """

    callee: Node
    owner: Node | None
    name: str
    given: Sequence[Node]


class Script:
    """A script and its tree.

    Args:
        text: Its bytes, in UTF-8.
        root: The root of its tree.
        queries: The queries of ``data/*.scm`` by name.
        certain: Whether browsers certainly see the same comments as the tree.
    """

    def __init__(self, text: bytes, root: Node, queries: Mapping[str, Query], *, certain: bool) -> None:
        self.root: Final = root
        self.certain: Final = certain
        self._text, self._queries = text, queries

    def find(self, query: str) -> Sequence[dict[str, list[Node]]]:
        """Return the matches of a query, each as its captures by name."""
        from tree_sitter import QueryCursor

        return [found for _, found in QueryCursor(self._queries[query]).matches(self.root)]

    def source(self, node: Node) -> str:
        """Return the text of a node."""
        return self._text[node.start_byte : node.end_byte].decode("utf-8", "replace")

    def literal(self, node: Node) -> str:
        """Return the value of a string, or of a piece of a template."""
        text = self.source(node)
        if node.type == "string":
            text = text[1:-1]
        return _ESCAPE.sub(_unescape, text) if "\\" in text else text

    def name(self, node: Node) -> str:
        """Return the name of an identifier, member or key of a literal; empty if it is computed."""
        if node.type in MEMBERS:
            name = node.child_by_field_name("property") or node.child_by_field_name("index")
            computed = node.type != "member_expression" and name and name.type not in ("string", "number")
            return self.literal(name) if name is not None and not computed else ""
        return self.literal(node) if node.type in NAMES else ""

    def call(self, node: Node) -> Call:
        """Read a call."""
        callee = bare(node.child_by_field_name("function") or node.child_by_field_name("constructor") or node)
        listed = node.child_by_field_name("arguments")
        given = children(listed)
        if listed is not None and listed.type == "template_string":
            given = [listed, *(bare(child) for child in given if child.type == "template_substitution")]
        given = [b for a in given for b in _spread(a)]
        owner, name = callee.child_by_field_name("object"), self.name(callee)
        if owner is not None and name in ("call", "apply") and self.name(owner) != "Reflect":
            this, rest = given[:1], given[1:]
            applied = [b for a in rest for b in (children(a) if a.type == "array" else [a])]
            given = rest if name == "call" else applied
            callee = bare(owner)
            owner, name = callee.child_by_field_name("object"), self.name(callee)
            owner = this[0] if owner is not None and this else owner
        return Call(callee, owner, name, given)


def names(text: str) -> frozenset[str]:
    """Return the words of a text as a set."""
    return frozenset(text.split())


QUIET: Final = names("string_fragment escape_sequence comment regex_pattern template_string")
"""Nodes whose text is not code."""
MEMBERS: Final = names("member_expression subscript_expression")
NAMES: Final = names(
    "identifier property_identifier private_property_identifier shorthand_property_identifier string number"
    " shorthand_property_identifier_pattern import"
)
_WRAPPED: Final = names("parenthesized_expression sequence_expression await_expression template_substitution")


def bare(node: Node) -> Node:
    """Return an expression without parentheses and ``await``; of a sequence, the last one."""
    while node.type in _WRAPPED and children(node):
        node = children(node)[-1]
    return node


def children(node: Node | None) -> list[Node]:
    """Return a node's named children without comments."""
    return [child for child in node.named_children if "comment" not in child.type] if node is not None else []


def _spread(argument: Node) -> list[Node]:
    inner = children(argument)[0] if argument.type == "spread_element" and children(argument) else argument
    return children(inner) if inner is not argument and inner.type == "array" else [argument]


def parse(text: bytes) -> Script | None:
    """Parse a script; `None` if there is no reliable tree."""
    if len(text) > MAX_BYTES or _MARKUP.match(text) or (grammar := _grammar()) is None:
        return None
    from tree_sitter import Parser

    language, queries = grammar
    left = MAX_READS * (2 + len(text) // CHUNK)

    def read(at: int, _: object) -> bytes:
        nonlocal left
        left -= 1
        return text[at : at + CHUNK]

    try:
        text.decode()  # bytes of another charset may be half of a character
        # Stop at the first error, since recovering from errors takes the parser longest.
        root = Parser(language).parse(read, progress_callback=lambda _, failed: failed or left < 0).root_node
    except ValueError:
        return None
    if root.has_error or root.descendant_count > MAX_NODES:
        return None
    return Script(text, root, queries, certain=not _has_marks(text, root))


def empty_literals(text: bytes) -> bytes:
    """Return a script with empty strings, comments and regular expressions; approximate, without a tree."""
    return _QUIET.sub(b'""', text)


def _unescape(match: re.Match[str]) -> str:
    *codes, octal, other = match.groups()
    code = next((int(code, 16) for code in codes if code), int(octal, 8) if octal else -1)
    if code >= 0:
        return chr(code) if code <= 0x10FFFF else "\ufffd"
    return _CONTROLS.get(other, other) if other else ""


def _has_marks(text: bytes, root: Node) -> bool:
    """Say whether code contains marks of HTML comments that browsers may read differently.

    Up to the first mark browsers and the grammar agree, hence on whether it is code; if so, the next one is
    checked, and so on.
    """
    if _OTHER_ENDS.search(text[: text.find(b"\n")] if text.startswith(b"#!") else b""):
        return True
    cursor, seen = root.walk(), -1
    for match in _MARK.finditer(text):
        at = match.start()
        node = _innermost(cursor, at)
        if node is None or node.type in QUIET or node.id == seen:
            continue
        seen = node.id
        if node.type == "html_comment":
            leads = _LINE.search(text, max(0, node.start_byte - MAX_INDENT), node.start_byte)
            if not leads or _OTHER_ENDS.search(text, node.start_byte, node.end_byte):
                return True
        elif match[0] == b"<!--" or not _BEFORE.search(text, max(0, at - MAX_INDENT), at):
            return True
    return False


def _innermost(cursor: TreeCursor, at: int) -> Node | None:
    """Move forward to the innermost node at an offset. Offsets must ascend: all of them take linear time."""
    while (node := cursor.node) is not None and node.end_byte <= at:
        if not (cursor.goto_next_sibling() or cursor.goto_parent()):
            return None
    while cursor.goto_first_child():
        while (node := cursor.node) is not None and node.end_byte <= at:
            if not cursor.goto_next_sibling():
                return None
    return cursor.node


@cache
def _grammar() -> tuple[Language, Mapping[str, Query]] | None:
    try:
        import tree_sitter_javascript
        from tree_sitter import Language, Query

        language = Language(tree_sitter_javascript.language())
        files = (Path(__file__).parent / "data").glob("*.scm")
        return language, {file.stem: Query(language, file.read_text("utf-8")) for file in files}
    except (ImportError, ValueError) as error:
        problem = f"inline scripts are read by their words: {error}"
        advice = "install tree-sitter and tree-sitter-javascript, or more is held back than must be"
        warnings.warn(f"{problem}; {advice}", RuntimeWarning, stacklevel=2)
        return None
