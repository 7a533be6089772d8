# SPDX-License-Identifier: GPL-2.0
"""The Linux guest's kernel by itself, and user code that must not see where that kernel runs."""
from pathlib import Path
import difflib
import gzip
import subprocess

from guestrun import LOGS, ROOT, Result, log_path, run_romulus
from harness import Failure, tail

GROUPS = {"linux"}
GUEST = ROOT / "build" / "guest"
INITRD = GUEST / "initramfs.gz"
MKROM = ROOT / "tests" / "guests" / "vmi-native-rom" / "mkrom"
RUN_PROGRAM = 'quiet romulus.script="/userland; insmod /lib/modules/*/dummy.ko && lsmod" ' \
              'romulus.test=poweroff'
TIMEOUT_S = 240


def build_program() -> bytes:
    """tests/userland: an ordinary 32-bit program with glibc in it."""
    LOGS.mkdir(parents=True, exist_ok=True)
    program = LOGS / "userland"
    sources = sorted(str(path.relative_to(ROOT)) for path in (ROOT / "tests" / "userland").glob("*.c"))
    subprocess.run(["gcc", "-std=gnu11", "-m32", "-static", "-O1", "-I.", "-Wall", "-Wextra", "-Werror",
                    "-fno-pie", "-no-pie", "-o", str(program), *sources, "-lpthread"],
                   cwd=ROOT, check=True)
    return program.read_bytes()


def cpio_entry(name: str, mode: int, data: bytes) -> bytes:
    fields = [0, mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(name) + 1, 0]
    header = b"070701" + b"".join(b"%08x" % field for field in fields) + name.encode() + b"\0"
    return header + b"\0" * (-len(header) % 4) + data + b"\0" * (-len(data) % 4)


def initramfs_with_program() -> Path:
    """The guest's, and the program: the kernel unpacks archives that follow each other."""
    archive = cpio_entry("userland", 0o100755, build_program()) + cpio_entry("TRAILER!!!", 0, b"")
    path = LOGS / "userland-initramfs.gz"
    path.write_bytes(INITRD.read_bytes() + gzip.compress(archive, 1, mtime=0))
    return path


def native(name: str, append: str, *options: str, initrd: Path = INITRD,
           kernel: str = "bzImage") -> Result:
    """Plain QEMU, without Romulus."""
    command = ["qemu-system-i386", "-accel", "tcg", "-m", "256", "-net", "none", "-display", "none",
               "-monitor", "none", "-serial", "stdio", "-no-reboot", "-kernel", str(GUEST / kernel),
               "-initrd", str(initrd), "-append", f"console=ttyS0 {append}", *options]
    done = subprocess.run(["timeout", str(TIMEOUT_S), *command], stdin=subprocess.DEVNULL,
                          capture_output=True, check=False)
    console = done.stdout.decode(errors="replace").replace("\r\n", "\n")
    log_path(f"userland-{name}").with_suffix(".console").write_text(console)
    return Result(done.returncode, console, done.stderr.decode(errors="replace"), "")


def report(result: Result) -> list[str]:
    """What the program and the shell printed; not the kernel's own lines, which have times."""
    result.want_status(0)
    result.want("console", r"^ROMULUS-GUEST: boot ok")
    lines = result.console.splitlines()
    if "end" not in lines:
        raise Failure(f"the program did not end\n{tail(result.console)}")
    return [line for line in lines if not line.startswith(("[", "ROMULUS-GUEST: Linux",
                                                           "ROMULUS-GUEST: VMI:"))]


def want_same(expected: list[str], found: list[str]) -> None:
    if expected != found:
        difference = difflib.unified_diff(expected, found, "plain QEMU", "here", lineterm="", n=0)
        raise Failure("\n".join(list(difference)[:20]))


def test_same_as_on_a_pc() -> None:
    """Faults, bad frames, segments, mappings, debugger, FPU: the same lines natively, with VMI."""
    initrd = initramfs_with_program()
    expected = report(native("native", RUN_PROGRAM, initrd=initrd))
    result = run_romulus("userland-vmi", f"--kernel={GUEST / 'vmlinux'}", f"--initrd={initrd}",
                         f"--append=console=ttyS0 {RUN_PROGRAM}", timeout=TIMEOUT_S)
    result.want("console", r"^ROMULUS-GUEST: VMI: kernel runs in ring 1")
    want_same(expected, report(result))


def test_kernel_alone() -> None:
    """The guest's kernel boots on a PC without ROM, and says nothing of VMI."""
    for kernel in ("bzImage", "bzImage-pae"):
        for cpu in ("pentium3", "max"):
            result = native(f"alone-{kernel}-{cpu}", "romulus.test=poweroff", "-cpu", cpu, kernel=kernel)
            result.want_status(0)
            result.want("console", r"^ROMULUS-GUEST: boot ok")
            result.want("console", r"reboot: Power down")
            result.want_not("console", r"VMI:")


def test_kernel_with_a_native_rom() -> None:
    """The kernel's VMI port with a ROM of native instructions that destroys all it may destroy."""
    rom = LOGS / "native.rom"
    LOGS.mkdir(parents=True, exist_ok=True)
    subprocess.run([str(MKROM), str(rom)], check=True)
    for kernel, module in (("bzImage", "dummy"), ("bzImage-pae", "binfmt_misc")):
        for cpu in ("pentium3", "max"):
            result = native(f"rom-{kernel}-{cpu}", "romulus.test=poweroff "
                            f"romulus.script='insmod /lib/modules/$(uname -r)/{module}.ko && lsmod'",
                            "-cpu", cpu, "-option-rom", str(rom), kernel=kernel)
            result.want_status(0)
            result.want("console", r"^ROMULUS-GUEST: VMI: Found Romulus native test ROM, API version 3\.0")
            result.want("console",
                        r"^ROMULUS-GUEST: VMI: kernel runs in ring 0, (\d+) of \1 call sites")
            result.want("console", rf"^{module} ")
            result.want("console", r"^ROMULUS-GUEST: boot ok")
