# SPDX-License-Identifier: GPL-2.0
"""tools/bench and tools/hvprofile: their tables, and that what fails is told.  Nothing here is about how fast anything is."""
from pathlib import Path
import json
import re
import subprocess
import sys
import tempfile

from guestrun import ROOT, log_path
from harness import Failure

sys.path.insert(0, str(ROOT / "tools"))
from lib import benchrun, benchtable

GROUPS = {"bench"}
TIMEOUT_S = 300
REAL_LOADS = ["gzip", "tcc"]


def bench(name: str, *arguments: str) -> tuple[subprocess.CompletedProcess, dict]:
    """Run tools/bench with @arguments; what it wrote as JSON, {} if nothing."""
    output = log_path(f"bench-{name}").with_suffix(".json")
    output.unlink(missing_ok=True)
    done = subprocess.run(["tools/bench", "--json", str(output), "--work", f"bench-{name}", *arguments],
                          cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          timeout=TIMEOUT_S, check=False)
    log_path(f"bench-{name}").write_text(done.stdout + done.stderr)
    return done, json.loads(output.read_text()) if output.exists() else {}


def want(condition: bool, what: str, text: str) -> None:
    if not condition:
        raise Failure(f"{what}\n{text}")


def test_loads_by_vmi() -> None:
    """gzip and tcc do their work, natively and by VMI; both are counted in table and JSON."""
    done, results = bench("vmi", "--no-wall", "--systems", "vmi", "--only", ",".join(REAL_LOADS))
    want(done.returncode == 0, f"exit status {done.returncode}; expected 0", done.stderr)
    for name in REAL_LOADS:
        want(f"| {name} " in done.stdout, f"no row {name}", done.stdout)
        for system in ("native-vmi", "vmi"):
            ticks = results[system]["icount"]["ticks_per_op"][name]
            want(ticks > 1e6, f"{name}: {ticks} instructions; expected millions", done.stdout)
        want(results["vmi"]["icount"]["exits_per_op"][name] > 0, f"{name}: no exits", done.stdout)


def test_loads_translated() -> None:
    """The same with Debian's kernel, natively and without VMI."""
    done, results = bench("debian", "--no-wall", "--systems", "translated", "--only", "gzip,tcc,pipe")
    want(done.returncode == 0, f"exit status {done.returncode}; expected 0", done.stderr)
    for name in [*REAL_LOADS, "pipe"]:
        want(results["translated"]["icount"]["exits_per_op"][name] > 0, f"{name}: no exits", done.stdout)


def test_guest_that_does_not_boot() -> None:
    """A kernel that is none: the row says so, the others are there, and the exit status is 1."""
    done, _ = bench("bad-kernel", "--no-wall", "--systems", "vmi", "--only", "cpu",
                    "--kernel", "vmi=README.md", "--timeout", "20")
    want(done.returncode == 1, f"exit status {done.returncode}; expected 1", done.stderr)
    want("| boot " in done.stdout and "failed" in done.stdout, "no failed row", done.stdout)
    want("vmi icount: boot failed" in done.stderr, "no reason", done.stderr)


def test_unknown_names() -> None:
    """Benchmarks and systems that do not exist are complained about."""
    done, _ = bench("names", "--no-wall", "--systems", "native-vmi", "--only", "cpu,nonsense")
    want(done.returncode == 1 and "nonsense: there is no such benchmark" in done.stderr,
         "no complaint", done.stderr)
    done, _ = bench("systems", "--systems", "nonsense")
    want(done.returncode == 1 and "--systems nonsense; expected some of" in done.stderr,
         "no complaint", done.stderr)


def test_profile() -> None:
    """hvprofile counts a run by function: one romulus_main, which is a part of the whole; and code that
    the guest ran translated, and in the ROM."""
    command = ["tools/hvprofile", "run", "--batch", "--kernel", "build/guests/vmi-first.elf",
               "--timeout", str(TIMEOUT_S / 3), "--top", "10000", "--annotate", "romulus_main"]
    done = subprocess.run(command, cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          timeout=TIMEOUT_S / 2, check=False)
    want(done.returncode == 0, f"exit status {done.returncode}; expected 0", done.stderr)
    text = done.stdout[done.stdout.index("the whole run:"):]
    total, ours = (int(number.partition(".")[0].replace(",", ""))
                   for number in re.search(r"(\S+) instructions, (\S+) of", text).groups())
    rows = re.findall(r"^ +([\d,]+)\.0 +\S+% +([\d,]+)\.000 +\S+ ([\w.]+)$", text, re.M)
    counts = {name: (int(count.replace(",", "")), int(calls.replace(",", "")))
              for count, calls, name in rows}
    want(counts["romulus_main"][1] == 1, "romulus_main not called once", text)
    want(0 < counts["romulus_main"][0] < ours < total, "wrong sums", text)
    want(sum(int(row[0].replace(",", "")) for row in rows) == ours, "the rows do not make the sum", text)
    want("(translated code)" in text and "(ROM)" in text, "no code of the guest's", text)
    want(re.search(r"^ +1 +[0-9a-f]+:\tcall", text, re.M), "no annotated call", text)


class Deaths:
    """Stands for the emulator: a guest with three benchmarks; one says that it failed, one kills it."""

    def __init__(self) -> None:
        self.commands = []

    def run(self, command: list[str], files: Path, _timeout_s: float) -> tuple[list, int]:
        self.commands.append(command)
        files.with_suffix(".err").write_text("the emulator's last words\n")
        if len(self.commands) == 1:
            text = ("LOG <6>[    1.500000] Run /init as init process\nBENCH-PLAN one two three\n"
                    "BENCH-RUN empty\nBENCH empty 1 2\nBENCH-RUN one\nBENCH-FAILED one for a reason\n"
                    "BENCH-RUN two\nall is lost\n")
            return [(0.0, line + "\n") for line in text.splitlines()], 2
        text = ("LOG <6>[    1.600000] Run /init as init process\nBENCH-PLAN three\nBENCH-RUN empty\n"
                "BENCH empty 1 2\nBENCH-RUN three\nBENCH three 10 1000\nBENCH-DONE\n")
        return [(0.0, line + "\n") for line in text.splitlines()], 0


def test_guest_that_dies() -> None:
    """A benchmark that kills the guest takes no other with it: the guest starts again behind it."""
    deaths = Deaths()
    system = next(system for system in benchrun.SYSTEMS if not system.romulus)
    with tempfile.TemporaryDirectory() as directory:
        kernels = {system.kernel: ROOT / "README.md"}
        options = benchrun.Options("max", "", 1, Path("initramfs"), kernels, Path(directory))
        result = benchrun.run_system(options, system, True, deaths.run)
    want(len(deaths.commands) == 2, f"{len(deaths.commands)} boots; expected 2", "")
    want(any("from=three" in word for word in deaths.commands[1]), "not from=three",
         str(deaths.commands))
    rows = benchtable.table_rows({system.name: {"icount": result}})[1:]
    want(rows == [["one", "failed"], ["two", "failed"], ["three", "100"], ["boot", "1,500,000,000"]],
         "wrong table", str(rows))
    lines = " ".join(benchtable.failures({system.name: {"icount": result}}))
    for reason in ("for a reason", "all is lost", "the emulator's last words"):
        want(reason in lines, f"no '{reason}'", lines)
