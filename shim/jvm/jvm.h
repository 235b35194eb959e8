/* SPDX-License-Identifier: MIT */
#ifndef LEAKSHIM_JVM_H
#define LEAKSHIM_JVM_H
/*
 * A Java virtual machine in the process: this library is its JVMTI agent too, and follows Java objects.
 *
 * 1. Nothing of a virtual machine is needed to load the library, and nothing happens in a process that starts none.
 * 2. A virtual machine that is not known well is left alone, with a reason in the trace; blocks are followed as ever.
 * 3. No thread of ours is attached to it but for the time of a walk, no collection is forced, and nothing of it is called
 *    from a signal handler.
 * 4. A class that is not understood stays as it is.
 *
 * Context: said at each function.
 */
#include <stdint.h>

/* What is above. Registered before a virtual machine can come. */
extern struct jvm_upper {
	void (*report)(void); /* shows the report of a living program; in a thread of ours */
} jvm_upper __attribute__((visibility("hidden")));

/* Reads the probe files (a list with commas, of which those that end in .jprobes are read) and, where a virtual
 * machine is linked in rather than looked up, prepares its environment. Called once, from the constructor. */
void jvm_start(const char *files);

/* A symbol that somebody looked up, and what it led to: returns what it shall lead to, 0: nothing else. */
void *jvm_answer(const char *name, void *found);

/* 1: a virtual machine was started here, and memory is not to be searched as that of other programs. Any context. */
int jvm_is_there(void);

/* Asks for a walk of the heap, and for a report behind it. 1: it will come. Async-signal-safe. */
int jvm_request(int report);

/* The process ends. Async-signal-safe. */
void jvm_at_end(void);
#endif
