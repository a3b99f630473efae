"""What is served of the scripts is what terser makes of them."""

from __future__ import annotations

import pytest

from docs.scripts import PACKAGE, SERVED, TERSER, minified

WITHOUT = "no terser from npm: `make test` installs it (npm must be on the path; Debian: apt-get install npm)"


@pytest.mark.skipif(not TERSER.exists(), reason=WITHOUT)
@pytest.mark.parametrize("script", SERVED)
def test_what_is_served_is_made_of_what_is_written(script: str) -> None:
    served = (PACKAGE / f"{script}.min.js").read_text("ascii")
    assert served == minified(script), "`make scripts` writes it anew"
