"""Rule files for tools that answer for people: ``autoconsent.json`` and ``consent-o-matic.json``.

They are in the tools' own formats, ready to be sent to them. ``docs/interop.md`` names what they rely on.
"""
