# SPDX-License-Identifier: GPL-2.0
"""The VMI Linux guest: boots to power-off on many PCs, and gives a shell that works."""
from pathlib import Path
from typing import Any

import pexpect

from guestrun import ROOT, Result, run_romulus
from shell import PROMPT, Shell

GROUPS = {"linux"}
KERNEL = ROOT / "build" / "guest" / "bzImage"
KERNEL_PAE = ROOT / "build" / "guest" / "bzImage-pae"
INITRD = ROOT / "build" / "guest" / "initramfs.gz"
BOOT_TIMEOUT_S = 300
COMPLAINTS = r"^.*(Kernel panic|BUG:|Oops|WARNING:|segfault|Call Trace).*$"
# Tables built, copied, shared, changed and torn down; files that are pages; a module.
WORK_PAE = ("set -e; grep -qw pae /proc/cpuinfo; "
            "for i in 1 2 3 4 5 6 7 8 9 10; do true & done; wait; "
            "dd if=/dev/zero of=/tmp/x bs=64k count=200 2>/dev/null; md5sum </tmp/x; "
            "gzip -c /tmp/x | gunzip | md5sum; sort /proc/kallsyms | sort -r | tail -n 1 | wc -l; "
            "insmod /lib/modules/*-pae/binfmt_misc.ko; lsmod | grep -c binfmt_misc; "
            "sh -c 'kill -9 $$' || echo killed")
# tmpfs takes pages from high memory first.
HIGHMEM = "grep HighTotal /proc/meminfo; dd if=/dev/zero of=/tmp/x bs=1M count=50; md5sum /tmp/x"


def boot(name: str, *arguments: str, append: str = "romulus.test=poweroff",
         timeout: float = BOOT_TIMEOUT_S, kernel: Path = KERNEL) -> Result:
    return run_romulus(f"linux-{name}", f"--kernel={kernel}", f"--initrd={INITRD}",
                       f"--append=console=ttyS0 {append}", *arguments, timeout=timeout)


def want_good_end(result: Result) -> None:
    result.want("console", r"^ROMULUS-GUEST: boot ok")
    result.want_not("console", COMPLAINTS)
    result.want_status(0)
    result.want("log", r"^romulus: end status=0")


def boots_by_vmi(name: str, *arguments: str, **options: Any) -> Result:
    """Boot to power-off; the kernel found the ROM and runs in ring 1."""
    result = boot(name, *arguments, **options)
    result.want("console", r"^ROMULUS-GUEST: VMI: Found .* API version 3\.0")
    result.want("console", r"^ROMULUS-GUEST: VMI: kernel runs in ring 1")
    want_good_end(result)
    return result


def boots_natively(name: str, *arguments: str, **options: Any) -> Result:
    """Boot to power-off as on any PC: the kernel is translated."""
    result = boot(name, *arguments, **options)
    result.want_not("console", r"VMI: kernel runs in ring 1")
    want_good_end(result)
    return result


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


def test_vmi_off() -> None:
    """The same kernel without a ROM, and with one that it is told to leave alone."""
    result = boots_natively("vmi-off", "--vmi=off")
    result.want_not("console", r"VMI: Found")
    result = boots_natively("vmi-disabled", append="vmi=off romulus.test=poweroff")
    result.want("console", r"VMI: disabled on the command line")


def works_with_pae(result: Result) -> None:
    result.want("console", r"^ROMULUS-GUEST: Linux .*-pae, ")
    result.want("console", r"^([0-9a-f]{32}) .*\n\1 .*\n1\n1\nKilled\nkilled$")
    result.want("console", r"^ROMULUS-GUEST: script exit 0$")


def test_pae() -> None:
    """The PAE kernel by VMI: page tables of 64-bit entries; processes, files, a module."""
    works_with_pae(boots_by_vmi("pae", "--qemu=-cpu max", kernel=KERNEL_PAE,
                                append=f'romulus.script="{WORK_PAE}" romulus.test=poweroff'))


def test_pae_pentium3() -> None:
    """The PAE kernel by VMI on a CPU without NX."""
    boots_by_vmi("pae-pentium3", "--qemu=-cpu pentium3", "--memory=64M", "--host-memory=128M",
                 kernel=KERNEL_PAE)


def test_pae_highmem() -> None:
    """The PAE kernel by VMI with memory beyond its linear mapping."""
    result = boots_by_vmi("pae-highmem", "--memory=1280M", "--host-memory=2048M", kernel=KERNEL_PAE,
                          append=f'romulus.script="{HIGHMEM}" romulus.test=poweroff')
    result.want("console", r"^HighTotal: +[1-9]")
    result.want("console", r"^ROMULUS-GUEST: script exit 0$")


def test_pae_vmi_off() -> None:
    """The PAE kernel without VMI does the same work."""
    works_with_pae(boots_natively("pae-vmi-off", "--vmi=off", kernel=KERNEL_PAE,
                                  append=f'romulus.script="{WORK_PAE}" romulus.test=poweroff'))


def test_clocks() -> None:
    """The VMI timer ticks; no clock goes back, with the TSC and with VMI's counter as clock source."""
    watch = ("for i in $(seq 80); do cut -d' ' -f1 /proc/uptime; usleep 2000; done >/tmp/t; "
             "sort -n -c /tmp/t && sed -n '1p;$p' /tmp/t | uniq | wc -l")
    script = ("set -e; cd /sys/devices/system; cat clockevents/clockevent0/current_device; "
              "cd clocksource/clocksource0; cat available_clocksource; cat current_clocksource; "
              f"{watch}; echo vmi >current_clocksource; cat current_clocksource; {watch}; sleep 1; "
              "grep -c '^ *0: *[1-9].* vmi$' /proc/interrupts; "
              "dmesg | cut -c 2-13 >/tmp/t; sort -n -c /tmp/t")
    for name, kernel in (("clocks", KERNEL), ("clocks-pae", KERNEL_PAE)):
        result = boots_by_vmi(name, kernel=kernel,
                              append=f'romulus.script="{script}" romulus.test=poweroff')
        messages = r"(\[.*\n)*"  # the kernel's, now and then
        result.want("console", messages.join((r"^vmi\n", r"(.* )?vmi .*\n", r"tsc\n", r"2\n", r"vmi\n",
                                              r"2\n", r"1\n")))
        result.want("console", r"^ROMULUS-GUEST: script exit 0$")
        result.want_not("console", r"unstable|skewed|went backwards")


def test_commands() -> None:
    """A script of commands in the guest: processes, pipes, files, signals, loopback network."""
    script = ("set -e; ls / >/dev/null; echo a b c | wc -w; "
              "for i in 1 2 3 4 5 6 7 8 9 10; do true & done; wait; "
              "dd if=/dev/zero of=/tmp/x bs=64k count=100 2>/dev/null; md5sum </tmp/x; "
              "gzip -c /tmp/x | gunzip | md5sum; ping -c 1 127.0.0.1 >/dev/null; "
              "sleep 1; sh -c 'kill -9 $$' || echo killed")
    result = boot("commands", append=f'romulus.script="{script}" romulus.test=poweroff')
    result.want("console", r"^3$")
    result.want("console", r"^([0-9a-f]{32}) .*\n\1 ")
    result.want("console", r"^Killed\nkilled$")
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
