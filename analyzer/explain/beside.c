/* SPDX-License-Identifier: MIT */
/* One call made several things for its caller, which lets go the others itself. */
#include <string.h>

#include "explain_private.h"
#include "own_lines.h"

#define LINES_MAX 64u
#define NODES_MAX 256u

static bool is_same_function(const struct frame *a, const struct frame *b)
{
	return a->function && b->function && !strcmp(a->function, b->function) && a->file && b->file && !strcmp(a->file, b->file);
}

static bool is_below(const struct model *m, uint32_t node, uint32_t call)
{
	for (unsigned k = 0; node && node != call && k < NODES_MAX; k++)
		node = m->nodes[node].parent;
	return node == call;
}

/* Does the function of a line let go, in lines of its own behind that, most of what the same call gave it otherwise? *last: where
 * it does so last. */
static bool lets_go_others(struct work *w, const struct leak *leak, uint32_t innermost, const struct own_line *in, struct own_line *last)
{
	const struct model *m = w->model;
	uint64_t here = 0, all = 0;

	for (uint32_t i = 0; i < m->release_count; i++) {
		const struct release *r = &m->releases[i];
		uint32_t made = m->sites[r->site].node, first;
		struct own_line line;

		if (made == leak->node)
			return false; /* it is not that this one is forgotten always */
		if (!is_below(m, made, in->node) || !explain_nodes(w, made, &first, 1) ||
		    m->nodes[first].pc != m->nodes[innermost].pc)
			continue;
		all += r->count;
		if (!own_lines(w, r->node, &line, 1) || !is_same_function(line.frame, in->frame) || line.frame->line <= in->frame->line)
			continue;
		if (!here || line.frame->line > last->frame->line)
			*last = line;
		here += r->count;
	}
	return here * 2 > all;
}

void beside_explain(struct work *w, struct leak *leak)
{
	struct own_line lines[LINES_MAX], last = { .node = 0 };
	const struct missing_release *told = leak->explanation ? leak->explanation->missing : NULL;
	struct explanation *e;
	unsigned count;
	uint32_t made;

	if (!told || !told->function || leak->resource || !explain_nodes(w, leak->node, &made, 1) ||
	    (leak->cause != CAUSE_NEVER_RELEASED && leak->cause != CAUSE_OVERWRITTEN))
		return;
	count = own_lines(w, leak->node, lines, LINES_MAX);
	for (unsigned i = 1; i < count; i++) {
		if (lines[i].node == made || !lets_go_others(w, leak, made, &lines[i], &last))
			continue;
		if (is_same_function(lines[i].frame, &(struct frame){ .function = told->function, .file = told->file }))
			return;
		e = pool_take(&w->model->pool, sizeof(*e));
		*e = *leak->explanation;
		e->confidence = CONFIDENCE_GUESS;
		e->missing = missing_of(w, last.place, last.frame);
		leak->cause = CAUSE_NEVER_RELEASED;
		because_add(w, e, "what else the same call made there is released in that function");
		evidence_advice(w, leak, e);
		leak->explanation = e;
		return;
	}
}
