/* SPDX-License-Identifier: MIT */
/* Texts -> numbers: see numbers.h. */
#include "numbers.h"

#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "pool.h"

struct number {
	char *text;
	uint64_t number;
	UT_hash_handle hh;
};

uint64_t numbers_of(struct numbers *n, const char *text, bool *is_new)
{
	struct number *k;

	HASH_FIND_STR(n->known, text, k);
	*is_new = !k;
	if (k)
		return k->number;
	k = pool_regrow(NULL, 1, sizeof(*k));
	memset(k, 0, sizeof(*k));
	k->text = strdup(text);
	if (!k->text)
		abort();
	k->number = n->next++;
	HASH_ADD_KEYPTR(hh, n->known, k->text, strlen(k->text), k);
	return k->number;
}

void numbers_drop(struct numbers *n)
{
	struct number *k, *next;

	HASH_ITER(hh, n->known, k, next) {
		HASH_DEL(n->known, k);
		free(k->text);
		free(k);
	}
}
