"""A banner as a file of its own: what was shown, in its own style sheet, and nothing in it that runs."""

from __future__ import annotations

from hashlib import sha256
from typing import Final

import click

from consentkit.banner.markup import escape
from consentkit.dashboard.showing import read_shown, render_shown
from consentkit.log import LogReader

# Inherited by the frame (HTML, "initialising the policy container"); the sandbox forbids the rest.
_POLICY: Final = (
    "default-src 'none'; style-src data: 'unsafe-inline'; img-src data:; form-action 'none'; base-uri 'none'"
)
_STYLE: Final = (
    "html,body{height:100%;margin:0}"
    "body{display:flex;flex-direction:column;font:1rem/1.5 system-ui,sans-serif}"
    "p{margin:0;padding:.5em 1em;overflow-wrap:anywhere;border-bottom:1px solid}iframe{flex:1;border:0}"
)


def page(reader: LogReader, notice: str) -> str | None:
    """Make the HTML page that shows a notice's banner; None where it has none.

    Raises:
        click.ClickException: What the log holds is not what the notice's hash is of.
    """
    body = reader.notice(notice)
    if body is None or sha256(body).hexdigest() != notice:
        raise click.ClickException(f"the notice {notice} is missing, or it was changed")
    shown, document = read_shown(notice, body), render_shown(reader, notice)
    if shown is None or document is None:
        return None
    told = f"Notice {notice}, language {shown.locale}, regime {shown.regime}: the banner as it was shown."
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>The banner as it was shown</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n"
        f"<p>{escape(told)}</p>\n"
        f'<iframe sandbox="" title="The banner" srcdoc="{escape(document)}"></iframe>\n'
        "</body>\n</html>\n"
    )
