/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Implementation of host_screen.h: wiring of boot information, displays, screen and keyboard.  A
 * loader that says nothing about the display was started from a BIOS in text mode, unless the
 * firmware is UEFI: then nothing may be assumed.
 */
#include "hv/host_screen.h"

#include "arch/x86/boot/boot_info.h"
#include "arch/x86/cpu/host_paging.h"
#include "arch/x86/cpu/trap.h"
#include "drivers/framebuffer.h"
#include "drivers/ps2.h"
#include "drivers/vga_text.h"
#include "hv/core/log.h"

#define VGA_TEXT_ADDRESS 0xb8000
#define VGA_TEXT_COLUMNS 80
#define VGA_TEXT_ROWS 25
#define INDEXED_FOREGROUND 7 /* light grey in the standard palette */

static struct screen screen;
static struct framebuffer framebuffer;
static bool present;

static u32 light_grey(struct boot_color_field field)
{
	return (BIT(MIN(field.size, 8)) - 1) * 3 / 4 << (field.position & 31);
}

static const struct screen_display *open_framebuffer(const struct boot_framebuffer *from)
{
	framebuffer.memory = map_device(hpa(from->address), from->pitch * from->height,
					HOST_WRITE_COMBINING);
	if (!framebuffer.memory)
		return NULL;
	framebuffer.pitch = from->pitch;
	framebuffer.width = from->width;
	framebuffer.height = from->height;
	framebuffer.bytes_per_pixel = (from->bits_per_pixel + 7) / 8;
	framebuffer.foreground = INDEXED_FOREGROUND;
	if (from->type == BOOT_SCREEN_RGB)
		framebuffer.foreground = light_grey(from->red) | light_grey(from->green) |
					 light_grey(from->blue);
	return framebuffer_init(&framebuffer);
}

static const struct screen_display *open_text(u64 address, u32 columns, u32 rows, u32 pitch)
{
	void *memory = map_device(hpa(address), pitch * rows, HOST_UNCACHED);

	return memory ? vga_text_init(memory, columns, rows, pitch) : NULL;
}

static const struct screen_display *open_display(const struct boot_info *info)
{
	const struct boot_framebuffer *fb = &info->framebuffer;

	switch (fb->type) {
	case BOOT_SCREEN_RGB:
	case BOOT_SCREEN_INDEXED:
		return open_framebuffer(fb);
	case BOOT_SCREEN_TEXT:
		return open_text(fb->address, fb->width, fb->height, fb->pitch);
	default:
		if (info->efi)
			return NULL;
		return open_text(VGA_TEXT_ADDRESS, VGA_TEXT_COLUMNS, VGA_TEXT_ROWS,
				 VGA_TEXT_COLUMNS * 2);
	}
}

bool host_screen_init(const struct boot_info *info)
{
	const struct screen_display *display = open_display(info);

	if (!display || display->columns < 2 || display->rows < 2)
		return false;
	screen_init(&screen, display);
	present = true;
	log_add_sink(&screen.log_sink);
	log_notice("screen: %s, %u columns, %u rows",
		   display->opaque ? "framebuffer" : "VGA text", display->columns, display->rows);
	return true;
}

const struct char_dev *host_screen_terminal(void)
{
	if (!present)
		return NULL;
	if (ps2_init(&screen))
		irq_register(PS2_LINE, ps2_interrupt, NULL);
	else
		log_notice("no keyboard controller: the screen is for output only");
	return ps2_char_dev();
}
