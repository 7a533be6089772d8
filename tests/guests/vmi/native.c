/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Calls that a hypervisor may leave to instructions that trap, to nothing, or to nobody: 1, 2, 23, 26, 42, 43,
 * 49 to 60, 62 to 65, 72; and the device that shows the ROM on the PCI bus.
 */
#include "tests/guests/vmi/conform.h"

#define MSR_SYSENTER_EIP 0x176u
#define UART_SCRATCH 0x3ff
#define CONFIG_ADDRESS 0xcf8
#define CONFIG_DATA 0xcfc
#define VMI_DEVICE 0x80003800u

static u32 msr_index, msr_low, msr_high;

static void read_msr(u32 index)
{
	__asm__ volatile("rdmsr" : "=a"(msr_low), "=d"(msr_high) : "c"(index));
}

static void write_msr(u32 index)
{
	__asm__ volatile("wrmsr" : : "c"(index), "a"(msr_low), "d"(msr_high));
}

static void read_pmc(u32 index)
{
	__asm__ volatile("rdpmc" : "=a"(msr_low), "=d"(msr_high) : "c"(index));
}

static void msrs(void)
{
	msr_index = MSR_SYSENTER_EIP;
	msr_low = 0x12345678;
	msr_high = 0;
	expect(guest_try(write_msr, msr_index) == 0);
	msr_low = 0;
	expect(guest_try(read_msr, msr_index) == 0 && msr_low == 0x12345678);
	expect(guest_try(write_msr, 0x7fffffff) == 13 + 1 && last_trap.error == 0);
	verdict(VMI_CALL_WRMSR, "the instruction traps; #GP for what there is not");
	expect(guest_try(read_msr, 0x7fffffff) == 13 + 1 && last_trap.error == 0);
	verdict(VMI_CALL_RDMSR, "the instruction traps; #GP for what there is not");
	expect(guest_try(read_pmc, 0) == 13 + 1);
	verdict(VMI_CALL_RDPMC, "the instruction is #GP: there are no counters");
}

static u8 in_b(u16 port)
{
	return inb(port);
}

static u32 in_w(u16 port)
{
	u32 value = 0xffff0000;

	__asm__ volatile("inw %%dx, %%ax" : "+a"(value) : "d"(port));
	return value;
}

static void bytes(void)
{
	u8 data[4] = { 1, 2, 3, 4 }, back[3] = { 0, 0, 0 };
	u32 value = 0xaabbcc00, count;
	const void *from = data;
	void *to = back;

	outb(UART_SCRATCH, 0x5a);
	__asm__ volatile("inb %%dx, %%al" : "+a"(value) : "d"(UART_SCRATCH));
	expect(value == 0xaabbcc5a);
	verdict(VMI_CALL_INB, "the instruction traps, AL alone changes");
	outb(UART_SCRATCH, 0xa5);
	expect(in_b(UART_SCRATCH) == 0xa5);
	verdict(VMI_CALL_OUTB, "the instruction traps");
	count = 4;
	__asm__ volatile("cld\n\trep outsb" : "+S"(from), "+c"(count) : "d"(UART_SCRATCH) : "memory");
	expect(count == 0 && from == data + 4 && in_b(UART_SCRATCH) == 4);
	verdict(VMI_CALL_OUTSB, "REP OUTSB traps: ESI, ECX, the last byte stays");
	count = 3;
	__asm__ volatile("cld\n\trep insb" : "+D"(to), "+c"(count) : "d"(UART_SCRATCH) : "memory");
	expect(count == 0 && to == back + 3 && back[0] == 4 && back[1] == 4 && back[2] == 4);
	verdict(VMI_CALL_INSB, "REP INSB traps: EDI, ECX, memory");
}

