"""What the command line prints: nothing from a page, a log, a file or an error commands the terminal."""

from __future__ import annotations

import io
import json
import os
import re
import subprocess
import sys
import threading
import unicodedata
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import quote

import pytest
from click.testing import CliRunner, Result

from consentkit import scanner
from consentkit.cli.root import root
from consentkit.cli.terminal import one_line, printable
from consentkit.lint import Finding
from consentkit.log import ConsentLog
from consentkit.tlog.note import SigningKey
from log.samples import make_bundle, make_entry

LINK = "\x1b]8;;https://evil.example\x1b\\here\x1b]8;;\x07"
CURSED = f"\x1b[2J\x9b31m\r\x07\u202e\u2066\u200f\u2028\x7f{LINK}"
ORIGIN = "log\x9b31m"
FORGED = "a\nconsent.toml:1: error: rule 1: forged\n::error::forged\n"
OBEYED = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
)


def run(*arguments: object) -> Result:
    return CliRunner().invoke(root, list(map(str, arguments)))


def harmless(result: Result) -> str:
    """Return what a command has said, after looking for what a terminal obeys."""
    assert not OBEYED.search(result.stdout + result.stderr), result.output
    return result.output


@pytest.fixture
def hostile(tmp_path: Path) -> Path:
    """Make a log whose every text is a stranger's."""
    path = tmp_path / "consent.sqlite3"
    with ConsentLog(path, key=str(SigningKey.generate(ORIGIN))) as log:
        log.commit([bundle := make_bundle(CURSED), make_entry(notice=bundle.hash)])
        for name in (f"{CURSED}.example", FORGED, LINK):
            log.observed.add("csp", [f"img-src {name}"], now=1_795_176_000)  # 2026-11-20
        log.write_observations()
    return path


# --- the one place


def test_all_that_a_terminal_obeys_is_spelt_out() -> None:
    """Control characters but tab and newline, what turns the writing, and what is no character."""
    kinds = {chr(code): unicodedata.category(chr(code)) for code in range(0x10000)}
    turning = {char for char in kinds if unicodedata.bidirectional(char)[:2] in ("LR", "RL", "PD", "FS")}
    turning |= {"\u061c", "\u200e", "\u200f", "\u2066", "\u2067"}
    obeyed = {char for char, kind in kinds.items() if kind in ("Cc", "Cs", "Zl", "Zp")} | turning
    for char in obeyed - {"\t", "\n"}:
        assert printable(f"a{char}b") == f"a\\u{ord(char):04x}b"
    for text in ("a\tb\nc", "é", "日本語", "עברית", "עִבְרִית", "🍪", "\u200d"):
        assert printable(text) == text


def test_json_keeps_its_value() -> None:
    text = json.dumps({"said": CURSED}, ensure_ascii=False)
    assert json.loads(printable(text)) == {"said": CURSED}


def test_a_line_stays_one() -> None:
    assert one_line(f"a\tb\r\n{LINK}").splitlines() == [one_line(f"a\tb\r\n{LINK}")]


# --- all that prints


def test_what_a_log_says_of_hosts(hostile: Path) -> None:
    text = harmless(run("csp", "report", "--log", hostile))
    assert "\\u001b]8;;https://evil.example" in text
    assert not [line for line in text.splitlines() if line.startswith(("::", "consent.toml:"))]
    known = json.loads(harmless(run("csp", "report", "--log", hostile, "--json")))
    assert {one["host"] for one in known} >= {LINK, FORGED}


def test_what_a_log_says_of_entries(hostile: Path) -> None:
    for arguments in (("stats",), ("show", "1"), ("show", "0"), ("verify",), ("show", CURSED)):
        harmless(run("log", *arguments, "--log", hostile))


@pytest.mark.parametrize(
    "arguments",
    [
        ("lint", CURSED),
        ("lint", "--url", CURSED),
        ("lint", "--url", f"http://127.0.0.1:1/{CURSED}"),
        ("lint", "--header", CURSED, "--url", "http://127.0.0.1:1/"),
        ("lint", f"--{CURSED}"),
        (CURSED,),
        ("catalog", "show", CURSED),
        ("catalog", "match", f"https://{CURSED}.example/", CURSED),
        ("catalog", "check", CURSED),
        ("check", CURSED),
        ("check", "--log", CURSED),
        ("check", "--log", f"sqlite:///{CURSED}", "--key", CURSED),
        ("csp", "report", "--log", CURSED),
        ("csp", "report", "--log", "x", "--policy", CURSED),
        ("log", "verify", "--log", CURSED),
        ("log", "export", "--log", "x", "--format", CURSED),
        ("log", "verify-receipt", CURSED),
        ("log", "key", "new", "--log", "x", "--origin", CURSED),
    ],
    ids=lambda arguments: " ".join(arguments).encode("unicode_escape").decode()[:40],
)
def test_what_is_wrong_with_the_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...]
) -> None:
    monkeypatch.chdir(tmp_path)
    result = run(*arguments)
    assert result.exit_code and harmless(result)


