"""Find a Chromium for the tests; run as a program, install one where there is none."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
_MAC = "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"
HOW = "install Chromium (Debian: apt-get install chromium) or name one in the variable CHROMIUM"

# For each window Chromium renders what its address bar might unfold, which costs as much as the page itself.
ADDRESS_BAR = ("WebUIOmniboxPopup", "WebUIOmniboxFullPopup", "WebUIOmniboxAimPopup")
# The last list counts: these are Playwright's.
PLAYWRIGHTS_OWN = (
    "AvoidUnnecessaryBeforeUnloadCheckSync", "DestroyProfileOnBrowserClose", "HttpsUpgrades",
    "HttpsFirstBalancedModeAutoEnable", "LensOverlay", "MediaRouter", "PaintHolding",
    "ThirdPartyStoragePartitioning", "AvoidCorsURLLoaderRestartOnRedirect", "OptimizationHints",
    "NetworkTimeServiceQuerying", "AimEnabled", "PreconnectToSearch",
)  # fmt: skip
ARGUMENTS = [
    f"--disable-features={','.join((*PLAYWRIGHTS_OWN, *ADDRESS_BAR))}",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]


def find() -> str | None:
    """Return the path of a Chromium: the variable CHROMIUM, the system's, or Playwright's own."""
    named = os.environ.get("CHROMIUM")
    candidates: list[str | None] = [named] if named else [shutil.which(name) for name in _NAMES]
    for path in (*candidates, _MAC, _playwrights_own()):
        if path and Path(path).exists():
            return path
    return None


def find_headless() -> str | None:
    """Return the path of a Chromium without windows, which is cheaper, or else of the other one."""
    return (None if os.environ.get("CHROMIUM") else shutil.which("chromium-headless-shell")) or find()


def _playwrights_own() -> str | None:
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:  # as where only benches are run
        return None
    with sync_playwright() as playwright:
        return str(playwright.chromium.executable_path)


def _install() -> None:
    attempts = [[sys.executable, "-m", "playwright", "install", "chromium"]]
    if os.name == "posix" and os.geteuid() == 0 and shutil.which("apt-get"):
        wanted = ("chromium chromium-headless-shell", "chromium")
        tries = " || ".join(f"apt-get install -y -qq {names} >/dev/null" for names in wanted)
        attempts.append(["sh", "-c", f"apt-get update -qq && {{ {tries}; }}"])
    for attempt in attempts:
        print("no Chromium found; trying:", " ".join(attempt), file=sys.stderr)
        if subprocess.run(attempt, check=False, timeout=900).returncode == 0 and find():
            return


def main() -> None:
    """Make sure that there is a Chromium, or say how to get one."""
    if find() is None:
        _install()
    if find() is None:
        print(f"browser tests will be skipped: {HOW}", file=sys.stderr)


if __name__ == "__main__":
    main()
