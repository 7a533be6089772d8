# SPDX-License-Identifier: GPL-2.0
"""Executed instructions by address, from QEMU with the plugin tools/plugin/hvcount.c.

The ranges are those of a PC that runs Romulus: the image and the gate's text by address, ROM and
translation cache as a whole, the rest is the guest's (and, at the beginning, firmware and GRUB).
"""
from bisect import bisect_right
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
import re
import shutil
import subprocess

from lib.paths import BUILD, IMAGE, ROOT, UserError

SOURCE = ROOT / "tools" / "plugin" / "hvcount.c"
PLUGIN = BUILD / "hvcount.so"
MARK = "vm_counters"  # called for each line "counters" that the guest writes to port E9h
FUNCTION = re.compile(r"^([0-9a-f]+) [tT] ([\w.]+)$", re.M)
# arch/x86/frame.h, docs/memory-map.md
GATE_SLOTS = [0xffc00000, 0xff400000, 0xf0000000, 0xfc000000]
GATE_PARTS = [(0x60000, 0x10000, "(ROM)"), (0x200000, 0x200000, "(translated code)")]
PAGE = 0x1000
LEAST = 100  # instructions per operation that are worth dividing
REST = "(guest, firmware)"


def build_plugin() -> Path:
    if not PLUGIN.exists() or PLUGIN.stat().st_mtime < SOURCE.stat().st_mtime:
        compiler = shutil.which("gcc") or shutil.which("cc")
        if not compiler:
            raise UserError("hvprofile needs a C compiler for QEMU's plugin; expected gcc or cc")
        subprocess.run([compiler, "-O2", "-shared", "-fPIC", "-o", PLUGIN, SOURCE], check=True)
    return PLUGIN


class Image:
    """The hypervisor's functions, and where they are executed."""

    def __init__(self, path: Path = IMAGE):
        listing = subprocess.run(["nm", "--", str(path)], capture_output=True, text=True, check=False)
        pairs = sorted((int(address, 16), name) for address, name in FUNCTION.findall(listing.stdout))
        if not pairs:
            raise UserError(f"{path} has no symbols; expected the hypervisor, as `make` builds it")
        self.addresses = [address for address, _ in pairs]
        self.names = [name for _, name in pairs]
        self.by_name = {name: address for address, name in pairs}

    def qemu_option(self, out: Path) -> str:
        """The plugin with all ranges, as a word for QEMU."""
        low, gate = self.addresses[0], self.by_name["gate_text"]
        words = [f"out={out}", f"mark={self.by_name[MARK]:x}",
                 f"each={low:x}+{self.addresses[-1] + PAGE - low:x}"]
        for slot in GATE_SLOTS:
            words += [f"each={slot:x}+{self.by_name['gate_text_end'] - gate:x}"]
            words += [f"sum={slot + offset:x}+{size:x}" for offset, size, _ in GATE_PARTS]
        return f"-plugin {build_plugin()},{','.join(words)}"

    def place(self, address: int) -> tuple[str, int]:
        """What @address belongs to, and the same address in the image (0: it is in none)."""
        for slot in GATE_SLOTS:
            for offset, _, name in GATE_PARTS:
                if address == slot + offset:
                    return name, 0
            if 0 <= address - slot < PAGE:
                address += self.by_name["gate_text"] - slot
        index = bisect_right(self.addresses, address) - 1
        return (self.names[index], address) if index >= 0 else (REST, 0)


@dataclass
class Profile:
    """What was executed in one stretch."""
    functions: Counter  # instructions by function, or by what else there is
    calls: Counter  # executions of the first instruction of each function
    addresses: Counter  # of the image

    def of_hypervisor(self) -> int:
        return sum(count for name, count in self.functions.items() if name[0] != "(")


def make_profile(image: Image, stretches: list[Counter]) -> Profile:
    profile = Profile(Counter(), Counter(), Counter())
    for stretch in stretches:
        for address, count in stretch.items():
            name, inside = image.place(address)
            profile.functions[name] += count
            if inside:
                profile.addresses[inside] += count
                if inside == image.by_name.get(name):
                    profile.calls[name] += count
    return profile


def read_stretches(path: Path) -> list[Counter]:
    """Counts by address, of each stretch that a mark ended."""
    stretches, current = [], Counter()
    with open(path) as file:
        for line in file:
            if line == "mark\n":
                stretches.append(current)
                current = Counter()
            else:
                address, count = line.split()
                current[int(address, 16)] += int(count)
    return stretches


def table(profile: Profile, lines: int, operations: int = 1) -> list[str]:
    """The @lines functions with most instructions, all figures per operation unless that is hardly
    one."""
    hypervisor = profile.of_hypervisor()
    total = sum(profile.functions.values())
    if hypervisor < LEAST * operations:
        operations = 1
    text = [f"{total / operations:16,.1f} instructions{' per operation' if operations > 1 else ''}, "
            f"{hypervisor / operations:,.1f} of them the hypervisor's"]
    text += [f"{count / operations:16,.1f} {name}"
             for name, count in profile.functions.most_common() if name[0] == "("]
    text.append(f"{'instructions':>16} {'share':>6} {'calls':>12} {'per call':>9}")
    ours = [item for item in profile.functions.most_common() if item[0][0] != "("]
    for name, count in ours[:lines]:
        calls = profile.calls[name]
        each = f"{count / calls:9,.1f}" if calls else f"{'-':>9}"
        text.append(f"{count / operations:16,.1f} {count / hypervisor:6.1%} "
                    f"{calls / operations:12,.3f} {each} {name}")
    return text


def annotated(profile: Profile, image: Path, function: str) -> list[str]:
    """The disassembly of @function, each line with how often it was executed."""
    done = subprocess.run(["objdump", "-d", "--no-show-raw-insn", f"--disassemble={function}", image],
                          capture_output=True, text=True, check=False)
    text = []
    for line in done.stdout.splitlines():
        head, colon, _ = line.partition(":\t")
        count = profile.addresses[int(head, 16)] if colon else 0
        text.append(f"{count or '':12} {line}")
    return text
