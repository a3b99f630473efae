"""The four purposes that every policy has."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec.structs import replace

from consentkit.policy.tables import NECESSARY, Purpose

DEFAULT_PURPOSES: Mapping[str, Purpose] = {
    purpose.id: purpose
    for purpose in (
        Purpose(
            id=NECESSARY,
            title="Necessary",
            description="Keeps the site working: signing in, security, and remembering this choice.",
            sale=False,
        ),
        Purpose(
            id="functional",
            title="Extras",
            description="Embedded content and conveniences, such as videos, maps and your preferences.",
            sale=False,
        ),
        Purpose(
            id="analytics",
            title="Statistics",
            description="Counts visits and shows what is read, so that the site can be improved.",
            sale=False,
        ),
        Purpose(
            id="marketing",
            title="Advertising",
            description="Lets advertisers and social networks recognise you on this site and elsewhere.",
            sale=True,
        ),
    )
}


def with_default(purpose: Purpose) -> Purpose:
    """Fill in what a purpose leaves open from the default purpose of its name, if there is one."""
    base = DEFAULT_PURPOSES.get(purpose.id, Purpose(sale=False))
    return replace(
        purpose,
        title=purpose.title or base.title,
        description=purpose.description or base.description,
        sale=base.sale if purpose.sale is None else purpose.sale,
    )
