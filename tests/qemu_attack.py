# SPDX-License-Identifier: GPL-2.0
"""Attacks that take more than a guest: another VM beside it, the hypervisor's symbols, NMIs."""
from pathlib import Path
import random
import re
import socket
import subprocess
import threading
import time

from guestrun import ROOT, Result, check_report, log_path, run_romulus
from harness import Failure
from images import FILES, store

GROUPS = {"attack"}
GUESTS = ROOT / "build" / "guests"


def symbol(name: str) -> int:
    """Linear address of @name in the hypervisor."""
    table = subprocess.run(["nm", ROOT / "build" / "romulus.elf"], capture_output=True, text=True,
                           check=True).stdout
    match = re.search(rf"^([0-9a-f]+) \w {name}$", table, re.MULTILINE)
    if not match:
        raise Failure(f"build/romulus.elf has no symbol {name}")
    return int(match[1], 16)


def breakpoints_on(name: str, start: int, end: int) -> str:
    result = run_romulus(f"attack-debug-{name}", f"--kernel={GUESTS / 'vmi-attack-debug.elf'}",
                         "--memory=16M", f"--append=from={start:x} to={end:x}", timeout=100)
    result.want_status(0)
    return check_report(result)


def test_breakpoints_on_host_stack() -> str:
    """A guest's data breakpoints on the linear addresses of the host's stack."""
    top = symbol("boot_stack_top")
    return breakpoints_on("stack", top - 0x1000, top)


def test_breakpoints_on_switch_data() -> str:
    """The same on what the world switch keeps for each CPU."""
    at = symbol("boot_cpu")
    return breakpoints_on("switch", at, at + 0x100)


def run_two(name: str, bad: str, good: str, bad_settings: str = "", timeout: float = 60) -> Result:
    """A VM "bad" of the test kernel @bad without console, beside one "good" of @good."""
    path = store(f"attack-{name}.conf",
                 f"vm bad {{\n\tkernel = bad\n\tmemory = 16M\n\tconsole = none\n{bad_settings}}}\n"
                 "vm good {\n\tkernel = good\n\tmemory = 16M\n\tappend = \"seconds=3\"\n}\n")
    return run_romulus(f"attack-{name}", f"--conf={path}", f"--module=bad={GUESTS / bad}.elf",
                       f"--module=good={GUESTS / good}.elf", "--host-memory=128M", timeout=timeout)


class Nmis(threading.Thread):
    """Sends NMIs to QEMU by its monitor at random moments, until told to stop.

    The first comes when the hypervisor's @log says that a guest runs: a BIOS takes none."""

    def __init__(self, seed: int, log: Path):
        super().__init__(daemon=True)
        self.log = log
        self.path = FILES / "monitor"
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.path.unlink(missing_ok=True)
        self.random = random.Random(seed)
        self.sent = 0
        self.ended = False

    def run(self) -> None:
        while not self.ended and "VMI_Init" not in self._log_text():
            time.sleep(0.1)
        with socket.socket(socket.AF_UNIX) as monitor:
            while not self.ended:
                try:
                    monitor.connect(str(self.path))
                    break
                except OSError:
                    time.sleep(0.1)
            try:
                while not self.ended:
                    monitor.sendall(b"nmi\n")
                    monitor.recv(65536)
                    self.sent += 1
                    time.sleep(self.random.expovariate(200))
            except OSError:
                pass  # QEMU has ended

    def _log_text(self) -> str:
        return self.log.read_text(errors="replace") if self.log.exists() else ""


def test_nmi() -> str:
    """NMIs at random moments for a minute, while a guest works."""
    seed = random.randrange(1 << 32)
    log = log_path("attack-nmi")
    log.unlink(missing_ok=True)
    nmis = Nmis(seed, log)
    nmis.start()
    try:
        result = run_romulus("attack-nmi", f"--kernel={GUESTS / 'vmi-work.elf'}", "--memory=16M",
                             "--append=seconds=3c", f"--qemu=-monitor unix:{nmis.path},server=on,wait=off",
                             timeout=150)
    finally:
        nmis.ended = True
        nmis.join()
    result.want_status(0)
    if nmis.sent < 1000:
        raise Failure(f"only {nmis.sent} NMIs were sent; expected 1000 at least")
    return f"{check_report(result)}, {nmis.sent} NMIs, seed {seed}"


def beside(name: str, bad: str, bad_settings: str, *log: str, status: int = 2) -> str:
    """The kernel @bad ends as @log says, and vmi-work beside it does its work all the same."""
    result = run_two(name, bad, "vmi-work", bad_settings)
    result.want_status(status)
    for pattern in log:
        result.want("log", pattern)
    result.want_not("log", "panic")
    return check_report(result)


def test_v86_beside() -> str:
    """A VM that masks interrupts in V86 mode is stopped; the other one goes on."""
    return beside("v86", "vmi-attack-v86", "\tappend = \"cli\"\n", r"vm bad: stopped: platform hole")


