# SPDX-License-Identifier: GPL-2.0
"""Multiboot kernels: our two test kernels and Debian's GNU Mach, under Romulus and without it.

The test kernels check what they are given; the sums of their modules are in the modules' arguments.
"""
import gzip
import re
import struct
import subprocess
import sys

from guestrun import ROOT, Result, check_report, log_path, run_romulus
from harness import Failure
from images import POWER_OFF, say, store
from shell import Shell

sys.path.insert(0, str(ROOT / "tools"))
from lib.iso import Module, make_iso

GROUPS = {"multiboot"}
KERNELS = ROOT / "build" / "guests"
GNUMACH = ROOT / "build" / "cache" / "debian" / "gnumach" / "gnumach.gz"
MAGIC1, MAGIC2 = 0x1badb002, 0xe85250d6
FLAG_ADDRESSES = 0x10000
MACH_TIMEOUT_S = 200


def payloads() -> list[tuple[str, str]]:
    """Two modules: file and sum."""
    files = []
    for name, data in (("one", bytes(i * 7 & 255 for i in range(10000))), ("two", b"x" * 4096)):
        files.append((str(store(f"multiboot.{name}", data)), f"sum.{sum(data):x}"))
    return files


def romulus(name: str, kernel: object, *arguments: str, platform: str = "qemu") -> Result:
    modules = [f"--mbmodule={path} {word} and more" for path, word in payloads()]
    result = run_romulus(f"multiboot-{name}", f"--multiboot={kernel}", "--memory=32M",
                         "--append=hello modules=2", *modules, f"--platform={platform}", *arguments)
    result.want_status(0)
    check_report(result)
    result.want("console", "^loader: Romulus$")
    return result


def bare(name: str, *arguments: object) -> str:
    """A kernel in QEMU alone; the verdict of its report."""
    command = ["timeout", "-k", "1", "60", "qemu-system-i386", "-accel", "tcg", "-m", "64", "-nodefaults",
               "-no-user-config", "-display", "none", "-no-reboot", "-serial", "stdio",
               *map(str, arguments)]
    done = subprocess.run(command, cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True, check=False)
    console = done.stdout.decode(errors="replace").replace("\r\n", "\n")
    log_path(f"multiboot-{name}").with_suffix(".console").write_text(console)
    return check_report(Result(done.returncode, console, done.stderr.decode(errors="replace"), ""))


def bare_by_qemu(name: str, kernel: object) -> str:
    modules = ",".join(f"{path} {word}" for path, word in payloads())
    return bare(name, "-kernel", kernel, "-append", "hello modules=2", "-initrd", modules)


def without_elf() -> str:
    """The Multiboot 1 kernel as plain bytes, with address fields in its header."""
    elf = (KERNELS / "multiboot1.elf").read_bytes()
    entry, offset = struct.unpack_from("<II", elf, 24)
    count = struct.unpack_from("<H", elf, 44)[0]
    segments = [struct.unpack_from("<8I", elf, offset + i * 32) for i in range(count)]
    segments = [segment for segment in segments if segment[0] == 1 and segment[5]]
    start = min(segment[3] for segment in segments)
    image = bytearray(max(segment[3] + segment[4] for segment in segments) - start)
    for _, place, _, address, size, *_ in segments:
        image[address - start:address - start + size] = elf[place:place + size]
    end = max(segment[3] + segment[5] for segment in segments)
    at = image.find(struct.pack("<I", MAGIC1))
    flags = FLAG_ADDRESSES | 3
    struct.pack_into("<8I", image, at, MAGIC1, flags, -(MAGIC1 + flags) & 0xffffffff, start + at,
                     start, start + len(image), end, entry)
    return str(store("multiboot1.flat", bytes(image)))


def movable(code: bytes, lowest: int) -> bytes:
    """A Multiboot 2 kernel without ELF that may be moved to @lowest and above."""
    link = 0x40000000
    tags = struct.pack("<HHIIIII", 10, 0, 24, lowest, 0xffffffff, 0x1000, 1)
    header_bytes = 16 + len(tags) + 24 + 16 + 8
    tags += struct.pack("<HHIIIII", 2, 0, 24, link, link, 0, 0)
    tags += struct.pack("<HHIII", 3, 0, 12, link + header_bytes, 0)
    tags += struct.pack("<HHI", 0, 0, 8)
    header = struct.pack("<IIII", MAGIC2, 0, header_bytes, -(MAGIC2 + header_bytes) & 0xffffffff)
    return header + tags + code


def test_multiboot1() -> None:
    """A Multiboot 1 kernel in ELF finds all that the specification promises, its symbols too."""
    romulus("1", KERNELS / "multiboot1.elf").want("console", "^PASS: they lead to the symbol")


