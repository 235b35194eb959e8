/* SPDX-License-Identifier: MIT */
/* What Java objects go through, as the calls that were put into their classes tell it. */
#include <errno.h>
#include <string.h>

#include "by_hand.h"
#include "jvm_private.h"
#include "thread.h"
#include "rules.h"

#define OWN_FRAMES 2u /* our native method and the one that calls it */
#define TURN_OFF 4096 /* objects until the level is looked at again while nothing is followed */
#define INSIDES 4096u
#define STEP 16u /* between numbers of objects, so that the table of resources finds them as it finds blocks */

/* Zeroed in a fork child. */
static struct events {
	uint64_t last; /* number that was given */
	struct inside {
		uint32_t lock, thread, node, other, other_node;
		uint64_t object;
	} inside[INSIDES];
	struct work {
		uint32_t tid, hint; /* HINT index: of the touch that comes next */
		uint64_t object;
	} work[65536]; /* by THREAD index */
	int32_t alive[RESOURCE_JAVA_TYPES]; /* followed objects, and a few more: what was not seen to end */
} *events;

static struct events *there(void)
{
	static uint32_t lock;

	if (!events) {
		state_lock(&lock);
		if (!events)
			events = area_private(sizeof *events, 1);
		state_unlock(&lock);
	}
	return events;
}

static uint32_t level(void)
{
	return state.tracing && state.header ? trace_level(state.header) : TRACE_LEVEL_DISABLED;
}

static uint32_t identity(void)
{
	const struct thread *t = thread_current;

	return (uintptr_t)t > 1 && t->attached ? t->identity : 0;
}

static struct resource_event event_of(uint64_t object, uint32_t number)
{
	uintptr_t sp = (uintptr_t)__builtin_frame_address(0);
	const struct resource_probe *p = &resource_probes[RESOURCE_JAVA_PROBE + number];

	return (struct resource_event){.address = object,
				       .verb = p->declared->verb,
				       .probe = RESOURCE_JAVA_PROBE + number,
				       .depth = 0,
				       .from = {.sp = sp}};
}

/* The result of a method of the object without arguments. 0: it could not be called. */
static int call_int(JNIEnv *env, struct jvm_class *c, jobject object, int is_count, jint *value)
{
	const struct java_type *t = jvm_types[c->type].declared;

	if (!c->is_asked) {
		const struct probe_word *names[2] = {&t->count, &t->size};
		jmethodID methods[2] = {0, 0};
		jobject class = (*env)->NewLocalRef(env, c->class);

		for (int i = 0; class && i < 2; i++) {
			char name[128];

			if (!names[i]->size || names[i]->size >= sizeof name)
				continue;
			memcpy(name, names[i]->at, names[i]->size);
			name[names[i]->size] = 0;
			methods[i] = (*env)->GetMethodID(env, class, name, "()I");
			if (!methods[i])
				(*env)->ExceptionClear(env);
		}
		c->count = methods[0];
		c->size = methods[1];
		__atomic_store_n(&c->is_asked, 1, __ATOMIC_RELEASE);
	}
	jmethodID method = is_count ? c->count : c->size;
	if (!method)
		return 0;
	*value = (*env)->CallIntMethod(env, object, method);
	if ((*env)->ExceptionCheck(env)) {
		(*env)->ExceptionClear(env);
		return 0;
	}
	return 1;
}

/* What is told about a new object beyond its life. */
static void describe(JNIEnv *env, uint32_t number, jobject object, uint64_t id)
{
	const struct java_type *type = jvm_types[jvm_probes[number].type].declared;
	uint32_t title = type->title.size ? objects_title(env, &type->title, object) : 0, resource;
	const struct work *w = &events->work[identity()];
	uint64_t around = identity() && w->tid == state_thread(identity())->tid && w->object != id ? w->object : 0;
	struct thread *t;

	if ((!title && !around) || !(resource = resource_living(id)))
		return;
	uint32_t around_resource = around ? resource_living(around) : 0;
	t = thread_enter((uintptr_t)__builtin_frame_address(0), 0);
	if (!t)
		return;
	struct trace_java_object *o = objects_at(resource, id);
	if (o) {
		o->name = title;
		o->around = around_resource ? around : 0;
		o->around_resource = around_resource;
	}
	thread_leave(t);
}

/* Is the object known already? A constructor that calls another one is told twice; what lives again in a pool was
 * not seen to end. */
static int is_known(JNIEnv *env, uint32_t number, uint64_t old)
{
	const struct java_probe *j = jvm_probes[number].declared;
	struct resource_event e;

	(void)env;
	if (!old || !resource_living(old))
		return 0;
	if (j->method.size == 6 && !memcmp(j->method.at, "<init>", 6))
		return 1;
	e = event_of(old, number);
	e.is_skipped = 1;
	resource_object(&e, 0, 1, 0);
	return 0;
}

