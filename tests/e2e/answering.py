"""Tools that answer for people, as they are in npm: injected into every document before it is parsed.

An extension injects them in the same way. What is its background script there is a few lines here: it answers
the content script's first message with rules and settings, asks for the self-test when the tool is done, and
keeps all messages.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any, Final

import pytest
from playwright.sync_api import BrowserContext

import consentkit.interop

PACKAGES: Final = Path(sys.prefix) / "node" / "node_modules"
AUTOCONSENT: Final = PACKAGES / "@duckduckgo" / "autoconsent"
"""The tool. Its own tests inject ``dist/autoconsent.playwright.js``; its rules are ``rules/rules.json``."""
CONSENT_O_MATIC: Final = PACKAGES / "autoconsent-with-consent-o-matic"
"""The last release of the same package that also runs rules of Consent-O-Matic."""
HOW: Final = "`make test` installs it where npm is on the path (Debian: apt-get install nodejs npm)"
EVERYTHING: Final = "DABEFX"
"""Every category of Consent-O-Matic."""

_SHIPPED: Final = Path(consentkit.interop.__file__).parent
_BACKGROUND: Final = """
window.autoconsentSendMessage = async message => {
    window.messageOfTheTool(message);
    await 0;
    const answer = (type, rest) => window.autoconsentReceiveMessage({ type, ...rest });
    if (message.type === "init") answer("initResp", given);
    if (message.type === "eval") answer("evalResp", { id: message.id, result: (0, eval)(message.code) });
    if (message.type === "optOutResult" && message.scheduleSelfTest) answer("selfTest");
};
"""
# By itself this engine allows all or nothing: its rules are given the letters that the visitor allows.
_BEFORE_LIBRARY: Final = "const module = { exports: {} };"
_AFTER_LIBRARY: Final = """
class Asked extends module.exports.default {
    addConsentomaticCMP(...rule) {
        super.addConsentomaticCMP(...rule);
        const added = this.rules.at(-1), run = added.executeAction.bind(added);
        added.executeAction = (method, letters) => run(method, letters && given.allowed);
    }
}
const tool = new Asked(window.autoconsentSendMessage);
window.autoconsentReceiveMessage = message => tool.receiveMessageCallback(message);
"""


class Tool:
    """A tool in all pages of one visitor."""

    def __init__(self, context: BrowserContext, script: str, **given: object) -> None:
        self._messages: list[dict[str, Any]] = []
        context.expose_binding("messageOfTheTool", lambda _, message: self._messages.append(message))
        context.add_init_script(f"(given => {{ {_BACKGROUND} {script} }})({json.dumps(given)})")

    def told(self, kind: str) -> list[Any]:
        """Return what messages of a kind say: a result where they have one, else which rule it is."""
        found = [message for message in self._messages if message["type"] == kind]
        return [message.get("result", message.get("cmp")) for message in found]


def shipped(name: str) -> dict[str, Any]:
    """Read a rule file of the package."""
    rules: dict[str, Any] = json.loads((_SHIPPED / name).read_text("utf-8"))
    return rules


def autoconsent(context: BrowserContext, *, ours: bool, action: str = "optOut") -> Tool:
    """Let autoconsent answer, with all its own rules and its heuristics.

    Args:
        context: The visitor.
        ours: Whether it has the package's rule as well.
        action: ``optOut`` or ``optIn``.
    """
    rules = _read(AUTOCONSENT / "rules" / "rules.json")["autoconsent"]
    rules += [shipped("autoconsent.json")] * ours
    config = {"autoAction": action, "heuristicMode": "reject", "enableHeuristicDetection": True}
    script = (AUTOCONSENT / "dist" / "autoconsent.playwright.js").read_text("utf-8")
    return Tool(context, script, config=config, rules={"autoconsent": rules})


def consent_o_matic(context: BrowserContext, *, allowed: str) -> Tool:
    """Let Consent-O-Matic's rules answer, the package's among them.

    Args:
        context: The visitor.
        allowed: Letters of the categories that the visitor allows.
    """
    rules = _read(CONSENT_O_MATIC / "rules" / "consentomatic.json")["consentomatic"]
    rules |= {name: rule for name, rule in shipped("consent-o-matic.json").items() if name[0] != "$"}
    library = (CONSENT_O_MATIC / "dist" / "autoconsent.cjs.js").read_text("utf-8")
    script = f"{_BEFORE_LIBRARY} {library} {_AFTER_LIBRARY}"
    return Tool(context, script, config={}, rules={"consentomatic": rules}, allowed=list(allowed))


def _read(path: Path) -> Any:
    if not path.is_file():
        pytest.skip(f"no autoconsent from npm: {HOW}")
    return json.loads(path.read_text("utf-8"))