def test_multiboot1_bochs() -> None:
    """The same on Bochs."""
    romulus("1-bochs", KERNELS / "multiboot1.elf", platform="bochs")


def test_multiboot1_bare() -> str:
    """The same by QEMU's own loader, without Romulus."""
    return bare_by_qemu("1-bare", KERNELS / "multiboot1.elf")


def test_multiboot1_addresses() -> None:
    """A Multiboot 1 kernel without ELF, loaded by the address fields of its header."""
    romulus("1-addresses", without_elf())


def test_multiboot1_addresses_bare() -> str:
    """The same by QEMU's own loader, without Romulus."""
    return bare_by_qemu("1-addresses-bare", without_elf())


def test_multiboot2() -> None:
    """A Multiboot 2 kernel finds all that the specification promises."""
    result = romulus("2", KERNELS / "multiboot2.elf")
    result.want("console", "^PASS: they lead to the symbol")
    result.want("console", "^PASS: the ACPI root pointer is good")


def test_multiboot2_bochs() -> None:
    """The same on Bochs."""
    romulus("2-bochs", KERNELS / "multiboot2.elf", platform="bochs")


def test_multiboot2_bare() -> str:
    """The same by GRUB, without Romulus."""
    modules = [Module(word, path) for path, word in payloads()]
    iso = store("multiboot2.iso", b"")
    make_iso(iso, KERNELS / "multiboot2.elf", modules, "hello modules=2", ["bios"])
    return bare("2-bare", "-cdrom", iso)


def test_moved() -> None:
    """A Multiboot 2 kernel that is linked where no memory is goes where it says it may."""
    kernel = store("movable.mb2", movable(say("moved\n") + POWER_OFF, 0x340800))
    result = run_romulus("multiboot-moved", f"--multiboot={kernel}", "--memory=16M")
    result.want_status(0)
    result.want("console", "^moved$")
    result.want("log", r"kernel 'kernel' at 0x341000, entered at 0x341058 by Multiboot 2, 0 modules")


def test_gzipped() -> None:
    """A kernel packed by gzip, as Debian packs GNU Mach."""
    packed = store("multiboot1.gz", gzip.compress((KERNELS / "multiboot1.elf").read_bytes()))
    romulus("gzipped", packed)


def test_reset() -> None:
    """A second start after a reset finds the same: the modules are whole, the strings its own."""
    result = run_romulus("multiboot-reset", f"--multiboot={KERNELS / 'multiboot1.elf'}",
                         "--memory=32M", "--append=hello modules=2 reset",
                         *(f"--mbmodule={path} {word}" for path, word in payloads()))
    result.want_status(0)
    _, first, second = result.console.split("multiboot1\n")
    check_report(Result(0, second, result.messages, result.log))
    checks = [re.findall("^(?:PASS|FAIL): .*", text, re.MULTILINE) for text in (first, second)]
    if checks[0] != checks[1]:
        raise Failure(f"the first start says {checks[0]}, the second {checks[1]}")


def mach(name: str, command: str, arguments: list[str], *patterns: str) -> None:
    """GNU Mach to its end: it finds no servers to start."""
    shell = Shell(f"multiboot-{name}", command, arguments)
    for pattern in ("GNU Mach 1\\.8", *patterns):
        shell.want(pattern, timeout=MACH_TIMEOUT_S)
    shell.child.close(force=True)


NO_SERVERS = r"bootstrap_create: No bootstrap code loaded with the kernel!"


def test_gnumach() -> None:
    """Debian's GNU Mach probes its PC and ends where its boot modules are missing."""
    mach("gnumach", "tools/romulus", ["run", f"--multiboot={GNUMACH}", "--append=console=com0",
                                      "--memory=64M"],
         "physical memory map", "000100000:000000000004000000, available", "Probing PCI hardware",
         "RTC time is 20", NO_SERVERS)


def test_gnumach_bare() -> None:
    """The same by QEMU's own loader, without Romulus."""
    kernel = store("gnumach", gzip.decompress(GNUMACH.read_bytes()))
    mach("gnumach-bare", "qemu-system-i386", [
        "-accel", "tcg", "-m", "64", "-nodefaults", "-no-user-config", "-display", "none", "-no-reboot",
        "-serial", "stdio", "-kernel", str(kernel), "-append", "console=com0"], NO_SERVERS)


def test_gnumach_module() -> None:
    """GNU Mach takes a boot module and its script, and finds that it is no program."""
    path, _ = payloads()[1]
    mach("gnumach-module", "tools/romulus", [
        "run", f"--multiboot={GNUMACH}", "--append=console=com0", "--memory=64M",
        f"--mbmodule={path} two $(task-create) $(task-resume)"],
         r"module 0: two \$\(task-create\) \$\(task-resume\)", "1 multiboot modules",
         "Cannot load user executable module .*: two")
