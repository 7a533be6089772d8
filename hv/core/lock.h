/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Locks, named for what they guard.  With one CPU, and interrupts masked in host code, nobody ever waits:
 * a lock that is taken twice is a bug, and says so.  The second CPU will make acquire spin; the
 * places, the names and the order are here from the start.
 *
 * Order (outer first): heap_lock, frames_lock.
 */
#ifndef HV_CORE_LOCK_H
#define HV_CORE_LOCK_H

#include "hv/lib/assert.h"

struct lock {
	bool held;
};

static inline void lock_acquire(struct lock *lock)
{
	ASSERT(!lock->held);
	lock->held = true;
}

static inline void lock_release(struct lock *lock)
{
	ASSERT(lock->held);
	lock->held = false;
}

#endif
