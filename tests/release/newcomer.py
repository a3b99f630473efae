"""Somebody who follows the documentation word for word: an empty folder, a shell, and the wheel."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import time
import venv
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import EntryPoint, distributions
from pathlib import Path

import httpx

from docs.documents import Example
from e2e.serving import free_port
from e2e.waiting import PATIENCE

SERVERS = ("uvicorn ",)
"""What begins a command that goes on until it is stopped."""

_COMMANDS = ("pip", "uvicorn", "django-admin", "pytest")
_OURS = ("consentkit", "_consentkit", "__editable__")


def make_environment(place: Path) -> None:
    """Make a virtual environment that sees what is installed here but this package, and has some commands."""
    venv.create(place, symlinks=True)
    packages, others = Path(sysconfig.get_path("purelib")), place / "others"
    others.mkdir()
    for path in packages.iterdir():
        if not path.name.startswith(_OURS) and path.suffix != ".pth":
            (others / path.name).symlink_to(path)
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    (place / "lib" / version / "site-packages" / "others.pth").write_text(str(others))
    for found in distributions(path=[str(packages)]):
        for entry in found.entry_points.select(group="console_scripts"):
            if entry.name in _COMMANDS:
                _make_command(place / "bin", entry)


def _make_command(folder: Path, entry: EntryPoint) -> None:
    script = folder / entry.name
    start = f"from {entry.module} import {entry.attr}\nsys.exit({entry.attr}())\n"
    script.write_text(f"#!{folder / 'python'}\nimport sys\n{start}")
    script.chmod(0o755)


class Newcomer:
    """Somebody with a shell in an empty folder.

    Args:
        folder: Where the empty folder is made.
        place: The virtual environment.
        dist: The folder of the wheel, from which alone pip installs.
    """

    def __init__(self, folder: Path, place: Path, dist: Path) -> None:
        self.folder = folder / "new"
        self.folder.mkdir()
        self.port = free_port()
        self.said = ""
        own = {
            name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "CONSENT"))
        }
        self.environment = {
            **own,
            "PATH": f"{place / 'bin'}{os.pathsep}{os.environ['PATH']}",
            "VIRTUAL_ENV": str(place),
            "HOME": str(folder),
            "PIP_NO_INDEX": "1",
            "PIP_NO_COMPILE": "1",
            "PIP_FIND_LINKS": str(dist),
            "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",  # who begins has none
            "UVICORN_PORT": str(self.port),
        }

    def write(self, block: Example) -> None:
        """Write a block to the file that its first line names."""
        first, _, _ = block.text.partition("\n")
        path = self.folder / first.removeprefix("# ")
        assert first == f"# {path.relative_to(self.folder)}", f"a block without a file's name: {first!r}"
        path.parent.mkdir(exist_ok=True)
        path.write_text(block.text, "utf-8")

    def type(self, line: str) -> str:
        """Type a line into the shell, which remembers what was exported; return what it says."""
        kept = self.folder.parent / "exported"
        command = ["bash", "-c", f'{line}\nended=$?\nenv -0 > "{kept}"\nexit $ended']
        done = subprocess.run(command, cwd=self.folder, env=self.environment, capture_output=True, text=True)
        assert done.returncode == 0, f"{line}\n{done.stdout}{done.stderr}"
        self.said = done.stdout + done.stderr
        pairs = (pair.partition("=") for pair in kept.read_text("utf-8").split("\0") if pair)
        self.environment = {name: value for name, _, value in pairs}
        return self.said

    @contextmanager
    def served(self, line: str) -> Iterator[httpx.Client]:
        """Type a line that starts a server; it is stopped in the end, and must stop well."""
        log = self.folder.parent / "server"
        with log.open("w") as said:
            command = ["bash", "-c", f"exec {line}"]
            server = subprocess.Popen(
                command, cwd=self.folder, env=self.environment, stdout=said, stderr=subprocess.STDOUT
            )
        try:
            with httpx.Client(
                base_url=f"http://127.0.0.1:{self.port}", headers={"accept": "text/html"}
            ) as client:
                _wait_for(client, server, log)
                yield client
        finally:
            server.terminate()
            try:
                server.wait(PATIENCE)
            finally:
                server.kill()
        assert "Traceback" not in log.read_text(), log.read_text()


def _wait_for(client: httpx.Client, server: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + PATIENCE
    while True:
        assert server.poll() is None and time.monotonic() < end, log.read_text()
        try:
            client.get("/")
        except httpx.TransportError:
            time.sleep(0.05)
        else:
            return
