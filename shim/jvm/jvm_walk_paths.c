/* SPDX-License-Identifier: MIT */
/*
 * By whom objects are held: a walk that remembers for each object from where it was reached first, and stops when all are found.
 * In a program that goes on it is a second one, in a tool environment of its own whose tags die with it, for a few objects of
 * each place in the program. In one that ends there is one walk for everything.
 */
#include <string.h>

#include "jvm_walk.h"
#include "thread.h"
#include "rules.h"

#define CHOSEN 64u
#define CHOSEN_OF_PLACE 2u
#define NODES (1u << 22)
#define HOLDS (1u << 14)

/* What a tag of this environment means. */
#define IS_CLASS ((jlong)1 << 62)
#define IS_THREAD ((jlong)1 << 61)
#define IS_OBJECT(tag) ((uint64_t)(tag) >= TRACE_JAVA_OBJECTS && (tag) < IS_THREAD) /* one that is followed */
#define CLASS_SHIFT 32 /* number of a class; the bits below are those of classes_tag */
#define NUMBER(tag) ((uint32_t)((tag) & 0xffffffff))

/* From where an object was reached first. */
struct from {
	uint32_t parent;      /* number of a node, 0: a root */
	uint32_t of;	      /* holder's class number, or of a root the thread's number */
	int32_t index;	      /* of a field */
	uint16_t kind;	      /* enum trace_java_hold_kind, 0: not reached */
	uint16_t special;     /* enum beyond: what the parent is */
	jmethodID method;     /* of a local variable */
};

enum beyond { BEYOND_NODE, BEYOND_CHOSEN, BEYOND_THREAD, BEYOND_UNKNOWN };

struct paths {
	struct walk *walk; /* for the time, and the chosen in their order */
	jvmtiEnv *ti;
	JNIEnv *env;
	struct chosen {
		struct from from;
		uint32_t class; /* number */
	} *found;
	struct from *nodes;
	uint32_t node_count;
	jclass *classes;
	jthread *threads;
	jint class_count, thread_count;
};

/* Equal steps are one element. Zeroed in a fork child. */
static struct holds {
	uint32_t lock, used;
	uint32_t entry[HOLDS];
} *holds;

/* --- choosing --- */

/* Some of those that were reached, as a list of their own. */
static void choose(struct walk *few, const struct walk *w)
{
	for (uint32_t i = 0; i < w->count && few->count < CHOSEN; i++) {
		uint32_t same = 0;

		if (!w->live[i].reached)
			continue;
		for (uint32_t k = 0; k < few->count; k++)
			same += few->live[k].node == w->live[i].node;
		if (same == CHOSEN_OF_PLACE)
			continue;
		few->live[few->count] = w->live[i];
		few->live[few->count].reached = 0;
		few->live[few->count++].is_wanted = 1;
	}
	few->wanted = few->count;
}

/* They keep their tags in the new environment. */
static int tag_chosen(struct paths *p)
{
	jlong wanted[CHOSEN], *tags = 0;
	jobject *objects = 0;
	jint count = 0;

	for (uint32_t i = 0; i < p->walk->count; i++)
		wanted[i] = (jlong)p->walk->live[i].object;
	if ((*jvm.ti)->GetObjectsWithTags(jvm.ti, (jint)p->walk->count, wanted, &count, &objects, &tags) != JVMTI_ERROR_NONE)
		return -1;
	for (jint i = 0; i < count; i++) {
		(*p->ti)->SetTag(p->ti, objects[i], tags[i]);
		(*p->env)->DeleteLocalRef(p->env, objects[i]); /* or we hold it */
	}
	(*jvm.ti)->Deallocate(jvm.ti, (unsigned char *)objects);
	(*jvm.ti)->Deallocate(jvm.ti, (unsigned char *)tags);
	return 0;
}

