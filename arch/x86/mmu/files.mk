PURE += arch/x86/mmu/ptformat.c arch/x86/mmu/walk.c
