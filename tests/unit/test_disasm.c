/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Encodings that decoders get wrong, each with the text it must give, worked out from the manual
 * and independent of Zydis; and insn_format's own contract.
 */
#include "arch/x86/isa/insn.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arch/x86/isa/regs.h"

#define EIP 0x8000u

struct golden {
	u8 code; /* 16 or 32 */
	const char *hex;
	const char *text; /* NULL: #UD */
};

static const struct golden forms[] = {
	/* ModRM and SIB [SDM2 2.1.5] */
	{ 32, "8b05efbeadde", "mov eax, dword ptr [0xDEADBEEF]" },
	{ 32, "8b0424", "mov eax, dword ptr [esp]" },
	{ 32, "8b04e5 10000000", "mov eax, dword ptr [0x00000010]" }, /* no base, no index */
	{ 32, "8b04ad 10000000", "mov eax, dword ptr [ebp*4+0x10]" },
	{ 32, "8b44a5 80", "mov eax, dword ptr [ebp-0x80]" }, /* index 4 is none, scaled or not */
	{ 32, "8b04c5 00000080", "mov eax, dword ptr [eax*8-0x80000000]" },
	{ 32, "8b845d 00000000", "mov eax, dword ptr [ebp+ebx*2]" },
	{ 16, "8b06 fe ff", "mov ax, word ptr [0xFFFE]" },
	{ 16, "8b46 00", "mov ax, word ptr [bp]" },
	{ 16, "8b43 ff", "mov ax, word ptr [bp+di-0x01]" },
	{ 16, "67 8b04 24", "mov ax, word ptr [esp]" },
	{ 32, "67 8b06 34 12", "mov eax, dword ptr [0x1234]" },
	{ 32, "67 a1 34 12", "mov eax, dword ptr [0x1234]" },
	{ 16, "66 67 a1 78563412", "mov eax, dword ptr [0x12345678]" },
	{ 32, "64 a1 00000000", "mov eax, dword ptr fs:[0x00000000]" },
	/* CR and DR moves are registers whatever mod says [SDM2, MOV CRn] */
	{ 32, "0f2000", "mov eax, cr0" },
	{ 32, "0f2245", "mov cr0, ebp" },
	{ 16, "0f2384", "mov dr0, esp" },
	{ 32, "0f20c8", NULL }, /* CR1 */
	{ 32, "f0 0f22c0", NULL },
	/* segment registers */
	{ 32, "8ed0", "mov ss, ax" },
	{ 32, "66 8cd0", "mov ax, ss" },
	{ 32, "8cd0", "mov eax, ss" },
	{ 32, "8c10", "mov word ptr [eax], ss" },
	{ 32, "8ec8", NULL }, /* to CS */
	{ 32, "8cf0", NULL }, /* register 6 */
	/* sizes of immediates */
	{ 32, "6a ff", "push 0xFFFFFFFF" },
	{ 16, "6a ff", "push 0xFFFF" },
	{ 32, "66 68 3412", "push 0x1234" },
	{ 32, "83c8 80", "or eax, 0xFFFFFF80" },
	{ 32, "66 83c8 80", "or ax, 0xFF80" },
	{ 32, "82c0 80", "add al, 0x80" },
	{ 32, "f6c8 01", "test al, 0x01" },
	{ 32, "c1f0 04", "shl eax, 0x04" },
	{ 32, "c8 3412 03", "enter 0x1234, 0x03" },
	{ 32, "9a 78563412 3300", "call far 0x0033:0x12345678" },
	{ 16, "ea 5be0 00f0", "jmp far 0xF000:0xE05B" },
	/* branches: 16-bit operand size cuts EIP */
	{ 32, "eb fe", "jmp 0x00008000" },
	{ 32, "66 e9 fc7f", "jmp 0x0000" },
	{ 16, "66 e8 00000000", "call 0x00008006" },
	{ 16, "e3 00", "jcxz 0x8002" },
	{ 16, "67 e3 00", "jecxz 0x8003" },
	{ 32, "2e 0f84 00000000", "jz 0x00008007" },
	/* mandatory prefixes: F2 and F3 before 66, the last of F2 and F3 */
	{ 32, "0f10c1", "movups xmm0, xmm1" },
	{ 32, "66 0f10c1", "movupd xmm0, xmm1" },
	{ 32, "66 f2 0f10c1", "movsd xmm0, xmm1" },
	{ 32, "f3 66 0f10c1", "movss xmm0, xmm1" },
	{ 32, "f2 f3 0f10c1", "movss xmm0, xmm1" },
	{ 32, "f3 f2 0f10c1", "movsd xmm0, xmm1" },
	{ 32, "66 f3 0fb8c1", "popcnt ax, cx" },
	{ 32, "0fb8c1", NULL },
	{ 32, "f2 0f38f0c1", "crc32 eax, cl" },
	{ 32, "66 f2 0f38f1c1", "crc32 eax, cx" },
	{ 32, "66 0f38f000", "movbe ax, word ptr [eax]" },
	{ 32, "0f38f0c0", NULL },
	{ 32, "f3 90", "pause" },
	{ 32, "66 90", "nop" },
	{ 32, "f3 0f1efa", "nop edx, edi" }, /* ENDBR32 */
	/* register or memory decides the instruction */
	{ 32, "0f1200", "movlps xmm0, qword ptr [eax]" },
	{ 32, "0f12c1", "movhlps xmm0, xmm1" },
	{ 32, "0fae38", "clflush byte ptr [eax]" },
	{ 32, "0faef8", "sfence" },
	{ 32, "0f0110", "lgdt fword ptr [eax]" },
	{ 32, "0f01d0", "xgetbv" },
	{ 32, "0fc7c8", NULL },
	{ 32, "8dc0", NULL },
	{ 32, "c5f877", NULL }, /* VEX */
	{ 32, "c500", "lds eax, fword ptr [eax]" },
	{ 32, "62c1", NULL },
	{ 16, "6207", "bound ax, dword ptr [bx]" },
	{ 32, "fec0", "inc al" },
	{ 32, "fed0", NULL },
	{ 32, "ffd8", NULL }, /* CALL far with a register */
	{ 32, "66 ff28", "jmp far dword ptr [eax]" },
	{ 32, "fff8", NULL },
	{ 32, "8fc8", NULL },
	{ 32, "c6c801", NULL },
	/* x87 */
	{ 32, "d8c1", "fadd st0, st1" },
	{ 32, "dcc1", "fadd st1, st0" },
	{ 32, "dce1", "fsubr st1, st0" },
	{ 32, "dee9", "fsubp st1, st0" },
	{ 32, "ded9", "fcompp" },
	{ 32, "ded8", NULL },
	{ 32, "dfe0", "fnstsw ax" },
	{ 32, "dfe1", NULL },
	{ 32, "db28", "fld tbyte ptr [eax]" },
	{ 32, "df28", "fild qword ptr [eax]" },
	{ 32, "d9d1", NULL },
	{ 32, "9b", "fwait" },
	/* LOCK [SDM2, LOCK] */
	{ 32, "f0 0000", "lock add byte ptr [eax], al" },
	{ 32, "f0 00c0", NULL },
	{ 32, "f0 0200", NULL }, /* the destination is a register */
	{ 32, "f0 3800", NULL }, /* CMP */
	{ 32, "f0 87 00", "lock xchg dword ptr [eax], eax" },
	{ 32, "f0 0fba2001", NULL }, /* BT */
	{ 32, "f0 0fba2801", "lock bts dword ptr [eax], 0x01" },
	{ 32, "f0 0fc708", "lock cmpxchg8b qword ptr [eax]" },
	{ 32, "f0 90", NULL },
	{ 32, "f0 8900", NULL },
	/* names by size */
	{ 32, "98", "cwde" },
	{ 16, "98", "cbw" },
	{ 32, "66 99", "cwd" },
	{ 32, "60", "pushad" },
	{ 32, "66 cf", "iret" },
	{ 16, "66 cf", "iretd" },
	{ 32, "f3 66 a5", "rep movsw" },
	{ 32, "f3 a6", "repe cmpsb" },
	{ 32, "f2 ae", "repne scasb" },
	{ 16, "6d", "insw" },
	{ 32, "0f0b", "ud2" },
	{ 32, "0fff c1", "ud0 eax, ecx" },
	{ 32, "d6", "salc" },
	{ 32, "f1", "int1" },
	{ 32, "660f3a61c00c", "pcmpestri xmm0, xmm0, 0x0C" },
	{ 32, "cb", "ret far" },
	{ 32, "66660f1f840000000000", "nop word ptr [eax+eax*1], ax" },
};

