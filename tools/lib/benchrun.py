# SPDX-License-Identifier: GPL-2.0
"""Running the benchmarks' guest, natively or under Romulus, and reading what it says.

A guest that dies takes only the benchmark with it that ran: it is started again from the next one.
What failed is kept with its reason.
"""
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
import re
import subprocess
import threading
import time

from lib.paths import BUILD, ROOT, existing_file

MEMORY_MIB = 128
KERNEL_OPTIONS = "console=ttyS0 quiet panic=-1 norandmaps nokaslr"
SAME_EACH_TIME = ["-rtc", "base=2000-01-01T00:00:00,clock=vm", "-seed", "1"]
WALL_ROUNDS = 5
EMPTY = "empty"  # what its marks cost is in every row's counters
BOOT = "boot"  # the row, and what a guest is in that did not come to its first benchmark
START = "start"  # the marks' name for the same
REASON_LENGTH = 120

PLAN = re.compile(r"^BENCH-PLAN(.*)$", re.M)
RUNS = re.compile(r"^BENCH-RUN (\S+)\s*$", re.M)
RESULT = re.compile(r"^BENCH (\S+) (\d+) (\d+)\s*$", re.M)
FAILED = re.compile(r"^BENCH-FAILED (\S+) (.*)$", re.M)
INIT_STARTED = re.compile(r"^LOG .*?\[ *([\d.]+)\] Run /init", re.M)
TSC_READ = re.compile(r"^TSC (\d+)\s*$")
SAYS = re.compile(r"^vm guest: says: (\S+) ?(\S*)$")
COUNTER = re.compile(r"^vm guest: +(\d+) (.+)$")


Lines = list[tuple[float, str]]  # each with the time it came
Runner = Callable[[list[str], Path, float], tuple[Lines, int]]


@dataclass(frozen=True)
class System:
    """One way to run the guest; settings are more lines of romulus.conf, None without Romulus."""
    name: str
    title: str
    kernel: str  # one of KERNELS
    settings: str | None = None

    @property
    def romulus(self) -> bool:
        return self.settings is not None


def debian_kernel(flavour: str) -> Path:
    return BUILD / "cache" / "debian" / flavour / "vmlinuz"


# For QEMU and for Romulus.  Ours is given to Romulus as ELF file, as `make run` does.
KERNELS = {
    "debian": (debian_kernel("686"), debian_kernel("686")),
    "pae": (debian_kernel("686-pae"), debian_kernel("686-pae")),
    "vmi": (BUILD / "guest" / "bzImage", BUILD / "guest" / "vmlinux"),
}
SYSTEMS = [
    System("native-debian", "native, Debian's", "debian"),
    System("translated", "translated", "debian", "\tvmi = off\n"),
    System("native-vmi", "native, ours", "vmi"),
    System("vmi", "VMI", "vmi", "\tvmi = on\n"),
    System("native-pae", "native, PAE", "pae"),
    System("translated-pae", "translated, PAE", "pae", "\tvmi = off\n"),
]
DEFAULT_SYSTEMS = ["translated", "vmi"]


def native_of(system: System) -> System:
    """The same kernel without Romulus."""
    return next(other for other in SYSTEMS if other.kernel == system.kernel and not other.romulus)


@dataclass
class Options:
    """What the user asked for."""
    cpu: str
    only: str  # names with commas between them, or ""
    timeout_s: float
    initramfs: Path
    kernels: dict[str, Path]  # instead of those of KERNELS
    work: Path  # folder for what the runs write


@dataclass
class Result:
    """What was measured of one system; by benchmark."""
    plan: list[str] = field(default_factory=list)
    operations: dict[str, int] = field(default_factory=dict)
    ticks: dict[str, float] = field(default_factory=dict)  # per operation
    counters: dict[str, dict[str, float]] = field(default_factory=dict)  # the same
    failed: dict[str, str] = field(default_factory=dict)  # why
    boot_ns: float = 0  # from the kernel's first look at the clock to its first process
    mhz: float = 0  # of the TSC
    seconds: float = 0  # that it took


def run_system(options: Options, system: System, icount: bool,
               run: Runner | None = None) -> Result:
    """Run all benchmarks that were asked for, with as many boots as that takes.  A test may give its
    own @run instead of run_command()."""
    name = f"{system.name}-{'icount' if icount else 'wall'}"
    result, next_one, boots = Result(), None, 0
    start = time.monotonic()
    while boots == 0 or next_one:
        boots += 1
        files = options.work / (name if boots == 1 else f"{name}-{boots}")
        command = guest_command(options, system, icount, next_one, files)
        lines, status = (run or run_command)(command, files, options.timeout_s)
        text = "".join(line for _, line in lines)
        files.with_suffix(".console").write_text(text)
        add_console(result, text)
        result.mhz = result.mhz or tsc_mhz(lines)
        if system.romulus:
            log = files.with_suffix(".log")
            add_counters(result, log.read_text(errors="replace") if log.exists() else "")
        next_one = bury(result, text, status, files) if died(text, status) else None
    result.seconds = time.monotonic() - start
    return result


def died(console: str, status: int) -> bool:
    return "BENCH-DONE" not in console or status != 0


