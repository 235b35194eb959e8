/* SPDX-License-Identifier: MIT */
/*
 * Which line forgot: see explain.h.
 *
 * The rules, in the order in which follow() asks them. "Settled" is what is certain or likely: from there on only what was seen
 * to happen (watched) and what names the same thing better (beside, counted, thread_end) may change it. Among guesses a later
 * rule replaces an earlier one only where the third column says so.
 *
 *   rule                 asks                                              goes before the next one because, or replaces
 *   judge_ways           all ways from where it was made                   ways that were followed are the only proof there is
 *   follow_siblings      the ways from where siblings were taken up        unless settled; a way there parts from a release seen
 *   owner_explain        where was released what it was put into           unless settled or a sibling's way told; needs a release
 *                                                                          of that very block's site, so it goes before types
 *   thrown_*             exceptions that were made                         they explain ways that the code alone has none of
 *   destructor_explain   a constructor made it                             not what exceptions lost; replaces guesses
 *   circle_explain       what it leads to leads back                       unless settled
 *   contradiction        no way loses it                                   only where nothing is told
 *   unpaired, retained   records of counts                                 of counted things, unless settled: they are no ways
 *   watched_explain      what a second look saw                            it happened: before all guesses that follow
 *   outer_explain        one caller alone, where ways were too many        only without a line
 *   let_down_explain     who lets go the structure by its type, and not    replaces "overwritten" where nobody saw that, and of
 *                        the member                                        one look also ways of another function
 *   object_explain       a method made it                                  only where nothing is told; a class says more than a
 *   handler_explain      a library lets go what holds it                   place, and a handler that was seen more than both
 *   kept_in_explain      where it was put                                  the last guess: nothing was seen taken out there
 *   emptied_explain      a container of pointers was emptied               replaces guesses: containers release nothing
 *   beside_explain       its maker's caller lets go the others             names a better line for what is told
 *   counted_explain      what was let down was a reference                 names the cause of what is told
 *   thread_end_explain   its thread was ended                              of what went with its thread
 *   tell_what_is_known   -                                                 nothing was found
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "explain.h"
#include "explain_private.h"
#include "image.h"
#include "own.h"
#include "words.h"

#define INSTRUCTIONS_MOST 400000u
#define NODES_MAX 256u
#define RELEASERS_MAX 64u
#define BUSY_TIMES 3u	    /* of the time by the processor, on a machine that has others to serve */
#define FIRST_PART 8u
#define GROUP_LEAST_US 2000u

static uint64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000u + (uint64_t)t.tv_nsec / 1000000u;
}

static bool is_foreign(const struct work *w, uint32_t node, bool with_libraries)
{
	const struct node *n = &w->model->nodes[node];
	const struct function *f;

	if (n->scope || !n->module)
		return true;
	f = code_function(w->code, n->pc - 1);
	return !f || f->is_system || (!with_libraries && own_is_library_module(&w->model->modules[n->module]));
}

static unsigned nodes_of(struct work *w, uint32_t node, uint32_t *nodes, unsigned max, bool with_libraries)
{
	const struct model *m = w->model;
	unsigned count = 0, steps = 0;

	for (; node && m->nodes[node].parent && steps < 1024; node = m->nodes[node].parent, steps++) {
		if (m->nodes[node].scope)
			continue;
		if (is_foreign(w, node, with_libraries)) {
			if (count)
				break;
			continue;
		}
		if (count < max)
			nodes[count++] = node;
	}
	return count;
}

/* The program's own frames of a stack, from the innermost up to where others begin again. Where there are none, those of
 * libraries that are not the language's. Returns how many. */
unsigned explain_nodes(struct work *w, uint32_t node, uint32_t *nodes, unsigned max)
{
	unsigned count = nodes_of(w, node, nodes, max, false);

	return count ? count : nodes_of(w, node, nodes, max, true);
}

