# SPDX-License-Identifier: GPL-2.0
PURE += $(addprefix arch/x86/bt/,bt_dump.c cache.c chain.c codemap.c emit.c recover.c redirect.c sequences.c smc.c translate.c)
