# SPDX-License-Identifier: GPL-2.0
PURE += hv/lib/bitmap.c hv/lib/math64.c hv/lib/printf.c hv/lib/ring.c
METAL += hv/lib/string.c