/* So that the collector tells when it takes the object. What the virtual machine allocates for that is our doing. */
static void set_tag(jobject object, uint64_t id)
{
	struct thread *t = jvm_lend();

	(*jvm.ti)->SetTag(jvm.ti, object, (jlong)id);
	jvm_give_back(t);
}

static void create(JNIEnv *env, uint32_t number, jobject object)
{
	struct jvm_class *c = classes_of(env, jvm_probes[number].type, object);
	struct resource_event e;
	jint size = 0;

	if (!c || !there())
		return;
	uint64_t old = (uint64_t)(*env)->GetLongField(env, object, c->id);
	if (is_known(env, number, old))
		return;
	stacks_name_thread(env);
	uint64_t id = TRACE_JAVA_OBJECTS + STEP * __atomic_add_fetch(&events->last, 1, __ATOMIC_RELAXED);
	e = event_of(id, number);
	if (call_int(env, c, object, 0, &size) && size > 0)
		e.size = (uint64_t)size;
	uint32_t node = stacks_here(env, OWN_FRAMES, STACKS_ALL);
	if (stacks_is_by(node, &jvm_types[c->type].declared->unless))
		return;
	(*env)->SetLongField(env, object, c->id, (jlong)id);
	set_tag(object, id);
	__atomic_fetch_add(&events->alive[c->type], 1, __ATOMIC_RELAXED);
	resource_object(&e, node, 1, 0);
	describe(env, number, object, id);
}

/* Comes into, or leaves, what only one thread may be in. Two are proven to have been when the first leaves after the
 * second came. */
static void pass(uint64_t object, uint32_t number, uint32_t node, int leaves)
{
	struct inside *s;
	struct inside found = {0};
	uint32_t me = identity();

	if (!there() || !me)
		return;
	s = &events->inside[object / STEP % INSIDES];
	state_lock(&s->lock);
	if (!leaves && s->object == object && s->thread && s->thread != me) {
		s->other = me;
		s->other_node = node;
	} else if (!leaves) {
		s->object = object;
		s->thread = me;
		s->node = node;
		s->other = 0;
	} else if (s->object == object && s->thread == me) {
		found = *s;
		s->thread = 0;
	}
	state_unlock(&s->lock);
	if (found.other) {
		struct resource_event e = event_of(object, number);

		resource_overlapped(&e, found.node, found.other_node, found.other);
	}
}

/* To whom what is touched next goes. */
static void take_hint(JNIEnv *env, jobject hint)
{
	char text[OBJECTS_TEXT];
	uint32_t me = identity(), number = 0;

	if (!me || !there())
		return;
	if (hint && objects_hint(env, hint, text)) {
		struct thread *t = thread_enter((uintptr_t)__builtin_frame_address(0), 0);

		if (t) {
			number = by_hand_hint(text);
			thread_leave(t);
		}
	}
	events->work[me].hint = number;
}

/* An operation on a followed object. */
static void operate(JNIEnv *env, jobject object, uint64_t id, uint32_t number, jint amount)
{
	const struct jvm_probe *p = &jvm_probes[number];
	struct resource_event e = event_of(id, number);
	uint32_t verb = p->declared->verb, node = 0;
	enum resource_outcome r;

	if (amount <= 0 || level() == TRACE_LEVEL_DISABLED || !resource_maybe(id))
		return;
	if (verb == JAVA_WORK) {
		if (there() && identity())
			events->work[identity()] = (struct work){state_thread(identity())->tid, 0, id};
		return;
	}
	if (verb == PROBE_TOUCH && p->declared->parameters.size && events && identity())
		e.hint = events->work[identity()].hint;
	stacks_name_thread(env);
	if (level() >= TRACE_LEVEL_ADVANCED)
		node = stacks_here(env, OWN_FRAMES, STACKS_RECORD);
	if (verb == JAVA_INSIDE)
		pass(id, number, node, 0);
	r = resource_object(&e, node, amount,
			    verb == JAVA_ABANDON ? RESOURCE_ABANDONED : verb == JAVA_EXCUSE ? RESOURCE_EXCUSED : 0);
	if (r == RESOURCE_ENDED && there())
		__atomic_fetch_sub(&events->alive[p->type], 1, __ATOMIC_RELAXED);
	if (r == RESOURCE_ENDED && level() < TRACE_LEVEL_PARANOID) {
		struct jvm_class *c = classes_of(env, p->type, object);

		if (c) /* its next life may not be followed */
			(*env)->SetLongField(env, object, c->id, 0);
	}
	if (r == RESOURCE_DOUBT) {
		struct jvm_class *c = classes_of(env, p->type, object);
		jint count;

		if (c && (!jvm_types[p->type].declared->count.size || (call_int(env, c, object, 1, &count) && count <= 0)))
			resource_object(&e, node, amount, RESOURCE_SURE);
	}
}

