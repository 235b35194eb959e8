/* SPDX-License-Identifier: MIT */
/* Writing JSON: see json.h. */
#include "json.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <yajl/yajl_gen.h>

struct json {
	yajl_gen gen;
	char spaces[9];
};

static void print(void *to, const char *text, size_t size)
{
	fwrite(text, 1, size, to);
}

struct json *json_open(FILE *to, unsigned indent)
{
	struct json *j = calloc(1, sizeof(*j));

	if (!j || !(j->gen = yajl_gen_alloc(NULL)))
		abort();
	memset(j->spaces, ' ', indent < 8 ? indent : 8);
	yajl_gen_config(j->gen, yajl_gen_beautify, indent != 0);
	yajl_gen_config(j->gen, yajl_gen_indent_string, j->spaces);
	yajl_gen_config(j->gen, yajl_gen_print_callback, print, to);
	return j;
}

void json_close(struct json *j)
{
	yajl_gen_free(j->gen);
	free(j);
}

void json_object(struct json *j)
{
	yajl_gen_map_open(j->gen);
}

void json_object_end(struct json *j)
{
	yajl_gen_map_close(j->gen);
}

void json_array(struct json *j)
{
	yajl_gen_array_open(j->gen);
}

void json_array_end(struct json *j)
{
	yajl_gen_array_close(j->gen);
}

void json_text(struct json *j, const char *text)
{
	if (text)
		yajl_gen_string(j->gen, (const unsigned char *)text, strlen(text));
	else
		json_null(j);
}

void json_key(struct json *j, const char *key)
{
	json_text(j, key);
}

void json_integer(struct json *j, long long number)
{
	yajl_gen_integer(j->gen, number);
}

void json_null(struct json *j)
{
	yajl_gen_null(j->gen);
}

void json_put_object(struct json *j, const char *key)
{
	json_key(j, key);
	json_object(j);
}

void json_put_array(struct json *j, const char *key)
{
	json_key(j, key);
	json_array(j);
}

void json_put_text(struct json *j, const char *key, const char *text)
{
	json_key(j, key);
	json_text(j, text);
}

void json_put_number(struct json *j, const char *key, double number)
{
	char text[32];

	json_key(j, key);
	snprintf(text, sizeof(text), "%.0f", number);
	yajl_gen_number(j->gen, text, strlen(text));
}

void json_put_integer(struct json *j, const char *key, long long number)
{
	json_key(j, key);
	json_integer(j, number);
}

void json_put_real(struct json *j, const char *key, double number)
{
	json_key(j, key);
	if (isfinite(number))
		yajl_gen_double(j->gen, number);
	else
		json_null(j);
}

void json_put_seconds(struct json *j, const char *key, uint64_t us)
{
	char text[48];

	json_key(j, key);
	snprintf(text, sizeof(text), "%" PRIu64 ".%06" PRIu64, us / 1000000, us % 1000000);
	yajl_gen_number(j->gen, text, strlen(text));
}

void json_put_hex(struct json *j, const char *key, uint64_t number)
{
	char text[24];

	snprintf(text, sizeof(text), "0x%" PRIx64, number);
	json_put_text(j, key, text);
}

void json_put_bool(struct json *j, const char *key, bool value)
{
	json_key(j, key);
	yajl_gen_bool(j->gen, value);
}

void json_put_null(struct json *j, const char *key)
{
	json_key(j, key);
	json_null(j);
}
