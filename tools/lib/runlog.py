# SPDX-License-Identifier: GPL-2.0
"""The hypervisor's log while it is being written.

The log ends with "romulus: end status=N".  Lines that begin with "error:", and those that say that
a VM stopped, are the reasons the user wants to see.
"""
from pathlib import Path
import re

END = re.compile(r"\bromulus: end status=(\d+)")
REASON = re.compile(r"^(error: |vm [\w-]+: triple fault)")
PANIC = re.compile(r"^(error: )?panic: ")
ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")  # GRUB clears the screen


class RunLog:
    """Follow the file @path.  .status is None until the end line; .panic is a panic's line."""

    def __init__(self, path: Path):
        self.path = path
        self.status: int | None = None
        self.panic: str | None = None
        self.reasons: list[str] = []
        self.last_line = ""
        self._offset = 0
        self._partial = b""

    def poll(self) -> None:
        """Take in what was written since the last call."""
        try:
            with open(self.path, "rb") as file:
                file.seek(self._offset)
                data = file.read()
        except FileNotFoundError:
            return
        self._offset += len(data)
        *lines, self._partial = (self._partial + data).split(b"\n")
        for line in lines:
            self._take(ESCAPES.sub("", line.decode(errors="replace")).strip())

    def _take(self, line: str) -> None:
        if not line:
            return
        self.last_line = line
        if REASON.match(line):
            self.reasons.append(line)
        if PANIC.match(line):
            self.panic = line
        end = END.search(line)
        if end:
            self.status = int(end[1])
