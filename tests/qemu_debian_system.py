# SPDX-License-Identifier: GPL-2.0
"""A Debian 12 i386 system as its packages ship it: systemd to a login, gcc, perl, python3, power-off.

tools/guest-debian builds it from Debian's mirror.  The same session also runs in plain QEMU, which
shows that the system and the session are right.  Long: only run when asked for by name or as `long`.
"""
import os
import re
import subprocess

import pexpect

from guestrun import ROOT, log_path
from harness import Failure
from shell import Shell

GROUPS = {"debian-system", "long"}
TOOL = ROOT / "tools" / "guest-debian"
LOGIN_TIMEOUT_S = 1200
COMMAND_TIMEOUT_S = 300
PROMPT = r"root@debian:[^\n]*# "
COMPLAINTS = r"Kernel panic|BUG:|Oops|Call Trace|segfault|\[FAILED\]|Failed to start|Timed out|dumped core"
PROGRAM = r"""#include <stdio.h>
#include <stdlib.h>
static int less(const void *a, const void *b) { return *(int *)a - *(int *)b; }
int main(int argc, char **argv)
{
	int v[] = { 5, 3, 9, 1 };
	double sum = 0;
	qsort(v, 4, sizeof v[0], less);
	for (int i = 0; i < 4; i++)
		sum += v[i] / 4.0;
	printf("sorted %d..%d mean %.2f %s\n", v[0], v[3], sum, argv[1]);
	return argc;
}
"""


class Console(Shell):
    """Bash of the guest: each command has a prompt behind it."""

    def command(self, line: str, pattern: str) -> None:
        self.child.sendline(line)
        self.want(pattern, timeout=COMMAND_TIMEOUT_S)
        self.want(PROMPT, timeout=COMMAND_TIMEOUT_S)

    def log_in(self) -> None:
        self.want("debian login: ", timeout=LOGIN_TIMEOUT_S)
        self.child.sendline("root")
        self.want(PROMPT, timeout=COMMAND_TIMEOUT_S)
        # Else bash puts escape sequences around what is typed.
        self.child.sendline("bind 'set enable-bracketed-paste off'")
        self.want(PROMPT, timeout=COMMAND_TIMEOUT_S)

    def write_program(self) -> None:
        self.child.sendline("cat > prog.c <<'END'")
        for line in (*PROGRAM.splitlines(), "END"):
            # A tab would be a question for completion.
            self.child.sendline(line.replace("\t", " "))
            self.want("\n")  # its echo: a serial port has no room for all of it at once
        self.want(PROMPT, timeout=COMMAND_TIMEOUT_S)


def use_system(shell: Console, release: str) -> None:
    """What a user does: log in, compile, run scripts, power off."""
    shell.log_in()
    # What is expected is never what was typed, since the terminal echoes that.
    shell.command("uname -r -m", rf"\n{re.escape(release)} i686\r")
    shell.command("systemctl is-system-running --wait", r"\nrunning\r")
    shell.command("systemctl --failed --no-legend --no-pager | wc -l", r"\n0\r")
    shell.write_program()
    shell.command("gcc -O2 -Wall -o prog prog.c && ./prog by-gcc; echo status $?",
                  r"\nsorted 1\.\.9 mean 4\.50 by-gcc\r+\nstatus 2\r")
    shell.command("perl -e 'my %n = map { $_ => $_ ** 2 } 1..9; print join(\"-\", map { $n{$_} } "
                  "sort keys %n), \"\\n\"'", r"\n1-4-9-16-25-36-49-64-81\r")
    shell.command("python3 -c 'import hashlib, json; print(json.dumps({\"n\": 2 ** 100}), "
                  "hashlib.md5(b\"abc\").hexdigest())'",
                  r'\n\{"n": 1267650600228229401496703205376\} 900150983cd24fb0d6963f7d28e17f72\r')
    shell.child.sendline("systemctl poweroff")


def want_no_complaints(shell: Console) -> None:
    text = shell.transcript.read_text(encoding="utf-8")
    found = re.search(rf"^.*({COMPLAINTS}).*$", text, re.MULTILINE)
    if found:
        raise Failure(f"the guest said '{found[0].strip()}'; the whole session: {shell.transcript}")


def start(name: str, how: str, flavour: str, *arguments: str) -> tuple[Console, str]:
    """The session's console, and the kernel's release."""
    built = subprocess.run([TOOL, "build"], env={**os.environ, "FLAVOUR": flavour},
                           capture_output=True, text=True, check=False)
    if built.returncode:
        raise Failure(f"tools/guest-debian build: {built.stderr.strip()}")
    release = (ROOT / "build" / "cache" / "debian" / flavour / "release").read_text().strip()
    shell = Console(f"debian-system-{name}", "/usr/bin/env",
                    [f"FLAVOUR={flavour}", str(TOOL), how, *arguments])
    return shell, release


def under_romulus(flavour: str) -> None:
    log = log_path(f"debian-system-{flavour}")
    shell, release = start(flavour, "run", flavour, "--log", str(log))
    use_system(shell, release)
    shell.want("reboot: Power down", timeout=COMMAND_TIMEOUT_S)
    shell.want_end(0)
    want_no_complaints(shell)


def test_bare_686_pae() -> None:
    """The session in plain QEMU."""
    shell, release = start("bare", "native", "686-pae")
    use_system(shell, release)
    shell.want("reboot: Power down", timeout=COMMAND_TIMEOUT_S)
    shell.child.expect(pexpect.EOF, timeout=30)
    want_no_complaints(shell)


def test_686_pae() -> None:
    """Under Romulus, with Debian's 686-pae kernel."""
    under_romulus("686-pae")


def test_686() -> None:
    """Under Romulus, with Debian's 686 kernel."""
    under_romulus("686")
