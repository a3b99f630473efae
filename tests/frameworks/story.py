"""What every page shows, and the tag that it loads."""

from __future__ import annotations

import json
from pathlib import Path

HERE = Path(__file__).resolve().parent
STORY: dict[str, str] = json.loads((HERE / "story.json").read_text("utf-8"))
TAG_URL = "https://www.googletagmanager.com/gtag/js?id=G-1"
TAG_CODE = """window.dataLayer = window.dataLayer || [];
function gtag(){dataLayer.push(arguments);}
gtag('js', new Date()); gtag('config', 'G-1');"""
TAG = f'<script async src="{TAG_URL}"></script><script>{TAG_CODE}</script>'
