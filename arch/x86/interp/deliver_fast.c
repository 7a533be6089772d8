/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Delivery of an exception or interrupt the way nearly all of them go: from flat 32-bit code in ring 3 or 0,
 * through a 32-bit interrupt or trap gate, to flat 32-bit code of ring 0 on a flat stack, whose frame
 * lies in one page of plain memory.  Everything that could need a second look is a reason to decline:
 * exception_deliver() then does all of it, and this has changed nothing that it would not have.
 *
 * Why the two agree: memory is read in the order of exception_deliver(), by the same translations, and
 * each piece once; a walk that sets A or D here would have set it there; the first and only writes
 * are those of the frame, after which nothing can fail.  No descriptor is remembered from one
 * delivery to the next: what counts is compared as the raw eight bytes. [SDM3A 6.12]
 */
#include "arch/x86/interp/interp_priv.h"

/* The high half of descriptors; the low half of a flat one is FLAT_LOW.  AVL and L are ignored, as is
 * R of code.  Accessed: setting that is for others. */
#define FLAT_LOW 0x0000ffffu
#define CODE_MASK 0xffcffdffu
#define CODE_FLAT0 0x00cf9900u /* G, D, 4 GB, P, DPL 0, code, not conforming, accessed */
#define STACK_MASK 0xffcfffffu
#define STACK_FLAT0 0x00cf9300u /* the same, writable data */
#define GATE_MASK 0x00009e00u
#define GATE_32 0x00008e00u /* P, 32-bit interrupt gate; or, with bit 8, trap gate */
#define GATE_IS_TRAP 0x00000100u

#define TSS_ESP0 4u
#define TSS_SS0 8u

/* Plain memory at @address that does not cross a page, or NULL. */
static inline u8 *plain(struct interp *ip, u32 address, u32 size, u32 access)
{
	u8 *host;

	if (UNLIKELY((address & PAGE_MASK) > PAGE_SIZE - size))
		return NULL;
	return lin_pointer(ip, address, access, &host) == EMUL_DONE ? host : NULL;
}

/* The eight bytes at @address. */
static inline bool read_pair(struct interp *ip, u32 address, u32 *low, u32 *high)
{
	const u8 *at = plain(ip, address, 8, ACCESS_READ);

	if (UNLIKELY(!at))
		return false;
	*low = READ_ONCE(*(const unaligned_u32 *)at);
	*high = READ_ONCE(*(const unaligned_u32 *)(at + 4));
	return true;
}

/* Is the descriptor of @selector in the GDT, flat, and @want where @mask says?  Its attributes. */
static inline bool flat_segment(struct interp *ip, u32 selector, u32 mask, u32 want, u16 *attr)
{
	const struct x86_table *gdtr = &ip->cpu->gdtr;
	u32 low, high;

	if (!(selector & SEL_INDEX) || selector & SEL_TI ||
	    (selector & SEL_INDEX) + 7 > gdtr->limit ||
	    !read_pair(ip, gdtr->base + (selector & SEL_INDEX), &low, &high))
		return false;
	*attr = (u16)(high >> 8 & 0xf0ff);
	return low == FLAT_LOW && (high & mask) == want;
}

/* SS0 and ESP0 as exception_inner_stack() finds them. */
static inline bool inner_stack(struct interp *ip, u16 *ss, u32 *esp)
{
	const struct x86_segment *tr = &ip->cpu->tr;
	const u8 *at;

	if (ip->ops->kernel_stack(ip->opaque, ss, esp))
		return true;
	if (!(attr_type(tr->attr) & DESCRIPTOR_TYPE_32BIT) || tr->limit < TSS_SS0 + 1)
		return false;
	at = plain(ip, tr->base + TSS_ESP0, TSS_SS0 + 2 - TSS_ESP0, ACCESS_READ);
	if (!at)
		return false;
	*esp = READ_ONCE(*(const unaligned_u32 *)at);
	*ss = READ_ONCE(*(const unaligned_u16 *)(at + TSS_SS0 - TSS_ESP0));
	return true;
}

