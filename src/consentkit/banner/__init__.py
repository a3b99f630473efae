"""The user interface: banner, settings page, link to it, placeholders of embeds, and their files.

One file per part: `banner.banner` has banner and link, `banner.settings` the settings page and its form,
`banner.pages` messages and placeholders. Markup is in `templates/`, texts in `locales/`, styles and the
script in `static/`.
"""
