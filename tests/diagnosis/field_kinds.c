/* SPDX-License-Identifier: MIT */
/* answer: error-path; in set_field; at the lines between the marks */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
enum kind { KIND_TEXT, KIND_HEX, KIND_QUOTED, KIND_UPPER, KIND_NUMBER, KIND_FLAG, KIND_NONE, KIND_REST };
struct record {
	char value[24];
	int is_set, is_number;
};
static char *unhex(const char *text)
{
	size_t n = strlen(text) / 2;
	char *out = malloc(n + 1);
	for (size_t i = 0; i < n; i++) {
		unsigned c = 0;
		sscanf(text + 2 * i, "%2x", &c);
		out[i] = (char)c;
	}
	out[n] = 0;
	return out;
}
static char *unquote(const char *text)
{
	char *out = malloc(strlen(text) + 1), *to = out;
	for (; *text; text++)
		if (*text != '"')
			*to++ = *text;
	*to = 0;
	return out;
}
static int set_field(struct record *r, enum kind kind, const char *text)
{
	char *own = NULL;
	const char *value = text;
	switch (kind) {
	case KIND_HEX:
		own = unhex(text);
		value = own;
		break;
	case KIND_QUOTED:
		own = unquote(text);
		value = own;
		break;
	case KIND_UPPER:
		own = strdup(text);
		for (char *c = own; *c; c++)
			*c = (char)toupper((unsigned char)*c);
		value = own;
		break;
	case KIND_NUMBER:
		r->is_number = atoi(text) != 0;
		break;
	case KIND_FLAG:
		value = *text == 'y' ? "yes" : "no";
		break;
	case KIND_NONE:
		value = "";
		break;
	case KIND_REST:
		value = strchr(text, ':') ? strchr(text, ':') + 1 : text;
		break;
	case KIND_TEXT:
		break;
	}
	if (strlen(value) >= sizeof(r->value)) {
		fprintf(stderr, "too long: %s\n", value); /* <<< */
#ifndef FAULT
		free(own);
#endif
		return -1;
	} /* >>> */
	strcpy(r->value, value);
	r->is_set = 1;
	free(own);
	return 0;
}
int main(void)
{
	static const char *const texts[] = { "68656c6c6f", "\"a \"quoted\" one\"", "upper", "12", "yes", "a:rest" };
	struct record records[8];
	int bad = 0;
	memset(records, 0, sizeof(records));
	for (int i = 0; i < 48; i++)
		bad += set_field(&records[i % 8], (enum kind)(i % 8), texts[i % 6]) != 0;
	for (int i = 0; i < 4; i++)
		bad += set_field(&records[i], KIND_QUOTED, "\"this one is much too long for what is kept of it\"") != 0;
	printf("%d of them\n", bad < 0 ? -bad : bad);
	return 0;
}