const struct missing_release *missing_of(struct work *w, const struct place *place, const struct frame *f)
{
	struct missing_release *missing = pool_take(&w->model->pool, sizeof(*missing));

	*missing = (struct missing_release){ .function = f->function, .file = f->file, .line = f->line, .last_line = f->line,
					     .offset = place->offset, .module = place->module ? place->module->path : NULL };
	return missing;
}

static const char *made_by(struct work *w, uint32_t node)
{
	const struct node *n = &w->model->nodes[node];

	return image_import(symbols_image(w->symbols, n->module), n->pc - 1 - w->model->modules[n->module].bias);
}

/* Return addresses of the program's own code in the stacks of siblings' releases. */
static unsigned releasers_of(struct work *w, const struct siblings *s, uint64_t *addresses, unsigned max)
{
	unsigned count = 0;

	for (unsigned i = 0; i < s->count; i++) {
		uint32_t nodes[NODES_MAX];
		unsigned n = explain_nodes(w, s->releases[i].node, nodes, NODES_MAX);

		for (unsigned k = 0; k < n && count < max; k++)
			addresses[count++] = w->model->nodes[nodes[k]].pc;
	}
	return count;
}

/* Into which of the program's own functions was a library's one put by the compiler, where the release is missing? */
static const struct missing_release *inlined_into(struct work *w, const struct missing_release *of)
{
	const struct model *m = w->model;
	const struct place *place;
	uint32_t i = 1;
	unsigned k = 0;

	while (i < m->module_count && !(of->module && m->modules[i].path && !strcmp(m->modules[i].path, of->module)))
		i++;
	if (i >= m->module_count)
		return NULL;
	place = code_place(w->code, of->offset + m->modules[i].bias);
	while (k < place->count && !(place->frames[k].function && !strcmp(place->frames[k].function, of->function)))
		k++;
	while (k < place->count && own_is_library(place, &place->frames[k]))
		k++;
	return k < place->count ? missing_of(w, place, &place->frames[k]) : NULL;
}

/* Who called a library's function while it was made: the innermost one of the program's own. */
static const struct missing_release *made_below(struct work *w, const struct leak *leak)
{
	uint32_t nodes[NODES_MAX];
	unsigned count = explain_nodes(w, leak->node, nodes, NODES_MAX);

	for (unsigned k = 0; k < count; k++) {
		const struct place *place = code_place(w->code, w->model->nodes[nodes[k]].pc - 1);

		for (unsigned i = 0; i < place->count; i++)
			if (!own_is_library(place, &place->frames[i]))
				return missing_of(w, place, &place->frames[i]);
	}
	return NULL;
}

/* A function of the C++ library is no answer: who called it is. */
static void name_own(struct work *w, struct leak *leak)
{
	struct place as = { .module = NULL };
	struct explanation *e;
	const struct missing_release *missing;
	struct frame f = { .function = NULL };

	if (!leak->explanation || !leak->explanation->missing)
		return;
	f.function = leak->explanation->missing->function;
	f.file = leak->explanation->missing->file;
	if (!f.function || !own_is_library(&as, &f))
		return;
	missing = inlined_into(w, leak->explanation->missing);
	if (!missing)
		missing = made_below(w, leak);
	if (!missing)
		return;
	e = pool_take(&w->model->pool, sizeof(*e));
	*e = *leak->explanation;
	e->missing = missing;
	e->confidence = CONFIDENCE_GUESS;
	evidence_advice(w, leak, e);
	leak->explanation = e;
}

static bool is_settled(const struct leak *leak)
{
	return leak->explanation && leak->explanation->confidence != CONFIDENCE_GUESS;
}

#define STACKS_FOLLOWED 3u

static bool can_release(const struct walk *w)
{
	for (uint32_t i = 1; i < w->step_count; i++)
		if (w->steps[i].outcome == OUTCOME_FREED)
			return true;
	return false;
}

