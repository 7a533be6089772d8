/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The vocabulary every other file starts from: fixed-width integers and the handful of macros
 * that C lacks.  Nothing here has a cost or a side effect.  Only freestanding compiler headers are
 * used, so the file serves the hypervisor, the ROM and the host tests alike.
 */
#ifndef HV_LIB_TYPES_H
#define HV_LIB_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
typedef int8_t s8;
typedef int16_t s16;
typedef int32_t s32;
typedef int64_t s64;

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define BIT(n) (1u << (n))
#define BIT64(n) (1ull << (n))
#define MIN(a, b)                                                                                  \
	({                                                                                         \
		__typeof__(a) min_a_ = (a);                                                        \
		__typeof__(b) min_b_ = (b);                                                        \
		min_a_ < min_b_ ? min_a_ : min_b_;                                                 \
	})
#define MAX(a, b)                                                                                  \
	({                                                                                         \
		__typeof__(a) max_a_ = (a);                                                        \
		__typeof__(b) max_b_ = (b);                                                        \
		max_a_ > max_b_ ? max_a_ : max_b_;                                                 \
	})
/* @align must be a power of two; the result has the type of @x. */
#define ALIGN_DOWN(x, align) ((x) & ~((__typeof__(x))(align) - 1))
#define ALIGN_UP(x, align) ALIGN_DOWN((x) + ((__typeof__(x))(align) - 1), align)
#define IS_ALIGNED(x, align) (((x) & ((__typeof__(x))(align) - 1)) == 0)

#define container_of(ptr, type, member) ((type *)((char *)(ptr) - offsetof(type, member)))

#define PACKED __attribute__((packed))
#define ALIGNED(n) __attribute__((aligned(n)))
#define NORETURN __attribute__((noreturn))
#define MUST_CHECK __attribute__((warn_unused_result))
#define PRINTF_LIKE(fmt, args) __attribute__((format(printf, fmt, args)))
#define UNUSED __attribute__((unused))

/* Read or write memory that another party may change, exactly once. */
#define READ_ONCE(x) (*(const volatile __typeof__(x) *)&(x))
#define WRITE_ONCE(x, value) (*(volatile __typeof__(x) *)&(x) = (value))

/* Pin the layout that assembly or another program relies on. */
#define ASSERT_OFFSET(type, member, offset)                                                        \
	_Static_assert(offsetof(type, member) == (offset), #type "." #member " moved")
#define ASSERT_SIZE(type, size) _Static_assert(sizeof(type) == (size), #type " changed size")

#define KIB 1024u
#define MIB (1024u * 1024u)
#define PAGE_SHIFT 12
#define PAGE_SIZE 4096u
#define PAGE_MASK 0xfffu /* offset within a page */
#define LARGE_PAGE_SHIFT 21
#define LARGE_PAGE_SIZE (2u * MIB)

#endif