def bury(result: Result, console: str, status: int, files: Path) -> str | None:
    """The guest died: note where and why; returns the benchmark to go on with, None if there is none."""
    running = RUNS.findall(console)
    last = next((line for line in reversed(console.splitlines()) if line.strip()), "no output")
    said = next((line for line in reversed(files.with_suffix(".err").read_text().splitlines())
                 if line.strip()), "")
    why = f"ended with status {status} after '{last[:REASON_LENGTH]}'; {said[:REASON_LENGTH]}"
    if not running or running[-1] == EMPTY:
        result.failed[BOOT if not result.boot_ns else EMPTY] = why
        return None
    if running[-1] not in result.ticks:
        result.failed.setdefault(running[-1], why)
    else:
        result.failed[f"after {running[-1]}"] = why
    behind = result.plan[result.plan.index(running[-1]) + 1:]
    return behind[0] if behind else None


# ---- starting it ------------------------------------------------------------------------------

def guest_command(options: Options, system: System, icount: bool, first: str | None,
                  files: Path) -> list[str]:
    """The command that boots the guest once, for the benchmarks from @first on."""
    words = [f"rounds={1 if icount else WALL_ROUNDS}"]
    words += [f"only={options.only}"] if options.only else []
    words += [f"from={first}"] if first else []
    append = f"{KERNEL_OPTIONS} -- {' '.join(words)}"
    kernel = options.kernels.get(system.kernel, KERNELS[system.kernel][system.romulus])
    existing_file(kernel, f"the kernel of '{system.name}',")
    if system.romulus:
        return romulus_command(options, system, kernel, append, icount, files)
    command = ["qemu-system-i386", "-accel", "tcg", "-cpu", options.cpu, "-m", str(MEMORY_MIB),
               "-nodefaults", "-no-user-config", "-display", "none", "-no-reboot",
               "-kernel", str(kernel), "-initrd", str(options.initramfs), "-append", append,
               "-serial", "stdio", *SAME_EACH_TIME]
    return command + (["-icount", "shift=0,sleep=off"] if icount else [])


def romulus_command(options: Options, system: System, kernel: Path, append: str, icount: bool,
                    files: Path) -> list[str]:
    conf = files.with_suffix(".conf")
    conf.write_text(f"vm guest {{\n\tmemory = {MEMORY_MIB}M\n\tkernel = kernel\n\tinitrd = initrd\n"
                    f"\tappend = \"{append}\"\n\tdebug = log\n{system.settings}}}\n")
    command = [str(ROOT / "tools" / "romulus"), "run", "--batch", "--conf", str(conf),
               "--module", f"kernel={kernel}", "--module", f"initrd={options.initramfs}",
               "--memory", f"{MEMORY_MIB}M",
               "--qemu", " ".join(["-cpu", options.cpu, *SAME_EACH_TIME]),
               "--log", str(files.with_suffix(".log")), "--timeout", str(options.timeout_s)]
    return command + (["--icount"] if icount else [])


def run_command(command: list[str], files: Path,
                timeout_s: float) -> tuple[Lines, int]:
    """The lines that @command prints, and the exit status."""
    lines = []
    with (open(files.with_suffix(".err"), "w") as complaints,
          subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                           stderr=complaints, text=True, errors="replace") as process):
        late = threading.Timer(timeout_s + 30, process.kill)
        late.start()
        try:
            for line in process.stdout:
                lines.append((time.monotonic(), line.replace("\r", "")))
            return lines, process.wait()
        finally:
            late.cancel()
            process.kill()


# ---- reading what came ------------------------------------------------------------------------

def tsc_mhz(lines: Lines) -> float:
    """From the first and the last of the guest's readings, and when they were printed."""
    read = [(when, int(found[1])) for when, line in lines if (found := TSC_READ.match(line))]
    if len(read) < 2 or read[-1][0] == read[0][0]:
        return 0
    return (read[-1][1] - read[0][1]) / (read[-1][0] - read[0][0]) / 1e6


def add_console(result: Result, console: str) -> None:
    if not result.plan and (plan := PLAN.search(console)):
        result.plan = plan[1].split()
    for name, operations, ticks in RESULT.findall(console):
        result.operations[name] = int(operations)
        result.ticks[name] = int(ticks) / int(operations)
    for name, why in FAILED.findall(console):
        result.failed[name] = why.strip()
    if not result.boot_ns and (started := INIT_STARTED.search(console)):
        result.boot_ns = float(started[1]) * 1e9


def add_counters(result: Result, log: str) -> None:
    """Differences of the counters between a benchmark's marks, less what the marks cost."""
    name, snapshots, taking = "", [], False
    whole: dict[str, dict[str, int]] = {}
    for line in log.splitlines():
        if says := SAYS.match(line):
            taking = says[1] == "counters"
            if taking:
                snapshots.append({})
            elif says[1] == "begin":
                name, snapshots = says[2], []
            elif says[1] == "end" and says[2] == name and len(snapshots) == 2:
                before, after = snapshots
                whole[name] = {key: value - before.get(key, 0) for key, value in after.items()}
        elif taking and (counter := COUNTER.match(line)):
            snapshots[-1][counter[2]] = int(counter[1])
            if name == START:
                whole[name] = snapshots[-1]
    marks = whole.get(EMPTY, {})
    for name, counters in whole.items():
        less = {} if name in (EMPTY, START) else marks
        per_op = {key: (value - less.get(key, 0)) / result.operations.get(name, 1)
                  for key, value in counters.items()}
        result.counters.setdefault(BOOT if name == START else name,
                                   {key: value for key, value in per_op.items() if value > 0.0005})
