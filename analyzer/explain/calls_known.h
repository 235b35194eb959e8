/* SPDX-License-Identifier: MIT */
#ifndef LEAKSHIM_CALLS_KNOWN_H
#define LEAKSHIM_CALLS_KNOWN_H
/*
 * What functions of libc and the C++ library do to a block that they get. All others of them borrow it.
 */
#include <stdbool.h>

enum effect {
	EFFECT_BORROW,
	EFFECT_FREE,	/* the first argument */
	EFFECT_RESIZE,	/* realloc */
	EFFECT_MAKE,	/* gives back a new block */
	EFFECT_SAME,	/* gives back its first argument */
	EFFECT_STOP,	/* the process ends */
	EFFECT_THREAD_ENDS,
	EFFECT_THROW,
	EFFECT_JUMP,
	EFFECT_RUN,	/* pthread_create: third argument with the fourth */
	EFFECT_RETAIN,	/* counts the first argument up, and gives it back */
	EFFECT_RELEASE, /* counts it down, and lets it go at nothing */
	EFFECT_HAND_OVER, /* another argument than the first belongs to what is behind the first */
	EFFECT_STORE,	/* the block may be put into what others can reach */
	EFFECT_CLEAR,	/* lets go what lies where the first argument points, and clears that */
	EFFECT_LINK,	/* what the first argument leads to is kept, say as a node of a list */
	EFFECT_KEEP	/* pthread_setspecific: the second argument belongs to the thread */
};

/* `name`: linker name; 0 is nobody. */
enum effect calls_effect(const char *name);

/* Where a function leaves the block that it makes: 0 what it returns, 1 where its first argument points, and so on. */
unsigned calls_delivery(const char *name);
#endif
