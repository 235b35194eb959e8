/* SPDX-License-Identifier: MIT */
/* What following a block instruction by instruction showed: where a lost one left the ways of those that were released. */
#include <string.h>

#include "explain_private.h"
#include "words.h"

#define NODES_MAX 256u
#define CALL_MOST 15u /* bytes of an instruction */
#define LINES_NEAR 8u /* of a condition and what depends on it */

static bool is_of(const struct work *w, const struct parted *p, const struct leak *leak)
{
	return w->model->sites[p->site].node == leak->node;
}

static bool is_alike(const struct parted *a, const struct parted *b)
{
	return a->parted == b->parted && (a->parted || a->lost == b->lost) && a->owner == b->owner && a->was_jumped == b->was_jumped &&
	       a->was_resized == b->was_resized && a->is_overwritten == b->is_overwritten;
}

/* Does it tell where it was lost, and not only how its way differed before? */
static bool is_of_end(const struct parted *p)
{
	return !p->is_earlier && !p->is_last;
}

/* What most of those of a leak show. */
static const struct parted *find(const struct work *w, const struct leak *leak, unsigned *same, unsigned *all)
{
	const struct model *m = w->model;
	const struct parted *best = NULL;
	unsigned most = 0;

	*same = *all = 0;
	for (uint32_t i = 0; i < m->parted_count; i++) {
		unsigned count = 0, weight;

		if (!is_of(w, &m->parted[i], leak))
			continue;
		++*all;
		for (uint32_t k = 0; k < m->parted_count; k++)
			count += is_of(w, &m->parted[k], leak) && is_alike(&m->parted[i], &m->parted[k]);
		weight = is_of_end(&m->parted[i]) ? count * 2 : count;
		if (weight > most) {
			most = weight;
			*same = count;
			best = &m->parted[i];
		}
	}
	return best;
}

static int index_of(const struct place *p, const char *function)
{
	for (unsigned k = 0; function && k < p->count; k++)
		if (p->frames[k].function && !strcmp(p->frames[k].function, function))
			return (int)k;
	return -1;
}

/* The innermost function that two places share: its index in the first one; -1. */
static int shared_frame(const struct place *a, const struct place *b)
{
	for (unsigned k = 0; k < a->count; k++)
		if (index_of(b, a->frames[k].function) >= 0)
			return (int)k;
	return -1;
}

/* The frame of a parting: of the function in which the way was chosen, also if it was inlined and left by that, or of the one
 * that only lost ones entered. *place: that it belongs to. */
static const struct frame *frame_of(const struct place **place, const struct place *common, bool is_joined, bool is_passed)
{
	const struct place *parted = *place;
	int inner = common ? shared_frame(common, parted) : -1;

	if (inner > is_passed || (inner >= 0 && is_joined)) {
		*place = common;
		return &common->frames[inner > is_passed ? inner - 1 : inner];
	}
	if (inner >= 0) {
		int same = index_of(parted, common->frames[inner].function);

		return &parted->frames[same > 0 && !parted->frames[same].line ? same - 1 : same];
	}
	return &parted->frames[0];
}

/* The same lines, but for the number of the first and the last one. */
static const struct missing_release *with_lines(struct work *w, const struct missing_release *m, unsigned line, unsigned last_line)
{
	struct missing_release *missing = pool_take(&w->model->pool, sizeof(*missing));

	*missing = *m;
	missing->line = line;
	missing->last_line = last_line;
	return missing;
}

/* Does a place lie at the end of its function, after nothing but a jump from another one there? Index of the function there; -1. */
static int jumped_to_end(struct work *w, const struct function *f, const struct place *from, const struct frame *end)
{
	int inner = end->line && !code_line_after(w->code, f->start, f->end, end->line) ? index_of(from, end->function) : -1;

	return inner >= 0 && from->frames[inner].line && from->frames[inner].line < end->line ? inner : -1;
}

/* Of a branch that has no code of its own any more: the line of it that belongs to the code that it shares, or else the ones
 * before what comes next. */
