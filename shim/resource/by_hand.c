/* SPDX-License-Identifier: MIT */
#include "by_hand.h"

#include <errno.h>
#include <string.h>

#include "area.h"
#include "resource.h"
#include "thread.h"
#include "tree.h"
#include "rules.h"

#define API __attribute__((visibility("default")))
#define NAME_MAX_BYTES 255u
#define NAMES_LOG 11
#define NAMES (1u << NAMES_LOG)
#define NAMES_KEPT (NAMES / 2)
#define SCOPE_DEPTH 32u
#define SCOPES_KEPT 4096u
#define TYPES (RESOURCE_BY_HAND - 1)

/* The caller of the function this is used in. */
#define CALLER() live_caller(__builtin_frame_address(0))

API void leakshim_track(const void *object, const char *type, size_t size);
API void leakshim_retain(const void *object);
API void leakshim_release(const void *object);
API void leakshim_touch(const void *object, const char *hint);
API void leakshim_scope_begin(const char *name);
API void leakshim_scope_end(void);

/* Of this process's trace. Seal of a name: text. */
struct names {
	uint32_t lock, used, hints, scopes;
	uint32_t said; /* bit per enum limit */
	struct name {
		uint32_t hash, text;
		uint32_t hint; /* HINT index, 0: it was none so far */
	} name[NAMES];
};

enum limit { LIMIT_HINTS, LIMIT_SCOPES, LIMIT_TYPES };

static struct names *names;

/* Types, for ever. Seal: hash. The last one stands for all that found no place. */
static struct type {
	uint32_t hash;
	char name[64];
	struct probe_type declared;
	struct probe_line create;
} types[TYPES];
static uint32_t lock_types, types_used;

static struct probe_type any_type = {.name = {"*", 1, 0}, .block = PROBE_BLOCK_OWN, .initial = 1};
static struct probe_line operations[] = {
	{.symbol = {"leakshim_retain", 15, 0}, .verb = PROBE_RETAIN},
	{.symbol = {"leakshim_release", 16, 0}, .verb = PROBE_RELEASE},
	{.symbol = {"leakshim_touch", 14, 0}, .verb = PROBE_TOUCH},
};

static void say_limit(enum limit which)
{
	static const char *const texts[] = {
		[LIMIT_HINTS] = "leakshim_touch: more than 254 different hints; the later ones are not kept",
		[LIMIT_SCOPES] = "leakshim_scope_begin: too many different names, or too deep; the scope around counts",
		[LIMIT_TYPES] = "leakshim_track: more than 62 different types; the later ones are called object",
	};

	if (__atomic_fetch_or(&names->said, 1u << which, __ATOMIC_RELAXED) & 1u << which)
		return;
	uint32_t text = area_text(texts[which], strlen(texts[which]));
	uint32_t i = text ? area_take(TRACE_AREA_PROBLEM, 1) : 0;
	if (!i)
		return;
	struct trace_problem *p = state_problem(i);
	p->gravity = PROBE_WARNING;
	__atomic_store_n(&p->text, text, __ATOMIC_RELEASE);
}

/* How much of a name is kept: not half a character of UTF-8. */
static uint32_t kept_size(const char *name, uint32_t most)
{
	uint32_t size = (uint32_t)strnlen(name, most + 1);

	if (size <= most)
		return size;
	size = most;
	while (size && (name[size] & 0xc0) == 0x80)
		size--;
	return size;
}

static uint32_t hash_of(const char *name, uint32_t size)
{
	uint32_t hash = 2166136261u;

	for (uint32_t i = 0; i < size; i++)
		hash = (hash ^ (unsigned char)name[i]) * 16777619u;
	return hash ? hash : 1;
}

static const char *text_at(uint32_t text)
{
	return (const char *)state.areas[TRACE_AREA_TEXT].chunk[text >> AREA_SHIFT_TEXT] +
	       (text & ((1u << AREA_SHIFT_TEXT) - 1));
}

static int is_name(const struct name *n, uint32_t hash, const char *name, uint32_t size)
{
	uint32_t text = __atomic_load_n(&n->text, __ATOMIC_ACQUIRE);

	return n->hash == hash && !memcmp(text_at(text), name, size) && !text_at(text)[size];
}

