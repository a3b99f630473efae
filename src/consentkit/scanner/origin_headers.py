"""Request headers for one origin only, since they may be secret, such as Authorization."""

import re
from base64 import b64encode
from collections.abc import Mapping
from typing import Final
from urllib.parse import unquote_to_bytes

import msgspec

from consentkit.catalog import read_url
from consentkit.exceptions import ConfigurationError

# RFC 9110, sections 5.6.2 and 5.5, of which ASCII.
_NAME: Final = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_VALUE: Final = re.compile(r"[\t\x20-\x7e]*")
_CREDENTIALS: Final = re.compile(r"(?P<scheme>https?://)(?P<credentials>[^/?#\\]*)@", re.I)


class OriginHeaders(msgspec.Struct, frozen=True):
    """Headers that are sent to one origin only (RFC 6454: scheme, host and port).

    Args:
        url: An address of the origin.
        headers: The headers by name.

    Raises:
        ConfigurationError: A name or value is invalid. The message repeats neither.
    """

    url: str
    headers: Mapping[str, str] = {}

    def __post_init__(self) -> None:
        for name, value in self.headers.items():
            if not (_NAME.fullmatch(name) and _VALUE.fullmatch(value)):
                raise ConfigurationError(
                    "expected a header such as X-Name: value; names have letters and hyphens, values ASCII"
                )

    def owns(self, url: str) -> bool:
        """Say whether the headers are sent to an address."""
        return bool(origin(url)) and origin(url) == origin(self.url)

    def added(self, url: str, others: Mapping[str, str]) -> dict[str, str]:
        """Return the headers of a request: `others`, overridden by these for the origin; cookies joined."""
        if not self.owns(url):
            return dict(others)
        sent = {name.lower(): value for name, value in others.items()}
        for name, value in self.headers.items():
            kept = sent.get("cookie", "") if name.lower() == "cookie" else ""
            sent[name.lower()] = f"{kept}; {value}" if kept else value
        return sent


def split_credentials(url: str) -> tuple[str, dict[str, str]]:
    """Split an address into the address without user and password, and their header.

    The address is printed and must not contain them. RFC 3986, section 3.2.1; RFC 7617.
    """
    found = _CREDENTIALS.match(url)
    if found is None:
        return url, {}
    told = b64encode(unquote_to_bytes(found["credentials"])).decode()
    return found["scheme"] + url[found.end() :], {"Authorization": f"Basic {told}"}


def origin(url: str) -> str:
    """Return the origin as browsers write it; empty if it cannot be parsed."""
    read = read_url(url)
    if read is None or not (read.scheme and read.host):
        return ""
    return f"{read.scheme}://{read.host}" + (f":{read.port}" if read.port else "")
