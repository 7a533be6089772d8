/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Who called whom.  All code keeps EBP as frame pointer; the symbols come from the second link
 * (tools/symbols), so the first image has none and the weak references are 0 there.  A frame
 * pointer is followed only upwards and inside the image, since after a fault nothing is certain.
 */
#include "arch/x86/boot/image.h"
#include "arch/x86/cpu/trap.h"
#include "hv/core/log.h"

#define DEPTH_MAX 16

extern const u32 symbol_count __attribute__((weak));
extern const u32 symbol_addresses[] __attribute__((weak));
extern const u32 symbol_offsets[] __attribute__((weak));
extern const char symbol_names[] __attribute__((weak));

const char *backtrace_symbol(u32 address, u32 *offset)
{
	u32 low = 0;
	u32 high = &symbol_count ? symbol_count : 0;

	if (address < (u32)image_start || address >= (u32)image_text_end)
		return NULL;
	while (low < high) {
		u32 middle = (low + high) / 2;

		if (symbol_addresses[middle] <= address)
			low = middle + 1;
		else
			high = middle;
	}
	if (!low)
		return NULL;
	*offset = address - symbol_addresses[low - 1];
	return symbol_names + symbol_offsets[low - 1];
}

/* @back is 1 for a return address: a call that does not return may be its function's last byte. */
static void log_frame(u32 eip, u32 back)
{
	u32 offset = 0;
	const char *name = backtrace_symbol(eip - back, &offset);

	log_error("  %08x %s+%#x", eip, name ? name : "?", offset + back);
}

static bool is_frame(u32 ebp, u32 above)
{
	return ebp > above && IS_ALIGNED(ebp, 4u) && ebp >= (u32)image_text_end &&
	       ebp < (u32)image_data_end - 8;
}

/* The frame may lie in a stack's guard page. */
static bool read_frame(u32 ebp, u32 frame[2])
{
	bool ok = false;

	__asm__ volatile("1: mov (%[ebp]), %[next]\n"
			 "2: mov 4(%[ebp]), %[eip]\n\t"
			 "movb $1, %[ok]\n3:" EXTABLE(1b, 3b) EXTABLE(2b, 3b)
			 : [next] "=&r"(frame[0]), [eip] "=&r"(frame[1]), [ok] "+m"(ok)
			 : [ebp] "r"(ebp));
	return ok;
}

void backtrace_log(u32 eip, u32 ebp)
{
	u32 above = 0;

	log_error("called from:");
	log_frame(eip, 0);
	for (u32 depth = 0; depth < DEPTH_MAX && is_frame(ebp, above); depth++) {
		u32 frame[2];

		if (!read_frame(ebp, frame) || !frame[1])
			break;
		log_frame(frame[1], 1);
		above = ebp;
		ebp = frame[0];
	}
}
