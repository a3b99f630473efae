"""Builds of the frameworks from npm, made once for each state of their sources."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from pathlib import Path

from frameworks.story import HERE

CACHE = HERE.parents[1] / ".cache" / "frameworks"
_QUIET = {
    "ASTRO_TELEMETRY_DISABLED": "1",
    "CI": "1",
    "NEXT_TELEMETRY_DISABLED": "1",
    "NG_CLI_ANALYTICS": "false",
    "NUXT_TELEMETRY_DISABLED": "1",
}


def install(name: str) -> Path:
    """Return a folder with a framework's sources and the packages that its lock file pins.

    Raises:
        subprocess.CalledProcessError: npm failed.
        FileNotFoundError: There is no npm.
    """
    source, folder = HERE / name, CACHE / name
    lock, done = source / "package-lock.json", folder / ".installed"
    pinned = hashlib.sha256(lock.read_bytes()).hexdigest()
    if not done.exists() or done.read_text() != pinned:
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(source, folder)
        _npm(folder, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error")
        done.write_text(pinned)
    return folder


def build(name: str, output: str) -> Path:
    """Return the folder of pages that a framework makes from its sources.

    Raises:
        subprocess.CalledProcessError: npm failed.
        FileNotFoundError: There is no npm.
    """
    folder = install(name)
    inputs = [HERE / "story.json", *sorted(path for path in (HERE / name).rglob("*") if path.is_file())]
    state = hashlib.sha256(b"".join(path.read_bytes() for path in inputs)).hexdigest()
    done = folder / ".built"
    if not done.exists() or done.read_text() != state:
        shutil.rmtree(folder / output, ignore_errors=True)
        shutil.copytree(HERE / name, folder, dirs_exist_ok=True)
        shutil.copy(HERE / "story.json", folder)
        _npm(folder, "run", "build")
        done.write_text(state)
    return folder / output


def _npm(folder: Path, *arguments: str) -> None:
    """Run npm, which is heard only if it fails."""
    command = ["nice", "-n", "10", "npm", *arguments]
    try:
        subprocess.run(command, cwd=folder, env={**os.environ, **_QUIET}, check=True, capture_output=True)
    except subprocess.CalledProcessError as error:
        print((error.stdout + error.stderr).decode("utf-8", "replace")[-4000:])
        raise
