/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The guest PC for an operating system that speaks ACPI: what is on its board, how to switch it off
 * (soft off, type 0 of a PIIX4), and how the four PCI interrupt links of the ISA bridge are set.
 * Compiled by iasl while Romulus is built; acpi_tables.c puts the result into a guest's memory.
 *
 * Ports and IRQs are those of machine.c, the order of pins and links is vpiix_set_pin()'s.
 */
DefinitionBlock ("", "DSDT", 1, "ROMULU", "ROMULUS ", 1)
{
	Name (\_S5, Package () { 0, 0, 0, 0 })

	Scope (\_SB)
	{
		Device (PCI0)
		{
			Name (_HID, EisaId ("PNP0A03"))
			Name (_BBN, 0)
			Name (_UID, 0)
			Name (_CRS, ResourceTemplate ()
			{
				WordBusNumber (ResourceProducer, MinFixed, MaxFixed, PosDecode,
					0, 0, 0, 0, 1)
				IO (Decode16, 0x0CF8, 0x0CF8, 1, 8)
				WordIO (ResourceProducer, MinFixed, MaxFixed, PosDecode, EntireRange,
					0, 0x0000, 0x0CF7, 0, 0x0CF8)
				WordIO (ResourceProducer, MinFixed, MaxFixed, PosDecode, EntireRange,
					0, 0x0D00, 0xFFFF, 0, 0xF300)
				DWordMemory (ResourceProducer, PosDecode, MinFixed, MaxFixed,
					NonCacheable, ReadWrite,
					0, 0xE0000000, 0xFEBFFFFF, 0, 0x1EC00000)
			})
			Name (_PRT, Package ()
			{
				Package () { 0x0001FFFF, 0, LNKA, 0 },
				Package () { 0x0001FFFF, 1, LNKB, 0 },
				Package () { 0x0001FFFF, 2, LNKC, 0 },
				Package () { 0x0001FFFF, 3, LNKD, 0 },
				Package () { 0x0002FFFF, 0, LNKB, 0 },
				Package () { 0x0002FFFF, 1, LNKC, 0 },
				Package () { 0x0002FFFF, 2, LNKD, 0 },
				Package () { 0x0002FFFF, 3, LNKA, 0 },
				Package () { 0x0003FFFF, 0, LNKC, 0 },
				Package () { 0x0003FFFF, 1, LNKD, 0 },
				Package () { 0x0003FFFF, 2, LNKA, 0 },
				Package () { 0x0003FFFF, 3, LNKB, 0 },
				Package () { 0x0004FFFF, 0, LNKD, 0 },
				Package () { 0x0004FFFF, 1, LNKA, 0 },
				Package () { 0x0004FFFF, 2, LNKB, 0 },
				Package () { 0x0004FFFF, 3, LNKC, 0 },
				Package () { 0x0005FFFF, 0, LNKA, 0 },
				Package () { 0x0005FFFF, 1, LNKB, 0 },
				Package () { 0x0005FFFF, 2, LNKC, 0 },
				Package () { 0x0005FFFF, 3, LNKD, 0 },
				Package () { 0x0006FFFF, 0, LNKB, 0 },
				Package () { 0x0006FFFF, 1, LNKC, 0 },
				Package () { 0x0006FFFF, 2, LNKD, 0 },
				Package () { 0x0006FFFF, 3, LNKA, 0 },
				Package () { 0x0007FFFF, 0, LNKC, 0 },
				Package () { 0x0007FFFF, 1, LNKD, 0 },
				Package () { 0x0007FFFF, 2, LNKA, 0 },
				Package () { 0x0007FFFF, 3, LNKB, 0 }
			})

			Device (ISA)
			{
				Name (_ADR, 0x00010000)
				OperationRegion (PIRQ, PCI_Config, 0x60, 4)
				Field (PIRQ, ByteAcc, NoLock, Preserve)
				{
					RTEA, 8, RTEB, 8, RTEC, 8, RTED, 8
				}

				Device (PIC)
				{
					Name (_HID, EisaId ("PNP0000"))
					Name (_CRS, ResourceTemplate ()
					{
						IO (Decode16, 0x20, 0x20, 0, 2)
						IO (Decode16, 0xA0, 0xA0, 0, 2)
						IO (Decode16, 0x4D0, 0x4D0, 0, 2)
						IRQNoFlags () { 2 }
					})
				}
				Device (TIMR)
				{
					Name (_HID, EisaId ("PNP0100"))
					Name (_CRS, ResourceTemplate ()
					{
						IO (Decode16, 0x40, 0x40, 0, 4)
						IRQNoFlags () { 0 }
					})
				}
				Device (SPKR)
				{
					Name (_HID, EisaId ("PNP0800"))
					Name (_CRS, ResourceTemplate ()
					{
						IO (Decode16, 0x61, 0x61, 0, 1)
					})
				}
				Device (RTC)
				{
					Name (_HID, EisaId ("PNP0B00"))
					Name (_CRS, ResourceTemplate ()
					{
						IO (Decode16, 0x70, 0x70, 0, 2)
						IRQNoFlags () { 8 }
					})
				}
				Device (KBD)
				{
					Name (_HID, EisaId ("PNP0303"))
					Name (_CRS, ResourceTemplate ()
					{
						IO (Decode16, 0x60, 0x60, 0, 1)
						IO (Decode16, 0x64, 0x64, 0, 1)
						IRQNoFlags () { 1 }
					})
				}
				Device (COM1)
				{
					Name (_HID, EisaId ("PNP0501"))
					Name (_UID, 1)
					Name (_CRS, ResourceTemplate ()
					{
						IO (Decode16, 0x3F8, 0x3F8, 0, 8)
						IRQNoFlags () { 4 }
					})
				}
				Device (BRD) /* ports of the board that no driver asks for */
				{
					Name (_HID, EisaId ("PNP0C02"))
					Name (_CRS, ResourceTemplate ()
					{
						IO (Decode16, 0x80, 0x80, 0, 1)
						IO (Decode16, 0x92, 0x92, 0, 1)
						IO (Decode16, 0xB2, 0xB2, 0, 2)
						IO (Decode16, 0x600, 0x600, 0, 64)
					})
				}
			}
		}

		/* A route register's contents as a link's status and setting, and back. */
		Method (LSTA, 1)
		{
			If (And (Arg0, 0x80)) { Return (0x09) }
			Return (0x0B)
		}
		Method (LCRS, 1, Serialized)
		{
			Name (SET, ResourceTemplate ()
			{
				IRQ (Level, ActiveLow, Shared, LINK) { }
			})
			CreateWordField (SET, LINK._INT, MASK)
			Store (0, MASK)
			If (LNot (And (Arg0, 0x80))) { ShiftLeft (1, And (Arg0, 0x0F), MASK) }
			Return (SET)
		}
		Method (LSRS, 1, Serialized)
		{
			CreateWordField (Arg0, 1, MASK)
			FindSetRightBit (MASK, Local0)
			If (Local0) { Return (Subtract (Local0, 1)) }
			Return (0x80)
		}

		Device (LNKA)
		{
			Name (_HID, EisaId ("PNP0C0F"))
			Name (_UID, 1)
			Name (_PRS, ResourceTemplate () { IRQ (Level, ActiveLow, Shared) { 5, 10, 11 } })
			Method (_STA) { Return (LSTA (\_SB.PCI0.ISA.RTEA)) }
			Method (_CRS) { Return (LCRS (\_SB.PCI0.ISA.RTEA)) }
			Method (_SRS, 1) { Store (LSRS (Arg0), \_SB.PCI0.ISA.RTEA) }
			Method (_DIS) { Store (0x80, \_SB.PCI0.ISA.RTEA) }
		}
		Device (LNKB)
		{
			Name (_HID, EisaId ("PNP0C0F"))
			Name (_UID, 2)
			Name (_PRS, ResourceTemplate () { IRQ (Level, ActiveLow, Shared) { 5, 10, 11 } })
			Method (_STA) { Return (LSTA (\_SB.PCI0.ISA.RTEB)) }
			Method (_CRS) { Return (LCRS (\_SB.PCI0.ISA.RTEB)) }
			Method (_SRS, 1) { Store (LSRS (Arg0), \_SB.PCI0.ISA.RTEB) }
			Method (_DIS) { Store (0x80, \_SB.PCI0.ISA.RTEB) }
		}
		Device (LNKC)
		{
			Name (_HID, EisaId ("PNP0C0F"))
			Name (_UID, 3)
			Name (_PRS, ResourceTemplate () { IRQ (Level, ActiveLow, Shared) { 5, 10, 11 } })
			Method (_STA) { Return (LSTA (\_SB.PCI0.ISA.RTEC)) }
			Method (_CRS) { Return (LCRS (\_SB.PCI0.ISA.RTEC)) }
			Method (_SRS, 1) { Store (LSRS (Arg0), \_SB.PCI0.ISA.RTEC) }
			Method (_DIS) { Store (0x80, \_SB.PCI0.ISA.RTEC) }
		}
		Device (LNKD)
		{
			Name (_HID, EisaId ("PNP0C0F"))
			Name (_UID, 4)
			Name (_PRS, ResourceTemplate () { IRQ (Level, ActiveLow, Shared) { 5, 10, 11 } })
			Method (_STA) { Return (LSTA (\_SB.PCI0.ISA.RTED)) }
			Method (_CRS) { Return (LCRS (\_SB.PCI0.ISA.RTED)) }
			Method (_SRS, 1) { Store (LSRS (Arg0), \_SB.PCI0.ISA.RTED) }
			Method (_DIS) { Store (0x80, \_SB.PCI0.ISA.RTED) }
		}
	}
}
