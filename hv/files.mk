# SPDX-License-Identifier: GPL-2.0
METAL += hv/host_screen.c hv/main.c
