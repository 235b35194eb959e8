/* SPDX-License-Identifier: MIT */
/* Groups that are told with another one: see text_fold.h. */
#include "text_fold.h"

#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "own.h"
#include "symbols.h"
#include "text_stack.h"
#include "words.h"

struct fold {
	uint64_t key; /* 0: it stands for itself only */
	bool is_hidden, is_estimate;
	uint32_t groups;
	double count, bytes;
	UT_hash_handle hh;
};

static uint64_t hash_text(uint64_t hash, const char *text)
{
	return text ? symbols_hash(hash, text, strlen(text) + 1) : hash;
}

/* Who called it, up to main. */
static uint64_t hash_callers(uint64_t hash, const struct stack *stack, unsigned from)
{
	for (unsigned i = from; i < stack->depth; i++) {
		hash = symbols_hash(hash, &stack->places[i]->offset, sizeof(stack->places[i]->offset));
		hash = hash_text(hash, stack->places[i]->module ? stack->places[i]->module->path : NULL);
	}
	return hash;
}

static uint64_t hash_missing(uint64_t hash, const struct missing_release *missing)
{
	hash = hash_text(hash_text(symbols_hash(hash, &missing->line, sizeof(missing->line)), missing->function), missing->file);
	return missing->line ? hash : symbols_hash(hash, &missing->offset, sizeof(missing->offset));
}

static uint64_t key_of(const struct leak *leak)
{
	struct own own = own_frame(&leak->stack);
	const struct missing_release *missing = leak->explanation ? leak->explanation->missing : NULL;
	unsigned what[] = { leak->class, leak->cause };
	uint64_t hash = symbols_hash(1, what, sizeof(what));

	if (!own.frame || !own.frame->function || leak->cause == CAUSE_UNKNOWN || leak->resource)
		return 0;
	hash = hash_callers(hash_text(hash, own.frame->function), &leak->stack, missing ? own.depth + 1 : own.depth);
	return missing ? hash_missing(hash, missing) : hash;
}

struct fold *text_fold(const struct diagnosis *d, uint32_t count)
{
	struct fold *folds = pool_regrow(NULL, count + 1u, sizeof(*folds)), *first, *by_key = NULL;

	memset(folds, 0, (count + 1u) * sizeof(*folds));
	for (uint32_t i = 0; i < count; i++) {
		const struct leak *leak = &d->leaks[i];

		folds[i].key = key_of(leak);
		if (!folds[i].key)
			continue;
		HASH_FIND(hh, by_key, &folds[i].key, sizeof(folds[i].key), first);
		if (!first) {
			HASH_ADD(hh, by_key, key, sizeof(folds[i].key), &folds[i]);
			continue;
		}
		folds[i].is_hidden = true;
		first->groups++;
		first->count += leak->count;
		first->bytes += leak->bytes;
		first->is_estimate |= leak->is_estimate;
	}
	HASH_CLEAR(hh, by_key);
	return folds;
}

bool text_fold_is_hidden(const struct fold *folds, uint32_t leak)
{
	return folds && folds[leak].is_hidden;
}

void text_fold_print(FILE *to, const struct diagnosis *d, const struct fold *folds, uint32_t leak)
{
	const struct fold *f = folds ? &folds[leak] : NULL;
	char a[WORDS_SIZE], b[WORDS_SIZE];

	if (!f || !f->groups)
		return;
	fprintf(to, "... %s more %s below ", words_number(a, f->groups, false), f->groups == 1 ? "group" : "groups");
	text_stack_function(to, own_frame(&d->leaks[leak].stack).frame->function);
	fprintf(to, " %s the same cause: ", f->groups == 1 ? "has" : "have");
	fprintf(to, "%s %s, %s (--full shows %s)\n\n", words_number(a, f->count, f->is_estimate), f->count < 1.5 ? "block" : "blocks",
		words_sum(b, f->bytes, f->is_estimate, d->leaks[leak].resource), f->groups == 1 ? "it" : "them");
}
