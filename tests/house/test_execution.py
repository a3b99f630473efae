"""What is executed is seen in all threads, once for each function."""

from __future__ import annotations

import runpy
from pathlib import Path
from threading import Thread

from house.execution import Profile


def test_functions_of_the_package_are_gathered_in_all_threads(tmp_path: Path) -> None:
    (tmp_path / "shop.py").write_text("def a(): b()\ndef b(): pass\ndef c(): pass\ndef d(): pass\n")
    (tmp_path.parent / "shop.py").write_text("def e(): pass\n")
    inside = runpy.run_path(str(tmp_path / "shop.py"))
    outside = runpy.run_path(str(tmp_path.parent / "shop.py"))
    with Profile(tmp_path) as profile:
        inside["d"]()
        with profile.gathered() as seen:
            inside["a"]()
            inside["b"]()
            outside["e"]()
            thread = Thread(target=inside["c"])
            thread.start()
            thread.join()
        inside["d"]()
    assert seen == {("shop.py", 1, "a"), ("shop.py", 2, "b"), ("shop.py", 3, "c")}
