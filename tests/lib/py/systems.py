# SPDX-License-Identifier: GPL-2.0
"""Tests that are Python: each function test_* in tests/qemu_*.py is one.

Such a file may set GROUPS, a set of words to select its tests by.  The first line of a function's
docstring says what it shows.
"""
from importlib import util
from pathlib import Path

from guestrun import ROOT
from harness import Test


def system_tests() -> list[Test]:
    tests = []
    for path in sorted((ROOT / "tests").glob("qemu_*.py")):
        tests += _tests_of(path)
    return tests


def _tests_of(path: Path) -> list[Test]:
    spec = util.spec_from_file_location(path.stem, path)
    module = util.module_from_spec(spec)
    spec.loader.exec_module(module)
    groups = {"system", *getattr(module, "GROUPS", set())}
    short = path.stem.removeprefix("qemu_")
    return [Test(f"system/{short}/{name.removeprefix('test_')}", function, groups)
            for name, function in vars(module).items()
            if name.startswith("test_") and callable(function)]
