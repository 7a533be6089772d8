/* SPDX-License-Identifier: GPL-2.0 */
/*
 * hv/vm/config.c, config_token.c and host_options.c: what a good text means, and that each mistake
 * gives exactly the message a user can act on.  The last test mutates texts at random; SEED=n
 * repeats a run.
 */
#include "hv/vm/config.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "hv/core/log.h"
#include "hv/vm/config_token.h"
#include "hv/core/trace.h"
#include "hv/vm/host_options.h"
#include "tests/fake/fake.h"

static struct config config;

/* From an exact copy on the heap, so that reading one byte too far is caught. */
static void parse_bytes(const char *text, size_t size)
{
	char *copy = malloc(size ? size : 1);

	memcpy(copy, text, size);
	fake_reset();
	memset(&config, 0xa5, sizeof(config));
	config_parse(copy, size, &config);
	free(copy);
}

static void parse(const char *text)
{
	parse_bytes(text, strlen(text));
}

#define ONE_MISTAKE(text, message)                                                                 \
	do {                                                                                       \
		parse(text);                                                                       \
		ck_assert_str_eq(fake_log(), message "\n");                                        \
		ck_assert_uint_eq(config.error_count, 1);                                          \
	} while (0)

START_TEST(a_full_block_is_understood)
{
	parse("# two of them\n"
	      "vm linux {\n"
	      "\tmemory = 256M  # enough\n"
	      "\tkernel = bzImage-6.1.0+vmi\n"
	      "\tinitrd = boot/initrd.cpio\n"
	      "\tappend = \"console=ttyS0 x=\\\"a b\\\" back\\\\slash # no comment\"\n"
	      "\tvmi = off\n"
	      "\tapic = on\n"
	      "\tconsole = none\n"
	      "\ton_reset = stop\n"
	      "\tdebug = log\n"
	      "}\n");
	ck_assert_str_eq(fake_log(), "");
	ck_assert_uint_eq(config.vm_count, 1);
	ck_assert_str_eq(config.vm[0].name, "linux");
	ck_assert_uint_eq(config.vm[0].memory_bytes, 256 * MIB);
	ck_assert_str_eq(config.vm[0].kernel, "bzImage-6.1.0+vmi");
	ck_assert_str_eq(config.vm[0].initrd, "boot/initrd.cpio");
	ck_assert_str_eq(config.vm[0].append, "console=ttyS0 x=\"a b\" back\\slash # no comment");
	ck_assert_uint_eq(config.vm[0].vmi, 0);
	ck_assert_uint_eq(config.vm[0].apic, 1);
	ck_assert_uint_eq(config.vm[0].console, VM_CONSOLE_NONE);
	ck_assert_uint_eq(config.vm[0].on_reset, VM_ON_RESET_STOP);
	ck_assert_uint_eq(config.vm[0].debug, VM_DEBUG_LOG);
	ck_assert_uint_eq(config.vm[0].line, 2);
}
END_TEST

START_TEST(what_is_not_said_has_its_default)
{
	parse("vm a { kernel=k }");
	ck_assert_str_eq(fake_log(), "");
	ck_assert_uint_eq(config.vm_count, 1);
	ck_assert_uint_eq(config.vm[0].memory_bytes, CONFIG_MEMORY_DEFAULT);
	ck_assert_str_eq(config.vm[0].initrd, "");
	ck_assert_str_eq(config.vm[0].append, "");
	ck_assert_uint_eq(config.vm[0].vmi, 1);
	ck_assert_uint_eq(config.vm[0].apic, 0);
	ck_assert_uint_eq(config.vm[0].console, VM_CONSOLE_TERMINAL);
	ck_assert_uint_eq(config.vm[0].on_reset, VM_ON_RESET_RESET);
	ck_assert_uint_eq(config.vm[0].debug, VM_DEBUG_NONE);
}
END_TEST

