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
	ip->window.page = TLB_NO_PAGE;
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
	*bytes = (const u8 *)ip->last->bytes;
	return &ip->last->insn;
}

void interp_set_window(struct interp *ip, gva_t code, const void *code_host, u32 size, gva_t data,
		       void *data_host)
{
	ip->code_window = code.v;
	ip->code_window_host = code_host;
	ip->code_window_size = size;
	ip->window.page = size ? data.v >> PAGE_SHIFT : TLB_NO_PAGE;
	ip->window.host = data_host;
	ip->window.rights = TLB_RIGHT(ACCESS_READ) | TLB_RIGHT(ACCESS_WRITE);
	tlb_flush(ip);
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

/* May the instruction change when an interrupt can be taken, or what the owner must know? */
static bool ends_run(const struct decoded *entry)
{
	const struct x86_insn *insn = &entry->insn;

	return entry->complex || insn->props & (INSN_PRIVILEGED | INSN_IO) || insn->op == OP_STI ||
	       insn->op == OP_POPF || insn->op == OP_MOV_TO_SREG || insn->op == OP_LSS;
}

static void fill_bytes(struct decoded *entry, const u32 bytes[4], u32 length)
{
	u32 last = (length - 1) / 4;

	for (u32 i = 0; i < 4; i++)
		entry->bytes[i] = i <= last ? bytes[i] : 0;
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

/* Decode the @size bytes in ip->bytes; more are behind the page boundary or the limit. */
static enum emul_result decode(struct interp *ip, u32 size, struct decoded *entry)
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
	return decode(ip, size, ip->last);
}

static inline enum emul_result fetch(struct interp *ip)
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
	memcpy(ip->bytes, host, sizeof(ip->bytes));
	return decode(ip, INSN_MAX_LENGTH, entry);
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
static enum emul_result report_traps(struct interp *ip)
{
	u32 hits = ip->dr6_hits;

	if (ip->new_shadow & SHADOW_MOV_SS)
		return EMUL_DONE;
	if (ip->start_eflags & EFLAGS_TF && !ip->no_tf_trap)
		hits |= DR6_BS;
	ip->dr6_hits = 0;
	if (!hits)
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

static inline void begin(struct interp *ip)
{
	const struct x86_cpu *cpu = ip->cpu;

	ip->start_eip = cpu->eip;
	ip->start_esp = cpu->gpr[REG_ESP];
	ip->start_eflags = cpu->eflags;
}

/* What a few instructions need beyond a plain one. */
static enum emul_result prepare(struct interp *ip)
{
	if (ip->last->complex)
		interp_save(ip);
	if (ip->last->privileged && ip->cpu->cpl)
		return raise_gp0(ip);
	return EMUL_DONE;
}

/* Execute what was fetched, and what follows an instruction. */
static inline enum emul_result complete(struct interp *ip)
{
	struct x86_cpu *cpu = ip->cpu;
	const struct decoded *entry = ip->last;
	enum emul_result result = EMUL_DONE;

	if (UNLIKELY(entry->complex | entry->privileged)) {
		cpu->fault.is_trap = false;
		result = prepare(ip);
	}
	if (LIKELY(result == EMUL_DONE)) {
		cpu->eip = ip->start_eip + entry->insn.length;
		cpu->eflags &= ~EFLAGS_RF;
		result = entry->handler(ip, &entry->insn);
	}
	if (UNLIKELY(result != EMUL_DONE))
		return take_back(ip, result);
	/* Of two instructions in a row with the same shadow only the first has it. */
	cpu->interrupt_shadow = ip->new_shadow & ~cpu->interrupt_shadow;
	if (UNLIKELY((ip->start_eflags & EFLAGS_TF) | ip->dr6_hits))
		return report_traps(ip);
	return EMUL_DONE;
}

enum emul_result interp_step(struct interp *ip)
{
	struct x86_cpu *cpu = ip->cpu;

	tlb_sync(ip);
	begin(ip);
	ip->new_shadow = 0;
	ip->no_tf_trap = false;
	ip->committed = false;
	if (UNLIKELY(cpu->dr[7] & 0xff) && !(cpu->eflags & EFLAGS_RF) &&
	    !(cpu->interrupt_shadow & SHADOW_MOV_SS))
		TRY(check_code_breakpoints(ip));
	TRY(fetch(ip));
	return complete(ip);
}

enum emul_result interp_run(struct interp *ip, u32 *budget)
{
	const struct x86_cpu *cpu = ip->cpu;
	bool shadowed = cpu->interrupt_shadow; /* an interrupt may wait for this one instruction */
	enum emul_result result;

	ip->used_bus = false;
	result = interp_step(ip);
	(*budget)--;
	/* Whatever needs more than a plain step ends the run: after it these hold again. */
	while (result == EMUL_DONE && *budget && !shadowed && !ip->last->ends_run && !ip->used_bus &&
	       !((cpu->dr[7] & 0xff) | cpu->interrupt_shadow)) {
		begin(ip);
		result = fetch(ip);
		if (UNLIKELY(result != EMUL_DONE))
			break;
		result = complete(ip);
		(*budget)--;
	}
	return result;
}

enum emul_result interp_execute(struct interp *ip, const u8 *bytes, u32 size)
{
	struct decoded *entry = &ip->decoded[0];

	tlb_sync(ip);
	begin(ip);
	ip->new_shadow = 0;
	ip->no_tf_trap = false;
	ip->committed = false;
	memset(ip->bytes, 0, sizeof(ip->bytes));
	memcpy(ip->bytes, bytes, size);
	ip->last = entry;
	TRY(decode(ip, size, entry));
	return complete(ip);
}