static int tag_classes(struct paths *p)
{
	if ((*p->ti)->GetLoadedClasses(p->ti, &p->class_count, &p->classes) != JVMTI_ERROR_NONE ||
	    (*p->ti)->GetAllThreads(p->ti, &p->thread_count, &p->threads) != JVMTI_ERROR_NONE)
		return -1;
	for (jint i = 0; i < p->class_count; i++) {
		jlong known = 0;

		(*jvm.ti)->GetTag(jvm.ti, p->classes[i], &known);
		(*p->ti)->SetTag(p->ti, p->classes[i], IS_CLASS | (jlong)i << CLASS_SHIFT | (known & 0xffffffff));
	}
	for (jint i = 0; i < p->thread_count; i++)
		(*p->ti)->SetTag(p->ti, p->threads[i], IS_THREAD | i);
	return 0;
}

/* --- the walk --- */

static uint32_t class_number(jlong tag)
{
	return (uint32_t)((tag & ~IS_CLASS) >> CLASS_SHIFT);
}

static void note_referrer(struct paths *p, struct from *f, jlong referrer)
{
	const struct walk_live *l = IS_OBJECT(referrer) ? walk_find(p->walk, (uint64_t)referrer) : 0;

	if (l) {
		f->special = BEYOND_CHOSEN;
		f->parent = (uint32_t)(l - p->walk->live);
	} else if (referrer & IS_CLASS || IS_OBJECT(referrer) || !referrer) {
		f->special = BEYOND_UNKNOWN;
	} else {
		f->special = referrer & IS_THREAD ? BEYOND_THREAD : BEYOND_NODE;
		f->parent = NUMBER(referrer);
	}
}

/* Where a reference comes from. */
static struct from from_of(struct paths *p, jvmtiHeapReferenceKind kind, const jvmtiHeapReferenceInfo *info, jlong referrer_class,
			   const jlong *referrer)
{
	struct from f = {.kind = TRACE_JAVA_HOLD_OTHER};

	switch (kind) {
	case JVMTI_HEAP_REFERENCE_FIELD:
	case JVMTI_HEAP_REFERENCE_ARRAY_ELEMENT:
		f.kind = kind == JVMTI_HEAP_REFERENCE_FIELD ? TRACE_JAVA_HOLD_FIELD : TRACE_JAVA_HOLD_ELEMENT;
		f.index = kind == JVMTI_HEAP_REFERENCE_FIELD ? info->field.index : -1;
		f.of = class_number(referrer_class);
		note_referrer(p, &f, *referrer);
		break;
	case JVMTI_HEAP_REFERENCE_STATIC_FIELD:
		f.kind = TRACE_JAVA_HOLD_STATIC;
		f.index = info->field.index;
		f.of = class_number(*referrer);
		break;
	case JVMTI_HEAP_REFERENCE_STACK_LOCAL:
	case JVMTI_HEAP_REFERENCE_JNI_LOCAL:
		f.kind = TRACE_JAVA_HOLD_STACK;
		f.of = NUMBER(info->stack_local.thread_tag);
		f.method = kind == JVMTI_HEAP_REFERENCE_STACK_LOCAL ? info->stack_local.method : info->jni_local.method;
		break;
	case JVMTI_HEAP_REFERENCE_JNI_GLOBAL:
		f.kind = TRACE_JAVA_HOLD_JNI;
		break;
	case JVMTI_HEAP_REFERENCE_THREAD:
		f.kind = TRACE_JAVA_HOLD_THREAD;
		break;
	default:
		break;
	}
	return f;
}

