/* SPDX-License-Identifier: MIT */
/*
 * It was put into a member of a structure, and structures of that type are let go by a function that never touches the member:
 * nothing was overwritten where it was put, that function let it down.
 *
 * 1. Only what was seen to be released counts as let go.
 * 2. The member is known by where the block was put: the structure and the offset, or, where it was put through a pointer to a
 *    pointer, all members that lead to something of its type.
 * 3. A function that does anything with the member but look through it may have released it, or handed it on. So may what it
 *    calls with a structure.
 * 4. What is found so is a guess.
 */
#include <string.h>

#include "calls_named.h"
#include "deeds.h"
#include "own.h"
#include "own_lines.h"

#define WANTED_MOST 16u
#define MEMBERS_MOST 256u
#define LINES_NEAR 2u
#define CALLS_DEEP 2u
#define MAKERS_NEAR 2u
#define MOVED_DEEP 1u
#define STEPS_OUT 3u /* wrappers around a release */

/* Where it was put. */
struct wanted {
	struct slot slots[WANTED_MOST];
	uint64_t pointee[WANTED_MOST]; /* or: members that lead there */
	unsigned slot_count, pointee_count;
};

struct question {
	struct slot slot;
	uint64_t type;	 /* of the structure that is let go */
	uint64_t before; /* return address of the call that does; 0: anywhere */
	const char *name; /* of the function, if it may be inlined; 0 */
	bool is_itself;	 /* not what is inlined there in turn */
};

struct candidate {
	const struct release *r;
	const struct deed *release; /* of the structure */
	struct slot slot;
	int rank;
};

static void want_slot(struct wanted *all, struct slot s)
{
	unsigned k = 0;

	while (k < all->slot_count && !slot_is(all->slots[k], s))
		k++;
	if (k == all->slot_count && k < WANTED_MOST)
		all->slots[all->slot_count++] = s;
}

static void want_pointee(struct wanted *all, uint64_t type)
{
	unsigned k = 0;

	while (k < all->pointee_count && all->pointee[k] != type)
		k++;
	if (k == all->pointee_count && k < WANTED_MOST)
		all->pointee[all->pointee_count++] = type;
}

/* Into a member; or into an element of an array, also when that is a container's; or its own place for the next one is where that
 * will be put. */
static void want_stored(struct work *w, uint64_t at, struct wanted *all)
{
	const struct deeds *d = deeds_of(w, at);
	struct image *image = d->function ? symbols_image(w->symbols, d->function->module) : NULL;

	for (unsigned k = 0; k < d->count; k++) {
		const struct deed *deed = &d->list[k];
		struct image_member next;

		if (deed->at != at)
			continue;
		if (deed->kind == DEED_PASSED && deed->what.to_pointer)
			want_pointee(all, deed->what.to_pointer);
		if (deed->kind != DEED_STORED || !deed->member.is_pointer)
			continue;
		if (deed->member.leads_to && image_member(image, deed->member.leads_to, 0, &next) && next.in & IMAGE_POINTERS)
			want_pointee(all, next.leads_to);
		else if (!(deed->of.in & IMAGE_POINTERS))
			want_slot(all, deed->of);
		else if (deed->member.to_structure)
			want_pointee(all, deed->member.leads_to);
	}
}

/* From there it may be moved on to another member, in one of the functions that made it or in what those call. */
static void want_moved(struct work *w, uint64_t function, struct wanted *all, unsigned depth)
{
	const struct deeds *d = deeds_of(w, function);

	for (unsigned k = 0; k < d->count; k++) {
		const struct deed *deed = &d->list[k];

		for (unsigned i = 0; deed->kind == DEED_MOVED && i < all->slot_count; i++)
			if (slot_is(deed->of, all->slots[i]))
				want_stored(w, deed->at, all);
		if (deed->kind == DEED_CALLED && deed->callee && depth)
			want_moved(w, deed->callee, all, depth - 1);
	}
}

static void want_all(struct work *w, const struct walk *walk, struct wanted *all)
{
	uint64_t last = 0;
	unsigned before;

	memset(all, 0, sizeof(*all));
	for (uint32_t i = 1; i <= walk->step_count; i++) {
		const struct state *s = i < walk->step_count ? walk->steps[i].state : walk->kept;

		if (!s || !s->kept_at || s->kept_at == last)
			continue;
		last = s->kept_at;
		want_stored(w, last, all);
	}
	do {
		before = all->slot_count;
		for (unsigned k = 0; k < walk->node_count && k < MAKERS_NEAR; k++)
			want_moved(w, w->model->nodes[walk->nodes[k]].pc - 1, all, MOVED_DEEP);
	} while (all->slot_count > before);
}

