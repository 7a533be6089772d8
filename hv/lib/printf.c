/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Implementation of printf.h.  A conversion is parsed into a struct spec, rendered into a small
 * buffer, and padded by one function that knows sign, prefix, precision and width; C11 7.21.6.1
 * says how these interact.
 */
#include "hv/lib/printf.h"

#include "hv/lib/math64.h"
#include "hv/lib/string.h"

struct sink {
	char *to;
	size_t size;
	size_t length; /* of the whole text, also what did not fit */
};

struct spec {
	bool left, zero, alternate, plus, space;
	int width;
	int precision; /* -1: none */
	int length;    /* bytes of an integer argument: 1, 2, 4, 8 */
	char conversion;
};

#define DIGITS_MAX 22 /* 2^64 in octal */

static void emit(struct sink *sink, char c)
{
	if (sink->length + 1 < sink->size)
		sink->to[sink->length] = c;
	sink->length++;
}

static void emit_repeated(struct sink *sink, char c, int count)
{
	while (count-- > 0)
		emit(sink, c);
}

static void emit_text(struct sink *sink, const char *text, int length)
{
	for (int i = 0; i < length; i++)
		emit(sink, text[i]);
}

static const char *parse_flags(const char *f, struct spec *spec)
{
	for (;; f++) {
		switch (*f) {
		case '-':
			spec->left = true;
			break;
		case '0':
			spec->zero = true;
			break;
		case '#':
			spec->alternate = true;
			break;
		case '+':
			spec->plus = true;
			break;
		case ' ':
			spec->space = true;
			break;
		default:
			return f;
		}
	}
}

/* A number or '*'. */
static const char *parse_number(const char *f, int *number, va_list *args)
{
	if (*f == '*') {
		*number = va_arg(*args, int);
		return f + 1;
	}
	for (*number = 0; *f >= '0' && *f <= '9'; f++)
		*number = *number * 10 + (*f - '0');
	return f;
}

static const char *parse_length(const char *f, struct spec *spec)
{
	spec->length = sizeof(int);
	if (*f == 'z') {
		spec->length = sizeof(size_t);
		return f + 1;
	}
	if (*f == 'l') {
		bool twice = f[1] == 'l';

		spec->length = twice ? sizeof(long long) : sizeof(long);
		return f + 1 + twice;
	}
	if (*f == 'h') {
		bool twice = f[1] == 'h';

		spec->length = twice ? 1 : 2;
		return f + 1 + twice;
	}
	return f;
}

static const char *parse_spec(const char *f, struct spec *spec, va_list *args)
{
	*spec = (struct spec){ .precision = -1 };
	f = parse_flags(f, spec);
	f = parse_number(f, &spec->width, args);
	if (spec->width < 0) {
		spec->left = true;
		spec->width = -spec->width;
	}
	if (*f == '.') {
		f = parse_number(f + 1, &spec->precision, args);
		if (spec->precision < 0)
			spec->precision = -1;
	}
	f = parse_length(f, spec);
	spec->conversion = *f;
	return *f ? f + 1 : f;
}

static u64 unsigned_argument(const struct spec *spec, va_list *args)
{
	u64 value = spec->length == 8 ? va_arg(*args, u64) : va_arg(*args, u32);

	return spec->length < 4 ? value & (BIT(8 * spec->length) - 1) : value;
}

static s64 signed_argument(const struct spec *spec, va_list *args)
{
	s64 value = spec->length == 8 ? va_arg(*args, s64) : va_arg(*args, s32);

	if (spec->length == 1)
		return (s8)value;
	return spec->length == 2 ? (s16)value : value;
}

/* Digits of @value before @end; returns the first. */
static char *render(char *end, u64 value, u32 base, bool upper)
{
	const char *digits = upper ? "0123456789ABCDEF" : "0123456789abcdef";
	u32 digit;

	while (value) {
		value = div64_u32(value, base, &digit);
		*--end = digits[digit];
	}
	return end;
}

