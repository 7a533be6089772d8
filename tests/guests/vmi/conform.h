/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Between the files of the conformance kernel: making a call with every register under control, and the
 * verdict on it.  Each of the 74 calls gets exactly one line, from the file that knows it:
 *
 *	PASS: 38 SetPxE: a page appears, moves and goes
 *
 * What a test looks at on the way is an expect(); a FAIL line has the first that did not hold.
 */
#ifndef TESTS_GUESTS_VMI_CONFORM_H
#define TESTS_GUESTS_VMI_CONFORM_H

#include "tests/lib/guest_timer.h"
#include "tests/lib/vmi.h"

#define IF 0x200u
#define SCRATCH 0xb00000u /* pages of RAM that nobody else uses, up to USER_CODE */
#define USER_CODE 0xc00000u
#define USER_STACK 0xd00000u

/* Registers at the call, and as the routine left them. */
struct registers {
	u32 eax, ebx, ecx, edx, esi, edi, ebp, eflags;
	u32 ds, es, fs, gs;
	u32 argument4, argument5; /* on the stack, above the return address */
	u32 esp_lost;		  /* out: not 0 if ESP came back wrong */
};
/* call.S */
void call_at(u32 address, struct registers *registers);

/* Registers that no routine may change have a pattern, flags are 2, segments flat. */
struct registers registers_for(u32 a, u32 d, u32 c);
/* Call @number with @r.  False if a register changed that calls of its class keep. */
bool call_registers(enum vmi_call number, struct registers *r);
/* With arguments that fit in registers, or two more; EAX.  A register lost is an expect() that failed. */
u32 call(enum vmi_call number, u32 a, u32 d, u32 c);
u32 call5(enum vmi_call number, u32 a, u32 d, u32 c, u32 e, u32 f);
u64 call64(enum vmi_call number, u32 a);
/* The same as a function for guest_try: @call is a struct pending *. */
struct pending {
	enum vmi_call number;
	u32 a, d, c, e, f;
};
void try_call(u32 pending);
u32 call_faults(enum vmi_call number, u32 a, u32 d, u32 c);
bool offered(enum vmi_call number);

/* Note that @condition must hold; @what is printed if it does not. */
#define expect(condition) expect_that((condition), #condition, __FILE__, __LINE__)
void expect_that(bool holds, const char *what, const char *file, u32 line);
/* The line for @number, about all expectations since the verdict before. */
void verdict(enum vmi_call number, const char *what);
/* The same for what is no call. */
void check_expected(const char *what);
/* Were there lines for all calls? */
void all_were_judged(void);

/* The paging format: PAE or not. */
extern bool pae;

void discovery(void);
void pci_device(void);
void descriptor_calls(void); /* 3-14 */
void control_calls(void);    /* 0, 15-28 */
void flag_calls(void);	     /* 29-32, 35 */
void return_calls(void);     /* 33, 34, 61 */
void page_calls(void);	     /* 38-48, 73 */
void demand_faults(void);    /* no call: what a page fault of user code finds */
void instruction_calls(void); /* 1, 2, 26, 42, 43, 49-60, 62-65, 72 */
void time_calls(void);	     /* 66-71 */
void leaving(void);	     /* no call: VMI ends and begins again */
void costs(void);	     /* by the word cost: of all of them */
void end_calls(void);	     /* 36, 37; by a word of the command line */

#endif
