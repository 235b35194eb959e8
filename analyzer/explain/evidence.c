/* SPDX-License-Identifier: MIT */
/* What an explanation rests on, in words and figures. */
#include <inttypes.h>
#include <string.h>

#include "explain_private.h"
#include "lifetime.h"
#include "path.h"
#include "words.h"

#define BECAUSE_MAX 8u
#define USUALLY_MAX 8u
#define NODES_MAX 64u

static const char *at(struct work *w, const struct place *place)
{
	const struct frame *f = &place->frames[0];
	const char *name = f->function ? f->function : "?";

	if (!f->function && place->module)
		return pool_print(&w->model->pool, "%s+0x%" PRIx64, path_file(place->module->path), place->offset);
	return f->file && f->line ? pool_print(&w->model->pool, "%s (%s:%u)", name, path_file(f->file), f->line)
				  : pool_text(&w->model->pool, name);
}

void because_add(struct work *w, struct explanation *e, const char *text)
{
	const char **list = pool_array(&w->model->pool, BECAUSE_MAX, sizeof(*list));

	if (e->because_count >= BECAUSE_MAX)
		return;
	for (unsigned i = 0; i < e->because_count; i++)
		list[i] = e->because[i];
	list[e->because_count++] = text;
	e->because = list;
}

void because_inner(struct work *w, struct explanation *e, const char *text)
{
	unsigned at = e->because_count;

	because_add(w, e, text);
	if (e->because_count > at)
		e->because_inner |= 1u << at;
}

static void add_lifetime(struct work *w, struct explanation *e, const struct siblings *s)
{
	struct lifetime *l = pool_take(&w->model->pool, sizeof(*l));
	struct ages ages = { .max_us = 0 };

	for (unsigned i = 0; i < s->count; i++)
		lifetime_add(&ages, &s->releases[i]);
	*l = lifetime_of(&ages);
	if (l->count)
		e->lifetime = l;
}

static void add_usually(struct work *w, struct explanation *e, const struct siblings *s)
{
	struct releasing *list = pool_array(&w->model->pool, USUALLY_MAX, sizeof(*list));
	unsigned count = 0;

	for (unsigned i = 0; i < s->count && count < USUALLY_MAX; i++) {
		uint32_t nodes[NODES_MAX];
		const struct place *place;
		unsigned same = 0;

		if (!explain_nodes(w, s->releases[i].node, nodes, NODES_MAX))
			continue;
		place = code_place(w->code, w->model->nodes[nodes[0]].pc - 1);
		while (same < count && list[same].place != place)
			same++;
		list[same].place = place;
		list[same].count += s->releases[i].count;
		count += same == count;
	}
	for (unsigned i = 0; i < count; i++)
		list[i].share = (double)list[i].count / (double)(s->watched ? s->watched : 1);
	e->usually = list;
	e->usually_count = count;
}

void evidence_siblings(struct work *w, struct leak *leak, struct explanation *e, const struct siblings *s)
{
	struct pool *p = &w->model->pool;
	char a[WORDS_SIZE], b[WORDS_SIZE];

	if (!s->count && leak->resource) /* of those that end the latest ones are remembered only */
		return;
	if (!s->count) {
		because_add(w, e, leak->is_estimate
					  ? pool_text(p, "no other one from here was seen to be released")
					  : pool_print(p, "none of %s from here was seen to be released",
						       words_number(a, (double)leak->ever_blocks, false)));
		return;
	}
	add_usually(w, e, s);
	add_lifetime(w, e, s);
	if (!e->usually_count)
		return;
	because_add(w, e, pool_print(p, "%s of %s watched ones from %s are released in %s",
				     words_number(a, (double)e->usually[0].count, false),
				     words_number(b, (double)s->watched, false),
				     s->is_same_stack ? "here" : s->is_same_lines ? "the same line" : "the same call",
				     at(w, e->usually[0].place)));
}

/* What held the block last. */
void evidence_holder(struct work *w, struct explanation *e, const struct walk *walk, const struct way *lost,
		     const char *function, const char *until)
{
	struct holder *h = pool_take(&w->model->pool, sizeof(*h));
	const struct symbol_key *key = flow_key(walk->flow, lost->holder.symbol);

	h->until = until;
	h->offset = lost->holder.offset > 0 ? (uint64_t)lost->holder.offset : 0;
	switch ((enum symbol_kind)key->kind) {
	case SYMBOL_STACK:
		h->what = "stack";
		h->function = function;
		h->offset = 0;
		break;
	case SYMBOL_THREAD:
		h->what = "thread-local";
		h->offset = 0;
		break;
	case SYMBOL_MADE:
		h->what = "block";
		h->created_at = code_place(w->code, key->a - 1);
		break;
	case SYMBOL_NUMBER:
		h->what = lost->holder.offset ? "global" : "register";
		h->function = lost->holder.offset ? NULL : function;
		h->offset = 0;
		if (lost->holder.offset)
			h->symbol = code_variable(w->code, (uint64_t)lost->holder.offset, &h->offset);
		break;
	default:
		h->what = "block";
		break;
	}
	e->last_held_by = h;
}

void evidence_advice(struct work *w, const struct leak *leak, struct explanation *e)
{
	const struct missing_release *m = e->missing;
	struct pool *p = &w->model->pool;
	const char *where;

	if (!m || !m->function)
		return;
	where = m->file && m->line ? pool_print(p, "%s:%u", path_file(m->file), m->line) : m->function;
	switch (leak->cause) {
	case CAUSE_OVERWRITTEN:
		e->advice = pool_print(p, "release the old one before it is overwritten at %s", where);
		break;
	case CAUSE_REALLOC:
		e->advice = pool_print(p, "keep the old pointer until the realloc at %s has succeeded", where);
		break;
	case CAUSE_OWNER_FREED:
	case CAUSE_DROPPED_QUEUE:
		e->advice = pool_print(p, "release what it holds before it is itself released at %s", where);
		break;
	case CAUSE_CYCLE:
		e->advice = pool_print(p, "let one of both references made at %s not count", where);
		break;
	case CAUSE_EXTRA_RETAIN:
		e->advice = pool_print(p, "the reference taken at %s needs a release", where);
		break;
	case CAUSE_EXCEPTION:
		e->advice = pool_print(p, "give it an owner whose destructor releases it, say std::unique_ptr, before %s", where);
		break;
	case CAUSE_LONGJMP:
		e->advice = pool_print(p, "release it at %s, or where the longjmp that passed it arrives", where);
		break;
	case CAUSE_GROWING_CACHE:
		e->advice = pool_print(p, "let something go when %s adds", where);
		break;
	default:
		e->advice = pool_print(p, "release it at %s, before it is out of reach", where);
		break;
	}
}
