/* SPDX-License-Identifier: MIT */
/* answer: never-released|error-path; in trim_start; at the lines between the marks */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum kind { INVALID, FALSE_VALUE, TRUE_VALUE, NUMBER, TEXT };
struct text { int references; char bytes[40]; };
struct value { long kind; struct text *text; };

static struct value text_value(const char *bytes)
{
	struct text *t = calloc(1, sizeof(*t));

	t->references = 1;
	snprintf(t->bytes, sizeof(t->bytes), "%s", bytes);
	return (struct value){ TEXT, t };
}

static __attribute__((noinline)) struct value error_value(const char *what)
{
	struct text *t = calloc(1, sizeof(*t));

	t->references = 1;
	snprintf(t->bytes, sizeof(t->bytes), "error: %s", what);
	return (struct value){ INVALID, t };
}

static struct value keep(struct value v)
{
	if (v.text)
		v.text->references++;
	return v;
}

static __attribute__((noinline)) void value_free(struct value v)
{
	switch (v.kind) {
	case TEXT:
	case INVALID:
		if (v.text && --v.text->references == 0)
			free(v.text);
		break;
	default:
		break;
	}
}

static __attribute__((noinline)) struct value starts_with(struct value all, struct value start)
{
	int is_start;

	if (all.kind != TEXT || start.kind != TEXT) {
		value_free(all);
		value_free(start);
		return error_value("starts_with needs texts");
	}
	is_start = !strncmp(all.text->bytes, start.text->bytes, strlen(start.text->bytes));
	value_free(all);
	value_free(start);
	return (struct value){ is_start ? TRUE_VALUE : FALSE_VALUE, NULL };
}

static __attribute__((noinline)) struct value trim_start(struct value all, struct value start)
{
#ifdef FAULT
	if (starts_with(keep(all), keep(start)).kind != TRUE_VALUE) { /* <<< */
		value_free(start);
		return all;
	} /* >>> */
#else
	struct value is_start = starts_with(keep(all), keep(start));

	if (is_start.kind != TRUE_VALUE) {
		value_free(is_start);
		value_free(start);
		return all;
	}
#endif
	struct value rest = text_value(all.text->bytes + strlen(start.text->bytes));

	value_free(all);
	value_free(start);
	return rest;
}

int main(void)
{
	unsigned sum = 0;

	for (int i = 0; i < 30; i++) {
		struct value start = i % 3 ? text_value("ab") : (struct value){ NUMBER, NULL };
		struct value v = trim_start(text_value(i % 2 ? "abcdef" : "uvwxyz"), start);

		sum += strlen(v.text->bytes);
		value_free(v);
	}
	printf("%u\n", sum);
	return 0;
}
