/* SPDX-License-Identifier: MIT */
#ifndef LEAKSHIM_CONTAINERS_H
#define LEAKSHIM_CONTAINERS_H
/*
 * Which part of a block a container of the C++ library uses: what it has given up still has the addresses of what was there.
 *
 * std::vector leads to its elements by three words: where they begin, where those in use end, where the room ends.
 * std::deque does by two iterators of four words, each of which says where it stands in its piece and where that begins and
 * ends. libstdc++ and libc++ agree on the vector; the deque is libstdc++'s.
 *
 * Context: any; nothing is read but the words given.
 */
#include <stdint.h>

enum container_kind {
	CONTAINER_NONE,
	CONTAINER_VECTOR,
	CONTAINER_DEQUE,      /* its elements begin in the block */
	CONTAINER_DEQUE_END   /* they only end there */
};

/* What do words say that lie `count` long, `before` of them before the one that leads to a block's beginning? */
enum container_kind containers_kind(const uintptr_t *word, uint64_t before, uint64_t count, uint64_t size);

/* How many words from the one before that on say which part of the block is in use. */
#define CONTAINER_WORDS 8u
uint32_t containers_words(enum container_kind kind);

/* [*low, *high) of a block is, by these words. Returns 0, or -1: it is no such container any more. */
int containers_used(const uintptr_t words[CONTAINER_WORDS], enum container_kind kind, uintptr_t block, uint64_t size, uintptr_t *low,
		    uintptr_t *high);
#endif
