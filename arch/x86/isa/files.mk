PURE += arch/x86/isa/decode.c arch/x86/isa/decode_table.c arch/x86/isa/disasm.c
PURE += arch/x86/isa/descriptor.c arch/x86/isa/regs.c arch/x86/isa/shape.c
