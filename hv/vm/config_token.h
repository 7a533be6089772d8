/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The words of romulus.conf.
 *
 *   word    printable characters without blanks and without # " = { }; the value of a setting may
 *           have = in it
 *   string  in double quotes, on one line; a backslash keeps the character behind it
 *   sign    one of = { }
 *
 * '#' starts a comment.  The text may hold anything; tokens point into it, and every byte of a word
 * or string is printable (strings: or a tab).
 */
#ifndef HV_VM_CONFIG_TOKEN_H
#define HV_VM_CONFIG_TOKEN_H

#include "hv/lib/types.h"

enum token_kind {
	TOKEN_END,
	TOKEN_LINE,
	TOKEN_WORD,
	TOKEN_STRING,	/* @text: between the quotes, escapes as written */
	TOKEN_UNCLOSED, /* a string that does not end on its line */
	TOKEN_SIGN,
	TOKEN_BYTE /* what belongs to no token */
};

struct token {
	enum token_kind kind;
	const char *text;
	size_t length;
	u32 line;
};

struct token_reader {
	const char *at, *end;
	u32 line;
	struct token token; /* the one being looked at */
};

/* Start on @size bytes at @text and look at the first token. */
void token_start(struct token_reader *r, const char *text, size_t size);
/* Step to the next token; TOKEN_END stays for ever.  @value: it is the value of a setting. */
void token_next(struct token_reader *r, bool value);
bool token_is_word(const struct token *token, const char *word);
bool token_is_sign(const struct token *token, char sign);

/* How a message names the token; text as long as @to or constant. */
#define TOKEN_SHOWN 48
const char *token_show(const struct token *token, char to[TOKEN_SHOWN]);

#endif