START_TEST(knobs_of_the_translator_are_words_in_any_order)
{
	const struct vm_knobs *knobs = &config.vm[0].knobs;

	parse("vm a { kernel=k }");
	ck_assert_uint_eq(knobs->max_insns | knobs->cache_bytes | knobs->no_chain | knobs->irq_us, 0);
	ck_assert_uint_eq(knobs->exec, VM_EXEC_BT);
	parse("vm a {\nkernel = k\n"
	      "debug_bt = \"exec=interp,max_insns=32  nochain, cache=64k irq=1000000\"\n}\n");
	ck_assert_str_eq(fake_log(), "");
	ck_assert_uint_eq(knobs->exec, VM_EXEC_INTERP);
	ck_assert_uint_eq(knobs->max_insns, 32);
	ck_assert_uint_eq(knobs->no_chain, 1);
	ck_assert_uint_eq(knobs->cache_bytes, 64 * KIB);
	ck_assert_uint_eq(knobs->irq_us, 1000000);
	parse("vm a {\nkernel = k\ndebug_bt = cache=4M\n}\n");
	ck_assert_uint_eq(knobs->cache_bytes, 4 * MIB);
	parse("vm a {\nkernel = k\ndebug_bt = exec=both\n}\n");
	ck_assert_uint_eq(knobs->exec, VM_EXEC_BOTH);
	parse("vm a {\nkernel = k\ndebug_bt = \"exec=both repeat=65535 shadow=7\"\n}\n");
	ck_assert_uint_eq(knobs->repeat, 65535);
	ck_assert_uint_eq(knobs->shadow, 7);
	parse("vm a {\nkernel = k\ndebug_bt = exec=bt,cache=1000\n}\n");
	ck_assert_uint_eq(knobs->cache_bytes, 1000);
	ck_assert_uint_eq(knobs->exec, VM_EXEC_BT);
}
END_TEST

START_TEST(wrong_knobs_are_told)
{
	static const char *const bad[] = {
		"", " ,", "max_insns", "max_insns=", "max_insns=0", "max_insns=33", "max_insns=1k",
		"max_insns=99999999999999999999", "max_insns=4294967297", "max_insns=-1",
		"nochain=1", "nochains", "exec=", "exec=in", "exec=interpr", "exec=bot", "cache=k",
		"repeat", "repeat=0", "repeat=65536", "shadow", "shadow=0", "shadow=1000001",
		"cache=5M", "cache=4097k", "cache=4294967296", "cache=64kk", "cache=64G", "irq=0",
		"irq=1000001", "irq=1,irq=1", "max_insns=1 foo", "foo", "max_insns =1",
	};
	char text[200], expected[300];

	for (u32 i = 0; i < ARRAY_SIZE(bad); i++) {
		snprintf(text, sizeof(text), "vm a {\nkernel = k\ndebug_bt = \"%s\"\n}\n", bad[i]);
		snprintf(expected, sizeof(expected), "; expected " CONFIG_KNOBS_EXPECTED "\n");
		parse(text);
		ck_assert_msg(strstr(fake_log(), expected), "%s: %s", bad[i], fake_log());
		ck_assert_uint_eq(config.error_count, 1);
		ck_assert_uint_eq(config.vm_count, 0);
	}
}
END_TEST

START_TEST(lines_may_end_as_in_dos_and_values_may_hold_an_equals_sign)
{
	parse("vm a {\r\nkernel = k\r\nappend = root=/dev/ram0\r\n}\r\n");
	ck_assert_str_eq(fake_log(), "");
	ck_assert_str_eq(config.vm[0].kernel, "k");
	ck_assert_str_eq(config.vm[0].append, "root=/dev/ram0");
}
END_TEST

START_TEST(memory_is_bytes_or_has_a_unit)
{
	static const struct {
		const char *text;
		u64 bytes;
	} good[] = {
		{ "67108864", 64 * MIB }, { "65536K", 64 * MIB }, { "64m", 64 * MIB },
		{ "\"64M\"", 64 * MIB },  { "1G", 1024 * MIB },	  { "3072M", 3072ull * MIB },
		{ "3g", 3072ull * MIB },  { "4M", 4 * MIB },
	};
	static const char *const bad[] = {
		"0",
		"3M",
		"4G",
		"3073M",
		"64X",
		"64MB",
		"M",
		"-64M",
		"64 M",
		"0x40M",
		"5000001",
		"64\x01",
		"\"64 \"",
		"\"\"",
		"18446744073709551616",
		"99999999999999999999999999999999",
		"4194304G",
		"17592186044416M",
		"1.5G",
		"",
	};
	char text[200], expected[200];

	for (u32 i = 0; i < ARRAY_SIZE(good); i++) {
		snprintf(text, sizeof(text), "vm a {\nkernel = k\nmemory = %s\n}\n", good[i].text);
		parse(text);
		ck_assert_str_eq(fake_log(), "");
		ck_assert_uint_eq(config.vm[0].memory_bytes, good[i].bytes);
	}
	for (u32 i = 0; i < ARRAY_SIZE(bad); i++) {
		snprintf(text, sizeof(text), "vm a {\nkernel = k\nmemory = %s\n}\n", bad[i]);
		parse(text);
		ck_assert_uint_eq(config.vm_count, 0);
		ck_assert_uint_eq(config.error_count, 1);
		snprintf(expected, sizeof(expected), "romulus.conf:3: ");
		ck_assert(strncmp(fake_log(), expected, strlen(expected)) == 0);
	}
	ONE_MISTAKE(
		"vm a {\nkernel = k\nmemory = 12Q\n}",
		"romulus.conf:3: memory = '12Q' in vm 'a'; expected bytes, or a number with K, M "
		"or G; a multiple of 4K from 4M to 3072M");
}
END_TEST

