# SPDX-License-Identifier: GPL-2.0
"""Tests that are kernels: tests/guests.cfg lists them, each runs on every platform it names.

Keys of a section (the name is the test's):
  file       the kernel; what does not begin with "/" is below the top folder
  initrd, append, memory, vmi, apic, firmware, host_memory, qemu, debug, icount: as options of tools/romulus run
  platforms  any of qemu, bochs, bare (QEMU without Romulus: the test itself is right); "qemu"
  timeout    seconds; 60
  status     expected exit status; 0
  report     yes: the kernel prints PASS, FAIL and DONE lines (tests/lib/guest.h); no: only expect
  expect     regular expressions, one a line, that the console must show
  log        the same for the hypervisor's log
  groups     words to select it by
"""
from configparser import ConfigParser, SectionProxy
from pathlib import Path
import functools
import shlex
import subprocess

from guestrun import ROOT, Result, check_report, log_path, run_romulus
from harness import Failure, Test, tail

CONFIG = ROOT / "tests" / "guests.cfg"
AS_OPTIONS = ["initrd", "append", "memory", "vmi", "apic", "firmware", "host_memory", "qemu",
              "debug"]
KEYS = {*AS_OPTIONS, "file", "platforms", "timeout", "status", "report", "expect", "log", "groups",
        "icount", "options", "no_reboot"}


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]


def _options(guest: SectionProxy) -> list[str]:
    """The section as options for tools/romulus run."""
    options = ["--kernel", guest["file"]]
    for key in AS_OPTIONS:
        if key in guest:
            options.append(f"--{key.replace('_', '-')}={guest[key]}")
    if guest.get("options"):
        options.append(f"--options={guest['options']}")
    for key in ("icount", "no_reboot"):
        if guest.getboolean(key, False):
            options.append(f"--{key.replace('_', '-')}")
    return options


def _run_bare(name: str, guest: SectionProxy) -> Result:
    """The kernel in QEMU alone.  Only the console counts."""
    command = ["timeout", "-k", "1", guest.get("timeout", "60"), "qemu-system-i386",
               "-accel", "tcg", "-cpu", "max", "-m", guest.get("memory", "64M"), "-nodefaults",
               "-display", "none", "-no-reboot", "-serial", "stdio", "-kernel", guest["file"],
               "-append", guest.get("append", ""), *shlex.split(guest.get("qemu", ""))]
    if guest.get("initrd"):
        command += ["-initrd", guest["initrd"]]
    done = subprocess.run(command, cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True,
                          check=False)
    console = done.stdout.decode(errors="replace").replace("\r\n", "\n")
    log_path(name).with_suffix(".console").write_text(console)
    return Result(done.returncode, console, done.stderr.decode(errors="replace"), "")


def _run(name: str, guest: SectionProxy, platform: str) -> str:
    if not (ROOT / guest["file"]).exists():
        raise Failure(f"{guest['file']} is not built")
    if platform == "bare":
        result = _run_bare(name, guest)
    else:
        result = run_romulus(name, *_options(guest), f"--platform={platform}",
                             timeout=guest.getfloat("timeout", 60))
        result.want_status(guest.getint("status", 0))
        for pattern in _lines(guest.get("log", "")):
            result.want("log", pattern)
    for pattern in _lines(guest.get("expect", "")):
        result.want("console", pattern)
    return check_report(result) if guest.getboolean("report", True) else ""


def guest_tests() -> list[Test]:
    config = ConfigParser(interpolation=None)
    with open(CONFIG, encoding="utf-8") as file:
        config.read_file(file)
    tests = []
    for name in config.sections():
        guest = config[name]
        unknown = set(guest) - KEYS
        if unknown or "file" not in guest:
            raise SystemExit(f"tests/guests.cfg: [{name}]: "
                             + (f"unknown key {sorted(unknown)[0]}" if unknown else "no file"))
        for platform in guest.get("platforms", "qemu").split():
            full = f"guest/{name}/{platform}"
            groups = {"guest", platform, *guest.get("groups", "").split()}
            tests.append(Test(full, functools.partial(_run, full, guest, platform), groups))
    return tests
