# SPDX-License-Identifier: GPL-2.0
PURE += hv/dev/vpic.c
PURE += hv/dev/vpit.c hv/dev/vpit_counter.c
PURE += hv/dev/vuart.c
PURE += hv/dev/vps2.c hv/dev/vps2_keyboard.c
PURE += hv/dev/vrtc.c hv/dev/vrtc_date.c
PURE += hv/dev/vpci.c hv/dev/vpiix.c hv/dev/vacpi_pm.c hv/dev/vvmi.c hv/dev/vport92.c hv/dev/vdebug.c
PURE += hv/dev/vlapic.c hv/dev/vlapic_regs.c hv/dev/vlapic_timer.c hv/dev/vioapic.c
PURE += hv/dev/machine.c
PURE += hv/dev/acpi_tables.c

# The DSDT as a C array.  iasl names its output itself and prefixes no "static const".
$(BUILD)/gen/hv/dev/dsdt.h: hv/dev/dsdt.asl
	$(call say,IASL,$<)
	@mkdir -p $(@D)
	$(Q)iasl -ve -p $(@D)/dsdt -tc $< > $(@D)/dsdt.log 2>&1 || { cat $(@D)/dsdt.log >&2; exit 1; }
	$(Q)sed 's/^unsigned char/static const unsigned char/' $(@D)/dsdt.hex > $@
$(patsubst %,$(BUILD)/%/hv/dev/acpi_tables.o,target host32 host64): $(BUILD)/gen/hv/dev/dsdt.h
