"""What visitors see: the banner, the settings page, the link to it, placeholders of embeds, their files."""

from consentkit.banner.assets import Asset, Assets, assets_by_name, read_assets
from consentkit.banner.form import read_choices, read_offered
from consentkit.banner.markup import safe_path
from consentkit.banner.notice import make_notice, render_banner, render_head, render_link
from consentkit.banner.pages import render_message, render_placeholder, render_settings
from consentkit.banner.texts import available_locales

__all__ = [
    "Asset",
    "Assets",
    "assets_by_name",
    "available_locales",
    "make_notice",
    "read_assets",
    "read_choices",
    "read_offered",
    "render_banner",
    "render_head",
    "render_link",
    "render_message",
    "render_placeholder",
    "render_settings",
    "safe_path",
]
