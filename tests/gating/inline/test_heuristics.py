"""Inline scripts: addresses in every spelling, in time that is linear in the text."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consentkit.gating.embeds import read_srcdoc, write_srcdoc
from consentkit.gating.inline.clues import MAX_HOSTS
from consentkit.gating.inline.heuristics import fold_literals
from consentkit.rewriter import attributes, decode
from gating.pages import CLASSIFIER

HOST = "www.google-analytics.com"
LOAD = "s = document.createElement('script'); s.src = "
CODES = ",".join(str(ord(char)) for char in f"https://{HOST}/a.js")

SPELLINGS = {
    "sum": LOAD + "'https://www.' + \"google-analytics\" + '.com/a.js'",
    "sum over lines": LOAD + "'https://www.google-'\n  + 'analytics.com/a.js'",
    "concat": LOAD + "'https://www.google-'.concat('analytics.com/a.js')",
    "join": LOAD + "['https:', '', 'www.google-analytics.com', 'a.js'].join('/')",
    "join of labels": LOAD + "'//' + ['www', 'google-analytics', 'com'].join('.') + '/a.js'",
    "hexadecimal escapes": LOAD + r"'https:\x2f\x2fwww.google\x2danalytics.com\x2fa.js'",
    "unicode escapes": LOAD + r"'https:\u002f\u002f\u0077ww.google-analytics.com'",
    "code points": LOAD + r"'https:\u{2f}\u{00002f}www.google-analytics.com'",
    "octal escapes": LOAD + r"'https:\57\57www.google-analytics.com'",
    "escaped slashes": LOAD + r"'https:\/\/www.google-analytics.com\/a.js'",
    "escaped twice": LOAD + r"JSON.parse('{\"u\": \"https:\\/\\/www.google-analytics.com\"}').u",
    "line continuation": LOAD + "'https://www.google-\\\nanalytics.com'",
    "base64": LOAD + f"atob('{base64.b64encode(f'https://{HOST}/a.js'.encode()).decode()}')",
    "base64 elsewhere": f"load('{base64.b64encode(f'//{HOST}/a.js'.encode()).decode()}'); {LOAD} u",
    "character codes": LOAD + f"String.fromCharCode({CODES})",
    "percent": LOAD + "decodeURIComponent('https%3A%2F%2Fwww%2Egoogle-analytics%2Ecom')",
    "template": LOAD + "`//www.google-analytics.com/${id}.js`",
    "template with scheme": LOAD + "`${p}//www.google-analytics.com/a.js`",
    "markup": "document.write('<scr' + 'ipt src=\"//www.google-analytics.com/a.js\"></scr' + 'ipt>')",
    "markup that is unescaped": f"document.write(unescape(\"%3Cscript src='//{HOST}/a.js'%3E\"))",
    "configuration": r'var c = {"u": "https:\/\/www.google-analytics.com\/a.js"}; fetch(c.u)',
    "a loader of the site's own": f"loadScript('https://{HOST}/collect')",
    "a call with a script": f"$LAB.script('//{HOST}/a.js')",
    "an alias": f"var f = window.fetch; f('https://{HOST}/')",
    "a bracket": f"i['src'] = 'https://{HOST}/'",
    "import": f"import a from 'https://{HOST}/a.js'",
}


@pytest.mark.parametrize("text", SPELLINGS.values(), ids=SPELLINGS.keys())
def test_spellings_of_an_address(text: str) -> None:
    assert [reason.party.vendor for reason in CLASSIFIER.analyze(text.encode()).reach.reasons] == [
        "google-analytics"
    ]


@pytest.mark.parametrize(
    "text",
    [
        f"var privacy = 'https://{HOST}/'",
        f"// document.location is not {HOST}",
        "var a = 'www.google-' + analytics + '.com'; fetch(a)",
        "var s = 'https://twitter.com/share'; document.createElement('a').href = s",
    ],
)
def test_what_loads_nothing_from_a_vendor(text: str) -> None:
    assert CLASSIFIER.analyze(text.encode()).reach.reasons == ()


@pytest.mark.parametrize(
    "text",
    [
        "s.src = 'https://disqus.com/forums/'",
        "s.src='//' + name + '.disqus.com/count.js'; document.createElement('script')",
        "fetch('https://disqus.com/api/')",
        "document.write('<iframe src=\"//disqus.com/embed/\"></iframe>')",
    ],
)
def test_hosts_that_pages_link_to_count_where_they_are_loaded(text: str) -> None:
    assert [reason.party.vendor for reason in CLASSIFIER.analyze(text.encode()).reach.reasons] == ["disqus"]
    assert CLASSIFIER.analyze(b"document.createElement('a').href = 'https://disqus.com/'").reach.reasons == ()


def test_comments_and_names_of_vocabularies_are_no_unknown_hosts() -> None:
    text = (
        b"// https://docs.example/x\n/* //a.example/ */ //console.log(x)\nfetch('http://www.w3.org/2000/svg')"
    )
    assert CLASSIFIER.analyze(text).reach.hosts == ()
    assert CLASSIFIER.analyze(b"fetch('https://api.example/x')").reach.hosts == ("api.example",)
    assert CLASSIFIER.analyze(b"s.src = base + 'index.php/x.js'").reach.hosts == ()


def test_unknown_hosts_may_be_put_together_too() -> None:
    text = b"s.src = (ssl ? 'https://ssl' : 'http://www') + '.third.example/lib.js'"
    assert set(CLASSIFIER.analyze(text).reach.hosts) == {"ssl.third.example", "www.third.example"}


@given(st.text(st.characters(codec="latin-1"), max_size=200))
def test_folding_never_raises_and_leaves_plain_text_alone(text: str) -> None:
    data = text.encode("latin-1")
    fold_literals(data)
    plain = bytes(byte for byte in data if byte not in b"\\'\"`")
    assert plain in fold_literals(plain)


PIECES = st.lists(
    st.sampled_from(["https:", "//", "www.", "google", "-analytics", ".com", "/a.js"]), max_size=9
)


@given(PIECES, st.sampled_from(["'", '"', "`"]), st.sampled_from(["+", " + ", "\n+\n"]))
def test_sums_of_literals_become_one_literal(pieces: list[str], quote: str, plus: str) -> None:
    text = plus.join(quote + piece + quote for piece in ["", *pieces, ""])
    assert fold_literals(text.encode()) == (quote + "".join(pieces) + quote).encode()


@given(st.text(st.characters(min_codepoint=32, max_codepoint=126, exclude_characters="\"'`\\"), max_size=30))
def test_escapes_become_what_they_stand_for(text: str) -> None:
    for form in (r"\x{:02x}", r"\u{:04x}", r"\u{{{:x}}}"):
        folded = fold_literals(("".join(form.format(ord(char)) for char in text)).encode())
        assert folded.partition(b"\n")[0] == text.encode()  # what is decoded comes behind


HOSTILE = [
    b"'+",
    b"//",
    b"/\\",
    b"['",
    b"atob('",
    b"aHR0c",
    b"import{",
    b"export ",
    b"a(",
    b"\\u{0",
    b"].join(''",
]


@given(st.sampled_from(HOSTILE), st.sampled_from(HOSTILE), st.integers(1, 2000))
def test_what_is_found_in_a_hostile_text_is_bounded(first: bytes, second: bytes, count: int) -> None:
    hosts = "".join(f"fetch('//h{number}.example');" for number in range(100)).encode()
    assert len(CLASSIFIER.analyze((first + second) * count + hosts).reach.hosts) <= MAX_HOSTS


@given(st.text(max_size=40))
def test_a_srcdoc_means_the_same_before_and_after(document: str) -> None:
    clean = document.replace("\x00", "")
    for raw in (b'<iframe srcdoc="">', b"<iframe srcdoc=''>", b"<iframe srcdoc=x>"):
        start, end, value = write_srcdoc(raw, attributes(raw)[0], clean.encode("utf-8", "replace"))
        written = attributes(raw[:start] + value + raw[end:])[0]
        assert decode(written.value or b"") == clean.encode("utf-8", "replace").decode()


@given(st.text(max_size=40))
def test_a_srcdoc_is_read_as_any_attribute(value: str) -> None:
    encoded = value.encode("utf-8", "replace")
    assert read_srcdoc(encoded).decode("utf-8", "replace") == decode(encoded)


def test_bytes_of_another_encoding_stay_in_a_srcdoc() -> None:
    raw = b'<iframe srcdoc="\xe9&eacute;&lt;">'
    document = read_srcdoc(b"\xe9&eacute;&lt;")
    assert document == b"\xe9&eacute;<"
    assert write_srcdoc(raw, attributes(raw)[0], document)[2] == b"\xe9&amp;eacute;<"
