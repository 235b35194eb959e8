/* SPDX-License-Identifier: MIT */
/* answer: error-path; in tlv_decode; at the lines between the marks */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct tlv {
	uint8_t type;
	uint16_t len;
	uint8_t *value;
	struct tlv *next;
};

struct reader {
	const uint8_t *p, *end;
};

static int get_u8(struct reader *r, uint8_t *out)
{
	if (r->p == r->end)
		return -1;
	*out = *r->p++;
	return 0;
}

static int get_u16(struct reader *r, uint16_t *out)
{
	uint8_t hi, lo;

	if (get_u8(r, &hi) || get_u8(r, &lo))
		return -1;
	*out = (uint16_t)(hi << 8 | lo);
	return 0;
}

static int get_bytes(struct reader *r, uint8_t *out, size_t n)
{
	if ((size_t)(r->end - r->p) < n)
		return -1;
	memcpy(out, r->p, n);
	r->p += n;
	return 0;
}

static void tlv_free(struct tlv *t)
{
	struct tlv *next;

	for (; t; t = next) {
		next = t->next;
		free(t->value);
		free(t);
	}
}

static int tlv_decode(const uint8_t *buf, size_t n, struct tlv **out)
{
	struct reader r = { buf, buf + n };
	struct tlv *list = NULL, **tail = &list;

	*out = NULL;
	while (r.p < r.end) {
		struct tlv *t = calloc(1, sizeof(*t));

		*tail = t;
		tail = &t->next;
		if (get_u8(&r, &t->type) || get_u16(&r, &t->len))
			goto bad;
		if (t->type == 0x7f) { /* <<< */
#ifdef FAULT
			return -2;
#else
			tlv_free(list);
			return -2;
#endif
		} /* >>> */
		t->value = malloc(t->len ? t->len : 1);
		if (get_bytes(&r, t->value, t->len))
			goto bad;
	}
	*out = list;
	return 0;
bad:
	tlv_free(list);
	return -1;
}

int main(void)
{
	static const uint8_t fine[] = { 1, 0, 3, 'a', 'b', 'c', 2, 0, 1, 'x' };
	static const uint8_t cut[] = { 1, 0, 3, 'a', 'b', 'c', 2, 0, 9, 'x' };
	static const uint8_t odd[] = { 1, 0, 2, 'h', 'i', 0x7f, 0, 0 };
	struct tlv *list;
	int n = 0;

	for (int i = 0; i < 25; i++) {
		if (!tlv_decode(fine, sizeof(fine), &list)) {
			n += list->len;
			tlv_free(list);
		}
		n += tlv_decode(cut, sizeof(cut), &list);
		if (i % 5 == 0)
			n += tlv_decode(odd, sizeof(odd), &list);
	}
	printf("%d\n", n);
	return 0;
}
