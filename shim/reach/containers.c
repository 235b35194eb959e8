/* SPDX-License-Identifier: MIT */
/* Containers of the C++ library. See containers.h. */
#include "containers.h"

#include "rules.h"

static int is_within(uintptr_t word, uintptr_t block, uint64_t size)
{
	return word - block <= size;
}

/* Four words: where it stands, begin and end of its piece, and the piece's place in the list of all. */
static int is_iterator(const uintptr_t *first, uint64_t size)
{
	return first[1] - first[0] == size && is_within(first[-1], first[0], size) && first[2] && !(first[2] & 7);
}

enum container_kind containers_kind(const uintptr_t *word, uint64_t before, uint64_t count, uint64_t size)
{
	if (count > 2 && word[2] - word[0] == size && is_within(word[1], word[0], size))
		return CONTAINER_VECTOR;
	if (!before || count < 3 || !is_iterator(word, size))
		return CONTAINER_NONE;
	return count > 6 && is_iterator(word + 4, size) ? CONTAINER_DEQUE : CONTAINER_DEQUE_END;
}

uint32_t containers_words(enum container_kind kind)
{
	return kind == CONTAINER_DEQUE ? 8 : 4;
}

int containers_used(const uintptr_t words[CONTAINER_WORDS], enum container_kind kind, uintptr_t block, uint64_t size, uintptr_t *low,
		    uintptr_t *high)
{
	*low = block;
	*high = block + size;
	if (words[1] != block || containers_kind(words + 1, 1, containers_words(kind) - 1, size) != kind)
		return -1;
	if (kind == CONTAINER_VECTOR)
		*high = words[2];
	else if (kind == CONTAINER_DEQUE_END)
		*high = words[0];
	else
		*low = words[0];
	if (kind == CONTAINER_DEQUE && words[5] == block)
		*high = words[4];
	return 0;
}
