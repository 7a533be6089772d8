/* SPDX-License-Identifier: GPL-2.0 */
#include "arch/x86/cpu/msr.h"
#include "hv/arch.h"
u64 arch_time_ns(void)
{
	return rdtsc();
}
void *arch_hpa_to_ptr(hpa_t address)
{
	return (void *)(u32)address.v;
}
hpa_t arch_ptr_to_hpa(const void *pointer)
{
	return hpa((u32)pointer);
}
