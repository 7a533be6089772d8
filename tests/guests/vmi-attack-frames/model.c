/* SPDX-License-Identifier: GPL-2.0 */
/* What a CPU does with a selector and its descriptor [SDM3A 5.5-5.8], for a kernel at CPL 0. */
#include "tests/guests/vmi-attack-frames/frames.h"

u64 ldt[16] ALIGNED(8);
u32 mismatches;

u64 descriptor(u32 type, u32 dpl, bool present, u32 base, u32 limit, u32 flags)
{
	u64 access = type | dpl << 5 | (present ? 0x80u : 0);

	return (limit & 0xffff) | (u64)(base & 0xffffff) << 16 | access << 40 |
	       (u64)(limit >> 16 & 0xf) << 48 | (u64)flags << 52 | (u64)(base >> 24) << 56;
}

static u32 access_of(u64 raw)
{
	return raw >> 40 & 0xff;
}
static u32 dpl_of(u64 raw)
{
	return access_of(raw) >> 5 & 3;
}
static bool is_present(u64 raw)
{
	return access_of(raw) & 0x80;
}
static bool is_code(u64 raw)
{
	return (access_of(raw) & 0x18) == 0x18;
}
static bool is_conforming(u64 raw)
{
	return (access_of(raw) & 0x1c) == 0x1c;
}
static bool is_readable(u64 raw)
{
	return (access_of(raw) & 0x18) == 0x10 || (access_of(raw) & 0x1a) == 0x1a;
}
static bool is_writable(u64 raw)
{
	return (access_of(raw) & 0x1a) == 0x12;
}
static u32 limit_of(u64 raw)
{
	u32 limit = (u32)(raw & 0xffff) | (u32)(raw >> 32 & 0xf0000);

	return raw >> 55 & 1 ? limit << 12 | 0xfff : limit;
}

u32 rpl_of(u32 selector)
{
	u32 rpl = selector & 3;

	return rpl == (read_cs() & 3u) ? 0 : rpl;
}

static struct expectation fault(u32 vector, u32 selector)
{
	return (struct expectation){ vector + 1, selector & 0xfffc };
}
static const struct expectation fine = { 0, 0 };

struct expectation expect_data(u64 raw, u32 selector, u32 cpl)
{
	if (!(selector & 0xfffc))
		return fine;
	if (!is_readable(raw))
		return fault(13, selector);
	if (!is_conforming(raw) && (dpl_of(raw) < rpl_of(selector) || dpl_of(raw) < cpl))
		return fault(13, selector);
	return is_present(raw) ? fine : fault(11, selector);
}

struct expectation expect_ss(u64 raw, u32 selector, u32 cpl)
{
	if (!(selector & 0xfffc))
		return fault(13, 0);
	if (rpl_of(selector) != cpl || dpl_of(raw) != cpl || !is_writable(raw))
		return fault(13, selector);
	return is_present(raw) ? fine : fault(12, selector);
}

struct expectation expect_jump(u64 raw, u32 selector, u32 cpl, u32 offset, bool call)
{
	u32 type = access_of(raw) & 0x1f;

	(void)call;
	if (!(selector & 0xfffc))
		return fault(13, 0);
	if (type < 0x10)
		return fault(13, selector);
	if (!is_code(raw) || (is_conforming(raw) ? dpl_of(raw) > cpl : dpl_of(raw) != cpl))
		return fault(13, selector);
	if (!is_conforming(raw) && rpl_of(selector) > cpl)
		return fault(13, selector);
	if (!is_present(raw))
		return fault(11, selector);
	return offset > limit_of(raw) ? fault(13, 0) : (struct expectation){ LANDED + 1, 0 };
}

struct expectation expect_return(u64 cs_raw, u32 cs, u64 ss_raw, u32 ss, u32 cpl, u32 offset, u32 *to)
{
	u32 rpl = rpl_of(cs);
	struct expectation stack;

	*to = rpl;
	if (!(cs & 0xfffc))
		return fault(13, 0);
	if (rpl < cpl || !is_code(cs_raw) ||
	    (is_conforming(cs_raw) ? dpl_of(cs_raw) > rpl : dpl_of(cs_raw) != rpl))
		return fault(13, cs);
	if (!is_present(cs_raw))
		return fault(11, cs);
	if (rpl > cpl) {
		stack = expect_ss(ss_raw, ss, rpl);
		if (stack.result)
			return stack;
	}
	return offset > limit_of(cs_raw) ? fault(13, 0) : (struct expectation){ LANDED + 1, 0 };
}

u64 raw_of(u32 selector)
{
	u32 index = selector >> 3 & 0x1fff;

	if (selector & 4)
		return index < ARRAY_SIZE(ldt) ? ldt[index] : 0;
	return index < GDT_ENTRIES ? gdt[index] : 0;
}

u32 user_address(const u8 *code)
{
	return USER_CODE + (u32)(code - user_segments);
}

bool matches(struct expectation expected, u32 r, u32 level, const char *what, u32 selector, u64 raw)
{
	u32 ring = level ? level : read_cs() & 3u;
	bool ok = r == expected.result;

	if (ok && r == LANDED + 1)
		ok = (last_trap.cs & 3) == ring && !(last_trap.eflags & 0x23000);
	else if (ok && r)
		ok = last_trap.error == expected.error;
	if (ok)
		return true;
	if (mismatches++ < 40)
		print("%s %x, descriptor %08x%08x: %d error %x cs %x eflags %x; expected %d error %x\n",
		      what, selector, (u32)(raw >> 32), (u32)raw, (int)r - 1, last_trap.error,
		      last_trap.cs, last_trap.eflags, (int)expected.result - 1, expected.error);
	return false;
}
