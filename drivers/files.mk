# SPDX-License-Identifier: GPL-2.0
METAL += drivers/uart.c
