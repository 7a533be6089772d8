# SPDX-License-Identifier: GPL-2.0
"""One batch run of tools/romulus as a user would start it, and what came of it."""
from dataclasses import dataclass
from pathlib import Path
import os
import re
import subprocess

from harness import Failure, tail

ROOT = Path(__file__).resolve().parent.parent.parent.parent
LOGS = ROOT / "build" / "test-logs"


@dataclass
class Result:
    """@console is the guest's, @messages what the tool said on stderr, @log the hypervisor's."""
    status: int
    console: str
    messages: str
    log: str

    def want_status(self, status: int) -> None:
        if self.status != status:
            raise Failure(f"exit status {self.status}; expected {status}\n{self._context()}")

    def want(self, where: str, pattern: str) -> re.Match[str]:
        """@pattern must match in "console", "messages" or "log"."""
        match = re.search(pattern, getattr(self, where), re.MULTILINE)
        if not match:
            raise Failure(f"no '{pattern}' in the {where}\n{self._context()}")
        return match

    def want_not(self, where: str, pattern: str) -> None:
        match = re.search(pattern, getattr(self, where), re.MULTILINE)
        if match:
            raise Failure(f"'{match[0]}' in the {where}\n{self._context()}")

    def _context(self) -> str:
        return (f"messages:\n{tail(self.messages, 4)}\nconsole ends:\n{tail(self.console, 6)}\n"
                f"log ends:\n{tail(self.log, 8)}")


def log_path(name: str) -> Path:
    """A file of its own for the test @name, under build/test-logs."""
    LOGS.mkdir(parents=True, exist_ok=True)
    return LOGS / f"{re.sub(r'[^A-Za-z0-9_.-]', '_', name)}.log"


def run_romulus(name: str, *arguments: object, timeout: float = 60) -> Result:
    """tools/romulus run --batch with @arguments; the tool enforces @timeout seconds."""
    log = log_path(name)
    command = ["tools/romulus", "run", "--batch", "--timeout", str(timeout), "--log", str(log),
               *map(str, arguments)]
    done = subprocess.run(command, cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True,
                          timeout=timeout + 60, env=os.environ | {"PYTHONDONTWRITEBYTECODE": "1"},
                          check=False)
    console = done.stdout.decode(errors="replace").replace("\r\n", "\n")
    log.with_suffix(".console").write_text(console)
    return Result(done.returncode, console, done.stderr.decode(errors="replace"),
                  log.read_text(errors="replace").replace("\r\n", "\n") if log.exists() else "")


def check_report(result: Result) -> str:
    """The verdict of one of our test kernels (tests/lib/guest.h): a remark, or Failure."""
    console = result.console
    failures = re.findall(r"^FAIL: .*", console, re.MULTILINE)
    if failures:
        raise Failure(f"{len(failures)} checks failed\n" + "\n".join(failures[:10]))
    passed = len(re.findall(r"^PASS: ", console, re.MULTILINE))
    done = result.want("console", r"^DONE: (\d+) passed, (\d+) failed")
    if int(done[1]) != passed or int(done[2]) or not passed:
        raise Failure(f"'{done[0]}' after {passed} lines PASS")
    return f"{passed} checks"
