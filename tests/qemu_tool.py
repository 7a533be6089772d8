# SPDX-License-Identifier: GPL-2.0
"""tools/romulus as a program: exit statuses, what goes to stdout, and its own error messages."""
import subprocess

from guestrun import ROOT, run_romulus
from harness import Failure
from images import POWER_OFF, elf, say, store

GROUPS = {"tool"}
TEXT = "first line\nsecond line\n"


def good() -> str:
    return f"--kernel={store('tool.elf', elf(say(TEXT) + POWER_OFF))}"


def test_batch_stdout_is_the_console() -> None:
    """With --batch stdout has the guest's bytes and nothing else; the log is named on stderr."""
    for platform in ("qemu", "bochs"):
        result = run_romulus(f"tool-stdout-{platform}", good(), f"--platform={platform}")
        result.want_status(0)
        if result.console != TEXT:
            raise Failure(f"{platform}: stdout is {result.console!r}; expected {TEXT!r}")
        result.want("messages", r"the hypervisor's log is .*\.log")
        result.want("log", r"romulus: end status=0\n\Z")


def complains(name: str, pattern: str, *arguments: str) -> None:
    result = run_romulus(f"tool-{name}", *arguments, timeout=20)
    result.want_status(1)
    result.want("messages", pattern)


def test_profile() -> None:
    """--debug profile shows where exits come from, by the names of --symbols."""
    symbols = store("tool.map", b"00100000 T first_page\n00101000 T other\n")
    result = run_romulus("tool-profile", good(), "--debug=profile", f"--symbols={symbols}")
    result.want_status(0)
    result.want("messages", r"^exits of vm guest by place:\n +\d+ first_page +\S")
    result.want("messages", r"^  \(\d+ not shown, of \d+; ")
    complains("symbols", r"--symbols is for --debug profile", good(), f"--symbols={symbols}")
    complains("no-symbols", r"has no symbols of functions", good(), "--debug=profile",
              f"--symbols={ROOT / 'LICENSE'}")


def test_missing_kernel() -> None:
    """A file that does not exist."""
    complains("missing", r"--kernel '/nonexistent' does not exist", "--kernel=/nonexistent")


def test_no_kernel() -> None:
    """Neither --kernel nor --conf."""
    complains("none", r"expected either --kernel FILE, --multiboot FILE or --conf FILE")


def test_two_kernels() -> None:
    """Both --kernel and --multiboot."""
    complains("two", r"expected either --kernel FILE, --multiboot FILE or --conf FILE", good(),
              "--multiboot=x")


def test_multiboot_with_initrd() -> None:
    """An initrd for a kernel that takes modules, and modules for one that takes an initrd."""
    complains("initrd", r"--initrd is for --kernel", "--multiboot=x", "--initrd=y")
    complains("mbmodule", r"--mbmodule is for a --multiboot kernel", good(), "--mbmodule=y")
    complains("no-mbmodule", r"--mbmodule '/nonexistent' does not exist", "--multiboot=README.md",
              "--mbmodule=/nonexistent x")


def test_broken_gzip() -> None:
    """A gzipped kernel whose end is missing."""
    path = store("broken.gz", bytes.fromhex("1f8b0800000000000003"))
    complains("gzip", r"--multiboot .*broken\.gz: gzip: ", f"--multiboot={path}")


def test_bad_memory() -> None:
    """A size that is none."""
    complains("memory", r"--memory lots; expected a number with K, M or G", good(), "--memory=lots")


def test_unknown_argument() -> None:
    """argparse's own complaint has status 1, not 2."""
    complains("argument", r"unrecognized arguments: --colour", good(), "--colour=blue")


def test_emulator_fails() -> None:
    """An emulator that does not start: its own words, at once."""
    complains("emulator", r"qemu ended \(status 1\).*no-such-device", good(),
              "--qemu=-device no-such-device")


def test_bochs_has_no_uefi() -> None:
    """Combinations that cannot work say so."""
    complains("bochs-uefi", r"Bochs has no UEFI", good(), "--platform=bochs", "--firmware=uefi")


def test_uefi() -> None:
    """A small guest under UEFI."""
    result = run_romulus("tool-uefi", good(), "--firmware=uefi")
    result.want_status(0)
    if result.console != TEXT:
        raise Failure(f"stdout is {result.console!r}; expected {TEXT!r}")


def test_help() -> None:
    """Every option of the documentation is there."""
    text = subprocess.run(["tools/romulus", "run", "--help"], cwd=ROOT, check=True,
                          capture_output=True, text=True).stdout
    for option in ("kernel", "initrd", "append", "memory", "vmi", "firmware", "platform", "qemu",
                   "icount", "no-reboot", "timeout", "batch"):
        if f"--{option}" not in text:
            raise Failure(f"no --{option} in the help")


def test_iso_has_both_firmwares() -> None:
    """tools/mkiso makes an image for BIOS and UEFI, bootable from a USB stick."""
    conf = store("tool.conf", "vm guest {\n\tkernel = kernel\n}\n")
    iso = conf.with_name("tool.iso")
    subprocess.run(["tools/mkiso", "-o", str(iso), "--conf", str(conf),
                    "--module", good().replace("--kernel=", "kernel=")], cwd=ROOT, check=True)
    report = subprocess.run(["xorriso", "-indev", str(iso), "-report_el_torito", "plain",
                             "-report_system_area", "plain"], check=True, capture_output=True,
                            text=True).stdout
    for part in ("BIOS", "UEFI", "MBR", "GPT"):
        if part not in report:
            raise Failure(f"no {part} in xorriso's report\n{report}")
