# SPDX-License-Identifier: GPL-2.0
"""Where things are, and the one exception that means "tell the user and stop"."""
from pathlib import Path
import os

ROOT = Path(__file__).resolve().parent.parent.parent
BUILD = ROOT / os.environ.get("BUILD", "build")
IMAGE = BUILD / "romulus.elf"
RUNS = BUILD / "run"


class UserError(Exception):
    """One sentence for the user: what was wrong, where, and what was expected."""


def existing_file(path: str | Path, what: str) -> Path:
    """@path as a readable regular file, or UserError."""
    path = Path(path)
    if not path.exists():
        raise UserError(f"{what} '{path}' does not exist")
    if not path.is_file():
        raise UserError(f"{what} '{path}' is not a file")
    if not os.access(path, os.R_OK):
        raise UserError(f"{what} '{path}' is not readable")
    return path


def mebibytes(text: str, what: str) -> int:
    """'256M', '1G', '65536K' or bytes as whole MiB, rounded up."""
    units = {"K": 1 << 10, "M": 1 << 20, "G": 1 << 30}
    digits, factor = (text[:-1], units[text[-1].upper()]) if text[-1:].upper() in units else (text, 1)
    if not digits.isdecimal():
        raise UserError(f"{what} {text}; expected a number with K, M or G, such as 256M")
    return -(-int(digits) * factor // (1 << 20))
