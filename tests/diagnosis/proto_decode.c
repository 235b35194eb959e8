/* SPDX-License-Identifier: MIT */
/* answer: error-path; in decode_message; at the lines between the marks */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
struct field { uint8_t tag; uint8_t len; uint8_t *value; };
struct message { int nfields; struct field fields[8]; };
static int read_u8(const uint8_t **p, const uint8_t *end, uint8_t *out)
{
	if (*p >= end)
		return -1;
	*out = *(*p)++;
	return 0;
}
static int decode_field(const uint8_t **p, const uint8_t *end, struct field *f)
{
	if (read_u8(p, end, &f->tag) || read_u8(p, end, &f->len))
		return -1;
	if (end - *p < f->len)
		return -1;
	f->value = malloc(f->len + 1);
	if (!f->value)
		return -1;
	memcpy(f->value, *p, f->len);
	f->value[f->len] = 0;
	*p += f->len;
	return 0;
}
static void message_clear(struct message *m)
{
	for (int i = 0; i < m->nfields; i++)
		free(m->fields[i].value);
	m->nfields = 0;
}
static int decode_message(const uint8_t *data, size_t size, struct message *m)
{
	const uint8_t *p = data, *end = data + size;
	m->nfields = 0;
	while (p < end && m->nfields < 8) {
		if (decode_field(&p, end, &m->fields[m->nfields]) < 0) {
#ifndef FAULT
			message_clear(m);
#endif
			return -1; /* <<< >>> */
		}
		m->nfields++;
	}
	return 0;
}
int main(void)
{
	int ok = 0, bad = 0, bytes = 0;
	for (int i = 0; i < 60; i++) {
		uint8_t data[] = { 1, 3, 'a', 'b', 'c', 2, 2, 'x', 'y', 3, 4, 'l', 'o', 'n', 'g' };
		struct message m;
		if (i % 12 == 7)
			data[10] = 40;
		if (decode_message(data, sizeof(data), &m) < 0) {
			bad++;
			continue;
		}
		for (int k = 0; k < m.nfields; k++)
			bytes += m.fields[k].len;
		ok++;
		message_clear(&m);
	}
	printf("%d %d %d\n", ok, bad, bytes);
	return 0;
}