static const struct missing_release *missing_after(struct work *w, const struct place *place, const struct frame *f, const struct parted *p)
{
	const struct function *function = code_function(w->code, p->parted);
	const struct place *common = p->common ? code_place(w->code, p->common) : NULL;
	const struct place *parted = code_place(w->code, p->parted);
	int inner = common && function && place == parted ? jumped_to_end(w, function, common, f) : -1;
	const struct missing_release *missing;
	unsigned line;

	if (inner >= 0) {
		f = &common->frames[inner];
		place = common;
	}
	missing = missing_of(w, place, f);
	if (!f->line || place == parted || !function)
		return missing;
	line = code_line_after(w->code, p->parted, p->parted + 1, f->line);
	if (line && line <= f->line + LINES_NEAR)
		return with_lines(w, missing, line, line);
	line = code_line_after(w->code, function->start, function->end, f->line);
	if (line <= f->line + 1 || line > f->line + LINES_NEAR)
		return missing;
	return with_lines(w, missing, line > f->line + 2 ? line - 2 : line - 1, line - 1);
}

/* None of its site was released, but what lay beside it in its owner was: there. */
static bool is_beside(const struct parted *p)
{
	return p->is_owner && p->owner && p->beside && !p->healthy;
}

/* What let its owner go is a function by which many release: who called that was not followed. */
static bool is_passed_on(struct work *w, const struct parted *p)
{
	uint64_t at = is_beside(p) ? p->beside : p->is_owner ? p->owner : 0;

	return at && !p->parted && owner_is_passed_on(w, at);
}

static const struct missing_release *missing_by(struct work *w, const struct parted *p)
{
	const struct place *place;
	const struct frame *f;
	int inner;

	if (((p->is_overwritten || p->is_cleared) && !(p->is_counted && p->parted) && p->lost) ||
	    ((p->was_jumped || p->was_resized) && p->lost)) {
		place = code_place(w->code, p->lost);
		inner = p->is_overwritten && p->is_local && !p->parted && p->common ? shared_frame(place, code_place(w->code, p->common)) : 0;
		return missing_of(w, place, &place->frames[inner > 0 ? inner : 0]);
	}
	if (p->parted && !(p->is_owner && p->owner)) {
		place = code_place(w->code, p->parted);
		if (p->is_last) { /* who took it up: the others were taken up elsewhere */
			place = code_place(w->code, p->used);
			return missing_of(w, place, &place->frames[place->count > 1 ? place->count - 2 : 0]);
		}
		f = frame_of(&place, p->common ? code_place(w->code, p->common) : NULL, p->is_joined, p->is_passed);
		return missing_after(w, place, f, p);
	}
	if (is_beside(p)) {
		const struct place *beside = code_place(w->code, p->beside);

		return missing_of(w, beside, &beside->frames[0]);
	}
	place = code_place(w->code, p->is_owner && p->owner ? p->owner : p->lost);
	return missing_of(w, place, &place->frames[0]);
}

#define LINES_NEAR 8u

/* After the last use of it by a function that a pointer led to, when what let its owner go called that first; 0. */
static const struct missing_release *handler(struct work *w, const struct parted *p)
{
	unsigned next;
	const struct function *f = code_function(w->code, p->used);
	const struct place *place;
	struct missing_release *missing = pool_take(&w->model->pool, sizeof(*missing));

	if (!f || !p->is_handled || !calls_by_pointer(w, p->common))
		return NULL;
	place = code_place(w->code, p->used);
	*missing = *missing_of(w, place, &place->frames[place->count - 1]);
	next = missing->line ? code_line_after(w->code, p->used, f->end, missing->line) : 0;
	if (next && next <= missing->line + LINES_NEAR)
		missing->line = missing->last_line = next;
	return missing->function ? missing : NULL;
}

const struct missing_release *parted_near(struct work *w, const struct leak *leak)
{
	unsigned same, all;
	const struct parted *p = find(w, leak, &same, &all);
	const struct place *place = p && p->beside ? code_place(w->code, p->beside) : NULL;

	if (p && (!place || !place->frames[0].line))
		place = code_place(w->code, p->lost);
	return place && place->frames[0].line ? missing_of(w, place, &place->frames[0]) : NULL;
}