/* The entry of a name or the empty place where it belongs. The table is never more than half full. */
static struct name *name_place(uint32_t hash, const char *name, uint32_t size)
{
	for (uint32_t i = hash * 0x9e3779b1u >> (32 - NAMES_LOG);; i = (i + 1) & (NAMES - 1)) {
		struct name *n = &names->name[i];

		if (!__atomic_load_n(&n->text, __ATOMIC_ACQUIRE) || is_name(n, hash, name, size))
			return n;
	}
}

/* The entry of a name, made if there is none; 0: no more are kept. The caller has entered its state. */
static struct name *name_of(const char *name)
{
	uint32_t size = kept_size(name, NAME_MAX_BYTES), hash = hash_of(name, size);
	struct name *n = name_place(hash, name, size);

	if (n->text)
		return n;
	state_lock(&names->lock);
	n = name_place(hash, name, size);
	if (!n->text) {
		uint32_t text = names->used < NAMES_KEPT ? area_text(name, size) : 0;

		names->used += text != 0;
		n->hash = hash;
		__atomic_store_n(&n->text, text, __ATOMIC_RELEASE);
	}
	state_unlock(&names->lock);
	return n->text ? n : 0;
}

static uint32_t hint_of(const char *hint)
{
	struct name *n = name_of(hint);

	if (n && !__atomic_load_n(&n->hint, __ATOMIC_ACQUIRE)) {
		state_lock(&names->lock);
		uint32_t i = !n->hint && names->hints + 1 < TRACE_HINT_OTHER ? area_take(TRACE_AREA_HINT, 1) : 0;
		if (i) {
			names->hints++;
			((struct trace_hint *)state.areas[TRACE_AREA_HINT].chunk[0])[i].text = n->text;
			__atomic_store_n(&n->hint, i, __ATOMIC_RELEASE);
		}
		state_unlock(&names->lock);
	}
	if (n && n->hint)
		return n->hint;
	say_limit(LIMIT_HINTS);
	return TRACE_HINT_OTHER;
}

uint32_t by_hand_hint(const char *hint)
{
	return names ? hint_of(hint) : 0;
}

static void type_declare(struct type *t, const char *name, uint32_t size)
{
	uint32_t number = (uint32_t)(t - types), type = RESOURCE_TYPES - TYPES + number;
	struct resource_probe *probe = &resource_probes[RESOURCE_TRACK_BY_HAND + number];

	memcpy(t->name, name, size);
	t->declared = any_type;
	t->declared.name = (struct probe_word){t->name, size, 0};
	t->create = (struct probe_line){.symbol = {"leakshim_track", 14, 0}, .verb = PROBE_CREATE, .type = type};
	resource_types[type].declared = &t->declared;
	resource_types[type].file = "leakshim.h";
	probe->declared = &t->create;
	probe->file = "leakshim.h";
	probe->type = type;
	probe->status = TRACE_PROBE_HOOKED;
}

/* The number of a type, declared if it is new. The caller has entered its state. */
static uint32_t type_of(const char *name)
{
	uint32_t size = kept_size(name, sizeof types->name - 1), hash = hash_of(name, size), i;

	for (i = 0; i < __atomic_load_n(&types_used, __ATOMIC_ACQUIRE); i++)
		if (types[i].hash == hash && !strncmp(types[i].name, name, size) && !types[i].name[size])
			return i;
	state_lock(&lock_types);
	for (; i < types_used; i++)
		if (types[i].hash == hash && !strncmp(types[i].name, name, size) && !types[i].name[size])
			break;
	if (i == TYPES - 1) {
		say_limit(LIMIT_TYPES);
	} else if (i == types_used) {
		types[i].hash = hash;
		type_declare(&types[i], name, size);
		__atomic_store_n(&types_used, i + 1, __ATOMIC_RELEASE);
	}
	state_unlock(&lock_types);
	return i;
}

/* Begins something that is kept. 0: nothing is to be kept now. */
static struct thread *enter(uintptr_t sp)
{
	struct thread *t = names ? thread_enter(sp, 0) : 0;

	if (t && trace_level(state.header) == TRACE_LEVEL_DISABLED) {
		thread_leave(t);
		return 0;
	}
	return t;
}

