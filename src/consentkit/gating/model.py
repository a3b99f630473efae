"""Values shared in this room: parties, reasons, classifications; and the `Renderer` interface."""

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Final, Literal, NamedTuple, Protocol, TypeAlias

from consentkit.rewriter import Attribute, Splice

NO_STUBS: Final = 'data-consentkit-stubs=""'
"""The attribute of the element that loads `stubs_script` if it defines no stubs."""
Target: TypeAlias = Literal["", "_parent", "_top"]
"""The link target that names the page's window in a placeholder; empty if it cannot be navigated."""
Unclassified: TypeAlias = Literal["report", "gate", "allow"]
"""The mode for third parties that are in neither policy nor catalog."""

Why = Literal[
    "host", "signature", "marker", "unknown-marker", "unclassified", "list", "word", "program", "cut"
]


class Party(NamedTuple):
    """A vendor, or a whole purpose, whose consent an element needs.

    Attributes:
        vendor: Id of the vendor; empty for a purpose.
        name: The vendor's display name; for an unknown marker its text.
        purpose: Id of the purpose; empty if unknown, which no consent allows.
        embed: Whether its frames show content and get a placeholder.
        plays: Whether that content is video or audio.
        stubs: Globals that its inline snippet defines, with the kind of stub for each.
    """

    vendor: str
    name: str
    purpose: str
    embed: bool = True
    plays: bool = False
    stubs: tuple[tuple[str, str], ...] = ()


NOBODY: Final = Party("", "", "", embed=False)
"""The party of unclassified hosts."""


class Reason(NamedTuple):
    """Why an element needs a party's consent.

    Attributes:
        party: The party.
        host: The host that would be contacted, with its port if any; empty if there is none.
        why: How the party was recognised.
        site: ``why="host"``: the host on which the policy declares a path (a first-party proxy); the reason
            then applies on that host's own pages, too, and without ``host`` only there.
            ``why="program"``: the path of the vendor's script.
            ``why="list"``: the host in the list's rule.
        spared: ``why="list"``: sites on whose pages the rule does not apply.
    """

    party: Party
    host: str
    why: Why
    site: str = ""
    spared: tuple[str, ...] = ()


CUT: Final = Reason(NOBODY, "", "cut")
"""The reason for an element that was too long to be read."""


class Reach(NamedTuple):
    """The parties and hosts that some bytes contact, whatever the consent.

    Attributes:
        reasons: The parties that must be allowed.
        hosts: Unclassified third parties.
        unreadable: Whether a part could not be parsed, so that there may be more.
    """

    reasons: tuple[Reason, ...] = ()
    hosts: tuple[str, ...] = ()
    unreadable: bool = False


NOTHING: Final = Reach()


class Embed(NamedTuple):
    """Description of a frame's content, for its placeholder.

    Attributes:
        title: Its title; empty if it has none.
        poster: Address of its picture, as given by the site; empty if there is none that can be used.
        reach: The parties and hosts that the picture would contact.
        plays: Whether it is a player.
    """

    title: str = ""
    poster: str = ""
    reach: Reach = NOTHING
    plays: bool = False


class Part(NamedTuple):
    """One part of a tag that is allowed or made inert independently.

    Attributes:
        reach: The parties and hosts that it would contact.
        inert: The edits that make it inert.
        srcdoc: The ``srcdoc`` attribute, if its document can be rewritten instead.
    """

    reach: Reach = NOTHING
    inert: Sequence[Splice] = ()
    srcdoc: Attribute | None = None


class Classification(NamedTuple):
    """Which parties a tag contacts and the edits that make it inert: a function of its bytes alone.

    Attributes:
        load: What the element itself loads, or the parties in its marker.
        others: Scripts and documents in its attributes.
        live: The edits that make it live if all its parties are allowed.
        simple: Whether those are insertions without quotes, which are safe anywhere.
        embed: Description of its content, if it is a visible frame.
        marked: Whether its marker is trusted; then nothing else counts.
        list_type: Its type if its content is a list of addresses, such as ``importmap``; empty for others.
        heard: Parties of the address of a marked script: their vendor calls must come before it.
        silent: Whether it is a script's tag without an address of a party.
        container: The party whose script fills the element.
        language: The page's language in this tag (WHATWG HTML 3.2.6.2), as written; empty if there is none.
    """

    load: Part = Part()
    others: tuple[Part, ...] = ()
    live: Sequence[Splice] = ()
    simple: bool = True
    embed: Embed | None = None
    marked: bool = False
    list_type: str = ""
    heard: tuple[Reason, ...] = ()
    silent: bool = False
    container: Party | None = None
    language: str = ""


def join(parts: Sequence[Reach]) -> Reach:
    """Merge the reach of several parts, without duplicates, in order."""
    if len(parts) == 1:
        return parts[0]
    return Reach(
        tuple(dict.fromkeys(reason for part in parts for reason in part.reasons)),
        tuple(dict.fromkeys(host for part in parts for host in part.hosts)),
        any(part.unreadable for part in parts),
    )


@cache
def stubs_script() -> bytes:
    """Return the script that defines stubs, to be served from the site's own origin.

    It is the same for every page: the ``data-consentkit-stubs`` attribute of its element lists the globals to
    define. It must be loaded by a classic script without ``async`` or ``defer``, so that the globals exist
    before later scripts run. Existing globals are kept, and a vendor's own snippet replaces the stub.
    """
    return b"".join(Path(__file__).with_name(f"{name}.min.js").read_bytes() for name in ("stubs", "guard"))


@cache
def module_script() -> bytes:
    """Return the module that replaces a vendor's; its default export does nothing."""
    return Path(__file__).with_name("module.js").read_bytes()


class Renderer(Protocol):
    """Renders insertions for gated elements."""

    def name(self, party: Party, *, language: str) -> str:
        """Return the display name of a party on a page in that language."""

    def placeholder(
        self, party: Party, embed: Embed, *, target: Target, foreign_base: bool, language: str
    ) -> str:
        """Render the document shown in a gated frame, in HTML.

        Args:
            party: The party to allow; without a vendor it is a whole purpose.
            embed: The description of the frame's content; its poster may be fetched.
            target: The link target that names the page's window.
            foreign_base: Whether the page's base URL, which such a document inherits, is another origin.
            language: The page's language; empty if unknown.
        """

    def stubs(self, attributes: str, *, foreign_base: bool) -> bytes:
        """Render ``<script src=… data-consentkit-stubs="…"></script>`` with the URL of `stubs_script`.

        Args:
            attributes: The stubs to define, and the placeholder for a form that waits for one.
            foreign_base: Whether the page's base URL is another origin.
        """

    def module(self, *, foreign_base: bool) -> str:
        """Return the URL of `module_script`, safe in JSON; empty if the site's CSP blocks our scripts."""

    def calls(self, attributes: str, *, foreign_base: bool) -> bytes:
        """Render ``<script src=…>`` with the URL of `consentkit.vendorcalls.calls_script`.

        Args:
            attributes: The calls, as attributes.
            foreign_base: Whether the page's base URL is another origin.

        Returns:
            Empty if the page cannot have such a script.
        """