static enum cause cause_by(const struct parted *p)
{
	if (p->was_resized)
		return CAUSE_REALLOC;
	if (p->is_raised)
		return CAUSE_EXTRA_RETAIN;
	if (p->was_jumped)
		return CAUSE_LONGJMP;
	if (p->is_counted)
		return p->parted && p->is_earlier && p->healthy ? CAUSE_ERROR_PATH : CAUSE_EXTRA_RETAIN;
	if (p->is_owner)
		return CAUSE_OWNER_FREED;
	if (p->is_thread_end)
		return CAUSE_THREAD_EXIT;
	if (p->is_overwritten || p->is_cleared)
		return CAUSE_OVERWRITTEN;
	return p->healthy ? CAUSE_ERROR_PATH : CAUSE_NEVER_RELEASED;
}

static bool is_same_function(const struct leak *leak, const struct missing_release *m)
{
	return leak->explanation && leak->explanation->missing && leak->explanation->missing->function && m->function &&
	       !strcmp(leak->explanation->missing->function, m->function);
}

#define HEALTHY_LEAST 2u

static bool is_parted(const struct parted *p)
{
	return p->parted && p->healthy >= HEALTHY_LEAST && !p->is_earlier && !p->is_last;
}

/* More than the code itself says. */
static bool is_strong(const struct leak *leak, const struct parted *p)
{
	return (is_parted(p) && (!p->is_joined || leak->cause == cause_by(p) || !leak->explanation->missing->line)) || p->is_overwritten || p->is_owner ||
	       p->was_jumped || p->was_resized || p->is_counted;
}

static bool has_function(struct work *w, uint64_t address, const char *function)
{
	return address && index_of(code_place(w->code, address), function) >= 0;
}

/* Does what was seen speak against what the code says? */
static bool is_refuted(struct work *w, const struct leak *leak, const struct parted *p)
{
	if (!p->is_local || leak->explanation->confidence == CONFIDENCE_CERTAIN || leak->cause == CAUSE_LONGJMP || leak->cause == CAUSE_EXCEPTION)
		return false;
	if (leak->cause == CAUSE_OVERWRITTEN && !p->is_overwritten && !p->is_cleared && !p->healthy)
		return true;
	if (is_parted(p) && !p->is_joined && !p->is_passed)
		return true;
	return leak->cause == CAUSE_OWNER_FREED || (!p->healthy && !has_function(w, p->used, leak->explanation->missing->function) &&
						    !has_function(w, p->lost, leak->explanation->missing->function));
}

/* Only where nothing speaks against it. */
static bool is_sure(const struct leak *leak, const struct parted *seen, const struct missing_release *missing)
{
	if (seen->is_counted && !seen->parted)
		return false;
	if (leak->explanation && leak->explanation->missing)
		return is_same_function(leak, missing);
	return is_parted(seen) && !seen->is_joined && !seen->is_passed; /* code that ways share may be of no line */
}

/* Is a stack one of the call before an address? */
static bool has_call(const struct work *w, uint32_t node, uint64_t address)
{
	const struct model *m = w->model;

	for (unsigned k = 0; node && m->nodes[node].parent && k < 64; node = m->nodes[node].parent, k++)
		if (!m->nodes[node].scope && m->nodes[node].pc - address <= CALL_MOST)
			return true;
	return false;
}

/* Does a look at who held it last say as much? */
static bool is_told_by_holder(const struct work *w, const struct parted *p, const struct watched *last, bool is_most)
{
	if (p->was_jumped || p->was_resized || p->is_counted)
		return false;
	if (p->is_owner && p->owner && last->loss == LOSS_FREED && !has_call(w, last->lost, p->owner))
		return false; /* it came later */
	return is_beside(p) ? false : p->is_owner || !(is_parted(p) || (p->is_overwritten && is_most && last->loss == LOSS_CHANGED));
}

/* Were siblings that were released made on behalf of a function? */
static bool are_made_below(struct work *w, const struct siblings *s, const char *function)
{
	uint32_t nodes[NODES_MAX];

	for (unsigned i = 0; i < s->count; i++) {
		unsigned count = explain_nodes(w, w->model->sites[s->releases[i].site].node, nodes, NODES_MAX);

		for (unsigned k = 0; k < count; k++)
			if (index_of(code_place(w->code, w->model->nodes[nodes[k]].pc - 1), function) >= 0)
				return true;
	}
	return false;
}

/* Was it made in what was inlined into a function of which the way that they went is, and are siblings released in what is inlined
 * there? The compiler has mixed the code of both: which branch of which it is can not be told for sure. */
