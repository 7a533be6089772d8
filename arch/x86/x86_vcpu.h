/* SPDX-License-Identifier: GPL-2.0 */
/*
 * One virtual CPU: the architectural state, and the engines that advance it.  x86_vcpu_run() chooses
 * by one function (x86_vcpu_engine) between direct execution on the real CPU and the interpreter,
 * turns exits into the guest's exceptions or emulated instructions, and returns when the caller
 * must look at time, devices, or the end of this VM.
 *
 * Whose fault is asked first (docs/style.md): what the architecture defines becomes an exception in
 * the guest; what breaks our ABI or meets what we lack stops the VM by x86_vcpu_kill(), whose first
 * reason is kept, after which every path stays safe until the loop notices.
 */
#ifndef ARCH_X86_X86_VCPU_H
#define ARCH_X86_X86_VCPU_H

#include "arch/x86/bt/bt.h"
#include "arch/x86/gate.h"
#include "arch/x86/interp/interp.h"
#include "arch/x86/isa/regs.h"
#include "arch/x86/mmu/shadow.h"
#include "arch/x86/vmi/vmi.h"
#include "arch/x86/vmi/vmi_time.h"
#include "arch/x86/x86_profile.h"
#include "arch/x86/x86_stats.h"

/* What a vcpu needs from its machine.  None may be NULL. */
struct x86_vcpu_ops {
	/* The interrupt controller's vector for the interrupt its INTR output announces. */
	u8 (*acknowledge)(void *opaque);
	/* The guest asked by VMI for a reset or a power-off. */
	void (*reset)(void *opaque);
	void (*power_off)(void *opaque);
	/* An alarm of the VMI timer went off: raise IRQ 0, even if its wire is high; or, if @lvtt, the interrupt
	 * of the local APIC's timer. */
	void (*alarm)(void *opaque, bool lvtt);
	/* IA32_APIC_BASE is written, if there is a local APIC; false: #GP. */
	bool (*set_apic_base)(void *opaque, u64 value);
	/* Nanoseconds since 1970-01-01 UTC, by the host's clock. */
	u64 (*wallclock_ns)(void *opaque);
};

/* Everything is borrowed but what x86_vcpu_create makes itself. */
struct x86_vcpu_config {
	const char *name; /* of the VM, for messages */
	struct gmem *gmem;
	struct bus *bus;
	const struct gmem_source *pages; /* for shadow tables */
	u32 shadow_pages;                /* the most to take */
	struct timer_queue *timers;      /* of the machine: VMI alarms */
	bool vmi;                        /* accept VMI_Init */
	bool apic;                       /* there is a local APIC, on @bus */
	bool interpret;                  /* without VMI: no translation, no direct execution */
	bool compare;                    /* exec=both: x86_both.h */
	u32 compare_repeat;              /* times; 0: always */
	u32 check_shadow;                /* at each so manieth entry, by shadow_check(); 0: never */
	struct bt_knobs knobs;
	const struct x86_vcpu_ops *ops;
	void *opaque;
};

enum vcpu_stop {
	VCPU_STOP_TURN,     /* a bounded amount was done, or a real interrupt came: look around */
	VCPU_STOP_HALTED,   /* HLT: nothing to do until an interrupt */
	VCPU_STOP_SHUTDOWN, /* triple fault */
	VCPU_STOP_KILLED,   /* x86_vcpu_kill(); x86_vcpu_kill_reason() */
};

/* DIRECT: user code, and the kernel after VMI_Init; TRANSLATED: a kernel at CPL 0. */
enum x86_engine { ENGINE_INTERPRETER, ENGINE_DIRECT, ENGINE_TRANSLATED };