/* Judges the ways on from where a sibling that was released had been taken up. is_trusting: what its release came through
 * releases it, whatever that calls. Returns false where no way was understood that releases it. */
static bool follow_release(struct work *w, struct leak *leak, const struct siblings *siblings, unsigned release, bool is_trusting)
{
	uint32_t nodes[NODES_MAX];
	uint64_t releasers[RELEASERS_MAX];
	struct walk ways = { .code = w->code, .model = w->model, .most_instructions = INSTRUCTIONS_MOST, .until_us = w->group_until_us };
	unsigned count = explain_nodes(w, siblings->releases[release].node, nodes, NODES_MAX);
	struct origin origin;
	bool is_understood = true;

	if (is_trusting) {
		ways.releasers = releasers;
		ways.releaser_count = releasers_of(w, siblings, releasers, RELEASERS_MAX);
	}
	ways.flow = flow_open();
	if (count && origin_find(w, ways.flow, nodes, count, &origin)) {
		ways.nodes = nodes + origin.frame;
		ways.node_count = count - origin.frame;
		ways.after_call = origin.after_call;
		ways.held_at = origin.is_held ? &origin.held_at : NULL;
		leak->explanation = NULL;
		is_understood = !walk(&ways) && can_release(&ways);
		if (is_understood)
			judge_ways(w, leak, &ways, siblings);
		walk_drop(&ways);
	}
	flow_close(ways.flow);
	return is_understood;
}

/* Siblings were released where somebody took them up anew: the ways on from there. */
static bool follow_siblings(struct work *w, struct leak *leak, const struct siblings *siblings)
{
	struct leak best = *leak;

	for (unsigned i = 0; i < siblings->count && i < STACKS_FOLLOWED; i++) {
		bool is_understood = follow_release(w, leak, siblings, i, false);

		if (!is_understood) {
			*leak = best;
			follow_release(w, leak, siblings, i, true);
			if (leak->explanation && leak->explanation != best.explanation)
				((struct explanation *)leak->explanation)->confidence = CONFIDENCE_GUESS;
		}
		if (leak->explanation && leak->cause == CAUSE_ERROR_PATH)
			best = *leak;
		*leak = best;
		if (is_settled(leak))
			return true;
	}
	return false;
}

/* Does the block keep what was in its place before? Then it is a part of a list. */
static bool keeps_former(struct flow *f, const struct state *s)
{
	uint32_t former = flow_symbol(f, SYMBOL_LOADED, s->kept_in.symbol, s->kept_in.offset * 16 + 8);

	for (unsigned i = 0; i < s->cell_count; i++)
		if (s->cells[i].at.symbol == FLOW_BLOCK && s->cells[i].value.symbol == former)
			return true;
	return false;
}

const struct missing_release *missing_at(struct work *w, uint64_t address)
{
	const struct place *place = code_place(w->code, address);
	const struct frame *f = &place->frames[0];

	for (unsigned k = 0; k + 1 < place->count && f->is_inlined && (f->gives_pointer || place_is_of_headers(f)); k++)
		f = &place->frames[k + 1];
	return missing_of(w, place, f);
}