static bool is_outside_inlined(struct work *w, const struct leak *leak, const struct siblings *siblings, const char *function)
{
	uint32_t made, released;
	const struct place *maker = explain_nodes(w, leak->node, &made, 1) ? code_place(w->code, w->model->nodes[made].pc - 1) : NULL;

	if (!maker || index_of(maker, function) <= 0)
		return false;
	for (unsigned i = 0; i < siblings->count; i++) {
		const struct place *place = explain_nodes(w, siblings->releases[i].node, &released, 1)
						    ? code_place(w->code, w->model->nodes[released].pc - 1) : NULL;
		int inner = place ? shared_frame(place, maker) : -1;

		if (inner >= 0 && index_of(place, function) > inner)
			return true;
	}
	return false;
}

/* Of the branch that the code itself leads to, where the lost ones were seen to leave the others. */
static void narrow(struct work *w, struct leak *leak, const struct parted *seen)
{
	const struct missing_release *missing = missing_by(w, seen);
	struct explanation *e;

	if (!is_parted(seen) || leak->cause != cause_by(seen) || !is_same_function(leak, missing) || !missing->line)
		return;
	e = pool_take(&w->model->pool, sizeof(*e));
	*e = *leak->explanation;
	e->missing = missing;
	evidence_advice(w, leak, e);
	leak->explanation = e;
}

bool parted_explain(struct work *w, struct leak *leak, const struct siblings *siblings, const struct watched *last)
{
	struct pool *p = &w->model->pool;
	unsigned same, all;
	const struct parted *seen = find(w, leak, &same, &all);
	const struct missing_release *missing;
	struct explanation *e;
	bool is_against;

	if (!seen || leak->resource || leak->cause == CAUSE_CYCLE || leak->cause == CAUSE_RACE)
		return false;
	if (!seen->parted && same * 2 > all && handler(w, seen)) {
		e = pool_take(p, sizeof(*e));
		e->missing = handler(w, seen);
		leak->cause = siblings->count ? CAUSE_ERROR_PATH : CAUSE_NEVER_RELEASED;
		evidence_siblings(w, leak, e, siblings);
		because_add(w, e, "this function got it by a pointer while what held it was being let go, and nobody after that");
		evidence_advice(w, leak, e);
		leak->explanation = e;
		return true;
	}
	is_against = leak->explanation && leak->explanation->missing && same == all && is_refuted(w, leak, seen);
	if (!is_against && leak->explanation && leak->explanation->missing &&
	    (leak->explanation->confidence != CONFIDENCE_GUESS || !is_strong(leak, seen))) { /* the code itself says more */
		if (same == all)
			narrow(w, leak, seen);
		return false;
	}
	if (is_passed_on(w, seen))
		return false;
	if (last && !is_against && is_told_by_holder(w, seen, last, same * 2 > all))
		return false;
	missing = missing_by(w, seen);
	if (!missing->function)
		return false;
	e = pool_take(p, sizeof(*e));
	e->confidence = is_sure(leak, seen, missing) && same == all && !(last && last->loss == LOSS_GIVEN_UP) ? CONFIDENCE_LIKELY : CONFIDENCE_GUESS;
	e->missing = missing;
	if (is_outside_inlined(w, leak, siblings, missing->function))
		e->confidence = CONFIDENCE_GUESS;
	if (leak->cause != CAUSE_OWNER_FREED || !seen->is_overwritten || seen->is_local || !is_same_function(leak, missing))
		leak->cause = cause_by(seen);
	if (leak->cause == CAUSE_ERROR_PATH && seen->is_local && siblings->count && !are_made_below(w, siblings, missing->function))
		leak->cause = CAUSE_NEVER_RELEASED; /* the same call makes others, for others */
	evidence_siblings(w, leak, e, siblings);
	if (seen->parted)
		because_add(w, e, pool_print(p, "%u of them were followed step by step, and %u that were released: from here on the lost ones "
						"went where no released one came by", all, seen->healthy));
	else
		because_add(w, e, pool_print(p, "%u of them were followed step by step: here nothing led to them any more", all));
	evidence_advice(w, leak, e);
	leak->explanation = e;
	return true;
}
