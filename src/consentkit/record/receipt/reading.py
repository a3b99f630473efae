"""Reading a receipt: the parts from which all of it can be made again."""

from __future__ import annotations

import json
from typing import Any

import msgspec

from consentkit.exceptions import ProofInvalid
from consentkit.policy import Site
from consentkit.record.receipt.document import Claims
from consentkit.record.receipt.evidence import Evidence, ProvedEntry, ProvedNotice


class _Site(msgspec.Struct):
    controller: str = msgspec.field(name="dpv:hasName", default="")
    contact: str = msgspec.field(name="dpv:hasContact", default="")
    privacy_policy: str = msgspec.field(name="schema:url", default="")


class _Settings(msgspec.Struct):
    address: str = msgspec.field(name="dpv:isExercisedAt")


class _Notice(msgspec.Struct):
    index: int = msgspec.field(name="ck:index")
    day: str = msgspec.field(name="dct:issued")
    body: str = msgspec.field(name="ck:bundle")
    proof: str = msgspec.field(name="ck:proof", default="")

    def proved(self) -> ProvedNotice:
        return ProvedNotice(index=self.index, day=self.day, body=self.body.encode(), proof=self.proof)


class _Entry(msgspec.Struct):
    index: int = msgspec.field(name="ck:index")
    body: str = msgspec.field(name="ck:entry")
    salt: str = msgspec.field(name="ck:salt")
    proof: str = msgspec.field(name="ck:proof", default="")

    def proved(self) -> ProvedEntry:
        salt = bytes.fromhex(self.salt)
        return ProvedEntry(index=self.index, body=self.body.encode(), salt=salt, proof=self.proof)


class Parts(msgspec.Struct):
    """What is read of a receipt: evidence and claims, and none of what follows from them."""

    id: str = msgspec.field(name="dct:identifier")
    at: str = msgspec.field(name="dct:created")
    site: _Site = msgspec.field(name="dct:publisher")
    settings: _Settings = msgspec.field(name="dpv:hasConsentControl")
    notices: list[_Notice] = msgspec.field(name="dpv:hasNotice")
    entries: list[_Entry] = msgspec.field(name="ck:evidence")
    key: str = msgspec.field(name="ck:key", default="")

    def evidence(self) -> Evidence:
        """Return the evidence.

        Raises:
            ValueError: It is not in the log's order, or not spelt as it must be.
        """
        for things in (self.entries, self.notices):
            indexes = [thing.index for thing in things]
            if indexes != sorted(set(indexes)):
                raise ValueError("its entries and notices are not in the log's order")
        return Evidence(
            entries=tuple(entry.proved() for entry in self.entries),
            notices=tuple(notice.proved() for notice in self.notices),
            key=self.key,
        )

    def claims(self) -> Claims:
        """Return what it says without evidence."""
        site = Site(**msgspec.structs.asdict(self.site))
        return Claims(id=self.id, at=self.at, site=site, settings=self.settings.address)


def parse(data: bytes) -> Any:
    """Read JSON in which nothing is said twice.

    Raises:
        ProofInvalid: It is something else.
    """
    try:
        return json.loads(data, object_pairs_hook=_object, parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        raise ProofInvalid("this is not a receipt: it is not JSON, or says the same thing twice") from error


def read_parts(document: object) -> Parts:
    """Find the parts in what `parse` returned.

    Raises:
        ProofInvalid: They are not there.
    """
    try:
        return msgspec.convert(document, type=Parts)
    except msgspec.ValidationError as error:
        raise ProofInvalid("this is not a receipt of a consent log, or not of this version") from error


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise ValueError("a key is there twice")
    return made


def _refuse(constant: str) -> object:
    raise ValueError(f"{constant} is not JSON")
