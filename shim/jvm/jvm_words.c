/* SPDX-License-Identifier: MIT */
/* Names of classes, methods, threads and calls come again and again: each is one text of the trace. */
#include <string.h>

#include "jvm_private.h"
#include "thread.h"
#include "rules.h"

#define WORDS (1u << 17)

/* Zeroed in a fork child, as the trace is another one there. */
static struct words {
	uint32_t lock, used;
	uint64_t entry[WORDS]; /* hash << 32 | TEXT index */
} *words;

static uint32_t hash_of(const char *text, size_t size)
{
	uint64_t hash = 0xcbf29ce484222325ull;

	for (size_t i = 0; i < size; i++)
		hash = (hash ^ (unsigned char)text[i]) * 0x100000001b3ull;
	return (uint32_t)(hash ^ hash >> 32);
}

const char *words_at(uint32_t text)
{
	return (const char *)state.areas[TRACE_AREA_TEXT].chunk[text >> AREA_SHIFT_TEXT] +
	       (text & ((1u << AREA_SHIFT_TEXT) - 1));
}

static uint32_t find(const char *text, size_t size, uint32_t hash, uint32_t *place)
{
	for (uint32_t i = hash;; i++) {
		uint64_t e = __atomic_load_n(&words->entry[i & (WORDS - 1)], __ATOMIC_ACQUIRE);

		*place = i & (WORDS - 1);
		if (!e)
			return 0;
		if ((uint32_t)(e >> 32) == hash && !memcmp(words_at((uint32_t)e), text, size) && !words_at((uint32_t)e)[size])
			return (uint32_t)e;
	}
}

static int prepare(void)
{
	static uint32_t lock;

	if (words)
		return 1;
	state_lock(&lock);
	if (!words)
		words = area_private(sizeof *words, 1);
	state_unlock(&lock);
	return words != 0;
}

uint32_t words_text(const char *text, size_t size)
{
	struct thread *t = thread_enter((uintptr_t)__builtin_frame_address(0), 0);
	uint32_t place, found = 0;

	if (!t)
		return 0;
	if (size > 1023)
		size = 1023;
	if (size && prepare()) {
		uint32_t hash = hash_of(text, size);

		found = find(text, size, hash, &place);
		if (!found) {
			state_lock(&words->lock);
			found = find(text, size, hash, &place);
			if (!found && words->used < WORDS / 4 * 3 && (found = area_text(text, size))) {
				words->used++;
				__atomic_store_n(&words->entry[place], (uint64_t)hash << 32 | found, __ATOMIC_RELEASE);
			}
			state_unlock(&words->lock);
		}
	}
	thread_leave(t);
	return found;
}
