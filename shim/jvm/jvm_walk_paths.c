/* SPDX-License-Identifier: MIT */
/*
 * By whom objects are held: a second walk, in a tool environment of its own whose tags die with it, for a few objects of each
 * place in the program. It remembers for each object from where it was reached first, and stops when all are found.
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
#define IS_CHOSEN ((jlong)1 << 60)
#define CLASS_SHIFT 32 /* number of a class; the bits below are those of classes_tag */
#define NUMBER(tag) ((uint32_t)((tag) & 0xffffffff))

/* From where an object was reached first. */
struct from {
	uint32_t parent;      /* number of a node, 0: a root */
	uint32_t of;	      /* holder's class number, or of a root the thread's number */
	int32_t index;	      /* of a field */
	uint16_t kind;	      /* enum trace_java_hold_kind, 0: not reached */
	uint16_t special;     /* the parent is one of the chosen (1) or a thread (2) */
	jmethodID method;     /* of a local variable */
};

struct paths {
	struct walk walk; /* for the time */
	jvmtiEnv *ti;
	JNIEnv *env;
	struct walk_live *chosen[CHOSEN];
	struct from found[CHOSEN];
	uint32_t chosen_count, found_count;
	uint32_t class_of[CHOSEN]; /* class number */
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

static void choose(struct paths *p, struct walk *w)
{
	for (uint32_t i = 0; i < w->count && p->chosen_count < CHOSEN; i++) {
		uint32_t same = 0;

		if (!w->live[i].reached)
			continue;
		for (uint32_t k = 0; k < p->chosen_count; k++)
			same += p->chosen[k]->node == w->live[i].node;
		if (same < CHOSEN_OF_PLACE)
			p->chosen[p->chosen_count++] = &w->live[i];
	}
}

static uint32_t chosen_of(const struct paths *p, jlong object)
{
	for (uint32_t i = 0; i < p->chosen_count; i++)
		if (p->chosen[i]->object == (uint64_t)object)
			return i;
	return CHOSEN;
}

static int tag_chosen(struct paths *p)
{
	jlong wanted[CHOSEN], *tags = 0;
	jobject *objects = 0;
	jint count = 0;

	for (uint32_t i = 0; i < p->chosen_count; i++)
		wanted[i] = (jlong)p->chosen[i]->object;
	if ((*jvm.ti)->GetObjectsWithTags(jvm.ti, (jint)p->chosen_count, wanted, &count, &objects, &tags) != JVMTI_ERROR_NONE)
		return -1;
	for (jint i = 0; i < count; i++) {
		uint32_t which = chosen_of(p, tags[i]);

		if (which < CHOSEN)
			(*p->ti)->SetTag(p->ti, objects[i], IS_CHOSEN | which);
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

/* Where a reference comes from. */
static struct from from_of(jvmtiHeapReferenceKind kind, const jvmtiHeapReferenceInfo *info, jlong referrer_class,
			   const jlong *referrer)
{
	struct from f = {.kind = TRACE_JAVA_HOLD_OTHER};

	switch (kind) {
	case JVMTI_HEAP_REFERENCE_FIELD:
	case JVMTI_HEAP_REFERENCE_ARRAY_ELEMENT:
		f.kind = kind == JVMTI_HEAP_REFERENCE_FIELD ? TRACE_JAVA_HOLD_FIELD : TRACE_JAVA_HOLD_ELEMENT;
		f.index = kind == JVMTI_HEAP_REFERENCE_FIELD ? info->field.index : -1;
		f.of = class_number(referrer_class);
		f.special = *referrer & IS_CHOSEN ? 1 : *referrer & IS_THREAD ? 2 : 0;
		f.parent = NUMBER(*referrer);
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

	(void)size, (void)length;
	walk_step_aside(&p->walk);
	if (walk_is_late(&p->walk))
		return JVMTI_VISIT_ABORT;
	if ((class_tag & 255) == CLASS_IS_LEAF || walk_is_weak(kind, info, referrer_class & 0xffffffff))
		return 0;
	if (*tag & IS_CHOSEN) {
		uint32_t which = NUMBER(*tag);

		if (!p->found[which].kind) {
			p->found[which] = from_of(kind, info, referrer_class, referrer);
			p->class_of[which] = class_number(class_tag);
			if (++p->found_count == p->chosen_count)
				return JVMTI_VISIT_ABORT;
		}
	} else if (!*tag) {
		if (p->node_count == NODES - 1)
			return 0;
		p->nodes[++p->node_count] = from_of(kind, info, referrer_class, referrer);
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
	const struct from *steps[TRACE_JAVA_PATH], *f = &p->found[which];
	uint32_t count = 0, hold = 0, thread = UINT32_MAX;

	while (f->kind && count < TRACE_JAVA_PATH) {
		steps[count++] = f;
		if (f->special == 2)
			thread = f->parent;
		if (f->special == 2 || (!f->special && !f->parent))
			break;
		f = f->special == 1 ? &p->found[f->parent % CHOSEN] : &p->nodes[f->parent];
	}
	if (count == TRACE_JAVA_PATH)
		hold = hold_of((struct trace_java_hold){.kind = TRACE_JAVA_HOLD_CUT});
	else if (thread != UINT32_MAX)
		hold = hold_of((struct trace_java_hold){.kind = TRACE_JAVA_HOLD_THREAD, .class_name = thread_text(p, thread)});
	while (count--) {
		struct trace_java_hold h = step_of(p, steps[count]);

		h.next = hold;
		hold = hold_of(h);
	}
	return hold;
}

static void write_all(struct paths *p)
{
	for (uint32_t i = 0; i < p->chosen_count; i++) {
		const struct walk_live *l = p->chosen[i];
		uint32_t hold = p->found[i].kind ? write_path(p, i) : 0, class = hold ? class_text(p, p->class_of[i]) : 0;
		struct thread *t = hold ? thread_enter((uintptr_t)__builtin_frame_address(0), 0) : 0;

		if (!t)
			continue;
		struct trace_java_object *o =
			trace_resource_address(java_resource_at(l->resource)) == l->object ? objects_at(l->resource, l->object) : 0;
		if (o) {
			o->hold = hold;
			o->class_name = class;
		}
		thread_leave(t);
	}
}

static void find_paths(struct paths *p)
{
	jvmtiCapabilities wanted;
	jvmtiHeapCallbacks calls;

	memset(&wanted, 0, sizeof wanted);
	wanted.can_tag_objects = 1;
	memset(&calls, 0, sizeof calls);
	calls.heap_reference_callback = met;
	if ((*p->ti)->AddCapabilities(p->ti, &wanted) != JVMTI_ERROR_NONE || tag_classes(p) || tag_chosen(p))
		return;
	(*p->ti)->FollowReferences(p->ti, 0, 0, 0, &calls, p);
	walk_step_back(&p->walk);
	write_all(p);
}

void walk_paths(JNIEnv *env, struct walk *w)
{
	uint64_t left = w->budget > w->worked ? w->budget - w->worked : 0;
	struct paths *p;

	if (w->is_late || left < (uint64_t)w->calls * WALK_PATHS_NS / 1000)
		return;
	p = area_private(sizeof *p, 1);
	if (!p)
		return;
	p->env = env;
	p->walk.budget = left;
	p->walk.deadline = w->deadline;
	choose(p, w);
	p->nodes = p->chosen_count ? area_private(NODES * sizeof *p->nodes, 1) : 0;
	if (p->nodes && (*jvm.vm)->GetEnv(jvm.vm, (void **)&p->ti, JVMTI_VERSION_11) == JNI_OK) {
		find_paths(p);
		(*p->ti)->Deallocate(p->ti, (unsigned char *)p->classes);
		(*p->ti)->Deallocate(p->ti, (unsigned char *)p->threads);
		(*p->ti)->DisposeEnvironment(p->ti);
	}
	w->took += p->walk.worked;
	if (p->nodes)
		area_private_free(p->nodes, NODES * sizeof *p->nodes);
	area_private_free(p, sizeof *p);
}
