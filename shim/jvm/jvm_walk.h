/* SPDX-License-Identifier: MIT */
#ifndef LEAKSHIM_JVM_WALK_H
#define LEAKSHIM_JVM_WALK_H
/* One look at the heap: shared by jvm_walk.c (what is reached) and jvm_walk_paths.c (by whom). */
#include "jvm_private.h"

struct walk_live {
	uint64_t object;
	uint32_t resource, reached, node;
};

struct walk {
	struct walk_live *live; /* sorted by object */
	uint32_t count;
	size_t room;
	uint64_t deadline, began, took; /* microseconds of CLOCK_MONOTONIC */
	uint64_t budget, worked_before, worked; /* microseconds of the machine's own thread */
	uint32_t calls, is_late;
	struct thread *machine; /* the thread of the virtual machine that walks: what it allocates is left out */
};

struct walk_live *walk_find(struct walk *w, uint64_t object);

/* 1: there is no more time. Looked at now and then. */
int walk_is_late(struct walk *w);

/* In the callback, and behind the walk. */
void walk_step_aside(struct walk *w);
void walk_step_back(struct walk *w);

/* A weak or phantom reference, whose class has the tag `referrer_class`. */
int walk_is_weak(jvmtiHeapReferenceKind kind, const jvmtiHeapReferenceInfo *info, jlong referrer_class);

/* What a walk that remembers the ways costs for each reference, to know beforehand whether there is time for it. */
#define WALK_PATHS_NS 900u

/* Finds by whom some of those are held that were reached, if there is time. */
void walk_paths(JNIEnv *env, struct walk *w);
#endif