static jint JNICALL met(jvmtiHeapReferenceKind kind, const jvmtiHeapReferenceInfo *info, jlong class_tag,
			jlong referrer_class, jlong size, jlong *tag, jlong *referrer, jint length, void *context)
{
	struct paths *p = context;
	struct walk_live *l;

	(void)size, (void)length;
	walk_step_aside(p->walk);
	if (walk_is_late(p->walk))
		return JVMTI_VISIT_ABORT;
	if (walk_leads_nowhere(kind, info, class_tag, referrer_class, *tag))
		return 0;
	if (IS_OBJECT(*tag) && (l = walk_find(p->walk, (uint64_t)*tag)) != 0) {
		struct chosen *c = &p->found[l - p->walk->live];

		if (!c->from.kind) {
			c->from = from_of(p, kind, info, referrer_class, referrer);
			c->class = class_number(class_tag);
		}
		return walk_met(p->walk, l) ? JVMTI_VISIT_ABORT : JVMTI_VISIT_OBJECTS;
	}
	if (!*tag && p->node_count < NODES - 1) {
		p->nodes[++p->node_count] = from_of(p, kind, info, referrer_class, referrer);
		*tag = p->node_count;
	}
	return JVMTI_VISIT_OBJECTS;
}

/* --- names --- */

static uint32_t class_text(struct paths *p, uint32_t number)
{
	char *signature = 0;
	uint32_t text = 0;

	if (number < (uint32_t)p->class_count &&
	    (*p->ti)->GetClassSignature(p->ti, p->classes[number], &signature, 0) == JVMTI_ERROR_NONE)
		text = stacks_class_text(signature);
	(*p->ti)->Deallocate(p->ti, (unsigned char *)signature);
	return text;
}

static uint32_t text_of_field(struct paths *p, jclass class, jfieldID field)
{
	char *name = 0;
	uint32_t text = 0;

	if ((*p->ti)->GetFieldName(p->ti, class, field, &name, 0, 0) == JVMTI_ERROR_NONE)
		text = words_text(name, strlen(name));
	(*p->ti)->Deallocate(p->ti, (unsigned char *)name);
	return text;
}

/* Fields are numbered from the interfaces' over the outermost superclass's to the class's own. *index becomes what is left of
 * it behind the superclasses and the class itself. */
static uint32_t find_field(struct paths *p, jclass class, jint *index)
{
	jclass super = (*p->env)->GetSuperclass(p->env, class);
	uint32_t text = super ? find_field(p, super, index) : 0;
	jfieldID *fields = 0;
	jint count = 0;

	if (text || *index < 0 || (*p->ti)->GetClassFields(p->ti, class, &count, &fields) != JVMTI_ERROR_NONE)
		return text;
	if (*index < count)
		text = text_of_field(p, class, fields[*index]);
	*index -= count;
	(*p->ti)->Deallocate(p->ti, (unsigned char *)fields);
	return text;
}

static uint32_t field_text(struct paths *p, const struct from *f)
{
	jint index = f->index;

	if (f->of >= (uint32_t)p->class_count || index < 0)
		return 0;
	index -= classes_interface_fields(p->env, p->classes[f->of]);
	return find_field(p, p->classes[f->of], &index);
}

static uint32_t thread_text(struct paths *p, uint32_t number)
{
	jvmtiThreadInfo info;
	uint32_t text = 0;

	memset(&info, 0, sizeof info);
	if (number < (uint32_t)p->thread_count &&
	    (*p->ti)->GetThreadInfo(p->ti, p->threads[number], &info) == JVMTI_ERROR_NONE && info.name)
		text = words_text(info.name, strlen(info.name));
	(*p->ti)->Deallocate(p->ti, (unsigned char *)info.name);
	return text;
}

static uint32_t method_text(struct paths *p, jmethodID method)
{
	char *name = 0, *signature = 0, text[600];
	jclass class = 0;
	uint32_t found = 0;

	if (method && (*p->ti)->GetMethodName(p->ti, method, &name, 0, 0) == JVMTI_ERROR_NONE &&
	    (*p->ti)->GetMethodDeclaringClass(p->ti, method, &class) == JVMTI_ERROR_NONE &&
	    (*p->ti)->GetClassSignature(p->ti, class, &signature, 0) == JVMTI_ERROR_NONE) {
		size_t size = stacks_class_name(text, 400, signature), more = strnlen(name, 190);

		text[size++] = '.';
		memcpy(text + size, name, more);
		found = words_text(text, size + more);
	}
	(*p->ti)->Deallocate(p->ti, (unsigned char *)name);
	(*p->ti)->Deallocate(p->ti, (unsigned char *)signature);
	return found;
}