static int wants(const struct wanted *all, const struct image_member *m)
{
	for (unsigned k = 0; k < all->slot_count; k++)
		if (slot_is(all->slots[k], (struct slot){ m->in, m->offset }))
			return 2;
	for (unsigned k = 0; k < all->pointee_count; k++)
		if (m->to_structure && all->pointee[k] == m->leads_to)
			return 1;
	return 0;
}

static bool is_in(struct work *w, uint64_t at, const char *function, bool is_itself)
{
	const struct place *place = code_place(w->code, at);

	for (unsigned k = 0; k < place->count; k++) {
		if (place->frames[k].function && !strcmp(place->frames[k].function, function))
			return true;
		if (is_itself && !own_is_library(place, &place->frames[k]))
			return false;
	}
	return false;
}

/* Is what was loaded only looked at by a call? */
static bool only_looks(struct work *w, const struct deed *d)
{
	enum effect effect;

	if (!d->import)
		return false;
	effect = calls_named(w->model, d->import, true);
	return effect == EFFECT_BORROW || effect == EFFECT_SAME;
}

static bool is_copy(const struct deed *d)
{
	return d->import && d->argument == 1 && (!strncmp(d->import, "mem", 3) || !strncmp(d->import, "__mem", 5));
}

static bool takes(struct work *w, const struct deed *d, struct slot slot)
{
	if (d->of.in == SLOT_ANY)
		return d->kind == DEED_MOVED || (d->kind == DEED_PASSED && !only_looks(w, d));
	switch (d->kind) {
	case DEED_LOADED: /* the next one of a list */
		return slot_is(d->of, slot) && d->member.leads_to == slot.in;
	case DEED_MOVED:
		return slot_is(d->of, slot);
	case DEED_PASSED:
		return (slot_is(d->of, slot) && !only_looks(w, d)) || (is_copy(d) && slot.in == (d->what.type | IMAGE_POINTERS));
	default:
		return false;
	}
}

static bool is_free(struct work *w, const struct deed *d)
{
	return d->import && d->argument == 0 && calls_named(w->model, d->import, true) == EFFECT_FREE;
}

/* Does a call let go a whole structure? What only has such a name may let go a part of it. */
static bool lets_go(struct work *w, const struct deed *d, uint64_t type)
{
	return d->kind == DEED_PASSED && !d->argument && d->import && d->what.type == type && !d->what.offset &&
	       calls_named(w->model, d->import, false) == EFFECT_FREE;
}

static bool is_same_line(const struct place *a, const struct place *b)
{
	unsigned k = 0;

	while (k < a->count && k < b->count && a->frames[k].line && a->frames[k].line == b->frames[k].line && a->frames[k].function &&
	       b->frames[k].function && !strcmp(a->frames[k].function, b->frames[k].function))
		k++;
	return k && k == a->count && k == b->count;
}

/* Is it what the call that returns to an address is on another way? A compiler may end each case of a switch with one. */
static bool is_copy_of(struct work *w, const struct deed *d, uint64_t before)
{
	return is_same_line(code_place(w->code, d->at), code_place(w->code, before - 1));
}

/* Can code go on from one address to a call that returns to another one, without letting go another structure like that? */
static bool reaches(struct work *w, const struct deeds *all, uint64_t from, const struct question *q)
{
	const struct function *f = all->function;
	uint64_t size = f->end - f->start, *pending = pool_array(&w->model->pool, size + 1, sizeof(*pending));
	bool *seen = pool_array(&w->model->pool, size + 1, sizeof(*seen));
	unsigned count = 0;
	struct insn i;

	pending[count++] = from;
	while (count) {
		uint64_t at = pending[--count];

		for (bool goes_on = true; goes_on && at >= f->start && at < f->end && !seen[at - f->start]; at = i.next) {
			seen[at - f->start] = true;
			if (decode(w->code, at, &i))
				break;
			if (i.next == q->before)
				return true;
			if (i.op == OP_JUMP && i.to.kind != OPERAND_IMM)
				return true; /* by a table */
			if ((i.op == OP_JUMP || i.op == OP_BRANCH) && count < size)
				pending[count++] = (uint64_t)i.to.value;
			goes_on = i.op != OP_JUMP && i.op != OP_RETURN && i.op != OP_STOP;
			for (unsigned k = 0; k < all->count; k++) {
				if (all->list[k].at != at || !lets_go(w, &all->list[k], q->type))
					continue;
				if (is_copy_of(w, &all->list[k], q->before))
					return true;
				goes_on = false;
			}
		}
	}
	return false;
}

