# SPDX-License-Identifier: GPL-2.0
"""A GRUB ISO that starts Romulus: from CD or USB stick, BIOS or UEFI.

grub-mkrescue makes the image; this module gives it a directory with the hypervisor, its modules
and a grub.cfg without a menu.  GRUB's complaints go to the screen and to COM1, where the run's log
catches them; then GRUB powers the machine off, so that a run that cannot start ends at once.
"""
from pathlib import Path
import re
import shutil
import subprocess
import tempfile

from lib.paths import UserError, existing_file

# Our name for a firmware -> GRUB's directories under /usr/lib/grub.
FIRMWARES = {"bios": ["i386-pc"], "uefi": ["x86_64-efi", "i386-efi"]}
GRUB_MODULES = ("normal iso9660 multiboot2 all_video serial terminal test true echo halt sleep "
                # what grub-mkrescue's own start-up file asks for
                "part_acorn part_amiga part_apple part_bsd part_dfly part_dvh part_gpt part_msdos "
                "part_plan part_sun part_sunpc")

# GRUB's script language has no "&&".
GRUB_CFG = """\
set timeout=0
if serial --unit=0 --speed=115200; then terminal_output console serial; fi
if [ "$grub_platform" = efi ]; then
  insmod all_video
  set gfxpayload=1024x768x32,auto
fi
set loaded=no
{loads}
if [ $loaded = yes ]; then
  {last_words}
  boot
fi
echo "error: GRUB could not load Romulus"
sleep 5
halt
"""


def _nested(commands: list[str]) -> str:
    """Run each of @commands if those before it succeeded."""
    text = "set loaded=yes"
    for command in reversed(commands):
        text = f"if {command}; then\n{text}\nfi"
    return text


class Module:
    """A file that GRUB loads beside the hypervisor, known there by @name."""

    def __init__(self, name: str, path: str | Path):
        if not re.fullmatch(r"[A-Za-z0-9._+-]{1,63}", name):
            raise UserError(f"module name '{name}'; expected 1 to 63 letters, digits, '.', '_', '+' or '-'")
        self.name = name
        self.path = existing_file(path, f"module {name}:")


def _mkrescue_options(firmwares: list[str]) -> list[str]:
    """Restrict grub-mkrescue to the platforms wanted: one platform takes a third of the time."""
    directories = [Path("/usr/lib/grub") / d for f in firmwares for d in FIRMWARES[f]]
    for directory in directories:
        if not (directory / "multiboot2.mod").exists():
            raise UserError(f"{directory} has no GRUB modules; tools/setup installs them")
    return ["-d", str(directories[0])] if len(directories) == 1 else []


def make_iso(output: Path, image: Path, modules: list[Module], command_line: str = "",
             firmwares: list[str] | None = None, marker: str = "") -> None:
    """Write @output; UserError if grub-mkrescue is missing or fails.

    UEFI firmware shows its console on every serial port.  With @marker, that line is the last thing
    that the firmware's console gets, so that a reader knows where the hypervisor's own output begins.
    """
    existing_file(image, "the hypervisor")
    if not shutil.which("grub-mkrescue") or not shutil.which("xorriso"):
        raise UserError("grub-mkrescue or xorriso is not installed; tools/setup installs both")
    if "\n" in command_line or "'" in command_line:
        raise UserError("the hypervisor's command line must be one line without single quotes")
    output.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=output.parent, prefix="iso-") as directory:
        boot = Path(directory) / "boot"
        (boot / "grub").mkdir(parents=True)
        shutil.copyfile(image, boot / "romulus.elf")
        loads = [f"multiboot2 /boot/romulus.elf {command_line}".rstrip()]
        for number, module in enumerate(modules):
            file_name = f"{number}-{module.name}"
            shutil.copyfile(module.path, boot / file_name)
            loads.append(f"module2 --nounzip /boot/{file_name} {module.name}")
        last_words = f"echo; echo {marker}; terminal_output serial" if marker else "true"
        (boot / "grub" / "grub.cfg").write_text(
            GRUB_CFG.format(loads=_nested(loads), last_words=last_words))
        result = subprocess.run(
            ["grub-mkrescue", *_mkrescue_options(firmwares or list(FIRMWARES)),
             f"--install-modules={GRUB_MODULES}", "--locales=", "--fonts=", "--themes=",
             "-o", str(output), directory, "--", "-volid", "ROMULUS"],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if result.returncode:
        raise UserError(f"grub-mkrescue failed ({result.returncode}):\n{result.stdout.strip()}")
