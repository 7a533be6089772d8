/* SPDX-License-Identifier: GPL-2.0 */
/*
 * VMI for the 32-bit kernel: call sites.
 *
 * A hypervisor that speaks VMI API 3.0 offers a ROM with entry points ("calls", known by number)
 * that take the place of privileged instructions.  The kernel starts natively; vmi_activate() then
 * enters the hypervisor and asks the ROM for each call.
 *
 * Most calls take at most three arguments, in EAX, EDX and ECX.  So every instruction to be replaced
 * is written here with its operands in just those registers, padded to the five bytes of a near
 * CALL, and listed in section .vmi_sites.  vmi_patch_sites() overwrites it with a CALL of the ROM,
 * with NOPs, or leaves it alone, as the ROM answered: a kernel on a PC pays a NOP, a kernel in a
 * virtual machine a direct call.  Calls with arguments on the stack go through pointers
 * (vmi_guest.c).
 *
 * What a call may clobber is part of the ABI: EAX, ECX, EDX and flags; but Enable/DisableInterrupts
 * nothing but flags, GetInterruptMask EAX and flags.
 *
 * The numeric labels 771 and 772 are ours alone, as are 661 and the following those of alternatives.
 */
#ifndef _ASM_X86_VMI_GUEST_H
#define _ASM_X86_VMI_GUEST_H

#include <linux/stringify.h>
#include <asm/asm.h>
#include <asm/nops.h>

/* Call numbers, as far as used. */
#define VMI_CALL_CPUID			0
#define VMI_CALL_SetGDT			3
#define VMI_CALL_SetLDT			4
#define VMI_CALL_SetIDT			5
#define VMI_CALL_SetTR			6
#define VMI_CALL_GetGDT			7
#define VMI_CALL_GetLDT			8
#define VMI_CALL_GetIDT			9
#define VMI_CALL_GetTR			10
#define VMI_CALL_WriteGDTEntry		11
#define VMI_CALL_WriteLDTEntry		12
#define VMI_CALL_WriteIDTEntry		13
#define VMI_CALL_UpdateKernelStack	14
#define VMI_CALL_SetCR0			15
#define VMI_CALL_SetCR2			16
#define VMI_CALL_SetCR3			17
#define VMI_CALL_SetCR4			18
#define VMI_CALL_GetCR0			19
#define VMI_CALL_GetCR2			20
#define VMI_CALL_GetCR3			21
#define VMI_CALL_GetCR4			22
#define VMI_CALL_WBINVD			23
#define VMI_CALL_EnableInterrupts	29
#define VMI_CALL_DisableInterrupts	30
#define VMI_CALL_GetInterruptMask	31
#define VMI_CALL_IRET			33
#define VMI_CALL_SYSEXIT		34
#define VMI_CALL_Halt			35
#define VMI_CALL_SetPxE			38
#define VMI_CALL_SetPxELong		39
#define VMI_CALL_UpdatePxE		40
#define VMI_CALL_UpdatePxELong		41
#define VMI_CALL_AllocatePage		44
#define VMI_CALL_ReleasePage		45
#define VMI_CALL_InvalPage		46
#define VMI_CALL_FlushTLB		47
#define VMI_CALL_SetLinearMapping	48
#define VMI_CALL_IODelay		65
#define VMI_CALL_GetCycleFrequency	66
#define VMI_CALL_GetCycleCounter	67
#define VMI_CALL_SetAlarm		68
#define VMI_CALL_CancelAlarm		69
#define VMI_CALL_GetWallclockTime	70
#define VMI_CALL_SetLazyMode		73
#define VMI_CALLS			74

/* SetPxE, UpdatePxE, AllocatePage, ReleasePage */
#define VMI_PAGE_PT			0x01
#define VMI_PAGE_PD			0x02
#define VMI_PAGE_PDP			0x04
/* AllocatePage, ReleasePage */
#define VMI_PAGE_PAE			0x10
/* AllocatePage alone */
#define VMI_PAGE_CLONE			0x20
#define VMI_PAGE_ZEROED			0x40