/* --- writing --- */

static uint32_t hold_of(struct trace_java_hold wanted)
{
	uint32_t hash = (wanted.kind + wanted.class_name * 31u + wanted.what * 1009u + wanted.next * 65599u) * 0x9e3779b1u, found = 0;
	struct thread *t = thread_enter((uintptr_t)__builtin_frame_address(0), 0);

	if (!t)
		return 0;
	if (!holds)
		holds = area_private(sizeof *holds, 1);
	for (uint32_t i = hash >> 18; holds && !found; i++) {
		uint32_t *e = &holds->entry[i % HOLDS];

		if (!*e && holds->used < HOLDS / 2 && (found = area_take(TRACE_AREA_JAVA_HOLD, 1)) != 0) {
			struct trace_java_hold *h = java_hold_at(found);

			h->class_name = wanted.class_name;
			h->what = wanted.what;
			h->next = wanted.next;
			__atomic_store_n(&h->kind, wanted.kind, __ATOMIC_RELEASE);
			holds->used++;
			*e = found;
		}
		if (!*e)
			break;
		if (!memcmp(java_hold_at(*e), &wanted, sizeof wanted))
			found = *e;
	}
	thread_leave(t);
	return found;
}

static struct trace_java_hold step_of(struct paths *p, const struct from *f)
{
	struct trace_java_hold h = {.kind = f->kind};

	switch (f->kind) {
	case TRACE_JAVA_HOLD_FIELD:
	case TRACE_JAVA_HOLD_STATIC:
		h.what = field_text(p, f);
		h.class_name = class_text(p, f->of);
		break;
	case TRACE_JAVA_HOLD_ELEMENT:
		h.class_name = class_text(p, f->of);
		break;
	case TRACE_JAVA_HOLD_STACK:
		h.class_name = thread_text(p, f->of);
		h.what = method_text(p, f->method);
		break;
	default:
		break;
	}
	return h;
}

/* The HOLD of a chosen one: its path is written from the root's end. */
static uint32_t write_path(struct paths *p, uint32_t which)
{
	const struct from *steps[TRACE_JAVA_PATH], *f = &p->found[which].from;
	uint32_t count = 0, hold = 0;

	for (; f->kind && count < TRACE_JAVA_PATH; f = f->special == BEYOND_CHOSEN ? &p->found[f->parent].from : &p->nodes[f->parent]) {
		steps[count++] = f;
		if (f->special >= BEYOND_THREAD || (f->special == BEYOND_NODE && !f->parent))
			break;
	}
	if (count == TRACE_JAVA_PATH || f->special == BEYOND_UNKNOWN)
		hold = hold_of((struct trace_java_hold){.kind = TRACE_JAVA_HOLD_CUT});
	else if (f->special == BEYOND_THREAD)
		hold = hold_of((struct trace_java_hold){.kind = TRACE_JAVA_HOLD_THREAD, .class_name = thread_text(p, f->parent)});
	while (count--) {
		struct trace_java_hold h = step_of(p, steps[count]);

		h.next = hold;
		hold = hold_of(h);
	}
	return hold;
}

static void write_one(struct paths *p, const struct walk_live *l)
{
	const struct chosen *c = &p->found[l - p->walk->live];
	uint32_t hold = c->from.kind ? write_path(p, (uint32_t)(l - p->walk->live)) : 0, class = hold ? class_text(p, c->class) : 0;
	struct thread *t = hold ? thread_enter((uintptr_t)__builtin_frame_address(0), 0) : 0;

	if (!t)
		return;
	struct trace_java_object *o =
		trace_resource_address(java_resource_at(l->resource)) == l->object ? objects_at(l->resource, l->object) : 0;
	if (o) {
		o->hold = hold;
		o->class_name = class;
	}
	thread_leave(t);
}

