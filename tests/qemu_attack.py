# SPDX-License-Identifier: GPL-2.0
"""Attacks that take more than a guest: another VM beside it, the hypervisor's symbols, NMIs."""
import random
import re
import socket
import subprocess
import threading
import time

from guestrun import LOGS, ROOT, Result, check_report, run_romulus
from harness import Failure
from images import FILES, store

GROUPS = {"attack"}
GUESTS = ROOT / "build" / "guests"


def symbol(name: str) -> int:
    """Linear address of @name in the hypervisor."""
    table = subprocess.run(["nm", ROOT / "build" / "romulus.elf"], capture_output=True, text=True,
                           check=True).stdout
    match = re.search(rf"^([0-9a-f]+) \w {name}$", table, re.MULTILINE)
    if not match:
        raise Failure(f"build/romulus.elf has no symbol {name}")
    return int(match[1], 16)


def breakpoints_on(name: str, start: int, end: int) -> str:
    result = run_romulus(f"attack-debug-{name}", f"--kernel={GUESTS / 'vmi-attack-debug.elf'}",
                         "--memory=16M", f"--append=from={start:x} to={end:x}", timeout=100)
    result.want_status(0)
    return check_report(result)


def test_breakpoints_on_host_stack() -> str:
    """A guest's data breakpoints on the linear addresses of the host's stack."""
    top = symbol("boot_stack_top")
    return breakpoints_on("stack", top - 0x1000, top)


def test_breakpoints_on_switch_data() -> str:
    """The same on the variables of the world switch."""
    at = symbol("switch_host_esp")
    return breakpoints_on("switch", at - 0x80, at + 0x80)


def run_two(name: str, bad: str, good: str, bad_settings: str = "", timeout: float = 60) -> Result:
    """A VM "bad" of the test kernel @bad without console, beside one "good" of @good."""
    path = store(f"attack-{name}.conf",
                 f"vm bad {{\n\tkernel = bad\n\tmemory = 16M\n\tconsole = none\n{bad_settings}}}\n"
                 "vm good {\n\tkernel = good\n\tmemory = 16M\n\tappend = \"seconds=3\"\n}\n")
    return run_romulus(f"attack-{name}", f"--conf={path}", f"--module=bad={GUESTS / bad}.elf",
                       f"--module=good={GUESTS / good}.elf", "--host-memory=128M", timeout=timeout)
