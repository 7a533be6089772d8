# SPDX-License-Identifier: GPL-2.0
"""The benchmarks' results for people and for programs: one table, one JSON object.

A row whose benchmark failed says so in the columns of the system where it did.
"""
from lib.benchrun import BOOT, EMPTY, SYSTEMS, Result, System, native_of

EXITS = "heavy exits"
Results = dict[str, dict[str, Result]]  # by system's name, then "icount" or "wall"


def number(value: float | None, digits: int = 0) -> str:
    return "-" if value is None else f"{value:,.{digits}f}"


def few_digits(value: float | None) -> str:
    """Three or more that matter."""
    if value is None:
        return "-"
    return number(value, 0 if value >= 100 else 2 if value >= 1 or not value else 4)


def ratio(value: float | None, native: float | None) -> str:
    return "-" if not value or not native else f"{value / native:.2f}"


def row_names(results: Results) -> list[str]:
    """All benchmarks that any system was to run, in their order; the last is the boot."""
    names: dict[str, None] = {}
    for of in results.values():
        for result in of.values():
            names |= dict.fromkeys(result.plan)
    return [*names, BOOT]


def table_rows(results: Results) -> list[list[str]]:
    systems = [system for system in SYSTEMS if system.name in results]
    wall = any("wall" in of for of in results.values())
    head = ["per operation"]
    for prefix in ["instr. "] + (["us "] if wall else []):
        for system in systems:
            head.append(system.title if system.romulus else prefix + system.title)
            if system.romulus:
                head += ["ratio"] + (["exits"] if prefix == "instr. " else [])
    rows = [head]
    for name in row_names(results):
        row = [name]
        for system in systems:
            row += instruction_cells(results, system, name)
        for system in systems if wall else []:
            row += wall_cells(results, system, name)
        rows.append(row)
    return rows


def instruction_cells(results: Results, system: System, name: str) -> list[str]:
    there, native = (results[of.name]["icount"] for of in (system, native_of(system)))
    value = instructions(there, name)
    if value is None:
        return lost_cells(there, name, 3 if system.romulus else 1)
    cells = [few_digits(value)]
    if system.romulus:
        cells += [ratio(value, instructions(native, name)),
                  number(exits(there, name), 2 if name != BOOT else 0)]
    return cells


def wall_cells(results: Results, system: System, name: str) -> list[str]:
    there, native = (results[of.name]["wall"] for of in (system, native_of(system)))
    value = microseconds(there, native, name)
    if value is None:
        return lost_cells(there, name, 2 if system.romulus else 1)
    return [few_digits(value)] + ([ratio(value, microseconds(native, native, name))]
                                  if system.romulus else [])


def lost_cells(result: Result, name: str, count: int) -> list[str]:
    """There is no figure: because it failed, or because it was not reached."""
    return ["failed" if name in result.failed else "not run"] + ["-"] * (count - 1)


def instructions(result: Result, name: str) -> float | None:
    return (result.boot_ns or None) if name == BOOT else result.ticks.get(name)


def exits(result: Result, name: str) -> float:
    return result.counters.get(name, {}).get(EXITS, 0)


def microseconds(result: Result, native: Result, name: str) -> float | None:
    """By the TSC's rate as seen in the native run: it is the same TSC.  For the boot, as the kernel
    itself saw it."""
    if name == BOOT:
        return result.boot_ns / 1000 or None
    ticks, mhz = result.ticks.get(name), native.mhz or result.mhz
    return ticks / mhz if ticks and mhz else None


def print_table(rows: list[list[str]]) -> None:
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    for i, row in enumerate(rows):
        cells = [row[0].ljust(widths[0])] + [cell.rjust(width)
                                             for cell, width in zip(row[1:], widths[1:])]
        print("| " + " | ".join(cells) + " |")
        if i == 0:
            print("|" + "|".join(["-" * (widths[0] + 2)] + ["-" * (width + 1) + ":"
                                                           for width in widths[1:]]) + "|")


def failures(results: Results) -> list[str]:
    """A line for each."""
    return [f"{system} {measure}: {name} failed: {why}"
            for system, of in results.items() for measure, result in of.items()
            for name, why in result.failed.items()]


def as_json(results: Results) -> dict:
    kernels = {system.name: system.kernel for system in SYSTEMS}
    return {system: {"kernel": kernels[system],
                     **{measure: result_json(result) for measure, result in of.items()}}
            for system, of in results.items()}


def result_json(result: Result) -> dict:
    return {"plan": result.plan, "operations": result.operations, "ticks_per_op": result.ticks,
            "boot_ns": result.boot_ns, "tsc_mhz": result.mhz, "run_s": round(result.seconds, 1),
            "exits_per_op": {name: counters.get(EXITS, 0)
                             for name, counters in result.counters.items() if name != EMPTY},
            "counters_per_op": result.counters, "failed": result.failed}


def print_profile(result: Result) -> None:
    """What is behind the exits of each benchmark."""
    for name, counters in result.counters.items():
        print(f"\n{name}:")
        for text, value in sorted(counters.items(), key=lambda item: -item[1]):
            print(f"  {value:12,.3f} {text}")
