# SPDX-License-Identifier: GPL-2.0
# The VMI ROM: an image of its own (guest-abi/ is all it includes), embedded in the hypervisor.
ROM_BLOCKS := 2
R := $(BUILD)/rom
ROM_OBJS := $(patsubst vmi-rom/%.S,$(R)/%.o,$(wildcard vmi-rom/rom_*.S))
ROM_FLAGS := -m32 -I. -D__ASSEMBLY__ -DROM_BLOCKS=$(ROM_BLOCKS)

$(R)/%.o: vmi-rom/%.S vmi-rom/rules.mk
	$(call say,ROM,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(ROM_FLAGS) -MMD -MP -c $< -o $@
$(R)/rom.lds: vmi-rom/rom.lds.S guest-abi/shared_page.h vmi-rom/rules.mk
	@mkdir -p $(@D)
	$(Q)$(CC) -E -P $(ROM_FLAGS) -x c $< -o $@
$(R)/rom.elf: $(ROM_OBJS) $(R)/rom.lds
	$(Q)$(LD) -m elf_i386 -T $(R)/rom.lds -o $@ $(ROM_OBJS)
$(R)/option.bin: $(R)/rom.elf tools/rom-checksum
	$(Q)$(OBJCOPY) -O binary -j .option $< $@.tmp && tools/rom-checksum $@.tmp && mv $@.tmp $@
$(R)/gate.bin: $(R)/rom.elf
	$(Q)$(OBJCOPY) -O binary -j .gate $< $@
# The same with another relocation table.
$(R)/plain_header.o: vmi-rom/rom_header.S vmi-rom/rules.mk
	@mkdir -p $(@D)
	$(Q)$(CC) $(ROM_FLAGS) -DROM_PLAIN -MMD -MP -c $< -o $@
$(R)/plain.elf: $(R)/plain_header.o $(ROM_OBJS) $(R)/rom.lds
	$(Q)$(LD) -m elf_i386 -T $(R)/rom.lds -o $@ $(R)/plain_header.o $(filter-out %/rom_header.o,$(ROM_OBJS))
$(R)/plain.bin: $(R)/plain.elf tools/rom-checksum
	$(Q)$(OBJCOPY) -O binary -j .option $< $@.tmp && tools/rom-checksum $@.tmp && mv $@.tmp $@
$(BUILD)/target/arch/x86/vmi/rom_images.o: $(R)/option.bin $(R)/plain.bin $(R)/gate.bin