static void format_integer(struct sink *sink, const struct spec *spec, u64 value, u32 base,
			   const char *prefix)
{
	char buffer[DIGITS_MAX];
	char *end = buffer + sizeof(buffer);
	char *first = render(end, value, base, spec->conversion == 'X');
	int digits = (int)(end - first);
	int zeros = MAX((spec->precision < 0 ? 1 : spec->precision) - digits, 0);
	int prefix_length = (int)strlen(prefix);
	int pad;

	if (base == 8 && spec->alternate && !zeros && (!digits || *first != '0'))
		zeros = 1;
	pad = MAX(spec->width - prefix_length - zeros - digits, 0);
	if (spec->zero && !spec->left && spec->precision < 0) {
		zeros += pad;
		pad = 0;
	}
	if (!spec->left)
		emit_repeated(sink, ' ', pad);
	emit_text(sink, prefix, prefix_length);
	emit_repeated(sink, '0', zeros);
	emit_text(sink, first, digits);
	if (spec->left)
		emit_repeated(sink, ' ', pad);
}

static void format_signed(struct sink *sink, const struct spec *spec, s64 value)
{
	const char *sign = value < 0 ? "-" : spec->plus ? "+" : spec->space ? " " : "";

	format_integer(sink, spec, value < 0 ? 0 - (u64)value : (u64)value, 10, sign);
}

static void format_hex(struct sink *sink, const struct spec *spec, u64 value)
{
	const char *prefix = spec->conversion == 'X' ? "0X" : "0x";

	format_integer(sink, spec, value, 16, spec->alternate && value ? prefix : "");
}

static void format_pointer(struct sink *sink, struct spec *spec, const void *pointer)
{
	spec->alternate = true;
	spec->conversion = 'x';
	if (!pointer) /* as the host's C library says it */
		emit_text(sink, "(nil)", 5);
	else
		format_hex(sink, spec, (uintptr_t)pointer);
}

static void format_text(struct sink *sink, const struct spec *spec, const char *text, int length)
{
	if (!spec->left)
		emit_repeated(sink, ' ', spec->width - length);
	emit_text(sink, text, length);
	if (spec->left)
		emit_repeated(sink, ' ', spec->width - length);
}

static void format_string(struct sink *sink, const struct spec *spec, const char *text)
{
	int length = 0;

	if (!text)
		text = "(null)";
	while ((spec->precision < 0 || length < spec->precision) && text[length])
		length++;
	format_text(sink, spec, text, length);
}

static void format_one(struct sink *sink, struct spec *spec, va_list *args)
{
	char c;

	switch (spec->conversion) {
	case 'd':
	case 'i':
		format_signed(sink, spec, signed_argument(spec, args));
		break;
	case 'u':
		format_integer(sink, spec, unsigned_argument(spec, args), 10, "");
		break;
	case 'o':
		format_integer(sink, spec, unsigned_argument(spec, args), 8, "");
		break;
	case 'x':
	case 'X':
		format_hex(sink, spec, unsigned_argument(spec, args));
		break;
	case 'p':
		format_pointer(sink, spec, va_arg(*args, void *));
		break;
	case 's':
		format_string(sink, spec, va_arg(*args, const char *));
		break;
	case 'c':
		c = (char)va_arg(*args, int);
		format_text(sink, spec, &c, 1);
		break;
	case '%':
		emit(sink, '%');
		break;
	default: /* show what we do not know rather than guess at the arguments */
		emit(sink, '%');
		if (spec->conversion)
			emit(sink, spec->conversion);
	}
}

int hv_vsnprintf(char *to, size_t size, const char *format, va_list args)
{
	struct sink sink = { to, size, 0 };
	struct spec spec;
	va_list rest;

	va_copy(rest, args); /* an array type on some ABIs: only a copy has an address we can pass */
	while (*format) {
		if (*format != '%') {
			emit(&sink, *format++);
			continue;
		}
		format = parse_spec(format + 1, &spec, &rest);
		format_one(&sink, &spec, &rest);
	}
	va_end(rest);
	if (size)
		to[MIN(sink.length, size - 1)] = 0;
	return (int)sink.length;
}

int hv_snprintf(char *to, size_t size, const char *format, ...)
{
	va_list args;
	int length;

	va_start(args, format);
	length = hv_vsnprintf(to, size, format, args);
	va_end(args);
	return length;
}
