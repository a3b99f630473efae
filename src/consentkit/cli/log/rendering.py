"""A banner as a file of its own: what was shown, in its own style sheet, and nothing in it that runs."""

from __future__ import annotations

from hashlib import sha256
from importlib import resources
from string import Template

import click

from consentkit.banner.markup import escape
from consentkit.consent import Notice
from consentkit.dashboard.showing import render_shown
from consentkit.log import LogReader


def page(reader: LogReader, notice: str) -> str | None:
    """Make the HTML page that shows a notice's banner; None where it has none.

    Raises:
        click.ClickException: What the log holds is not what the notice's hash is of.
    """
    body = reader.notice(notice)
    if body is None or sha256(body).hexdigest() != notice:
        raise click.ClickException(f"the notice {notice} is missing, or it was changed")
    shown, document = Notice.loads(body), render_shown(reader, notice)
    if shown is None or document is None:
        return None
    told = f"Notice {notice}, language {shown.locale}, regime {shown.regime}: the banner as it was shown."
    # The frame inherits the policy (HTML, "initialising the policy container"); its sandbox forbids the rest.
    whole = Template((resources.files("consentkit.cli.log") / "shown.html").read_text("utf-8"))
    return whole.substitute(told=escape(told), document=escape(document))
