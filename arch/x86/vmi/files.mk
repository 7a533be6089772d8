PURE += arch/x86/vmi/vmi.c arch/x86/vmi/vmi_cpu.c arch/x86/vmi/vmi_irq.c arch/x86/vmi/vmi_mmu.c arch/x86/vmi/vmi_time.c arch/x86/vmi/vmi_apic.c
PURE += arch/x86/vmi/rom_load.c
METAL += arch/x86/vmi/rom_images.S