static void operate(const void *object, uint32_t probe, const char *hint, const struct live_caller *from)
{
	int saved = errno;
	struct resource_event event = {.address = (uintptr_t)object,
				       .verb = operations[probe - RESOURCE_RETAIN_BY_HAND].verb,
				       .probe = probe,
				       .depth = from->sp,
				       .from = *from};
	struct thread *t;

	if (!names || !object || (uintptr_t)object >> 47 || !resource_maybe((uintptr_t)object))
		return;
	if (hint && (t = enter(from->sp))) {
		event.hint = hint_of(hint);
		thread_leave(t);
	}
	resource_event(&event);
	errno = saved;
}

void leakshim_track(const void *object, const char *type, size_t size)
{
	struct live_caller from = CALLER();
	int saved = errno;
	struct thread *t = object && !((uintptr_t)object >> 47) ? enter(from.sp) : 0;

	if (!t)
		return;
	struct resource_event event = {.address = (uintptr_t)object,
				       .verb = PROBE_CREATE,
				       .probe = RESOURCE_TRACK_BY_HAND + type_of(type ? type : "object"),
				       .size = size,
				       .depth = from.sp,
				       .from = from};
	thread_leave(t);
	event.is_skipped = !resource_is_chosen();
	if (!event.is_skipped || resource_maybe(event.address))
		resource_event(&event);
	errno = saved;
}

void leakshim_retain(const void *object)
{
	struct live_caller from = CALLER();

	operate(object, RESOURCE_RETAIN_BY_HAND, 0, &from);
}

void leakshim_release(const void *object)
{
	struct live_caller from = CALLER();

	operate(object, RESOURCE_RELEASE_BY_HAND, 0, &from);
}

void leakshim_touch(const void *object, const char *hint)
{
	struct live_caller from = CALLER();

	operate(object, RESOURCE_TOUCH_BY_HAND, hint, &from);
}

static uint32_t scope_depth(uint32_t node)
{
	uint32_t depth = 0;

	for (; node && node != state.header->root; node = state_node(node)->parent)
		depth++;
	return depth;
}

/* The node of a scope inside another one; 0: it is not kept. */
static uint32_t scope_node(uint32_t around, const char *name)
{
	struct name *n = scope_depth(around) < SCOPE_DEPTH ? name_of(name) : 0;
	uint32_t node = n ? tree_search(around, n->text, TRACE_NODE_SCOPE) : 0;

	if (!n || node)
		return node;
	if (__atomic_fetch_add(&names->scopes, 1, __ATOMIC_RELAXED) >= SCOPES_KEPT) {
		__atomic_fetch_sub(&names->scopes, 1, __ATOMIC_RELAXED);
		return 0;
	}
	return tree_add(around, n->text, TRACE_NODE_SCOPE);
}

void leakshim_scope_begin(const char *name)
{
	int saved = errno;
	struct thread *t = enter((uintptr_t)__builtin_frame_address(0));

	if (!t)
		return;
	uint32_t around = t->stack.scope ? t->stack.scope : state.header->root;
	uint32_t node = t->scopes_left_out ? 0 : scope_node(around, name ? name : "");

	if (node) {
		stack_scope(&t->stack, node);
	} else {
		t->scopes_left_out++;
		say_limit(LIMIT_SCOPES);
	}
	thread_leave(t);
	errno = saved;
}

void leakshim_scope_end(void)
{
	int saved = errno;
	struct thread *t = names ? thread_enter((uintptr_t)__builtin_frame_address(0), 0) : 0;

	if (!t)
		return;
	if (t->scopes_left_out) {
		t->scopes_left_out--;
	} else if (t->stack.scope) {
		uint32_t around = state_node(t->stack.scope)->parent;

		stack_scope(&t->stack, around == state.header->root ? 0 : around);
	}
	thread_leave(t);
	errno = saved;
}

void by_hand_start(void)
{
	uint32_t any = RESOURCE_TYPES - RESOURCE_BY_HAND;

	names = area_private(sizeof *names, 1);
	resource_types[any].declared = &any_type;
	resource_types[any].file = "leakshim.h";
	for (uint32_t i = 0; i < sizeof operations / sizeof *operations; i++) {
		struct resource_probe *p = &resource_probes[RESOURCE_RETAIN_BY_HAND + i];

		operations[i].type = any;
		p->declared = &operations[i];
		p->file = "leakshim.h";
		p->type = any;
		p->status = TRACE_PROBE_HOOKED;
	}
	types[TYPES - 1].hash = 1;
	type_declare(&types[TYPES - 1], "object", 6);
}
