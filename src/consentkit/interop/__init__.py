"""Rule files for tools that answer for people: ``autoconsent.json`` and ``consent-o-matic.json``.

They are in the tools' own formats, ready to be sent to them. ``docs/reference/interop.md`` names the hooks
that they rely on.
"""