/* What translation needs of a vcpu; x86_translated.c. */
struct x86_translated {
	struct bt *bt;       /* NULL: not in use (yet) */
	hpa_t cache;
	bool has_cache;
	u8 slot;             /* index in GATE_SLOTS */
	bool off;            /* there was no memory for it */
	bool slot_stale;     /* the guest may have claimed the slot */
	bool no_slot;        /* it has claimed all of them: its kernel is interpreted */
	bool system_stale;   /* what SYSENTER and SYSEXIT depend on has changed */
	bool sysenter;       /* SYSENTER goes to the cache */
	u16 sysexit_cs;
	u32 thunk_flushes;   /* bt_stats.flushes when the thunks were made */
	u32 link_eip;        /* the next entry, if it is there, ends the branch of the last exit */
	enum bt_exit link_exit;
	struct x86_segment cs; /* the kernel's, while the CPU has BT_CS */
	struct bt_recovery recovery; /* of the last exit, if it came from the cache */
	bool in_cache;
	bool polled;         /* tables share a page with data that is written all the time: not traced */
	bool table_changed;  /* just now: more such writes are likely, and cheaper interpreted */
	u32 stray_writes;    /* to traced pages, beside the tables */
	u32 desc_gfn[2][GATE_TABLE_PAGES]; /* guest pages of GDT and LDT that are traced */
	bool maps_stale;     /* a flush: translated code may have to lead elsewhere */
	bool roots_known;    /* the gate has some */
	bool root_noted;     /* and the present one */
	u8 root_hand;        /* the one that was put there last */
	u32 region_changes;  /* bt_region_changes() that they are good for */
	u8 desc_pages[2];    /* so many of each */
	u32 alias_gfn;       /* guest page at GATE_DESC, or NO_GFN */
	u32 alias_first, alias_end; /* bytes of it that are stored to there */
	struct {
		u32 eip, count;
	} desc_stores[8];    /* instructions that store to traced tables */
	u32 idt_gfn;         /* the same with the gate of INT 80h */
	u32 int80_at;        /* offset of that gate in it */
	u32 int80_tss;       /* TR's base when INT 80h was armed */
	bool int80_stale;    /* the gate, IDTR or TR has changed */
	u32 idt_stray_writes;
};

/* What the shadow MMU said of the last exit's page fault; x86_light.c. */
struct x86_page_fault {
	bool known; /* it was asked */
	enum shadow_fault result;
	struct x86_fault fault; /* SHADOW_GUEST */
};

struct x86_vcpu {
	struct x86_cpu cpu;
	struct x86_vcpu_config config;
	struct interp *interp;
	struct shadow *shadow; /* with the gate, from the first direct execution on */
	struct gate gate;
	bool has_gate;
	u64 direct_heap_bytes; /* taken for the shadow's own records */
	bool turn_over;
	bool intr; /* level of the interrupt controller's output */
	bool nmi;  /* one waits */
	bool root_stale;     /* CR0, CR3, CR4 changed since @root */
	bool check_segments; /* hidden parts may differ from the shadow tables */
	bool gdt_stale, ldt_stale; /* the shadow tables are not what GDTR and LDTR name */
	struct x86_segment shadowed_ldt; /* LDTR that the shadow LDT was made for */
	bool segments_direct; /* they do not: direct execution is possible */
	hpa_t root;
	struct x86_page_fault page_fault;
	u32 light_left; /* light exits before the next that is not */
	struct x86_translated translated;
	struct x86_both *both; /* NULL: not used yet */
	struct vmi vmi;
	struct vmi_time time;
	struct x86_stats stats;
	struct x86_profile *profile; /* NULL: not counted */
	bool killed;
	char kill_reason[160];
};

/* A vcpu in its reset state.  NULL without memory (logged). */
struct x86_vcpu *x86_vcpu_create(const struct x86_vcpu_config *config);
void x86_vcpu_destroy(struct x86_vcpu *vcpu);
/* Back to the reset state; what the guest had by VMI is gone, its counters stay. */
void x86_vcpu_reset(struct x86_vcpu *vcpu);

/* Execute the guest for a bounded time.  Interrupts masked; takes none itself. */
enum vcpu_stop x86_vcpu_run(struct x86_vcpu *vcpu);

/* Return from x86_vcpu_run after the present instruction: a device wants the caller's attention. */
void x86_vcpu_end_turn(struct x86_vcpu *vcpu);
/* The machine's INTR wire (an irqline target: @opaque is the vcpu). */
void x86_vcpu_set_intr(void *opaque, u32 index, bool level);

/* An NMI has come (an irqline target, too: it counts when raised). */
void x86_vcpu_set_nmi(void *opaque, u32 index, bool level);

/* Which engine may run the guest's present state. */
enum x86_engine x86_vcpu_engine(struct x86_vcpu *vcpu);

/* Stop this VM for what its guest did; the first reason is kept. */
void x86_vcpu_kill(struct x86_vcpu *vcpu, const char *format, ...) PRINTF_LIKE(2, 3);
const char *x86_vcpu_kill_reason(const struct x86_vcpu *vcpu);

