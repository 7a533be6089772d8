/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The parser of romulus.conf.  The grammar is small enough for one pass over tokens
 * (config_token.h):
 *
 *   file    = { "vm" NAME "{" { setting } "}" }
 *   setting = KEY "=" ( WORD | STRING ) end-of-line, or "}" right after it
 *
 * Recovery from a mistake: within a block the rest of the line is skipped; a block whose head is
 * wrong is skipped to its '}'.  So one mistake gives one message.
 */
#include "hv/vm/config.h"

#include <stdarg.h>

#include "hv/core/log.h"
#include "hv/lib/printf.h"
#include "hv/lib/string.h"
#include "hv/vm/config_token.h"

struct parser {
	struct token_reader r;
	struct config *config;
	struct vm_config *vm; /* the block being read */
	bool vm_bad;
};

/* One mistake, one line. */
static void PRINTF_LIKE(3, 4) mistake(struct parser *p, u32 line, const char *format, ...)
{
	char text[240];
	va_list args;

	p->vm_bad = true;
	if (p->config->error_count++ == CONFIG_MAX_REPORTED)
		log_error(CONFIG_FILE ": further mistakes are not shown");
	if (p->config->error_count > CONFIG_MAX_REPORTED)
		return;
	va_start(args, format);
	hv_vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	log_error(CONFIG_FILE ":%u: %s", line, text);
}

static void skip_line(struct parser *p)
{
	while (p->r.token.kind != TOKEN_END && p->r.token.kind != TOKEN_LINE &&
	       !token_is_sign(&p->r.token, '}'))
		token_next(&p->r, false);
}

static void skip_block(struct parser *p)
{
	while (p->r.token.kind != TOKEN_END && !token_is_sign(&p->r.token, '}'))
		token_next(&p->r, false);
	token_next(&p->r, false);
}

/* ---- values ------------------------------------------------------------------------------- */

struct key {
	const char *name;
	/* Check @text and store it in @vm; false: not what was @expected. */
	bool (*set)(const struct key *key, struct vm_config *vm, const char *text);
	size_t offset;		    /* of the member in struct vm_config */
	size_t size;		    /* texts: of the member */
	const char *const *choices; /* words, by their number; NULL at the end */
	const char *expected;
};

/* The shift that K, M or G stands for, or -1. */
static int unit_shift(char unit)
{
	switch (unit) {
	case 'k':
	case 'K':
		return 10;
	case 'm':
	case 'M':
		return 20;
	case 'g':
	case 'G':
		return 30;
	default:
		return -1;
	}
}

static bool set_memory(const struct key *key, struct vm_config *vm, const char *text)
{
	u64 bytes = 0;

	(void)key;
	if (*text < '0' || *text > '9')
		return false;
	for (; *text >= '0' && *text <= '9' && bytes <= CONFIG_MEMORY_MAX; text++)
		bytes = bytes * 10 + (u64)(*text - '0');
	if (*text) {
		if (unit_shift(*text) < 0 || text[1])
			return false;
		bytes <<= unit_shift(*text);
	}
	vm->memory_bytes = bytes;
	return bytes >= CONFIG_MEMORY_MIN && bytes <= CONFIG_MEMORY_MAX &&
	       IS_ALIGNED(bytes, PAGE_SIZE);
}

static bool set_module(const struct key *key, struct vm_config *vm, const char *text)
{
	(void)key;
	(void)vm;
	return *text && !strchr(text, ' ') && !strchr(text, '\t');
}

static bool set_multiboot(const struct key *key, struct vm_config *vm, const char *text)
{
	vm->multiboot = 1;
	return set_module(key, vm, text);
}

/* @text is where it stays, at the end of vm->modules. */
static bool set_boot_module(const struct key *key, struct vm_config *vm, const char *text)
{
	size_t name = 0, bytes = strlen(text) + 1;

	(void)key;
	while (text[name] && text[name] != ' ' && text[name] != '\t')
		name++;
	if (!name || name > CONFIG_MODULE_MAX || vm->module_count == CONFIG_MODULES_MAX ||
	    vm->modules_bytes + bytes > CONFIG_MODULES_BYTES)
		return false;
	vm->module_count++;
	vm->modules_bytes += (u32)bytes;
	return true;
}