/* It was put where others had been before, and nothing saw them taken out: it was overwritten there, most likely. */
static void kept_in_explain(struct work *w, struct leak *leak, struct walk *walk, const struct siblings *siblings)
{
	const struct state *kept = NULL;
	bool is_raced = is_raced_for(w, leak, walk);
	struct explanation *e;

	for (uint32_t i = 1; i <= walk->step_count && !kept; i++) {
		const struct state *s = i < walk->step_count ? walk->steps[i].state : walk->kept;

		if (s && s->kept_at && flow_key(walk->flow, s->kept_in.symbol)->kind != SYMBOL_MADE &&
		    (is_raced || !keeps_former(walk->flow, s)))
			kept = s;
	}
	if (!kept || leak->class != CLASS_DEFINITE || (leak->resource && !kept->kept_in.symbol && kept->kept_in.offset < 0))
		return;
	e = pool_take(&w->model->pool, sizeof(*e));
	e->confidence = CONFIDENCE_GUESS;
	e->missing = missing_at(w, kept->kept_at);
	leak->cause = is_raced ? CAUSE_RACE : CAUSE_OVERWRITTEN;
	if (flow_key(walk->flow, kept->kept_in.symbol)->kind == SYMBOL_THREAD && walk->is_thread)
		leak->cause = CAUSE_THREAD_EXIT;
	if (leak->cause == CAUSE_OVERWRITTEN && siblings->count && watched_is_list(w, leak))
		leak->cause = CAUSE_DROPPED_QUEUE;
	evidence_siblings(w, leak, e, siblings);
	because_add(w, e, leak->cause == CAUSE_RACE ? "several threads put one there, without a lock"
						    : "it was put there without a look at what was there before");
	evidence_advice(w, leak, e);
	leak->explanation = e;
}

/* Where the objects of a type have their counts. */
static void set_count(const struct work *w, const struct leak *leak, struct walk *walk)
{
	const struct type *type;

	if (!leak->resource || !work_has(w, EVIDENCE_BALANCE))
		return;
	type = &w->model->types[w->model->resources[leak->resource - 1].type];
	walk->is_counted = type->count_width > 0 || w->model->resources[leak->resource - 1].count > 0;
	walk->count_offset = type->count_offset;
	walk->count_width = type->count_width;
}

/* No line can be named: what was seen of others, and who may find out. */
static void tell_what_is_known(struct work *w, struct leak *leak, const struct siblings *siblings, const struct walk *walk)
{
	struct explanation *e = pool_take(&w->model->pool, sizeof(*e));

	e->confidence = CONFIDENCE_GUESS;
	evidence_siblings(w, leak, e, siblings);
	if (walk->step_count <= 1)
		because_add(w, e, "the code from the place where it was made on could not be followed");
	else if (walk->is_long)
		because_add(w, e, "the code that handles it is long: only a part of it was followed, and no way was found there that loses it");
	else
		because_add(w, e, "the code that handles it was followed as far as it could be, and no way was found that loses it");
	if (!w->model->watched_count && !leak->resource)
		e->advice = w->model->ending == ENDING_RUNNING || w->model->ending == ENDING_SNAPSHOT
				    ? pool_print(&w->model->pool, "leakshim explain %u %s watches who holds the next ones", w->model->pid,
						 leak->fingerprint)
				    : "leakshim run --explain -- PROGRAM runs it twice, and watches who holds them";
	leak->explanation = e;
}

/* Made by a constructor and never released by anybody: it is the destructor's to do. */
static bool destructor_explain(struct work *w, struct leak *leak, const struct siblings *siblings)
{
	const struct missing_release *missing = (siblings->count && !siblings->is_same_lines) || leak->resource || leak->cause == CAUSE_CYCLE ||
						(is_settled(leak) && leak->cause != CAUSE_NEVER_RELEASED)
							? NULL : seen_destructor(w, leak);
	struct explanation *e;

	if (!missing || (leak->explanation && leak->explanation->missing && leak->explanation->confidence == CONFIDENCE_CERTAIN))
		return false;
	e = pool_take(&w->model->pool, sizeof(*e));
	e->confidence = CONFIDENCE_GUESS;
	e->missing = missing;
	leak->cause = CAUSE_OWNER_FREED;
	evidence_siblings(w, leak, e, siblings);
	because_add(w, e, "the constructor made it, and the destructor does not release it");
	evidence_advice(w, leak, e);
	leak->explanation = e;
	return true;
}