START_TEST(a_multiboot_kernel_has_modules)
{
	parse("vm hurd {\n"
	      "\tmultiboot = gnumach\n"
	      "\tmodule = \"ext2fs --readonly $(task-create)\"\n"
	      "\tmodule = exec\n"
	      "}\n");
	ck_assert_str_eq(fake_log(), "");
	ck_assert_str_eq(config.vm[0].kernel, "gnumach");
	ck_assert_uint_eq(config.vm[0].multiboot, 1);
	ck_assert_uint_eq(config.vm[0].module_count, 2);
	ck_assert_str_eq(config.vm[0].modules, "ext2fs --readonly $(task-create)");
	ck_assert_str_eq(config.vm[0].modules + 33, "exec");
	parse("vm a { kernel = k }");
	ck_assert_uint_eq(config.vm[0].multiboot, 0);
	ONE_MISTAKE("vm a {\nkernel = k\nmultiboot = m\n}",
		    "romulus.conf:1: vm 'a' has kernel and multiboot; expected one of them");
	ONE_MISTAKE("vm a {\nmultiboot = m\ninitrd = i\n}",
		    "romulus.conf:1: vm 'a' has multiboot and initrd; expected module = \"MODULE "
		    "arguments\"");
	ONE_MISTAKE("vm a {\nkernel = k\nmodule = i\n}",
		    "romulus.conf:1: vm 'a' has module without multiboot; expected multiboot = "
		    "MODULE, or initrd = MODULE");
	ONE_MISTAKE("vm a {\nmultiboot = m\nmodule = \" x\"\n}",
		    "romulus.conf:3: module = ' x' in vm 'a'; expected a boot module's name and its "
		    "arguments, at most 16 times, 4 KB together");
}
END_TEST

/* @count lines `module = xxx`, @length characters each. */
static void parse_modules(u32 count, u32 length)
{
	static char text[20 * 4200];
	char *at = text + sprintf(text, "vm a {\nmultiboot = m\n");

	for (u32 i = 0; i < count; i++) {
		at += sprintf(at, "module = \"m ");
		memset(at, 'x', length - 2);
		at += length - 2;
		at += sprintf(at, "\"\n");
	}
	strcpy(at, "}\n");
	parse(text);
}

START_TEST(modules_have_limits)
{
	parse_modules(16, 255);
	ck_assert_str_eq(fake_log(), "");
	ck_assert_uint_eq(config.vm[0].module_count, 16);
	parse_modules(17, 100);
	ck_assert(strncmp(fake_log(), "romulus.conf:19: module = ", 26) == 0);
	parse_modules(1, 4095);
	ck_assert_str_eq(fake_log(), "");
	parse_modules(1, 4096);
	ck_assert(strstr(fake_log(), "at most 16 times, 4 KB together"));
	parse_modules(1, 4097);
	ck_assert(strstr(fake_log(), "is too long; expected at most 4096 characters"));
	parse_modules(16, 256);
	ck_assert(strncmp(fake_log(), "romulus.conf:18: module", 23) == 0);
	parse_modules(17, 255);
	ck_assert(strstr(fake_log(), "romulus.conf:19: module of vm 'a' is too long; expected at "
				     "most 0 characters"));
	ck_assert_uint_eq(config.vm_count, 0);
}
END_TEST

START_TEST(unknown_key_names_line_vm_and_what_there_is)
{
	ONE_MISTAKE("vm linux {\n  kernel = k\n  foo = 1\n}\n",
		    "romulus.conf:3: unknown key 'foo' in vm 'linux'; expected one of memory, "
		    "kernel, multiboot, module, initrd, append, vmi, apic, console, on_reset, debug, "
		    "debug_bt");
	ck_assert_uint_eq(config.vm_count, 0);
}
END_TEST

