"""Who a receipt speaks of: the controller, the vendors that receive, the visitor."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urljoin

from consentkit.consent import ShownVendor
from consentkit.policy import Site


class Parties:
    """The parties of one receipt; each has an IRI under the receipt's.

    Attributes:
        controller: IRI of the one who is responsible.
        subject: IRI of the visitor.
        settings: IRI of the page where the visitor decides.
    """

    def __init__(self, receipt: str) -> None:
        self._receipt = receipt
        self.controller: str = f"{receipt}#controller"
        self.subject: str = f"{receipt}#subject"
        self.settings: str = f"{receipt}#settings"

    def vendor(self, id: str) -> str:
        """Return a vendor's IRI."""
        return f"{self._receipt}#vendor-{id}"

    def describe_controller(self, site: Site, settings: str) -> Mapping[str, Any]:
        """Say who is responsible, as the policy does: name and address are one text there."""
        policy = urljoin(settings, site.privacy_policy) if site.privacy_policy else ""
        return {
            "@id": self.controller,
            "@type": "dpv:DataController",
            **identified("controller"),
            **_said(
                {
                    "dpv:hasName": site.controller,
                    "dpv:hasAddress": site.controller,
                    "dpv:hasContact": site.contact,
                    "schema:url": policy,
                }
            ),
        }

    def describe_subject(self, id: str) -> Mapping[str, Any]:
        """Say who decided: the random id of a browser."""
        return {"@id": self.subject, "@type": "dpv:DataSubject", **identified(id)}

    def describe_settings(self, address: str) -> Mapping[str, Any]:
        """Say where consent is given and withdrawn."""
        kinds = ["dpv:ProvideConsent", "dpv:WithdrawConsent"]
        return {"@id": self.settings, "@type": kinds, "dpv:isExercisedAt": address}

    def describe_vendor(self, vendor: ShownVendor) -> Mapping[str, Any]:
        """Say who receives. Who makes no own use of the data processes it for the controller."""
        role = "dpv:DataProcessor" if vendor.own_use is False else "dpv:ThirdParty"
        return {
            "@id": self.vendor(vendor.id),
            "@type": ["dpv:Recipient", role],
            **identified(vendor.id),
            **_said(
                {
                    "dpv:hasName": vendor.name,
                    "dpv:hasCountry": f"loc:{vendor.country}" if vendor.country else "",
                    "schema:url": vendor.privacy_policy,
                }
            ),
        }


def identified(id: str) -> Mapping[str, str]:
    """Give an id under both properties: the guide has the one in its tables and the other in its text."""
    return {"dct:identifier": id, "dpv:hasIdentifier": id}


def _said(facts: Mapping[str, str]) -> Mapping[str, str]:
    return {term: fact for term, fact in facts.items() if fact}
