"""Values shared in this room: parties, reasons, classifications; and the `Renderer` interface."""

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Final, Literal, NamedTuple, Protocol, TypeAlias

from consentkit.rewriter import Attribute, Splice

NO_STUBS: Final = 'data-consentkit-stubs=""'
"""The attribute of the element that loads `stubs_script`, where it defines none."""
Target: TypeAlias = Literal["", "_parent", "_top"]
"""Where the page is, as seen from a placeholder; empty where nothing in it could lead there."""
Unclassified: TypeAlias = Literal["report", "gate", "allow"]
"""The mode for third parties that are in neither policy nor catalog."""

Why = Literal[
    "host", "signature", "marker", "unknown-marker", "unclassified", "list", "word", "program", "cut"
]


class Party(NamedTuple):
    """A vendor, or a whole purpose, whose consent an element needs.

    Attributes:
        vendor: Id of the vendor; empty for a purpose.
        name: The vendor's name as visitors know it; for an unknown marker what the marker says.
        purpose: Id of the purpose; empty where nothing is known, which no consent allows.
        embed: Whether its frames show content, which deserves a placeholder.
        plays: Whether that is video or audio.
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
        title: Its title; empty where it has none.
        poster: Address of a picture of it, which the site gives; empty without one that can be used.
        reach: Whom the picture would reach.
        plays: Whether it is a player's.
    """

    title: str = ""
    poster: str = ""
    reach: Reach = NOTHING
    plays: bool = False


class Part(NamedTuple):
    """One part of a tag that is allowed or made inert independently.

    Attributes:
        reach: What it would reach.
        inert: The edits that make it inert.
        srcdoc: The attribute whose content may be rewritten in place of that.
    """

    reach: Reach = NOTHING
    inert: Sequence[Splice] = ()
    srcdoc: Attribute | None = None


class Classification(NamedTuple):
    """Which parties a tag contacts and the edits that make it inert: a function of its bytes alone.

    Attributes:
        load: What the element itself loads, or whom its marker names.
        others: Scripts and documents in its attributes.
        live: The edits that make it live where everybody is allowed.
        simple: Whether those are insertions without quotes, which may be made anywhere.
        embed: What it says of its content, if it is a frame that visitors see.
        marked: Whether its author said who must be allowed; nothing else counts then.
        list_type: Its type if its content is a list of addresses, such as ``importmap``; empty for others.
        heard: Parties of the address of a marked script, whose vendor calls must be made before it.
        silent: Whether it is a script's tag without an address of a party.
        container: Whose script fills the element.
        language: The page's language by this tag (WHATWG HTML 3.2.6.2), as written; empty where it says none.
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

    The same bytes for every page: which globals to define stands in the ``data-consentkit-stubs`` attribute
    of the element that loads it. It must be loaded by a classic script without ``async`` or ``defer``, so
    that the globals exist before anything that follows. A global that exists is left alone, and a vendor's
    own snippet that runs later takes the place of the stub.
    """
    return b"".join(Path(__file__).with_name(f"{name}.min.js").read_bytes() for name in ("stubs", "guard"))


@cache
def module_script() -> bytes:
    """Return the module whose default export stands in for a vendor's and does nothing."""
    return Path(__file__).with_name("module.js").read_bytes()


class Renderer(Protocol):
    """Renders insertions for gated elements."""

    def name(self, party: Party, *, language: str) -> str:
        """Return what a party is called on a page in that language."""

    def placeholder(
        self, party: Party, embed: Embed, *, target: Target, foreign_base: bool, language: str
    ) -> str:
        """Render the document shown in a gated frame, in HTML.

        Args:
            party: Whom to allow; without a vendor it is a whole purpose.
            embed: What the frame says of its content; its poster may be fetched.
            target: Where the page is, as seen from there.
            foreign_base: Whether the page's base is another origin, which such a document inherits.
            language: The page's language by its own account; empty where it does not say.
        """

    def stubs(self, attributes: str, *, foreign_base: bool) -> bytes:
        """Render ``<script src=… data-consentkit-stubs="…"></script>`` with the URL of `stubs_script`.

        Args:
            attributes: What to define, and what to show a visitor whose form waits for it.
            foreign_base: Whether the page's base is another origin.
        """

    def module(self, *, foreign_base: bool) -> str:
        """Return the URL of `module_script`, safe in JSON; nothing where the page takes no script of ours."""

    def calls(self, attributes: str, *, foreign_base: bool) -> bytes:
        """Render ``<script src=…>`` with the URL of `consentkit.vendorcalls.calls_script`.

        Args:
            attributes: What it is to say, as attributes.
            foreign_base: Whether the page's base is another origin.

        Returns:
            Nothing where the page cannot have such a script.
        """
