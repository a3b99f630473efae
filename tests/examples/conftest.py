from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from starlette.types import ASGIApp

from examples.news.settings import Settings
from examples.news.site import build

SECRET = "Zq4v-8mWkT1xR6dY_3hLbN7cJ0pSfUe2"


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


HTML = {"accept": "text/html"}


@pytest.fixture
def demo(tmp_path: Path) -> ASGIApp:
    return build(Settings(port=8000, data=tmp_path, secret=SECRET))


@pytest.fixture
async def site(demo: ASGIApp) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app=demo)
    async with httpx.AsyncClient(
        transport=transport, base_url="http://127.0.0.1:8000", headers=HTML
    ) as client:
        yield client


@pytest.fixture
async def collector(demo: ASGIApp) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app=demo)
    async with httpx.AsyncClient(
        transport=transport, base_url="http://localhost:8000", headers=HTML
    ) as client:
        yield client