/* A method made it, for its object most likely, and no way of the code loses it: the object let it down in the end. */
static bool object_explain(struct work *w, struct leak *leak, const struct siblings *siblings)
{
	bool is_within = false;
	const struct missing_release *missing = leak->class == CLASS_DEFINITE && !leak->resource
							? seen_class_destructor(w, leak, siblings, &is_within) : NULL;
	struct explanation *e;

	if (!missing)
		return false;
	e = pool_take(&w->model->pool, sizeof(*e));
	e->confidence = CONFIDENCE_GUESS;
	e->missing = missing;
	leak->cause = siblings->count && !is_within ? CAUSE_DROPPED_QUEUE : CAUSE_OWNER_FREED;
	evidence_siblings(w, leak, e, siblings);
	because_add(w, e, "a method of the class made it, and the destructor does not release it");
	evidence_advice(w, leak, e);
	leak->explanation = e;
	return true;
}

/* Where the code that made it is not there any more, nothing is followed. */
static void tell_unread(struct work *w, struct leak *leak)
{
	const struct model *m = w->model;
	struct explanation *e;

	for (uint32_t node = leak->node, i = 0; node && i < NODES_MAX; node = m->nodes[node].parent, i++) {
		uint32_t module = m->nodes[node].module;
		const struct image *image = module ? symbols_image(w->symbols, module) : NULL;
		enum image_state state = image ? image_state(image) : IMAGE_NAMELESS;

		if (state != IMAGE_GONE && state != IMAGE_CHANGED)
			continue;
		e = pool_take(&w->model->pool, sizeof(*e));
		e->confidence = CONFIDENCE_GUESS;
		because_add(w, e, pool_print(&w->model->pool, "its code was not read: %s %s", m->modules[module].name,
					     state == IMAGE_GONE ? image_error(image) : "is not the file that was traced"));
		leak->explanation = e;
		return;
	}
}

static void follow(struct work *w, struct leak *leak)
{
	uint32_t nodes[NODES_MAX];
	uint64_t releasers[RELEASERS_MAX];
	struct walk walk_of = { .code = w->code, .model = w->model, .nodes = nodes, .releasers = releasers,
				.most_instructions = INSTRUCTIONS_MOST, .until_us = w->group_until_us };
	struct siblings siblings;
	bool has_ways = work_has(w, EVIDENCE_WAYS), is_thrown;

	walk_of.node_count = explain_nodes(w, leak->node, nodes, NODES_MAX);
	if (!walk_of.node_count)
		tell_unread(w, leak);
	if (!walk_of.node_count)
		return;
	w->is_unseen = NULL;
	siblings_find(w, leak, nodes, walk_of.node_count, &siblings);
	walk_of.releaser_count = releasers_of(w, &siblings, releasers, RELEASERS_MAX);
	walk_of.made_by = made_by(w, nodes[0]);
	walk_of.is_thread = leak->thread_count && !w->model->threads[leak->threads[0]].main;
	set_count(w, leak, &walk_of);
	walk_of.flow = flow_open();
	if (has_ways && !delivery_walk(leak, &walk_of))
		judge_ways(w, leak, &walk_of, &siblings);
	if (has_ways && !is_settled(leak) && follow_siblings(w, leak, &siblings))
		;
	else if (has_ways && !is_settled(leak) && !walk_of.is_handled)
		owner_explain(w, leak, &walk_of, &siblings);
	is_thrown = work_has(w, EVIDENCE_THROWS) && ((!is_settled(leak) && thrown_past_release(w, leak, &siblings)) ||
							   thrown_explain(w, leak, &siblings));
	if (is_thrown)
		;
	else if (has_ways && destructor_explain(w, leak, &siblings))
		;
	else if (!is_settled(leak) && circle_explain(w, leak, &walk_of, &siblings))
		;
	else if (!leak->explanation && has_ways)
		contradiction_explain(w, leak, &walk_of, &siblings);
	if (leak->resource && work_has(w, EVIDENCE_BALANCE) && leak->cause != CAUSE_CYCLE && !is_settled(leak) &&
	    !unpaired_explain(w, leak) && !leak->explanation)
		retained_explain(w, leak);
	watched_explain(w, leak, &siblings, &walk_of, is_thrown);
	if (has_ways && walk_of.is_long && !(leak->explanation && leak->explanation->missing))
		outer_explain(w, leak, &walk_of, &siblings);
	if (has_ways)
		let_down_explain(w, leak, &walk_of, &siblings);
	if (!leak->explanation && has_ways && !object_explain(w, leak, &siblings) && !handler_explain(w, leak, &siblings, &walk_of))
		kept_in_explain(w, leak, &walk_of, &siblings);
	if (has_ways)
		emptied_explain(w, leak, &siblings);
	beside_explain(w, leak);
	counted_explain(w, leak, &walk_of);
	if (has_ways)
		thread_end_explain(w, leak, &siblings);
	if (!leak->explanation && !w->model->process_count)
		tell_what_is_known(w, leak, &siblings, &walk_of);
	walk_drop(&walk_of);
	flow_close(walk_of.flow);
}

