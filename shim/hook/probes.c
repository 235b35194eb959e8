/* SPDX-License-Identifier: MIT */
/* The handlers of patched functions, and the calls they become. Reading files and patching is
 * in hooks.c. */
#include "probes.h"

#include <string.h>

#include "by_hand.h"
#include "hooks.h"
#include "patch.h"
#include "readable.h"
#include "resource.h"
#include "thunk.h"
#include "rules.h"

/* A call under way, as the locations of probe lines see it. */
struct view {
	const struct thunk_registers *at;
	uint64_t result;
};

static uint64_t base_value(const struct view *v, const struct probe_location *where)
{
	const struct thunk_registers *r = v->at;

	if (where->base == PROBE_RET)
		return v->result;
	if (where->base == PROBE_STK)
		return r->stack[where->index];
	switch (where->index) {
	case 0:
		return r->rdi;
	case 1:
		return r->rsi;
	case 2:
		return r->rdx;
	case 3:
		return r->rcx;
	case 4:
		return r->r8;
	default:
		return r->r9;
	}
}

/* Follows the loads. Returns 0 where a pointer is none. */
static int evaluate(const struct view *v, const struct probe_location *where, uint64_t *value)
{
	uint64_t at = base_value(v, where);

	for (uint32_t i = 0; i < where->loads; i++) {
		if (at < PROBE_STATIC_BELOW || at >> 47)
			return 0;
		at += (uint64_t)(int64_t)where->offset[i];
		if (at & 3)
			return 0;
		at = *(const uint64_t *)at;
	}
	*value = at;
	return 1;
}

static int holds(const struct view *v, const struct probe_condition *c)
{
	uint64_t value;

	if (c->compare == PROBE_ALWAYS)
		return 1;
	if (!evaluate(v, &c->where, &value))
		return 0;
	switch (c->compare) {
	case PROBE_EQUAL:
		return value == c->value;
	case PROBE_UNEQUAL:
		return value != c->value;
	case PROBE_BITS:
		return (value & c->value) != 0;
	default:
		return (int32_t)value >= (int32_t)c->value;
	}
}

static void spilled_event(void *event)
{
	resource_event(event);
}

/* Who called: where a patched function went on to another one by a jump, the caller is beyond our own
 * frame. */
static struct live_caller caller(const struct thunk_registers *at)
{
	struct live_caller from = {at->back, (uintptr_t)at->stack, at->rbp};

	while (from.pc == (uintptr_t)thunk_through_back) {
		const uintptr_t *frame = (const uintptr_t *)from.rbp;

		from.pc = frame[2];
		from.sp = (uintptr_t)(frame + 3);
		from.rbp = frame[0];
	}
	return from;
}

static void run(const struct view *v, const struct hooks_rule *rule)
{
	const struct probe_line *p = rule->declared;
	struct resource_event event;
	uint64_t address;

	if (!holds(v, &p->condition) || !evaluate(v, &p->where, &address))
		return;
	if (address < rule->static_below || address >> 47 || (address & 3))
		return;
	event.is_skipped = probe_begins(p) && !resource_is_chosen();
	if (!resource_maybe(address) && (event.is_skipped || !probe_begins(p)))
		return;
	event.address = address;
	event.verb = p->verb;
	event.probe = rule->probe;
	event.depth = (uintptr_t)v->at->stack;
	event.hint = 0;
	event.from = caller(v->at);
	if (!p->has_size || !evaluate(v, &p->size, &event.size))
		event.size = 0;
	thunk_spill(spilled_event, &event);
}

static void spilled_loader(void *unused)
{
	(void)unused;
	hooks_modules_changed();
}

#define SLICES_ALWAYS_MALLOC 1

/*
 * GLib that is there at the start is relocated, and has not taken a slice yet. Of one that is loaded later, the first of its
 * functions that is followed turns slices off; GLib says something on stderr if it has begun by then.
 */
static void spilled_slices(void *unused)
{
	void (*set)(int, int64_t) = (void (*)(int, int64_t))hooks_slices;

	(void)unused;
	hooks_slices = 0;
	if (state.tracing && trace_level(state.header) == TRACE_LEVEL_PARANOID)
		set(SLICES_ALWAYS_MALLOC, 1);
}

/* Most calls of a release come with nothing, or with what nobody follows: the first look tells. */
static inline int is_idle(const struct thunk_registers *at, const struct hooks_rule *rule)
{
	if (!rule->first)
		return 0;
	uint64_t word = ((const uint64_t *)at)[rule->first - 1];

	if (rule->loads) {
		if (word < PROBE_STATIC_BELOW || word >> 47)
			return 1;
		word += (uint64_t)(int64_t)rule->offset;
		if (word & 3)
			return 1;
		word = *(const uint64_t *)word;
	}
	if (rule->loads > 1)
		return word < PROBE_STATIC_BELOW;
	return rule->is_bare ? !resource_maybe(word) : word < PROBE_STATIC_BELOW;
}

static inline void run_before(const struct thunk_registers *at, const struct hook *hook)
{
	struct view v = {at, 0};

	for (uint32_t i = hook->before; i; i = hooks_rules[i].next)
		if (!is_idle(at, &hooks_rules[i]))
			run(&v, &hooks_rules[i]);
}

void probes_tail(struct thunk_registers *at)
{
	const struct hook *hook = &hooks[patch_number(at->cell)];

	run_before(at, hook);
	if (__builtin_expect(hook == &hooks[HOOKS_LOADER], 0))
		thunk_spill(spilled_loader, 0);
}

/*
 * How many stack words can be passed on: a function without stack arguments may be called so near
 * the upper end of a stack (a coroutine's first function) that not all of them exist.
 */
static uint64_t words_there(const struct thunk_registers *at, uint64_t words)
{
	uintptr_t from = (uintptr_t)at->stack, to = from + words * 8;
	const struct thread *t = thread_current;

	/* the return address before them is there */
	if ((from - 8) / READABLE_PAGE == (to - 1) / READABLE_PAGE || words == 0)
		return words;
	if ((uintptr_t)t > 1 && from >= t->stack.walk.low && to <= t->stack.walk.high)
		return words;
	uintptr_t edge = (to - 1) / READABLE_PAGE * READABLE_PAGE;

	return readable_word(edge) ? words : (edge - from) / 8 & ~1ull;
}

struct thunk_call probes_enter(struct thunk_registers *at)
{
	const struct hook *hook = &hooks[at->cell];
	struct thunk_call call = {hook->patch.original, words_there(at, hook->words)};

	if (__builtin_expect(hooks_slices != 0, 0))
		thunk_spill(spilled_slices, 0);
	run_before(at, hook);
	return call;
}

void probes_leave(struct thunk_registers *at, uint64_t result)
{
	const struct hook *hook = &hooks[at->cell];
	struct view v = {at, result};

	for (uint32_t i = hook->after; i; i = hooks_rules[i].next)
		run(&v, &hooks_rules[i]);
}

void probes_start(const char *files)
{
	if (resource_start() == 0) {
		by_hand_start();
		hooks_start(files);
		if (hooks_slices)
			spilled_slices(0);
	}
}