/* What depends on the format of the kernel's page tables. */
#ifdef CONFIG_X86_PAE
#define VMI_PAGE_FORMAT			VMI_PAGE_PAE
#define VMI_CALL_UpdateEntry		VMI_CALL_UpdatePxELong
#else
#define VMI_PAGE_FORMAT			0
#define VMI_CALL_UpdateEntry		VMI_CALL_UpdatePxE
#endif

/* SetLazyMode: what may be queued until the mode is left */
#define VMI_LAZY_OFF			0
#define VMI_LAZY_MMU			1
#define VMI_LAZY_CPU			2

/* FlushTLB */
#define VMI_FLUSH_TLB			1
#define VMI_FLUSH_GLOBAL		2

#define VMI_SITE_SIZE			5	/* of a near CALL or JMP */

#ifdef __ASSEMBLY__

#ifdef CONFIG_VMI
#define VMI_SITE(call, insn, pad)		\
771:	insn;					\
	pad;					\
772:	.pushsection .vmi_sites, "a";		\
	.long	771b - .;			\
	.byte	call, 772b - 771b;		\
	.popsection
#else
#define VMI_SITE(call, insn, pad)	insn
#endif

#else /* !__ASSEMBLY__ */

#include <linux/types.h>

struct vmi_site {
	s32 offset;	/* of the instruction, from here */
	u8 call;
	u8 size;	/* of the instruction and its padding */
} __packed;

struct desc_ptr;
struct desc_struct;
struct mm_struct;
struct thread_struct;

#ifdef CONFIG_VMI

#define VMI_SITE(call, insn, pad)			\
	"771:\n\t" insn "\n\t" pad "\n"			\
	"772:\t.pushsection .vmi_sites, \"a\"\n\t"	\
	".long 771b - .\n\t"				\
	".byte " __stringify(call) ", 772b - 771b\n\t"	\
	".popsection\n"

void vmi_probe(void);
void vmi_activate(void);
void vmi_patch_sites(const struct vmi_site *start, const struct vmi_site *end);
void *vmi_function(u32 call);	/* NULL if the ROM has none */
bool vmi_is_rom(unsigned long addr);

void vmi_clock_init(void);
u64 vmi_sched_cycles(void);

/* RPL of the kernel's CS: 0 until the hypervisor has moved us. */
extern unsigned int vmi_kernel_rpl;

/* These return false where the ROM has no such call and the caller must do it natively. */
bool vmi_write_gdt_entry(void *table, int entry, const void *desc);
bool vmi_write_ldt_entry(void *table, int entry, const void *desc);
bool vmi_write_idt_entry(void *table, int entry, const void *desc);
bool vmi_load_tls(struct thread_struct *t, unsigned int cpu);
bool vmi_flush_tlb_global(void);

void vmi_update_kernel_stack(unsigned long sp0);
void vmi_allocate_page(unsigned long pfn, u32 flags, unsigned long clone_pfn, u32 start, u32 count);
void vmi_release_page(unsigned long pfn, u32 flags);
void vmi_native_set_64bit(u64 value, u64 *entry);

/* ---- interrupt flag and halt ---- */

static __always_inline unsigned long vmi_save_fl(void)
{
	unsigned long flags;

	asm_inline volatile(VMI_SITE(VMI_CALL_GetInterruptMask, "pushf; pop %0", ASM_NOP3)
			    : "=a" (flags), ASM_CALL_CONSTRAINT : : "memory");
	return flags;
}

static __always_inline void vmi_irq_disable(void)
{
	asm_inline volatile(VMI_SITE(VMI_CALL_DisableInterrupts, "cli", ASM_NOP4)
			    : ASM_CALL_CONSTRAINT : : "memory");
}

static __always_inline void vmi_irq_enable(void)
{
	asm_inline volatile(VMI_SITE(VMI_CALL_EnableInterrupts, "sti", ASM_NOP4)
			    : ASM_CALL_CONSTRAINT : : "memory");
}

