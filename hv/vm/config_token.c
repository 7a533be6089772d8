/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Cutting romulus.conf into tokens.  config_token.h says what they are.  One pass, no look-ahead
 * but one character, no copy: each byte of the text is visited once.
 */
#include "hv/vm/config_token.h"

#include "hv/lib/printf.h"
#include "hv/lib/string.h"

static bool is_printable(char c)
{
	return (u8)c >= ' ' && c != 0x7f;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

static bool is_sign(char c)
{
	return c == '=' || c == '{' || c == '}';
}

static bool in_word(char c, bool value)
{
	return is_printable(c) && c != ' ' && c != '#' && c != '"' &&
	       (!is_sign(c) || (value && c == '='));
}

static void skip_blanks(struct token_reader *r)
{
	while (r->at < r->end && is_blank(*r->at))
		r->at++;
	if (r->at < r->end && *r->at == '#')
		while (r->at < r->end && *r->at != '\n')
			r->at++;
}

/* r->at is behind the opening quote.  A string that TOKEN_STRING stands for never ends in an
 * escape without its character. */
static void scan_string(struct token_reader *r)
{
	struct token *token = &r->token;

	token->text = r->at;
	while (r->at < r->end && *r->at != '"') {
		if (*r->at == '\\' && r->end - r->at > 1 && r->at[1] != '\n')
			r->at++;
		if (*r->at != '\t' && !is_printable(*r->at))
			break;
		r->at++;
	}
	token->length = (size_t)(r->at - token->text);
	token->kind = TOKEN_UNCLOSED;
	if (r->at < r->end && *r->at == '"') {
		token->kind = TOKEN_STRING;
		r->at++;
	}
}

static void scan_word(struct token_reader *r, bool value)
{
	while (r->at < r->end && in_word(*r->at, value))
		r->at++;
	r->token.kind = TOKEN_WORD;
	r->token.length = (size_t)(r->at - r->token.text);
}

void token_next(struct token_reader *r, bool value)
{
	skip_blanks(r);
	r->token = (struct token){ TOKEN_END, r->at, 1, r->line };
	if (r->at == r->end)
		return;
	if (*r->at == '\n') {
		r->token.kind = TOKEN_LINE;
		r->line++;
		r->at++;
	} else if (*r->at == '"') {
		r->at++;
		scan_string(r);
	} else if (in_word(*r->at, value)) {
		scan_word(r, value);
	} else {
		r->token.kind = is_sign(*r->at) ? TOKEN_SIGN : TOKEN_BYTE;
		r->at++;
	}
}

void token_start(struct token_reader *r, const char *text, size_t size)
{
	r->at = text;
	r->end = text + size;
	r->line = 1;
	token_next(r, false);
}

bool token_is_word(const struct token *token, const char *word)
{
	return token->kind == TOKEN_WORD && token->length == strlen(word) &&
	       memcmp(token->text, word, token->length) == 0;
}

bool token_is_sign(const struct token *token, char sign)
{
	return token->kind == TOKEN_SIGN && *token->text == sign;
}

const char *token_show(const struct token *token, char to[TOKEN_SHOWN])
{
	size_t length = MIN(token->length, (size_t)40);

	switch (token->kind) {
	case TOKEN_END:
		return "the end of the file";
	case TOKEN_LINE:
		return "the end of the line";
	case TOKEN_UNCLOSED:
		return "a string without its closing quote";
	case TOKEN_BYTE:
		hv_snprintf(to, TOKEN_SHOWN, "byte 0x%02x", (u8)*token->text);
		return to;
	default:
		hv_snprintf(to, TOKEN_SHOWN, "'%.*s'%s", (int)length, token->text,
			    length < token->length ? "..." : "");
		return to;
	}
}