static bool set_text(const struct key *key, struct vm_config *vm, const char *text)
{
	(void)key;
	(void)vm;
	(void)text;
	return true;
}

/* Number of @text among @choices, or -1. */
static int choose(const char *const *choices, const char *text)
{
	for (int i = 0; choices[i]; i++)
		if (strcmp(choices[i], text) == 0)
			return i;
	return -1;
}

static bool set_choice(const struct key *key, struct vm_config *vm, const char *text)
{
	int choice = choose(key->choices, text);

	if (choice >= 0)
		*(u32 *)((char *)vm + key->offset) = (u32)choice;
	return choice >= 0;
}

static bool set_knobs(const struct key *key, struct vm_config *vm, const char *text)
{
	(void)key;
	return config_knobs_parse(text, &vm->knobs);
}

static const char *const off_on[] = { "off", "on", NULL };
static const char *const consoles[] = { "terminal", "none", NULL };
static const char *const resets[] = { "reset", "stop", NULL };
static const char *const debugs[] = { "none", "log", "profile", NULL };

/* clang-format off */
#define MEMBER(m) offsetof(struct vm_config, m), sizeof(((struct vm_config *)0)->m)
static const struct key keys[] = {
	{ "memory", set_memory, MEMBER(memory_bytes), NULL,
	  "bytes, or a number with K, M or G; a multiple of 4K from 4M to 3072M" },
	{ "kernel", set_module, MEMBER(kernel), NULL, "the name of a boot module" },
	{ "multiboot", set_multiboot, MEMBER(kernel), NULL, "the name of a boot module" },
	{ "module", set_boot_module, MEMBER(modules), NULL,
	  "a boot module's name and its arguments, at most 16 times, 4 KB together" },
	{ "initrd", set_module, MEMBER(initrd), NULL, "the name of a boot module" },
	{ "append", set_text, MEMBER(append), NULL, "a command line" },
	{ "vmi", set_choice, MEMBER(vmi), off_on, "on or off" },
	{ "apic", set_choice, MEMBER(apic), off_on, "on or off" },
	{ "console", set_choice, MEMBER(console), consoles, "terminal or none" },
	{ "on_reset", set_choice, MEMBER(on_reset), resets, "reset or stop" },
	{ "debug", set_choice, MEMBER(debug), debugs, "none, log or profile" },
	{ "debug_bt", set_knobs, MEMBER(knobs), NULL, CONFIG_KNOBS_EXPECTED },
};
#define KEY_NAMES                                                                                  \
	"memory, kernel, multiboot, module, initrd, append, vmi, apic, console, on_reset, debug, " \
	"debug_bt"
/* clang-format on */

/* Copy the value in p->r.token to @to, escapes resolved.  False after reporting why not. */
static bool copy_value(struct parser *p, const struct key *key, char *to, size_t size)
{
	const struct token *token = &p->r.token;
	size_t used = 0;

	for (size_t i = 0; i < token->length; i++) {
		if (token->kind == TOKEN_STRING && token->text[i] == '\\') {
			i++;
			if (token->text[i] != '"' && token->text[i] != '\\') {
				mistake(p, token->line,
					"unknown escape '\\%c' in %s of vm '%s'; expected \\\" or "
					"\\\\",
					token->text[i], key->name, p->vm->name);
				return false;
			}
		}
		if (used + 1 == size) {
			mistake(p, token->line,
				"%s of vm '%s' is too long; expected at most %u characters",
				key->name, p->vm->name, (u32)size - 1);
			return false;
		}
		to[used++] = token->text[i];
	}
	to[used] = 0;
	return true;
}