static __always_inline void vmi_safe_halt(void)
{
	asm_inline volatile(VMI_SITE(VMI_CALL_Halt, "sti; hlt", ASM_NOP3)
			    : ASM_CALL_CONSTRAINT : : "eax", "ecx", "edx", "memory");
}

/* ---- a site with one value in, or one value out, in EAX ---- */

#define VMI_SITE_IN(call, insn, pad, value)						\
do {											\
	unsigned long __in = (unsigned long)(value);					\
	asm_inline volatile(VMI_SITE(call, insn, pad)					\
			    : "+a" (__in), ASM_CALL_CONSTRAINT : : "ecx", "edx", "memory"); \
} while (0)

#define VMI_SITE_OUT(call, insn, pad)							\
({											\
	unsigned long __out;								\
	asm_inline volatile(VMI_SITE(call, insn, pad)					\
			    : "=a" (__out), ASM_CALL_CONSTRAINT : : "ecx", "edx", "memory"); \
	__out;										\
})

static __always_inline unsigned long vmi_read_cr0(void)
{
	return VMI_SITE_OUT(VMI_CALL_GetCR0, "mov %%cr0, %%eax", ASM_NOP2);
}

static __always_inline unsigned long vmi_read_cr2(void)
{
	return VMI_SITE_OUT(VMI_CALL_GetCR2, "mov %%cr2, %%eax", ASM_NOP2);
}

static __always_inline unsigned long vmi_read_cr3(void)
{
	return VMI_SITE_OUT(VMI_CALL_GetCR3, "mov %%cr3, %%eax", ASM_NOP2);
}

/* VMI needs a CPU that has CR4. */
static __always_inline unsigned long vmi_read_cr4(void)
{
	return VMI_SITE_OUT(VMI_CALL_GetCR4, "mov %%cr4, %%eax", ASM_NOP2);
}

static __always_inline void vmi_write_cr0(unsigned long val)
{
	VMI_SITE_IN(VMI_CALL_SetCR0, "mov %%eax, %%cr0", ASM_NOP2, val);
}

static __always_inline void vmi_write_cr2(unsigned long val)
{
	VMI_SITE_IN(VMI_CALL_SetCR2, "mov %%eax, %%cr2", ASM_NOP2, val);
}

static __always_inline void vmi_write_cr3(unsigned long val)
{
	VMI_SITE_IN(VMI_CALL_SetCR3, "mov %%eax, %%cr3", ASM_NOP2, val);
}

static __always_inline void vmi_write_cr4(unsigned long val)
{
	VMI_SITE_IN(VMI_CALL_SetCR4, "mov %%eax, %%cr4", ASM_NOP2, val);
}

static __always_inline void vmi_invlpg(unsigned long addr)
{
	VMI_SITE_IN(VMI_CALL_InvalPage, "invlpg (%%eax)", ASM_NOP2, addr);
}

static __always_inline void vmi_wbinvd(void)
{
	asm_inline volatile(VMI_SITE(VMI_CALL_WBINVD, "wbinvd", ASM_NOP3)
			    : ASM_CALL_CONSTRAINT : : "eax", "ecx", "edx", "memory");
}

static __always_inline void vmi_flush_tlb_local(void)
{
	VMI_SITE_IN(VMI_CALL_FlushTLB, "mov %%cr3, %%edx; mov %%edx, %%cr3", "", VMI_FLUSH_TLB);
}

/* ---- CPUID ---- */

static __always_inline void vmi_cpuid(unsigned int *eax, unsigned int *ebx,
				      unsigned int *ecx, unsigned int *edx)
{
	asm_inline volatile(VMI_SITE(VMI_CALL_CPUID, "cpuid", ASM_NOP3)
			    : "=a" (*eax), "=b" (*ebx), "=c" (*ecx), "=d" (*edx),
			      ASM_CALL_CONSTRAINT
			    : "0" (*eax), "2" (*ecx) : "memory");
}

/* ---- descriptor tables ---- */