/* Registers as text lines, each given to @line (for the log, the monitor). */
void x86_vcpu_dump(const struct x86_vcpu *vcpu, void (*line)(void *opaque, const char *text),
		   void *opaque);
/* Its counters that are not 0, and its shadow MMU's, as text lines. */
void x86_vcpu_counters(const struct x86_vcpu *vcpu, void (*line)(void *opaque, const char *text),
		       void *opaque);
/* The translator: where *@eip is translated (bt_dump), or its statistics if @eip is NULL; as text lines. */
void x86_vcpu_translation(const struct x86_vcpu *vcpu, const u32 *eip,
			  void (*line)(void *opaque, const char *text), void *opaque);
/* Count exits by their place from now on, from 0, or no more.  0, -ENOMEM. */
int x86_vcpu_profile(struct x86_vcpu *vcpu, bool on);
/* The @limit most frequent places (x86_profile.h), if they are counted; false if not. */
bool x86_vcpu_profile_print(const struct x86_vcpu *vcpu, u32 limit,
			    void (*line)(void *opaque, const char *text), void *opaque);
/* Host bytes kept for this vcpu: gate and shadow. */
u64 x86_vcpu_overhead_bytes(const struct x86_vcpu *vcpu);

/* ---- between the files of the vcpu: x86_vcpu.c, x86_direct.c, x86_exit.c, vmi ---- */

/* Deliver cpu.fault to the guest. */
void x86_vcpu_deliver_fault(struct x86_vcpu *vcpu);
/* Do the instruction at CS:EIP in the interpreter, and deliver what it faults with. */
void x86_vcpu_emulate(struct x86_vcpu *vcpu, enum x86_emulation why);
/* The guest's translations changed as @kind says (registers are already new). */
void x86_vcpu_flush(struct x86_vcpu *vcpu, enum tlb_flush kind, gva_t address);

/* Make the gate at @slot, and the shadow; the vcpu can run directly from then on.  0 or -ENOMEM. */
int x86_direct_prepare(struct x86_vcpu *vcpu, u32 slot);
/* Put the gate's entries into the shadow, after a change of the gate. */
void x86_direct_show_gate(struct x86_vcpu *vcpu);
void x86_direct_release(struct x86_vcpu *vcpu);
/* The gate is about to change: the CPU must not have it loaded. */
void x86_direct_unload(struct x86_vcpu *vcpu);
/* Every hidden segment part is what the shadow tables give for its selector. */
bool x86_direct_segments_match(struct x86_vcpu *vcpu);
/* One entry and exit, at CS:EIP or, if not 0, at @place in the translation cache.  False: a real
 * interrupt came, or the VM is stopped. */
bool x86_direct_run(struct x86_vcpu *vcpu, u32 place);
/* Rebuild those of the shadow GDT and LDT that are stale, from the guest's tables and registers;
 * segment registers follow. */
void x86_direct_load_stale(struct x86_vcpu *vcpu);
/* The guest's CR2 and virtual IF, to and from the shared page. */
void x86_direct_fill_shared(struct x86_vcpu *vcpu);
void x86_direct_take_shared(struct x86_vcpu *vcpu);
/* If the guest has flushed its TLB by a note there, so do we. */
void x86_direct_take_flush(struct x86_vcpu *vcpu);
/* The guest's descriptor at @offset of its table has become @raw: follow. */
void x86_direct_set_descriptor(struct x86_vcpu *vcpu, enum gate_table table, u32 offset, u64 raw);
/* The interpreter has executed @op: if it loaded a descriptor-table register, remember that. */
void x86_direct_follow(struct x86_vcpu *vcpu, enum x86_op op);
/* The hidden part that loading @selector gives in direct execution. */
struct x86_segment x86_direct_segment(const struct x86_vcpu *vcpu, u16 selector);

/* ---- x86_translated.c ---- */

/* Gate, shadow and translator for a guest without VMI; they may be there already.  False: there is
 * no way to run it but the interpreter. */
