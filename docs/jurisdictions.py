"""Write the table of the page on jurisdictions from the package's data: ``python -m docs.jurisdictions``."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from consentkit.policy.jurisdictions import Jurisdiction, jurisdictions

PAGE = Path(__file__).parent / "reference" / "jurisdictions.md"
BEGIN = "<!-- made by `python -m docs.jurisdictions` -->\n"
END = "<!-- end -->\n"


def page() -> str:
    """Return the page with its table as the data says."""
    before, _, rest = PAGE.read_text("utf-8").partition(BEGIN)
    after = rest.partition(END)[2]
    return f"{before}{BEGIN}\n{''.join(_lines())}\n{END}{after}"


def _lines() -> Iterator[str]:
    table = jurisdictions()
    first = sum(not row.secondary for row in table.rows)
    yield f"{len(table.rows)} places, gathered on {table.date}; {first} are not marked as secondary.\n\n"
    yield "| place | before a choice | days | more | source |\n|---|---|---|---|---|\n"
    for row in table.rows:
        cells = (f"`{row.place}` {row.name}", _regime(row), _days(row), _more(row), _source(row))
        yield f"| {' | '.join(cells)} |\n"


def _regime(row: Jurisdiction) -> str:
    parts = [f"`{row.regime}`", *(f"{name} `{regime}`" for name, regime in row.purposes.items())]
    return ", ".join(parts) + (" if nobody uses the data for itself" if row.without_own_use else "")


def _days(row: Jurisdiction) -> str:
    grant = f"grant ≤ {row.consent_days_max}" if row.consent_days_max else ""
    refusal = f"refusal ≥ {row.refusal_days_min}" if row.refusal_days_min else ""
    return ", ".join(part for part in (grant, refusal) if part)


def _more(row: Jurisdiction) -> str:
    parts = (
        "Sec-GPC binds." if row.gpc_binding else "",
        "Consent after the signal is possible." if row.gpc_override else "",
        'Link "Your Privacy Choices".' if "choices" in row.links else "",
        row.note,
    )
    return " ".join(part for part in parts if part)


def _source(row: Jurisdiction) -> str:
    since = f"; since {row.since}" if row.since else ""
    return f"{row.source}{since}{' [S]' if row.secondary else ''}"


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
