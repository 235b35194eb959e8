/* SPDX-License-Identifier: MIT */
/*
 * Which followed objects can still be reached, without a collection: the virtual machine follows all references from its
 * roots while Java threads stand still. Those that only a weak or phantom reference leads to are not held.
 *
 * The callback runs in a thread of the virtual machine: it calls nothing, and what the machine allocates meanwhile is
 * its own. The list of what is judged was made before: what came later has no verdict.
 */
#include "jvm_walk.h"

#include <string.h>

#include "sys.h"
#include "thread.h"
#include "rules.h"

#define CLOCK_EVERY 512u

static uint64_t micros(void)
{
	return state_clock_ns(CLOCK_MONOTONIC) / 1000;
}

/* What counts is the work: a busy system makes everything late, and the end of a program without us too. */
int walk_is_late(struct walk *w)
{
	if (w->calls++ % CLOCK_EVERY)
		return w->is_late;
	uint64_t worked = state_clock_ns(CLOCK_THREAD_CPUTIME_ID) / 1000;

	if (!w->worked_before)
		w->worked_before = worked + 1;
	w->worked = worked > w->worked_before ? worked - w->worked_before : 0;
	if (w->worked > w->budget || micros() > w->deadline)
		w->is_late = 1;
	return w->is_late;
}

void walk_step_aside(struct walk *w)
{
	struct thread *t = thread_current;

	if (w->machine || (uintptr_t)t <= 1 || !t->attached || t->busy_sp)
		return;
	w->machine = t;
	thread_lend(t);
}

void walk_step_back(struct walk *w)
{
	if (w->machine)
		thread_arm(w->machine);
	w->machine = 0;
}

/* --- what is to be judged --- */

static int is_judged(const struct trace_resource *r)
{
	return r->where && trace_resource_address(r) >= TRACE_JAVA_OBJECTS &&
	       !(r->flags & (TRACE_RESOURCE_ENDED | TRACE_RESOURCE_COLLECTED));
}

static int by_object(const struct walk_live *a, const struct walk_live *b)
{
	return a->object < b->object ? -1 : a->object > b->object;
}

/* Heap sort: nothing of libc's that may allocate. */
static void sort(struct walk_live *a, uint32_t n)
{
	for (uint32_t start = n / 2, end = n; end > 1;) {
		struct walk_live moved;

		if (start) {
			start--;
		} else {
			end--;
			moved = a[end];
			a[end] = a[0];
			a[0] = moved;
		}
		for (uint32_t at = start, child; (child = 2 * at + 1) < end; at = child) {
			if (child + 1 < end && by_object(&a[child], &a[child + 1]) < 0)
				child++;
			if (by_object(&a[at], &a[child]) >= 0)
				break;
			moved = a[at];
			a[at] = a[child];
			a[child] = moved;
		}
	}
}

/* What the static part of a class made lives as long as the class. */
static int is_of_initialiser(uint32_t node)
{
	for (uint32_t i = 0; node && node != state.header->root && i < 512; i++, node = state_node(node)->parent) {
		uint32_t frame = trace_java_frame_of(trace_node_pc(state_node(node)));

		if (frame && !strcmp(words_at(java_frame_at(frame)->method), "<clinit>"))
			return 1;
	}
	return 0;
}

/* Is it worth a look? */
static int is_wanted(const struct trace_resource *r, int is_last)
{
	for (uint32_t i = 0; is_last && i < jvm_types_used; i++)
		if (resource_type_index(RESOURCE_JAVA_TYPE + i) == r->type && jvm_types[i].declared->stays)
			return 0;
	return !is_of_initialiser(r->node);
}

/* Returns 0, or -1: no memory. */
static int collect(struct walk *w, int is_last)
{
	uint32_t used = (uint32_t)state.header->areas[TRACE_AREA_RESOURCE].used;

	for (uint32_t i = 1; i < used; i++)
		w->count += is_judged(java_resource_at(i)) != 0;
	w->room = (w->count + 1) * sizeof *w->live;
	w->live = area_private(w->room, 1);
	if (!w->live)
		return -1;
	uint32_t n = 0;
	for (uint32_t i = 1; i < used && n < w->count; i++) {
		const struct trace_resource *r = java_resource_at(i);

		if (!is_judged(r))
			continue;
		w->live[n] = (struct walk_live){trace_resource_address(r), i, r->node, 0, (uint16_t)is_wanted(r, is_last)};
		w->wanted += w->live[n++].is_wanted;
	}
	w->count = n;
	sort(w->live, n);
	return 0;
}

struct walk_live *walk_find(struct walk *w, uint64_t object)
{
	uint32_t low = 0, high = w->count;

	while (low < high) {
		uint32_t middle = (low + high) / 2;

		if (w->live[middle].object < object)
			low = middle + 1;
		else
			high = middle;
	}
	return low < w->count && w->live[low].object == object ? &w->live[low] : 0;
}

