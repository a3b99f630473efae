"""The body of a page in a content coding: decoded, rewritten, encoded, in bounded memory."""

from __future__ import annotations

from consentkit.web.response.charset import Stage
from consentkit.web.response.coding import DecodingError, decoder, encoder


class CodedBody:
    """What becomes of one page's coded bytes.

    Args:
        stage: Rewrites the page.
        coding: The content coding around it.

    Attributes:
        broken: Whether the rest was cut off.
    """

    def __init__(self, stage: Stage, coding: bytes) -> None:
        self._stage = stage
        self._decoder = decoder(coding)
        self._encoder = encoder(coding)
        self.broken: bool = False

    def turn(self, data: bytes, more: bool) -> bytes:
        """Turn one message.

        What cannot be decoded is cut off, with everything that follows, and not let through.

        Args:
            data: The bytes of the message.
            more: Whether other messages follow.
        """
        if self.broken:
            return b""
        parts: list[bytes] = []
        try:
            for piece in self._decoder.pieces(data):
                parts += (self._encoder.feed(self._stage.feed(piece)),)
        except DecodingError:
            self.broken = True
            return b"".join(parts)
        if not more:
            parts += (self._encoder.feed(self._stage.close()), self._encoder.close())
        elif data:
            parts.append(self._encoder.flush())
        return b"".join(parts)
