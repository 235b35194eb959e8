/* SPDX-License-Identifier: MIT */
#ifndef LEAKSHIM_JVM_WALK_H
#define LEAKSHIM_JVM_WALK_H
/* One look at the heap: shared by jvm_walk.c (what is reached) and jvm_walk_paths.c (by whom). */
#include "jvm_private.h"

struct walk_live {
	uint64_t object;
	uint32_t resource, node;
	uint16_t reached, is_wanted; /* its verdict is needed */
};

struct walk {
	struct walk_live *live; /* sorted by object */
	uint32_t count, wanted, found; /* of the wanted ones */
	size_t room;
	uint64_t deadline, began, took; /* microseconds of CLOCK_MONOTONIC */
	uint64_t budget, worked_before, worked; /* microseconds of the machine's own thread */
	uint32_t calls, is_late;
	struct thread *machine; /* the thread of the virtual machine that walks: what it allocates is left out */
};

struct walk_live *walk_find(struct walk *w, uint64_t object);

/* 1: there is no more time. Looked at now and then. */
int walk_is_late(struct walk *w);

/* One was met. 1: nothing more is to be looked for. */
int walk_met(struct walk *w, struct walk_live *l);

/* In the callback, and behind the walk. */
void walk_step_aside(struct walk *w);
void walk_step_back(struct walk *w);

/* Does nothing that is followed lie behind a reference? That is a weak or phantom one, whose class has the tag `referrer_class`,
 * or one to an object, with the tag `tag`, of a class, with the tag `class_tag`, of that kind. */
int walk_leads_nowhere(jvmtiHeapReferenceKind kind, const jvmtiHeapReferenceInfo *info, jlong class_tag, jlong referrer_class,
		       jlong tag);

/* Finds by whom some of those are held that were reached, if there is time. */
void walk_paths(JNIEnv *env, struct walk *w);

/* Looks at once which can be reached and by whom, and leaves tags behind: enum trace_java_walk. walk_write tells the
 * trace by whom. */
struct paths;
uint32_t walk_last(JNIEnv *env, struct walk *w, struct paths **found);
void walk_write(struct paths *p);
#endif
