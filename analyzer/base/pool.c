/* SPDX-License-Identifier: MIT */
/* Memory that is all given back at once: see pool.h. */
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pool.h"

#define PIECE_SIZE (256u * 1024u)

struct pool_piece {
	struct pool_piece *next;
	size_t used, size;
	_Alignas(max_align_t) unsigned char bytes[];
};

static void pool_fail(void)
{
	fputs("leakshim: out of memory: the trace is larger than this machine can read at once; "
	      "read it on a larger one\n",
	      stderr);
	exit(2);
}

static struct pool_piece *piece_make(size_t size)
{
	struct pool_piece *piece = calloc(1, sizeof(*piece) + size);

	if (!piece)
		pool_fail();
	piece->size = size;
	return piece;
}

void *pool_take(struct pool *p, size_t size)
{
	struct pool_piece *piece = p->pieces;
	void *at;

	if (size > SIZE_MAX / 2)
		pool_fail();
	size = (size + 15) & ~(size_t)15;
	if (size > PIECE_SIZE / 4) { /* a piece of its own, behind the one being filled */
		struct pool_piece *large = piece_make(size);

		large->used = size;
		large->next = piece ? piece->next : NULL;
		if (piece)
			piece->next = large;
		else
			p->pieces = large;
		return large->bytes;
	}
	if (!piece || piece->size - piece->used < size) {
		piece = piece_make(PIECE_SIZE);
		piece->next = p->pieces;
		p->pieces = piece;
	}
	at = piece->bytes + piece->used;
	piece->used += size;
	return at;
}

void *pool_array(struct pool *p, size_t count, size_t size)
{
	if (size && count > SIZE_MAX / 2 / size)
		pool_fail();
	return pool_take(p, count * size);
}

char *pool_text_n(struct pool *p, const char *text, size_t size)
{
	char *copy = pool_take(p, size + 1);

	memcpy(copy, text, size);
	return copy;
}

char *pool_text(struct pool *p, const char *text)
{
	return pool_text_n(p, text, strlen(text));
}

char *pool_print(struct pool *p, const char *format, ...)
{
	va_list list;
	char *made = NULL, *text;

	va_start(list, format);
	if (vasprintf(&made, format, list) < 0)
		pool_fail();
	va_end(list);
	text = pool_text(p, made);
	free(made);
	return text;
}

void pool_drop(struct pool *p)
{
	while (p->pieces) {
		struct pool_piece *next = p->pieces->next;

		free(p->pieces);
		p->pieces = next;
	}
}

void *pool_regrow(void *old, size_t count, size_t size)
{
	void *grown;

	if (size && count > SIZE_MAX / 2 / size)
		pool_fail();
	grown = realloc(old, count * size);
	if (!grown)
		pool_fail();
	return grown;
}
