"""Programs in JavaScript that ask a vendor's host, put together by a grammar from a seed.

A program is an address, spelled in some way, that flows by some ways into something that loads, with words
around it at which readers of scripts stumble. The parts stand in ``parts/*.txt``, one on a line: ``@`` is the
value, ``«…»`` where it comes out again, ``#1`` a name, ``⎵`` any gap, ``␤`` and ``␍`` the ends of lines. Left
out are the named limits of the gate: ciphers, packers, texts turned round or taken apart into characters.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from random import Random
from typing import Final, NamedTuple

Use = Callable[[str], str]
"""Makes of an expression the statements that use it."""

HOSTS: Final = ("connect.facebook.net", "www.google-analytics.com", "static.hotjar.com")
ADDRESS: Final = f"https://{HOSTS[0]}/q"

_HELD: Final = f"var z={{u:'{ADDRESS}'}};"
_HALVES: Final = f"var a='{ADDRESS[:12]}',b='{ADDRESS[12:]}';fetch(a+b)"
_PARTS: Final = Path(__file__).parent / "parts"
_CODE: Final = re.compile(r"\{U\+([0-9A-F]{4})\}")
_FILL: Final = re.compile(r"@([12lmhxnb%#jrew])")
_STRICT: Final = frozenset(("let", "yield", "static", "await", "name"))


def parts(name: str) -> tuple[str, ...]:
    """Return the parts of one kind."""
    lines = (_PARTS / f"{name}.txt").read_text("utf-8").split("\n")
    return tuple(decoded(line) for line in lines if line)


def decoded(line: str) -> str:
    """Return a part with its ends of lines and odd characters."""
    return _CODE.sub(lambda match: chr(int(match[1], 16)), line.replace("␤", "\n").replace("␍", "\r"))


LOADERS: Final = parts("loaders")
ADDRESSES: Final = parts("addresses")
IMPORTS: Final = parts("imports")
FLOWS: Final = parts("flows")
PAIRS: Final = parts("pairs")
WRAPS: Final = parts("wraps")
SPELLINGS: Final = parts("spellings")
AROUND: Final = parts("around")
TRAPS: Final = parts("traps")
IDLE: Final = parts("idle")
GAPS: Final = parts("gaps")
TOKENS: Final = tuple(part.encode() for part in parts("tokens"))
_NAMES: Final = parts("names")


class Program(NamedTuple):
    """A program and how it is run.

    Attributes:
        text: Its text.
        module: Whether it is a module.
        means: The parts that it was made of.
    """

    text: bytes
    module: bool = False
    means: tuple[str, ...] = ()


def one_of_each() -> Iterator[Program]:
    """Make a program of every part, with as little around it as there can be."""
    grammar = Grammar(Random(1), plain=True)
    quoted = f"'{ADDRESS}'"
    for loader in LOADERS:
        yield _program(loader.replace("@", quoted), loader)
        yield _program(_HELD + loader.replace("@", "z.u"), loader)
    for form in ADDRESSES:
        address = grammar.literal(_addressed(form, HOSTS[0], 4))
        yield _program(f"new Image().src={address}", form)
        yield _program(f"""document.body.innerHTML='<img src="'+{address}+'">'""", form)
        yield _program(f"var a={address};new Audio(a)", form)
    for statement in IMPORTS:
        yield _program(statement.replace("@", ADDRESS), statement)._replace(module=True)
    for flow in FLOWS:
        yield _program(grammar.through(flow, quoted, "fetch({})".format), flow)
        yield _program(_HELD + grammar.through(flow, "z.u", "fetch({})".format), flow)
    for pair in PAIRS:
        halves = grammar.spelled(ADDRESS, pair)
        yield _program(grammar.through(halves, "", "fetch({})".format), pair)
    for wrap in WRAPS:
        yield _program(f"fetch({wrap.replace('@', quoted)})", wrap)
    for spelling in SPELLINGS:
        yield _program(f"fetch({grammar.spelled(ADDRESS, spelling)})", spelling)
    for around in AROUND:
        yield _program(around.replace("@", f"fetch({quoted})"), around)
        yield _program(around.replace("@", _HALVES), around)
    for trap in TRAPS:
        yield _program(f"{trap}fetch({quoted})", trap)
        yield _program(trap + _HALVES, trap)
    for name in _NAMES:
        yield _program(f"var {name}={quoted};fetch({name})", name)
        yield _program(f"""var {name}={quoted};document.write('<img src="'+{name}+'">')""", name)
        yield _program(f"function {name}(p){{fetch(p)}}{name}({quoted})", name)
    for gap in GAPS:
        for place in ("fetch⎵('{}')", "fetch(⎵'{}')", "fetch('{}'⎵)", "var a={{u⎵:'{}'}};fetch(a⎵.u)"):
            yield _program(place.format(ADDRESS).replace("⎵", gap), gap)


def _addressed(form: str, host: str, at: int) -> str:
    """Write an address as browsers still read it."""
    letter = host[at]
    wide, quoted = chr(ord(letter) + 0xFEE0), f"%{ord(letter):02x}"
    before, after = host[:at], host[at + 1 :]
    return form.format(
        host=host, upper=host.upper(), before=before, letter=letter, wide=wide, quoted=quoted, after=after
    )


def idle_of_each() -> Iterator[Program]:
    """Make a program of every part that holds an address and asks nobody."""
    for idle in IDLE:
        yield _program(idle.replace("@", f"'{ADDRESS}'"), idle)


def _program(text: str, part: str) -> Program:
    text = text.replace("#1", "p").replace("#2", "r").replace("#3", "s").replace("⎵", "")
    module = re.match(r"export\b|await\b|import\.|import \{", text) is not None
    return Program(text.encode(), module, (part,))


class Grammar:
    """Makes programs.

    Args:
        choice: Where all randomness comes from.
        plain: Whether literals are written without escapes.
    """

    def __init__(self, choice: Random, *, plain: bool = False) -> None:
        self._choice = choice
        self._plain = plain
        self._module = False
        self._used: set[str] = set()
        self._means: list[str] = []

    def program(self) -> Program:
        """Make one that asks for an address."""
        self._begin()
        host, form = self._choice.choice(HOSTS), "https://{host}/q"
        if self._choice.random() < 0.3:
            form = self._pick(ADDRESSES)
        address = _addressed(form, host, self._choice.randrange(2, len(host) - 2))
        if self._module and self._choice.random() < 0.1:
            text = self._pick(IMPORTS).replace("#1", self._name()).replace("@", json.dumps(address)[1:-1])
            return Program(text.encode(), True, tuple(self._means))
        ways = self._choice.choice((0, 1, 1, 2, 2, 3))
        if self._choice.random() < 0.3:
            pair = self.spelled(address, self._named(self._pick(PAIRS)), 1)
            return self._finished(self.through(pair, "", lambda held: self._flow(held, self._load, ways)))
        return self._finished(self._flow(self._spelled(address, 2), self._load, ways))

    def idle(self) -> Program:
        """Make one that holds an address and asks nobody."""
        self._begin()
        value = self._spelled(ADDRESS, 1)
        return self._finished(self._flow(value, self._keep, self._choice.choice((0, 0, 1))))

    def _begin(self) -> None:
        self._module, self._used, self._means = self._choice.random() < 0.2, set(), []

    def _finished(self, text: str) -> Program:
        text = self._pick(("@",) * 6 + AROUND).replace("@", text)
        for _ in range(self._choice.choice((0, 0, 1, 2))):
            text = self._pick(TRAPS) + text
        return Program(text.encode("utf-8", "replace"), self._module, tuple(self._means))

    def _pick(self, options: Sequence[str]) -> str:
        part = self._choice.choice(options)
        self._means.append(part)
        return part

    def _name(self) -> str:
        names = [n for n in _NAMES if n not in self._used and not (self._module and n in _STRICT)]
        name = self._choice.choice(names) if names else f"v{len(self._used)}"
        self._used.add(name)
        self._means.append(name)
        return name

    def _gap(self) -> str:
        gap = self._choice.choice(("",) * 6 + GAPS)
        if self._plain or (self._module and "--" in gap):
            return ""
        self._means.append(gap)
        return gap

    # --- spellings

    def _spelled(self, text: str, depth: int) -> str:
        """Spell a text as an expression."""
        if depth == 0 or len(text) < 6 or self._choice.random() < 0.45:
            return self.literal(text)
        if self._choice.random() < 0.3:
            return self._pick(WRAPS).replace("@", self._spelled(text, depth - 1))
        return self.spelled(text, self._pick(SPELLINGS), depth - 1)

    def spelled(self, text: str, spelling: str, depth: int = 0) -> str:
        """Spell a text in a given way."""
        at = len(text) // 2 if self._plain else self._choice.randrange(2, len(text) - 2)
        left, right = text[:at], text[at:]
        escaped = text.replace("\\", "\\\\").replace("\n", "\\n").replace("\r", "\\r")
        pieces: dict[str, Callable[[], str]] = {
            "1": lambda: self._spelled(left, depth),
            "2": lambda: self._spelled(right, depth),
            "l": lambda: "".join(self._letter(letter, "`", 0) for letter in left),
            "m": lambda: self._spelled(f"{left}@@{right}", depth),
            "h": lambda: self._spelled(f"{left}@@", depth),
            "x": lambda: self._spelled(f"xx{text}yy", depth),
            "n": lambda: str(len(text) + 2),
            "b": lambda: self._spelled(base64.b64encode(text.encode("latin-1", "replace")).decode(), depth),
            "%": lambda: self._spelled(re.sub("[:/.]", lambda m: f"%{ord(m[0]):02X}", text), depth),
            "#": lambda: ",".join(str(ord(letter)) for letter in text),
            "j": lambda: self._spelled(json.dumps(text), depth),
            "r": lambda: escaped,
            "e": lambda: escaped.replace("/", "\\/"),
            "w": lambda: self._spelled(text, depth),
        }
        filled = "".join(self._gap() if part == "⎵" else part for part in re.split("(⎵)", spelling))
        return _FILL.sub(lambda match: pieces[match[1]](), filled)

    def literal(self, text: str) -> str:
        """Write a text as a literal."""
        quote = "'" if self._plain else self._choice.choice("'\"'\"`")
        rate = 0 if self._plain else self._choice.choice((0, 0, 0, 0.1, 0.6))
        return quote + "".join(self._letter(letter, quote, rate) for letter in text) + quote

    def _letter(self, letter: str, quote: str, rate: float) -> str:
        code = ord(letter)
        if code < 0x20 or letter in (quote, "\\", "<") or (letter == "$" and quote == "`"):
            return f"\\x{code:02x}"
        if self._choice.random() >= rate:
            return letter
        forms = [
            f"\\u{code:04x}",
            f"\\u{{{code:x}}}",
            f"\\u{{00{code:X}}}",
            f"\\\n{letter}",
            f"\\\r\n{letter}",
        ]
        if code < 0x100:
            forms.append(f"\\x{code:02X}")
        if code < 0x100 and not self._module and quote != "`":
            forms.append(f"\\{code:03o}")
        if not letter.isalnum() or letter in "acegijkmop":
            forms.append(f"\\{letter}")
        return self._choice.choice(forms)

    # --- flows

    def _flow(self, value: str, use: Use, depth: int) -> str:
        """Let a value flow by some ways into what uses it."""
        if depth == 0:
            return use(value)
        flow = self._named(self._pick(FLOWS))
        return self.through(flow, value, lambda held: self._flow(held, use, depth - 1))

    def _named(self, flow: str) -> str:
        for index in "123":
            if f"#{index}" in flow:
                flow = flow.replace(f"#{index}", self._name())
        return flow

    def through(self, flow: str, value: str, use: Use) -> str:
        """Let a value flow by one way."""
        before, _, rest = flow.partition("«")
        held, _, after = rest.partition("»")
        return before.replace("@", value) + use(held.replace("@", value)) + after.replace("@", value)

    # --- loaders

    def _load(self, value: str) -> str:
        return self._used_by(LOADERS, value)

    def _keep(self, value: str) -> str:
        return self._used_by(IDLE, value)

    def _used_by(self, options: Sequence[str], value: str) -> str:
        text = self._pick(options).replace("#1", self._name()).replace("#2", self._name())
        if self._choice.random() < 0.15:
            text = self._escaped(text)
        return text.replace("@", value)

    def _escaped(self, text: str) -> str:
        """Write a letter of a name with an escape."""
        names = list(re.finditer(r"(?<![\w'\"`\\<])[a-zA-Z]\w{3,}", text))
        if not names:
            return text
        match = self._choice.choice(names)
        code = ord(match[0][0])
        form = self._choice.choice((f"\\u{code:04x}", f"\\u{{{code:x}}}"))
        return text[: match.start()] + form + text[match.start() + 1 :]
