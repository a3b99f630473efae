"""Conditional requests: a tag of the app's page is not a tag of what was made of it for one visitor.

RFC 9110, sections 8.8.3 and 13. The tags that go out are weak and carry a fingerprint of everything that
shaped the page; a tag that comes back with another fingerprint is not shown to the app, so that a page made
under a grant never survives a withdrawal through a 304.
"""

from __future__ import annotations

import re

_TAG = re.compile(rb'(?:W/)?"([^"]*)"')
_TAG_OR_STAR = re.compile(rb'(?:W/)?"[^"]*"|\*')
_MARK = b";ck-"

Headers = list[tuple[bytes, bytes]]


def mark(tag: bytes, fingerprint: bytes) -> bytes:
    """Return the weak tag with the fingerprint, or nothing where ``tag`` is no entity tag."""
    found = _TAG.fullmatch(tag.strip())
    return b'W/"' + found[1] + _MARK + fingerprint + b'"' if found else b""


def is_ours(headers: Headers) -> bool:
    """Say whether a tag that comes back bears a fingerprint."""
    return any(name == b"if-none-match" and _MARK in value for name, value in headers)


def unmark(headers: Headers, fingerprint: bytes, *, document: bool) -> tuple[Headers, bool]:
    """Map the conditions of a GET or HEAD back to what the app knows.

    Args:
        headers: The request's headers. Those of other methods guard what they write, and are left alone.
        fingerprint: Of what would shape the page now.
        document: Whether the response may be a page. If so, tags without a fingerprint do not count either:
            they stem from a time when pages went out unexamined.

    Returns:
        The headers to show to the app, and whether a tag of ours is among them.
    """
    if not any(name in (b"if-none-match", b"if-modified-since") for name, _ in headers):
        return headers, False
    kept: list[bytes] = []
    ours = foreign = False
    for tag in _tags(headers):
        original, separator, print_ = tag.rpartition(_MARK)
        if not separator:
            kept += [] if document else [tag]
        elif print_ == fingerprint + b'"':
            ours = True
            kept.append(original + b'"')
        else:
            foreign = True
    dropped = {b"if-none-match"} | ({b"if-modified-since"} if document or foreign or ours else set())
    result = [(name, value) for name, value in headers if name not in dropped]
    if kept:
        result.append((b"if-none-match", b", ".join(kept)))
    return result, ours


def _tags(headers: Headers) -> list[bytes]:
    values = [value for name, value in headers if name == b"if-none-match"]
    return [found[0] for value in values for found in _TAG_OR_STAR.finditer(value)]
