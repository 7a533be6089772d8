/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Packing and unpacking of descriptors.  The only thing to think about is the limit: it has 20
 * bits, in units of bytes or (G) of 4 KB pages, and struct x86_segment keeps it in bytes.
 */
#include "arch/x86/isa/descriptor.h"

struct x86_segment descriptor_segment(u64 raw, u16 selector)
{
	return (struct x86_segment){
		.selector = selector,
		.attr = descriptor_attr(raw),
		.base = descriptor_base(raw),
		.limit = descriptor_limit(raw),
	};
}

bool descriptor_can_hold(const struct x86_segment *segment)
{
	if (segment->attr & SEG_G)
		return (segment->limit & 0xfff) == 0xfff;
	return segment->limit <= 0xfffff;
}

u64 descriptor_build(const struct x86_segment *segment)
{
	u32 base = segment->base;
	u32 limit = segment->limit;

	if (segment->attr & SEG_G) {
		/* A granule that is not whole must not be granted. */
		limit >>= 12;
		if ((segment->limit & 0xfff) != 0xfff && limit)
			limit--;
	}
	return (limit & 0xffff) | (u64)(limit & 0xf0000) << 32 | (u64)(base & 0xffffff) << 16 |
	       (u64)(base & 0xff000000) << 32 | (u64)(segment->attr & 0xf0ff) << 40;
}

struct x86_gate descriptor_gate(u64 raw)
{
	u32 attr = (u32)(raw >> 40 & 0xff);
	u32 offset = (u32)(raw & 0xffff);

	if (attr & DESCRIPTOR_TYPE_32BIT)
		offset |= (u32)(raw >> 32 & 0xffff0000);
	return (struct x86_gate){
		.selector = (u16)(raw >> 16),
		.attr = (u16)attr,
		.offset = offset,
		.parameters = (u8)(raw >> 32 & 31),
	};
}

u64 descriptor_build_gate(const struct x86_gate *gate)
{
	return (gate->offset & 0xffff) | (u64)gate->selector << 16 |
	       (u64)(gate->parameters & 31) << 32 | (u64)(gate->attr & 0xff) << 40 |
	       (u64)(gate->offset & 0xffff0000) << 32;
}

bool segment_limit_holds(const struct x86_segment *segment, u32 offset, u32 size)
{
	u32 last = offset + (size - 1);
	u32 top;

	if (last < offset)
		return false;
	if (!attr_is_expand_down(segment->attr))
		return last <= segment->limit;
	top = segment->attr & SEG_DB ? 0xffffffff : 0xffff;
	return offset > segment->limit && last <= top;
}
