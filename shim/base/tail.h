/* SPDX-License-Identifier: MIT */
#ifndef LEAKSHIM_TAIL_H
#define LEAKSHIM_TAIL_H
/*
 * Interposed functions that must leave no trace on the stack: what they forward to
 * looks at its return address (dlsym with RTLD_NEXT, dlopen for the RUNPATH) or takes registers as they are
 * (syscall). They jump instead of calling. Written in assembly, one file an architecture.
 */

#include <stdint.h>

/* Where the jumps lead; filled by real.c. */
extern void *tail_dlsym __attribute__((visibility("hidden")));
extern void *tail_dlopen __attribute__((visibility("hidden")));
extern void *tail_dlmopen __attribute__((visibility("hidden")));
extern void *tail_syscall __attribute__((visibility("hidden")));

/* Numbers for which syscall() leads to tail_waiting once that is set, one bit each. */
extern uint64_t tail_waits[8] __attribute__((visibility("hidden")));
extern void *tail_waiting __attribute__((visibility("hidden")));

/* dlopen was asked for RTLD_DEEPBIND at least once. Which modules that brought is not known: of two threads' calls
 * one may overtake the other. */
extern int tail_deep __attribute__((visibility("hidden")));

/* syscall() was asked for a userfaultfd at least once. */
extern int tail_faults __attribute__((visibility("hidden")));

/* Called while tail_dlsym, tail_dlopen are not known: the real one, 0 if there is none yet (before glibc 2.34, without libdl). */
void *tail_find_dlsym(void) __attribute__((visibility("hidden")));
void *tail_find_dlopen(void) __attribute__((visibility("hidden")));

/* Called by dlopen: would it find the same for whoever asks? Then tail_dlopen_seen goes on, which sees the result. */
int tail_dlopen_is_seen(const char *file, uintptr_t caller) __attribute__((visibility("hidden")));
void *tail_dlopen_seen(const char *file, int mode) __attribute__((visibility("hidden")));

/* The same by dlmopen, for whoever asks for a library in a namespace of its own; looks for tail_dlmopen first. */
int tail_dlmopen_is_seen(const char *file, uintptr_t caller) __attribute__((visibility("hidden")));
void *tail_dlmopen_seen(long space, const char *file, int mode) __attribute__((visibility("hidden")));

/* Called by dlsym: what to answer instead of the real look-up, 0 to let it happen. */
void *tail_dlsym_answer(void *handle, const char *name) __attribute__((visibility("hidden")));
#endif
