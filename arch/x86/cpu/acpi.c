/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Implementation of acpi.h.  Firmware wrote what is read here, and firmware has bugs: every size is
 * checked before it is used, and every table must have its checksum.
 */
#include "arch/x86/cpu/acpi.h"

#include "hv/lib/string.h"

#define RSDP_SIGNATURE "RSD PTR "
#define RSDP_SIZE_1 20
#define RSDP_REVISION 15
#define RSDP_RSDT 16
#define RSDP_XSDT 24
#define HEADER_SIZE 36
#define HEADER_LENGTH 4
#define TABLE_SIZE_MAX (4 * MIB)
#define FADT_DSDT 40
#define FADT_SMI_COMMAND 48
#define FADT_ACPI_ENABLE 52
#define FADT_PM1A_CONTROL 64
#define FADT_PM1B_CONTROL 68
#define FADT_SIZE_MIN 72
#define BIOS_START 0xe0000u
#define BIOS_SIZE 0x20000u
#define EBDA_POINTER 0x40eu
#define EBDA_SIZE 1024u
#define SLP_EN BIT(13)
#define SLP_TYP_SHIFT 10
#define AML_NAME 0x08
#define AML_PACKAGE 0x12
#define AML_ZERO 0x00
#define AML_ONE 0x01
#define AML_BYTE 0x0a

static u32 get32(const u8 *at)
{
	return (u32)at[0] | (u32)at[1] << 8 | (u32)at[2] << 16 | (u32)at[3] << 24;
}

static bool sums_to_zero(const u8 *bytes, u32 size)
{
	u8 sum = 0;

	for (u32 i = 0; i < size; i++)
		sum = (u8)(sum + bytes[i]);
	return sum == 0;
}

/* The table at @address, with its checksum verified. */
static const u8 *map_table(acpi_map_fn *map, u64 address, u32 *size)
{
	const u8 *table = address ? map(hpa(address), HEADER_SIZE) : NULL;

	if (!table)
		return NULL;
	*size = get32(table + HEADER_LENGTH);
	if (*size < HEADER_SIZE || *size > TABLE_SIZE_MAX)
		return NULL;
	table = map(hpa(address), *size);
	return table && sums_to_zero(table, *size) ? table : NULL;
}

static const u8 *scan_for_rsdp(const u8 *from, u32 size)
{
	for (u32 at = 0; from && at + RSDP_SIZE_1 <= size; at += 16)
		if (!memcmp(from + at, RSDP_SIGNATURE, 8) && sums_to_zero(from + at, RSDP_SIZE_1))
			return from + at;
	return NULL;
}

static const u8 *find_rsdp(acpi_map_fn *map)
{
	const u8 *pointer = map(hpa(EBDA_POINTER), 2);
	u32 ebda = pointer ? (u32)(pointer[0] | pointer[1] << 8) << 4 : 0;
	const u8 *rsdp = ebda ? scan_for_rsdp(map(hpa(ebda), EBDA_SIZE), EBDA_SIZE) : NULL;

	return rsdp ? rsdp : scan_for_rsdp(map(hpa(BIOS_START), BIOS_SIZE), BIOS_SIZE);
}

/* Look through the list of tables at @list, whose entries have @entry bytes, for the FADT. */
static const u8 *find_fadt(acpi_map_fn *map, u64 list, u32 entry, u32 *size)
{
	u32 list_size = 0;
	const u8 *tables = map_table(map, list, &list_size);

	for (u32 at = HEADER_SIZE; tables && at + entry <= list_size; at += entry) {
		u64 address = get32(tables + at);
		const u8 *table;

		if (entry == 8)
			address |= (u64)get32(tables + at + 4) << 32;
		table = map_table(map, address, size);
		if (table && !memcmp(table, "FACP", 4))
			return table;
	}
	return NULL;
}

/* An integer constant in AML below 256; advances *@at. */
static bool aml_byte(const u8 *aml, u32 size, u32 *at, u8 *value)
{
	if (*at >= size)
		return false;
	*value = aml[*at];
	if (*value == AML_ZERO || *value == AML_ONE) {
		*at += 1;
		return true;
	}
	if (*value != AML_BYTE || *at + 1 >= size)
		return false;
	*value = aml[*at + 1];
	*at += 2;
	return true;
}

/* Name(_S5_, Package() { type_a, type_b, ... }): 08 [5c] "_S5_" 12 length count type_a type_b */
static bool find_s5(const u8 *aml, u32 size, u8 *type_a, u8 *type_b)
{
	for (u32 i = HEADER_SIZE; i + 8 < size; i++) {
		u32 at = i + 4;
		bool named = aml[i - 1] == AML_NAME || (aml[i - 1] == '\\' && aml[i - 2] == AML_NAME);

		if (memcmp(aml + i, "_S5_", 4) || !named || aml[at] != AML_PACKAGE)
			continue;
		at += 2 + (aml[at + 1] >> 6); /* opcode, length of 1 to 4 bytes */
		at += 1;		      /* count of elements */
		if (aml_byte(aml, size, &at, type_a) && aml_byte(aml, size, &at, type_b))
			return true;
	}
	return false;
}

bool acpi_find_power_off(const void *rsdp, acpi_map_fn *map, struct acpi_power_off *out)
{
	const u8 *root = rsdp ? rsdp : find_rsdp(map);
	const u8 *fadt = NULL, *dsdt;
	u32 fadt_size, dsdt_size;
	u8 type_a, type_b;

	if (!root)
		return false;
	if (root[RSDP_REVISION] >= 2)
		fadt = find_fadt(map, get32(root + RSDP_XSDT) | (u64)get32(root + RSDP_XSDT + 4) << 32,
				 8, &fadt_size);
	if (!fadt)
		fadt = find_fadt(map, get32(root + RSDP_RSDT), 4, &fadt_size);
	if (!fadt || fadt_size < FADT_SIZE_MIN)
		return false;
	dsdt = map_table(map, get32(fadt + FADT_DSDT), &dsdt_size);
	if (!dsdt || !find_s5(dsdt, dsdt_size, &type_a, &type_b))
		return false;
	*out = (struct acpi_power_off){
		.pm1a_control = (u16)get32(fadt + FADT_PM1A_CONTROL),
		.pm1b_control = (u16)get32(fadt + FADT_PM1B_CONTROL),
		.sleep_a = (u16)((type_a & 7u) << SLP_TYP_SHIFT | SLP_EN),
		.sleep_b = (u16)((type_b & 7u) << SLP_TYP_SHIFT | SLP_EN),
		.smi_command = (u16)get32(fadt + FADT_SMI_COMMAND),
		.acpi_enable = fadt[FADT_ACPI_ENABLE],
	};
	return out->pm1a_control != 0;
}