static u32 parse(const char *hex, u8 *bytes)
{
	u32 count = 0;
	int used;
	u32 byte;

	while (sscanf(hex, " %2x%n", &byte, &used) == 1) {
		bytes[count++] = (u8)byte;
		hex += used;
	}
	return count;
}

static enum decode_result decode(const struct golden *golden, struct x86_insn *insn)
{
	u8 bytes[32] = { 0 };
	u32 count = parse(golden->hex, bytes);
	enum decode_result result = insn_decode(bytes, count, golden->code == 32, insn);

	if (result == DECODE_OK)
		ck_assert_msg(insn->length == count, "%s: length %u", golden->hex, insn->length);
	return result;
}

START_TEST(tricky_forms_decode_as_the_manual_says)
{
	for (u32 i = 0; i < ARRAY_SIZE(forms); i++) {
		struct x86_insn insn;
		char text[80] = "";
		enum decode_result result = decode(&forms[i], &insn);

		if (!forms[i].text) {
			ck_assert_msg(result == DECODE_INVALID, "%s is not #UD", forms[i].hex);
			continue;
		}
		ck_assert_msg(result == DECODE_OK, "%s: result %d", forms[i].hex, result);
		insn_format(&insn, EIP, text, sizeof(text));
		ck_assert_str_eq(text, forms[i].text);
	}
}
END_TEST

