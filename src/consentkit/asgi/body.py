"""The body of a page on its way: decoded, rewritten, encoded, message by message and in bounded memory."""

from __future__ import annotations

import logging

from consentkit.asgi.charset import Stage
from consentkit.asgi.coding import DecodingError, decoder, encoder

_logger = logging.getLogger("consentkit")


class Body:
    """What becomes of one page's bytes.

    Args:
        stage: Rewrites the page.
        coding: The content coding around it, nothing for none.

    Attributes:
        broken: Whether the rest was cut off.
    """

    def __init__(self, stage: Stage, coding: bytes) -> None:
        self._stage = stage
        self._decoder = decoder(coding) if coding else None
        self._encoder = encoder(coding) if coding else None
        self._empty = True
        self.broken: bool = False

    def turn(self, data: bytes, more: bool) -> bytes:
        """Turn one message; a page without any byte stays empty.

        What cannot be decoded is cut off, with everything that follows, and not let through.

        Args:
            data: The bytes of the message.
            more: Whether other messages follow.
        """
        self._empty = self._empty and not data
        if self._empty or self.broken:
            return b""
        if self._decoder is None or self._encoder is None:
            out = self._stage.feed(data)
            return out if more else out + self._stage.close()
        parts: list[bytes] = []
        try:
            for piece in self._decoder.pieces(data):
                parts += (self._encoder.feed(self._stage.feed(piece)),)
        except DecodingError:
            self.broken = True
            _logger.error("a page is not in the coding that its Content-Encoding names; it was cut off")
            return b"".join(parts)
        if not more:
            parts += (self._encoder.feed(self._stage.close()), self._encoder.close())
        elif data:
            parts.append(self._encoder.flush())
        return b"".join(parts)
