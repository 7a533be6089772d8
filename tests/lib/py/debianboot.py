# SPDX-License-Identifier: GPL-2.0
"""Debian's own kernels with the project's busybox initramfs: how they are started, and what a boot must say."""
from guestrun import ROOT, Result

DEBIAN = ROOT / "build" / "cache" / "debian"
INITRD = ROOT / "build" / "guest" / "initramfs.gz"
COMPLAINTS = r"^.*(Kernel panic|BUG:|Oops|WARNING:|segfault|Call Trace).*$"


def release(flavour: str) -> str:
    return (DEBIAN / flavour / "release").read_text().strip()


def kernel_arguments(flavour: str, append: str) -> list[str]:
    return [f"--kernel={DEBIAN / flavour / 'vmlinuz'}", f"--initrd={INITRD}",
            f"--append=console=ttyS0 {append}".strip()]


def want_boot(result: Result, flavour: str) -> None:
    result.want("console", rf"^ROMULUS-GUEST: Linux {release(flavour)}, ")
    result.want("console", r"^ROMULUS-GUEST: boot ok")
    result.want("console", r"reboot: Power down")
    result.want_not("console", COMPLAINTS)
    result.want_status(0)
