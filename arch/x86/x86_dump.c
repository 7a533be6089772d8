/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A vcpu's state as text: registers, segments, the instruction at EIP, the top of the stack; and its translations.  For
 * the monitor and for the log when a VM is stopped or triple-faults.  Reading guest memory here changes
 * nothing (no accessed bits, no faults).
 */
#include "arch/x86/x86_vcpu.h"

#include "hv/lib/err.h"
#include "hv/lib/printf.h"

/* @size bytes of guest memory at linear @address, as far as they are mapped RAM; the count read. */
static u32 peek(const struct x86_vcpu *vcpu, u32 address, void *to, u32 size)
{
	u32 done;

	for (done = 0; done < size; done++) {
		struct walk_result walk;

		if (mmu_probe(&vcpu->cpu, vcpu->config.gmem, gva(address + done), ACCESS_READ, &walk) ||
		    !gmem_read(vcpu->config.gmem, walk.gpa, (u8 *)to + done, 1))
			break;
	}
	return done;
}

static void dump_code(const struct x86_vcpu *vcpu, void (*line)(void *opaque, const char *text),
		      void *opaque)
{
	const struct x86_segment *cs = &vcpu->cpu.seg[SREG_CS];
	u8 bytes[INSN_MAX_LENGTH] = { 0 };
	u32 count = peek(vcpu, cs->base + vcpu->cpu.eip, bytes, sizeof(bytes));
	struct x86_insn insn;
	char text[128];
	int length;

	length = hv_snprintf(text, sizeof(text), "code %02x %02x %02x %02x %02x %02x %02x %02x (%u mapped) ",
			     bytes[0], bytes[1], bytes[2], bytes[3], bytes[4], bytes[5], bytes[6],
			     bytes[7], count);
	if (insn_decode(bytes, count, cs->attr & SEG_DB, &insn) == DECODE_OK)
		insn_format(&insn, vcpu->cpu.eip, text + length, sizeof(text) - (u32)length);
	line(opaque, text);
}

static void dump_stack(const struct x86_vcpu *vcpu, void (*line)(void *opaque, const char *text),
		       void *opaque)
{
	u32 words[8] = { 0 };
	u32 base = vcpu->cpu.seg[SREG_SS].base + vcpu->cpu.gpr[REG_ESP];
	char text[128];

	if (peek(vcpu, base, words, sizeof(words)) != sizeof(words))
		return;
	hv_snprintf(text, sizeof(text), "stack %08x %08x %08x %08x %08x %08x %08x %08x", words[0],
		    words[1], words[2], words[3], words[4], words[5], words[6], words[7]);
	line(opaque, text);
}

static const char *const sreg_names[SREG_COUNT] = { "es", "cs", "ss", "ds", "fs", "gs" };

void x86_vcpu_dump(const struct x86_vcpu *vcpu, void (*line)(void *opaque, const char *text),
		   void *opaque)
{
	const struct x86_cpu *c = &vcpu->cpu;
	char text[128];

	hv_snprintf(text, sizeof(text), "eax %08x ebx %08x ecx %08x edx %08x cpl %u%s", c->gpr[REG_EAX],
		    c->gpr[REG_EBX], c->gpr[REG_ECX], c->gpr[REG_EDX], c->cpl,
		    vcpu->vmi.active ? " vmi" : "");
	line(opaque, text);
	hv_snprintf(text, sizeof(text), "esi %08x edi %08x ebp %08x esp %08x eip %08x eflags %08x",
		    c->gpr[REG_ESI], c->gpr[REG_EDI], c->gpr[REG_EBP], c->gpr[REG_ESP], c->eip,
		    c->eflags);
	line(opaque, text);
	for (u32 i = 0; i < SREG_COUNT; i++) {
		hv_snprintf(text, sizeof(text), "%s %04x base %08x limit %08x attr %04x", sreg_names[i],
			    c->seg[i].selector, c->seg[i].base, c->seg[i].limit, c->seg[i].attr);
		line(opaque, text);
	}
	hv_snprintf(text, sizeof(text), "gdt %08x+%04x idt %08x+%04x tr %04x ldt %04x", c->gdtr.base,
		    c->gdtr.limit, c->idtr.base, c->idtr.limit, c->tr.selector, c->ldtr.selector);
	line(opaque, text);
	hv_snprintf(text, sizeof(text), "cr0 %08x cr2 %08x cr3 %08x cr4 %08x", c->cr0, c->cr2, c->cr3,
		    c->cr4);
	line(opaque, text);
	dump_code(vcpu, line, opaque);
	dump_stack(vcpu, line, opaque);
	if (c->fault.vector || c->fault.has_error) {
		hv_snprintf(text, sizeof(text), "last exception %u error %x", c->fault.vector,
			    c->fault.error);
		line(opaque, text);
	}
}

void x86_vcpu_translation(const struct x86_vcpu *vcpu, const u32 *eip,
			  void (*line)(void *opaque, const char *text), void *opaque)
{
	struct bt_stats stats;

	if (!vcpu->translated.bt) {
		line(opaque, "nothing is translated");
		return;
	}
	if (eip) {
		bt_dump(vcpu->translated.bt, *eip, line, opaque);
		return;
	}
	bt_get_stats(vcpu->translated.bt, &stats);
	x86_stats_print_bt(&stats, line, opaque);
}

int x86_vcpu_profile(struct x86_vcpu *vcpu, bool on)
{
	x86_profile_destroy(vcpu->profile);
	vcpu->profile = on ? x86_profile_create() : NULL;
	return on && !vcpu->profile ? -ENOMEM : 0;
}

bool x86_vcpu_profile_print(const struct x86_vcpu *vcpu, u32 limit,
			    void (*line)(void *opaque, const char *text), void *opaque)
{
	if (vcpu->profile)
		x86_profile_print(vcpu->profile, limit, line, opaque);
	return vcpu->profile != NULL;
}