/* Where the text of a value goes, with *size bytes of room; @word is for those that are no text. */
static char *value_target(struct parser *p, const struct key *key, char *word, size_t *size)
{
	if (key->set == set_memory || key->set == set_choice || key->set == set_knobs)
		return word;
	*size = key->size;
	if (key->set != set_boot_module)
		return (char *)p->vm + key->offset;
	*size -= p->vm->modules_bytes;
	return p->vm->modules + p->vm->modules_bytes;
}

/* p->r.token is the value. */
static void read_value(struct parser *p, const struct key *key)
{
	char word[96], shown[TOKEN_SHOWN];
	size_t size = sizeof(word);
	char *to = value_target(p, key, word, &size);

	if (p->r.token.kind != TOKEN_WORD && p->r.token.kind != TOKEN_STRING) {
		mistake(p, p->r.token.line, "%s = %s in vm '%s'; expected %s", key->name,
			token_show(&p->r.token, shown), p->vm->name, key->expected);
		return;
	}
	if (!copy_value(p, key, to, size))
		return;
	if (!key->set(key, p->vm, to)) {
		mistake(p, p->r.token.line, "%s = %s in vm '%s'; expected %s", key->name,
			token_show(&p->r.token, shown), p->vm->name, key->expected);
		return;
	}
	token_next(&p->r, false);
	if (p->r.token.kind != TOKEN_LINE && p->r.token.kind != TOKEN_END &&
	    !token_is_sign(&p->r.token, '}'))
		mistake(p, p->r.token.line,
			"%s behind the value of %s in vm '%s'; expected the end of the line "
			"(values with blanks need quotes)",
			token_show(&p->r.token, shown), key->name, p->vm->name);
}

/* ---- blocks ------------------------------------------------------------------------------- */

static const struct key *find_key(const struct token *token)
{
	for (u32 i = 0; i < ARRAY_SIZE(keys); i++)
		if (token_is_word(token, keys[i].name))
			return &keys[i];
	return NULL;
}

/* One line of a block; p->r.token is its first.  @seen: bit per key. */
static void read_setting(struct parser *p, u32 *seen)
{
	const struct key *key = find_key(&p->r.token);
	u32 line = p->r.token.line;
	char shown[TOKEN_SHOWN];

	if (!key) {
		mistake(p, line, "unknown key %s in vm '%s'; expected one of " KEY_NAMES,
			token_show(&p->r.token, shown), p->vm->name);
		return;
	}
	if (*seen & BIT(key - keys) && key->set != set_boot_module)
		mistake(p, line, "second %s in vm '%s'; expected one", key->name, p->vm->name);
	*seen |= BIT(key - keys);
	token_next(&p->r, false);
	if (!token_is_sign(&p->r.token, '=')) {
		mistake(p, line,
			"%s behind %s in vm '%s'; expected =", token_show(&p->r.token, shown),
			key->name, p->vm->name);
		return;
	}
	token_next(&p->r, true);
	read_value(p, key);
}

static bool key_was_seen(const char *name, u32 seen)
{
	for (u32 i = 0; i < ARRAY_SIZE(keys); i++)
		if (strcmp(keys[i].name, name) == 0)
			return seen & BIT(i);
	return false;
}

/* What a whole block must be. */
static void check_block(struct parser *p, u32 seen)
{
	const struct vm_config *vm = p->vm;

	if (!vm->kernel[0])
		mistake(p, vm->line,
			"vm '%s' has no kernel; expected kernel = MODULE or multiboot = MODULE",
			vm->name);
	else if (vm->multiboot && key_was_seen("kernel", seen))
		mistake(p, vm->line, "vm '%s' has kernel and multiboot; expected one of them",
			vm->name);
	else if (vm->multiboot && vm->initrd[0])
		mistake(p, vm->line,
			"vm '%s' has multiboot and initrd; expected module = \"MODULE arguments\"",
			vm->name);
	else if (!vm->multiboot && vm->module_count)
		mistake(p, vm->line,
			"vm '%s' has module without multiboot; expected multiboot = MODULE, or "
			"initrd = MODULE",
			vm->name);
}

