# SPDX-License-Identifier: GPL-2.0
#
# Romulus has no configure step.  `make` builds the hypervisor image, `make run` and `make check` do
# what README.md says.  V=1 shows the commands.
#
# Every folder's files.mk adds its sources to PURE (no asm, no port, no absolute address: also built
# for the development host and tested there) or METAL (privileged code).  tests/unit/test_*.c are
# found by themselves.

BUILD := build
Q := $(if $(V),,@)
say = $(if $(V),@:,@printf '  %-7s %s\n' '$(1)' '$(2)')

CC := gcc
LD := ld
OBJCOPY := objcopy

PURE :=
METAL :=
FOLDERS := arch/x86/boot arch/x86/cpu arch/x86/switch arch/x86/isa arch/x86/interp arch/x86/bt arch/x86/mmu \
	arch/x86/vmi arch/x86 hv/lib hv/core hv/dev hv/load hv/vm hv drivers guest-abi
all: image
include $(wildcard $(FOLDERS:%=%/files.mk))

# ---- flags ------------------------------------------------------------------------------------
WARN := -Wall -Wextra -Werror -Wshadow -Wundef -Wmissing-prototypes -Wconversion -Wno-sign-conversion \
	-Wstrict-prototypes -Wvla
COMMON := -std=gnu11 -I. -I$(BUILD)/gen -I$(BUILD)/cache -g -fno-common -freg-struct-return $(WARN)
TARGET_CFLAGS := $(COMMON) -m32 -march=pentiumpro -mtune=generic -O2 -ffreestanding -mgeneral-regs-only \
	-mregparm=3 -fno-pic -fno-pie -fno-stack-protector -fno-asynchronous-unwind-tables \
	-fno-omit-frame-pointer -fno-strict-aliasing -fcf-protection=none -Wstack-usage=1024 -fstack-usage \
	-ffunction-sections -fdata-sections
HOST_CFLAGS := $(COMMON) -O1 -fno-strict-aliasing -fno-omit-frame-pointer -DHOST_TEST \
	-fsanitize=address,undefined -fno-sanitize-recover=all
# alu.c is full of deliberate truncation (docs/style.md).
$(BUILD)/%/arch/x86/interp/alu.o: EXTRA := -Wno-conversion

# ---- the hypervisor image ---------------------------------------------------------------------
T := $(BUILD)/target
target_objs = $(patsubst %,$(T)/%.o,$(basename $(1)))
OBJS := $(call target_objs,$(PURE) $(METAL))
ROMULUS := $(BUILD)/romulus.elf

.PHONY: all image clean
image: $(ROMULUS)

$(T)/%.o: %.c
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(TARGET_CFLAGS) $(EXTRA) -MMD -MP -c $< -o $@
$(T)/%.o: %.S
	$(call say,AS,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) -m32 -I. -I$(BUILD)/gen -I$(BUILD)/cache -g -D__ASSEMBLY__ -MMD -MP -c $< -o $@

$(T)/hypervisor.lds: arch/x86/boot/hypervisor.lds.S
	@mkdir -p $(@D)
	$(Q)$(CC) -E -P -m32 -I. -D__ASSEMBLY__ -MMD -MP -MT $@ -MF $@.d -x c $< -o $@

# Linked twice: the first image tells the symbols, the second carries them for backtraces.
$(T)/romulus.1: $(OBJS) $(T)/hypervisor.lds
	$(call say,LD,$@)
	$(Q)$(LD) -m elf_i386 -z max-page-size=4096 --gc-sections -T $(T)/hypervisor.lds -o $@ $(OBJS)
$(T)/symbols.S: $(T)/romulus.1 tools/symbols
	$(Q)tools/symbols $< > $@
$(T)/symbols.o: $(T)/symbols.S
	$(Q)$(CC) -m32 -c $< -o $@
$(ROMULUS): $(T)/symbols.o $(OBJS)
	$(call say,LD,$@)
	$(Q)$(LD) -m elf_i386 -z max-page-size=4096 --gc-sections -T $(T)/hypervisor.lds -o $@ $(OBJS) $(T)/symbols.o

# ---- host tests -------------------------------------------------------------------------------
# One program per tests/unit/test_*.c, in 32 bits (the target's layouts) and in 64 (honest types).
TESTS := $(patsubst tests/unit/%.c,%,$(wildcard tests/unit/test_*.c))
FAKES := $(wildcard tests/fake/*.c) arch/x86/vmi/rom_images.S
# Libraries a test needs beyond Check: LIBS_test_x := -lfoo
LIBS_test_decode := -lZydis
LIBS_test_interp_unicorn := -lunicorn
LIBS_test_bt_run := -lunicorn

define host_rules
H$(1) := $(BUILD)/host$(1)
HOST$(1)_OBJS := $(patsubst %.c,$(BUILD)/host$(1)/%.o,$(PURE))
HOST$(1)_FAKES := $(patsubst %,$(BUILD)/host$(1)/%.o,$(basename $(FAKES)))
$(BUILD)/host$(1)/%.o: %.c
	$$(call say,CC$(1),$$<)
	@mkdir -p $$(@D)
	$$(Q)$$(CC) $$(HOST_CFLAGS) -m$(1) $$(EXTRA) -MMD -MP -c $$< -o $$@
$(BUILD)/host$(1)/%.o: %.S
	@mkdir -p $$(@D)
	$$(Q)$$(CC) -m$(1) -I. -D__ASSEMBLY__ -MMD -MP -c $$< -o $$@
$(BUILD)/host$(1)/arch/x86/vmi/rom_images.o: $(BUILD)/rom/option.bin $(BUILD)/rom/plain.bin $(BUILD)/rom/gate.bin
$(BUILD)/host$(1)/libpure.a: $$(HOST$(1)_OBJS)
	$$(call say,AR$(1),$$@)
	$$(Q)rm -f $$@ && ar rcs $$@ $$^
$(BUILD)/host$(1)/test_%: $(BUILD)/host$(1)/tests/unit/test_%.o $(BUILD)/host$(1)/libpure.a $$(HOST$(1)_FAKES)
	$$(call say,LD$(1),$$@)
	$$(Q)$$(CC) $$(HOST_CFLAGS) -m$(1) $$< $$(HOST$(1)_FAKES) -Wl,--start-group $(BUILD)/host$(1)/libpure.a -Wl,--end-group \
		-lcheck -lsubunit $$(LIBS_test_$$*) -lm -lrt -lpthread -o $$@
.SECONDARY: $$(HOST$(1)_OBJS) $$(HOST$(1)_FAKES) $(TESTS:%=$(BUILD)/host$(1)/tests/unit/%.o)
endef
$(eval $(call host_rules,32))
$(eval $(call host_rules,64))

.PHONY: unit-tests
unit-tests: $(TESTS:%=$(BUILD)/host32/%) $(TESTS:%=$(BUILD)/host64/%)

-include $(wildcard Makefile.d/*.mk)
include $(wildcard tools/rules.mk tests/rules.mk tests/guests/rules.mk vmi-rom/rules.mk guest-abi/rules.mk)

clean:
	$(Q)find $(BUILD) -mindepth 1 -maxdepth 1 ! -name cache ! -name guest ! -name debian -exec rm -rf {} + 2>/dev/null || true

-include $(shell find $(addprefix $(BUILD)/,target host32 host64 rom guests) -type f -name "*.d" 2>/dev/null)
