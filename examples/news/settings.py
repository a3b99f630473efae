"""The demo's settings, read from the environment."""

from __future__ import annotations

import contextlib
import os
import secrets
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, kw_only=True)
class Settings:
    """One run's port, data folder, keys and number of processes.

    Attributes:
        port: TCP port on the loopback address, 1 to 65535.
        data: Folder of the consent log, the hits and the generated keys; only its owner can enter it.
        secret: Key that signs the decision cookie.
        audit: Token for the auditor's pages; without it there are none.
        fallbacks: Older keys, still accepted.
        workers: Number of server processes.
    """

    port: int
    data: Path
    secret: str = field(repr=False)
    audit: str = field(default="", repr=False)
    fallbacks: tuple[str, ...] = field(default=(), repr=False)
    workers: int = 1

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> Settings:
        """Read PORT, DEMO_DATA, DEMO_SECRET, DEMO_SECRET_FALLBACKS (commas between), DEMO_AUDIT_TOKEN and
        WEB_CONCURRENCY.

        Where they are missing, makes the data folder, and in it the key and the token, which later runs use.

        Raises:
            ValueError: A number is not one, or the folder cannot be made.
        """
        data = _make_folder(Path(environ.get("DEMO_DATA") or PROJECT / "var"))
        fallbacks = environ.get("DEMO_SECRET_FALLBACKS", "").split(",")
        return cls(
            port=_parse_number(environ, "PORT", default=8000, most=65535),
            data=data,
            secret=environ.get("DEMO_SECRET") or load_secret(data),
            audit=environ.get("DEMO_AUDIT_TOKEN") or load_secret(data, "audit-token"),
            fallbacks=tuple(key.strip() for key in fallbacks if key.strip()),
            workers=_parse_number(environ, "WEB_CONCURRENCY", default=1, most=64),
        )


def load_secret(folder: Path, name: str = "secret") -> str:
    """Load the folder's key of that name; make it on first use, readable by its owner only.

    The key is complete before it gets its name, and the first of several processes wins.
    """
    kept = folder / name
    if not kept.exists():
        descriptor, draft = tempfile.mkstemp(dir=folder)
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_urlsafe(48))
        with contextlib.suppress(FileExistsError):
            os.link(draft, kept)
        os.unlink(draft)
    return kept.read_text()


def _make_folder(folder: Path) -> Path:
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise ValueError(f"DEMO_DATA: cannot use the folder {folder}: {error.strerror}") from error
    return folder


def _parse_number(environ: Mapping[str, str], name: str, *, default: int, most: int) -> int:
    text = environ.get(name) or str(default)
    if not (text.isascii() and text.isdigit() and 1 <= int(text[:9]) <= most):
        raise ValueError(f"{name}: expected a number from 1 to {most}, got {text!r}")
    return int(text)
