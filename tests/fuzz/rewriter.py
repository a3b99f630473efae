"""Pages: whatever they are and however they arrive, nothing that is gated is left live.

For every input: no exception; the same output for every way to cut it; every byte outside the edits as it
came; no live tag of a gated vendor according to independent parsers.
"""

from __future__ import annotations

import random
import re
import zlib
from collections.abc import Callable, Sequence
from typing import Any, Final

from consentkit.consent.consent import Consent
from consentkit.gating import Embed, Gate, PageGate, Party, Target
from consentkit.policy import Policy
from consentkit.rewriter import Rewriter, Splice, Where
from live_tags import PAGE, Live, live

POLICY: Final = Policy()
GATE: Final = Gate(POLICY)
NOTHING: Final = Consent(
    policy=POLICY,
    regimes=POLICY.regimes_at(None),
    granted=frozenset({"necessary"}),
    denied=frozenset(POLICY.purposes) - {"necessary"},
    vendors_granted=frozenset(),
    vendors_denied=frozenset(),
)
ORIGIN: Final = PAGE.removesuffix("/")
HEAD: Final = b"<meta name=h>"
BODY: Final = b"<p id=b></p>"

_VENDOR: Final = b"www.google-analytics.com"
_ADDRESSES: Final = (
    b"//" + _VENDOR, b"https://" + _VENDOR + b"/x", b"HTTPS:\\\\WWW.Google-Analytics.COM.:443/x",
    b"https:&sol;&#x2f;" + _VENDOR, b"//a@" + _VENDOR, b"/\t/" + _VENDOR,
    b"&#9;//www.google-analytic&#115;.com/", b"https:" + _VENDOR, b"//connect.facebook.net/x.js",
    b"https://www.youtube.com/embed/0", b"/own.js", b"",
)  # fmt: skip
_NAMES: Final = (
    b"script", b"img", b"iframe", b"link rel=preload", b"link rel='stylesheet'", b"image", b"frame",
    b"object", b"embed", b"video", b"audio", b"source", b"track", b"input type=image", b"body", b"base",
    b"svg", b"math", b"title", b"desc", b"foreignObject", b"style", b"xmp", b"textarea", b"noscript",
    b"noembed", b"noframes", b"plaintext", b"select", b"option", b"template", b"table", b"tr", b"td",
    b"caption", b"col", b"frameset", b"html", b"head", b"p", b"b", b"a", b"font color=x", b"mi", b"mtext",
    b"annotation-xml", b"feImage", b"g", b"annotation-xml encoding=text/html", b"script type=module",
    b"script type=importmap", b"form", b"button", b"script type=text/plain data-consent=analytics",
    b"meta http-equiv=refresh", b"!--", b"![CDATA[", b"!doctype",
)  # fmt: skip
_ATTRIBUTES: Final = (
    b"src", b"href", b"data-src", b"srcset", b"imagesrcset", b"poster", b"data", b"xlink:href", b"background",
    b"srcdoc", b"ping", b"onload", b"content", b"SRC", b"data-srcset", b"type", b"data-consentkit-src",
)  # fmt: skip
_INLINE: Final = (
    b"new Image().src='https://" + _VENDOR + b"/x'", b"fbq('init','1')", b"import('//" + _VENDOR + b"/')",
    b"fetch('https://" + _VENDOR + b"')", b'{"imports":{"a":"//' + _VENDOR + b'/a.js"}}', b"var a = 1;",
)  # fmt: skip
_MARKS: Final = (
    b"<!--", b"-->", b"--!>", b"<!-->", b"<![CDATA[", b"]]>", b">", b'"', b"'", b" ", b"<", b"</", b"/>",
    b"=", b"\n", b"&lt;", b"\x00", b"\xc3\xa9", b"\xef\xbb\xbf", b"<?", b"</>", b"1x, ", b",", b"0;url=",
    b"\x81",
)  # fmt: skip
TOKENS: Final[tuple[bytes, ...]] = (
    *(b"<" + name + b">" for name in _NAMES),
    *(b"</" + name.split()[0] + b">" for name in _NAMES[:-3]),
    *(b"<" + name + b" src=" + _ADDRESSES[0] + b">" for name in _NAMES[:16]),
    *(b"<" + name + b" href='" + _ADDRESSES[1] + b"'/>" for name in _NAMES[:16]),
    *(b" " + key + b"=" + _ADDRESSES[1] for key in _ATTRIBUTES),
    *(b" " + key + b'="' for key in _ATTRIBUTES),
    *(
        b"<svg a='>' onload=",
        b"<use onload=",
        b"<g d=x/>",
        b"</g>",
        b"<![CDATA[>",
        b"&#x000000002f;",
        b"javascript:",
    ),
    *(b"<script>" + text + b"</script>" for text in _INLINE),
    *_ADDRESSES,
    *_INLINE,
    *_MARKS,
)