/* --- the two occasions --- */

static void find_paths(struct paths *p)
{
	jvmtiCapabilities wanted;
	jvmtiHeapCallbacks calls;

	memset(&wanted, 0, sizeof wanted);
	wanted.can_tag_objects = 1;
	memset(&calls, 0, sizeof calls);
	calls.heap_reference_callback = met;
	struct thread *t = jvm_lend();
	if ((*p->ti)->AddCapabilities(p->ti, &wanted) == JVMTI_ERROR_NONE && !tag_classes(p) && !tag_chosen(p))
		(*p->ti)->FollowReferences(p->ti, 0, 0, 0, &calls, p);
	jvm_give_back(t);
	walk_step_back(p->walk);
}

static struct paths *take(JNIEnv *env, struct walk *w)
{
	struct paths *p = area_private(sizeof *p, 1);

	if (!p)
		return 0;
	p->env = env;
	p->walk = w;
	p->ti = jvm.ti;
	p->nodes = area_private(NODES * sizeof *p->nodes, 1);
	p->found = area_private((w->count + 1) * sizeof *p->found, 1);
	return p;
}

static void give(struct paths *p)
{
	(*jvm.ti)->Deallocate(jvm.ti, (unsigned char *)p->classes);
	(*jvm.ti)->Deallocate(jvm.ti, (unsigned char *)p->threads);
	if (p->nodes)
		area_private_free(p->nodes, NODES * sizeof *p->nodes);
	if (p->found)
		area_private_free(p->found, (p->walk->count + 1) * sizeof *p->found);
	area_private_free(p, sizeof *p);
}

void walk_paths(JNIEnv *env, struct walk *w)
{
	struct walk_live list[CHOSEN];
	struct walk few = {.live = list, .budget = w->budget > w->worked ? w->budget - w->worked : 0, .deadline = w->deadline};
	struct paths *p;

	choose(&few, w);
	if (w->is_late || !few.count || !(p = take(env, &few)))
		return;
	if (p->nodes && p->found && (*jvm.vm)->GetEnv(jvm.vm, (void **)&p->ti, JVMTI_VERSION_11) == JNI_OK) {
		find_paths(p);
		for (uint32_t i = 0; i < few.count; i++)
			write_one(p, &list[i]);
		struct thread *t = jvm_lend();
		(*p->ti)->DisposeEnvironment(p->ti);
		jvm_give_back(t);
	}
	w->took += few.worked;
	give(p);
}

uint32_t walk_last(JNIEnv *env, struct walk *w, struct paths **found)
{
	jvmtiHeapCallbacks calls;
	struct paths *p = take(env, w);
	uint64_t began = state_clock_ns(CLOCK_MONOTONIC);

	*found = p;
	memset(&calls, 0, sizeof calls);
	calls.heap_reference_callback = met;
	if (!p || !p->nodes || !p->found)
		return TRACE_JAVA_WALK_FAILED;
	struct thread *t = jvm_lend();
	jvmtiError r = tag_classes(p) ? JVMTI_ERROR_INTERNAL : (*p->ti)->FollowReferences(p->ti, 0, 0, 0, &calls, p);
	jvm_give_back(t);
	walk_step_back(w);
	w->took = (state_clock_ns(CLOCK_MONOTONIC) - began) / 1000;
	return r != JVMTI_ERROR_NONE ? TRACE_JAVA_WALK_FAILED
	       : w->is_late	     ? TRACE_JAVA_WALK_OVER_TIME
				     : TRACE_JAVA_WALK_DONE;
}

void walk_write(struct paths *p)
{
	struct walk_live list[CHOSEN];
	struct walk few = {.live = list};

	if (!p)
		return;
	choose(&few, p->walk);
	for (uint32_t i = 0; i < few.count; i++)
		write_one(p, walk_find(p->walk, list[i].object));
	give(p);
}
