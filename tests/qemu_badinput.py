# SPDX-License-Identifier: GPL-2.0
"""Bad input: one line says what, where, and what was expected; other VMs start; nothing hangs."""
import random
import struct
import subprocess

from guestrun import ROOT, Result, log_path, run_romulus
from harness import Failure
from images import (POWER_OFF, SPIN, TRIPLE_FAULT, RESET, bzimage, elf, multiboot, say, store,
                    store_sparse)

GROUPS = {"badinput"}
GOOD = 'vm good {\n\tkernel = good\n\tmemory = 16M\n}\n'
HELLO = "hello from good\n"


def good_kernel() -> str:
    return f"good={store('good.elf', elf(say(HELLO) + POWER_OFF))}"


def run_conf(name: str, conf: str, *modules: str, options: tuple[str, ...] = ()) -> Result:
    """Run a romulus.conf with the good VM's kernel and @modules."""
    path = store(f"{name}.conf", conf)
    arguments = [f"--module={module}" for module in (good_kernel(), *modules)]
    return run_romulus(f"badinput-{name}", f"--conf={path}", *arguments, *options, timeout=30)


def refused(name: str, conf: str, complaint: str, *modules: str) -> None:
    """The VM in @conf is refused with @complaint, and the good one runs all the same."""
    result = run_conf(name, conf + GOOD, *modules)
    result.want_status(2)
    result.want("log", rf"^error: {complaint}")
    result.want("messages", complaint)
    result.want("console", f"^{HELLO}")


def test_no_configuration() -> None:
    """Without a module romulus.conf."""
    result = run_romulus("badinput-no-conf", "--conf=none", f"--module={good_kernel()}", timeout=30)
    result.want_status(2)
    result.want("log", r"^error: no module named romulus\.conf.*expected")


def test_no_module_at_all() -> None:
    """Without any module."""
    result = run_romulus("badinput-no-module", "--conf=none", timeout=30)
    result.want_status(2)
    result.want("log", r"^error: no module named romulus\.conf.*expected")


def test_empty_configuration() -> None:
    """A romulus.conf that describes nothing."""
    result = run_conf("empty", "# nothing\n")
    result.want_status(2)
    result.want("log", r"^error: romulus\.conf:\d+: no vm described; expected vm NAME")


def test_unknown_key() -> None:
    """A key that does not exist."""
    refused("unknown-key", "vm bad {\n\tkernel = good\n\tcolour = blue\n}\n",
            r"romulus\.conf:3: unknown key 'colour' in vm 'bad'; expected one of memory, kernel")


def test_bad_value() -> None:
    """A value that a key does not take."""
    refused("bad-value", "vm bad {\n\tkernel = good\n\tvmi = perhaps\n}\n",
            r"romulus\.conf:3: vmi = 'perhaps' in vm 'bad'; expected on or off")


def test_binary_configuration() -> None:
    """Random bytes as romulus.conf: the number of messages is bounded."""
    path = store("binary.conf", random.Random(1).randbytes(20000))
    result = run_romulus("badinput-binary", f"--conf={path}", f"--module={good_kernel()}", timeout=30)
    result.want_status(2)
    result.want("log", r"^error: romulus\.conf: further mistakes are not shown")


def test_missing_module() -> None:
    """A kernel that GRUB did not load."""
    refused("missing", "vm bad {\n\tkernel = bzimage\n}\n",
            r"vm 'bad': no module 'bzimage' for its kernel; the boot loader gave: ")


def test_no_kernel_image() -> None:
    """A kernel that is neither bzImage nor ELF."""
    text = store("text.kernel", "This is no kernel.\n")
    refused("text", "vm bad {\n\tkernel = text\n}\n",
            r"vm 'bad': kernel 'text' of 19 bytes begins with 54 68 69 73; expected a Linux bzImage",
            f"text={text}")


def test_empty_kernel() -> None:
    """A kernel of one byte."""
    refused("one-byte", "vm bad {\n\tkernel = tiny\n}\n", r"vm 'bad': kernel 'tiny' of 1 bytes begins",
            f"tiny={store('tiny.kernel', b'M')}")


def test_truncated_bzimage() -> None:
    """A bzImage whose end is missing."""
    image = store("truncated.bzimage", bzimage(bytes(4096), claimed_bytes=5_000_000))
    refused("truncated", "vm bad {\n\tkernel = bzImage\n}\n",
            r"vm 'bad': kernel 'bzImage' is truncated: setup says 5\d+ bytes, the module has 5120",
            f"bzImage={image}")


