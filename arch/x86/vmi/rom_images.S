/* SPDX-License-Identifier: GPL-2.0 */
/* The images of the VMI ROM (vmi-rom/rom.lds.S), embedded as read-only data. */
	.section .rodata
	.globl vmi_option_image, vmi_option_image_end, vmi_plain_image, vmi_plain_image_end
	.globl vmi_gate_image, vmi_gate_image_end
	.balign 4096
vmi_gate_image:
	.incbin "build/rom/gate.bin"
vmi_gate_image_end:
vmi_option_image:
	.incbin "build/rom/option.bin"
vmi_option_image_end:
vmi_plain_image:
	.incbin "build/rom/plain.bin"
vmi_plain_image_end:
	.section .note.GNU-stack, "", @progbits
