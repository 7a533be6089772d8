/* SPDX-License-Identifier: GPL-2.0 */
/*
 * From CS:EIP to a decoded instruction and its handler.
 *
 * If the decoded-instruction cache has an entry for the place with the bytes that memory holds now, its
 * decoding is used; the cache thus needs no invalidation, and code that modifies itself is seen at
 * once.  Bytes are read once: compared in place, or copied and then decoded.  Instructions that reach
 * over their page or near the limit of CS, and code that is not in RAM, are decoded anew each time.
 */
#include "arch/x86/interp/features.h"
#include "arch/x86/interp/handlers.h"
#include "arch/x86/interp/interp_priv.h"

const struct handler interp_handlers[OP_COUNT] = {
#define HANDLER(op, name, feature, properties)                                                     \
	[OP_##op] = { exec_##name, FEATURE_##feature, properties },
#include "arch/x86/interp/handlers.def"
#undef HANDLER
};

/* ---- fetch ------------------------------------------------------------------------------------------ */
/* Find linear address @linear for instruction fetch; *host NULL if it is not RAM. */
static enum emul_result fetch_page(struct interp *ip, u32 linear, const u8 **host)
{
	struct walk_result walk;

	if (ip->cpu->cpl != 3 && UNLIKELY(linear - ip->code_window < ip->code_window_size)) {
		*host = ip->code_window_host + (linear - ip->code_window);
		return EMUL_DONE;
	}
	if (mmu_walk(ip->cpu, ip->gmem, gva(linear), ACCESS_FETCH | access_user(ip), &walk))
		return EMUL_FAULT;
	tlb_sync(ip);
	*host = gmem_ptr(ip->gmem, gpa(walk.gpa.v & ~(u64)PAGE_MASK), PAGE_SIZE, false);
	if (*host) {
		ip->fetch_page = linear >> PAGE_SHIFT;
		ip->fetch_cpl = ip->cpu->cpl;
		ip->fetch_global = walk.global;
		tlb_note_large(ip, linear, &walk);
		ip->fetch_host = *host;
		*host += linear & PAGE_MASK;
	}
	return EMUL_DONE;
}

/* Copy @size bytes at CS:EIP + @at, which lie in one page.  Code outside RAM reads as FFh. */
static enum emul_result fetch_part(struct interp *ip, u32 at, u32 size)
{
	const u8 *host;

	TRY(fetch_page(ip, ip->cpu->seg[SREG_CS].base + ip->start_eip + at, &host));
	if (host)
		memcpy((u8 *)ip->bytes + at, host, size);
	else
		memset((u8 *)ip->bytes + at, 0xff, size);
	return EMUL_DONE;
}

/* How many bytes of the instruction may be fetched, by the limit of CS? */
static u32 fetch_limit(const struct interp *ip)
{
	u32 left = ip->cpu->seg[SREG_CS].limit - ip->start_eip;

	if (ip->start_eip > ip->cpu->seg[SREG_CS].limit)
		return 0;
	return left >= INSN_MAX_LENGTH ? INSN_MAX_LENGTH : left + 1;
}

/* ---- decode ------------------------------------------------------------------------------------------- */
static handler_fn *handler_of(const struct interp *ip, const struct x86_insn *insn)
{
	const struct handler *handler = &interp_handlers[insn->op];
	handler_fn *fn = handler->fn;
	u32 feature = handler->feature;

	if (!fn && insn->props & (INSN_X87 | INSN_MMX | INSN_SSE)) {
		fn = exec_fpu;
		feature = fpu_feature(insn);
	}
	return feature_present(ip, feature) ? fn : exec_ud;
}

bool interp_supports(const struct interp *ip, const struct x86_insn *insn)
{
	handler_fn *fn = handler_of(ip, insn);

	return fn && fn != exec_ud;
}

static void choose_handler(struct interp *ip, struct decoded *entry)
{
	const struct x86_insn *insn = &entry->insn;
	const struct handler *handler = &interp_handlers[insn->op];

	entry->handler = handler_of(ip, insn);
	entry->complex = handler->properties & COMPLEX;
	entry->privileged = insn->props & INSN_PRIVILEGED && entry->handler != exec_ud &&
			    !(handler->properties & OWN_CHECK);
}

/* May the instruction change when an interrupt can be taken, or what the owner must know? */
static bool ends_run(const struct decoded *entry)
{
	const struct x86_insn *insn = &entry->insn;

	return entry->complex || insn->props & (INSN_PRIVILEGED | INSN_IO) || insn->op == OP_STI ||
	       insn->op == OP_POPF || insn->op == OP_MOV_TO_SREG || insn->op == OP_LSS;
}

/* What kernels change page-table entries with. */
static u8 store_bytes(const struct x86_insn *insn)
{
	const struct x86_operand *to = &insn->operand[0];

	if (to->kind != OPERAND_MEM || !(to->access & OPERAND_WRITE) || to->size > 8)
		return 0;
	switch (insn->op) {
	case OP_MOV:
	case OP_XCHG:
	case OP_AND:
	case OP_OR:
	case OP_CMPXCHG:
	case OP_CMPXCHG8B:
		return (u8)to->size;
	case OP_BTR:
	case OP_BTS: /* a bit number in a register may lie elsewhere */
		return insn->operand[1].kind == OPERAND_IMM ? (u8)to->size : 0;
	default:
		return 0;
	}
}

static inline void copy_bytes(u32 to[4], const unaligned_u32 *from)
{
	u32 a = READ_ONCE(from[0]), b = READ_ONCE(from[1]), c = READ_ONCE(from[2]), d = READ_ONCE(from[3]);

	to[0] = a;
	to[1] = b;
	to[2] = c;
	to[3] = d;
}

static inline void fill_bytes(struct decoded *entry, const u32 bytes[4], u32 length)
{
	u32 last = (length - 1) / 4;

	copy_bytes(entry->bytes, bytes);
	entry->last_word = (u8)last;
	entry->last_mask = 0xffffffffu >> (8 * (4 * last + 4 - length));
	entry->bytes[last] &= entry->last_mask;
}

/* Are the bytes at @host those of @entry?  They are read once. */
static inline bool entry_matches(const struct decoded *entry, const u8 *host, u32 mode)
{
	const unaligned_u32 *words = (const unaligned_u32 *)host;
	u32 last = entry->last_word;

	if (UNLIKELY(entry->mode != mode))
		return false;
	for (u32 i = 0; i < last; i++)
		if (UNLIKELY(READ_ONCE(words[i]) != entry->bytes[i]))
			return false;
	return LIKELY(!((READ_ONCE(words[last]) ^ entry->bytes[last]) & entry->last_mask));
}

enum emul_result fetch_decode(struct interp *ip, u32 size, struct decoded *entry)
{
	u32 mode = ip->cpu->seg[SREG_CS].attr & SEG_DB;
	u32 allowed = fetch_limit(ip);
	enum decode_result result;

	entry->mode = 0;
	result = insn_decode((const u8 *)ip->bytes, size, mode, &entry->insn);
	if (result == DECODE_TRUNCATED && size < allowed) {
		TRY(fetch_part(ip, size, allowed - size));
		result = insn_decode((const u8 *)ip->bytes, allowed, mode, &entry->insn);
	}
	fill_bytes(entry, ip->bytes, result == DECODE_OK ? entry->insn.length : INSN_MAX_LENGTH);
	if (result == DECODE_TRUNCATED || result == DECODE_TOO_LONG)
		return raise_gp0(ip); /* over the limit of CS, or of 15 bytes */
	if (result == DECODE_INVALID)
		return raise_ud(ip);
	choose_handler(ip, entry);
	if (!entry->handler)
		return EMUL_UNHANDLED;
	entry->ends_run = ends_run(entry);
	entry->store_bytes = entry->handler == exec_ud ? 0 : store_bytes(&entry->insn);
	entry->mode = (u16)(mode | DECODED_VALID);
	return EMUL_DONE;
}

/* The instruction reaches over its page, its segment, or is not in RAM. */
static enum emul_result fetch_slowly(struct interp *ip)
{
	u32 in_page = PAGE_SIZE - ((ip->cpu->seg[SREG_CS].base + ip->start_eip) & PAGE_MASK);
	u32 size = MIN(fetch_limit(ip), in_page);

	ip->last = &ip->decoded[0];
	if (!size)
		return raise_gp0(ip);
	TRY(fetch_part(ip, 0, size));
	return fetch_decode(ip, size, ip->last);
}

enum emul_result fetch_instruction(struct interp *ip)
{
	const struct x86_segment *cs = &ip->cpu->seg[SREG_CS];
	u32 linear = cs->base + ip->start_eip;
	struct decoded *entry;
	const u8 *host;

	if (UNLIKELY(cs->limit < ip->start_eip || cs->limit - ip->start_eip < INSN_MAX_LENGTH ||
		     (linear & PAGE_MASK) > PAGE_SIZE - sizeof(ip->bytes)))
		return fetch_slowly(ip);
	if (LIKELY(ip->fetch_page == linear >> PAGE_SHIFT && ip->fetch_cpl == ip->cpu->cpl))
		host = ip->fetch_host + (linear & PAGE_MASK);
	else
		TRY(fetch_page(ip, linear, &host));
	if (UNLIKELY(!host))
		return fetch_slowly(ip);
	entry = &ip->decoded[((uintptr_t)host ^ (uintptr_t)host >> 12) % DECODED_ENTRIES];
	ip->last = entry;
	if (LIKELY(entry_matches(entry, host, (cs->attr & SEG_DB) | DECODED_VALID)))
		return EMUL_DONE;
	copy_bytes(ip->bytes, (const unaligned_u32 *)host);
	return fetch_decode(ip, INSN_MAX_LENGTH, entry);
}
