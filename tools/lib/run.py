# SPDX-License-Identifier: GPL-2.0
"""One run of Romulus in an emulator: build its ISO, start it, carry the terminal, tell how it ended.

The end is known from the log's last line, not from the emulator's exit status, which differs
between emulators and says nothing when it crashes.
"""
from dataclasses import dataclass
from pathlib import Path
import os
import select
import shutil
import signal
import sys
import tempfile
import termios
import time
import tty

from lib.emulator import Emulator, Pc
from lib.iso import Module, make_iso
from lib.paths import IMAGE, RUNS, UserError
from lib.runlog import RunLog

EXIT_ERROR, EXIT_TIMEOUT, EXIT_INTERRUPTED = 1, 124, 130
GUEST_STATUSES = {0: "all guests are off", 2: "refused or stopped", 3: "triple fault"}
LOGS_KEPT = 30
REASONS_SHOWN = 10
PANIC_PATIENCE_S = 3  # for the rest of its report
UEFI_MARKER = "romulus-terminal-begins"  # what is before it on COM2 is the firmware's
ESCAPE, EMERGENCY_COUNT = 0x1d, 5  # Ctrl-] so often in a row: end the emulator, whatever it does


@dataclass
class Run:
    """What is asked for."""
    modules: list[Module]
    platform: str = "qemu"
    firmware: str = "bios"
    memory_mib: int = 128  # of the PC
    command_line: str = "exit=isa-debug-exit terminal=com2"
    icount: bool = False
    qemu_extra: str = ""
    timeout_s: float | None = None
    batch: bool = False
    keep: bool = False
    log: Path | None = None
    image: Path = IMAGE


def tell(text: str) -> None:
    """A line for the user that is no guest's output."""
    print(f"romulus: {text}", file=sys.stderr, flush=True)


def new_log() -> Path:
    """A fresh log file under build/run; the oldest ones go."""
    RUNS.mkdir(parents=True, exist_ok=True)
    logs = sorted(RUNS.glob("*.log"), key=lambda path: path.stat().st_mtime)
    for old in logs[:-LOGS_KEPT]:
        old.unlink(missing_ok=True)
    for left_over in RUNS.glob("run-*"):  # of a run that was killed
        if time.time() - left_over.stat().st_mtime > 86400:
            shutil.rmtree(left_over, ignore_errors=True)
    return RUNS / f"{time.strftime('%Y%m%d-%H%M%S')}-{os.getpid()}.log"


def execute(run: Run) -> int:
    """Do it; returns the exit status that the user sees."""
    log = (run.log or new_log()).resolve()
    log.parent.mkdir(parents=True, exist_ok=True)
    log.unlink(missing_ok=True)
    RUNS.mkdir(parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(dir=RUNS, prefix="kept-" if run.keep else "run-"))
    try:
        iso = scratch / "romulus.iso"
        make_iso(iso, run.image, run.modules, run.command_line, [run.firmware],
                 UEFI_MARKER if run.firmware == "uefi" else "")
        tell(f"the hypervisor's log is {_short(log)}")
        if run.keep:
            tell(f"keeping {_short(iso)}")
        pc = Pc(run.platform, run.firmware, run.memory_mib, iso, log, scratch, run.icount,
                run.qemu_extra)
        emulator = Emulator(pc)
        try:
            return _Session(run, emulator, RunLog(log)).carry()
        finally:
            emulator.stop()
    finally:
        if not run.keep:
            shutil.rmtree(scratch, ignore_errors=True)


def _short(path: Path) -> str:
    try:
        return str(path.relative_to(Path.cwd()))
    except ValueError:
        return str(path)


class _RawTerminal:
    """The user's terminal, handed to the guest key by key, and given back in any case."""

    def __init__(self, wanted: bool):
        self.active = wanted and sys.stdin.isatty()

    def __enter__(self) -> "_RawTerminal":
        if self.active:
            self.saved = termios.tcgetattr(0)
            tty.setraw(0)
        return self

    def __exit__(self, *_: object) -> None:
        if self.active:
            termios.tcsetattr(0, termios.TCSADRAIN, self.saved)


