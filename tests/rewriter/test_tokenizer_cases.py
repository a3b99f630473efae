"""The tokenizer cases of html5lib-tests: the same start tags, whatever the chunks.

The cases describe a tokenizer without a tree builder, which would switch its state behind ``<title>``,
``<script>``, ``<svg>`` …; up to and including the first such tag both must agree exactly. In a CDATA section
the rewriter also follows the reading of look-ahead scanners, for which it is a bogus comment; there the
expected tags must be among those that were shown, in order.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest

from consentkit.rewriter import attributes, decode
from rewriter.recording import CORPUS, CUTS, Recorder, rewrite

CASES = CORPUS / "html5lib-tests" / "tokenizer"
STATES = {
    "Data state": b"",
    "RCDATA state": b"<textarea>",
    "RAWTEXT state": b"<style>",
    "Script data state": b"<script>",
    "PLAINTEXT state": b"<plaintext>",
    "CDATA section state": b"<svg><![CDATA[",
}
SWITCHING = frozenset((
    "title", "textarea", "style", "xmp", "iframe", "noembed", "noframes", "noscript", "script", "plaintext",
    "svg", "math",
))  # fmt: skip
NAME = re.compile(rb"<([a-zA-Z][^\t\n\f\r />]*)")

Tag = tuple[str, dict[str, str]]


class Case(NamedTuple):
    label: str
    state: str
    prefix: bytes
    data: bytes
    tags: list[Tag]


def _unescape(text: str) -> str:
    return re.sub(r"\\u([0-9A-Fa-f]{4})", lambda found: chr(int(found[1], 16)), text)


def _expected(case: dict[str, Any]) -> list[Tag]:
    read = _unescape if case.get("doubleEscaped") else str
    return [
        (read(token[1]), {read(name): read(value) for name, value in token[2].items()})
        for token in case["output"]
        if token[0] == "StartTag"
    ]


def _cases() -> Iterator[Case]:
    for path in sorted(CASES.glob("*.test")):
        for number, case in enumerate(json.loads(path.read_text("utf-8")).get("tests", ())):
            text = _unescape(case["input"]) if case.get("doubleEscaped") else case["input"]
            text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
            for state in case.get("initialStates", ("Data state",)):
                prefix = STATES[state]
                data = text.encode()
                if last := case.get("lastStartTag"):
                    # The element whose end tag counts; a state's own element stands for any other name.
                    data = data.replace(last.encode(), prefix[1:-1])
                elif prefix and b"</" + prefix[1:-1] in data.lower():
                    continue
                yield Case(f"{path.stem}:{number}", state, prefix, data, _expected(case))


def _read(raw: bytes) -> Tag:
    """Read a tag as the tokens have it: decoded, after input preprocessing, the first of a name wins."""
    found = NAME.match(raw)
    assert found
    values = {
        _text(item.name): _text(decode(item.value or b"").encode()) for item in reversed(attributes(raw))
    }
    return _text(found[1].lower()), values


def _text(data: bytes) -> str:
    return data.decode().replace("\r\n", "\n").replace("\r", "\n").replace("\0", "\ufffd")


def _comparable(tags: list[Tag]) -> list[Tag]:
    for index, (name, _) in enumerate(tags):
        if name in SWITCHING:
            return tags[: index + 1]
    return tags


def _is_subsequence(some: list[Tag], everything: list[Tag]) -> bool:
    rest = iter(everything)
    return all(tag in rest for tag in some)


def _check(case: Case) -> None:
    data = case.prefix + case.data
    names = {name.lower() for name in NAME.findall(data)} | {name.encode() for name, _ in case.tags}
    seen = []
    for cut in CUTS:
        handler = Recorder(names)
        assert rewrite(handler, cut(data)) == (data, False), case
        seen.append(sorted(handler.shown, key=repr))
        found = [_read(raw) for raw in handler.tags]
        expected = _comparable(case.tags)
        if case.state == "CDATA section state":
            assert _is_subsequence(expected, found), (case, found)
        else:
            found = [tag for tag in found if not (case.prefix and tag == (case.prefix[1:-1].decode(), {}))]
            assert found[: len(expected)] == expected, (case, found)
            assert len(found) == len(case.tags) or expected != case.tags, (case, found)
    assert all(shown == seen[0] for shown in seen), (case, seen)


@pytest.mark.skipif(not CASES.is_dir(), reason="html5lib-tests is not beside the repository")
@pytest.mark.parametrize("state", STATES)
def test_same_start_tags_for_every_chunking(state: str) -> None:
    cases = [case for case in _cases() if case.state == state]
    assert len(cases) > 40
    for case in cases:
        _check(case)


@pytest.mark.skipif(not CASES.is_dir(), reason="html5lib-tests is not beside the repository")
@pytest.mark.parametrize("name", ["namedEntities", "numericEntities"])
def test_references_are_decoded_as_the_cases_say(name: str) -> None:
    for case in json.loads((CASES / f"{name}.test").read_text("utf-8"))["tests"]:
        assert decode(case["input"].encode()) == "".join(token[1] for token in case["output"]), case