_EDIT: Final = re.compile(rb"\xf5([^\xf6]*)\xf6[^\xf5\xf6\xf7]*\xf7")
_CLOSER: Final = re.compile(rb"(?:-->|'\">|>|(?:-->)?</[a-z]+>)?(?:</template>)*")


class Renderer:
    """Puts in what can be told apart."""

    def name(self, party: Party, *, language: str) -> str:
        return party.name

    def placeholder(
        self, party: Party, embed: Embed, *, target: Target, foreign_base: bool, language: str
    ) -> str:
        return f"<p title='{party.vendor}'>\N{LATIN SMALL LETTER E WITH ACUTE}</p>"

    def module(self, *, foreign_base: bool) -> str:
        return f"{ORIGIN * foreign_base}/_consent/assets/md.js"

    def stubs(self, attributes: str, *, foreign_base: bool) -> bytes:
        return f"<script src={ORIGIN * foreign_base}/stubs.js {attributes}></script>".encode()

    def calls(self, attributes: str, *, foreign_base: bool) -> bytes:
        return f"<script src={ORIGIN * foreign_base}/calls.js {attributes}></script>".encode()


class Marked:
    """A handler whose edits can be told from everything else, and hold what they replaced."""

    def __init__(self, inner: PageGate) -> None:
        self._inner = inner

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    @property
    def names(self) -> frozenset[bytes]:
        return self._inner.names

    def start_tag(self, raw: bytes, name: bytes, where: Where) -> Sequence[Splice]:
        return _marked(raw, self._inner.start_tag(raw, name, where))

    def reads(self, raw: bytes) -> bool:
        return self._inner.reads(raw)

    def script(self, raw: bytes, text: bytes, whole: bool, where: Where) -> Sequence[Splice]:
        return _marked(raw, self._inner.script(raw, text, whole, where))


def _marked(raw: bytes, splices: Sequence[Splice] | None) -> list[Splice]:
    return [(start, end, _mark(new, raw[start:end])) for start, end, new in splices or ()]


def _mark(new: bytes, old: bytes = b"") -> bytes:
    return b"\xf5" + old + b"\xf6" + new + b"\xf7"


def rewrite(
    data: bytes, cut: Callable[[bytes], Sequence[bytes]], *, marked: bool = False
) -> tuple[bytes, bool]:
    """Return what the gate makes of a page with nothing granted, and whether a limit was passed."""
    page = GATE.page(NOTHING, host="www.site.example", renderer=Renderer())

    def body() -> bytes:
        if not page.foreign_base:
            page.settle_base()
        return _mark(BODY) if marked else BODY

    handler: Any = Marked(page) if marked else page
    rewriter = Rewriter(handler, head=_mark(HEAD) if marked else HEAD, body=body)
    out = b"".join([*map(rewriter.feed, cut(data)), rewriter.close()])
    return out, rewriter.sealed


def _whole(data: bytes) -> Sequence[bytes]:
    return [data]


def _bytes(data: bytes) -> Sequence[bytes]:
    return [data[at : at + 1] for at in range(len(data))]


def _at_random(data: bytes) -> Sequence[bytes]:
    choice = random.Random(zlib.crc32(data))
    places = sorted(choice.choices(range(len(data) + 1), k=choice.randint(1, 12)))
    return [data[a:b] for a, b in zip([0, *places], [*places, len(data)], strict=True)]


def check(data: bytes) -> None:
    """Hold one page against everything that is promised."""
    data = bytes(data).translate(None, b"\xf5\xf6\xf7")  # no UTF-8 holds them: they mark the edits
    out, sealed = rewrite(data, _whole)
    for cut in (_bytes, _at_random):
        other, other_sealed = rewrite(data, cut)
        # Which limits are passed may depend on the cut; what comes out is then text at another place.
        assert sealed or other_sealed or other == out, "the output depends on how the input is cut"
        if other != out:
            assert not leaks(other), f"still live: {leaks(other)}"
    assert _unedited(data, sealed), "a byte outside the edits changed"
    left = leaks(out)
    assert not left, f"still live: {left}"


def leaks(out: bytes) -> list[Live]:
    """Return what is live in a page that was rewritten."""
    return live(out.decode("utf-8", "replace"))


def _unedited(data: bytes, sealed: bool) -> bool:
    """Take the edits out again and compare."""
    out, _ = rewrite(data, _whole, marked=True)
    back = _EDIT.sub(rb"\1", out)
    same = next((at for at, (a, b) in enumerate(zip(data, back, strict=False)) if a != b), len(data))
    if sealed:
        return back[same:] == data[same:].replace(b"<", b"&lt;")
    # At the end of the document, browsers drop an incomplete tag (13.2.5: eof-in-tag), and what is open is
    # closed in front of an injection that had no place before.
    ends = [at for at in range(min(same, len(back)) + 1) if at == len(data) or data[at] == 0x3C]
    return any(_CLOSER.fullmatch(back, at) for at in ends)
