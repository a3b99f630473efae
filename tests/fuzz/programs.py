"""Programs in JavaScript that ask a vendor's host, put together by a grammar from a seed.

A program is an address, spelled in some way, that flows by some ways into something that loads, with words
around it at which readers of scripts stumble. Left out are the named limits of the gate: ciphers, packers,
strings turned round, single characters, what flows from one script element into another.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Iterator, Sequence
from random import Random
from typing import Final, NamedTuple

Use = Callable[[str], str]
"""Makes of an expression the statements that use it."""

HOSTS: Final = ("connect.facebook.net", "www.google-analytics.com", "static.hotjar.com")
NAMES: Final = (
    "a", "b", "c", "e", "t", "u", "url", "$", "_", "x1", "src", "async", "get", "set", "of", "from", "as",
    "let", "yield", "static", "await", "name", "h\\u0065y", "\u00e9", "data", "target", "type",
)  # fmt: skip
_RESERVED: Final = frozenset(("let", "yield", "static", "await", "name"))
GAPS: Final = (
    "", "", "", "", "", " ", "\n", "/**/", "/* + */", "//\n", "// '\n", "\t", "\f", "\v", "\u00a0", "\ufeff",
    "\u2028", "\u2029", "\r", "\r\n", "/*\n*/", "\u3000", "/*'*/", "\n<!-- x\n", "\n--> y\n", "/*\n*/--> z\n",
)  # fmt: skip


class Program(NamedTuple):
    """A program and how it is run.

    Attributes:
        text: Its text.
        module: Whether it is a module.
        means: The parts it was made of, for counts.
    """

    text: bytes
    module: bool = False
    means: tuple[str, ...] = ()


class Grammar:
    """Makes programs.

    Args:
        choice: Where all randomness comes from.
    """

    def __init__(self, choice: Random) -> None:
        self._choice = choice
        self._module = False
        self._used: set[str] = set()
        self._means: list[str] = []

    def program(self, mark: str) -> Program:
        """Make one whose address ends in a mark."""
        self._module, self._used, self._means = self._choice.random() < 0.2, set(), []
        host = self._choice.choice(HOSTS)
        scheme = self._pick(("https://", "https://", "https://", "http://", "//"))
        address = f"{scheme}{host}/{mark}"
        if self._choice.random() < 0.15:
            address = self._respelled(address, host)
        text = self._flow(self._spelled(address, 2), self._loader, self._choice.choice((0, 1, 1, 2, 2, 3)))
        text = self._pick(_AROUND, "around").replace("@", text)
        if self._module and self._choice.random() < 0.1:
            text = self._imports(address)
        for _ in range(self._choice.choice((0, 0, 1, 2))):
            text = self._pick(_TRAPS, "trap") + text
        return Program(text.encode("utf-8", "replace"), self._module, tuple(self._means))

    def each(self) -> Iterator[Program]:
        """Make one of every part, with nothing else around it; the mark is the number."""
        places: list[tuple[str, Sequence[str]]] = [
            ("loader", _LOADERS), ("flow", _FLOWS), ("wrap", _WRAPS), ("around", _AROUND), ("trap", _TRAPS)
        ]  # fmt: skip
        number = 0
        for kind, parts in places:
            for part in dict.fromkeys(parts):
                address = f"'https://{HOSTS[0]}/q{number}'"
                part = part.replace("#1", "a").replace("#2", "b").replace("#3", "c")
                if kind == "loader":
                    text = part.replace("@", address)
                elif kind == "flow":
                    text = part.replace("@", address).replace("«", "fetch(").replace("»", ")")
                elif kind == "wrap":
                    text = f"fetch({part.replace('@', address)})"
                elif kind == "around":
                    text = part.replace("@", f"fetch({address})")
                else:
                    text = f"{part}fetch({address})"
                yield Program(text.encode(), False, (f"{kind} {part}",))
                number += 1

    def _pick(self, options: Sequence[str], kind: str = "") -> str:
        chosen = self._choice.choice(options)
        if kind:
            self._means.append(f"{kind} {chosen}")
        return chosen

    def _name(self) -> str:
        for _ in range(20):
            name = self._choice.choice(NAMES)
            if name not in self._used and not (self._module and name in _RESERVED):
                break
        else:
            name = f"v{len(self._used)}"
        self._used.add(name)
        return name

    def _gap(self) -> str:
        gap = self._choice.choice(GAPS)
        return "" if self._module and "--" in gap else gap

    # --- spellings

    def _respelled(self, address: str, host: str) -> str:
        """Spell an address as browsers still read it."""
        at = self._choice.randrange(2, len(host) - 2)
        changed = (
            host.upper(),
            host + ".",
            host + ":443",
            "user@" + host,
            host[:at] + "\t" + host[at:],
            host[:at] + "\n" + host[at:],
            host[:at] + f"%{ord(host[at]):02x}" + host[at + 1 :],
            host[:at] + chr(ord(host[at]) + 0xFEE0) + host[at + 1 :],
            host[:at] + "\u00ad" + host[at:],
        )
        address = address.replace(host, self._choice.choice(changed))
        ways = (
            address,
            address.replace("//", "\\\\"),
            address.replace("//", "/\\"),
            address.replace("//", "///"),
            " \t" + address,
            address.replace("https", "htt\nps"),
        )
        return self._choice.choice(ways)

    def _spelled(self, text: str, depth: int) -> str:
        """Spell a text as an expression."""
        if depth == 0 or len(text) < 6 or self._choice.random() < 0.45:
            return self._quoted(text)
        way = self._choice.choice(_SPELLINGS)
        self._means.append(f"spelling {way.__name__}")
        return way(self, text, depth - 1)

    def _quoted(self, text: str) -> str:
        quote = self._choice.choice("'\"'\"`")
        rate = self._choice.choice((0, 0, 0, 0.1, 0.6))
        parts = [self._letter(letter, quote, rate) for letter in text]
        return quote + "".join(parts) + quote

    def _letter(self, letter: str, quote: str, rate: float) -> str:
        code = ord(letter)
        if letter in "\n\r" or letter in (quote, "\\") or code < 0x20:
            return f"\\x{code:02x}"
        if letter == "<" or (letter == "$" and quote == "`"):
            return f"\\x{code:02x}"
        if self._choice.random() >= rate:
            return letter
        forms = [f"\\u{code:04x}", f"\\u{{{code:x}}}", f"\\u{{00{code:X}}}"]
        if code < 256:
            forms.append(f"\\x{code:02X}")
            if not self._module and quote != "`":
                forms.append(f"\\{code:03o}")
        if not letter.isalnum() or letter in "acegijkmop":
            forms.append("\\" + letter)
        forms += ["\\\n" + letter, "\\\r\n" + letter]
        return self._choice.choice(forms)

    def _halves(self, text: str) -> tuple[str, str]:
        at = self._choice.randrange(2, len(text) - 2)
        return text[:at], text[at:]

    def _sum(self, text: str, depth: int) -> str:
        left, right = self._halves(text)
        return f"({self._spelled(left, depth)}{self._gap()}+{self._gap()}{self._spelled(right, depth)})"

    def _template(self, text: str, depth: int) -> str:
        left, right = self._halves(text)
        inner = f"${{{self._gap()}{self._spelled(right, depth)}{self._gap()}}}"
        start = "".join(self._letter(letter, "`", 0) for letter in left)
        return f"`{start}{inner}`"

    def _joined(self, text: str, depth: int) -> str:
        parts = ",".join(self._spelled(part, depth) for part in self._halves(text))
        return self._pick(
            (
                f"[{parts}].join('')",
                f"[{parts}]['join'](``)",
                f"Array.of({parts}).join('')",
                f"[].concat({parts}).join('')",
                f"[{parts}].reduce((p,q)=>p+q)",
                f"''.concat({parts})",
                f"String.prototype.concat.call({parts})",
            )
        )

    def _concat(self, text: str, depth: int) -> str:
        left, right = self._halves(text)
        return f"{self._spelled(left, depth)}.concat({self._spelled(right, depth)})"

    def _replaced(self, text: str, depth: int) -> str:
        left, right = self._halves(text)
        whole = self._spelled(f"{left}@@{right}", depth)
        middle = self._spelled(right, depth)
        return self._pick(
            (
                f"{whole}.replace('@@','')",
                f"{whole}.replace(/@+/g,'')",
                f"{whole}.split('@@').join('')",
                f"{whole}.replaceAll('@','')",
                f"{self._spelled(left + '@@', depth)}.replace('@@',{middle})",
                f"{self._spelled(left + '@@', depth)}.replace('@@',()=>{middle})",
            )
        )

    def _cut(self, text: str, depth: int) -> str:
        whole = self._spelled(f"xx{text}yy", depth)
        return self._pick((f"{whole}.slice(2,-2)", f"{whole}.substring(2,{len(text) + 2})", f"{whole}.substr(2,{len(text)})"))

    def _decoded(self, text: str, depth: int) -> str:
        percent = "".join(f"%{ord(c):02X}" if c in ":/." else c for c in text if ord(c) < 128)
        encoded = base64.b64encode(text.encode("latin-1", "replace")).decode()
        codes = ",".join(str(ord(c)) for c in text)
        return self._pick(
            (
                f"atob({self._spelled(encoded, depth)})",
                f"window.atob({self._spelled(encoded, depth)})",
                f"decodeURIComponent({self._spelled(percent, depth)})",
                f"unescape({self._spelled(percent, depth)})",
                f"decodeURI({self._spelled(text.replace('c', '%63'), depth)})" if "%" not in text else f"atob('{encoded}')",
                f"String.fromCharCode({codes})",
                f"String.fromCodePoint({codes})",
                f"String.fromCharCode.apply(null,[{codes}])",
                f"String.fromCharCode(...[{codes}])",
                f"new TextDecoder().decode(new Uint8Array([{codes}]))",
            )
        )

    def _parsed(self, text: str, depth: int) -> str:
        raw = text if not set(text) & set("\\\n\r`$") else ""
        return self._pick(
            (
                f"JSON.parse({self._spelled(json.dumps(text), depth)})",
                f"JSON.parse({self._spelled(json.dumps({'a': text}), depth)}).a",
                f"JSON.parse({self._spelled(json.dumps([text]), depth)})[0]",
                f"String.raw`{raw}`" if raw else self._quoted(text),
                f"((p,...q)=>p.raw[0]+q)`{raw}`" if raw else self._quoted(text),
                f"Object.keys({{[{self._spelled(text, depth)}]:1}})[0]",
                f"Object.keys({{{json.dumps(text)}:1}})[0]",
                f"Symbol({self._spelled(text, depth)}).description",
                f"/{text.replace('/', chr(92) + '/')}/.source.replace(/\\\\/g,'')" if raw else self._quoted(text),
                f"new URL({self._spelled(text, depth)},location).href",
                f"new URL({self._spelled(text, depth)},location)",
                f"new String({self._spelled(text, depth)})",
                f"{self._spelled(text + ' ', depth)}.trim()",
                f"{self._spelled(text, depth)}.match(/.*/)[0]",
            )
        )

    def _wrapped(self, text: str, depth: int) -> str:
        inner = self._spelled(text, depth)
        return self._pick(_WRAPS, "wrap").replace("@", inner)

    # --- flows

    def _flow(self, value: str, use: Use, depth: int) -> str:
        """Let a value flow by some ways into what uses it."""
        if depth == 0:
            return use(value)
        flow = self._pick(_FLOWS, "flow")
        names = [self._name() for _ in range(flow.count("#1") and 1 + ("#2" in flow) + ("#3" in flow))]
        for index, name in enumerate(names, 1):
            flow = flow.replace(f"#{index}", name)
        if flow.find("«") < flow.find("@") < flow.rfind("»"):
            head, _, rest = flow.partition("«")
            held, _, after = rest.replace("@", value).partition("»")
            return head + self._flow(held, use, depth - 1) + after
        head, _, rest = flow.partition("@")
        before, mark, after = rest.partition("«")
        if mark:
            held, _, after = after.partition("»")
            return head + value + before + self._flow(held, use, depth - 1) + after
        # The use comes first in the text, as in functions that are called later.
        held, _, between = head.partition("«")[2].partition("»")
        return head.partition("«")[0] + self._flow(held, use, depth - 1) + between + value + rest

    # --- loaders

    def _loader(self, value: str) -> str:
        """Let a value be loaded."""
        loader = self._pick(_LOADERS, "loader")
        name = self._name()
        text = loader.replace("#1", name).replace("#2", self._name())
        if self._choice.random() < 0.15:
            text = self._escaped(text)
        return text.replace("@", value)

    def _escaped(self, text: str) -> str:
        """Write a letter of a name with an escape."""
        for word in ("fetch", "src", "Image", "innerHTML", "createElement", "setAttribute", "write"):
            if word in text and f"'{word}" not in text:
                form = self._choice.choice((f"\\u{ord(word[0]):04x}", f"\\u{{{ord(word[0]):x}}}"))
                return text.replace(word, form + word[1:])
        return text

    def _imports(self, address: str) -> str:
        quoted = json.dumps(address)
        return self._pick(
            (
                f"import {quoted}",
                f"import #x from {quoted}".replace("#x", "x"),
                f"import{{a as b}}from{quoted}",
                f"import*as q from{quoted}",
                f"import/**/{quoted};",
                f"export*from{quoted}",
                f"export{{a}}from {quoted}",
                f"import x from {quoted} with {{type:'json'}}",
                f"import 'data:text/javascript,import {quoted}'",
                f"import/*\n*/x,{{y}}from\n{quoted}",
                f"export * as ns from {quoted}",
                f"export{{default}}from {quoted}",
            ),
            "loader",
        )


_SPELLINGS: Final = (
    Grammar._sum, Grammar._sum, Grammar._template, Grammar._joined, Grammar._concat, Grammar._replaced,
    Grammar._decoded, Grammar._parsed, Grammar._wrapped, Grammar._wrapped, Grammar._cut,
)  # fmt: skip

_WRAPS: Final = tuple(
    line.strip()
    for line in """
    (@)
    (0,@)
    (@||0)
    (0||@)
    (null??@)
    (1&&@)
    (1?@:0)
    (0?'':@)
    [@][0]
    [0,@][1]
    [@].pop()
    [@].shift()
    [@].at(-1)
    [,@][1]
    ({a:@}).a
    ({a:@})['a']
    ({'a':@}).a
    ({['a']:@}).a
    ({a:{b:@}}).a.b
    ({a:{b:@}})?.a?.b
    ({get a(){return @}}).a
    ({a(){return @}}).a()
    ({a:()=>@}).a()
    ({async:@}).async
    ({1:@})[1]
    (()=>@)()
    (()=>{return @})()
    (()=>{return(@)})()
    (function(){return @})()
    (function(){return this}).call(@)
    (function(){return arguments[0]})(@)
    (x=>x)(@)
    ((x=@)=>x)()
    ((...x)=>x[0])(@)
    (({x})=>x)({x:@})
    (([x])=>x)([@])
    (({x=@})=>x)({})
    (function*(){yield @})().next().value
    [...(function*(){yield @})()][0]
    [...[@]][0]
    ({...{a:@}}).a
    Object.assign({},{a:@}).a
    Object.values({a:@})[0]
    Object.entries({a:@})[0][1]
    Object.fromEntries([['a',@]]).a
    new Map([['a',@]]).get('a')
    [...new Set([@])][0]
    (new class{a=@}).a
    (class{static a=@}).a
    (new class{#a=@;b(){return this.#a}}).b()
    (new class{get a(){return @}}).a
    (new class{constructor(){this.a=@}}).a
    (new function(){this.a=@}).a
    [@].map(x=>x)[0]
    [@].filter(x=>x)[0]
    [@].find(x=>x)
    [1].map(()=>@)[0]
    `${@}`
    (''+@)
    (@+'')
    String(@)
    @.toString()
    @.valueOf()
    [@].toString()
    [@]+''
    (@,@)
    Reflect.get({a:@},'a')
    Object.freeze([@])[0]
    Object.create({a:@}).a
    structuredClone(@)
    (await_=>await_)(@)
    """.strip().splitlines()
)
"""Expressions that stand for what they are made of."""

_FLOWS: Final = tuple(
    line.strip().replace("\\n", "\n")
    for line in """
    var #1=@;«#1»
    let #1=@;«#1»
    const #1=@\\n;«#1»
    var #1;#1=@;«#1»
    #1=@;var #1;«#1»
    var #1='',#2=@;#1+=#2;«#1»
    var #1;#1??=@;«#1»
    var #1=0;#1||=@;«#1»
    var #1=1;#1&&=@;«#1»
    var #1={a:@};«#1.a»
    var #1={a:@};«#1['a']»
    var #1={a:@};var #2='a';«#1[#2]»
    var #1={a:{b:@}};«#1.a.b»
    var #1={};#1.a=@;«#1.a»
    var #1={};#1['a']=@;«#1.a»
    var #1={a:{}};#1.a.b=@;var #2=#1.a;«#2.b»
    var #1=[];#1.push(@);«#1[0]»
    var #1=[];#1[0]=@;«#1[0]»
    var #1=[];#1[#1.length]=@;«#1.pop()»
    var #1=[@];«#1.shift()»
    var #1=[1,@],#2=1;«#1[#2]»
    var #1=[];[].push.call(#1,@);«#1[0]»
    var {#1}={#1:@};«#1»
    var {a:#1}={a:@};«#1»
    var {a:{b:#1}}={a:{b:@}};«#1»
    var {a:[,#1]}={a:[0,@]};«#1»
    var {#1=@}={};«#1»
    var {a:#1=@}={};«#1»
    var {...#1}={a:@};«#1.a»
    var [#1]=[@];«#1»
    var [,#1]=[0,@];«#1»
    var [#1=@]=[];«#1»
    var [...#1]=[0,@];«#1[1]»
    var [[#1]]=[[@]];«#1»
    var #1;({a:#1}={a:@});«#1»
    var #1;[#1]=[@];«#1»
    var #1={};[#1.a]=[@];«#1.a»
    var #1={};({b:#1.a}={b:@});«#1.a»
    var #1=@,#2=#1;#1=0;«#2»
    var #1=1,#2=@;[#1,#2]=[#2,#1];«#1»
    (function(#1){ «#1» })(@);
    !function(#1){ «#1» }(@);
    (function(#1,#2){ «#2» })(0,@);
    (function(#1){ «#1.a» })({a:@});
    (function({a:#1}){ «#1» })({a:@});
    (function({#1}){ «#1» })({#1:@});
    (function([#1]){ «#1» })([@]);
    (function(#1=@){ «#1» })();
    (function(...#1){ «#1[0]» })(@);
    (function(){ «arguments[0]» })(@);
    (function(){ «this» }).call(@);
    (function(){ «this.a» }).call({a:@});
    (function(#1){ «#1» }).call(null,@);
    (function(#1){ «#1» }).apply(null,[@]);
    (function(#1){ «#1» }).bind(null,@)();
    (function(#1){ «#1» }).bind(null)(@);
    (#1=>{ «#1» })(@);
    (async #1=>{ «#1» })(@);
    (async()=>{var #1=await @;«#1» })();
    (async()=>{for await(var #1 of[@]){ «#1» } })();
    function #1(#2){ «#2» }#1(@);
    #1(@);function #1(#2){ «#2» }
    function #1(#2){ «#2» }[@].forEach(#1);
    function #1(#2){ «#2» }var #3=#1;#3(@);
    function #1(#2){ «#2» }window.q=#1;q(@);
    function #1(#2){ «#2» }setTimeout(#1,0,@);
    function #1(#2){ «#2» }#1.call(0,@);
    function #1(#2){ «#2» }#1?.(@);
    function #1(#2){ «#2» }new #1(@);
    function #1(#2){ «#2» }#1(...[@]);
    function #1(#3,#2){ «#2» }#1`${@}`;
    var #1=function(#2){ «#2» };#1(@);
    var #1=#2=>{ «#2» };#1(@);
    var #1=(0,function(#2){ «#2» });#1(@);
    var #1={a(#2){ «#2» }};#1.a(@);
    var #1={a:function(#2){ «#2» }};#1.a(@);
    var #1={a:#2=>{ «#2» }};#1['a'](@);
    var #1={set a(#2){ «#2» }};#1.a=@;
    var #1={get a(){return @}};«#1.a»
    var #1={a:@,b(){ «this.a» }};#1.b();
    var #1={get [`a`](){return @}};«#1.a»
    class #1{constructor(#2){ «#2» }}new #1(@);
    class #1{a(#2){ «#2» }}new #1().a(@);
    class #1{static a(#2){ «#2» }}#1.a(@);
    class #1{static #2=@;static{ «this.#2» }}
    class #1{a=@;b(){ «this.a» }}new #1().b();
    class #1{#a=@;b(){ «this.#a» }}new #1().b();
    class #1{#a(#2){ «#2» }b(){this.#a(@)}}new #1().b();
    class #1{constructor(#2){this.a=#2}b(){ «this.a» }}new #1(@).b();
    class #1{constructor(x7){ «x7» }}class #2 extends #1{}new #2(@);
    class #1{constructor(x7){ «x7» }}class #2 extends #1{constructor(){super(@)}}new #2;
    class #1{set a(#2){ «#2» }}new #1().a=@;
    class #1{static async *a(#2){ «#2» }}#1.a(@).next();
    function*#1(){var #2=yield;«#2» }var #3=#1();#3.next();#3.next(@);
    function #1(){return @}«#1()»
    function #1(){return{a:@}}«#1().a»
    function #1(){return[@]}var [#2]=#1();«#2»
    function #1(){return ()=>@}«#1()()»
    function #1(x7){return x7}«#1(@)»
    function #1(x7){return function(){return x7}}«#1(@)()»
    function #1(x7){return y=>{ «x7» }}#1(@)();
    function*#1(){yield @}for(var #2 of #1()){ «#2» }
    var #1=()=>@;«#1()»
    var #1=()=>({a:@});«#1().a»
    for(var #1 of[@]){ «#1» }
    for(const #1 of[@]){ «#1» }
    for(const [#1,#2] of[[0,@]]){ «#2» }
    for(const {a:#1} of[{a:@}]){ «#1» }
    for(var #1 in{[@]:1}){ «#1» }
    for(var #1=@,z0=1;z0;z0=0){ «#1» }
    var #1=[@];for(var #2=0;#2<1;#2++){ «#1[#2]» }
    for(var #1 of Object.values({a:@})){ «#1» }
    for(var [,#1]of Object.entries({a:@})){ «#1» }
    var #1={};for(#1.a of[@]){ «#1.a» }
    [@].forEach(function(#1){ «#1» });
    [@].map(#1=>{ «#1» });
    [[0,@]].forEach(([,#1])=>{ «#1» });
    [{a:@}].forEach(({a:#1})=>{ «#1» });
    [@].some(#1=>{ «#1» });
    [@].reduce((x,#1)=>{ «#1» },0);
    Array.from([@],#1=>{ «#1» });
    new Set([@]).forEach(#1=>{ «#1» });
    new Map([[1,@]]).forEach(#1=>{ «#1» });
    Promise.resolve(@).then(#1=>{ «#1» });
    new Promise(r=>r(@)).then(function(#1){ «#1» });
    Promise.reject(@).catch(#1=>{ «#1» });
    Promise.all([@]).then(([#1])=>{ «#1» });
    (async()=>@)().then(#1=>{ «#1» });
    try{throw @}catch(#1){ «#1» }
    try{throw{a:@}}catch({a:#1}){ «#1» }
    try{throw new Error(@)}catch(#1){ «#1.message» }
    try{}finally{var #1=@}«#1»
    switch(1){case 1:var #1=@;default:«#1» }
    l:{var #1=@;break l}«#1»
    if(1)var #1=@;else #1=0;«#1»
    do var #1=@;while(0);«#1»
    var #1={};Object.assign(#1,{a:@});«#1.a»
    var #1={};Object.defineProperty(#1,'a',{value:@});«#1.a»
    var #1={};Reflect.set(#1,'a',@);«#1.a»
    var #1={...{a:@}};«#1.a»
    var #1=[...[@]];«#1[0]»
    var #1=new Map;#1.set('a',@);«#1.get('a')»
    var #1=new Set;#1.add(@);«[...#1][0]»
    var #1=new Map([['a',@]]);«#1.get('a')»
    var #1=JSON.parse(JSON.stringify({a:@}));«#1.a»
    window.q9=@;«q9»
    window.q9=@;«window.q9»
    q9=@;«self['q9']»
    globalThis.q9=@;«q9»
    this.q9=@;«this.q9»
    window['q'+9]=@;«q9»
    document.title=@;«document.title»
    name=@;«name»
    document.body.dataset.u=@;«document.body.dataset.u»
    var #1=document.createElement('a');#1.href=@;«#1.href»
    localStorage.u=@;«localStorage.u»
    sessionStorage.setItem('u',@);«sessionStorage.getItem('u')»
    history.replaceState(@,'');«history.state»
    addEventListener('q',#1=>{ «#1.detail» });dispatchEvent(new CustomEvent('q',{detail:@}));
    onmessage=#1=>{ «#1.data» };postMessage(@,'*');
    {let #1=0}var #1=@;«#1»
    var #1=0;{let #1=@;«#1» }
    var #1=0;(function(){var #1=@;«#1» })();
    var #1=@;(function(){ «#1» })();
    var #1=@;(()=>{ «#1» })();
    let #1;(()=>{#1=@})();«#1»
    var #1=@\\n«#1»
    var #1=@\\n;[0].map(()=>{ «#1» })
    var #1=1,#2=#1?@:0;«#2»
    var #1=(0,@);«#1»
    var #1=#2=@,#2;«#1»
    var #1=[@,0],[#2,#3]=#1;«#2»
    var #1={a:@},{a:#2}=#1;«#2»
    var #1={a:@},#2=#1,{a:#3}=#2;«#3»
    var #1={'a-b':@};«#1['a-b']»
    var #1={a:[{b:@}]};«#1.a[0].b»
    var #1=[[@]];«#1[0][0]»
    var #1='x'.replace('x',()=>@);«#1»
    var #1=new Proxy({},{get(){return @}});«#1.z»
    var #1={toString(){return @}};«#1»
    var #1={valueOf(){return @},toString:null};«#1+''»
    var #1={[Symbol.toPrimitive]:()=>@};«#1»
    if(1){ function #1(){return @} }«#1()»
    var #1=@,#1;«#1»
    """.strip().splitlines()
)
"""Ways by which a value (``@``) comes to stand behind another expression (``«…»``)."""

_LOADERS: Final = tuple(
    line.strip().replace("\\n", "\n")
    for line in """
    new Image().src=@;
    (new Image).src=@;
    new Image()['src']=@;
    var #1=new Image;#1.src=@;
    var #1=new Image;with(#1)src=@;
    var #1=new Image,#2='src';#1[#2]=@;
    var #1=new Image;#1['s'+'rc']=@;
    var #1=new Image;#1.srcset=@+' 1x';
    Object.assign(new Image,{src:@});
    Reflect.set(new Image,'src',@);
    new Image().setAttribute('src',@);
    new Image()['setAttribute']('src',@);
    new Image().setAttribute(...['src',@]);
    new Image().setAttribute.call(new Image,'src',@);
    new Image().setAttributeNS(null,'src',@);
    [new Image().src]=[@];
    ({a:new Image().src}={a:@});
    for(new Image().src of[@]);
    var #1=document.createElement('script');#1.src=@;document.head.appendChild(#1);
    var #1=document.createElement('script');#1.setAttribute('src',@);document.body.append(#1);
    var #1=document.createElement('script');#1.async=!0;#1.src=@;document.currentScript?.after(#1)??document.body.append(#1);
    var #1=document.createElement('iframe');#1.src=@;document.body.appendChild(#1);
    var #1=document.createElement('iframe');#1.srcdoc='<img src="'+@+'">';document.body.appendChild(#1);
    var #1=document.createElement('link');#1.rel='stylesheet';#1.href=@;document.head.append(#1);
    var #1=document.createElement('link');Object.assign(#1,{rel:'stylesheet',href:@});document.head.append(#1);
    var #1=document.createElement('link');#1.rel='preload';#1.as='script';#1.href=@;document.head.append(#1);
    var #1=document.createElement('object');#1.data=@;document.body.append(#1);
    var #1=document.createElement('embed');#1.src=@;document.body.append(#1);
    var #1=document.createElement('video');#1.poster=@;document.body.append(#1);
    var #1=document.createElement('video');#1.src=@;
    var #1=document.createElement('input');#1.type='image';#1.src=@;
    var #1=document.createElement('body');#1.background=@;document.documentElement.append(#1);
    document.body.background=@;
    document.body.setAttribute('background',@);
    var #1=document.createElementNS('http://www.w3.org/2000/svg','image');#1.setAttribute('href',@);document.body.appendChild(document.createElementNS('http://www.w3.org/2000/svg','svg')).append(#1);
    var #1=document.createElement('script');#1.text='fetch("'+@+'")';document.body.append(#1);
    var #1=document.createElement('script');#1.textContent=`fetch(${JSON.stringify(String(@))})`;document.body.append(#1);
    var #1=document.createElement('script');#1.innerHTML='fetch("'+@+'")';document.body.append(#1);
    var #1=document.createElement('script');#1.append('fetch("'+@+'")');document.body.append(#1);
    var #1=document.createElement('script');#1.appendChild(document.createTextNode('fetch("'+@+'")'));document.body.append(#1);
    var #1=document.createElement('script');#1.src='data:text/javascript,fetch("'+@+'")';document.body.append(#1);
    var #1=document.createElement('script');#1.type='module';#1.text='import "'+@+'"';document.body.append(#1);
    var #1=document.createElement('style');#1.textContent='body{background:url('+@+')}';document.head.append(#1);
    var #1=document.createElement('style');#1.innerHTML='\\x40import "'+@+'"';document.head.append(#1);
    var #1=document.createElement('img');#1.src=@;
    var #1=document.createElement('img'),#2=@;#1.src=#2;
    fetch(@);
    fetch(@,{mode:'no-cors'});
    fetch?.(@);
    (0,fetch)(@);
    window.fetch(@);
    window['fetch'](@);
    self['fe'+'tch'](@);
    globalThis[`fetch`](@);
    var #1=fetch;#1(@);
    var {fetch:#1}=window;#1(@);
    var [#1]=[fetch];#1(@);
    var #1={a:fetch};(0,#1.a)(@);
    fetch.call(window,@);
    fetch.apply(null,[@]);
    fetch.bind(null)(@);
    fetch.bind(null,@)();
    Reflect.apply(fetch,null,[@]);
    [@].forEach(#1=>fetch(#1));
    [@].forEach((#1)=>void fetch(#1));
    Promise.resolve(@).then(fetch);
    setTimeout(fetch,0,@);
    fetch(...[@]);
    fetch(new Request(@));
    fetch(new URL(@,location));
    fetch/**/(@);
    fetch\\n(@);
    (async()=>{await fetch(@)})();
    void fetch(@);
    var #1=new XMLHttpRequest;#1.open('GET',@);#1.send();
    var #1=new XMLHttpRequest;#1.open(...['GET',@]);#1.send();
    var #1=new XMLHttpRequest;#1['open']('GET',@);#1.send();
    XMLHttpRequest.prototype.open.call(#1=new XMLHttpRequest,'GET',@);#1.send();var #1;
    navigator.sendBeacon(@);
    navigator['sendBeacon'](@,'');
    navigator.sendBeacon.call(navigator,@);
    var #1=navigator.sendBeacon.bind(navigator);#1(@);
    var #1='sendBeacon';navigator[#1](@);
    import(@);
    import(@).catch(()=>{});
    import/**/(@);
    import\\n(@);
    import(@,{with:{type:'json'}});
    [@].map(#1=>import(#1));
    new EventSource(@);
    new Audio(@);
    new Audio().src=@;
    new (window.Audio)(@);
    Reflect.construct(Audio,[@]);
    new window['Image']().src=@;
    var #1=Image;new #1().src=@;
    document.write('<img src="'+@+'">');
    document.write('<img src=',@,'>');
    document.write(`<script src="${@}"><\\/script>`);
    document.write('<scr'+'ipt src="'+@+'"></scr'+'ipt>');
    document.writeln('<img src="'+@+'">');
    document['write']('<img src="'+@+'">');
    document.write.call(document,'<img src="'+@+'">');
    var #1=document.write.bind(document);#1('<img src="'+@+'">');
    document.open().write('<img src="'+@+'">');
    document.body.innerHTML='<img src="'+@+'">';
    document.body.innerHTML+='<img src="'+@+'">';
    document.body['inner'+'HTML']='<img src="'+@+'">';
    document.body.innerHTML=['<img src="',@,'">'].join('');
    document.createElement('div').innerHTML='<img src='+@+'>';
    document.body.insertAdjacentHTML('beforeend','<img src="'+@+'">');
    document.body['insertAdjacentHTML']('beforeend',`<img src="${@}">`);
    document.getElementById('d').outerHTML='<img src="'+@+'">';
    document.body.setHTMLUnsafe('<img src="'+@+'">');
    document.body.append(document.createRange().createContextualFragment('<img src="'+@+'">'));
    new DOMParser().parseFromString('<img src="'+@+'">','text/html').querySelectorAll('img').forEach(i=>document.body.append(i));
    var #1=document.createElement('template');#1.innerHTML='<img src="'+@+'">';document.body.append(#1.content);
    document.body.attachShadow({mode:'open'}).innerHTML='<img src="'+@+'">';
    document.getElementById('d').attachShadow({mode:'open'}).innerHTML='<img src="'+@+'">';
    document.body.style.backgroundImage='url("'+@+'")';
    document.body.style.background='url('+@+')';
    document.body.style='background:url('+@+')';
    document.body.style.cssText='background:url("'+@+'")';
    document.body.style['background-image']=`url(${@})`;
    document.body.style.setProperty('background-image','url("'+@+'")');
    document.body.setAttribute('style','background:url("'+@+'")');
    document.body.style.listStyleImage='url("'+@+'")';document.body.style.display='list-item';
    document.body.style.borderImageSource='url("'+@+'")';document.body.style.border='9px solid';
    document.body.style.content='url("'+@+'")';
    document.body.style.cursor='url("'+@+'"),auto';
    document.getElementById('d').style.maskImage='url("'+@+'")';
    document.head.appendChild(document.createElement('style')).sheet.insertRule('body{background:url("'+@+'")}');
    var #1=new CSSStyleSheet;#1.replaceSync('body{background:url("'+@+'")}');document.adoptedStyleSheets=[#1];
    var #1=new CSSStyleSheet;#1.replace('body{background:url("'+@+'")}').then(()=>document.adoptedStyleSheets=[#1]);
    new FontFace('f','url("'+@+'")').load();
    document.body.attributeStyleMap.set('background-image','url("'+@+'")');
    document.body.animate([{backgroundImage:'url("'+@+'")'},{backgroundImage:'url("'+@+'")'}],1000);
    new Worker(URL.createObjectURL(new Blob(['fetch("'+@+'")'])));
    new Worker(URL.createObjectURL(new Blob([`importScripts("${@}")`])));
    new Worker('data:text/javascript,fetch("'+@+'")');
    eval('fetch("'+@+'")');
    (0,eval)('fetch("'+@+'")');
    window['eval']('fetch("'+@+'")');
    var #1=eval;#1('fetch("'+@+'")');
    eval('new Image().s'+'rc="'+@+'"');
    Function('fetch("'+@+'")')();
    new Function('a','fetch(a)')(@);
    new Function('fetch("'+@+'")')();
    fetch.constructor('fetch("'+@+'")')();
    (()=>{}).constructor('fetch("'+@+'")')();
    [].map.constructor('fetch("'+@+'")')();
    setTimeout('fetch("'+@+'")');
    setTimeout('fetch("'+@+'")',0);
    setInterval('fetch("'+@+'");clearInterval(1)',1);
    window.setTimeout(`fetch("${@}")`);
    document.body.setAttribute('onclick','fetch("'+@+'")');document.body.click();
    var #1=document.createElement('a');#1.href='javascript:void fetch("'+@+'")';document.body.append(#1);#1.click();
    location='javascript:void fetch("'+@+'")';
    location.href='javascript:void fetch("'+@+'")';
    location.assign('javascript:void fetch("'+@+'")');
    open('javascript:void fetch("'+@+'")','_self');
    var #1=document.createElement('iframe');#1.src='javascript:void parent.fetch("'+@+'")';document.body.append(#1);
    var #1=document.createElement('iframe');document.body.append(#1);#1.contentWindow.location=@;
    var #1=document.createElement('iframe');document.body.append(#1);#1.contentWindow.fetch(@);
    var #1=document.createElement('iframe');document.body.append(#1);#1.contentDocument.write('<img src="'+@+'">');
    var #1=document.createElement('iframe');document.body.append(#1);new #1.contentWindow.Image().src=@;
    var #1=document.createElement('iframe');#1.name='n7';document.body.append(#1);open(@,'n7');
    frames.length||document.body.append(document.createElement('iframe'));frames[0].location.href=@;
    document.body.append(Object.assign(document.createElement('script'),{src:@}));
    document.body.append(Object.assign(document.createElement('iframe'),{src:@}));
    document.body.appendChild(document.createElement('img')).src=@;
    document.body.insertBefore(document.createElement('script'),null).src=@;
    document.images[0]||document.body.append(new Image);document.images[0].src=@;
    document.body.appendChild(document.createElement('img')).attributes.setNamedItem(Object.assign(document.createAttribute('src'),{value:@}));
    var #1=document.createAttribute('src');#1.value=@;new Image().setAttributeNode(#1);
    var #1=new Image;#1.setAttribute('src','x');#1.attributes.src.value=@;
    var #1=new Image;#1.setAttribute('src','x');#1.getAttributeNode('src').nodeValue=@;
    document.createElement('div').toggleAttribute('x');new Image().src=`${@}`;
    Object.getOwnPropertyDescriptor(HTMLImageElement.prototype,'src').set.call(new Image,@);
    new Image().__lookupSetter__('src').call(new Image,@);
    var #1=document.createElement('base');#1.href=@;document.head.append(#1);new Image().src='rel';
    var #1=document.createElement('meta');#1.httpEquiv='refresh';#1.content='0;url='+@;
    caches.open('x').then(#1=>#1.add(@));
    new Notification('x',{icon:@});new Image().src=@;
    (#1=>#1.src=@)(new Image);
    (function(#1,#2){#1.src=#2})(new Image,@);
    !function(d,s,u,j){j=d.createElement(s);j.src=u;d.body.appendChild(j)}(document,'script',@);
    (function(w,d,s,l){var #1=d.createElement(s),f=d.getElementsByTagName(s)[0];#1.async=true;#1.src=l;f.parentNode.insertBefore(#1,f)})(window,document,'script',@);
    (({fetch:#1})=>#1(@))(self);
    (f=>f(@))(fetch);
    (f=>f(@))(#1=>fetch(#1));
    (function(f,a){f(a)})(fetch,@);
    class #1 extends Image{constructor(){super();this.src=@}}try{new #1}catch(e){new Image().src=@}
    with(window)fetch(@);
    with({u:@})fetch(u);
    with(document)write('<img src="'+@+'">');
    if(1)fetch(@);else;
    for(;;){fetch(@);break}
    l:for(;;){new Image().src=@;break l}
    try{null.x}catch{fetch(@)}
    try{}finally{fetch(@)}
    switch(1){default:fetch(@)}
    do fetch(@);while(0)
    1&&fetch(@)
    0||fetch(@)
    null??fetch(@)
    1?fetch(@):0
    0?0:new Image().src=@
    !fetch(@)
    typeof fetch(@)
    [fetch(@)]
    ({a:fetch(@)});
    `${fetch(@)}`;
    ((a=fetch(@))=>a)();
    (({a=fetch(@)})=>a)({});
    var {a=fetch(@)}={};
    var [#1=fetch(@)]=[];
    class #1{static{fetch(@)}}
    class #1{static a=fetch(@)}
    class #1{[fetch(@)](){}}
    class #1 extends(fetch(@),Object){}
    ({[fetch(@)]:1});
    new class{a=fetch(@)};
    document.addEventListener('q',()=>fetch(@));document.dispatchEvent(new Event('q'));
    onload=()=>fetch(@);
    window.onload=function(){new Image().src=@};
    document.onreadystatechange=()=>fetch(@);
    requestAnimationFrame(()=>fetch(@));
    queueMicrotask(()=>fetch(@));
    Promise.resolve().then(()=>fetch(@));
    new Image().src=0||@;
    new Image().src||=@;
    new Image().src??=0,new Image().src+=@;
    var #1=new Image;#1.src='';#1.src+=@;
    """.strip().splitlines()
)
"""Statements that load an address (``@``)."""

_AROUND: Final = (
    "@", "@", "@", "@", "@", "@", "@", "(function(){@})()", "(()=>{@})();", "{@}", "if(1){@}", "try{@}catch(e){}",
    "!function(){@}();", "<!-- x\n@\n//-->", "<!--\n@\n-->", "//<![CDATA[\n@\n//]]>", "/* <![CDATA[ */@/* ]]> */",
    "(async()=>{@})()", "'use strict';{@}", "void function(){@}()", "@\n//# sourceMappingURL=x", "setTimeout(()=>{@})",
    "addEventListener('load',()=>{@})", "document.addEventListener('DOMContentLoaded',function(){@})", "a:{@}",
    "for(var i7=0;i7<1;i7++){@}", "switch(0){case 0:@}", "new class{static{@}}", "while(1){@;break}",
)  # fmt: skip

_ODD: Final = {"n": "\n", "r": "\r", "ufeff": "\ufeff", "u00a0": "\u00a0", "u2028": "\u2028", "u2029": "\u2029"}
_TRAPS: Final = tuple(
    re.sub(r"\\(n|r|ufeff|u00a0|u2028|u2029)", lambda match: _ODD[match[1]], line.strip())
    for line in r"""
    <!-- x\n
    -->\n
    \n--> fetch\n
    /*\n*/--> x\n
    /**/\n--> x\n
    var z1=1;\n
    var z2=1\n
    var z3=/[/]'/;
    var z4=/"/g,z5=1;
    var z6=1/2/3;
    var z7=a=>/'/;
    var z8=`${`${1}`}`;
    var z9=`\``;
    var y1='\\';
    var y2="\\nx";
    var y3=`<!--`;
    var y4='<!--';
    var y5=1;y5<!--y5\n;
    var y6=1;while(y6-->0);
    var y7=1;while(y7\n-- > 0);
    var y8=1_000,y9=10n,x1=0x1Fn,x2=.5e-3,x3=0b1,x4=0o17;
    var x5=08,x6=017;
    var x7={async:1,get:2,set:3,static:4,of:5};
    var x8={get,set}={},get,set;
    var x9={async*a(){},async b(){},get c(){return 1},set c(v){},*d(){},'e'(){},1(){},[`f`](){}};
    var w1=async=>async,w2=async()=>{},w3=async x=>x;
    var w4=function yield_(){},w5=class{},w6=class w7{};
    class w8{static;get;set;async;static static;static async;'use'}
    class w9{get\n;x(){}}
    class v1{static async\n*x(){}}
    class v2{#p;static has(o){return#p in o}}
    var v3=1?.5:1;
    var v4=null?.a?.[0]?.();
    var v5=1??2,v6=(1||2)??3;
    var v7=/(?<n>a)\k<n>/u,v8=/[\p{L}--[a-z]]/v;
    var v9=/a/dgimsuy;
    var u1=/[\]/'"]/;
    var u2=a=>{}\n/x/g;
    var u3=1\n/2/1;
    if(1)/'/.test('');
    var u4={}/1;
    var u5=function(){}/1;
    x:/'/;
    {}/'/;
    (()=>{})()/1;
    var u6=i7=>i7++/2,i7=1;
    var u7=1;u7++/2;
    var u8=typeof/'/;
    var u9=void/"/.x;
    var t1=[/'/,/"/];
    var t2=1+/'/;
    return_:for(;;)break return_;
    let async;
    var async=1;async\n
    var of=1;for(var t3 of[of]);
    for(async of=>{};0;);
    for(let of=0;of;);
    let t4=1,t5=2;
    let\nt6=1;
    var let_=1;
    var yield_=1;
    if(0)function t7(){}
    if(0)function t8(){}else function t9(){}
    l1:function s1(){}
    try{}catch{}
    switch(0){}
    'use strict';
    ;;;
    \ufeff
    \u2028
    \u2029
    \u00a0
    // x\u2028
    // x\r
    /* \u2028 */
    #!/x\n
    var \u0061b=1;
    var \u{61}c=1;
    var s2='\u2028';
    var s3={__proto__:null,["__proto__"]:1};
    var s5=()=>{return\n1};
    var s6=1\n++s6\n
    var s7=(1,2);
    var s8=[,],s9=[,1,,2];
    var r1=a=>({}),r2=a=>[];
    var r3=(a,b=1,{c}={},[d]=[],...e)=>{};
    var r4=new Date,r5=new(class{})(),r6=new Date().x;
    var r7=1,r8=r7+ +r7- -r7;
    var r9=!function(){}();
    var q1='</'+'p>',q2='<p>';
    var q3=/<\/p>/;
    var q4='//',q5="/*",q6=`*/`;
    var q7='\'';var q8="\"";
    with({});
    eval('1');
    var undefined;
    export{};
    import.meta.url;
    await 0;
    await/x/;
    yield/1;var yield;
    var p3=1**2**3;
    var p4=a?.b,a;
    var p5=`a${'}'}b`;
    var p6=`a${{}}b${"`"}`;
    var p7=tag`\unicode`;function tag(){}
    var p8=({a:1,'b':2,3:3,[4]:4,...{}});
    var{p9}={},[o1]=[],{o2:{o3}={}}={};
    label\n:\n;
    function*o4(){yield\n/x/;yield*[]}
    async function o5(){await/x/;for await(var x of[]);}
    delete window.o6;
    var o7=1;o7=o7-->0;
    var o8=0;o8<!--o8;\n
    """.strip("\n").splitlines()
)
"""Statements that do nothing, and whose words readers of scripts stumble at."""

TOKENS: Final = tuple(
    token.encode()
    for token in (
        *"( ) { } [ ] ; , . + - * / ? : = ! ` ' \" \\ < > & | $ # @ ~ ^ %".split(),
        *"/* */ // <!-- --> => ?. ?? ... ${ } ++ -- **  #! in of if else new async await yield let var".split(),
        *"return get set static class function this \\u0061 \\x61 \\u{61} /'/ /\"/ /[/]/ 1 0n a async( '' `` {} []".split(),
        "\n", "\r", "\u2028", "\u2029", "\ufeff", "\u00a0", "\x00", "\\\n", "\\\r", "\t", "\f", "\x0b", " ", "\n-->",
        "\n<!--", "*/-->", "//\n", "/*\n*/-->", "`;`", "';'", '";"', "\u180e", "\u0085", "\u200b", "\u200d",
    )
)  # fmt: skip
