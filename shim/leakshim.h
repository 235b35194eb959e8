/* SPDX-License-Identifier: MIT */
#ifndef LEAKSHIM_H
#define LEAKSHIM_H
/*
 * What a program may say to leakshim by hand. The declarations are weak: a program built with this
 * header needs no library, and without libleakshim.so in LD_PRELOAD each call is one test of a pointer.
 *
 * Any thread, any time after main has begun; not in a signal handler.
 */
#ifdef __cplusplus
extern "C" {
#endif

/* The shim's own name for the call below; 0 when it is not loaded. */
extern void leakshim_ignore(const void *block) __attribute__((weak));

/*
 * The block that `block` points to (its start, as malloc gave it) is meant to live until the
 * end: it, and what only it leads to, is no leak. It is counted as "ignored". Nothing happens for a
 * pointer that is not followed. errno is kept.
 */
static inline void leakshim_mark_ignored(const void *block)
{
	if (leakshim_ignore)
		leakshim_ignore(block);
}

#ifdef __cplusplus
}
#endif
#endif