static struct x86_insn decoded(const char *hex)
{
	struct golden golden = { 32, hex, NULL };
	struct x86_insn insn;

	ck_assert_int_eq(decode(&golden, &insn), DECODE_OK);
	return insn;
}

START_TEST(longest_instruction_has_fifteen_bytes)
{
	u8 bytes[20];
	struct x86_insn insn;

	memset(bytes, 0x66, sizeof(bytes));
	bytes[14] = 0x90;
	ck_assert_int_eq(insn_decode(bytes, 20, true, &insn), DECODE_OK);
	ck_assert_uint_eq(insn.length, 15);
	ck_assert_int_eq(insn_decode(bytes, 14, true, &insn), DECODE_TRUNCATED);
	bytes[14] = 0x66;
	ck_assert_int_eq(insn_decode(bytes, 20, true, &insn), DECODE_TOO_LONG);
	bytes[14] = 0x04; /* ADD AL, imm8 */
	ck_assert_int_eq(insn_decode(bytes, 20, true, &insn), DECODE_TOO_LONG);
	ck_assert_int_eq(insn_decode(bytes, 0, true, &insn), DECODE_TRUNCATED);
}
END_TEST

START_TEST(stack_based_addresses_use_ss_unless_overridden)
{
	ck_assert_uint_eq(decoded("8b4500").mem.seg, SREG_SS);
	ck_assert_uint_eq(decoded("8b0424").mem.seg, SREG_SS);
	ck_assert_uint_eq(decoded("8b00").mem.seg, SREG_DS);
	ck_assert_uint_eq(decoded("8b042d00000000").mem.seg, SREG_DS); /* EBP as index */
	ck_assert_uint_eq(decoded("67 8b02").mem.seg, SREG_SS);       /* BP+SI */
	ck_assert_uint_eq(decoded("67 8b06 0000").mem.seg, SREG_DS);  /* disp16 */
	ck_assert_uint_eq(decoded("3e 8b4500").mem.seg, SREG_DS);
	ck_assert_uint_eq(decoded("64 65 8b4500").mem.seg, SREG_GS); /* the last wins */
}
END_TEST

