# SPDX-License-Identifier: GPL-2.0
"""The exit profile at the end of a log (arch/x86/x86_profile.h), by the guest's functions.

Symbols come from a System.map, a copy of the guest's /proc/kallsyms, or an ELF file such as vmlinux.
An address in none of them, user code's mostly, is counted by its page.
"""
from bisect import bisect_right
from collections import Counter
from pathlib import Path
import re
import subprocess

from lib.paths import UserError

ENTRY = re.compile(r"^vm ([\w-]+): profile: (\d+) ([0-9a-f]{8}) (.+?)\s*$", re.MULTILINE)
REST = re.compile(r"^vm ([\w-]+): profile: (\d+ not shown, of \d+; .*?)\s*$", re.MULTILINE)
SYMBOL = re.compile(r"^([0-9a-f]+) [tTwWvV] (\S+)", re.MULTILINE)
FARTHEST = 1 << 16  # behind its symbol; no function is longer


class Symbols:
    """Names for addresses; without @path none has one."""

    def __init__(self, path: Path | None):
        found = SYMBOL.findall(_listing(path)) if path else []
        if path and not found:
            raise UserError(f"--symbols {path} has no symbols of functions")
        pairs = sorted((int(address, 16), name) for address, name in found)
        if pairs and not pairs[-1][0]:
            raise UserError(f"--symbols {path}: all addresses are 0; read /proc/kallsyms as root")
        self.addresses = [address for address, _ in pairs]
        self.names = [name for _, name in pairs]

    def name(self, address: int) -> str:
        index = bisect_right(self.addresses, address) - 1
        if index >= 0 and address - self.addresses[index] < FARTHEST:
            return self.names[index]
        return f"{address & ~0xfff:08x}+"


def _listing(path: Path) -> str:
    with open(path, "rb") as file:
        if file.read(4) != b"\x7fELF":
            return path.read_text(errors="replace")
    done = subprocess.run(["nm", "--", str(path)], capture_output=True, text=True, check=False)
    if done.returncode:
        raise UserError(f"--symbols {path}: {done.stderr.strip()}")
    return done.stdout


def table(log: str, symbols: Symbols, lines: int) -> list[str]:
    """The @lines most frequent (function, kind) of each VM in @log, as text; empty without any."""
    counts: dict[str, Counter] = {}
    for vm, count, address, kind in ENTRY.findall(log):
        key = symbols.name(int(address, 16)), kind
        counts.setdefault(vm, Counter())[key] += int(count)
    text = []
    for vm, counter in counts.items():
        text.append(f"exits of vm {vm} by place:")
        text += [f"{count:12} {name:36} {kind}" for (name, kind), count in counter.most_common(lines)]
        text += [f"  ({rest})" for name, rest in REST.findall(log) if name == vm]
    return text
