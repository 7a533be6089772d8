/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The hypervisor's side of the VMI ABI (guest-abi/README.md): VMI_Init, and the calls that the
 * ROM makes.  The guest's state is the ordinary struct x86_cpu; what VMI adds is here.
 *
 * After VMI_Init the guest's kernel runs in ring 1; struct x86_cpu keeps calling that CPL 0, with
 * kernel_rpl 1.  The virtual interrupt flag lives in the shared page while the guest runs, and in
 * cpu.eflags while we do.
 */
#ifndef ARCH_X86_VMI_VMI_H
#define ARCH_X86_VMI_VMI_H

#include "guest-abi/vmi.h"
#include "hv/lib/addr.h"

struct x86_vcpu;

/* A page that the kernel may write to, in the address space of @cr3, until it flushes its TLB. */
struct vmi_table {
	bool known;
	u32 page; /* linear */
	u32 cr3;
	gpa_t gpa;
};

struct vmi {
	bool requested; /* the ROM asked for VMI_Init by its port; done after that instruction */
	bool active;
	bool leaving;   /* the kernel has turned paging off; done after that instruction */
	u16 kernel_ss;  /* UpdateKernelStack */
	u32 kernel_esp;
	bool has_kernel_stack;
	u16 int80_cs;   /* code selector of the direct gate; 0: it is closed */
	u16 fault_cs;   /* the same for page faults that need no exit */
	bool int80_clears_if; /* the guest's gate 0x80 is an interrupt gate */
	struct vmi_table table; /* of the last store that went through the shadow MMU */
	u32 iopl;       /* SetIOPLMask, in place in EFLAGS: IOPL of user code */
};

/* Put the option ROM at guest-physical C8000 and check it.  0; -ENOEXEC if the image is bad (logged
 * with what was expected), -EFAULT if there is no memory there. */
#define VMI_ROM_ADDRESS 0xc8000u
struct gmem;
int vmi_load_rom(struct gmem *gmem, bool apic);
/* The image itself: for a machine with a local APIC, or without. */
const void *vmi_option_rom(bool apic, u32 *size);

/* What a guest or a BIOS would object to in an option ROM; NULL: nothing. */
const char *vmi_rom_defect(const u8 *image, u32 size);

/* Claim ROM_INIT_PORT on the vcpu's bus. */
int vmi_attach(struct x86_vcpu *vcpu);

/* After an instruction of the interpreter's, do what it asked for: VMI_Init (switch to ring 1, or refuse; EAX tells the
 * guest), or the end of VMI: without paging the kernel is in ring 0 again, as kexec leaves it. */
void vmi_settle(struct x86_vcpu *vcpu);

/* `int $HYPERCALL_VECTOR` came from ring 1 with registers in vcpu->cpu. */
void vmi_hypercall(struct x86_vcpu *vcpu);

/* Before an interrupt or exception is delivered: if EIP is inside the ROM's int-0x80 stub or IRET
 * window, finish that code's work, so that no frame is pushed in the middle of it. */
void vmi_roll_forward(struct x86_vcpu *vcpu);
/* The same before an NMI, which asks for no IF. */
void vmi_roll_forward_nmi(struct x86_vcpu *vcpu);
/* EIP is in the ROM's text, at CPL 0. */
bool vmi_in_rom(const struct x86_vcpu *vcpu);
/* If EIP is in one of those two places, or on the INT of a call, complete their work and return
 * true: when the instruction there faulted, or is to be interpreted.  A fault of the IRET is delivered
 * at the place that called the ROM. */
bool vmi_finish_rom(struct x86_vcpu *vcpu);

/* The guest's IDT register, its gates 0x80 and 14, the segments they need, or its mode may have changed: open or
 * close the direct gates. */
void vmi_update_gates(struct x86_vcpu *vcpu);
/* CR0, CR4 or EFER has changed: the bits that the guest sees in error codes. */
void vmi_follow_modes(struct x86_vcpu *vcpu);

/* The exit with @frame is a write fault at linear @address.  If it is one of the ROM's stores of a page-table entry, to
 * the traced table that was learnt last, do it: *frame is behind it then.  False: nothing has happened. */
struct guest_frame;
bool vmi_light_store(struct x86_vcpu *vcpu, struct guest_frame *frame, u32 address);
/* The kernel may write to linear @address, by the shadow's last walk. */
void vmi_learn_table(struct x86_vcpu *vcpu, u32 address);
void vmi_forget_table(struct x86_vcpu *vcpu);

/* A call's own way in, for the dispatch table: registers hold the arguments, and get the result. */
typedef void vmi_call_fn(struct x86_vcpu *vcpu);
vmi_call_fn vmi_write_gdt_entry, vmi_write_ldt_entry, vmi_write_idt_entry, vmi_update_kernel_stack,
	vmi_set_iopl_mask, vmi_halt, vmi_reboot, vmi_shutdown, vmi_set_cr3, vmi_flush_tlb,
	vmi_irq_pending, vmi_emulate_iret, vmi_sysexit, vmi_set_dr, vmi_get_dr, vmi_set_alarm, vmi_cancel_alarm,
	vmi_get_cycle_frequency, vmi_get_wallclock_time, vmi_wallclock_updated, vmi_apic_write, vmi_apic_read;

/* Interpreter's question for the kernel stack (struct interp_ops). */
bool vmi_kernel_stack(const struct x86_vcpu *vcpu, u16 *ss, u32 *esp);

/* A call cannot be done: deliver cpu.fault as if its INT had faulted, so that it is done again when
 * the guest has mended the cause. */
void vmi_deliver_call_fault(struct x86_vcpu *vcpu);

/* The images, for the loader and the gate; rom_images.S. */
const void *vmi_gate_rom(u32 *size);

#endif
