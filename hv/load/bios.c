/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The memory of a PC as its firmware leaves it.  bios.h has the map.  The data area is a table of
 * (address, size, value), in the order of IBM's "PS/2 and PC BIOS Interface Technical Reference";
 * what is not in it is 0, which in most fields means "none".
 *
 * Two pieces of code exist, both as on a PC: every interrupt vector leads to an IRET, and a jump to
 * FFFF:0000 resets the machine (through the keyboard controller, as the quickest way from 16 bits).
 */
#include "hv/load/bios.h"

#include "hv/lib/assert.h"

#define VECTOR_COUNT 256
#define BIOS_SEGMENT 0xf000u

static const u8 iret_code[] = { 0xcf };
/* mov al,fe; out 64,al; 1: hlt; jmp 1b */
static const u8 reset_code[] = { 0xb0, 0xfe, 0xe6, 0x64, 0xf4, 0xeb, 0xfd };
#define MODEL_BYTE 0xffffeu
#define MODEL_AT 0xfcu

struct field {
	u16 address;
	u8 size;
	u16 value;
};

#define COM_PORTS 4
static const u16 com_port[COM_PORTS] = { 0x3f8, 0x2f8, 0x3e8, 0x2e8 };

#define EQUIPMENT 0x410u
#define EQUIPMENT_FPU BIT(1)
#define EQUIPMENT_COM_SHIFT 9

/* clang-format off */
static const struct field data_area[] = {
	{ 0x40e, 2, BIOS_EBDA >> 4 },		/* segment of the EBDA */
	{ 0x413, 2, BIOS_EBDA / KIB },		/* conventional memory in KB */
	{ 0x41a, 2, 0x1e }, { 0x41c, 2, 0x1e },	/* keyboard buffer: empty */
	{ 0x480, 2, 0x1e }, { 0x482, 2, 0x3e },	/* ... and its bounds */
	{ 0x496, 1, 0x10 },			/* keyboard with 101 or 102 keys */
};
/* clang-format on */

static void put(struct gmem *gmem, u32 address, const void *bytes, size_t size)
{
	bool written = gmem_load(gmem, gpa(address), bytes, size);

	ASSERT(written);
}

static void put_number(struct gmem *gmem, u32 address, u32 size, u32 value)
{
	put(gmem, address, &value, size); /* little-endian on both sides */
}

int bios_add_memory(struct gmem *gmem, u64 memory_bytes)
{
	int error;

	ASSERT(memory_bytes > BIOS_HIGH);
	error = gmem_add_ram(gmem, gpa(0), BIOS_VIDEO);
	if (!error)
		error = gmem_add_ram(gmem, gpa(BIOS_OPTION_ROMS), memory_bytes - BIOS_OPTION_ROMS);
	return error;
}

static void fill_vectors(struct gmem *gmem)
{
	for (u32 vector = 0; vector < VECTOR_COUNT; vector++)
		put_number(gmem, vector * 4, 4,
			   BIOS_SEGMENT << 16 | (BIOS_IRET - (BIOS_SEGMENT << 4)));
}

static void fill_data_area(struct gmem *gmem, u32 com_ports)
{
	static const u8 zeros[0x100];

	put(gmem, BIOS_DATA, zeros, sizeof(zeros));
	for (u32 i = 0; i < ARRAY_SIZE(data_area); i++)
		put_number(gmem, data_area[i].address, data_area[i].size, data_area[i].value);
	for (u32 i = 0; i < com_ports; i++)
		put_number(gmem, BIOS_DATA + i * 2, 2, com_port[i]);
	put_number(gmem, EQUIPMENT, 2, EQUIPMENT_FPU | com_ports << EQUIPMENT_COM_SHIFT);
}

void bios_fill(struct gmem *gmem, u32 com_ports)
{
	ASSERT(com_ports <= COM_PORTS);
	fill_vectors(gmem);
	fill_data_area(gmem, com_ports);
	put_number(gmem, BIOS_EBDA, 1, (BIOS_VIDEO - BIOS_EBDA) / KIB);
	put(gmem, BIOS_IRET, iret_code, sizeof(iret_code));
	put(gmem, BIOS_RESET, reset_code, sizeof(reset_code));
	put_number(gmem, MODEL_BYTE, 1, MODEL_AT);
}

u32 bios_e820(u64 memory_bytes, struct e820_entry to[BIOS_E820_ENTRIES])
{
	to[0] = (struct e820_entry){ 0, BIOS_EBDA, E820_RAM };
	to[1] = (struct e820_entry){ BIOS_EBDA, BIOS_VIDEO - BIOS_EBDA, E820_RESERVED };
	to[2] = (struct e820_entry){ BIOS_ACPI, BIOS_HIGH - BIOS_ACPI, E820_RESERVED };
	to[3] = (struct e820_entry){ BIOS_HIGH, memory_bytes - BIOS_HIGH, E820_RAM };
	return BIOS_E820_ENTRIES;
}
