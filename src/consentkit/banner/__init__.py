"""What visitors see: the banner, the settings page, the link to it, placeholders of embeds, their files."""

from consentkit.banner.assets import assets_by_name
from consentkit.banner.banner import make_notice, render_banner, render_head, render_link
from consentkit.banner.markup import Where
from consentkit.banner.pages import (
    Placeholder,
    check_templates,
    party_name,
    problem_text,
    render_message,
    render_placeholder,
)
from consentkit.banner.settings import (
    Choice,
    History,
    read_choices,
    read_offered,
    read_ticked,
    render_settings,
)
from consentkit.banner.texts import available_locales, read_words

__all__ = [
    "Choice",
    "History",
    "Placeholder",
    "Where",
    "assets_by_name",
    "available_locales",
    "check_templates",
    "make_notice",
    "party_name",
    "problem_text",
    "read_choices",
    "read_offered",
    "read_ticked",
    "read_words",
    "render_banner",
    "render_head",
    "render_link",
    "render_message",
    "render_placeholder",
    "render_settings",
]