/* Does a function, or what is inlined there under a name, do something with a member before that call? */
static bool handles(struct work *w, uint64_t address, const struct question *q, unsigned depth)
{
	const struct deeds *all = deeds_of(w, address);

	for (unsigned k = 0; k < all->count; k++) {
		const struct deed *d = &all->list[k];
		struct question below = { .slot = q->slot };

		if (q->name && !is_in(w, d->at, q->name, q->is_itself))
			continue;
		if (!takes(w, d, q->slot) && !(d->kind == DEED_PASSED && d->callee && d->what.type && depth &&
					       d->callee != all->function->start && handles(w, d->callee, &below, depth - 1)))
			continue;
		if (!q->before || d->next == q->before || reaches(w, all, d->next, q))
			return true;
	}
	return false;
}

/* What a function passes on first to a call that returns to an address; of a call that gets nothing known the call itself. */
static const struct deed *passed_by(struct work *w, uint64_t return_address)
{
	const struct deeds *all = deeds_of(w, return_address - 1);
	const struct deed *called = NULL;

	for (unsigned k = 0; k < all->count; k++) {
		if (all->list[k].next != return_address)
			continue;
		if (all->list[k].kind == DEED_PASSED && !all->list[k].argument)
			return &all->list[k];
		if (all->list[k].kind == DEED_CALLED)
			called = &all->list[k];
	}
	return called;
}

/* The release by which a function is left. */
static const struct deed *left_by_release(struct work *w, uint64_t function)
{
	const struct deeds *all = deeds_of(w, function);

	for (unsigned k = 0; k < all->count; k++)
		if (all->list[k].kind == DEED_PASSED && all->list[k].is_left && is_free(w, &all->list[k]))
			return &all->list[k];
	return NULL;
}

/* What was released, as far as its type is known: through wrappers that know none. */
static const struct deed *released(struct work *w, const struct release *r)
{
	uint32_t nodes[STEPS_OUT];
	unsigned count = explain_nodes(w, r->node, nodes, STEPS_OUT);

	for (unsigned k = 0; k < count; k++) {
		const struct deed *d = passed_by(w, w->model->nodes[nodes[k]].pc);

		if (d && !k && d->callee) {
			const struct deed *left = left_by_release(w, d->callee);

			d = left && left->what.type ? left : d;
		}
		if (d && !k && d->import && !is_free(w, d))
			return NULL; /* it made another one of it */
		if (d && d->what.type)
			return d->what.offset ? NULL : d;
		if (!d || d->what.argument != 1)
			return NULL;
	}
	return NULL;
}

/* Does its function, or the one that called it, take the member before? */
static bool is_handled(struct work *w, const struct release *r, const struct deed *d, struct slot slot)
{
	struct own_line lines[LINES_NEAR];
	unsigned count = own_lines(w, r->node, lines, LINES_NEAR);
	const struct function *in = code_function(w->code, d->at), *f;

	for (unsigned k = 0; k < count; k++) {
		uint64_t pc = w->model->nodes[lines[k].node].pc;
		struct question q = { slot, d->what.type, pc, lines[k].frame->function, k > 0 };

		f = code_function(w->code, pc - 1);
		if (!k && f && in && f->start != in->start) {
			struct question within = { slot, d->what.type, d->next, NULL, false };

			if (handles(w, d->at, &within, CALLS_DEEP))
				return true;
		}
		if (lines[k].frame->function && f && handles(w, pc - 1, &q, k ? 0 : CALLS_DEEP))
			return true;
	}
	return false;
}

static void consider(struct work *w, const struct leak *leak, const struct wanted *all, const struct release *r,
		     struct candidate *best)
{
	struct image_member members[MEMBERS_MOST];
	const struct deed *d = released(w, r);
	const struct function *f = d ? code_function(w->code, d->at) : NULL;
	enum library_doing doing;
	unsigned count;

	if (!f)
		return;
	doing = own_lines_doing(w, r->node);
	if (doing == LIBRARY_REMOVES)
		return;
	count = image_members(symbols_image(w->symbols, f->module), d->what.type, members, MEMBERS_MOST);
	for (unsigned k = 0; k < count; k++) {
		struct slot slot = { members[k].in, members[k].offset };
		int rank = 4 * wants(all, &members[k]) + 2 * ((double)r->count == leak->count);

		if (rank < 4 || rank < best->rank || (best->r && rank == best->rank && r->count <= best->r->count) || is_handled(w, r, d, slot))
			continue;
		*best = (struct candidate){ r, d, slot, rank };
	}
}