/* --- references that are not followed --- */

int walk_leads_nowhere(jvmtiHeapReferenceKind kind, const jvmtiHeapReferenceInfo *info, jlong class_tag, jlong referrer_class,
		       jlong tag)
{
	if (class_tag & CLASS_IS_LEAF || (class_tag & CLASS_IS_CLASS && tag & CLASS_IS_BARE))
		return 1;
	return kind == JVMTI_HEAP_REFERENCE_FIELD && referrer_class & CLASS_IS_WEAK &&
	       info->field.index == (jint)((referrer_class & 0xffffffff) >> CLASS_WEAK_SHIFT);
}

int walk_met(struct walk *w, struct walk_live *l)
{
	if (!l->reached)
		w->found += l->is_wanted;
	l->reached = 1;
	return w->found == w->wanted;
}

/* --- the walk --- */

static jint JNICALL reached(jvmtiHeapReferenceKind kind, const jvmtiHeapReferenceInfo *info, jlong class_tag,
			    jlong referrer_class, jlong size, jlong *tag, jlong *referrer_tag, jint length, void *context)
{
	struct walk *w = context;
	struct walk_live *found;

	(void)size, (void)referrer_tag, (void)length;
	walk_step_aside(w);
	if (walk_is_late(w))
		return JVMTI_VISIT_ABORT;
	if (walk_leads_nowhere(kind, info, class_tag, referrer_class, *tag))
		return 0;
	if ((uint64_t)*tag >= TRACE_JAVA_OBJECTS && (found = walk_find(w, (uint64_t)*tag)) != 0 && walk_met(w, found))
		return JVMTI_VISIT_ABORT;
	return JVMTI_VISIT_OBJECTS;
}

/* Writes what was found. */
static void judge(struct walk *w, uint32_t number)
{
	for (uint32_t i = 0; i < w->count; i++) {
		struct walk_live *l = &w->live[i];
		struct thread *t = l->reached || (l->is_wanted && !w->is_late) ? thread_enter((uintptr_t)__builtin_frame_address(0), 0) : 0;
		struct trace_resource *r = java_resource_at(l->resource);

		if (!t)
			continue;
		struct trace_java_object *o = trace_resource_address(r) == l->object ? objects_at(l->resource, l->object) : 0;
		if (o) {
			o->verdict = l->reached ? TRACE_JAVA_HELD : TRACE_JAVA_UNREACHABLE;
			o->lost_walks = l->reached ? 0 : o->lost_walks + 1;
			o->walk = number;
			if (!l->reached)
				o->hold = 0;
		}
		thread_leave(t);
	}
}

static uint32_t follow(struct walk *w)
{
	jvmtiHeapCallbacks calls;

	memset(&calls, 0, sizeof calls);
	calls.heap_reference_callback = reached;
	w->began = micros();
	jvmtiError r = (*jvm.ti)->FollowReferences(jvm.ti, 0, 0, 0, &calls, w);
	w->took = micros() - w->began;
	walk_step_back(w);
	return r != JVMTI_ERROR_NONE ? TRACE_JAVA_WALK_FAILED
	       : w->is_late	     ? TRACE_JAVA_WALK_OVER_TIME
				     : TRACE_JAVA_WALK_DONE;
}

/* Returns enum trace_java_walk. */
static uint32_t look(JNIEnv *env, struct walk *w, uint32_t number, int is_last)
{
	struct paths *paths = 0;
	uint32_t status = is_last ? walk_last(env, w, &paths) : follow(w);

	if (status != TRACE_JAVA_WALK_FAILED)
		judge(w, number);
	if (status == TRACE_JAVA_WALK_FAILED || is_last)
		walk_write(paths);
	else
		walk_paths(env, w);
	return status;
}

void walk_heap(JNIEnv *env, uint64_t budget_us, int is_last)
{
	struct trace_java_vm *vm = jvm_entry();
	struct walk w = {.budget = budget_us, .deadline = micros() + 8 * budget_us};
	uint64_t time = state_now();

	if (!vm || collect(&w, is_last))
		return;
	vm->walk_status = TRACE_JAVA_WALK_DONE;
	if (w.wanted && (*env)->PushLocalFrame(env, 32768) == 0) {
		vm->walk_status = look(env, &w, vm->walk + 1, is_last);
		(*env)->PopLocalFrame(env, 0);
	}
	vm->walk_time = time;
	vm->walk_objects = w.calls;
	vm->walk_took_us = w.took;
	if (vm->walk_status == TRACE_JAVA_WALK_DONE)
		__atomic_store_n(&vm->walk, vm->walk + 1, __ATOMIC_RELEASE);
	area_private_free(w.live, w.room);
}