const char *const evidence_names[EVIDENCES + 1] = {
	[EVIDENCE_SIBLINGS] = "siblings", [EVIDENCE_LOSS] = "loss", [EVIDENCE_WAYS] = "ways",
	[EVIDENCE_BALANCE] = "balance",	  [EVIDENCE_SCAN] = "scan", [EVIDENCE_THROWS] = "throws",
	[EVIDENCE_STEPS] = "steps",
};

static void leave_out(struct work *w)
{
	if (!work_has(w, EVIDENCE_SIBLINGS))
		w->model->release_count = 0;
	if (!work_has(w, EVIDENCE_LOSS))
		w->model->watched_count = 0;
	if (!work_has(w, EVIDENCE_STEPS))
		w->model->parted_count = 0;
	if (!work_has(w, EVIDENCE_SCAN))
		w->model->back = NULL;
}

/* The first groups may take more than their share, so that one with hard code does not take all. */
static bool set_time(struct work *w, uint64_t until_us, uint32_t groups)
{
	uint64_t now = walk_time_us(), left = now < until_us ? until_us - now : 0;

	w->group_until_us = now + (left / groups > left / FIRST_PART ? left / groups : left / FIRST_PART);
	return left >= GROUP_LEAST_US;
}

static void tell_left_out(struct work *w, uint32_t groups)
{
	struct diagnosis *d = w->diagnosis;
	const char **notes = pool_array(&w->model->pool, d->note_count + 1u, sizeof(*notes));

	memcpy(notes, d->notes, d->note_count * sizeof(*notes));
	notes[d->note_count++] = pool_print(&w->model->pool, "the time for explanations was up: the code of the last %u group%s was not "
					    "followed", groups, groups == 1 ? "" : "s");
	d->notes = notes;
}

void explain(struct diagnosis *d, struct model *m, struct symbols *s, const struct explain_options *how)
{
	struct work w = { .model = m, .symbols = s, .diagnosis = d, .without = how->without };
	uint64_t until = now_ms() + (uint64_t)how->milliseconds * BUSY_TIMES, until_us = walk_time_us() + how->milliseconds * 1000ull;

	leave_out(&w);
	w.code = code_open(m, s);
	for (uint32_t i = 0; i < d->detailed; i++) {
		if (now_ms() > until || !set_time(&w, until_us, d->detailed - i)) {
			tell_left_out(&w, d->detailed - i);
			break;
		}
		if (d->leaks[i].class <= CLASS_HELD && !d->leaks[i].explanation)
			follow(&w, &d->leaks[i]);
		else if (d->leaks[i].class == CLASS_REACHABLE && !d->leaks[i].resource)
			kept_explain(&w, &d->leaks[i]);
		name_own(&w, &d->leaks[i]);
	}
	findings_explain(&w);
	code_close(w.code);
}