def test_truncated_elf() -> None:
    """An ELF file whose segment reaches beyond its end."""
    image = store("truncated.elf", elf(bytes(4096))[:1000])
    refused("truncated-elf", "vm bad {\n\tkernel = elf\n}\n", r"vm 'bad': kernel 'elf' ",
            f"elf={image}")


def test_multiboot_without_header() -> None:
    """A kernel of the right format that has no Multiboot header."""
    image = store("no-header.elf", elf(bytes(4096)))
    refused("no-multiboot", "vm bad {\n\tmultiboot = elf\n}\n",
            r"vm 'bad': kernel 'elf' has no Multiboot header; expected one in its first 32 KB",
            f"elf={image}")


def test_multiboot_lies() -> None:
    """A Multiboot kernel whose header claims more bytes than the file has."""
    words = (0x1badb002, 0x10000, -(0x1badb002 + 0x10000) & 0xffffffff,
             0x100000, 0x100000, 0xfff00000, 0, 0x100020)
    image = store("lies.multiboot", struct.pack("<8I", *words) + bytes(1000))
    refused("multiboot-lies", "vm bad {\n\tmultiboot = image\n}\n",
            r"vm 'bad': kernel 'image' is truncated: its Multiboot header says \d+ bytes behind 0x0",
            f"image={image}")


def test_multiboot_module_missing() -> None:
    """A boot module that GRUB did not load."""
    image = store("good.multiboot", multiboot(say(HELLO) + POWER_OFF))
    refused("multiboot-module", 'vm bad {\n\tmultiboot = image\n\tmodule = "ext2fs --readonly"\n}\n',
            r"vm 'bad': no module 'ext2fs' for its module; the boot loader gave: ", f"image={image}")


def test_multiboot_module_does_not_fit() -> None:
    """A boot module larger than the guest's memory."""
    image = store("good.multiboot", multiboot(say(HELLO) + POWER_OFF))
    big = store_sparse("big.module", 40 << 20)
    refused("multiboot-big", "vm bad {\n\tmultiboot = image\n\tmemory = 32M\n\tmodule = big\n}\n",
            r"vm 'bad': kernel 'image' at 0x100000 .* too little memory for its modules",
            f"image={image}", f"big={big}")


def test_multiboot_with_kernel() -> None:
    """Both kinds of kernel in one VM."""
    refused("multiboot-both", "vm bad {\n\tmultiboot = good\n\tkernel = good\n}\n",
            r"romulus\.conf:1: vm 'bad' has kernel and multiboot; expected one of them")


def test_initrd_does_not_fit() -> None:
    """An initrd larger than the guest's memory."""
    initrd = store_sparse("big.initrd", 40 << 20)
    refused("big-initrd", "vm bad {\n\tkernel = good\n\tmemory = 32M\n\tinitrd = initrd\n}\n",
            r"vm 'bad': initrd 'initrd' has 41943040 bytes; the kernel leaves it \d+, from 0x",
            f"initrd={initrd}")


def test_too_much_memory() -> None:
    """A VM larger than the PC."""
    refused("memory", "vm bad {\n\tkernel = good\n\tmemory = 1024M\n}\n",
            r"vm 'bad': memory = 1048576K \(line 1 of romulus\.conf\); the host has \d+K left")


def test_unknown_option() -> None:
    """A word on the hypervisor's command line that it does not know is named and skipped."""
    result = run_conf("option", GOOD, options=("--options=colour=blue",))
    result.want_status(0)
    result.want("log", r"^error: command line: unknown word 'colour=blue'; expected terminal=")
    result.want("console", f"^{HELLO}")


def test_rom_fails_its_checks() -> None:
    """A hypervisor whose VMI ROM was damaged: VMs that want the ROM are refused, others run."""
    rom = (ROOT / "build" / "rom" / "plain.bin").read_bytes()
    image = (ROOT / "build" / "romulus.elf").read_bytes()
    at = image.find(rom)
    if at < 0:
        raise Failure("build/romulus.elf does not contain build/rom/plain.bin")
    damaged = store("damaged-rom.elf", image[:at + 100] + bytes([image[at + 100] ^ 1]) + image[at + 101:])
    result = run_conf("rom", "vm bad {\n\tkernel = good\n}\n" + GOOD.replace("}", "\tvmi = off\n}"),
                      options=(f"--image={damaged}",))
    result.want_status(2)
    result.want("log", r"^error: VMI ROM ")
    result.want("console", f"^{HELLO}")


