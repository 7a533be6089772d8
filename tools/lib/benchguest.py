# SPDX-License-Identifier: GPL-2.0
"""The benchmarks' guest: an initramfs with tests/bench as /init and what its real loads need.

The loads are Debian's gzip and tcc (build/cache/debian/root, from tools/debian-guests), their
libraries, our sources as input in /src, and the headers that the program for tcc includes.  The
archive is not compressed: unpacking it is part of every boot, and must not be what a boot is.
"""
from pathlib import Path
import re

from lib.paths import BUILD, ROOT, UserError

DEBIAN_ROOT = BUILD / "cache" / "debian" / "root"
TREE = "src"  # our sources in the guest
TREE_FOLDERS = ("hv", "arch", "guest-abi", "drivers")
TREE_SUFFIXES = {".c", ".h", ".S", ".def"}
PROGRAM_SOURCES = [
    "arch/x86/isa/decode.c", "arch/x86/isa/decode_table.c", "arch/x86/isa/descriptor.c",
    "arch/x86/isa/disasm.c", "arch/x86/isa/regs.c", "hv/lib/math64.c", "hv/lib/printf.c",
    "hv/lib/ring.c", "hv/lib/string.c", "tests/bench/program/disassemble.c",
]
LIBRARIES = "lib/i386-linux-gnu"
TCC = "usr/lib/i386-linux-gnu/tcc"
# What gzip and tcc load, and what tcc links a program with.
DEBIAN_FILES = [
    "bin/gzip", "usr/bin/tcc", "lib/ld-linux.so.2",
    *(f"{LIBRARIES}/{name}" for name in ("ld-linux.so.2", "libc.so.6", "libm.so.6", "libdl.so.2",
                                         "libpthread.so.0")),
    *(f"usr/{LIBRARIES}/{name}" for name in ("crt1.o", "crti.o", "crtn.o", "libc.so",
                                             "libc_nonshared.a")),
    f"{TCC}/libtcc1.a",
]
INCLUDE_FOLDERS = [f"{TCC}/include", "usr/include/i386-linux-gnu", "usr/include"]
INCLUDE = re.compile(rb'^\s*#\s*include\s*[<"]([^>"]+)[>"]', re.M)


def make_initramfs(program: Path, path: Path) -> Path:
    """Write it to @path, with @program as /init."""
    files = {"init": program, **loads()}
    sources = "".join(f"/{TREE}/{source}\n" for source in PROGRAM_SOURCES)
    entries = [(name, 0o40755, b"") for name in folders([*files, "tmp/x", "dev/x"])]
    entries += [file_entry(name, files[name]) for name in sorted(files)]
    entries += [("sources", 0o100644, sources.encode()), ("TRAILER!!!", 0, b"")]
    path.write_bytes(b"".join(cpio_entry(*entry, inode) for inode, entry in enumerate(entries, 1)))
    return path


def loads() -> dict[str, Path]:
    """The files of the loads, by their names in the guest."""
    files = {name: DEBIAN_ROOT / name for name in DEBIAN_FILES}
    for folder in TREE_FOLDERS:
        for file in (ROOT / folder).rglob("*"):
            if file.suffix in TREE_SUFFIXES:
                files[f"{TREE}/{file.relative_to(ROOT)}"] = file
    files |= with_includes({f"{TREE}/{source}": ROOT / source for source in PROGRAM_SOURCES})
    for name, file in files.items():
        if not file.exists():
            raise UserError(f"{file} is missing, for /{name} of the benchmarks' guest; expected from "
                            "the sources or tools/debian-guests")
    return files


def with_includes(files: dict[str, Path]) -> dict[str, Path]:
    """@files and whatever they may include, #if or not; what is found nowhere is not needed."""
    all_files, todo = {}, list(files.items())
    while todo:
        name, file = todo.pop()
        all_files[name] = file
        for found in INCLUDE.findall(file.read_bytes()):
            inner = find_include(found.decode())
            if inner and inner[0] not in all_files:
                todo.append(inner)
    return all_files


def find_include(wanted: str) -> tuple[str, Path] | None:
    """Its name in the guest, and where it is; both by tcc's search path."""
    if (ROOT / wanted).is_file():
        return f"{TREE}/{wanted}", ROOT / wanted
    for folder in INCLUDE_FOLDERS:
        if (DEBIAN_ROOT / folder / wanted).is_file():
            return f"{folder}/{wanted}", DEBIAN_ROOT / folder / wanted
    return None


def folders(names: list[str]) -> list[str]:
    """All directories that @names need, outer ones first."""
    found = {str(parent) for name in names for parent in Path(name).parents}
    return sorted(found - {"."})


def file_entry(name: str, file: Path) -> tuple[str, int, bytes]:
    if file.is_symlink() and DEBIAN_ROOT in file.parents:
        return name, 0o120777, str(file.readlink()).encode()
    return name, 0o100755, file.read_bytes()


def cpio_entry(name: str, mode: int, data: bytes, inode: int) -> bytes:
    """One member of an archive in the format newc."""
    fields = [inode, mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(name) + 1, 0]
    header = b"070701" + b"".join(b"%08x" % value for value in fields) + name.encode() + b"\0"
    return header + b"\0" * (-len(header) % 4) + data + b"\0" * (-len(data) % 4)
