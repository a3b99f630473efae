"""The same for XML: XHTML pages and drawings, which browsers read by XML's rules.

Expat says where elements begin and what namespace they are of; edits are made to the bytes. The handler is
shown each tag as HTML would write it, and what it answers is written back as XML: a tag that is edited is
written anew, every other byte stays. A browser stops at the first error, so nothing behind one goes out. What
expat and browsers may read differently (declarations inside the document type, style sheets that transform,
charsets of several bytes) is refused.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final, NamedTuple
from xml.parsers import expat

from consentkit.rewriter.handler import Handler, Splice, Where
from consentkit.rewriter.prologue import Injection
from consentkit.rewriter.tag import attributes, runs_script

XHTML: Final = "http://www.w3.org/1999/xhtml"
SVG: Final = "http://www.w3.org/2000/svg"
_XLINK = "http://www.w3.org/1999/xlink"
_XML: Final = "http://www.w3.org/XML/1998/namespace"

MAX_SCRIPT: Final = 1024 * 1024
"""Bytes of a script that are waited for before it is decided on; what is longer counts as cut."""

_CHARSETS = re.compile(rb"utf-?8|us-ascii|iso-?8859-?[0-9]{1,2}|latin-?1|windows-125[0-9]", re.I)
# A well-formed tag (XML 1.0, section 3.1).
_TAG = re.compile(rb"<[^\s/<>\"'=]++(?:[^<>\"']++|\"[^\"<]*+\"|'[^'<]*+')*+>")
_CSS = re.compile(r"(?:.*\s)?type\s*=\s*(?:\"text/css\"|'text/css')", re.S)
_STRAY = re.compile(rb"&(?!(?:[a-zA-Z][a-zA-Z0-9]*|#[0-9]+|#x[0-9a-fA-F]+);)")
_MARK = b"\xef\xbb\xbf"


class _Refused(Exception):
    """The document has something that browsers may read differently."""


class _Part(NamedTuple):
    """An attribute: its name as shown to the handler, nothing where it is not shown, and as it is written."""

    shown: bytes
    written: bytes
    value: bytes


class _Element(NamedTuple):
    """A start tag at ``start:end`` of the document."""

    start: int
    end: int
    raw: bytes
    name: bytes
    where: Where
    parts: list[_Part]

    @property
    def shown(self) -> bytes:
        """The tag as HTML would write it."""
        pairs = (b' %s="%s"' % (part.shown, part.value) for part in self.parts if part.shown)
        return b"<" + self.name + b"".join(pairs) + b">"

    @property
    def unprefixed(self) -> bool:
        """Whether markup beside it is in its namespace."""
        return b":" not in self.raw.split(None, 1)[0]


class XmlRewriter:
    """Rewrite one XML document as it streams by.

    Args:
        handler: Decides on the tags of XHTML and SVG elements.
        head: Put directly behind ``<head>``, if it is well-formed.
        body: Put directly behind ``<body>``, if it is well-formed. Both may be callables.
        charset: The charset that came with the document, or nothing. Without one the document says it.

    Attributes:
        refused: Whether the document cannot be read and nothing of it went out.
    """

    def __init__(
        self, handler: Handler, *, head: Injection = b"", body: Injection = b"", charset: bytes = b""
    ) -> None:
        self.refused = False
        self._handler = handler
        self._injections: dict[bytes, Injection] = {b"head": head, b"body": body}
        asked = (*handler.rare.values(), *handler.addressed.values())
        self._seen = handler.names.union(self._injections, *asked)
        self._charset = charset
        self._parser: expat.XMLParserType | None = None
        self._buffer = bytearray()
        self._offset = 0
        self._edits: list[Splice] = []
        self._script: _Element | None = None
        self._text: list[str] = []
        self._size = self._depth = 0
        self._sealed = self._begun = False

    def feed(self, data: bytes) -> bytes:
        """Take the next bytes of the document and return all that is decided by now."""
        return self._advance(data, final=False)

    def close(self) -> bytes:
        """End the document and return what was kept back."""
        return self._advance(b"", final=True)

    def _advance(self, data: bytes, *, final: bool) -> bytes:
        if self._sealed or not (data or self._parser):
            return b""
        self._buffer += data
        try:
            parser = self._parser = self._parser or self._start(data)
            parser.Parse(data, final)
            end = self._offset + len(self._buffer) if final else parser.CurrentByteIndex
        except (expat.ExpatError, _Refused, ValueError, LookupError) as error:
            self._sealed = True
            self.refused = not self._begun
            end = parser.ErrorByteIndex if isinstance(error, expat.ExpatError) else self._offset
        return b"" if self.refused else self._flush(self._script.start if self._script else end)

    def _start(self, data: bytes) -> expat.XMLParserType:
        # A byte order mark beats the label (WHATWG Encoding Standard, section 6).
        charset = b"utf-8" if data.startswith(_MARK) else self._charset
        if charset and not _CHARSETS.fullmatch(charset):
            raise _Refused
        parser = expat.ParserCreate(charset.decode("ascii") or None, namespace_separator=" ")
        parser.ordered_attributes = True
        parser.StartElementHandler = self._open
        parser.EndElementHandler = self._close
        parser.CharacterDataHandler = self._data
        parser.ProcessingInstructionHandler = self._instruction
        parser.StartDoctypeDeclHandler = self._doctype
        parser.XmlDeclHandler = self._declaration
        self._parser = parser
        return parser

    # --- what expat tells

    def _here(self) -> int:
        assert self._parser is not None
        return self._parser.CurrentByteIndex

    def _declaration(self, version: str, encoding: str | None, standalone: int) -> None:
        told = self._charset or self._buffer.startswith(_MARK)
        if encoding and not told and not _CHARSETS.fullmatch(encoding.encode()):
            raise _Refused

    def _doctype(self, name: str, system: str | None, public: str | None, internal: bool) -> None:
        if internal:
            raise _Refused  # entities and default attributes of its own

    def _instruction(self, target: str, data: str) -> None:
        if target != "xml-stylesheet":
            return
        if not _CSS.match(data):
            raise _Refused  # XSLT: what it makes of the document is never seen here
        link = b'<link rel="stylesheet" ' + data.encode().replace(b">", b"&gt;") + b">"
        if self._handler.start_tag(link, b"link", Where(0)):
            at = self._here() + len(b"<?")
            self._edits.append((at, at, b"consentkit-"))

    def _open(self, name: str, found: list[str]) -> None:
        self._depth += self._script is not None
        namespace, _, local = name.rpartition(" ")
        if namespace not in (XHTML, SVG) or self._script is not None:
            return
        # Names of XML are case-sensitive; HTML's are not, so those of SVG are shown as HTML has them.
        shown = (local if namespace == XHTML else local.lower()).encode()
        if shown not in self._seen:
            return
        element = self._element(shown, Where(0) if namespace == XHTML else Where.FOREIGN, found[::2])
        if shown == b"script" and shown in self._handler.names:
            self._script, self._text, self._size = element, [], 0
        elif self._concerns(element):
            self._edit(element, self._handler.start_tag(element.shown, shown, element.where))
        if namespace == XHTML and self._injections.get(shown):
            self._inject(element)

    def _close(self, name: str) -> None:
        if self._script is None:
            return
        if self._depth:
            self._depth -= 1
        else:
            self._decide(whole=True)

    def _data(self, text: str) -> None:
        if self._script is None:
            return
        self._text.append(text)
        self._size += len(text)
        if self._size > MAX_SCRIPT:
            self._decide(whole=False)

    # --- what becomes of it

    def _element(self, name: bytes, where: Where, attributes: Sequence[str]) -> _Element:
        at = self._here()
        match = _TAG.match(self._buffer, at - self._offset)
        if match is None:
            raise _Refused
        raw = match[0]
        return _Element(at, at + len(raw), raw, name, where, _parts(raw, attributes))

    def _concerns(self, element: _Element) -> bool:
        if element.name in self._handler.names:
            return True
        rare, addressed = self._handler.rare, self._handler.addressed
        return any(
            element.name in rare.get(part.shown, ())
            or (element.name in addressed.get(part.shown, ()) and runs_script(part.value))
            for part in element.parts
        )

    def _decide(self, *, whole: bool) -> None:
        script = self._script
        assert script is not None
        text = "".join(self._text).encode("utf-8", "replace")
        if script.where:
            text = text.replace(b"&", b"&amp;").replace(b"<", b"&lt;")  # as it would be written there
        self._script, self._text, self._depth = None, [], 0
        self._edit(script, self._handler.script(script.shown, text, whole, script.where))

    def _edit(self, element: _Element, splices: Sequence[Splice] | None) -> None:
        if splices:
            self._edits.append((element.start, element.end, _write(element, splices)))

    def _inject(self, element: _Element) -> None:
        injection, self._injections[element.name] = self._injections[element.name], b""
        if element.raw.endswith(b"/>") or not element.unprefixed:
            return
        markup = injection if isinstance(injection, bytes) else injection()
        if _is_well_formed(markup):
            self._edits.append((element.end, element.end, markup))

    def _flush(self, boundary: int) -> bytes:
        parts: list[bytes] = []
        at = self._offset
        rest: list[Splice] = []
        for start, end, new in sorted(self._edits, key=lambda edit: edit[:2]):
            if end > boundary:
                rest.append((start, end, new))
                continue
            parts += (bytes(self._buffer[at - self._offset : start - self._offset]), new)
            at = end
        parts.append(bytes(self._buffer[at - self._offset : boundary - self._offset]))
        del self._buffer[: boundary - self._offset]
        self._edits, self._offset = rest, boundary
        out = b"".join(parts)
        self._begun = self._begun or bool(out)
        return out


def _parts(raw: bytes, names: Sequence[str]) -> list[_Part]:
    """Join what is written in a tag with the names that expat resolved, which come in the same order."""
    found = [(raw[a.name_start : a.name_end], a.value or b"") for a in attributes(raw)]
    resolved = iter(names)
    parts = []
    for written, value in found:
        if written == b"xmlns" or written.startswith(b"xmlns:"):
            parts.append(_Part(b"", written, value))
            continue
        namespace, _, local = next(resolved, "").rpartition(" ")
        shown = local.encode() if not namespace and local == local.lower() else b""
        if (namespace, local) == (_XLINK, "href"):
            shown = b"xlink:href"
        elif (namespace, local) == (_XML, "lang"):
            shown = b"xml:lang"
        parts.append(_Part(shown, written, value.replace(b'"', b"&quot;")))
    if next(resolved, None) is not None:
        raise _Refused
    return parts


def _write(element: _Element, splices: Sequence[Splice]) -> bytes:
    """Write an edited tag as XML, with what was put before it."""
    shown = element.shown
    before = b"".join(new for start, end, new in splices if start == end == 0)
    tag = bytearray(shown)
    for start, end, new in sorted(splices, key=lambda splice: splice[:2], reverse=True):
        if end:
            tag[start:end] = new
    original = {part.shown: part.written for part in element.parts if part.shown}
    written: dict[bytes, bytes] = {}
    for attribute in attributes(bytes(tag)):
        name = original.get(attribute.name) or attribute.name.replace(b":", b"-")
        written.setdefault(name, _STRAY.sub(b"&amp;", attribute.value or b"").replace(b"<", b"&lt;"))
    for part in element.parts:
        if not part.shown:
            written.setdefault(part.written, part.value.replace(b'"', b"&quot;"))
    qualified = element.raw[1:].split(None, 1)[0].rstrip(b"/>")
    pairs = b"".join(b' %s="%s"' % pair for pair in written.items())
    end_of_tag = b"/>" if element.raw.endswith(b"/>") else b">"
    usable = element.unprefixed and not element.where and _is_well_formed(before)
    return (before if usable else b"") + b"<" + qualified + pairs + end_of_tag


def _is_well_formed(markup: bytes) -> bool:
    try:
        expat.ParserCreate(namespace_separator=" ").Parse(b"<x>" + markup + b"</x>", True)
    except expat.ExpatError:
        return False
    return True
