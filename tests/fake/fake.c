/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Implementation of fake.h.  See there for the idea.  malloc serves kheap, with AddressSanitizer as
 * the guard; the arena for page frames is one aligned block whose "physical" addresses start at
 * ARENA_HPA, so that using an hpa as a pointer crashes.
 */
#include "tests/fake/fake.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hv/arch.h"
#include "hv/core/kheap.h"
#include "hv/core/log.h"
#include "hv/core/pmm.h"
#include "hv/lib/assert.h"
#include "hv/lib/err.h"

#define ARENA_SIZE (96u * MIB)
#define ARENA_HPA 0x2600000ull /* 2 MB-aligned, unlike any pointer */
#define IMAGE_HPA 0x1000000ull
#define IMAGE_SIZE (64u * KIB) /* the most an image takes */
#define TSC_PER_NS 3

static u8 *arena;
static u8 page_used[ARENA_SIZE / PAGE_SIZE];
static u32 outstanding;
static u32 fail_in;
static u64 now_ns;
static char log_text[65536];
static size_t log_length;
static struct {
	const u8 *start;
	size_t size;
} images[4];

static u64 fake_now(void *opaque)
{
	(void)opaque;
	return now_ns;
}
const struct clock fake_clock = { fake_now, NULL };

void fake_reset(void)
{
	if (!arena)
		arena = aligned_alloc(LARGE_PAGE_SIZE, ARENA_SIZE);
	memset(page_used, 0, sizeof(page_used));
	outstanding = 0;
	fail_in = 0;
	now_ns = 0;
	log_length = 0;
	log_text[0] = 0;
	memset(images, 0, sizeof(images));
}

void fake_add_image(const void *start, size_t size)
{
	u32 i = 0;

	while (i < ARRAY_SIZE(images) && images[i].start)
		i++;
	ASSERT(i < ARRAY_SIZE(images) && size <= IMAGE_SIZE);
	images[i].start = start;
	images[i].size = size;
}

void fake_advance_ns(u64 ns)
{
	now_ns += ns;
}

void fake_fail_allocation(u32 n)
{
	fail_in = n;
}

u32 fake_outstanding(void)
{
	return outstanding;
}

const char *fake_log(void)
{
	return log_text;
}

static bool must_fail(void)
{
	return fail_in && --fail_in == 0;
}

static bool take_pages(u32 count, hpa_t *frame)
{
	if (!arena)
		fake_reset();
	if (must_fail())
		return false;
	for (u32 first = 0; first + count <= ARRAY_SIZE(page_used); first += count) {
		if (memchr(page_used + first, 1, count))
			continue;
		memset(page_used + first, 1, count);
		memset(arena + (size_t)first * PAGE_SIZE, 0, (size_t)count * PAGE_SIZE);
		outstanding++;
		*frame = hpa(ARENA_HPA + (u64)first * PAGE_SIZE);
		return true;
	}
	return false;
}

static void give_pages(u32 count, hpa_t frame)
{
	u32 first = (u32)((frame.v - ARENA_HPA) / PAGE_SIZE);

	ASSERT(IS_ALIGNED(frame.v - ARENA_HPA, (u64)count * PAGE_SIZE));
	for (u32 i = 0; i < count; i++)
		ASSERT(page_used[first + i]); /* double free */
	memset(page_used + first, 0, count);
	memset(arena + (size_t)first * PAGE_SIZE, 0xa5, (size_t)count * PAGE_SIZE);
	outstanding--;
}

bool pmm_alloc_page(hpa_t *frame)
{
	return take_pages(1, frame);
}
bool pmm_alloc_large(hpa_t *frame)
{
	return take_pages(LARGE_PAGE_SIZE / PAGE_SIZE, frame);
}
void pmm_free_page(hpa_t frame)
{
	give_pages(1, frame);
}
void pmm_free_large(hpa_t frame)
{
	give_pages(LARGE_PAGE_SIZE / PAGE_SIZE, frame);
}

static bool source_large(void *opaque, hpa_t *frame)
{
	(void)opaque;
	return pmm_alloc_large(frame);
}
static bool source_page(void *opaque, hpa_t *frame)
{
	(void)opaque;
	return pmm_alloc_page(frame);
}
static void source_free_large(void *opaque, hpa_t frame)
{
	(void)opaque;
	pmm_free_large(frame);
}
static void source_free_page(void *opaque, hpa_t frame)
{
	(void)opaque;
	pmm_free_page(frame);
}
const struct gmem_source fake_source = { source_large, source_page, source_free_large,
					 source_free_page, NULL };

void *kheap_alloc(size_t size)
{
	void *object = must_fail() ? NULL : calloc(1, size);

	outstanding += object != NULL;
	return object;
}
void kheap_free(void *object)
{
	outstanding -= object != NULL;
	free(object);
}

u64 kheap_used_bytes(void)
{
	return 0;
}

void *arch_hpa_to_ptr(hpa_t address)
{
	ASSERT(address.v >= ARENA_HPA && address.v < ARENA_HPA + ARENA_SIZE);
	return arena + (address.v - ARENA_HPA);
}
hpa_t arch_ptr_to_hpa(const void *pointer)
{
	for (u32 i = 0; i < ARRAY_SIZE(images); i++)
		if ((const u8 *)pointer >= images[i].start &&
		    (const u8 *)pointer < images[i].start + images[i].size)
			return hpa(IMAGE_HPA + i * IMAGE_SIZE +
				   (u64)((const u8 *)pointer - images[i].start));
	ASSERT((const u8 *)pointer >= arena && (const u8 *)pointer < arena + ARENA_SIZE);
	return hpa(ARENA_HPA + (u64)((const u8 *)pointer - arena));
}
u64 arch_time_ns(void)
{
	return now_ns;
}
u64 arch_tsc(void)
{
	return now_ns * TSC_PER_NS;
}
u64 arch_tsc_hz(void)
{
	return TSC_PER_NS * 1000000000ull;
}
u64 arch_wallclock_s(void)
{
	return 946684800u + now_ns / 1000000000u; /* 2000-01-01 */
}
void arch_timer_set(u64 deadline_ns)
{
	(void)deadline_ns;
}
void arch_take_interrupts(void)
{
}

void log_print(enum log_level level, const char *format, ...)
{
	va_list args;
	int length;

	(void)level;
	va_start(args, format);
	length = vsnprintf(log_text + log_length, sizeof(log_text) - log_length - 1, format, args);
	va_end(args);
	log_length = MIN(log_length + (size_t)length, sizeof(log_text) - 2);
	log_text[log_length++] = '\n';
	log_text[log_length] = 0;
}

int err_report(int error, const char *file, int line)
{
	log_print(LOG_ERROR, "%s:%d: error %d", file, line, error);
	return error;
}

void assert_failed(const char *expression, const char *file, int line)
{
	fprintf(stderr, "%s:%d: ASSERT(%s) failed\n", file, line, expression);
	abort();
}
