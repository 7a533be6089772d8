/* SPDX-License-Identifier: GPL-2.0 */
/*
 * One counter of an 8254 [i8254 "Mode Definitions"].  Nothing ticks here: a counter remembers when
 * (in ticks of its CLK input) its counting element was loaded and with what, and everything else,
 * the count, OUT, the next edge, is arithmetic on the present tick, which the caller passes and
 * which never decreases and is at least VPIT_FIRST_TICK.  As on the chip, a count written at tick
 * t is loaded at tick t + 1.
 */
#ifndef HV_DEV_VPIT_COUNTER_H
#define HV_DEV_VPIT_COUNTER_H

#include "hv/lib/types.h"

#define VPIT_NEVER (~0ull)
/* A cycle in progress may be taken to have begun up to one half-cycle before the first load. */
#define VPIT_FIRST_TICK 65536u

enum vpit_counter_state {
	VPIT_IDLE,     /* waits for a count, a trigger, or its gate */
	VPIT_COUNTING, /* loaded at tick `start` */
	VPIT_FROZEN    /* gate low in modes 0 and 4, or a count half written: stands at `elapsed` */
};

struct vpit_counter {
	u8 control; /* as written: RW 5-4, mode 3-1, BCD 0 */
	u8 mode;    /* 0-5 */
	bool gate;
	/* count register and element */
	enum vpit_counter_state state;
	u32 count_register; /* 1-65536 (BCD: 10000); 0: none written since the control word */
	u32 count;          /* what the element was loaded with */
	u64 start;
	u64 elapsed;
	bool unloaded; /* the register was written and the element not loaded since */
	/* modes 2 and 3: a new count waits for the end of the cycle (mode 3: of the half) */
	bool waiting;
	bool waiting_for_half;
	u64 load_at;
	/* access */
	u8 low_byte;
	bool high_write_next;
	bool high_read_next;
	bool count_latched;
	bool status_latched;
	u8 status;
	u16 latch;
};

/* The control word with a mode (not a latch or read-back command) for this counter. */
void vpit_counter_control(struct vpit_counter *counter, u8 control);
void vpit_counter_write(struct vpit_counter *counter, u8 value, u64 now);
u8 vpit_counter_read(struct vpit_counter *counter, u64 now);
void vpit_counter_latch_count(struct vpit_counter *counter, u64 now);
void vpit_counter_latch_status(struct vpit_counter *counter, u64 now);
void vpit_counter_set_gate(struct vpit_counter *counter, bool level, u64 now);

bool vpit_counter_out(struct vpit_counter *counter, u64 now);
/* The first tick after @now at which OUT rises by itself, or VPIT_NEVER. */
u64 vpit_counter_next_rise(struct vpit_counter *counter, u64 now);
/* How often OUT rose in (@from, @to]; nothing but time may have happened in between. */
u64 vpit_counter_rises(struct vpit_counter *counter, u64 from, u64 to);
/* Modes 2 and 3: OUT rises again and again. */
static inline bool vpit_counter_periodic(const struct vpit_counter *counter)
{
	return counter->mode == 2 || counter->mode == 3;
}

#endif
