"""The ASGI application that server processes import: ``uvicorn examples.news.app:app``."""

from __future__ import annotations

import os

from examples.news.settings import Settings
from examples.news.site import build

app = build(Settings.from_environ(os.environ))
