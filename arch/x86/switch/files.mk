METAL += arch/x86/switch/switch.S arch/x86/switch/switch.c
