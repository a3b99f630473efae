"""Lists of hosts in a policy, and what their files say."""

from __future__ import annotations

from collections.abc import Collection
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec

from consentkit.exceptions import ConfigurationError
from consentkit.policy.reading import check_purpose_id, read_table
from consentkit.policy.tables import NECESSARY

if TYPE_CHECKING:
    from consentkit.catalog.hostlist import HostList

MAX_LIST: Final = 32 * 2**20
"""Bytes of one list."""


class ListFile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, dict=True):
    """A list of hosts that others publish.

    Attributes:
        file: Path of a hosts file, of domains one a line, or of a filter list, in UTF-8.
        purpose: Id of the purpose under which its hosts are held back.
    """

    file: str
    purpose: str

    @cached_property
    def hosts(self) -> HostList:
        """Return what stands in the file; read once.

        Raises:
            OSError: The file cannot be read.
            ValueError: It is not UTF-8, or larger than `MAX_LIST`.
        """
        from consentkit.catalog.hostlist import HostList  # who names no list does not pay for it

        with Path(self.file).open("rb") as source:
            data = source.read(MAX_LIST + 1)
        if len(data) > MAX_LIST:
            raise ValueError(f"{self.file} is larger than {MAX_LIST >> 20} MiB")
        return HostList(data.decode("utf-8-sig"))


def read_lists(value: object, purposes: Collection[str]) -> tuple[ListFile, ...]:
    """Read the key `lists` and the files that it names.

    Raises:
        ConfigurationError: It is no list of tables, a purpose is none that can be denied, or a file cannot be
            read.
    """
    if not isinstance(value, (list, tuple)) or any(isinstance(entry, str) for entry in value):
        problem = 'expected tables such as [{ file = "easyprivacy.txt", purpose = "marketing" }]'
        raise ConfigurationError(problem, path="lists")
    lists = tuple(read_table(entry, ListFile, path=f"lists[{at}]") for at, entry in enumerate(value))
    # A list of what is necessary would hold nobody back.
    deniable = [purpose for purpose in purposes if purpose != NECESSARY]
    for at, entry in enumerate(lists):
        check_purpose_id(entry.purpose, deniable, path=f"lists[{at}].purpose")
        try:
            _ = entry.hosts
        except (OSError, ValueError) as error:
            raise ConfigurationError(f"cannot read the list: {error}", path=f"lists[{at}].file") from error
    return lists
