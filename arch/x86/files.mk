PURE += arch/x86/gate.c arch/x86/x86_vcpu.c arch/x86/x86_direct.c arch/x86/x86_exit.c arch/x86/x86_translated.c arch/x86/cpu_policy.c
PURE += arch/x86/x86_stats.c arch/x86/x86_dump.c arch/x86/x86_both.c arch/x86/x86_comparable.c arch/x86/x86_profile.c
PURE += arch/x86/x86_light.c arch/x86/x86_desc.c arch/x86/x86_syscall.c arch/x86/x86_roots.c
