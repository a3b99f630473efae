"""Which inline scripts of the corpus pages are held back before a choice, and why: ``python -m bench held``.

Each distinct script once, with its reasons, to be read one by one. With Node on the path those are left out
that its JavaScript engine refuses, since no browser runs them.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Sequence

from bench import corpus
from consentkit.gating import Gate
from consentkit.gating.elements import script_type
from consentkit.policy import Policy
from consentkit.rewriter import Rewriter, Splice, Table, Where, attributes

_ACCEPTS = (
    "try { new (require('vm').Script)(require('fs').readFileSync(0, 'utf8')) } catch { process.exit(1) }"
)


class Scripts:
    """The rewriter's handler: keeps the text of every classic script."""

    names = frozenset((b"script",))
    rare = addressed = Table()
    steady = False

    def __init__(self) -> None:
        self.texts: dict[bytes, None] = {}

    def start_tag(self, raw: bytes, name: bytes, where: Where) -> Sequence[Splice]:
        return ()

    def reads(self, raw: bytes) -> bool:
        return True

    def script(self, raw: bytes, text: bytes, whole: bool, where: Where) -> Sequence[Splice]:
        if script_type(attributes(raw)) == "javascript" and text.strip():
            self.texts[text] = None
        return ()


def main() -> bool:
    """Print them and their number."""
    found, gate = Scripts(), Gate(Policy())
    for path in corpus.paths():
        rewriter = Rewriter(found)
        rewriter.feed(path.read_bytes())
        rewriter.close()
    held = [text for text in found.texts if gate.classifier.analyze(text).reach.reasons]
    node = shutil.which("node")
    if node:
        held = [text for text in held if not subprocess.run([node, "-e", _ACCEPTS], input=text).returncode]
    for number, text in enumerate(held, 1):
        reasons = {
            f"{one.party.vendor or one.party.purpose} ({one.why})"
            for one in gate.classifier.analyze(text).reach.reasons
        }
        print(f"\n--- {number}: {', '.join(sorted(reasons))}\n{text.decode('utf-8', 'replace').strip()}")
    accepted = " that V8 accepts" if node else ""
    print(f"\n{len(found.texts)} inline scripts, {len(held)} of them{accepted} held back")
    return True