START_TEST(a_vm_with_a_mistake_does_not_take_the_others_along)
{
	parse("vm a { kernel = k }\n"
	      "vm b {\n kernel = k\n vmi = maybe\n console = \"}\" } vm c { kernel = k }\n"
	      "rubbish = 1\n"
	      "vm d! { kernel = k\n memory = \"}\" }\n"
	      "vm e { kernel = k }\n");
	ck_assert_str_eq(fake_log(),
			 "romulus.conf:4: vmi = 'maybe' in vm 'b'; expected on or off\n"
			 "romulus.conf:5: console = '}' in vm 'b'; expected terminal or none\n"
			 "romulus.conf:6: 'rubbish' outside of a vm; expected vm NAME {\n"
			 "romulus.conf:7: vm name 'd!'; expected 1 to 31 letters, digits, '-' or "
			 "'_'\n");
	ck_assert_uint_eq(config.error_count, 4);
	ck_assert_uint_eq(config.vm_count, 3);
	ck_assert_str_eq(config.vm[0].name, "a");
	ck_assert_str_eq(config.vm[1].name, "c");
	ck_assert_str_eq(config.vm[2].name, "e");
}
END_TEST

START_TEST(each_syntax_mistake_has_its_message)
{
	ONE_MISTAKE("", "romulus.conf:1: no vm described; expected vm NAME { ... }");
	ONE_MISTAKE("\n# nothing\n", "romulus.conf:3: no vm described; expected vm NAME { ... }");
	ONE_MISTAKE("vm a {\n", "romulus.conf:2: vm 'a' of line 1 is not closed; expected }");
	ONE_MISTAKE("vm a {\nkernel = k\nvm b { kernel = k }",
		    "romulus.conf:3: vm 'a' of line 1 is not closed; expected }");
	ck_assert_uint_eq(config.vm_count, 1);
	ONE_MISTAKE("vm a\n{ kernel = k\n }",
		    "romulus.conf:1: the end of the line behind the name of a vm; expected {");
	ONE_MISTAKE("vm { kernel = k }", "romulus.conf:1: vm name '{'; expected 1 to 31 letters, "
					 "digits, '-' or '_'");
	ONE_MISTAKE("vm", "romulus.conf:1: vm name the end of the file; expected 1 to 31 letters, "
			  "digits, '-' or '_'");
	ONE_MISTAKE("vm a { }", "romulus.conf:1: vm 'a' has no kernel; expected kernel = MODULE or "
		    "multiboot = MODULE");
	ONE_MISTAKE("vm a { kernel k\n}",
		    "romulus.conf:1: 'k' behind kernel in vm 'a'; expected =");
	ONE_MISTAKE("vm a { kernel = }",
		    "romulus.conf:1: kernel = '}' in vm 'a'; expected the name of a boot module");
	ONE_MISTAKE("vm a { kernel = \"a b\" }",
		    "romulus.conf:1: kernel = 'a b' in vm 'a'; expected the name of a boot module");
	ONE_MISTAKE(
		"vm a {\nkernel = k\nappend = quiet splash\n}",
		"romulus.conf:3: 'splash' behind the value of append in vm 'a'; expected the end "
		"of the line (values with blanks need quotes)");
	ONE_MISTAKE(
		"vm a {\nkernel = k\nappend = \"quiet\n}",
		"romulus.conf:3: append = a string without its closing quote in vm 'a'; expected "
		"a command line");
	ONE_MISTAKE(
		"vm a {\nkernel = k\nappend = \"a\\nb\"\n}",
		"romulus.conf:3: unknown escape '\\n' in append of vm 'a'; expected \\\" or \\\\");
	ONE_MISTAKE("vm a {\nkernel = k\nkernel = l\n}",
		    "romulus.conf:3: second kernel in vm 'a'; expected one");
	ONE_MISTAKE("vm a { kernel = k }\n\nvm a { kernel = l }",
		    "romulus.conf:3: second vm 'a'; the first is in line 1");
	ONE_MISTAKE(
		"vm a {\nkernel = \x01\n}",
		"romulus.conf:2: kernel = byte 0x01 in vm 'a'; expected the name of a boot module");
	ONE_MISTAKE("} ", "romulus.conf:1: '}' outside of a vm; expected vm NAME {");
	ONE_MISTAKE("\x7f", "romulus.conf:1: byte 0x7f outside of a vm; expected vm NAME {");
}
END_TEST

static const char *many(char c, u32 count)
{
	static char text[4096];

	memset(text, c, count);
	text[count] = 0;
	return text;
}