/* p->r.token is the first one behind '{'. */
static void read_block(struct parser *p)
{
	u32 seen = 0;

	while (!token_is_sign(&p->r.token, '}')) {
		if (p->r.token.kind == TOKEN_END || token_is_word(&p->r.token, "vm")) {
			mistake(p, p->r.token.line, "vm '%s' of line %u is not closed; expected }",
				p->vm->name, p->vm->line);
			return;
		}
		if (p->r.token.kind == TOKEN_LINE) {
			token_next(&p->r, false);
			continue;
		}
		read_setting(p, &seen);
		skip_line(p);
	}
	token_next(&p->r, false);
	if (!p->vm_bad)
		check_block(p, seen);
}

static bool name_is_good(const struct token *token)
{
	if (token->kind != TOKEN_WORD || token->length > CONFIG_NAME_MAX)
		return false;
	for (size_t i = 0; i < token->length; i++) {
		char c = token->text[i];

		if (!((c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') ||
		      c == '-' || c == '_'))
			return false;
	}
	return true;
}

static const struct vm_config *find_vm(const struct config *config, const struct token *name)
{
	for (u32 i = 0; i < config->vm_count; i++)
		if (token_is_word(name, config->vm[i].name))
			return &config->vm[i];
	return NULL;
}

/* "NAME {": false after reporting what is wrong.  p->r.token is the name. */
static bool read_head(struct parser *p, struct token *name)
{
	const struct vm_config *twin;
	char shown[TOKEN_SHOWN];

	*name = p->r.token;
	if (!name_is_good(name)) {
		mistake(p, name->line, "vm name %s; expected 1 to 31 letters, digits, '-' or '_'",
			token_show(name, shown));
		return false;
	}
	twin = find_vm(p->config, name);
	if (twin) {
		mistake(p, name->line, "second vm '%s'; the first is in line %u", twin->name,
			twin->line);
		return false;
	}
	if (p->config->vm_count == CONFIG_MAX_VMS) {
		mistake(p, name->line, "vm %s is one too many; expected at most %u",
			token_show(name, shown), CONFIG_MAX_VMS);
		return false;
	}
	token_next(&p->r, false);
	if (!token_is_sign(&p->r.token, '{')) {
		mistake(p, p->r.token.line, "%s behind the name of a vm; expected {",
			token_show(&p->r.token, shown));
		return false;
	}
	token_next(&p->r, false);
	return true;
}

/* p->r.token is "vm". */
static void read_vm(struct parser *p)
{
	struct token name;
	u32 line = p->r.token.line;

	p->vm_bad = false;
	token_next(&p->r, false);
	if (!read_head(p, &name)) {
		skip_block(p);
		return;
	}
	p->vm = &p->config->vm[p->config->vm_count];
	memset(p->vm, 0, sizeof(*p->vm));
	memcpy(p->vm->name, name.text, name.length);
	p->vm->line = line;
	p->vm->vmi = 1;
	p->vm->memory_bytes = CONFIG_MEMORY_DEFAULT;
	read_block(p);
	if (!p->vm_bad)
		p->config->vm_count++;
}

void config_parse(const char *text, size_t size, struct config *out)
{
	struct parser p = { .config = out };
	char shown[TOKEN_SHOWN];

	out->vm_count = 0;
	out->error_count = 0;
	token_start(&p.r, text, size);
	while (p.r.token.kind != TOKEN_END) {
		if (token_is_word(&p.r.token, "vm")) {
			read_vm(&p);
		} else if (p.r.token.kind == TOKEN_LINE) {
			token_next(&p.r, false);
		} else {
			mistake(&p, p.r.token.line, "%s outside of a vm; expected vm NAME {",
				token_show(&p.r.token, shown));
			skip_line(&p);
			if (token_is_sign(&p.r.token, '}'))
				token_next(&p.r, false);
		}
	}
	if (!out->vm_count && !out->error_count)
		mistake(&p, p.r.line, "no vm described; expected vm NAME { ... }");
}
