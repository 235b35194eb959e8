/* SPDX-License-Identifier: MIT */
#ifndef LEAKSHIM_POOL_H
#define LEAKSHIM_POOL_H
/*
 * Memory that is all given back at once. Whatever a report is made of (model, symbols,
 * diagnosis) lives in one pool, so no part of it is ever freed by hand.
 * pool_take never returns 0: without memory the program says so and ends with status 2.
 */
#include <stddef.h>

struct pool {
	struct pool_piece *pieces;
};

/* Zeroed memory, aligned for any type. */
void *pool_take(struct pool *p, size_t size);

/* Zeroed array; checks the product. */
void *pool_array(struct pool *p, size_t count, size_t size);

char *pool_text(struct pool *p, const char *text);
char *pool_text_n(struct pool *p, const char *text, size_t size);
char *pool_print(struct pool *p, const char *format, ...) __attribute__((format(printf, 2, 3), nonnull(2)));
void pool_drop(struct pool *p);

/* For arrays that grow and are freed by hand: realloc that does not fail. */
void *pool_regrow(void *old, size_t count, size_t size);
#endif
