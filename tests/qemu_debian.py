# SPDX-License-Identifier: GPL-2.0
"""Debian's own kernels, linux-image-686 and linux-image-686-pae, as they are: no VMI, nothing built.

The initramfs is the project's busybox one, so that a failure is about the kernel.  Each also boots
in plain QEMU, which shows that the test itself is right.
"""
import subprocess

import pexpect

from debianboot import kernel_arguments, release, want_boot
from guestrun import Result, log_path, run_romulus
from shell import PROMPT, Shell

GROUPS = {"debian"}
BOOT_TIMEOUT_S = 500
SCRIPT = ("set -e; ls / >/dev/null; echo a b c | wc -w; "
          "for i in 1 2 3 4 5 6 7 8 9 10; do true & done; wait; "
          "dd if=/dev/zero of=/tmp/x bs=64k count=100 2>/dev/null; md5sum </tmp/x; "
          "gzip -c /tmp/x | gunzip | md5sum; ping -c 1 127.0.0.1 >/dev/null; "
          "sleep 1; sh -c 'kill -9 $$' || echo killed")


def boot(name: str, flavour: str, *arguments: str, append: str = "romulus.test=poweroff") -> Result:
    """Boot to power-off under Romulus; the kernel complains about nothing."""
    result = run_romulus(f"debian-{name}", *kernel_arguments(flavour, append), "--vmi=off",
                         *arguments, timeout=BOOT_TIMEOUT_S)
    want_boot(result, flavour)
    result.want("log", r"^romulus: end status=0")
    return result


def boot_bare(flavour: str) -> None:
    """The same in QEMU's PC."""
    log = log_path(f"debian-bare-{flavour}").with_suffix(".console")
    arguments = [argument.replace("--", "-", 1) for option in
                 kernel_arguments(flavour, "romulus.test=poweroff")
                 for argument in option.split("=", 1)]
    command = ["qemu-system-i386", "-accel", "tcg", "-cpu", "max", "-m", "256", "-nodefaults", "-no-user-config",
               "-display", "none", "-no-reboot", "-serial", "stdio", *arguments]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True,
                          timeout=BOOT_TIMEOUT_S, check=False)
    console = done.stdout.decode(errors="replace").replace("\r\n", "\n")
    log.write_text(console)
    want_boot(Result(done.returncode, console, done.stderr.decode(errors="replace"), ""), flavour)


def use_shell(flavour: str) -> None:
    """A shell where commands work; poweroff ends the run."""
    shell = Shell(f"debian-shell-{flavour}", "tools/romulus",
                  ["run", *kernel_arguments(flavour, "quiet"), "--vmi=off"])
    shell.want(PROMPT, timeout=BOOT_TIMEOUT_S)
    shell.command("uname -r", rf"\n{release(flavour)}\r")
    shell.command("echo $((6 * 7)) > /tmp/answer; cat /tmp/answer", r"\n42\r")
    shell.child.sendline("sleep 100")
    shell.child.expect(pexpect.TIMEOUT, timeout=1)
    shell.child.send("\x03")  # Ctrl-C is the guest's
    shell.want(PROMPT)
    shell.child.sendline("poweroff")
    shell.want_end(0)


def use_apics(flavour: str) -> None:
    """Its devices' interrupts come through the I/O APIC, its ticks from the local APIC's timer."""
    shell = Shell(f"debian-apic-{flavour}", "tools/romulus",
                  ["run", *kernel_arguments(flavour, "quiet"), "--vmi=off", "--apic=on"])
    shell.want(PROMPT, timeout=BOOT_TIMEOUT_S)
    shell.command("cat /proc/interrupts", r"\n *4: +[1-9]\d* +IO-APIC +4-edge +ttyS0\r")
    shell.command("cat /proc/interrupts", r"\n *9: +\d+ +IO-APIC +9-fasteoi +acpi\r")
    shell.command("cat /proc/interrupts", r"\n *LOC: +[1-9]\d\d+ +Local timer interrupts\r")
    shell.command("cat /proc/interrupts", r"\n *ERR: +0\r")
    shell.command("sleep 1; echo slept", r"\nslept\r")
    shell.child.sendline("poweroff")
    shell.want_end(0)


def test_bare_686() -> None:
    """Debian's 686 kernel boots to power-off without Romulus."""
    boot_bare("686")


def test_bare_686_pae() -> None:
    """Debian's 686-pae kernel boots to power-off without Romulus."""
    boot_bare("686-pae")


def test_boot_686() -> None:
    """Debian's 686 kernel boots to power-off."""
    boot("boot-686", "686")


def test_boot_686_pae() -> None:
    """Debian's 686-pae kernel boots to power-off, with PAE on and NX used."""
    result = boot("boot-686-pae", "686-pae")
    result.want("console", r"NX \(Execute Disable\) protection: active")


def test_boot_686_pentium3() -> None:
    """Debian's 686 kernel on a Pentium III with 128 MB."""
    boot("pentium3", "686", "--qemu=-cpu pentium3", "--memory=96M", "--host-memory=192M")


def test_commands_686() -> None:
    """A script of commands: processes, pipes, files, signals, loopback network."""
    result = boot("commands-686", "686",
                  append=f'romulus.script="{SCRIPT}" romulus.test=poweroff')
    want_commands(result)


def test_commands_686_pae() -> None:
    """The same with PAE."""
    result = boot("commands-686-pae", "686-pae",
                  append=f'romulus.script="{SCRIPT}" romulus.test=poweroff')
    want_commands(result)


def want_commands(result: Result) -> None:
    result.want("console", r"^3$")
    result.want("console", r"^([0-9a-f]{32}) .*\n\1 ")
    result.want("console", r"^killed$")
    result.want("console", r"^ROMULUS-GUEST: script exit 0$")


def test_shell_686() -> None:
    """Debian's 686 kernel gives a shell that works."""
    use_shell("686")


def test_shell_686_pae() -> None:
    """Debian's 686-pae kernel gives a shell that works."""
    use_shell("686-pae")


def test_apic_686() -> None:
    """With apic = on Debian's 686 kernel uses both APICs."""
    use_apics("686")


def test_apic_686_pae() -> None:
    """With apic = on Debian's 686-pae kernel uses both APICs."""
    use_apics("686-pae")
