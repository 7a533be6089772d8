/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The step: fetch, decode, execute, and what happens around an instruction: interrupt shadows, RF,
 * single-step and breakpoint traps, and taking registers back after a fault.
 *
 * Bytes are copied from guest memory once per step.  If the decoded-instruction cache has an entry of
 * the same place with the same bytes, its decoding is used; the cache thus needs no invalidation, and
 * code that modifies itself is seen at once.
 */
#include "arch/x86/interp/features.h"
#include "arch/x86/interp/handlers.h"
#include "arch/x86/interp/interp_priv.h"
#include "hv/core/kheap.h"

const struct handler interp_handlers[OP_COUNT] = {
#define HANDLER(op, name, feature, properties)                                                     \
	[OP_##op] = { exec_##name, FEATURE_##feature, properties },
#include "arch/x86/interp/handlers.def"
#undef HANDLER
};

/* ---- creation ---------------------------------------------------------------------------------- */
struct interp *interp_create(struct x86_cpu *cpu, struct gmem *gmem, struct bus *bus,
			     const struct interp_ops *ops, void *opaque)
{
	struct interp *ip = kheap_alloc(sizeof(*ip));
	u32 out[4];

	if (!ip)
		return NULL;
	ip->decoded = kheap_alloc(DECODED_ENTRIES * sizeof(*ip->decoded));
	if (!ip->decoded) {
		kheap_free(ip);
		return NULL;
	}
	ip->cpu = cpu;
	ip->gmem = gmem;
	ip->bus = bus;
	ip->ops = ops;
	ip->opaque = opaque;
	ops->cpuid(opaque, 1, 0, out);
	ip->feature_ecx = out[2];
	ip->feature_edx = out[3];
	ops->cpuid(opaque, 0x80000001u, 0, out);
	ip->has_nx = out[3] & BIT(20);
	ip->seen_generation = gmem_generation(gmem) - 1;
	ip->last = &ip->decoded[0];
	tlb_flush(ip);
	return ip;
}

void interp_destroy(struct interp *ip)
{
	if (!ip)
		return;
	kheap_free(ip->decoded);
	kheap_free(ip);
}

const struct x86_insn *interp_last_insn(const struct interp *ip, const u8 **bytes)
{
	*bytes = (const u8 *)ip->bytes;
	return &ip->last->insn;
}

void interp_flush_tlb(struct interp *ip)
{
	tlb_flush(ip);
}

/* ---- memory for others ---------------------------------------------------------------------------- */
bool interp_read_linear(struct interp *ip, gva_t from, void *to, u32 size, u32 access)
{
	tlb_sync(ip);
	for (u32 done = 0, chunk; done < size; done += chunk) {
		chunk = MIN(size - done, PAGE_SIZE - ((from.v + done) & PAGE_MASK));
		if (lin_read(ip, from.v + done, (u8 *)to + done, chunk, access & ACCESS_USER))
			return false;
	}
	return true;
}

bool interp_write_linear(struct interp *ip, gva_t to, const void *from, u32 size, u32 access)
{
	tlb_sync(ip);
	for (u32 done = 0, chunk; done < size; done += chunk) {
		struct mem_place place;

		chunk = MIN(size - done, PAGE_SIZE - ((to.v + done) & PAGE_MASK));
		if (lin_place(ip, to.v + done, chunk, access & ACCESS_USER, &place))
			return false;
		if (!place.host && gmem_type(ip->gmem, place.part[0]) != GMEM_RAM) {
			raise_gp0(ip);
			return false;
		}
		place_write(ip, &place, (const u8 *)from + done);
	}
	return true;
}

/* ---- fetch ------------------------------------------------------------------------------------------ */
/* Find the page of linear address @linear for instruction fetch; *host NULL if it is not RAM. */
static enum emul_result fetch_page(struct interp *ip, u32 linear, const u8 **host)
{
	struct walk_result walk;
	u32 page = linear >> PAGE_SHIFT;
	bool user = ip->cpu->cpl == 3;

	if (LIKELY(ip->fetch_page == page && ip->fetch_user == user)) {
		*host = ip->fetch_host + (linear & PAGE_MASK);
		return EMUL_DONE;
	}
	if (mmu_walk(ip->cpu, ip->gmem, gva(linear), ACCESS_FETCH | access_user(ip), &walk))
		return EMUL_FAULT;
	tlb_sync(ip);
	*host = gmem_ptr(ip->gmem, gpa(walk.gpa.v & ~(u64)PAGE_MASK), PAGE_SIZE, false);
	if (*host) {
		ip->fetch_page = page;
		ip->fetch_user = user;
		ip->fetch_host = *host;
		*host += linear & PAGE_MASK;
	}
	return EMUL_DONE;
}

/* Copy up to @size bytes at CS:EIP + @at, which lie in one page.  Code outside RAM reads as FFh. */
static enum emul_result fetch_part(struct interp *ip, u32 at, u32 size, const u8 **host)
{
	u32 linear = ip->cpu->seg[SREG_CS].base + ip->start_eip + at;

	TRY(fetch_page(ip, linear, host));
	if (*host)
		memcpy((u8 *)ip->bytes + at, *host, size);
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
static void choose_handler(struct interp *ip, struct decoded *entry)
{
	const struct x86_insn *insn = &entry->insn;
	const struct handler *handler = &interp_handlers[insn->op];
	u32 feature = handler->feature;

	entry->handler = handler->fn;
	if (!entry->handler && insn->props & (INSN_X87 | INSN_MMX | INSN_SSE)) {
		entry->handler = exec_fpu;
		feature = fpu_feature(insn);
	}
	if (!feature_present(ip, feature))
		entry->handler = exec_ud;
	entry->complex = handler->properties & COMPLEX;
	entry->privileged = insn->props & INSN_PRIVILEGED && entry->handler != exec_ud &&
			    !(handler->properties & OWN_CHECK);
}

static void fill_mask(struct decoded *entry, const u32 bytes[4])
{
	u8 mask[16] = { 0 };

	memset(mask, 0xff, entry->insn.length);
	memcpy(entry->mask, mask, sizeof(mask));
	for (u32 i = 0; i < 4; i++)
		entry->bytes[i] = bytes[i] & entry->mask[i];
}

static inline bool entry_matches(const struct decoded *entry, const u32 bytes[4], bool code32)
{
	return ((bytes[0] & entry->mask[0]) ^ entry->bytes[0]) == 0 &&
	       ((((bytes[1] & entry->mask[1]) ^ entry->bytes[1]) |
		 ((bytes[2] & entry->mask[2]) ^ entry->bytes[2]) |
		 ((bytes[3] & entry->mask[3]) ^ entry->bytes[3]))) == 0 &&
	       entry->code32 == code32 && entry->handler;
}

/* Decode the @size bytes in ip->bytes; more are behind the page boundary or the limit. */
static enum emul_result decode(struct interp *ip, u32 size, struct decoded *entry)
{
	bool code32 = ip->cpu->seg[SREG_CS].attr & SEG_DB;
	u32 allowed = fetch_limit(ip);
	enum decode_result result;
	const u8 *ignored;

	entry->handler = NULL;
	result = insn_decode((const u8 *)ip->bytes, size, code32, &entry->insn);
	if (result == DECODE_TRUNCATED && size < allowed) {
		TRY(fetch_part(ip, size, allowed - size, &ignored));
		result = insn_decode((const u8 *)ip->bytes, allowed, code32, &entry->insn);
	}
	if (result == DECODE_TRUNCATED || result == DECODE_TOO_LONG)
		return raise_gp0(ip); /* over the limit of CS, or of 15 bytes */
	if (result == DECODE_INVALID)
		return raise_ud(ip);
	entry->code32 = code32;
	choose_handler(ip, entry);
	fill_mask(entry, ip->bytes);
	return entry->handler ? EMUL_DONE : EMUL_UNHANDLED;
}

static enum emul_result fetch(struct interp *ip)
{
	const struct x86_segment *cs = &ip->cpu->seg[SREG_CS];
	u32 in_page = PAGE_SIZE - ((cs->base + ip->start_eip) & PAGE_MASK);
	u32 size = MIN(fetch_limit(ip), in_page);
	const u8 *host;
	struct decoded *entry;

	if (UNLIKELY(!size))
		return raise_gp0(ip);
	if (LIKELY(in_page >= sizeof(ip->bytes) && size == INSN_MAX_LENGTH)) {
		TRY(fetch_page(ip, cs->base + ip->start_eip, &host));
		if (LIKELY(host != NULL))
			memcpy(ip->bytes, host, sizeof(ip->bytes));
		else
			memset(ip->bytes, 0xff, sizeof(ip->bytes));
		entry = &ip->decoded[((uintptr_t)host ^ (uintptr_t)host >> 12) % DECODED_ENTRIES];
		ip->last = entry;
		if (LIKELY(entry_matches(entry, ip->bytes, cs->attr & SEG_DB)))
			return EMUL_DONE;
	} else {
		TRY(fetch_part(ip, 0, size, &host));
		entry = &ip->decoded[0];
		ip->last = entry;
	}
	return decode(ip, size, entry);
}

/* ---- debug ----------------------------------------------------------------------------------------------- */
/* Execution breakpoints are faults, before the instruction. */
static enum emul_result check_code_breakpoints(struct interp *ip)
{
	const struct x86_cpu *cpu = ip->cpu;
	u32 linear = cpu->seg[SREG_CS].base + cpu->eip, hits = 0;

	for (u32 i = 0; i < 4; i++)
		if ((cpu->dr[7] >> (2 * i) & 3) && !(cpu->dr[7] >> (16 + 4 * i) & 3) &&
		    cpu->dr[i] == linear)
			hits |= BIT(i);
	if (!hits)
		return EMUL_DONE;
	raise(ip, EXCP_DB);
	ip->cpu->fault.dr6 = hits;
	return EMUL_FAULT;
}

/* Single-step and data breakpoints are traps, after the instruction; MOV SS holds them off. */
static enum emul_result after(struct interp *ip)
{
	u32 hits = ip->dr6_hits;

	if (ip->new_shadow & SHADOW_MOV_SS)
		return EMUL_DONE;
	if (ip->start_eflags & EFLAGS_TF && !ip->no_tf_trap)
		hits |= DR6_BS;
	ip->dr6_hits = 0;
	if (LIKELY(!hits))
		return EMUL_DONE;
	raise(ip, EXCP_DB);
	ip->cpu->fault.is_trap = true;
	ip->cpu->fault.dr6 = hits;
	return EMUL_FAULT;
}

/* ---- the step ----------------------------------------------------------------------------------------------- */
static enum emul_result take_back(struct interp *ip, enum emul_result result)
{
	struct x86_cpu *cpu = ip->cpu;

	if (ip->committed || cpu->fault.is_trap)
		return result;
	if (ip->last->complex && ip->last->handler)
		interp_restore(ip);
	ip->dr6_hits = 0;
	cpu->eip = ip->start_eip;
	cpu->gpr[REG_ESP] = ip->start_esp;
	cpu->eflags = ip->start_eflags;
	return result;
}

static enum emul_result execute(struct interp *ip)
{
	struct x86_cpu *cpu = ip->cpu;
	const struct decoded *entry = ip->last;

	if (UNLIKELY(entry->complex))
		interp_save(ip);
	if (UNLIKELY(entry->privileged && cpu->cpl))
		return raise_gp0(ip);
	cpu->eip = ip->start_eip + entry->insn.length;
	cpu->eflags &= ~EFLAGS_RF;
	return entry->handler(ip, &entry->insn);
}

static void begin(struct interp *ip)
{
	const struct x86_cpu *cpu = ip->cpu;

	tlb_sync(ip);
	ip->start_eip = cpu->eip;
	ip->start_esp = cpu->gpr[REG_ESP];
	ip->start_eflags = cpu->eflags;
	ip->new_shadow = 0;
	ip->no_tf_trap = false;
	ip->committed = false;
}

/* Execute what was fetched, and what follows an instruction. */
static enum emul_result complete(struct interp *ip)
{
	struct x86_cpu *cpu = ip->cpu;
	enum emul_result result;

	cpu->fault.is_trap = false;
	result = execute(ip);
	if (UNLIKELY(result != EMUL_DONE))
		return take_back(ip, result);
	/* Of two instructions in a row with the same shadow only the first has it. */
	cpu->interrupt_shadow = ip->new_shadow & ~cpu->interrupt_shadow;
	return after(ip);
}

enum emul_result interp_step(struct interp *ip)
{
	struct x86_cpu *cpu = ip->cpu;

	begin(ip);
	if (UNLIKELY(cpu->dr[7] & 0xff) && !(cpu->eflags & EFLAGS_RF) &&
	    !(cpu->interrupt_shadow & SHADOW_MOV_SS))
		TRY(check_code_breakpoints(ip));
	TRY(fetch(ip));
	return complete(ip);
}

enum emul_result interp_execute(struct interp *ip, const u8 *bytes, u32 size)
{
	struct decoded *entry = &ip->decoded[0];

	begin(ip);
	memset(ip->bytes, 0, sizeof(ip->bytes));
	memcpy(ip->bytes, bytes, size);
	ip->last = entry;
	TRY(decode(ip, size, entry));
	return complete(ip);
}
