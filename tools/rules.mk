# SPDX-License-Identifier: GPL-2.0
#
# What one types besides `make`: README.md and docs/testing.md say what each does.  Set-up comes
# first and may install packages, so the targets that need it start make again for the rest.

# As many jobs as CPUs, unless the caller said how many.
JOBS = $(if $(filter -j% --jobserver%,$(MAKEFLAGS)),,-j$(shell nproc))
AGAIN = $(Q)$(MAKE) --no-print-directory $(JOBS)

.PHONY: help setup linux run iso check check-unit check-style check-qemu distclean
help:
	@echo 'make            the hypervisor, $(ROMULUS)'
	@echo 'make run        set up, build, boot the VMI Linux guest to its shell'
	@echo 'make check      set up, build, run all tests'
	@echo 'make check-unit | check-style | check-qemu   a part of them'
	@echo 'make bench      the guest natively beside Romulus: docs/benchmarks.md'
	@echo 'make setup      install what is missing'
	@echo 'make iso        $(BUILD)/romulus.iso with the Linux guest, for a CD or USB stick'
	@echo 'make clean      all but what set-up and the kernel build made; distclean: that too'
	@echo 'V=1 shows the commands.'

setup:
	$(Q)tools/setup

$(BUILD)/cache/multiboot2.h:
	@echo "$@ is missing: 'make setup' fetches it" >&2; exit 1
$(OBJS) $(HOST32_OBJS) $(HOST64_OBJS): | $(BUILD)/cache/multiboot2.h

# The Linux guest, built once for each state of its sources.
linux:
	$(Q)tools/guest-linux build

# The ELF file, since a decompressor would be interpreted.
LINUX := --kernel $(BUILD)/guest/vmlinux --initrd $(BUILD)/guest/initramfs.gz
# RUN="--memory 512M --vmi off" and the like.
run: setup
	$(AGAIN) image
	$(AGAIN) linux
	$(Q)tools/romulus run $(LINUX) --append console=ttyS0 $(RUN)

iso: setup
	$(AGAIN) image
	$(AGAIN) linux
	$(Q)tools/mkiso -o $(BUILD)/romulus.iso --conf tools/romulus.conf \
		--module bzImage=$(BUILD)/guest/bzImage --module initramfs=$(BUILD)/guest/initramfs.gz
	@echo "$(BUILD)/romulus.iso"

check: setup
	$(AGAIN) image unit-tests guests bench-program
	$(AGAIN) linux
	$(Q)tests/run
check-unit: unit-tests
	$(Q)tests/run unit
check-style: image
	$(Q)tests/run style
check-qemu: image guests linux bench-program
	$(Q)tests/run guest system

distclean:
	$(Q)rm -rf $(BUILD)
