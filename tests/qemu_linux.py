# SPDX-License-Identifier: GPL-2.0
"""The VMI Linux guest: boots to power-off on many PCs, and gives a shell that works."""
import pexpect

from guestrun import ROOT, Result, run_romulus
from shell import PROMPT, Shell

GROUPS = {"linux"}
KERNEL = ROOT / "build" / "guest" / "bzImage"
INITRD = ROOT / "build" / "guest" / "initramfs.gz"
BOOT_TIMEOUT_S = 300


def boot(name: str, *arguments: str, append: str = "romulus.test=poweroff",
         timeout: float = BOOT_TIMEOUT_S) -> Result:
    return run_romulus(f"linux-{name}", f"--kernel={KERNEL}", f"--initrd={INITRD}",
                       f"--append=console=ttyS0 {append}", *arguments, timeout=timeout)


def boots_by_vmi(name: str, *arguments: str) -> None:
    """Boot to power-off; the kernel found the ROM and runs in ring 1."""
    result = boot(name, *arguments)
    result.want("console", r"^ROMULUS-GUEST: VMI: Found .* API version 3\.0")
    result.want("console", r"^ROMULUS-GUEST: VMI: kernel runs in ring 1")
    result.want("console", r"^ROMULUS-GUEST: boot ok")
    result.want_status(0)
    result.want("log", r"^romulus: end status=0")


def test_boot_pentium3_128m() -> None:
    """A 64 MB guest on a Pentium III with 128 MB."""
    boots_by_vmi("pentium3", "--qemu=-cpu pentium3", "--memory=64M", "--host-memory=128M")


def test_boot_qemu32() -> None:
    """QEMU's plain 32-bit CPU, 512 MB."""
    boots_by_vmi("qemu32", "--qemu=-cpu qemu32", "--memory=256M", "--host-memory=512M")


def test_boot_max_3072m() -> None:
    """All features that TCG has, and a PC of 3 GB."""
    boots_by_vmi("max-3072", "--qemu=-cpu max", "--memory=512M", "--host-memory=3072M")


def test_boot_uefi() -> None:
    """Started by UEFI firmware."""
    boots_by_vmi("uefi", "--firmware=uefi")


def test_boot_icount() -> None:
    """With a clock that counts instructions."""
    boots_by_vmi("icount", "--icount")


def test_commands() -> None:
    """A script of commands in the guest: processes, pipes, files, signals, loopback network."""
    script = ("set -e; ls / >/dev/null; echo a b c | wc -w; "
              "for i in 1 2 3 4 5 6 7 8 9 10; do true & done; wait; "
              "dd if=/dev/zero of=/tmp/x bs=64k count=100 2>/dev/null; md5sum </tmp/x; "
              "gzip -c /tmp/x | gunzip | md5sum; ping -c 1 127.0.0.1 >/dev/null; "
              "sleep 1; sh -c 'kill -9 \\$\\$' || echo killed")
    result = boot("commands", append=f'romulus.script="{script}" romulus.test=poweroff')
    result.want("console", r"^3$")
    result.want("console", r"^([0-9a-f]{32}) .*\n\1 ")
    result.want("console", r"^killed$")
    result.want("console", r"^ROMULUS-GUEST: script exit 0$")
    result.want_status(0)


def test_pci_device() -> None:
    """The VMI device is on the PCI bus, with the ROM in it; and with VMI off it is not."""
    script = ("cd /sys/bus/pci/devices; echo slots *; cd 0000:00:07.0 || exit; "
              "cat vendor device class subsystem_device; echo 1 >rom; "
              "head -c 1024 rom | md5sum; "
              "dd if=/dev/mem bs=1024 skip=800 count=1 2>/dev/null | md5sum")
    append = f'romulus.script="{script}" romulus.test=poweroff'
    result = boot("pci", append=append)
    result.want("console", r"^0x15ad\n0x0801\n0x058000\n0x0800$")
    result.want("console", r"^([0-9a-f]{32}) .*\n\1 ")
    result = boot("pci-off", "--vmi=off", append=append)
    result.want("console", r"^slots 0000:00:00.0 .*:01.3$")
    result.want_not("console", r"^slots .*:07.0$")


def test_reboot_with_no_reboot() -> None:
    """reboot with --no-reboot ends the run well."""
    result = boot("no-reboot", "--no-reboot", append='romulus.script="reboot -f"')
    result.want_status(0)
    result.want("log", r"^vm guest: ended: reset by the guest")


def test_reboot() -> None:
    """reboot starts the guest again, with VMI again."""
    shell = Shell("linux-reboot", "tools/romulus", [
        "run", f"--kernel={KERNEL}", f"--initrd={INITRD}", "--append=console=ttyS0"])
    shell.want("VMI: kernel runs in ring 1", timeout=BOOT_TIMEOUT_S)
    shell.want(PROMPT, timeout=BOOT_TIMEOUT_S)
    shell.child.sendline("reboot")
    shell.want("VMI: kernel runs in ring 1", timeout=BOOT_TIMEOUT_S)
    shell.want(PROMPT, timeout=BOOT_TIMEOUT_S)
    shell.child.sendline("poweroff")
    shell.want_end(0)


def test_make_run() -> None:
    """make run: a shell where commands work; poweroff returns to the host's shell."""
    shell = Shell("linux-make-run", "make", ["run"])
    shell.want("the hypervisor's log is", timeout=600)
    shell.want(PROMPT, timeout=BOOT_TIMEOUT_S)
    shell.command("uname -m", r"\ni686")
    shell.command("dmesg | grep VMI:", r"VMI: Found .*VMI: kernel runs in ring 1")
    shell.command("echo $((6 * 7)) > /tmp/answer; cat /tmp/answer", r"\n42\r")
    shell.command("seq 1000 | tail -n 1", r"\n1000\r")
    shell.child.sendline("sleep 100")
    shell.child.expect(pexpect.TIMEOUT, timeout=1)
    shell.child.send("\x03")  # Ctrl-C is the guest's
    shell.want(PROMPT)
    shell.child.sendline("poweroff")
    shell.want_end(0)


def test_monitor() -> None:
    """Ctrl-] m: the monitor; stop and resume; Ctrl-] Ctrl-] is one for the guest."""
    shell = Shell("linux-monitor", "tools/romulus", [
        "run", f"--kernel={KERNEL}", f"--initrd={INITRD}", "--append=console=ttyS0"])
    shell.want(PROMPT, timeout=BOOT_TIMEOUT_S)
    monitor = r"romulus> "
    shell.child.send("\x1dm")
    shell.want(monitor)
    for command, pattern in (("vms", r"guest .*running"), ("stats", r"heavy exits"),
                             ("regs", r"eip"), ("mem", r"guest"), ("log 3", r"vm guest"),
                             ("stop", monitor), ("vms", r"guest .*paused"), ("resume", monitor)):
        shell.child.sendline(command)
        shell.want(pattern)
        if pattern is not monitor:
            shell.want(monitor)
    shell.child.sendline("quit")
    shell.command("echo back in the $((1 + 1))nd place", "back in the 2nd place")
    shell.child.send("\x1dm")
    shell.want(monitor)
    shell.child.sendline("poweroff")
    shell.want_end(0)