static void words(void)
{
	u16 data[2] = { 0, 0x33 }, back[3] = { 0, 0, 0x7777 };
	const void *from = data;
	void *to = back;
	u32 count = 2;

	outl(CONFIG_ADDRESS, VMI_DEVICE);
	expect(in_w(CONFIG_DATA) == 0xffff15ad);
	verdict(VMI_CALL_INW, "the instruction traps, AX alone changes");
	__asm__ volatile("cld\n\trep insw" : "+D"(to), "+c"(count) : "d"(CONFIG_DATA) : "memory");
	expect(count == 0 && to == back + 2 && back[0] == 0x15ad && back[1] == 0x15ad && back[2] == 0x7777);
	verdict(VMI_CALL_INSW, "REP INSW traps: EDI, ECX, memory");
	outl(CONFIG_ADDRESS, VMI_DEVICE | 0x3c);
	outw(CONFIG_DATA, 0x0044);
	expect((in_w(CONFIG_DATA) & 0xff) == 0x44);
	verdict(VMI_CALL_OUTW, "the instruction traps");
	count = 2;
	__asm__ volatile("cld\n\trep outsw" : "+S"(from), "+c"(count) : "d"(CONFIG_DATA) : "memory");
	expect(count == 0 && from == data + 2 && (in_w(CONFIG_DATA) & 0xff) == 0x33);
	verdict(VMI_CALL_OUTSW, "REP OUTSW traps: ESI, ECX, the last word stays");
}

static void dwords(void)
{
	u32 data[2] = { 0x80000000, VMI_DEVICE | 8 }, back[3] = { 0, 0, 0x77777777 }, count = 2;
	const void *from = data;
	void *to = back;

	outl(CONFIG_ADDRESS, 0x80000004);
	expect(inl(CONFIG_ADDRESS) == 0x80000004);
	verdict(VMI_CALL_OUTL, "the instruction traps");
	__asm__ volatile("cld\n\trep outsl" : "+S"(from), "+c"(count) : "d"(CONFIG_ADDRESS) : "memory");
	expect(count == 0 && from == data + 2 && inl(CONFIG_ADDRESS) == (VMI_DEVICE | 8));
	verdict(VMI_CALL_OUTSL, "REP OUTSL traps: ESI, ECX, the last dword stays");
	expect(inl(CONFIG_DATA) >> 8 == VMI_PCI_CLASS);
	verdict(VMI_CALL_INL, "the instruction traps");
	count = 2;
	__asm__ volatile("cld\n\trep insl" : "+D"(to), "+c"(count) : "d"(CONFIG_DATA) : "memory");
	expect(count == 0 && to == back + 2 && back[0] == back[1] && back[0] >> 8 == VMI_PCI_CLASS &&
	       back[2] == 0x77777777);
	verdict(VMI_CALL_INSL, "REP INSL traps: EDI, ECX, memory");
}

void pci_device(void)
{
	outl(CONFIG_ADDRESS, VMI_DEVICE);
	check(inl(CONFIG_DATA) == 0x080115ad, "15ad:0801 is on the PCI bus");
	outl(CONFIG_ADDRESS, VMI_DEVICE | 0x2c);
	check(inl(CONFIG_DATA) == 0x080015ad, "its subsystem is 15ad:0800");
	outl(CONFIG_ADDRESS, VMI_DEVICE | 0x30);
	outl(CONFIG_DATA, 0xfffffffe);
	check(inl(CONFIG_DATA) == 0xfffff800, "it has an expansion ROM of 2 KB");
	outl(CONFIG_DATA, 0);
}

static bool has_apic(void)
{
	struct registers r = registers_for(1, 0, 0);

	return call_registers(VMI_CALL_CPUID, &r) && r.edx & 0x200;
}

#define APIC_ICR 0x300
#define APIC_EOI 0xb0
#define IPI_VECTOR 0x42
#define TO_SELF 0x40000

static volatile u32 ipis;

static void ipi(struct trap_frame *frame)
{
	(void)frame;
	ipis++;
}