/* The stack of the handler.  Coming from ring 0 it is the present one. */
static inline bool find_stack(struct interp *ip, bool inner, struct x86_segment *stack, u32 *esp)
{
	const struct x86_cpu *cpu = ip->cpu;
	u16 ss;

	if (!inner) {
		*stack = cpu->seg[SREG_SS];
		*esp = cpu->gpr[REG_ESP];
		return !stack->base && stack->limit == ~0u && (stack->attr & SEG_DB) &&
		       (stack->attr & (SEG_TYPE_CODE | SEG_TYPE_EXPAND_DOWN)) == 0;
	}
	if (!inner_stack(ip, &ss, esp) || sel_rpl(ip, ss) ||
	    !flat_segment(ip, ss, STACK_MASK, STACK_FLAT0, &stack->attr))
		return false;
	stack->selector = sel_shown(ip, ss, 0);
	stack->base = 0;
	stack->limit = ~0u;
	return true;
}

/* Write the frame below *@esp, which moves.  Its lowest items come last. */
static inline bool push_frame(struct interp *ip, const struct event *event, bool inner, u32 *esp)
{
	const struct x86_cpu *cpu = ip->cpu;
	u32 size = (3u + (inner ? 2 : 0) + event->has_error) * 4;
	unaligned_u32 *at = (unaligned_u32 *)plain(ip, *esp - size, size, ACCESS_WRITE);

	if (UNLIKELY(!at))
		return false;
	*esp -= size;
	if (event->has_error)
		*at++ = event->error;
	at[0] = cpu->eip;
	at[1] = cpu->seg[SREG_CS].selector;
	at[2] = cpu->eflags | (event->set_rf ? EFLAGS_RF : 0);
	if (inner) {
		at[3] = cpu->gpr[REG_ESP];
		at[4] = cpu->seg[SREG_SS].selector;
	}
	return true;
}

bool deliver_fast(struct interp *ip, const struct event *event)
{
	struct x86_cpu *cpu = ip->cpu;
	bool inner = cpu->cpl == 3;
	u32 at = event->vector * 8u, low, high, esp;
	struct x86_segment stack;
	u16 code_attr;

	if (UNLIKELY(!ip->fast_delivery || !x86_protected_mode(cpu) || x86_v86_mode(cpu) ||
		     (cpu->cpl && !inner) || event->kind > EVENT_EXTERNAL ||
		     at + 7 > cpu->idtr.limit))
		return false;
	if (!read_pair(ip, cpu->idtr.base + at, &low, &high) || (high & GATE_MASK) != GATE_32)
		return false;
	if (!flat_segment(ip, low >> 16, CODE_MASK, CODE_FLAT0, &code_attr) ||
	    !find_stack(ip, inner, &stack, &esp) || !push_frame(ip, event, inner, &esp))
		return false;
	cpu->eflags &= ~(EFLAGS_TF | EFLAGS_NT | EFLAGS_RF);
	if (!(high & GATE_IS_TRAP))
		cpu->eflags &= ~EFLAGS_IF;
	cpu->gpr[REG_ESP] = esp;
	cpu->seg[SREG_SS] = stack;
	cpu->seg[SREG_CS] = (struct x86_segment){ .selector = sel_shown(ip, (u16)(low >> 16), 0),
						  .attr = code_attr,
						  .limit = ~0u };
	cpu->cpl = 0;
	cpu->eip = (high & 0xffff0000) | (low & 0xffff);
	ip->fast_deliveries++;
	return true;
}

void interp_use_fast_delivery(struct interp *ip, bool on)
{
	ip->fast_delivery = on;
}

u32 interp_fast_deliveries(const struct interp *ip)
{
	return ip->fast_deliveries;
}