class _Session:
    """The loop that carries bytes between the terminal and COM2 until the run is over."""

    def __init__(self, run: Run, emulator: Emulator, log: RunLog):
        self.run, self.emulator, self.log = run, emulator, log
        self.deadline = time.monotonic() + run.timeout_s if run.timeout_s else None
        self.inputs = [emulator.terminal.fileno()]
        if emulator.screen >= 0:
            self.inputs.append(emulator.screen)
        if not run.batch:
            self.inputs.append(0)
        self.firmware_text = b"" if run.firmware == "uefi" else None  # None: it is over
        self.out_broken = False
        self.escapes = 0  # that came last, in a row

    def carry(self) -> int:
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(EXIT_INTERRUPTED))
        try:
            with _RawTerminal(not self.run.batch):
                outcome = self._loop()
        except KeyboardInterrupt:
            outcome = "interrupted"
        return self._conclude(outcome)

    def _loop(self) -> str:
        """Until the end; says which: "ended", "vanished", "timeout", "interrupted"."""
        panic_since = 0.0
        while True:
            self._carry_bytes(0.05)
            self.log.poll()
            if self.log.panic and self.log.status is None and not panic_since:
                panic_since = time.monotonic()
            gone = self.emulator.process.poll() is not None
            if (self.log.status is not None or gone
                    or panic_since and time.monotonic() > panic_since + PANIC_PATIENCE_S):
                self._drain()
                return "ended" if self.log.status is not None or self.log.panic else "vanished"
            if self.deadline and time.monotonic() > self.deadline:
                return "timeout"
            if self.escapes >= EMERGENCY_COUNT:
                return "interrupted"

    def _carry_bytes(self, wait_s: float) -> bool:
        """Move what is there; False if nothing came from the guest."""
        ready, _, _ = select.select(self.inputs, [], [], wait_s)
        from_guest = False
        for fd in ready:
            try:
                data = os.read(fd, 65536)
            except OSError:  # the emulator is gone
                data = b""
            if not data:
                self.inputs.remove(fd)
            elif fd == 0:
                self._watch_for_emergency(data)
                self._to_guest(data)
            elif fd != self.emulator.screen:
                from_guest = True
                self._to_user(self._without_firmware(data))
        return from_guest

    def _watch_for_emergency(self, data: bytes) -> None:
        for byte in data:
            self.escapes = self.escapes + 1 if byte == ESCAPE else 0
            if self.escapes >= EMERGENCY_COUNT:
                break

    def _to_guest(self, data: bytes) -> None:
        try:
            self.emulator.terminal.sendall(data)
        except OSError:
            pass  # the loop notices that the emulator is gone

    def _without_firmware(self, data: bytes) -> bytes:
        if self.firmware_text is None:
            return data
        self.firmware_text += data
        _, marker, rest = self.firmware_text.partition(UEFI_MARKER.encode() + b"\n\r")
        if not marker:
            return b""
        self.firmware_text = None
        return rest

    def _to_user(self, data: bytes) -> None:
        while data and not self.out_broken:
            try:
                data = data[os.write(1, data):]
            except BrokenPipeError:
                self.out_broken = True  # the run goes on: its exit status may be what is wanted

    def _drain(self) -> None:
        """What the guest said last may still be on its way."""
        end = time.monotonic() + 3
        while time.monotonic() < end and self.inputs:
            if self.emulator.process.poll() is not None and not self._carry_bytes(0):
                break
            if not self._carry_bytes(0.1) and self.run.platform == "bochs":
                break
        self.log.poll()

    def _conclude(self, outcome: str) -> int:
        if outcome == "interrupted":
            tell("interrupted")
            return EXIT_INTERRUPTED
        if outcome == "timeout":
            tell(f"still running after {self.run.timeout_s:g} s; last in the log: {self._last()}")
            return EXIT_TIMEOUT
        if self.log.panic:
            tell(self.log.panic)
            tell("the hypervisor's log has the registers and the backtrace")
            return EXIT_ERROR
        for reason in self.log.reasons[:REASONS_SHOWN]:
            tell(reason)
        if outcome == "vanished":
            code = self.emulator.process.returncode
            tell(f"{self.run.platform} ended (status {code}) before Romulus said how the run went; "
                 f"last in the log: {self._last()}; {self.run.platform}: {self.emulator.last_words()}")
            return EXIT_ERROR
        status = self.log.status
        if status not in GUEST_STATUSES:
            tell(f"unknown end status {status} in the log; expected one of 0, 2, 3")
            return EXIT_ERROR
        if status or not self.run.batch:
            tell(GUEST_STATUSES[status])
        return status

    def _last(self) -> str:
        return self.log.last_line or "nothing"
