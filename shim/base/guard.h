/* SPDX-License-Identifier: MIT */
#ifndef LEAKSHIM_GUARD_H
#define LEAKSHIM_GUARD_H
/*
 * Filters of system calls (seccomp): none of our calls may be what one of them kills for.
 *
 * 1. A filter that the program installs is read before it is in force, and run by us, with the very arguments, before each
 *    call of ours from then on. What it would not let pass is not made, and fails as if the kernel had refused it.
 * 2. What cannot be read (strict mode, too long, an odd address) lets nothing of ours pass.
 * 3. Filters are the whole process's here, whatever thread they were installed for; fork children inherit them.
 * 4. A filter that was there before us cannot be read by anybody. It is known to be harmless if who started us lived
 *    under the same and has found out (LEAKSHIM_FILTERS says how many there were), or if it is that of a container
 *    engine, whose filters answer with errors; else the shim stands aside. Which is found out with calls that the loader
 *    of this very process has just made under the same filter.
 *
 * A filter installed by an instruction of the program's own is not seen; own_call in the trace then names our call that
 * was under way when it killed.
 *
 * Async-signal-safe, but for guard_before. After fork: all kept, but for guard_page.
 */
#include <stddef.h>
#include <stdint.h>

struct trace_header;

enum guard_start {
	GUARD_FREE,    /* no filter, or harmless ones */
	GUARD_UNKNOWN /* nobody knows what is killed for */
};

/* First of all at the start: nothing else may call the kernel before. */
enum guard_start guard_start(char **envp);

/* Wiped by a fork, if the kernel can (guard_wipe). */
extern union guard_page {
	struct {
		struct trace_header *header; /* where calls are noted, 0: nowhere */
	} s;
	unsigned char page[4096];
} guard_page __attribute__((visibility("hidden")));
int guard_wipe(void);

/* A call that installs a filter is about to be made. */
struct guard_attempt {
	int was_on, is_filter, is_listening;
	uint32_t filters, used, is_opaque;
};
struct guard_attempt guard_before(int is_strict, int flags, const void *program);
void guard_after(const struct guard_attempt *a, long result);

/* What will be in force. */
struct guard_future {
	uint32_t filters;
	int is_opaque;
};

/* A filter is about to be installed, and all calls can still be made. And: it was not installed
 * after all. */
extern void (*guard_tightens)(const struct guard_future *next) __attribute__((visibility("hidden")));
extern void (*guard_loosens)(void) __attribute__((visibility("hidden")));

/* A call of ours as it would be made. */
struct guard_call {
	long number, argument[6];
};
/* Would all of them be let through? With `or_refused` those that fail without being made count too. */
int guard_lets(const struct guard_call *calls, size_t count, int or_refused);
int guard_will_let(const struct guard_future *f, const struct guard_call *calls, size_t count, int or_refused);

/* Is there a filter that would not answer honestly to something that we may call? */
int guard_is_deadly(void);

/* The environment for a program that takes our place under a filter: it is told how many there are, if they are harmless, or
 * that they are not. At most two more entries than `envp` are written to `to`. Room 0: nothing is to be said. */
size_t guard_environment_room(char *const *envp);
char **guard_environment(char **to, char *const *envp);
/* Does what is known of filters lie in this memory? Without it no call of ours passes. */
int guard_lies_in(uintptr_t start, uintptr_t end);
#endif
