# SPDX-License-Identifier: GPL-2.0
#
# The benchmarks' program for the guest, and `make bench`: docs/benchmarks.md.
B := $(BUILD)/bench
BENCH_CFLAGS := $(COMMON) -m32 -march=pentiumpro -O2 -ffreestanding -fno-pic -fno-pie -fno-stack-protector \
	-fno-asynchronous-unwind-tables -fcf-protection=none -fno-tree-loop-distribute-patterns
BENCH_OBJS := $(patsubst %,$(B)/%.o,$(basename $(wildcard tests/bench/*.c tests/bench/*.S)))

$(B)/%.o: %.c
	$(call say,BENCH,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(BENCH_CFLAGS) -MMD -MP -c $< -o $@
$(B)/%.o: %.S
	@mkdir -p $(@D)
	$(Q)$(CC) -m32 -c $< -o $@
$(B)/init: $(BENCH_OBJS)
	$(call say,LD,$@)
	$(Q)$(LD) -m elf_i386 -z noexecstack -s -o $@ $^
-include $(patsubst %.o,%.d,$(BENCH_OBJS))

.PHONY: bench bench-program
bench-program: $(B)/init
# BENCH="--only pgfault --no-wall" and the like.
bench: setup
	$(AGAIN) image bench-program
	$(AGAIN) linux
	$(Q)tools/bench $(BENCH)
