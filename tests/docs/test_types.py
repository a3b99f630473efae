"""The documented lines pass a strict type checker, whatever the framework."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import consentkit
from docs.documents import ROOT, examples, find_page

# Examples leave out annotations that say nothing to their reader. Django has none.
STRICT = (
    "--strict",
    "--allow-untyped-defs",
    "--allow-untyped-calls",
    "--allow-any-generics",
    "--allow-subclassing-any",
    "--allow-redefinition",
    "--disable-error-code=import-untyped",
    "--disable-error-code=untyped-decorator",
    "--config-file=",
)


def test_the_documented_lines_pass_a_type_checker(tmp_path: Path) -> None:
    files = []
    for document in (ROOT / "README.md", find_page("quickstart"), find_page("middleware")):
        for number, example in enumerate(examples(document, "python")):
            if "a2wsgi" in example.text:  # whose types do not take Flask's
                continue
            # A block that says in which file it belongs stands for itself; others go on from those before.
            alone = re.match(r"# \S+\.py\n", example.text)
            file = tmp_path / f"{document.stem.lower()}_{number if alone else 'all'}.py"
            with file.open("a", encoding="utf-8") as lines:
                lines.write(example.text)
            files.append(file)
    assert len(set(files)) >= 7
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "mypy",
            *STRICT,
            f"--cache-dir={ROOT / '.mypy_cache' / 'docs'}",
            *dict.fromkeys(files),
        ],
        env={"MYPYPATH": str(Path(consentkit.__file__).parents[1])},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
