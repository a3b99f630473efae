"""Lines of code, those with more on them than a comment or a docstring; lines of functions, all of theirs."""

from __future__ import annotations

import ast
import io
import tokenize
from pathlib import Path

_NO_CODE = {
    tokenize.COMMENT,
    tokenize.NL,
    tokenize.NEWLINE,
    tokenize.INDENT,
    tokenize.DEDENT,
    tokenize.ENDMARKER,
}


def lines_of_code(source: str) -> int:
    """Count a module's lines of code; any string that is a statement is taken for a docstring."""
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    lines = {
        line
        for token in tokens
        if token.type not in _NO_CODE
        for line in range(token.start[0], token.end[0] + 1)
    }
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Expr(value=ast.Constant(value=str())):
                lines.difference_update(range(node.lineno, (node.end_lineno or node.lineno) + 1))
    return len(lines)


def modules(package: Path) -> dict[str, int]:
    """Return the lines of code of a package's modules by their path in it, the longest first."""
    found = {
        path.relative_to(package).as_posix(): lines_of_code(path.read_text())
        for path in package.rglob("*.py")
    }
    return dict(sorted(found.items(), key=lambda item: (-item[1], item[0])))


def functions(package: Path) -> dict[str, int]:
    """Return how long a package's functions are, by file, line and name, the longest first.

    Docstrings count, decorators do not.
    """
    found = {
        f"{path.relative_to(package).as_posix()}:{node.lineno} {node.name}": node.end_lineno - node.lineno + 1
        for path in package.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.end_lineno
    }
    return dict(sorted(found.items(), key=lambda item: (-item[1], item[0])))
