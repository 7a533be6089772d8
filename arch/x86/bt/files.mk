# SPDX-License-Identifier: GPL-2.0
PURE += $(addprefix arch/x86/bt/,adapt.c bt_dump.c cache.c chain.c codemap.c emit.c recover.c redirect.c sequences.c)
PURE += $(addprefix arch/x86/bt/,smc.c translate.c)
