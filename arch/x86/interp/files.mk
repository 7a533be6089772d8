PURE += arch/x86/interp/interp.c arch/x86/interp/fetch.c
PURE += arch/x86/interp/linear.c arch/x86/interp/memory.c
PURE += arch/x86/interp/alu.c arch/x86/interp/integer.c arch/x86/interp/moves.c
PURE += arch/x86/interp/stack.c arch/x86/interp/string_ops.c arch/x86/interp/io.c
PURE += arch/x86/interp/control.c arch/x86/interp/far.c arch/x86/interp/iret.c
PURE += arch/x86/interp/segment.c arch/x86/interp/system.c arch/x86/interp/msr.c
PURE += arch/x86/interp/exception.c arch/x86/interp/deliver_fast.c arch/x86/interp/task.c
PURE += arch/x86/interp/fpu.c arch/x86/interp/fpu_env.c arch/x86/interp/fpu_feature.c
