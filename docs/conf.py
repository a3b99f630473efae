"""How the documentation is built: ``make docs``. No network is needed."""

from __future__ import annotations

from consentkit import __version__

project = "consentkit"
author = "the consentkit developers"
copyright = "2026, the consentkit developers"
version = release = __version__

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
exclude_patterns = ["_build"]

html_theme = "furo"
html_title = f"consentkit {release}"
html_show_sphinx = False

myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3

autodoc_typehints = "none"
autodoc_member_order = "bysource"
napoleon_google_docstring = True
napoleon_numpy_docstring = False
napoleon_use_ivar = True
# Types in docstrings' "Raises" and bases outside this package have no page here.
nitpick_ignore_regex = [("py:.*", r"(?!consentkit\.).*"), ("py:.*", r"consentkit\..*\..*")]