/* Side effects as of the register; and pointers that are none. */
static void apic_registers(void)
{
	static const u32 strange[] = { 0, 0x82, 0xfff, 0xffe, 0xfee00080, 0xffffb083, 0xc8000080, 0x1000, 0xffffffff };

	set_handler(IPI_VECTOR, ipi);
	for (u32 i = 0; i < 100; i++) {
		call(VMI_CALL_APICWrite, APIC_ICR, TO_SELF | IPI_VECTOR, 0);
		vmi_set_if(true);
		vmi_set_if(false);
		expect(ipis == i + 1);
		call(VMI_CALL_APICWrite, APIC_EOI, 0, 0);
	}
	call(VMI_CALL_APICWrite, 0x80, 0x50, 0); /* above the IPI's class */
	call(VMI_CALL_APICWrite, APIC_ICR, TO_SELF | IPI_VECTOR, 0);
	vmi_set_if(true);
	vmi_set_if(false);
	expect(ipis == 100);
	call(VMI_CALL_APICWrite, 0x80, 0, 0);
	vmi_set_if(true);
	vmi_set_if(false);
	expect(ipis == 101);
	call(VMI_CALL_APICWrite, APIC_EOI, 0, 0);
	for (u32 i = 0; i < ARRAY_SIZE(strange); i++) {
		call(VMI_CALL_APICRead, strange[i], 0, 0);
		call(VMI_CALL_APICWrite, strange[i], 0, 0);
	}
	set_handler(IPI_VECTOR, NULL);
}

/* Both or none, and none without an APIC in CPUID. */
static void apic(void)
{
	static const char no_apic[] = "none, as CPUID says: there is no APIC";
	bool read = offered(VMI_CALL_APICRead), write = offered(VMI_CALL_APICWrite);

	expect(read == write && (!read || has_apic()));
	if (read) {
		apic_registers();
		call(VMI_CALL_APICWrite, 0x80, 0x20, 0);
	}
	expect(!read || call(VMI_CALL_APICRead, 0x80, 0, 0) == 0x20);
	verdict(VMI_CALL_APICWrite, read ? "the task priority, by its offset" : no_apic);
	expect(!read || (call(VMI_CALL_APICRead, 0x30, 0, 0) & 0xf0) == 0x10);
	if (read)
		call(VMI_CALL_APICWrite, 0x80, 0, 0);
	verdict(VMI_CALL_APICRead, read ? "the version, by its offset" : no_apic);
}

static void not_there(enum vmi_call number, const char *why)
{
	expect(vmi_relocation(number).type == VMI_RELOCATION_NONE);
	verdict(number, why);
}

static void nops(void)
{
	expect(vmi_relocation(VMI_CALL_IODelay).type == VMI_RELOCATION_NOP);
	outb(0x80, 0x12);
	verdict(VMI_CALL_IODelay, "nothing, and port 80 does nothing");
	expect(vmi_relocation(VMI_CALL_WBINVD).type == VMI_RELOCATION_NOP);
	__asm__ volatile("wbinvd" : : : "memory");
	verdict(VMI_CALL_WBINVD, "nothing, and the instruction does nothing");
}

void instruction_calls(void)
{
	msrs();
	bytes();
	words();
	dwords();
	nops();
	apic();
	not_there(VMI_CALL_MachineToPhysical, "none: frame numbers are the guest's own");
	not_there(VMI_CALL_PhysicalToMachine, "none: frame numbers are the guest's own");
	not_there(VMI_CALL_SetInitialAPState, "none: one processor");
	not_there(VMI_CALL_SetCallbacks, "none: nobody knows its arguments");
}

static void ends_the_vm(enum vmi_call number, const char *word, u32 argument)
{
	expect(offered(number));
	verdict(number, "offered; a boot with its name on the command line makes it");
	if (!boot_word(word))
		return;
	print("%s\n", word);
	call(number, argument, 0, 0);
	check(false, "%s came back", word);
}

void end_calls(void)
{
	ends_the_vm(VMI_CALL_Reboot, "reboot", boot_word("hard") ? 1 : 0);
	ends_the_vm(VMI_CALL_Shutdown, "shutdown", 0);
}