static __always_inline void vmi_load_gdt(const struct desc_ptr *dtr)
{
	VMI_SITE_IN(VMI_CALL_SetGDT, "lgdt (%%eax)", ASM_NOP2, dtr);
}

static __always_inline void vmi_load_idt(const struct desc_ptr *dtr)
{
	VMI_SITE_IN(VMI_CALL_SetIDT, "lidt (%%eax)", ASM_NOP2, dtr);
}

static __always_inline void vmi_store_gdt(struct desc_ptr *dtr)
{
	VMI_SITE_IN(VMI_CALL_GetGDT, "sgdt (%%eax)", ASM_NOP2, dtr);
}

static __always_inline void vmi_store_idt(struct desc_ptr *dtr)
{
	VMI_SITE_IN(VMI_CALL_GetIDT, "sidt (%%eax)", ASM_NOP2, dtr);
}

static __always_inline void vmi_load_ldt_selector(unsigned int selector)
{
	VMI_SITE_IN(VMI_CALL_SetLDT, "lldt %%ax", ASM_NOP2, selector);
}

static __always_inline void vmi_load_tr(unsigned int selector)
{
	VMI_SITE_IN(VMI_CALL_SetTR, "ltr %%ax", ASM_NOP2, selector);
}

static __always_inline unsigned long vmi_store_ldt(void)
{
	return VMI_SITE_OUT(VMI_CALL_GetLDT, "sldt %%eax", ASM_NOP2);
}

static __always_inline unsigned long vmi_store_tr(void)
{
	return VMI_SITE_OUT(VMI_CALL_GetTR, "str %%eax", ASM_NOP2);
}

/* ---- page tables ---- */

/* Store a page-table or page-directory entry; @flags says which of the two. */
static __always_inline void vmi_set_pxe(unsigned long value, void *entry, u32 flags)
{
	asm_inline volatile(VMI_SITE(VMI_CALL_SetPxE, "mov %%eax, (%%edx)", ASM_NOP3)
			    : "+a" (value), "+d" (entry), "+c" (flags), ASM_CALL_CONSTRAINT
			    : : "memory");
}

/*
 * The same for PAE's entries of 64 bits: value in EDX:EAX, entry in ECX, flags on the stack.  The
 * call's store is never seen half done.  Natively there are three ways to do it:
 *
 * - for an entry that is not present: high half first, as P is in the low one;
 * - for making an entry not present: low half first;
 * - from present to present: at once.  This one is a call of a function, patched to one of the ROM.
 */
#define VMI_SITE_LONG(insn, value, entry, flags)					\
do {											\
	u64 __value = (value);								\
	void *__entry = (entry);							\
	asm_inline volatile("push %[level]\n"						\
			    VMI_SITE(VMI_CALL_SetPxELong, insn, "")			\
			    "pop %%ecx\n"						\
			    : "+A" (__value), "+c" (__entry), ASM_CALL_CONSTRAINT	\
			    : [level] "i" (flags) : "memory");				\
} while (0)

static __always_inline void vmi_set_pxe_long(u64 value, void *entry, const u32 flags)
{
	VMI_SITE_LONG("mov %%edx, 4(%%ecx); mov %%eax, (%%ecx)", value, entry, flags);
}

static __always_inline void vmi_clear_pxe_long(void *entry, const u32 flags)
{
	VMI_SITE_LONG("mov %%eax, (%%ecx); mov %%edx, 4(%%ecx)", 0, entry, flags);
}

static __always_inline void vmi_set_pxe_long_atomic(u64 value, void *entry, const u32 flags)
{
	VMI_SITE_LONG("call vmi_native_set_64bit", value, entry, flags);
}

/* The entry has been changed already: nothing to do natively. */
static __always_inline void vmi_update_pxe(void *entry, u32 flags)
{
	asm_inline volatile(VMI_SITE(VMI_CALL_UpdateEntry, "", ASM_NOP5)
			    : "+a" (entry), "+d" (flags), ASM_CALL_CONSTRAINT
			    : : "ecx", "memory");
}

