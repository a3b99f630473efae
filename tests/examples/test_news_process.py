from __future__ import annotations

import os
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from examples.news.settings import PROJECT, Settings, load_secret

COMMAND = [sys.executable, "-m", "examples.news"]


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def _demo(environ: dict[str, str]) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        COMMAND, cwd=PROJECT, env=environ, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def _environ(data: Path, port: int, **more: str) -> dict[str, str]:
    return {**os.environ, "DEMO_DATA": str(data), "PORT": str(port), **more}


def _get(url: str) -> httpx.Response:
    with httpx.Client(transport=httpx.HTTPTransport(retries=6), timeout=20) as client:
        return client.get(url)


@pytest.mark.parametrize("workers", ["1", "2"])
def test_it_serves_both_origins_and_ends_cleanly(tmp_path: Path, workers: str) -> None:
    port = _free_port()
    with _demo(_environ(tmp_path / "data", port, WEB_CONCURRENCY=workers)) as process:
        assert "OduNews" in _get(f"http://127.0.0.1:{port}/").text
        assert "Live hits" in _get(f"http://localhost:{port}/").text
        process.send_signal(signal.SIGINT)
        printed, _ = process.communicate(timeout=20)
    assert process.returncode == 0
    assert f"http://127.0.0.1:{port}/" in printed and f"http://localhost:{port}/" in printed
    assert "Traceback" not in printed
    assert (tmp_path / "data" / "secret").read_text() not in printed
    assert (tmp_path / "data" / "audit-token").read_text() in printed
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind(("127.0.0.1", port))


def test_a_port_in_use_is_said_in_one_line(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with _demo(_environ(tmp_path, port)) as process:
            printed, _ = process.communicate(timeout=20)
    assert process.returncode == 1
    assert len(printed.splitlines()) == 1 and f"port {port}" in printed


@pytest.mark.parametrize("port", ["", "0", "65536", "eighty", "-1", "9" * 5000])
def test_a_wrong_port_is_refused_and_an_empty_one_is_the_default(tmp_path: Path, port: str) -> None:
    environ = {"DEMO_DATA": str(tmp_path), "PORT": port}
    if not port:
        assert Settings.from_environ(environ).port == 8000
        return
    with pytest.raises(ValueError, match="PORT: expected a number from 1 to 65535"):
        Settings.from_environ(environ)


def test_the_key_is_made_once_and_for_its_owner_only(tmp_path: Path) -> None:
    data = tmp_path / "deep" / "data"
    first = Settings.from_environ({"DEMO_DATA": str(data)})
    again = Settings.from_environ({"DEMO_DATA": str(data)})
    assert first.secret == again.secret == load_secret(data)
    assert len(first.secret) >= 32
    assert stat.S_IMODE((data / "secret").stat().st_mode) == 0o600
    assert stat.S_IMODE(data.stat().st_mode) == 0o700
    assert stat.S_IMODE((data / "audit-token").stat().st_mode) == 0o600
    assert first.audit == again.audit != first.secret
    assert sorted(path.name for path in data.iterdir()) == ["audit-token", "secret"]


def test_keys_from_the_environment_win_and_are_never_shown(tmp_path: Path) -> None:
    environ = {"DEMO_DATA": str(tmp_path), "DEMO_SECRET": "new" * 20, "DEMO_SECRET_FALLBACKS": "old, older,"}
    settings = Settings.from_environ({**environ, "DEMO_AUDIT_TOKEN": "token" * 8})
    assert (settings.secret, settings.fallbacks) == ("new" * 20, ("old", "older"))
    assert settings.audit == "token" * 8
    assert not [key for key in ("new", "old", "tokentoken") if key in repr(settings)]
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ValueError, match="DEMO_DATA"):
        Settings.from_environ({"DEMO_DATA": str(tmp_path / "file")})