def test_v86_zero_beside() -> str:
    """The same with a CS that looks like ring 0."""
    return beside("v86-zero", "vmi-attack-v86", "\tappend = \"zero\"\n",
                  r"vm bad: stopped: platform hole")


def test_v86_interrupted_beside() -> str:
    """The real interrupt that finds the hole is not lost to the host."""
    return beside("v86-spin", "vmi-attack-v86", "\tappend = \"spin\"\n",
                  r"vm bad: stopped: platform hole")


def test_slot_beside() -> str:
    """A call that is not offered stops the VM that made it."""
    return beside("slot", "vmi-attack-slot", "", r"vm bad: stopped: VMI call 1 is not offered")


def test_gate_beside() -> str:
    """Two VMs with gates at the same place: the one that attacks its own disturbs the other not."""
    return beside("gate", "vmi-attack-gate", "", r"vm bad: ended: powered off", status=0)


def test_work_beside() -> str:
    """Two VMs that work, each with its own FPU registers and descriptors."""
    return beside("work", "vmi-work", "\tappend = \"seconds=3\"\n", r"vm bad: ended: powered off", status=0)


def test_hostile_beside() -> str:
    """Calls without sense and tables that change under way, beside a VM that works."""
    return beside("hostile", "vmi-hostile", "\tappend = \"pae\"\n", r"vm bad: ended: powered off", status=0)


def test_alarms_beside() -> str:
    """Alarms that go off all the time, beside a VM that works."""
    return beside("alarms", "vmi-hostile", "\tappend = \"flood\"\n", r"vm bad: ended: powered off", status=0)


DEADLY = ("cr3-empty cr3-rom cr3-bios cr3-mmio cr3-beyond cr3-garbage idt-nowhere idt-empty gdt-nowhere "
          "gdt-empty").split()


DEADLY_PAE = "pdpte-empty pdpte-bios pae-surprise".split()


def test_deadly_calls() -> str:
    """Calls that no kernel survives triple-fault their VMs; the one that works beside them goes on."""
    vms = [(word, "bad", word, 12) for word in DEADLY]
    vms += [(word, "hostile", f"pae {word}", 14) for word in DEADLY_PAE]
    conf = "".join(f"vm bad-{name} {{\n\tkernel = {kernel}\n\tmemory = {memory}M\n\tconsole = none\n"
                   f"\ton_reset = stop\n\tappend = \"{append}\"\n}}\n"
                   for name, kernel, append, memory in vms)
    good = "vm good {\n\tkernel = good\n\tmemory = 16M\n\tappend = \"seconds=3\"\n}\n"
    result = run_romulus("attack-deadly", f"--conf={store('attack-deadly.conf', conf + good)}",
                         f"--module=bad={GUESTS / 'vmi-bad-calls.elf'}",
                         f"--module=hostile={GUESTS / 'vmi-hostile.elf'}",
                         f"--module=good={GUESTS / 'vmi-work.elf'}", "--host-memory=256M", timeout=60)
    result.want_status(3)
    for word in DEADLY + DEADLY_PAE:
        result.want("log", f"vm bad-{word}: ended: triple fault")
    return check_report(result)


def pattern(name: str, how: str, end: str, platform: str, on_reset: str = "stop") -> str:
    """One VM leaves a pattern wherever it can and ends as @end says; another looks for it."""
    wait = 15 if platform == "bochs" else 4
    conf = store(f"attack-pattern-{name}.conf",
                 f"vm leaver {{\n\tkernel = pattern\n\tmemory = 12M\n\tappend = \"leave {how}\"\n"
                 f"\tconsole = none\n\ton_reset = {on_reset}\n}}\n"
                 f"vm finder {{\n\tkernel = pattern\n\tmemory = 12M\n\tappend = \"find wait={wait:x}\"\n}}\n")
    result = run_romulus(f"attack-pattern-{name}", f"--conf={conf}",
                         f"--module=pattern={GUESTS / 'vmi-pattern.elf'}", "--host-memory=128M",
                         f"--platform={platform}", timeout=120)
    result.want("log", rf"(?s)vm leaver: ended: {end}.*vm finder: VMI_Init")
    return check_report(result)


def test_pattern_of_one_that_powers_off() -> str:
    """What a VM leaves behind when it powers itself off is not found by another."""
    return pattern("off", "", "powered off", "qemu")


def test_pattern_of_one_that_is_stopped() -> str:
    """The same for one that the hypervisor stops."""
    return pattern("stopped", "killed", "stopped", "qemu")


def test_pattern_of_one_that_resets() -> str:
    """The same for one that resets itself."""
    return pattern("reset", "reset", "reset by the guest", "qemu")


def test_pattern_of_one_that_starts_again() -> str:
    """The same for one that is reset, so that its gate's pages are free for others."""
    return pattern("again", "again", "powered off", "qemu", "reset")


def test_pattern_on_bochs() -> str:
    """The same on Bochs."""
    return pattern("bochs", "again", "powered off", "bochs", "reset")