/* ---- lazy modes: hints that calls come in a row ---- */

static __always_inline void vmi_set_lazy_mode(u32 mode)
{
	VMI_SITE_IN(VMI_CALL_SetLazyMode, "", ASM_NOP5, mode);
}

/*
 * The hooks of generic code.  No mode is nested in another, and none outlives a context switch: to
 * enter one ends the other, and a loop over page tables that was preempted goes on without.  So does
 * one in which something wants to be sure of a mapping (flush).
 */
#define __HAVE_ARCH_ENTER_LAZY_MMU_MODE
#define arch_enter_lazy_mmu_mode()	vmi_set_lazy_mode(VMI_LAZY_MMU)
#define arch_leave_lazy_mmu_mode()	vmi_set_lazy_mode(VMI_LAZY_OFF)
#define arch_flush_lazy_mmu_mode()	vmi_set_lazy_mode(VMI_LAZY_OFF)

#define __HAVE_ARCH_START_CONTEXT_SWITCH
#define arch_start_context_switch(prev)	vmi_set_lazy_mode(VMI_LAZY_CPU)
#define arch_end_context_switch(next)	vmi_set_lazy_mode(VMI_LAZY_OFF)

#else /* !CONFIG_VMI: declarations without definitions, for code under IS_ENABLED(CONFIG_VMI) */

#define vmi_kernel_rpl 0U

static inline void vmi_probe(void) { }
static inline void vmi_activate(void) { }
void vmi_patch_sites(const struct vmi_site *start, const struct vmi_site *end);
bool vmi_is_rom(unsigned long addr);
u64 vmi_sched_cycles(void);
bool vmi_write_gdt_entry(void *table, int entry, const void *desc);
bool vmi_write_ldt_entry(void *table, int entry, const void *desc);
bool vmi_write_idt_entry(void *table, int entry, const void *desc);
bool vmi_load_tls(struct thread_struct *t, unsigned int cpu);
bool vmi_flush_tlb_global(void);
void vmi_update_kernel_stack(unsigned long sp0);
void vmi_allocate_page(unsigned long pfn, u32 flags, unsigned long clone_pfn, u32 start, u32 count);
void vmi_release_page(unsigned long pfn, u32 flags);
unsigned long vmi_save_fl(void);
void vmi_irq_disable(void);
void vmi_irq_enable(void);
void vmi_safe_halt(void);
unsigned long vmi_read_cr0(void);
unsigned long vmi_read_cr2(void);
unsigned long vmi_read_cr3(void);
unsigned long vmi_read_cr4(void);
void vmi_write_cr0(unsigned long val);
void vmi_write_cr2(unsigned long val);
void vmi_write_cr3(unsigned long val);
void vmi_write_cr4(unsigned long val);
void vmi_invlpg(unsigned long addr);
void vmi_wbinvd(void);
void vmi_flush_tlb_local(void);
void vmi_cpuid(unsigned int *eax, unsigned int *ebx, unsigned int *ecx, unsigned int *edx);
void vmi_load_gdt(const struct desc_ptr *dtr);
void vmi_load_idt(const struct desc_ptr *dtr);
void vmi_store_gdt(struct desc_ptr *dtr);
void vmi_store_idt(struct desc_ptr *dtr);
void vmi_load_ldt_selector(unsigned int selector);
void vmi_load_tr(unsigned int selector);
unsigned long vmi_store_ldt(void);
unsigned long vmi_store_tr(void);
void vmi_set_pxe(unsigned long value, void *entry, u32 flags);
void vmi_set_pxe_long(u64 value, void *entry, u32 flags);
void vmi_clear_pxe_long(void *entry, u32 flags);
void vmi_set_pxe_long_atomic(u64 value, void *entry, u32 flags);
void vmi_update_pxe(void *entry, u32 flags);

#endif /* CONFIG_VMI */
#endif /* __ASSEMBLY__ */
#endif /* _ASM_X86_VMI_GUEST_H */