START_TEST(lengths_at_the_limit_pass_and_one_more_fails)
{
	static const struct {
		const char *format;
		u32 limit;
		const char *message;
	} cases[] = {
		{ "vm %s { kernel = k }", CONFIG_NAME_MAX,
		  "romulus.conf:1: vm name 'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx'; expected 1 to 31 "
		  "letters, "
		  "digits, '-' or '_'\n" },
		{ "vm a { kernel = %s\n}", CONFIG_MODULE_MAX,
		  "romulus.conf:1: kernel of vm 'a' is too long; expected at most 63 "
		  "characters\n" },
		{ "vm a { append = \"%s\"\nkernel = k }", CONFIG_APPEND_MAX,
		  "romulus.conf:1: append of vm 'a' is too long; expected at most 2047 "
		  "characters\n" },
	};
	char text[8192];

	for (u32 i = 0; i < ARRAY_SIZE(cases); i++) {
		snprintf(text, sizeof(text), cases[i].format, many('x', cases[i].limit));
		parse(text);
		ck_assert_str_eq(fake_log(), "");
		ck_assert_uint_eq(config.vm_count, 1);
		snprintf(text, sizeof(text), cases[i].format, many('x', cases[i].limit + 1));
		parse(text);
		ck_assert_str_eq(fake_log(), cases[i].message);
		ck_assert_uint_eq(config.vm_count, 0);
	}
	ck_assert_uint_eq(config.error_count, 1);
}
END_TEST

START_TEST(the_seventeenth_vm_is_one_too_many)
{
	char text[2048];
	int used = 0;

	for (u32 i = 1; i <= CONFIG_MAX_VMS + 1; i++)
		used += snprintf(text + used, sizeof(text) - (size_t)used,
				 "vm v%u { kernel = k }\n", i);
	parse(text);
	ck_assert_uint_eq(config.vm_count, CONFIG_MAX_VMS);
	ck_assert_str_eq(fake_log(),
			 "romulus.conf:17: vm 'v17' is one too many; expected at most 16\n");
}
END_TEST

START_TEST(a_flood_of_mistakes_is_cut)
{
	parse(many('\x02', 3000));
	ck_assert_uint_eq(config.error_count, 1); /* one line is one mistake */
	parse(many('}', 3000));
	ck_assert_uint_eq(config.error_count, 3000);
	ck_assert(strstr(fake_log(), "romulus.conf: further mistakes are not shown\n"));
	ck_assert_uint_lt(strlen(fake_log()), (CONFIG_MAX_REPORTED + 1) * 80);
}
END_TEST

START_TEST(long_and_binary_words_are_cut_in_messages)
{
	char text[8192];

	snprintf(text, sizeof(text), "vm a { %s = 1 }", many('y', 300));
	parse(text);
	ck_assert(strstr(fake_log(), "unknown key 'yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy'..."));
	parse_bytes("vm a {\0 kernel = k }", 20);
	ck_assert_str_eq(fake_log(),
			 "romulus.conf:1: unknown key byte 0x00 in vm 'a'; expected one "
			 "of memory, kernel, multiboot, module, initrd, append, vmi, apic, console, "
			 "on_reset, debug, debug_bt\n");
}
END_TEST

static u32 seed;
static u32 random_u32(void)
{
	seed = seed * 1664525u + 1013904223u;
	return seed >> 8;
}

START_TEST(mutated_texts_never_break_the_rules)
{
	static const char original[] =
		"vm linux { # c\nmemory = 64M\nkernel = k\ninitrd = \"i\"\nappend = \"a \\\" b\"\n"
		"vmi = on\n}\nvm b {\nkernel=x\nconsole = none\non_reset = stop }\n";
	static const char spice[] = "{}=\"\\#\n \tvmk\0\xff"
				    "9G";
	char text[sizeof(original) * 2];

	seed = getenv("SEED") ? (u32)strtoul(getenv("SEED"), NULL, 0) : (u32)time(NULL);
	printf("test_config: SEED=%u\n", seed);
	for (u32 round = 0; round < 20000; round++) {
		size_t size = random_u32() % sizeof(original) + 1;

		memcpy(text, original, size);
		for (u32 i = random_u32() % 8; i > 0; i--)
			text[random_u32() % size] = spice[random_u32() % sizeof(spice)];
		parse_bytes(text, size);
		ck_assert(config.vm_count <= CONFIG_MAX_VMS);
		ck_assert(config.vm_count || config.error_count);
		ck_assert((config.error_count != 0) == (fake_log()[0] != 0));
		for (u32 i = 0; i < config.vm_count; i++) {
			const struct vm_config *vm = &config.vm[i];

			ck_assert(vm->name[0] && memchr(vm->name, 0, sizeof(vm->name)));
			ck_assert(vm->kernel[0] && memchr(vm->kernel, 0, sizeof(vm->kernel)));
			ck_assert(memchr(vm->append, 0, sizeof(vm->append)) != NULL);
			ck_assert(vm->memory_bytes >= CONFIG_MEMORY_MIN &&
				  vm->memory_bytes <= CONFIG_MEMORY_MAX);
			ck_assert(vm->vmi <= 1 && vm->console <= 1 && vm->on_reset <= 1);
		}
	}
}
END_TEST