/* A probe of the type of a resource, with a verb or any (0), as an index into jvm_probes. */
static uint32_t probe_of(const struct trace_resource *r, uint32_t verb)
{
	for (uint32_t i = 0; i < jvm_probes_used; i++)
		if (resource_type_index(RESOURCE_JAVA_TYPE + jvm_probes[i].type) == r->type &&
		    (!verb || jvm_probes[i].declared->verb == verb))
			return i;
	return 0;
}

/* That the collector took it was its end, of which nothing or, of what others ended, something is kept in mind. */
static void end_collected(uint64_t object, uint32_t resource, uint32_t flags)
{
	int is_excused = flags & TRACE_RESOURCE_ABANDONED && flags & RESOURCE_FLAG_EXCUSED;
	uint32_t probe = probe_of(java_resource_at(resource), is_excused ? JAVA_ABANDON : 0);
	const struct jvm_probe *p = &jvm_probes[probe];
	struct resource_event e = event_of(object, probe);

	if (!is_excused && !jvm_types[p->type].declared->free)
		return;
	e.verb = PROBE_FINAL;
	e.is_skipped = !is_excused;
	resource_object(&e, 0, 1, 0);
	if (there())
		__atomic_fetch_sub(&events->alive[p->type], 1, __ATOMIC_RELAXED);
}

void JNICALL events_collected(jvmtiEnv *ti, jlong object)
{
	uint32_t resource = resource_living((uint64_t)object);
	struct thread *t = resource ? thread_enter((uintptr_t)__builtin_frame_address(0), 0) : 0;
	struct trace_java_object *o;

	(void)ti;
	if (!t)
		return;
	if ((o = objects_at(resource, (uint64_t)object)) != 0) {
		o->verdict = TRACE_JAVA_UNREACHABLE;
		o->hold = 0;
		o->collected = state_now() | 1;
	}
	uint32_t flags = __atomic_fetch_or(&java_resource_at(resource)->flags, TRACE_RESOURCE_COLLECTED, __ATOMIC_RELAXED);
	thread_leave(t);
	end_collected((uint64_t)object, resource, flags);
}

/* --- called from Java --- */

void JNICALL events_op(JNIEnv *env, jclass class, jobject object, jlong id, jint number, jint amount)
{
	int saved = errno;

	(void)class;
	if ((uint32_t)number < jvm_probes_used)
		operate(env, object, (uint64_t)id, (uint32_t)number, amount);
	errno = saved;
}

void JNICALL events_make(JNIEnv *env, jclass class, jobject object, jint number)
{
	static uint32_t calls;
	int saved = errno;
	uint32_t now = level();

	if (now == TRACE_LEVEL_DISABLED)
		classes_set_turn(env, class, TURN_OFF);
	else if (now < TRACE_LEVEL_PARANOID)
		classes_set_turn(env, class, (jint)(1 + (state_clock_ns(CLOCK_MONOTONIC) * 0x9e3779b97f4a7c15ull >> 33) % (2 * RESOURCE_INTERVAL)));
	else if (!(__atomic_add_fetch(&calls, 1, __ATOMIC_RELAXED) & 0xfffff))
		classes_set_turn(env, class, 0); /* it counts on below 0, and must not come around */
	if (object && now && (uint32_t)number < jvm_probes_used && jvm.phase == JVM_FOLLOWED)
		create(env, (uint32_t)number, object);
	errno = saved;
}

/* Can a call be one of a followed object? Below paranoid it mostly is not, and finding its object costs more than it. */
static int concerns_any(const struct jvm_probe *p)
{
	uint32_t now = level();

	if (now == TRACE_LEVEL_DISABLED || now == TRACE_LEVEL_PARANOID)
		return now != TRACE_LEVEL_DISABLED;
	if (p->declared->verb == PROBE_CREATE)
		return resource_is_chosen();
	return events && __atomic_load_n(&events->alive[p->type], __ATOMIC_RELAXED) > 0;
}

void JNICALL events_on(JNIEnv *env, jclass class, jobject object, jint number)
{
	int saved = errno, leaves = number & JVM_EXIT;
	const struct jvm_probe *p = &jvm_probes[number & ~JVM_EXIT];
	struct jvm_class *c;

	(void)class;
	number &= ~JVM_EXIT;
	if ((uint32_t)number >= jvm_probes_used || jvm.phase != JVM_FOLLOWED || !concerns_any(p))
		return;
	if (p->declared->verb == JAVA_HINT) {
		take_hint(env, object);
		object = 0;
	}
	if (!object) {
		errno = saved;
		return;
	}
	if (p->declared->path.size)
		object = objects_follow(env, &p->declared->path, object);
	if (object && p->declared->verb == PROBE_CREATE) {
		create(env, (uint32_t)number, object);
	} else if (object && (c = classes_of(env, p->type, object))) {
		uint64_t id = (uint64_t)(*env)->GetLongField(env, object, c->id);

		if (id && leaves)
			pass(id, (uint32_t)number, 0, 1);
		else if (id)
			operate(env, object, id, (uint32_t)number, 1);
	}
	errno = saved;
}
