METAL += arch/x86/switch/gate_text.S arch/x86/switch/switch.c
