/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Implementation of acpi_tables.h.  The layout is fixed: RSDP at 0, FACS at 64 (its alignment), then
 * RSDT, FADT, MADT and DSDT.  The structs name what the specification names; what is not mentioned when
 * they are filled is 0, which in each case means "not there".
 */
#include "hv/dev/acpi_tables.h"

#include "hv/dev/dsdt.h" /* made from dsdt.asl: dsdt_aml_code */
#include "hv/dev/vacpi_pm.h"
#include "hv/dev/vioapic.h"
#include "hv/dev/vlapic.h"
#include "hv/dev/vpiix.h"
#include "hv/lib/assert.h"
#include "hv/lib/err.h"
#include "hv/lib/string.h"

struct rsdp {
	char signature[8];
	u8 checksum;
	char oem_id[6];
	u8 revision;
	u32 rsdt;
} PACKED;
ASSERT_SIZE(struct rsdp, 20);

struct header {
	char signature[4];
	u32 length;
	u8 revision;
	u8 checksum;
	char oem_id[6];
	char oem_table_id[8];
	u32 oem_revision;
	char creator_id[4];
	u32 creator_revision;
} PACKED;
ASSERT_SIZE(struct header, 36);

struct rsdt {
	struct header header;
	u32 fadt;
	u32 madt; /* only with APICs: it is the last */
} PACKED;

struct madt_lapic {
	u8 type, length, processor, id;
	u32 flags;
} PACKED;
struct madt_ioapic {
	u8 type, length, id, reserved;
	u32 address, gsi_base;
} PACKED;
struct madt_override {
	u8 type, length, bus, irq;
	u32 gsi;
	u16 flags;
} PACKED;
struct madt_nmi {
	u8 type, length, processor;
	u16 flags;
	u8 lint;
} PACKED;
#define MADT_OVERRIDES 5
struct madt {
	struct header header;
	u32 lapic_address, flags;
	struct madt_lapic lapic;
	struct madt_ioapic ioapic;
	struct madt_override override[MADT_OVERRIDES];
	struct madt_nmi nmi;
} PACKED;
ASSERT_SIZE(struct madt, 36 + 8 + 8 + 12 + 50 + 6);

enum madt_type { MADT_LAPIC, MADT_IOAPIC, MADT_OVERRIDE, MADT_LAPIC_NMI = 4 };
#define MADT_REVISION 2
#define MADT_PCAT_COMPAT 1 /* there are 8259s as well */
#define MADT_ENABLED 1
#define MADT_ALL_PROCESSORS 0xff
#define MADT_AS_BUS 0
#define MADT_LEVEL_HIGH 0x0d

struct facs {
	char signature[4];
	u32 length;
	u8 zeros[56];
} PACKED;
ASSERT_SIZE(struct facs, 64);

/* Generic address structure. */
struct gas {
	u8 space; /* 1: ports */
	u8 bit_width;
	u8 bit_offset;
	u8 access;
	u64 address;
} PACKED;
#define GAS_PORTS 1u

struct fadt {
	struct header header;
	u32 firmware_ctrl, dsdt;
	u8 int_model, preferred_pm_profile;
	u16 sci_int;
	u32 smi_cmd;
	u8 acpi_enable, acpi_disable, s4bios_req, pstate_cnt;
	u32 pm1a_evt_blk, pm1b_evt_blk, pm1a_cnt_blk, pm1b_cnt_blk;
	u32 pm2_cnt_blk, pm_tmr_blk, gpe0_blk, gpe1_blk;
	u8 pm1_evt_len, pm1_cnt_len, pm2_cnt_len, pm_tmr_len;
	u8 gpe0_blk_len, gpe1_blk_len, gpe1_base, cst_cnt;
	u16 p_lvl2_lat, p_lvl3_lat, flush_size, flush_stride;
	u8 duty_offset, duty_width, day_alrm, mon_alrm, century;
	u16 iapc_boot_arch;
	u8 reserved;
	u32 flags;
	struct gas reset_reg;
	u8 reset_value;
	u8 reserved2[3];
	u64 x_firmware_ctrl, x_dsdt;
	struct gas x_pm1a_evt_blk, x_pm1b_evt_blk, x_pm1a_cnt_blk, x_pm1b_cnt_blk;
	struct gas x_pm2_cnt_blk, x_pm_tmr_blk, x_gpe0_blk, x_gpe1_blk;
} PACKED;
ASSERT_SIZE(struct fadt, 244);
ASSERT_OFFSET(struct fadt, flags, 112);
ASSERT_OFFSET(struct fadt, x_dsdt, 140);

