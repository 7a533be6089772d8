/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Machine code that test kernels make at run time: writing it down byte by byte, and running it with
 * all registers and flags as the test says, which come back as the code left them.
 */
#ifndef TESTS_LIB_CODE_H
#define TESTS_LIB_CODE_H

#include "hv/lib/string.h"
#include "tests/lib/guest.h"

struct code_state {
	u32 edi, esi, ebp, ebx, edx, ecx, eax, eflags;
	u32 esp_lost; /* out: ESP when the code was called minus ESP when it came back */
};

/* Flags as instructions leave them: all of EFLAGS that is not control. */
#define FLAGS_STATUS 0x8d5u
#define FLAG_CF 0x001u
#define FLAG_ONE 0x002u
#define FLAG_PF 0x004u
#define FLAG_AF 0x010u
#define FLAG_ZF 0x040u
#define FLAG_SF 0x080u
#define FLAG_TF 0x100u
#define FLAG_IF 0x200u
#define FLAG_DF 0x400u
#define FLAG_OF 0x800u
#define FLAG_NT 0x4000u
#define FLAG_AC 0x40000u
#define FLAG_ID 0x200000u

/* Call @code in the kernel's ring with the registers of @state, flags loaded last. */
void code_run(const void *code, struct code_state *state);
/* The same in a guest_try: 0, or vector + 1. */
u32 code_try(const void *code, struct code_state *state);
/* FLAG_IF: both set IF, and code_run does not show it in the flags that come back. */
extern u32 code_if;
/* The next of the 64 combinations of status flags: @number's bits spread over CF PF AF ZF SF OF. */
u32 code_flags(u32 number);
/* Call @code, which returns a number in EAX and keeps what C functions keep. */
static inline u32 code_call(const void *code)
{
	return ((u32(*)(void))(u32)code)();
}

/* Append the bytes. */
#define EMIT(at, ...)                                                                              \
	do {                                                                                       \
		static const u8 emitted_[] = { __VA_ARGS__ };                                      \
		memcpy((at), emitted_, sizeof(emitted_));                                          \
		(at) += sizeof(emitted_);                                                          \
	} while (0)
static inline u8 *emit8(u8 *at, u32 value)
{
	*at = (u8)value;
	return at + 1;
}
static inline u8 *emit32(u8 *at, u32 value)
{
	memcpy(at, &value, 4);
	return at + 4;
}
/* @opcode (E8 CALL, E9 JMP) to @target. */
static inline u8 *emit_branch(u8 *at, u8 opcode, const void *target)
{
	*at = opcode;
	return emit32(at + 1, (u32)target - (u32)at - 5);
}
/* MOV EAX, value; RET: what most tests tell code apart by.  6 bytes. */
static inline u8 *emit_return(u8 *at, u32 value)
{
	at = emit32(emit8(at, 0xb8), value);
	return emit8(at, 0xc3);
}

/* Fresh pages of physical memory, zeroed and identity-mapped (from 8 to 32 MB): the address of the first.
 * A check that takes pages of its own does not inherit what a hypervisor thinks of a page by now. */
u8 *pages(u32 count);
#define PAGES_START 0x800000u
#define PAGES_END 0x2000000u

/* Map linear page @at to physical @page with @flags in the first 64 MB, and INVLPG. */
void code_map(u32 at, u32 page, u32 flags);
static inline void invlpg(u32 at)
{
	__asm__ volatile("invlpg (%0)" : : "r"(at) : "memory");
}
/* ESP where an interrupt from the kernel's own ring came. */
static inline u32 trap_esp(const struct trap_frame *frame)
{
	return frame->esp_unused + offsetof(struct trap_frame, esp) - offsetof(struct trap_frame, ds);
}
static inline u32 read_cr3(void)
{
	u32 value;

	__asm__ volatile("movl %%cr3, %0" : "=r"(value));
	return value;
}
static inline void write_cr3(u32 value)
{
	__asm__ volatile("movl %0, %%cr3" : : "r"(value) : "memory");
}

#endif
