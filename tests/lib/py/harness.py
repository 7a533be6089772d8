# SPDX-License-Identifier: GPL-2.0
"""Run tests side by side, print a line for each, and count.

A test is a name and a function.  The function returns a short remark for the line ("12 checks"),
raises Failure with what was wrong, or Skip with why it cannot run here.
"""
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field
import time


class Failure(Exception):
    """What was expected and what was there."""


class Skip(Exception):
    """Why the test cannot run on this machine."""


@dataclass
class Test:
    name: str
    function: Callable[[], str | None]
    groups: set[str] = field(default_factory=set)


@dataclass
class Outcome:
    test: Test
    verdict: str  # "PASS", "FAIL" or "SKIP"
    remark: str
    seconds: float


def _run_one(test: Test) -> Outcome:
    start = time.monotonic()
    try:
        verdict, remark = "PASS", test.function() or ""
    except Skip as reason:
        verdict, remark = "SKIP", str(reason)
    except Failure as failure:
        verdict, remark = "FAIL", str(failure)
    except Exception as error:  # a broken test must not take the others along
        verdict, remark = "FAIL", f"{type(error).__name__}: {error}"
    return Outcome(test, verdict, remark, time.monotonic() - start)


def _print(outcome: Outcome) -> None:
    first, *more = outcome.remark.splitlines() or [""]
    print(f"{outcome.verdict} {outcome.test.name} ({outcome.seconds:.1f} s)"
          f"{': ' + first if first else ''}", flush=True)
    if outcome.verdict != "PASS":
        for line in more:
            print(f"     {line}", flush=True)


def run_all(tests: list[Test], jobs: int) -> int:
    """Run @tests, @jobs at a time; prints everything; returns how many failed."""
    count = {"PASS": 0, "FAIL": 0, "SKIP": 0}
    failed = []
    with ThreadPoolExecutor(jobs) as pool:
        for future in as_completed([pool.submit(_run_one, test) for test in tests]):
            outcome = future.result()
            count[outcome.verdict] += 1
            if outcome.verdict == "FAIL":
                failed.append(outcome.test.name)
            _print(outcome)
    if failed:
        print("failed: " + " ".join(sorted(failed)))
    skipped = f", {count['SKIP']} skipped" if count["SKIP"] else ""
    print(f"{count['PASS']} passed, {count['FAIL']} failed{skipped}", flush=True)
    return count["FAIL"]


def tail(text: str, lines: int = 12) -> str:
    """The last @lines lines of @text, for a failure's remark."""
    return "\n".join(text.rstrip().splitlines()[-lines:])