def test_triple_fault_stops() -> None:
    """A triple fault is logged with the guest's state; with --no-reboot it ends the VM, status 3."""
    kernel = store("triple.elf", elf(TRIPLE_FAULT))
    result = run_romulus("badinput-triple", f"--kernel={kernel}", "--memory=16M", "--no-reboot",
                         timeout=30)
    result.want_status(3)
    result.want("log", r"^vm guest: triple fault")
    result.want("log", r"(?i)eip.*10000")


def test_kernels_that_end_badly() -> None:
    """What no kernel survives, in translated code: a triple fault each, status 3, and no more."""
    for word in ("idt-empty", "idt-nowhere", "gdt-nowhere", "stack", "cr3-mmio", "cr3-beyond",
                 "cr3-empty", "no-handler"):
        result = run_romulus(f"badinput-end-{word}", "--kernel=build/guests/bt-bad.elf", "--vmi=off",
                             "--memory=32M", "--no-reboot", f"--append={word}", timeout=30)
        result.want_status(3)
        result.want("console", "^bt-bad$")
        result.want("log", "^vm guest: triple fault")
        result.want_not("log", "panic")


def test_triple_fault_resets() -> None:
    """Without --no-reboot it resets the VM, as a PC does; the guest starts again."""
    kernel = store("triple-again.elf", elf(say("started\n") + TRIPLE_FAULT))
    starts = 0
    command = ["tools/romulus", "run", "--batch", f"--kernel={kernel}", "--memory=16M",
               "--timeout=60", f"--log={log_path('badinput-triple-again')}"]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL) as child:
        while starts < 3 and (line := child.stdout.readline()):
            starts += line.strip() == b"started"
        child.terminate()
    if starts < 3:
        raise Failure(f"the guest started {starts} times within 60 s; expected 3 times and more")


def test_reset_with_no_reboot() -> None:
    """--no-reboot: a guest that resets itself has ended well."""
    kernel = store("reset.elf", elf(say("started\n") + RESET))
    result = run_romulus("badinput-reset", f"--kernel={kernel}", "--memory=16M", "--no-reboot",
                         timeout=30)
    result.want_status(0)
    result.want("console", r"\Astarted\n\Z")


def test_jump_into_nowhere() -> None:
    """A jump to where no memory is: exceptions as on a PC, here up to the triple fault."""
    kernel = store("nowhere.elf", elf(bytes.fromhex("b8000000d0ffe0")))
    result = run_romulus("badinput-nowhere", f"--kernel={kernel}", "--memory=16M", "--no-reboot",
                         "--vmi=off", timeout=30)
    result.want_status(3)


def test_garbage() -> None:
    """Twelve VMs that execute random bytes; the good one beside them is not disturbed."""
    seed = random.randrange(1 << 32)
    generator = random.Random(seed)
    conf, modules = "", []
    for number in range(12):
        # No IDT: most of them triple-fault soon.  Those that loop are ended by the spinner's timeout.
        code = store(f"garbage-{number}.elf", elf(generator.randbytes(8192)))
        modules.append(f"g{number}={code}")
        conf += (f"vm g{number} {{\n\tkernel = g{number}\n\tmemory = 4M\n\tconsole = none\n"
                 f"\ton_reset = stop\n\tvmi = {'on' if number % 2 else 'off'}\n}}\n")
    result = run_conf("garbage", GOOD + conf, *modules, options=("--host-memory=256M",))
    if result.status not in (0, 2, 3, 124):
        raise Failure(f"seed {seed}: exit status {result.status}\n{result.messages}")
    result.want_not("log", "panic")
    result.want("console", f"^{HELLO}")
    return f"seed {seed}"


def test_endless_loop() -> None:
    """A guest that never ends: the tool's timeout, status 124."""
    kernel = store("spin.elf", elf(say("spinning\n") + SPIN))
    result = run_romulus("badinput-spin", f"--kernel={kernel}", "--memory=16M", timeout=4)
    result.want_status(124)
    result.want("messages", "still running after 4 s")