/* It is guessed that it was overwritten where it was put, or was lost on some way from there that no second look told of. */
static bool may_be_better(const struct work *w, const struct leak *leak)
{
	return leak->explanation->confidence == CONFIDENCE_GUESS &&
	       (leak->cause == CAUSE_OVERWRITTEN || (leak->cause == CAUSE_ERROR_PATH && !w->model->watched_count));
}

/* A way of that function is known: that says more. */
static bool is_told_so(const struct leak *leak, const struct missing_release *missing)
{
	const struct missing_release *told = leak->explanation ? leak->explanation->missing : NULL;

	return told && leak->cause == CAUSE_ERROR_PATH && told->function && missing->function &&
	       !strcmp(told->function, missing->function);
}

/* The last release of another member in a function. */
static const struct deed *releases_beside(struct work *w, uint64_t function, struct slot slot)
{
	const struct deeds *all = deeds_of(w, function);
	const struct deed *last = NULL;

	for (unsigned k = 0; k < all->count; k++)
		if (all->list[k].kind == DEED_PASSED && all->list[k].of.in == slot.in && all->list[k].of.offset != slot.offset &&
		    is_free(w, &all->list[k]))
			last = &all->list[k];
	return last;
}

/* The function that a deed belongs to, if it is inlined into another one. */
static const char *inlined_at(struct work *w, uint64_t at, const char *into)
{
	const struct frame *f = &code_place(w->code, at)->frames[0];

	return f->is_inlined && f->function && strcmp(f->function, into) && is_in(w, at, into, false) ? f->function : NULL;
}

/* The function to which the one that lets go the structure leaves its members, and which lets go others of them: as an address in
 * it; 0: there is none. */
static uint64_t cleaner_of(struct work *w, const struct candidate *c)
{
	const struct deeds *all = deeds_of(w, c->release->at);
	const char *into = code_place(w->code, c->release->at)->frames[0].function, *inlined;
	struct question q = { .slot = c->slot };

	for (unsigned k = 0; into && k < all->count; k++) {
		const struct deed *d = &all->list[k], *last;

		if (d->kind != DEED_PASSED || !is_in(w, d->at, into, false))
			continue;
		q.name = inlined = inlined_at(w, d->at, into);
		if (inlined && d->of.in == c->slot.in && d->of.offset != c->slot.offset && is_free(w, d) && !handles(w, d->at, &q, CALLS_DEEP))
			return d->at;
		last = d->callee && d->what.type && d->callee != all->function->start ? releases_beside(w, d->callee, c->slot) : NULL;
		q.name = NULL;
		if (last && !handles(w, d->callee, &q, CALLS_DEEP))
			return last->at;
	}
	return 0;
}

bool let_down_is_taken(struct work *w, const struct release *r, const struct walk *walk)
{
	struct image_member members[MEMBERS_MOST];
	const struct deed *d = released(w, r);
	const struct function *f = d ? code_function(w->code, d->at) : NULL;
	struct wanted all;
	unsigned count;

	if (!f)
		return false;
	want_all(w, walk, &all);
	count = image_members(symbols_image(w->symbols, f->module), d->what.type, members, MEMBERS_MOST);
	for (unsigned k = 0; k < count; k++)
		if (wants(&all, &members[k]) == 2 && is_handled(w, r, d, (struct slot){ members[k].in, members[k].offset }))
			return true;
	return false;
}

bool let_down_explain(struct work *w, struct leak *leak, struct walk *walk, const struct siblings *siblings)
{
	struct candidate best = { .r = NULL };
	enum confidence confidence;
	struct explanation *e;
	struct wanted all;
	uint64_t cleaner;

	if (leak->class != CLASS_DEFINITE || leak->resource || (leak->explanation && !may_be_better(w, leak)) ||
	    is_raced_for(w, leak, walk))
		return false;
	want_all(w, walk, &all);
	if (!all.slot_count && !all.pointee_count)
		return false;
	for (uint32_t i = 0; i < w->model->release_count; i++)
		if (w->model->releases[i].node)
			consider(w, leak, &all, &w->model->releases[i], &best);
	if (!best.r)
		return false;
	e = pool_take(&w->model->pool, sizeof(*e));
	cleaner = cleaner_of(w, &best);
	e->missing = cleaner ? missing_at(w, cleaner) : owner_place(w, best.r->node, 0, leak->family >= FAMILY_NEW, &confidence);
	if (!e->missing || is_told_so(leak, e->missing))
		return false;
	e->confidence = CONFIDENCE_GUESS;
	leak->cause = CAUSE_OWNER_FREED;
	evidence_siblings(w, leak, e, siblings);
	because_add(w, e, "structures like the one that it was put into are released there, and the member that held it is not");
	evidence_advice(w, leak, e);
	leak->explanation = e;
	return true;
}
