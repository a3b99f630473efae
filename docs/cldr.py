"""Write what the package has of CLDR, from Babel: ``.venv/bin/python -m docs.cldr``.

One file for each locale of the package: dates, durations, names of countries. `consentkit.banner.texts`
reads them, so that nobody who uses the package needs Babel. Run it again when Babel has a newer CLDR.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any, Final

import babel
from babel import Locale
from babel.dates import format_date

from consentkit.banner.texts import shipped_locales
from consentkit.policy.duration import UNITS

DATA: Final = Path(__file__).resolve().parent.parent / "src" / "consentkit" / "banner" / "cldr"
LICENCE: Final = Path(babel.__file__).parent / "locale-data" / "LICENSE.unicode"

# Two letters that CLDR names and that are no country's: unions, parts of countries, unknown, pseudo-locales.
_NO_COUNTRIES = frozenset(
    {"AC", "CP", "CQ", "DG", "EA", "EU", "EZ", "IC", "QO", "TA", "UN", "XA", "XB", "ZZ"}
)


def countries() -> list[str]:
    """Return the codes of countries, in the order in which every file names them."""
    known = map(str, Locale("en").territories)
    return sorted(code for code in known if len(code) == 2 and code.isalpha() and code not in _NO_COUNTRIES)


def formats_of(name: str) -> dict[str, Any]:
    """Return the content of a locale's file, as `consentkit.banner.texts.Formats` describes it."""
    locale = Locale.parse(name, sep="-")
    forms = [locale.plural_form(number) for number in range(200)]
    categories = sorted(set(forms[1:]))
    return {
        "dates": [_date(locale, month) for month in range(1, 13)],
        "plurals": "".join(str(categories.index(form)) if form in categories else "0" for form in forms),
        "units": {unit: _unit(locale, unit, categories) for unit in UNITS},
        "countries": [locale.territories[code] for code in countries()],
    }


def _date(locale: Locale, month: int) -> str:
    """Return the long date of a month, with slots for day and year."""
    digits = "{day:02}" if "05" in format_date(date(2034, month, 5), "long", locale) else "{day}"
    written = format_date(date(2034, month, 28), "long", locale)
    return written.replace("28", digits).replace("2034", "{year}")


def _unit(locale: Locale, unit: str, categories: list[str]) -> list[str]:
    """Return the forms of a unit. What has no long form has the short one: CLDR makes one an alias."""
    patterns: Mapping[str, Mapping[str, str]] = locale._data["unit_patterns"][f"duration-{unit}"]
    long, short = patterns.get("long", {}), patterns["short"]

    def form(category: str) -> str:
        found = (width[key] for key in (category, "other") for width in (long, short) if key in width)
        return next(found).replace("{0}", "{n}")

    return [form(category) for category in categories]


def files() -> dict[str, str]:
    """Return the text of every file by its name: a line for each value, so that a change is easy to read."""
    contents = {"countries": countries(), **{name: formats_of(name) for name in sorted(shipped_locales())}}
    return {f"{name}.json": _json(content) for name, content in contents.items()}


def _json(content: object) -> str:
    return json.dumps(content, ensure_ascii=False, indent=0) + "\n"


def main() -> None:
    """Write every file, and the licence of the data."""
    DATA.mkdir(exist_ok=True)
    shutil.copyfile(LICENCE, DATA / "LICENSE")
    for name, text in files().items():
        (DATA / name).write_text(text, "utf-8")


if __name__ == "__main__":
    main()
