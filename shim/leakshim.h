/* SPDX-License-Identifier: MIT */
#ifndef LEAKSHIM_H
#define LEAKSHIM_H
/*
 * What a program may say to leakshim by hand. The functions are weak: a program built with this header
 * needs no library, and without libleakshim.so in LD_PRELOAD each call is one test of a pointer.
 *
 * Any thread, any time after main has begun. A call from a signal handler that interrupted leakshim's own
 * work is dropped. errno is kept. Nothing is kept of what a pointer leads to; names and hints are copied
 * into the trace, their first 255 bytes.
 *
 * At the levels simple and advanced a sample of the objects is followed, at disabled none; hints and
 * operations are kept from advanced on.
 */
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * A counted object begins, with a count of 1. `type` is the name it has in reports; the program may use
 * 62 different ones, what comes later is called "object". `size` in bytes, 0: unknown. The object may
 * be a block of malloc's (then both are one in the report), lie inside of one, or anywhere else. If its
 * block is freed, it ends with it; that is a mistake while its count is above 1.
 */
extern void leakshim_track(const void *object, const char *type, size_t size) __attribute__((weak));

/* The count of a tracked object rises by 1. Unknown objects, and those that a probe file counts, are
 * left alone. */
extern void leakshim_retain(const void *object) __attribute__((weak));

/* The count falls by 1; at 0 the object ends. A release or retain after that is reported, with the stack
 * of the end, until the address is tracked again. */
extern void leakshim_release(const void *object) __attribute__((weak));

/*
 * The object passes here: kept as an access record, also for objects of libraries that a probe file
 * counts. `hint` says in a few words what happens to it, or 0; it is shown with the record. Use
 * constant texts: the first 254 different ones are kept, and equal accesses are merged into one record.
 */
extern void leakshim_touch(const void *object, const char *hint) __attribute__((weak));

/*
 * What this thread allocates or tracks from here to the end of the scope is reported with its name.
 * Scopes nest, 32 deep; a thread made in a scope begins outside of it, a fork child too. A name stands for
 * a kind of work, not for one piece of it: 1,024 different ones are kept, beyond them the scope around
 * counts.
 */
extern void leakshim_scope_begin(const char *name) __attribute__((weak));
extern void leakshim_scope_end(void) __attribute__((weak));

/*
 * The block that `block` points to (its start, as malloc gave it) is meant to live until the
 * end: it, and what only it leads to, is no leak. It is counted as "ignored". Nothing happens for a
 * pointer that is not followed.
 */
extern void leakshim_ignore(const void *block) __attribute__((weak));

#define leakshim_track(object, type, size) (leakshim_track ? leakshim_track(object, type, size) : (void)0)
#define leakshim_retain(object) (leakshim_retain ? leakshim_retain(object) : (void)0)
#define leakshim_release(object) (leakshim_release ? leakshim_release(object) : (void)0)
#define leakshim_touch(object, hint) (leakshim_touch ? leakshim_touch(object, hint) : (void)0)
#define leakshim_scope_begin(name) (leakshim_scope_begin ? leakshim_scope_begin(name) : (void)0)
#define leakshim_scope_end() (leakshim_scope_end ? leakshim_scope_end() : (void)0)
#define leakshim_ignore(block) (leakshim_ignore ? leakshim_ignore(block) : (void)0)

/* The former name of leakshim_ignore. */
static inline void leakshim_mark_ignored(const void *block)
{
	leakshim_ignore(block);
}

#ifdef __cplusplus
}
#endif
#endif
