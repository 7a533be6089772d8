# SPDX-License-Identifier: GPL-2.0
# Test kernels: build/guests/NAME.elf from tests/guests/NAME/*.{c,S} and the runtime in tests/lib.
G := $(BUILD)/guests
GUEST_CFLAGS := $(COMMON) -m32 -march=pentiumpro -O1 -ffreestanding -mgeneral-regs-only -fno-pic -fno-pie \
	-fno-stack-protector -fno-asynchronous-unwind-tables -fno-strict-aliasing -fcf-protection=none
GUESTS := $(patsubst tests/guests/%/,%,$(filter-out tests/guests/vmi-native-rom/,$(dir $(wildcard tests/guests/*/*.c))))
GUESTS := $(sort $(GUESTS))
GUEST_LIB := $(patsubst %,$(G)/%.o,$(basename $(wildcard tests/lib/*.c tests/lib/*.S)) hv/lib/printf hv/lib/string hv/lib/math64)

$(G)/%.o: %.c
	$(call say,GUEST,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(GUEST_CFLAGS) -MMD -MP -c $< -o $@
$(G)/%.o: %.S
	@mkdir -p $(@D)
	$(Q)$(CC) -m32 -I. -D__ASSEMBLY__ -MMD -MP -c $< -o $@
define guest_rule
$(G)/$(1).elf: $(patsubst %,$(G)/%.o,$(basename $(wildcard tests/guests/$(1)/*.c tests/guests/$(1)/*.S))) $(GUEST_LIB) tests/lib/guest.lds
	$$(call say,LD,$$@)
	$$(Q)$(LD) -m elf_i386 -z max-page-size=4096 -z noexecstack -T tests/lib/guest.lds -o $$@ $$(filter %.o,$$^)
endef
$(foreach g,$(GUESTS),$(eval $(call guest_rule,$(g))))
.PHONY: guests
guests: $(GUESTS:%=$(G)/%.elf)
