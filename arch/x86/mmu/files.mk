PURE += arch/x86/mmu/ptformat.c arch/x86/mmu/walk.c arch/x86/mmu/shadow.c \
	arch/x86/mmu/shadow_fill.c arch/x86/mmu/shadow_pool.c arch/x86/mmu/shadow_memory.c \
	arch/x86/mmu/rmap.c arch/x86/mmu/shadow_check.c
