"""Trees of scripts: which ones are trusted, and what is made of those that are not."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consentkit.gating.inline import syntax
from gating.pages import CLASSIFIER

LOAD = b"fetch('https://connect.facebook.net/q')"


@pytest.mark.parametrize(
    "text",
    [
        b"a<!--`\n;" + LOAD + b"//`",
        b"<!--\r" + LOAD,
        b"-->\r" + LOAD,
        b"#!x\r" + LOAD,
        b"#!x\xe2\x80\xa8" + LOAD,
        b"var a = ;" + LOAD,
        b"var a = '\xe9';" + LOAD,
        b"<b>" + LOAD,
        b"if (" + b"(" * 40_000 + LOAD,
        b"/*" + b" " * syntax.MAX_BYTES + b"*/" + LOAD,
    ],
    ids=range(10),
)
def test_a_tree_that_cannot_be_trusted_is_not_and_words_count(text: bytes) -> None:
    script = syntax.parse(text)
    assert script is None or not script.certain
    assert CLASSIFIER.analyze(text).reach.reasons


@pytest.mark.parametrize(
    "text",
    [
        b"window.state={tag:'<!-- Pixel -->'};",
        b"window.state={tag:`a\n b -->`};",
        b"/* <!-- */ // --> <!--\n",
        b"<!--\nvar a=1;\n//-->\nvar b=/-->/;",
        b"<!--//--><![CDATA[//><!--\nvar a=1;\n//--><!]]>\n",
        b"var y=3;while (y --> 0);",
    ],
    ids=range(6),
)
def test_marks_of_comments_in_text_are_text(text: bytes) -> None:
    script = syntax.parse(text)
    assert script is not None and script.certain
    data = text + b"var there={u:'https://connect.facebook.net/q'};fetch('/own')"
    assert CLASSIFIER.analyze(data).reach.reasons == ()
    assert CLASSIFIER.analyze(text + LOAD).reach.reasons


@pytest.mark.parametrize(
    "text",
    [
        b"<!-- old\n" + LOAD + b"\n// -->",
        b"<!--\n" + LOAD + b"\n--> ",
        b"//\xe2\x80\xa8" + LOAD,
        b"//\xe2\x80\xa9" + LOAD,
        b"//x\r" + LOAD,
        b"<!--\xe2\x80\xa9" + LOAD,
        b"x --> y\n" + LOAD,
        b"'\xc3\xa9';" + LOAD,
        b"a\n++b\n/x/g\n" + LOAD,
        b"#!/usr/bin/env\n" + LOAD,
    ],
    ids=range(10),
)
def test_what_browsers_read_the_tree_has(text: bytes) -> None:
    assert CLASSIFIER.analyze(text).reach.reasons


def test_a_script_that_nests_deeply_is_read_to_its_end() -> None:
    total = "+".join(["'a'"] * 3_000)
    deep = f"var s={total};fetch(" + "(" * 400 + "'https://connect.facebook.net/q'" + ")" * 400 + ")"
    assert CLASSIFIER.analyze(deep.encode()).reach.reasons


def test_a_script_that_takes_too_many_steps_is_read_by_its_words() -> None:
    flows = "".join(f"a{n}=a{n + 1}||a{n + 2}+a{n + 3};" for n in range(4_000))
    assert CLASSIFIER.analyze(
        flows.encode() + b"a4000='https://connect.facebook.net/q';" + b"new Image().src=a0"
    ).reach.reasons


PIECES: Sequence[bytes] = [
    *(
        b"fetch(",
        b"'https://connect.facebook.net/q'",
        b"(",
        b")",
        b"{",
        b"}",
        b"[",
        b"]",
        b"`",
        b"${",
        b"'",
        b'"',
    ),
    *(
        b"\\",
        b"/",
        b"*",
        b"//",
        b"/*",
        b"*/",
        b"<!--",
        b"-->",
        b"\n",
        b"\r",
        b"=",
        b"=>",
        b"a",
        b",",
        b";",
        b".",
        b"+",
    ),
    *(
        b"function",
        b"var ",
        b"\xff",
        b"\x00",
        b"\xe2\x80\xa8",
        b"import ",
        b"class ",
        b"async ",
        b"of ",
        b"...",
        b"?.",
        b"#",
    ),
]


@given(st.lists(st.sampled_from(PIECES), max_size=60))
def test_nothing_that_is_thrown_at_it_raises(pieces: list[bytes]) -> None:
    CLASSIFIER.analyze(b"".join(pieces) + b"//www.google-analytics.com/a.js")


def test_without_the_parser_words_count_and_it_is_said_once() -> None:
    program = (
        "import sys, warnings; sys.modules['tree_sitter'] = None\n"
        "from consentkit.gating import Gate; from consentkit.policy import Policy\n"
        "gate = Gate(Policy())\n"
        "with warnings.catch_warnings(record=True) as said:\n"
        "    warnings.simplefilter('always')\n"
        "    for n in range(3):\n"
        "        text = b\"s.src='https://connect.facebook.net/q%d'\" % n\n"
        "        assert gate.classifier.analyze(text).reach.reasons\n"
        "assert len(said) == 1 and 'install tree-sitter' in str(said[0].message), said\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


def test_the_parser_is_imported_with_the_first_script_that_needs_it() -> None:
    program = (
        "import sys, consentkit; from consentkit.gating import Gate; from consentkit.policy import Policy\n"
        "read = Gate(Policy()).classifier.analyze\n"
        "read(b'var a = 1'); assert 'tree_sitter' not in sys.modules\n"
        "read(b\"s.src='https://connect.facebook.net/q'\"); assert 'tree_sitter' in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
