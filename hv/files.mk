# SPDX-License-Identifier: GPL-2.0
METAL += hv/main.c
