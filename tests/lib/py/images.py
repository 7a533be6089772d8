# SPDX-License-Identifier: GPL-2.0
"""Kernels of a few bytes, made where a test needs one: good, bad, and lying about themselves.

Code is 32-bit machine code at LOAD, entered as Linux's boot protocol says: flat segments, no
paging, no IDT.
"""
from pathlib import Path
import struct

from guestrun import ROOT

FILES = ROOT / "build" / "test-files"
LOAD = 0x100000

POWER_OFF = bytes.fromhex("66ba0406 66b80020 66ef f4ebfd")  # PM1a control: S5; then halt
RESET = bytes.fromhex("b006 e664 b0fe e664 f4ebfd")  # the keyboard controller's reset line
TRIPLE_FAULT = bytes.fromhex("6a00 6a00 0f011c24 cc")  # an IDT of limit 0, then INT3
SPIN = bytes.fromhex("ebfe")


def say(text: str) -> bytes:
    """Code that writes @text to COM1; position-independent."""
    data = text.encode()
    # call 1f; .ascii; 1: pop esi; mov ecx, n; mov dx, 3f8h; 2: lodsb; out dx, al; loop 2b
    return (b"\xe8" + struct.pack("<I", len(data)) + data + b"\x5e\xb9" + struct.pack("<I", len(data))
            + bytes.fromhex("66baf803 ac ee e2fc"))


def elf(code: bytes, load: int = LOAD, memory_bytes: int | None = None) -> bytes:
    """An ELF executable of one segment, entered at its first byte."""
    header_bytes = 0x34 + 0x20
    size = len(code)
    header = b"\x7fELF\x01\x01\x01" + bytes(9) + struct.pack(
        "<HHIIIIIHHHHHH", 2, 3, 1, load, 0x34, 0, 0, 0x34, 0x20, 1, 0, 0, 0)
    segment = struct.pack("<IIIIIIII", 1, header_bytes, load, load, size,
                          memory_bytes or size, 7, 0x1000)
    return header + segment + code


def bzimage(payload: bytes, claimed_bytes: int | None = None) -> bytes:
    """A Linux bzImage of protocol 2.15 that says its payload has @claimed_bytes."""
    setup = bytearray(1024)
    claimed = len(payload) if claimed_bytes is None else claimed_bytes
    setup[0x1f1] = 1  # setup_sects
    struct.pack_into("<I", setup, 0x1f4, -(-claimed // 16))  # syssize
    struct.pack_into("<H", setup, 0x1fe, 0xaa55)
    setup[0x200:0x202] = b"\xeb\x66"
    setup[0x202:0x206] = b"HdrS"
    struct.pack_into("<H", setup, 0x206, 0x20f)
    setup[0x211] = 1  # loadflags: high
    struct.pack_into("<I", setup, 0x214, LOAD)  # code32_start
    struct.pack_into("<I", setup, 0x22c, 0x7fffffff)  # initrd_addr_max
    struct.pack_into("<I", setup, 0x230, 0x1000)  # kernel_alignment
    struct.pack_into("<I", setup, 0x238, 255)  # cmdline_size
    struct.pack_into("<Q", setup, 0x258, LOAD)  # pref_address
    struct.pack_into("<I", setup, 0x260, 0x10000)  # init_size
    return bytes(setup) + payload


def multiboot(code: bytes) -> bytes:
    """A Multiboot 1 kernel without ELF, entered at the first byte of @code."""
    magic, flags = 0x1badb002, 0x10000
    return struct.pack("<8I", magic, flags, -(magic + flags) & 0xffffffff, LOAD, LOAD, 0, 0,
                       LOAD + 32) + code


def store(name: str, data: bytes | str) -> Path:
    """@data as a file for a test; its path."""
    FILES.mkdir(parents=True, exist_ok=True)
    path = FILES / name
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    return path


def store_sparse(name: str, size: int) -> Path:
    """A file of @size zeros that takes no space."""
    path = store(name, b"")
    with open(path, "r+b") as file:
        file.truncate(size)
    return path
