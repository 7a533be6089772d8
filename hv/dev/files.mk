# SPDX-License-Identifier: GPL-2.0
PURE += hv/dev/vpic.c