bool x86_translated_prepare(struct x86_vcpu *vcpu);
void x86_translated_release(struct x86_vcpu *vcpu);
/* After an instruction of the interpreter's: follow what it changed. */
void x86_translated_follow(struct x86_vcpu *vcpu, enum x86_op op);
/* The guest's translations changed. */
void x86_translated_flushed(struct x86_vcpu *vcpu, enum tlb_flush kind);
/* CS and SS are such that the kernel can run translated. */
bool x86_translated_fits(const struct x86_vcpu *vcpu);
/* Where in the cache the guest goes on; 0: it is the interpreter's turn. */
u32 x86_translated_enter(struct x86_vcpu *vcpu);
/* The rest of the frame for an entry at @place; the guest's state after an exit with that frame.  False: the guest
 * was in ring 1, but not in the cache. */
void x86_translated_fill(struct x86_vcpu *vcpu, struct guest_frame *frame, u32 place);
bool x86_translated_take(struct x86_vcpu *vcpu, const struct guest_frame *frame);
/* If a single step has come over SYSENTER, deliver it: the kernel is at its first instruction.  True
 * if so. */
bool x86_translated_step(struct x86_vcpu *vcpu);
/* Act on an exit by VECTOR_BT. */
void x86_translated_exit(struct x86_vcpu *vcpu);
/* The guest has faulted on a page that it may not access itself; the instruction is to be emulated. */
void x86_translated_trapped(struct x86_vcpu *vcpu);
/* A 32-bit segment of 4 GB at 0, of @type (SEG_TYPE_CODE, or SEG_TYPE_WRITABLE: data) and @dpl. */
bool x86_translated_is_flat(const struct x86_segment *segment, u32 type, u32 dpl);

/* ---- x86_desc.c ---- */

/* What a shadow table may show of guest descriptor @raw. */
u64 x86_translated_descriptor(const struct x86_vcpu *vcpu, u64 raw);
/* Trace the guest's table of @size bytes at linear @base, which has been read for the shadow. */
void x86_translated_trace(struct x86_vcpu *vcpu, enum gate_table table, u32 base, u32 size);

/* The instruction at EIP is about to be emulated, since it stores to a traced table at linear @address. */
void x86_desc_learn(struct x86_vcpu *vcpu, u32 address);
void x86_desc_forget_alias(struct x86_vcpu *vcpu);
/* After an exit: shadow descriptors follow what was stored at GATE_DESC. */
void x86_desc_settle(struct x86_vcpu *vcpu);
/* Trace the page with the IDT's gate of INT 80h, or no longer. */
void x86_translated_trace_idt(struct x86_vcpu *vcpu, bool on);
/* Listen to writes to traced pages; or end that, and trace none. */
void x86_translated_listen(struct x86_vcpu *vcpu, bool on);
#define INT80_OFFSET (0x80u * 8)
#define STRAY_LIMIT 256u /* writes beside a table on its page, after which it is not traced */

/* ---- x86_roots.c ---- */

/* The guest flushed translations, the interpreter says; @modes: since CR0 or CR4 changed. */
void x86_roots_flushed(struct x86_vcpu *vcpu, bool modes);
/* Before an entry: translated code leads where it should. */
void x86_roots_settle(struct x86_vcpu *vcpu);
/* Right before an entry: the guest's CR3 is vcpu->root, and may be loaded without an exit from now on. */
void x86_roots_note(struct x86_vcpu *vcpu);
/* After an exit: what the guest did about its TLB. */
void x86_roots_take(struct x86_vcpu *vcpu);

/* ---- x86_syscall.c ---- */

/* SYSENTER, SYSEXIT and INT 80h stay in guest space if the guest's state allows it.  Once before an
 * entry; after a flush of the cache in between; after an instruction of the interpreter's. */
void x86_syscall_prepare(struct x86_vcpu *vcpu);
void x86_syscall_arm(struct x86_vcpu *vcpu);
void x86_syscall_follow(struct x86_vcpu *vcpu, enum x86_op op);

/* ---- x86_light.c ---- */

/* Act on the page fault with @frame, if it needs nothing but that; *frame is what the guest goes on with.  False: it is
 * x86_exit_handle()'s, with registers in vcpu->cpu. */
bool x86_light_exit(struct x86_vcpu *vcpu, struct guest_frame *frame);
/* After that: the guest may be entered with the same frame. */
bool x86_light_again(struct x86_vcpu *vcpu, const struct guest_frame *frame);

/* @vector is a real interrupt's, not an exception's. */
bool x86_exit_is_external(u8 vector);
/* Act on the exit described by @vector and @error; registers are in vcpu->cpu.  False as above. */
bool x86_exit_handle(struct x86_vcpu *vcpu, u8 vector, u32 error, u32 cr2);

#endif