#define FADT_REVISION 4
#define PROFILE_DESKTOP 1
#define BOOT_LEGACY_DEVICES BIT(0)
#define BOOT_8042 BIT(1)
#define BOOT_NO_VGA BIT(2)
#define BOOT_NO_MSI BIT(3)
#define FLAG_WBINVD BIT(0)
#define FLAG_PROC_C1 BIT(2)
#define FLAG_NO_FIXED_SLEEP_BUTTON BIT(5)
#define FLAG_NO_FIXED_RTC_WAKE BIT(6)
#define FLAG_RESET_REG BIT(10)
#define NO_C2 101  /* a latency above 100 us: the state does not exist */
#define NO_C3 1001 /* above 1000 us */
#define RESET_PORT 0xcf9u
#define RESET_VALUE 6
#define CMOS_CENTURY 0x32

struct layout {
	struct rsdp rsdp;
	u8 gap1[64 - sizeof(struct rsdp)];
	struct facs facs;
	struct rsdt rsdt;
	u8 gap2[4];
	struct fadt fadt;
	u8 gap3[4];
	struct madt madt; /* zeros without APICs */
	u8 dsdt[sizeof(dsdt_aml_code)];
} PACKED;
ASSERT_OFFSET(struct layout, facs, 64);
ASSERT_OFFSET(struct layout, rsdt, 128);
ASSERT_OFFSET(struct layout, madt, 424);
_Static_assert(sizeof(struct layout) <= ACPI_TABLES_MAX, "ACPI_TABLES_MAX is too small");

/* The byte that makes the sum of all @size bytes 0. */
static u8 checksum(const void *bytes, size_t size)
{
	u8 sum = 0;

	for (size_t i = 0; i < size; i++)
		sum = (u8)(sum + ((const u8 *)bytes)[i]);
	return (u8)-sum;
}

static void finish_table(struct header *header, const char *signature, u32 length, u8 revision)
{
	memcpy(header->signature, signature, 4);
	header->length = length;
	header->revision = revision;
	memcpy(header->oem_id, "ROMULU", 6);
	memcpy(header->oem_table_id, "ROMULUS ", 8);
	header->oem_revision = 1;
	memcpy(header->creator_id, "RMLS", 4);
	header->creator_revision = 1;
	header->checksum = 0;
	header->checksum = checksum(header, length);
}

static struct gas ports(u32 first, u32 bytes)
{
	return (struct gas){ GAS_PORTS, (u8)(8 * bytes), 0, 0, first };
}

/* The register blocks, in both of the FADT's forms. */
static void fill_fadt_blocks(struct fadt *fadt)
{
	fadt->pm1a_evt_blk = VPIIX_PM_BASE + VACPI_PM1_EVENT;
	fadt->pm1a_cnt_blk = VPIIX_PM_BASE + VACPI_PM1_CONTROL;
	fadt->pm_tmr_blk = VPIIX_PM_BASE + VACPI_PM_TIMER;
	fadt->pm1_evt_len = 4;
	fadt->pm1_cnt_len = 2;
	fadt->pm_tmr_len = 4;
	fadt->x_pm1a_evt_blk = ports(fadt->pm1a_evt_blk, fadt->pm1_evt_len);
	fadt->x_pm1a_cnt_blk = ports(fadt->pm1a_cnt_blk, fadt->pm1_cnt_len);
	fadt->x_pm_tmr_blk = ports(fadt->pm_tmr_blk, fadt->pm_tmr_len);
}

