"""What is put into pages in place of what is gated; the banner's room renders it."""

from __future__ import annotations

from typing import Protocol

from consentkit.gating.embeds import Target
from consentkit.gating.party import Embed, Party


class Renderer(Protocol):
    """What is put into pages in place of what is gated."""

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
