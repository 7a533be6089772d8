# SPDX-License-Identifier: GPL-2.0
PURE += drivers/font.c drivers/keymap.c drivers/screen.c
METAL += drivers/framebuffer.c drivers/ps2.c drivers/uart.c drivers/vga_text.c
