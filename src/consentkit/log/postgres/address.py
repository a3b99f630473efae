"""Where a PostgreSQL log is: a database's URL, and the schema in it that holds the log."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

import msgspec
from psycopg import ProgrammingError
from psycopg.conninfo import conninfo_to_dict

from consentkit.exceptions import ConfigurationError

SCHEMA = "consentkit"
"""Where the URL names no other."""

_SCHEMA_NAME = re.compile(r"[a-z_][a-z0-9_]{0,62}")

# What the URL may say otherwise. A peer that has vanished is given up after some fifteen seconds.
_DEFAULTS: Mapping[str, Any] = {
    "application_name": "consentkit",
    "client_encoding": "utf8",
    "connect_timeout": 3,
    "keepalives_idle": 5,
    "keepalives_interval": 5,
    "keepalives_count": 2,
    "tcp_user_timeout": 15_000,
}


class Address(msgspec.Struct, frozen=True, kw_only=True):
    """A log's place.

    Attributes:
        parameters: What libpq connects with; a password may be among them.
        schema: A name that needs no quotes.
    """

    parameters: Mapping[str, Any]
    schema: str

    def __repr__(self) -> str:
        return f"Address(schema={self.schema!r})"


def read_address(url: str) -> Address:
    """Read a log's URL: one of libpq, to which ``schema=name`` may be added.

    Raises:
        ConfigurationError: It is none. Nothing of it is repeated: it may hold a password.
    """
    base, _, query = url.partition("?")
    fields = [field for field in query.split("&") if field]
    names = [unquote(field.removeprefix("schema=")) for field in fields if field.startswith("schema=")]
    rest = "&".join(field for field in fields if not field.startswith("schema="))
    schema = names[-1] if names else SCHEMA
    if not _SCHEMA_NAME.fullmatch(schema) or schema.startswith("pg_"):
        raise ConfigurationError("expected a schema's name in small ASCII letters, digits and _", path="log")
    try:
        parameters = conninfo_to_dict(f"{base}?{rest}" if rest else base)
    except ProgrammingError:
        raise ConfigurationError(
            "expected postgresql://user@host/database, where special characters of names and passwords are"
            " written as %XX",
            path="log",
        ) from None
    return Address(parameters=dict(_DEFAULTS) | parameters, schema=schema)