START_TEST(implicit_memory_has_a_segment)
{
	ck_assert_uint_eq(decoded("a4").mem.seg, SREG_DS);
	ck_assert_uint_eq(decoded("64 a4").mem.seg, SREG_FS);
	ck_assert_uint_eq(decoded("2e d7").mem.seg, SREG_CS);
	ck_assert_uint_eq(decoded("26 0ff7c1").mem.seg, SREG_ES);
	ck_assert_uint_eq(decoded("0ff7c1").mem.base, REG_EDI);
}
END_TEST

START_TEST(string_and_port_instructions_carry_the_element_size)
{
	ck_assert_uint_eq(decoded("a4").operand_size, 1);
	ck_assert_uint_eq(decoded("66 a5").operand_size, 2);
	ck_assert_uint_eq(decoded("a5").operand_size, 4);
	ck_assert_uint_eq(decoded("e480").operand_size, 1);
	ck_assert_uint_eq(decoded("66 ef").operand_size, 2);
}
END_TEST

START_TEST(far_and_wide_memory_sizes_are_exact)
{
	ck_assert_uint_eq(decoded("ff18").operand[0].size, 6);
	ck_assert_uint_eq(decoded("66 ff18").operand[0].size, 4);
	ck_assert_uint_eq(decoded("0f0110").operand[0].size, 6);
	ck_assert_uint_eq(decoded("66 0f0110").operand[0].size, 6);
	ck_assert_uint_eq(decoded("d920").operand[0].size, 28);
	ck_assert_uint_eq(decoded("66 d920").operand[0].size, 14);
	ck_assert_uint_eq(decoded("dd30").operand[0].size, 108);
	ck_assert_uint_eq(decoded("66 dd30").operand[0].size, 94);
	ck_assert_uint_eq(decoded("0fae00").operand[0].size, 512);
	ck_assert_uint_eq(decoded("0f6000").operand[1].size, 4); /* PUNPCKLBW mm reads 32 bits */
	ck_assert_uint_eq(decoded("66 0f6000").operand[1].size, 16);
	ck_assert_uint_eq(decoded("0fc40011").operand[1].size, 2);
}
END_TEST

START_TEST(mandatory_66_is_not_an_operand_size)
{
	struct x86_insn insn = decoded("66 0f6ec0");

	ck_assert_uint_eq(insn.mandatory_prefix, 0x66);
	ck_assert_uint_eq(insn.operand_size, 4);
	ck_assert_uint_eq(decoded("66 0fafc0").mandatory_prefix, 0);
	ck_assert_uint_eq(decoded("f2 0fbcc0").mandatory_prefix, 0);
}
END_TEST

START_TEST(text_is_cut_to_the_buffer_and_its_length_told)
{
	struct x86_insn insn = decoded("8b4500");
	char text[8];

	memset(text, '#', sizeof(text));
	ck_assert_int_eq(insn_format(&insn, 0, text, 5), 24);
	ck_assert_str_eq(text, "mov ");
	ck_assert_int_eq(text[5], '#');
	ck_assert_int_eq(insn_format(&insn, 0, text, 0), 24);
	ck_assert_int_eq(text[0], 'm');
}
END_TEST

START_TEST(every_operation_has_a_name)
{
	for (u32 op = 0; op < OP_COUNT; op++)
		ck_assert_ptr_nonnull(insn_op_name(op));
	ck_assert_str_eq(insn_op_name(OP_JCC), "jcc");
	ck_assert_str_eq(insn_op_name(OP_COUNT), "(bad)");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("disasm");
	TCase *tests = tcase_create("encodings");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_test(tests, tricky_forms_decode_as_the_manual_says);
	tcase_add_test(tests, longest_instruction_has_fifteen_bytes);
	tcase_add_test(tests, stack_based_addresses_use_ss_unless_overridden);
	tcase_add_test(tests, implicit_memory_has_a_segment);
	tcase_add_test(tests, string_and_port_instructions_carry_the_element_size);
	tcase_add_test(tests, far_and_wide_memory_sizes_are_exact);
	tcase_add_test(tests, mandatory_66_is_not_an_operand_size);
	tcase_add_test(tests, text_is_cut_to_the_buffer_and_its_length_told);
	tcase_add_test(tests, every_operation_has_a_name);
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
