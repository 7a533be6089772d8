# SPDX-License-Identifier: GPL-2.0
"""Tests that are programs: the host unit tests (Check) and the style checks."""
from pathlib import Path
import functools
import os
import re
import subprocess

from guestrun import LOGS, ROOT
from harness import Failure, Skip, Test, tail

UNIT_TIMEOUT_S = 300
STYLE_CHECKS = ["check-layers", "check-headers", "check-files", "check-docs", "stackuse"]


def _run(name: str, command: list[str], timeout: float) -> str:
    """Its output; Failure if it fails.  The output also goes to build/test-logs."""
    LOGS.mkdir(parents=True, exist_ok=True)
    log = LOGS / f"{name.replace('/', '-')}.log"
    # Check's time limit is for machines that do nothing else.
    environment = {"CK_TIMEOUT_MULTIPLIER": "10"} | os.environ
    with open(log, "wb") as output:
        try:
            done = subprocess.run(command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=output,
                                  stderr=subprocess.STDOUT, timeout=timeout, env=environment,
                                  check=False)
        except FileNotFoundError:
            raise Failure(f"{command[0]} is not built") from None
        except subprocess.TimeoutExpired:
            raise Failure(f"no end after {timeout} s\n{tail(log.read_text(errors='replace'))}") from None
    text = log.read_text(errors="replace")
    if done.returncode:
        raise Failure(f"status {done.returncode}\n{tail(text, 30)}")
    return text


def _unit(name: str, program: Path) -> str:
    text = _run(name, [str(program)], UNIT_TIMEOUT_S)
    if skipped := re.fullmatch(r"skipped: (.*)\n", text):
        raise Skip(skipped[1])
    count = re.search(r"Checks: (\d+), Failures: 0, Errors: 0", text)
    if not count or count[1] == "0":
        raise Failure(f"expected Check's line with 'Failures: 0, Errors: 0'\n{tail(text)}")
    return f"{count[1]} tests"


def unit_tests() -> list[Test]:
    names = sorted(path.stem for path in (ROOT / "tests" / "unit").glob("test_*.c"))
    tests = []
    for name in names:
        for host in ("host32", "host64"):
            full = f"unit/{host}/{name}"
            program = ROOT / "build" / host / name
            tests.append(Test(full, functools.partial(_unit, full, program), {"unit"}))
    return tests


def _style(name: str) -> str:
    text = _run(f"style/{name}", [f"tools/{name}"], 120)
    return text.strip().splitlines()[-1] if text.strip() else ""


def style_checks() -> list[Test]:
    return [Test(f"style/{name}", functools.partial(_style, name), {"style"})
            for name in STYLE_CHECKS]
