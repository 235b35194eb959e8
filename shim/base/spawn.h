/* SPDX-License-Identifier: MIT */
#ifndef LEAKSHIM_SPAWN_H
#define LEAKSHIM_SPAWN_H
/*
 * Starts another program from inside the host without the host noticing: no SIGCHLD,
 * nothing for wait(-1) to find, no page tables copied, no lock, no allocation.
 * Async-signal-safe. The raw clone shares the host's memory, on a stack of its own; all signals are blocked
 * in it so that no handler of the host runs there. It has no exit signal, but an exec would give it one: so it
 * executes nothing, and waits for a child of its own that does. Of the host's descriptors they have stderr only (clone.h).
 */
#include <stdint.h>

/* The word for clone_table. Set by whoever knows one that a fork of the program zeroes. */
extern uint32_t *spawn_held __attribute__((visibility("hidden")));

/* Told of each child of the host that is made here. Set by whoever knows them all, for nobody else's may be waited for. */
extern void (*spawn_made)(uint32_t pid) __attribute__((visibility("hidden")));

struct spawn_program {
	const char *path;
	char *const *argv, *const *envp;
	const char *output; /* stdout and stderr are appended to this file; 0: they are the host's stderr, also if an exec was to close it */
	int is_bound;       /* ends at once if the process that waits for it is killed */
};

/* stdin is /dev/null; other descriptors are closed. Returns the pid of a process that waits for it, or -errno. */
long spawn_program(const struct spawn_program *program);

/* The same from a process that is one of ours: returns when the program has ended, and calls `meanwhile` once it runs. */
void spawn_attend(const struct spawn_program *program, void (*meanwhile)(void));

#define SPAWN_KILLED 1

/* Waits at most `seconds` for a child of spawn_program. Returns 0 when the program ended, SPAWN_KILLED if a signal killed it, -1 if
 * it goes on. */
int spawn_wait(long pid, int seconds);
#endif
