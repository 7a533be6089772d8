# SPDX-License-Identifier: GPL-2.0
"""The PCs that Romulus runs in: QEMU's TCG and Bochs, described once, started the same way.

Both get: the ISO as CD-ROM, COM1 as a file (the hypervisor's log), COM2 as a socket that the caller
holds (the terminal).  QEMU has the isa-debug-exit device on top; Bochs cannot end by itself, so the
caller stops it when the log says that the run is over.  KVM is never used: these runs are about
PCs without virtualization hardware, and must give the same result everywhere.
"""
from dataclasses import dataclass
from pathlib import Path
import ctypes
import fcntl
import os
import pty
import shlex
import shutil
import signal
import socket
import struct
import subprocess
import termios

from lib.paths import UserError

UEFI_FIRMWARE = Path("/usr/share/ovmf/OVMF.fd")
BOCHS_ROM = Path("/usr/share/bochs/BIOS-bochs-latest")
BOCHS_VGA_ROM = Path("/usr/share/vgabios/vgabios.bin")
PR_SET_PDEATHSIG = 1  # linux/prctl.h
BOCHS_CPU = "p4_prescott_celeron_336"
BOCHS_INSTRUCTIONS_PER_SECOND = 50_000_000  # how Bochs counts time; no promise of speed

# ignore_bad_msrs=0: an unknown MSR is #GP, as on a real CPU.  port_e9, sound and network: absent.
BOCHSRC = """\
display_library: term
romimage: file={rom}
vgaromimage: file={vga_rom}
cpu: model={cpu}, count=1, ips={ips}, reset_on_triple_fault=0, ignore_bad_msrs=0
memory: guest={memory}, host={memory}
clock: sync=none, time0=946684800
ata0: enabled=1, ioaddr1=0x1f0, ioaddr2=0x3f0, irq=14
ata0-master: type=cdrom, path={iso}, status=inserted
boot: cdrom
com1: enabled=1, mode=file, dev={log}
com2: enabled=1, mode=socket-client, dev=127.0.0.1:{port}
sound: waveoutdrv=dummy
speaker: enabled=0
log: {bochs_log}
panic: action=fatal
error: action=report
info: action=ignore
debug: action=ignore
"""


@dataclass
class Pc:
    """The machine to start."""
    platform: str  # "qemu" or "bochs"
    firmware: str  # "bios" or "uefi"
    memory_mib: int
    iso: Path
    log: Path  # gets COM1
    scratch: Path  # directory for what the emulator needs
    icount: bool = False
    extra: str = ""  # more options for QEMU


class Emulator:
    """A running PC: .process, .terminal (COM2, a connected socket), .screen (an fd whose output must
    be read and thrown away, or -1)."""

    def __init__(self, pc: Pc):
        self.screen = -1
        self.complaints = pc.scratch / "emulator.log"
        if pc.platform == "bochs":
            self._start_bochs(pc)
        else:
            self._start_qemu(pc)

    def _start_qemu(self, pc: Pc) -> None:
        self.terminal, theirs = socket.socketpair()
        command = qemu_command(pc, theirs.fileno())
        _must_be_installed(command[0], "qemu-system-x86")
        with theirs, open(self.complaints, "wb") as complaints:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=complaints,
                                            stderr=complaints, pass_fds=[theirs.fileno()],
                                            process_group=0, preexec_fn=_die_with_parent)

    def _start_bochs(self, pc: Pc) -> None:
        _must_be_installed("bochs", "bochs and bochs-term")
        config = pc.scratch / "bochsrc"
        with socket.create_server(("127.0.0.1", 0)) as listener:
            config.write_text(bochs_config(pc, listener.getsockname()[1]))
            # Debian's Bochs is built with its debugger, which wants to be told to go.
            commands = pc.scratch / "bochs-commands"
            commands.write_text("c\n")
            # The screen is a terminal that nobody looks at: Bochs has no display without one.
            self.screen, theirs = pty.openpty()
            fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("4H", 25, 80, 0, 0))
            with open(self.complaints, "wb") as complaints:
                self.process = subprocess.Popen(["bochs", "-q", "-f", str(config), "-rc", str(commands)],
                                                stdin=theirs, stdout=theirs, stderr=complaints,
                                                process_group=0, preexec_fn=_die_with_parent,
                                                env=os.environ | {"TERM": "vt100"})
            os.close(theirs)
            listener.settimeout(10)
            try:
                self.terminal, _ = listener.accept()
            except TimeoutError:
                self.stop()
                raise UserError(f"Bochs did not start: {self.last_words()}") from None

    def last_words(self) -> str:
        """What the emulator itself said last."""
        lines = []
        for path in (self.complaints, self.complaints.with_name("bochs.log")):
            if path.exists():
                text = path.read_text(errors="replace")
                lines += [line for line in text.splitlines() if line.strip()][-3:]
        return "; ".join(lines) or "it said nothing"

    def stop(self) -> None:
        """End the emulator and wait for it.  (Bochs' debugger would catch a gentler signal.)"""
        self.process.kill()
        self.process.wait()
        if self.screen >= 0:
            os.close(self.screen)
            self.screen = -1


def _die_with_parent() -> None:
    """In the child: be killed when this tool is, however it ends."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def qemu_command(pc: Pc, terminal_fd: int) -> list[str]:
    try:
        extra = shlex.split(pc.extra)
    except ValueError as error:
        raise UserError(f"--qemu '{pc.extra}': {error}") from None
    uefi = pc.firmware == "uefi"
    if uefi and not UEFI_FIRMWARE.exists():
        raise UserError(f"{UEFI_FIRMWARE} does not exist; Debian's package ovmf has it")
    command = ["qemu-system-x86_64" if uefi else "qemu-system-i386",
               "-accel", "tcg", "-cpu", "max", "-m", str(pc.memory_mib), "-nodefaults",
               "-vga", "std", "-display", "none", "-no-user-config", "-no-reboot",
               "-cdrom", str(pc.iso), "-boot", "d",
               "-serial", f"file:{pc.log}",
               "-chardev", f"socket,id=terminal,fd={terminal_fd}", "-serial", "chardev:terminal",
               "-device", "isa-debug-exit,iobase=0xf4,iosize=1"]
    if uefi:
        command += ["-bios", str(UEFI_FIRMWARE)]
    if pc.icount:
        command += ["-icount", "shift=0,sleep=off"]
    return command + extra


def bochs_config(pc: Pc, port: int) -> str:
    if pc.firmware != "bios":
        raise UserError("Bochs has no UEFI; expected --firmware bios with --platform bochs")
    if pc.extra or pc.icount:
        raise UserError("--qemu and --icount are for --platform qemu only")
    for rom in (BOCHS_ROM, BOCHS_VGA_ROM):
        if not rom.exists():
            raise UserError(f"{rom} does not exist; Debian's packages bochsbios and vgabios have them")
    return BOCHSRC.format(rom=BOCHS_ROM, vga_rom=BOCHS_VGA_ROM, cpu=BOCHS_CPU,
                          ips=BOCHS_INSTRUCTIONS_PER_SECOND, memory=pc.memory_mib, iso=pc.iso,
                          log=pc.log, port=port, bochs_log=pc.scratch / "bochs.log")


def _must_be_installed(program: str, packages: str) -> None:
    if not shutil.which(program):
        raise UserError(f"{program} is not installed; tools/setup installs {packages}")
