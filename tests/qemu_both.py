# SPDX-License-Identifier: GPL-2.0
"""exec=both: what Debian's kernels execute translated, compared with the interpreter (docs/debugging.md).

Each block is compared REPEAT times before it may run alone: the kernel's decompressor and its memory tests execute
some blocks millions of times, and each comparison takes thousands of instructions.
"""
from debianboot import kernel_arguments, want_boot
from guestrun import Result, run_romulus
from harness import Failure

GROUPS = {"both", "long"}
REPEAT = 16
TIMEOUT_S = 1500
RUNS_LEAST = 100000


def boot(flavour: str) -> None:
    """To init and power-off; what was compared is many runs, and what was not, few."""
    result = run_romulus(f"both-{flavour}", *kernel_arguments(flavour, "romulus.test=poweroff"), "--vmi=off",
                         "--memory=64M", f"--debug=exec=both,both.repeat={REPEAT}", timeout=TIMEOUT_S)
    want_boot(result, flavour)
    result.want("log", r"^romulus: end status=0")
    result.want_not("log", r"exec=both: from")
    compared = count(result, "runs of translated code compared with the interpreter")
    not_compared = count(result, "runs of translated code that could not be compared")
    if compared < RUNS_LEAST or not_compared > compared // 10:
        raise Failure(f"{compared} runs were compared, {not_compared} were not")


def count(result: Result, text: str) -> int:
    return int(result.want("log", rf"^vm guest: +(\d+) {text}")[1])


def test_boot_686() -> None:
    """Debian's 686 kernel boots to power-off under exec=both, without a difference."""
    boot("686")


def test_boot_686_pae() -> None:
    """Debian's 686-pae kernel boots to power-off under exec=both, without a difference."""
    boot("686-pae")
