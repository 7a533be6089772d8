# SPDX-License-Identifier: GPL-2.0
"""An interactive session with a guest, by pexpect: `make run` or tools/romulus without --batch."""
import os

import pexpect

from guestrun import ROOT, log_path
from harness import Failure, tail

PROMPT = r"guest:[^\n]*# "  # of the project's initramfs
START_TIMEOUT_S = 300


class Shell:
    """A console as a user has it in front of him; logged as the test @name."""

    def __init__(self, name: str, command: str, arguments: list[str]):
        environment = {key: value for key, value in os.environ.items()
                       if key not in ("MAKEFLAGS", "MAKELEVEL", "MFLAGS")}
        self.transcript = log_path(name).with_suffix(".transcript")
        self.child = pexpect.spawn(command, arguments, cwd=str(ROOT), env=environment,
                                   encoding="utf-8", codec_errors="replace", timeout=START_TIMEOUT_S)
        self.child.logfile_read = open(self.transcript, "w", encoding="utf-8")

    def want(self, pattern: str, timeout: float = 30) -> None:
        if self.child.expect([pattern, pexpect.TIMEOUT, pexpect.EOF], timeout=timeout):
            self.child.close(force=True)
            text = self.transcript.read_text(encoding="utf-8")
            raise Failure(f"no '{pattern}' within {timeout} s\n{tail(text)}")

    def command(self, line: str, pattern: str) -> None:
        self.child.sendline(line)
        self.want(pattern)
        self.want(PROMPT)

    def want_end(self, status: int) -> None:
        self.want("all guests are off")
        self.child.expect(pexpect.EOF, timeout=30)
        self.child.close()
        if self.child.exitstatus != status:
            raise Failure(f"exit status {self.child.exitstatus}; expected {status}")