@pytest.mark.parametrize(
    "command", [("lint",), ("check",), ("catalog", "check"), ("csp", "report", "--log", "log", "--policy")]
)
def test_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: tuple[str, ...]) -> None:
    """Their names, and what is wrong in them."""
    monkeypatch.chdir(tmp_path)
    ConsentLog("log").close()
    name = "\x1b[2J\u202e.toml"
    for text in (
        f'["{quote(LINK)}"]',
        f"{json.dumps(CURSED)} = 1\n[vendors]",
        f"uses = [{json.dumps(CURSED)}]",
    ):
        Path(name).write_text(text, "utf-8")
        assert harmless(run(*command, name))


def test_what_was_given_makes_no_line_of_its_own(tmp_path: Path) -> None:
    """URLs and names of files may come from a stranger's list."""
    assert len(harmless(run("catalog", "match", FORGED)).splitlines()) == 1
    file = tmp_path / "a\n::error::forged.toml"
    file.write_text("")
    assert len(harmless(run("catalog", "check", file)).splitlines()) == 1


class Hostile(BaseHTTPRequestHandler):
    """Answers with texts that command a terminal, wherever a page can have one."""

    def do_GET(self) -> None:
        if self.path.startswith("/away"):
            self.send_response(302)
            self.send_header("location", "http://\x1b]8;;x/")
            self.end_headers()
            return
        page = f'<a href="/_consent/">x</a><script src="https://www.googletagmanager.com/gtm.js?{CURSED}">'
        body = (json.dumps({"gpc": CURSED, CURSED: FORGED}) if "gpc" in self.path else page).encode()
        self.send_response(200)
        self.send_header("content-type", f"text/html; x={LINK}".replace("\x1b", ""))
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Keep quiet."""


@pytest.fixture(scope="module")
def site() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Hostile) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.mark.parametrize("form", ["text", "json", "sarif"])
def test_pages(site: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, form: str) -> None:
    """By what is fetched, by a browser, and in a file that is shown later."""
    monkeypatch.chdir(tmp_path)
    seen = Finding(rule=3, level="error", where=f"{site}/ #{CURSED}", message=FORGED + CURSED, fix=LINK)
    monkeypatch.setattr(scanner, "lint_site", lambda url, **_: [seen])
    text = harmless(run("lint", "--url", f"{site}/{quote(CURSED)}", "--browser", "--format", form))
    assert "evil.example" in text and "rule 1: forged" in text
    assert not [line for line in text.splitlines() if line.startswith(("::", "consent.toml:"))]
    run("lint", "--url", f"{site}/", "--browser", "--format", form, "--output", "report")
    assert not OBEYED.search(Path("report").read_text("utf-8"))
    harmless(run("lint", "--url", f"{site}/away"))


# --- what other programs read


def test_exact_bytes_go_to_a_pipe_and_not_to_a_terminal(hostile: Path) -> None:
    """`leaf`, `export` and the like are byte for byte what they are, but where somebody looks at them."""
    for arguments in (
        ("checkpoint",),
        ("proof", "1"),
        ("leaf", "1"),
        ("export",),
        ("export", "--format=csv"),
    ):
        command = ["log", *arguments, "--log", str(hostile)]
        piped, shown = _process(command), _on_a_terminal(command)
        assert not OBEYED.search(shown.replace("\r\n", "\n"))
        if arguments[0] in ("checkpoint", "proof"):
            assert ORIGIN in piped and "log\\u009b31m" in shown


_PROGRAM = (sys.executable, "-c", "from consentkit.cli import main; main()")


def _process(command: list[str]) -> str:
    return subprocess.run([*_PROGRAM, *command], check=True, capture_output=True).stdout.decode()


def _on_a_terminal(command: list[str]) -> str:
    """Run a command whose standard output is a terminal; return what came there."""
    ours, theirs = os.openpty()
    with open(ours, "rb", buffering=0) as screen:
        with subprocess.Popen([*_PROGRAM, *command], stdout=theirs, stderr=theirs) as process:
            os.close(theirs)
            told = b"".join(iter(lambda: _read(screen.fileno()), b""))
        assert process.returncode == 0, told
    return told.decode()


def _read(descriptor: int) -> bytes:
    try:
        return os.read(descriptor, 1 << 16)
    except OSError:  # the other end was closed
        return b""


def test_streams_that_are_closed_or_in_memory_are_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    said = io.StringIO()
    monkeypatch.setattr(sys, "stdout", said)
    monkeypatch.setattr(sys, "stderr", None)
    with pytest.raises(SystemExit) as ended:
        root(["catalog", "show"])
    assert ended.value.code == 0 and said.getvalue().startswith("necessary")
    assert sys.stdout is said and sys.stderr is None
