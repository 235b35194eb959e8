/* SPDX-License-Identifier: MIT */
#ifndef LEAKSHIM_NUMBERS_H
#define LEAKSHIM_NUMBERS_H
/*
 * Texts -> numbers in the order in which they were first met, for formats that tell a thing once and name it by its
 * number from then on. Begin with {0}, or with another first number in `next`.
 */
#include <stdbool.h>
#include <stdint.h>

struct numbers {
	struct number *known;
	uint64_t next;
};

/* The number of a text; *is_new: it got one just now. */
uint64_t numbers_of(struct numbers *n, const char *text, bool *is_new);

/* Forgets all. */
void numbers_drop(struct numbers *n);
#endif