START_TEST(host_options_have_defaults_and_values)
{
	struct host_options options;

	fake_reset();
	ck_assert_uint_eq(host_options_parse(NULL, &options), 0);
	ck_assert_uint_eq(options.terminal, HOST_TERMINAL_AUTO);
	ck_assert_uint_eq(options.log, LOG_INFO);
	ck_assert_uint_eq(options.exit, HOST_EXIT_POWER_OFF);
	ck_assert_uint_eq(
		host_options_parse("  terminal=com2\tlog=error exit=isa-debug-exit ", &options), 0);
	ck_assert_uint_eq(options.terminal, HOST_TERMINAL_COM2);
	ck_assert_uint_eq(options.log, LOG_ERROR);
	ck_assert_uint_eq(options.exit, HOST_EXIT_ISA_DEBUG);
	ck_assert_str_eq(fake_log(), "");
}
END_TEST

START_TEST(trace_takes_a_list_of_classes)
{
	struct host_options options;

	fake_reset();
	ck_assert_uint_eq(host_options_parse("trace=exit,vmi", &options), 0);
	ck_assert_uint_eq(options.trace, TRACE_EXIT | TRACE_VMI);
	ck_assert_uint_eq(host_options_parse("trace=exit,foo", &options), 1);
	ck_assert_uint_eq(options.trace, 0);
	ck_assert_ptr_nonnull(strstr(fake_log(), "trace=exit,foo"));
}
END_TEST

START_TEST(unknown_host_options_are_named_and_skipped)
{
	struct host_options options;

	fake_reset();
	ck_assert_uint_eq(
		host_options_parse("foo terminal=lpt log= terminal=screen exit", &options), 4);
	ck_assert_uint_eq(options.terminal, HOST_TERMINAL_SCREEN);
	ck_assert_str_eq(fake_log(),
			 "command line: unknown word 'foo'; expected terminal=, log=, exit=, trace=\n"
			 "command line: terminal=lpt; expected auto, com1, com2 or screen\n"
			 "command line: log=; expected error, notice or info\n"
			 "command line: unknown word 'exit'; expected terminal=, log=, exit=, trace=\n");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("config");
	TCase *tcase = tcase_create("config");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_set_timeout(tcase, 60);
	tcase_add_test(tcase, a_full_block_is_understood);
	tcase_add_test(tcase, what_is_not_said_has_its_default);
	tcase_add_test(tcase, knobs_of_the_translator_are_words_in_any_order);
	tcase_add_test(tcase, wrong_knobs_are_told);
	tcase_add_test(tcase, lines_may_end_as_in_dos_and_values_may_hold_an_equals_sign);
	tcase_add_test(tcase, memory_is_bytes_or_has_a_unit);
	tcase_add_test(tcase, a_multiboot_kernel_has_modules);
	tcase_add_test(tcase, modules_have_limits);
	tcase_add_test(tcase, unknown_key_names_line_vm_and_what_there_is);
	tcase_add_test(tcase, a_vm_with_a_mistake_does_not_take_the_others_along);
	tcase_add_test(tcase, each_syntax_mistake_has_its_message);
	tcase_add_test(tcase, lengths_at_the_limit_pass_and_one_more_fails);
	tcase_add_test(tcase, the_seventeenth_vm_is_one_too_many);
	tcase_add_test(tcase, a_flood_of_mistakes_is_cut);
	tcase_add_test(tcase, long_and_binary_words_are_cut_in_messages);
	tcase_add_test(tcase, mutated_texts_never_break_the_rules);
	tcase_add_test(tcase, host_options_have_defaults_and_values);
	tcase_add_test(tcase, trace_takes_a_list_of_classes);
	tcase_add_test(tcase, unknown_host_options_are_named_and_skipped);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