static void fill_fadt(struct fadt *fadt, u32 facs, u32 dsdt)
{
	fadt->firmware_ctrl = facs;
	fadt->dsdt = dsdt;
	fadt->x_dsdt = dsdt;
	fadt->preferred_pm_profile = PROFILE_DESKTOP;
	fadt->sci_int = VACPI_SCI_IRQ;
	fadt->smi_cmd = VACPI_SMI_COMMAND;
	fadt->acpi_enable = VACPI_ENABLE;
	fadt->acpi_disable = VACPI_DISABLE;
	fill_fadt_blocks(fadt);
	fadt->p_lvl2_lat = NO_C2;
	fadt->p_lvl3_lat = NO_C3;
	fadt->century = CMOS_CENTURY;
	fadt->iapc_boot_arch = BOOT_LEGACY_DEVICES | BOOT_8042 | BOOT_NO_VGA | BOOT_NO_MSI;
	fadt->flags = FLAG_WBINVD | FLAG_PROC_C1 | FLAG_NO_FIXED_SLEEP_BUTTON |
		      FLAG_NO_FIXED_RTC_WAKE | FLAG_RESET_REG;
	fadt->reset_reg = ports(RESET_PORT, 1);
	fadt->reset_value = RESET_VALUE;
	finish_table(&fadt->header, "FACP", sizeof(*fadt), FADT_REVISION);
}

/* The IRQs that are not at the pin of their number, or not edges. */
static const struct {
	u8 irq, gsi, flags;
} overrides[MADT_OVERRIDES] = {
	{ 0, 2, MADT_AS_BUS },
	{ 5, 5, MADT_LEVEL_HIGH },
	{ VACPI_SCI_IRQ, VACPI_SCI_IRQ, MADT_LEVEL_HIGH },
	{ 10, 10, MADT_LEVEL_HIGH },
	{ 11, 11, MADT_LEVEL_HIGH },
};

static void fill_madt(struct madt *madt)
{
	madt->lapic_address = VLAPIC_BASE;
	madt->flags = MADT_PCAT_COMPAT;
	madt->lapic = (struct madt_lapic){ MADT_LAPIC, sizeof(madt->lapic), 0, 0, MADT_ENABLED };
	madt->ioapic = (struct madt_ioapic){ MADT_IOAPIC, sizeof(madt->ioapic), 0, 0, VIOAPIC_BASE, 0 };
	for (u32 i = 0; i < MADT_OVERRIDES; i++)
		madt->override[i] = (struct madt_override){ MADT_OVERRIDE, sizeof(madt->override[i]), 0,
							    overrides[i].irq, overrides[i].gsi, overrides[i].flags };
	madt->nmi = (struct madt_nmi){ MADT_LAPIC_NMI, sizeof(madt->nmi), MADT_ALL_PROCESSORS, MADT_AS_BUS, 1 };
	finish_table(&madt->header, "APIC", sizeof(*madt), MADT_REVISION);
}

static void fill_rsdp(struct rsdp *rsdp, u32 rsdt)
{
	memcpy(rsdp->signature, "RSD PTR ", 8);
	memcpy(rsdp->oem_id, "ROMULU", 6);
	rsdp->rsdt = rsdt;
	rsdp->checksum = checksum(rsdp, sizeof(*rsdp));
}

int acpi_tables_build(void *buffer, u32 size, gpa_t address, bool apic)
{
	struct layout *tables = buffer;
	u32 base = (u32)address.v;

	ASSERT(IS_ALIGNED(address.v, (u64)ACPI_TABLES_ALIGN) && !(address.v >> 32));
	if (size < sizeof(*tables))
		return ERR(-ENOSPC);
	memset(tables, 0, sizeof(*tables));
	memcpy(tables->facs.signature, "FACS", 4);
	tables->facs.length = sizeof(tables->facs);
	memcpy(tables->dsdt, dsdt_aml_code, sizeof(tables->dsdt));
	fill_fadt(&tables->fadt, base + offsetof(struct layout, facs),
		  base + offsetof(struct layout, dsdt));
	tables->rsdt.fadt = base + offsetof(struct layout, fadt);
	if (apic) {
		tables->rsdt.madt = base + offsetof(struct layout, madt);
		fill_madt(&tables->madt);
	}
	finish_table(&tables->rsdt.header, "RSDT", apic ? sizeof(tables->rsdt) : offsetof(struct rsdt, madt), 1);
	fill_rsdp(&tables->rsdp, base + offsetof(struct layout, rsdt));
	return sizeof(*tables);
}
